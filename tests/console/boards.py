"""Boards for the console's tests, its screenshots and its try-outs, made by folding facts.

The one rule: what facts can say is said by facts (orders, fills, denials, halts, alarms); only
views that the engine refreshes itself (feeds, usage, NAV) are put on the board directly.
"""

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from typing import Any

from domain import controls, events
from domain.board import (
    Board,
    Feed,
    Health,
    LastError,
    LedgerView,
    Mode,
    Phase,
    at,
)
from domain.engine_view import EngineView
from domain.fold import fold
from domain.halts import Level
from domain.keys import key_of
from domain.orders import Side
from domain.table import Table
from tests.console import facts, views
from tests.console.views import ACCOUNTS, MINUTE, NOW_US, OPERATOR, PRICES, SECOND, VENUES

D = Decimal
LIMITS = {
    "max_order_value": "5000",
    "max_daily_volume": "50000",
    "max_drawdown_pct": "15",
    "max_open_orders": "200",
    "max_position_size.default": "20000",
    "max_position_size.BTC": "40000",
    "price_collar_pct": "5",
    "max_identical_orders": "3",
    "max_orders_per_second": "10",
}
_UNDER_WAY: tuple[dict[str, Any], ...] = (
    {"account": ACCOUNTS["kraken"], "before": 3, "cancelled": 3, "left": 0, "verified_ms": 1_240},
    {"account": ACCOUNTS["kucoin"], "before": 2, "cancelled": 1, "left": 1, "attempts": 2},
    {"account": ACCOUNTS["mexc"], "before": 1, "cancelled": 0, "left": 0, "unknown": 1},
    {"account": ACCOUNTS["gate"], "attempts": 3, "error": "the list could not be read (HTTP 502)"},
)


def empty(mode: Mode = Mode.DEMO) -> Board:
    """A desk that no account is configured for: onboarding."""
    return Board(mode=mode, phase=Phase.READY, now_us=NOW_US, version=1)


def starting(phase: Phase = Phase.INIT, mode: Mode = Mode.DEMO) -> Board:
    """A desk whose engine has not read its ledger yet: what the wiring shows first."""
    return Board(mode=mode, phase=phase, now_us=NOW_US)


def quiet(mode: Mode = Mode.DEMO) -> Board:
    """Four venues with balances and prices, and nothing going on."""
    board = empty(mode)
    return board.but(
        run_id="7f3a21",
        ledger_id="b4c1",
        install_tag="A7",
        started_us=NOW_US - 134 * MINUTE,
        drilled_us=NOW_US - 12 * 1_440 * MINUTE,
        accounts=Table({account: views.account(account) for account in ACCOUNTS.values()}),
        venues=Table({venue: views.venue(number, venue) for number, venue in enumerate(VENUES)}),
        abilities=Table({venue: views.abilities(venue) for venue in VENUES}),
        feeds=Table({views.feed_key(feed): feed for feed in views.feeds()}),
        instruments=Table(
            {at(v, s): views.instrument(v, s) for v in VENUES for s in PRICES if views.lists(v, s)}
        ),
        prices=Table(
            {at(v, s): views.price(v, s) for v in VENUES for s in PRICES if views.lists(v, s)}
        ),
        marks=Table({asset: views.mark(asset, value) for asset, value in views.marks().items()}),
        limits=LIMITS,
        limits_version=14,
        usage=views.usage(),
        enrolled=(OPERATOR,),
        nav=views.nav(),
        nav_day_open=D("101090.82"),
        nav_day="2026-11-20",
        high_water=D("104500"),
        ledger=LedgerView(
            head_seq=8_812,
            head_hash="9f3c51d2a1" * 6,
            size_bytes=4_300_000,
            verified="OK",
            verified_seq=8_790,
            verified_us=NOW_US - 7 * MINUTE,
            lag_us=1_400,
        ),
        engine=EngineView(
            lag_us=900, tasks=21, memory_bytes=88_000_000, orders_sent=132, failures_5min=2,
            metrics_port=9108,
        ),
    )  # fmt: skip


def busy(mode: Mode = Mode.DEMO) -> Board:
    """A desk at work: orders in every state, fills, denials, alarms, a book."""
    return told(quiet(mode), facts.day()).but(
        depths=Table({at("kraken", "BTC/USDT"): views.depth("kraken", "BTC/USDT")})
    )


def stale() -> Board:
    """One venue stale, one down, the others well."""
    board = busy()
    gate = Feed(
        venue="gate", kind="prices", health=Health.STALE, message_us=NOW_US - 9 * SECOND,
        heartbeat_us=NOW_US - 2 * SECOND, expected_us=SECOND, attempt=3,
        next_try_us=NOW_US + 4 * SECOND, problem="no message for 9 s",
    )  # fmt: skip
    mexc = Feed(
        venue="mexc", kind="account", account="main", health=Health.DOWN,
        message_us=NOW_US - 340 * SECOND, attempt=7, next_try_us=NOW_US + 38 * SECOND,
        problem="IP address is not allowed", remedy="add this address to the key's list",
    )  # fmt: skip
    feeds = board.feeds.put(views.feed_key(gate), gate).put(views.feed_key(mexc), mexc)
    return board.but(feeds=feeds)


def audited() -> Board:
    """LIVE with keys that were audited, a ban, an error that is over, and an account refused."""
    board = stale().but(mode=Mode.LIVE)
    over = LastError(
        who="kraken/main", why="EService:Unavailable", remedy="wait for the venue; see its "
        "status page", at_us=NOW_US - 4 * MINUTE,
    )  # fmt: skip
    mexc = ACCOUNTS["mexc"]
    refused = replace(
        board.accounts[mexc], refused="the read key of mexc/main belongs to account 209302840, "
        "and mexc/main is 209302839",
    )  # fmt: skip
    venues = board.venues
    changed = {
        "kraken": replace(venues["kraken"], last_error=over, markets_us=NOW_US - 12 * MINUTE),
        "kucoin": replace(
            venues["kucoin"], ban="429000 Too Many Requests", banned_us=NOW_US + 12 * SECOND
        ),
    }
    return board.but(
        venues=Table({**venues, **changed}),
        accounts=board.accounts.put(mexc, refused),
        keys=Table({key_of(key.account, key.purpose): key for key in views.audits()}),
        started_us=NOW_US - 13 * MINUTE,
    )


def contradicted() -> Board:
    """Two breaks are open: a balance nobody can explain, and an order that has vanished."""
    opened = [
        controls.BreakOpened(
            at_us=NOW_US - 3 * 60 * MINUTE,
            actor="engine",
            break_id="BALANCE_UNEXPLAINED:kraken/main:BTC:1",
            kind="BALANCE_UNEXPLAINED",
            account=ACCOUNTS["kraken"],
            detail="BTC: the facts give 0.8124, kraken says 0.8101",
            value=Decimal("-141.22"),
        ),
        controls.BreakOpened(
            at_us=NOW_US - 4 * MINUTE,
            actor="engine",
            break_id="ORDER_VANISHED:QDA720KX9T3VQ2M7WZ:1",
            kind="ORDER_VANISHED",
            account=ACCOUNTS["gate"],
            detail="QDA720KX9T3VQ2M7WZ was OPEN and no search of open orders, closed orders and "
            "trades finds it; its 0.5 stay reserved",
        ),
    ]
    return told(busy(), opened)


def live(*, armed: bool = False, gateway: str = "") -> Board:
    """LIVE, disarmed as it starts; a gateway where one is in the way."""
    board = busy(Mode.LIVE).but(gateway=gateway)
    if armed:
        fact = controls.Armed(at_us=NOW_US - MINUTE, actor=OPERATOR, account="kraken/main")
        return fold(board, fact)
    return board


def halting() -> Board:
    """The kill switch has just been engaged: cancels are under way."""
    return told(busy(), [*facts.trip_facts(), *(facts.evidence(**case) for case in _UNDER_WAY)])


def killed() -> Board:
    """Killed and verified at every account."""
    board = halting()
    done = [
        facts.evidence(
            account=account, before=2, cancelled=2, left=0, attempts=2, verified_ms=1_840
        )
        for account in ACCOUNTS.values()
    ]
    verified = controls.HaltVerified(
        at_us=NOW_US - 2 * SECOND, actor="engine", halt_id="h1", verified_ms=1_840
    )
    return told(board, [*done, verified])


def narrow() -> Board:
    """One venue killed and verified, one strategy halted; everything else trades."""
    venue, grid = (
        controls.HaltTripped(
            at_us=NOW_US - 4 * SECOND,
            actor=OPERATOR,
            halt_id=halt_id,
            level=level,
            reason="odd fills",
            scope=scope,
        )
        for halt_id, level, scope in (
            ("h1", Level.HALT_CANCEL, "VENUE:kraken"),
            ("h2", Level.HALT, "STRATEGY:grid"),
        )
    )
    seen = facts.evidence(account=ACCOUNTS["kraken"], before=2, cancelled=2, left=0, verified_ms=9)
    proven = controls.HaltVerified(at_us=NOW_US, actor="engine", halt_id="h1", verified_ms=9)
    return told(busy(), [venue, grid, seen, proven])


def unverified() -> Board:
    """Killed, but one venue could not be read: it is retried for ever."""
    reason = "gate: no list"
    fact = controls.HaltUnverified(at_us=NOW_US, actor="engine", halt_id="h1", reason=reason)
    return told(halting(), [fact])


def crowded(count: int = 10_000) -> Board:
    """A board with very many working orders."""
    working: list[events.Fact] = []
    for number in range(count):
        venue = VENUES[number % len(VENUES)]
        client_id = f"QDA7{number:014d}"
        side = Side.BUY if number % 2 else Side.SELL
        limit, ago = str(60_000 + number % 900), number * 10_000
        working += [
            facts.approved(client_id, venue, "BTC/USDT", side, "0.01", limit, ago=ago),
            facts.acked(client_id),
        ]
    return told(quiet(), working)


def told(board: Board, happened: Iterable[events.Fact]) -> Board:
    """The board after these facts; its version counts them."""
    for fact in happened:
        board = fold(board, fact)
    return board.but(version=board.version + 1)


def later(board: Board, elapsed_us: int = SECOND) -> Board:
    """The same desk a little later: its clock and version have moved."""
    return board.but(now_us=board.now_us + elapsed_us, version=board.version + 1)
