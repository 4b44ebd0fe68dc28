"""Metrics that are read off the board when somebody scrapes, in one table.

The one rule: a label's value comes from a short list (venues and accounts of the
configuration, rules, kinds of break), never from a venue's text and never from an id.
"""

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import NamedTuple

from accounting.valuation import day_result, net_asset_value
from domain.board import Board
from domain.money import ZERO
from domain.orders import Status
from domain.verdicts import Usage

OTHER = "other"
BREAKS = frozenset(
    {
        "BALANCE_UNEXPLAINED",
        "FILL_CHANGED",
        "MOVEMENT_CHANGED",
        "ORDER_REOPENED",
        "ORDER_VANISHED",
        "OVERFILL",
        "PHANTOM_TRADE",
    }
)
SECOND_US = 1_000_000
_VERIFIED = {"OK": 1, "FAIL": 0}
NOT_KNOWN = float("nan")
Value = Decimal | float | None
Rows = Iterable[tuple[tuple[str, ...], Value]]


class Told(NamedTuple):
    """One metric read off the board: name, help, labels, and (label values, value) rows."""

    name: str
    text: str
    labels: tuple[str, ...]
    read: Callable[[Board], Rows]


def as_float(value: Value) -> float:
    """Prometheus knows only floats: the last step, after all exact arithmetic is done."""
    return NOT_KNOWN if value is None else float(value)


def _one(value: Value) -> Rows:
    return [((), value)]


def known(word: str, words: frozenset[str]) -> str:
    """The word if it is one of the short list, else `other`: labels stay bounded."""
    return word if word in words else OTHER


def _breaks(board: Board) -> Rows:
    """Every kind, also those without a break: an alert needs a 0 to compare with."""
    counts = dict.fromkeys((*sorted(BREAKS), OTHER), 0)
    for told in board.breaks:
        counts[known(told.kind, BREAKS)] += 1
    return (((kind,), count) for kind, count in counts.items())


def _balances(board: Board) -> Rows:
    for view in board.accounts.values():
        if view.balances is not None:
            account = view.account
            one = board.but(accounts=type(board.accounts)({account: view}))
            yield (account.venue, account.name), net_asset_value(one, board.now_us)[0]


def _halts(board: Board) -> Rows:
    levels = {"GLOBAL": int(board.level)}
    for halt in board.halts:
        levels[halt.scope] = max(int(halt.standing), levels.get(halt.scope, 0))
    yield from (((scope,), level) for scope, level in levels.items())


def _strictest(usage: Iterable[Usage]) -> list[Usage]:
    """One row a rule: the tightest."""
    tightest: dict[str, Usage] = {}
    for row in usage:
        kept = tightest.get(row.rule)
        if kept is None or _headroom(row) < _headroom(kept):
            tightest[row.rule] = row
    return list(tightest.values())


def _headroom(usage: Usage) -> Decimal:
    if usage.limit <= ZERO:
        return ZERO
    left = usage.limit - usage.used - usage.reserved
    return max(left / usage.limit, ZERO)


def _skews(board: Board) -> Rows:
    for view in board.venues.values():
        yield (view.venue,), None if view.skew_us is None else view.skew_us / 1000


def _bans(board: Board) -> Rows:
    for view in board.venues.values():
        yield (view.venue,), max(0, view.banned_us - board.now_us) / SECOND_US


def _ages(board: Board) -> Rows:
    for feed in board.feeds.values():
        last_us = max(feed.message_us, feed.heartbeat_us, feed.poll_us)
        name = feed.account.partition("/")[2]
        yield (feed.venue, name, feed.kind), _age_s(last_us, board.now_us)


def _age_s(then_us: int, now_us: int) -> float | None:
    return (now_us - then_us) / SECOND_US if then_us else None


def _working(board: Board) -> int:
    return sum(not state.terminal for state in board.orders.values())


def _alarms(board: Board) -> int:
    return sum(not alarm.acknowledged for alarm in board.alarms)


# Metrics read off the board at each scrape (R-C9 and semantics 9).
GAUGES: tuple[Told, ...] = (
    Told(
        "trading_balance_usd",
        "Value of an account's balances in the base currency",
        ("venue", "account"),
        _balances,
    ),
    Told(
        "trading_pnl_daily_usd",
        "Net asset value less the day's opening and its flows; NaN: not known",
        (),
        lambda b: _one(day_result(b)),
    ),
    Told(
        "trading_reconciliation_discrepancy_usd",
        "Value of the open breaks whose value is known, without sign",
        (),
        lambda b: _one(sum((abs(k.value) for k in b.breaks if k.value is not None), start=ZERO)),
    ),
    Told(
        "trading_recon_breaks",
        "Open breaks by class",
        ("class",),
        _breaks,
    ),
    Told(
        "trading_snapshot_age_seconds",
        "Age of the newest daily snapshot of all accounts; NaN: never taken",
        (),
        lambda b: _one(_age_s(b.snapshots[""].at_us if "" in b.snapshots else 0, b.now_us)),
    ),
    Told("trading_halt_level", "Halt level in force, 0 to 4", ("scope",), _halts),
    Told(
        "trading_orders_unknown",
        "Orders whose outcome is being looked up",
        (),
        lambda b: _one(sum(s.status is Status.UNKNOWN for s in b.orders.values())),
    ),
    Told(
        "trading_reservation_total",
        "What open orders reserve of a limit, in the limit's unit",
        ("rule",),
        lambda b: (((u.rule,), u.reserved) for u in _strictest(b.usage)),
    ),
    Told(
        "trading_limit_headroom_ratio",
        "What is left of a limit, 0 to 1 (the tightest asset of a position limit)",
        ("rule",),
        lambda b: (((u.rule,), _headroom(u)) for u in _strictest(b.usage)),
    ),
    Told(
        "trading_stream_age_seconds",
        "Age of the last sign of life of a feed; NaN: none yet",
        ("venue", "account", "kind"),
        _ages,
    ),
    Told(
        "trading_clock_skew_ms",
        "The venue's clock less ours; NaN: not measured yet",
        ("venue",),
        _skews,
    ),
    Told(
        "trading_venue_banned_seconds",
        "How long the venue takes nothing but cancels from us; 0: it takes everything",
        ("venue",),
        _bans,
    ),
    Told(
        "trading_ledger_head_seq", "Number of the newest row", (), lambda b: _one(b.ledger.head_seq)
    ),
    Told(
        "trading_ledger_verified",
        "1 after a verification, 0 after a failed one; NaN: none that was complete",
        (),
        lambda b: _one(_VERIFIED.get(b.ledger.verified)),
    ),
    Told(
        "trading_ledger_anchor_age_seconds",
        "Age of the newest anchor outside; NaN: never anchored",
        (),
        lambda b: _one(_age_s(b.ledger.anchored_us, b.now_us)),
    ),
    Told(
        "trading_last_drill_age_seconds",
        "Age of the last proven drill of the kill switch; NaN: never drilled",
        (),
        lambda b: _one(_age_s(b.drilled_us, b.now_us)),
    ),
    # What this measures arrives with a later release; until then it was never done.
    Told(
        "trading_notify_outbox_age_seconds",
        "Age of the oldest message that is not delivered; NaN: never sent one",
        (),
        lambda _: _one(None),
    ),
    Told("trading_armed", "1 while orders may leave a LIVE desk", (), lambda b: _one(b.armed)),
    Told("trading_open_orders", "Working orders", (), lambda b: _one(_working(b))),
    Told("trading_alarms", "Alarms nobody acknowledged", (), lambda b: _one(_alarms(b))),
    Told(
        "trading_engine_lag_ms",
        "Loop lag, 99th percentile of the last minute",
        (),
        lambda b: _one(b.engine.lag_us / 1000),
    ),
    Told(
        "trading_engine_memory_bytes", "Resident memory", (), lambda b: _one(b.engine.memory_bytes)
    ),
    Told(
        "trading_engine_tasks",
        "Tasks of the engine's loop, the venue library's included",
        (),
        lambda b: _one(b.engine.tasks),
    ),
)
