"""The automatic triggers: when the desk stops itself, and how much of it (semantics 3.4).

Each trigger is one pure function from what is known now to its present value, its limit and the
halts it wants. The one rule: a trigger that fails trips everything; it is never skipped.
"""

from collections.abc import Callable, Iterator
from decimal import Decimal

from domain.board import Break, Feed
from domain.halts import Level
from domain.instruments import Account
from domain.money import canonical
from domain.orders import Status
from domain.scopes import EVERYTHING, Reach, Scope
from domain.triggers import Gauge
from risk.limits import Limits
from risk.scene import Conduct, Reading, Scene, Wanted

SECOND_US = 1_000_000
AT_ONCE = 2  # times the drawdown limit: one valid sample over it is enough


class EquityFailed(Exception):
    """The sample that the drawdown is judged by could not be computed at all."""


Rule = Callable[[Scene], Reading]


def drawdown(scene: Scene) -> Reading:
    """Fall of equity below its high-water mark: a run of valid samples, or one twice as deep."""
    if scene.equity_error:
        raise EquityFailed(scene.equity_error)
    limit, fall, told = scene.limits.max_drawdown_pct, scene.fall, scene.settings
    shown = f"{canonical(limit)} %"
    if fall.pct is None:
        return Reading("not judged yet", shown)
    value = f"{fall.pct:.2f} %"
    lasting = (
        fall.samples >= told.drawdown_samples
        and fall.at_us - fall.since_us >= told.drawdown_span_s * SECOND_US
    )
    if not (fall.samples and (lasting or fall.pct > AT_ONCE * limit)):
        return Reading(value, shown)
    reason = f"drawdown {value} has reached {shown} (risk.max_drawdown_pct)"
    return Reading(value, shown, (Wanted(Level.HALT_CANCEL, EVERYTHING, reason),))


def equity_unknown(scene: Scene) -> Reading:
    """Equity cannot be computed, so the drawdown cannot be judged: no new risk until it can."""
    limit_s = scene.settings.equity_blind_s
    value, shown = f"{scene.blind_us // SECOND_US} s", f"{limit_s} s"
    if scene.blind_us <= limit_s * SECOND_US:
        return Reading(value, shown)
    reason = f"equity is not known for {value}: {scene.blind_why or 'no sample'}"
    return Reading(value, shown, (Wanted(Level.REDUCE_ONLY, EVERYTHING, reason),))


def failed_orders(scene: Scene) -> Reading:
    """Orders that an account's venue rejected or left in doubt, in a sliding window."""
    limit, window_s = scene.settings.failed_orders, scene.settings.failed_orders_window_s
    shown = f"{limit} in {window_s} s"
    most = max(scene.failures.values(), default=0)
    over = {account: n for account, n in sorted(scene.failures.items()) if n >= limit}
    told = ", ".join(f"{account} {count}" for account, count in over.items())
    reason = f"orders rejected or in doubt in {window_s} s: {told} (limit {limit})"
    scopes = (EVERYTHING,) if len(over) > 1 else tuple(map(_of_account, over))
    wanted = tuple(Wanted(Level.HALT_CANCEL, scope, reason) for scope in scopes)
    counted = sorted(scene.failures.items())
    gauges = tuple(Gauge(str(account), Decimal(n), Decimal(limit)) for account, n in counted)
    return Reading(str(most), shown, wanted, gauges)


def runaway(scene: Scene) -> Reading:
    """A strategy that executes too often, or goes on sending what is denied."""
    limits, wanted = scene.limits, []
    for strategy, conduct in sorted(scene.conduct.items()):
        why = _ran_away(conduct, limits)
        if why:
            scope = Scope(Reach.STRATEGY, strategy) if strategy else EVERYTHING
            wanted.append(Wanted(Level.HALT, scope, f"RUNAWAY: {strategy} had {why}"))
    most = max((c.denials for c in scene.conduct.values()), default=0)
    busiest = max((c.executions for c in scene.conduct.values()), default=0)
    shown = (
        f"{canonical(limits.max_executions_per_minute)} executions in 60 s, "
        f"{canonical(limits.max_denials_per_5min)} denials in 300 s"
    )
    return Reading(f"{busiest} executions, {most} denials", shown, tuple(wanted))


def _ran_away(conduct: Conduct, limits: Limits) -> str:
    if conduct.executions >= limits.max_executions_per_minute:
        return f"{conduct.executions} executions in a minute (risk.max_executions_per_minute)"
    if conduct.denials > limits.max_denials_per_5min:
        return f"{conduct.denials} denials in five minutes (risk.max_denials_per_5min)"
    if conduct.repeats > limits.max_identical_orders:
        return f"{conduct.repeats} identical orders denied (risk.max_identical_orders)"
    return ""


def reconciliation_break(scene: Scene) -> Reading:
    """A contradiction between the books and a venue that is large, or of a size nobody knows."""
    limit = scene.break_value
    shown = f"{canonical(limit)} {scene.board.base_currency}"
    large = [b for b in scene.board.breaks if b.value is None or abs(b.value) > limit]
    wanted = tuple(
        Wanted(Level.REDUCE_ONLY, _of_account(known.account), _broken(known), known.break_id)
        for known in large
    )
    return Reading(f"{len(large)} of {len(scene.board.breaks)} breaks", shown, wanted)


def _broken(known: Break) -> str:
    size = "of unknown size" if known.value is None else f"of {canonical(abs(known.value))}"
    return f"break {known.kind} {size} at {known.account}; see `quarterdeck breaks`"


def unknown_too_long(scene: Scene) -> Reading:
    """An order whose outcome is still not known, counted from its intent."""
    limit_s, oldest = scene.settings.unknown_order_s, 0
    late: dict[Account, str] = {}
    for state in scene.board.orders.values():
        if state.status is Status.UNKNOWN:
            age_us = scene.now_us - state.order.at_us
            oldest = max(oldest, age_us)
            if age_us > limit_s * SECOND_US:
                late.setdefault(state.order.account, state.client_id)
    wanted = tuple(
        Wanted(
            Level.REDUCE_ONLY,
            _of_account(account),
            f"{name} is UNKNOWN at {account} for more than {limit_s} s",
        )
        for account, name in sorted(late.items())
    )
    return Reading(f"{oldest // SECOND_US} s", f"{limit_s} s", wanted)


def order_without_intent(_: Scene) -> Reading:
    """An open order with our own prefix that the ledger never intended: tripped where seen."""
    return Reading("tripped at the sight of one", "none")


def ledger_broken(scene: Scene) -> Reading:
    """The ledger does not verify: nothing that is decided by it can be trusted."""
    ledger = scene.board.ledger
    if ledger.verified != "FAIL":
        return Reading(ledger.verified or "not verified yet", "FAIL")
    reason = f"the ledger failed: it does not verify up to row {ledger.verified_seq}"
    return Reading("FAIL", "FAIL", (Wanted(Level.HALT_CANCEL, EVERYTHING, reason),))


def clock_skew(scene: Scene) -> Reading:
    """A venue's clock is further from ours than half of what it accepts, in either direction."""
    wanted, widest = [], 0
    for view in scene.board.venues.values():
        limit_us, off_us = scene.skew_limits_us.get(view.venue), abs(view.skew_us or 0)
        widest = max(widest, off_us)
        if limit_us is not None and off_us > limit_us:
            reason = (
                f"the clock is {(view.skew_us or 0) // 1000} ms off {view.venue}'s, over "
                f"{limit_us // 1000} ms: set this machine's clock (NTP)"
            )
            wanted.append(Wanted(Level.HALT, Scope(Reach.VENUE, view.venue), reason))
    limits = sorted({limit // 1000 for limit in scene.skew_limits_us.values()})
    shown = " / ".join(f"{limit} ms" for limit in limits) or "no venue"
    return Reading(f"{widest // 1000} ms", shown, tuple(wanted))


def feeds_dead(scene: Scene) -> Reading:
    """Neither a stream nor a poll of a venue has answered for too long."""
    limit_s, oldest = scene.settings.feeds_dead_s, 0
    dead: dict[str, list[Feed]] = {}
    accounts: dict[str, int] = {}
    for feed in scene.board.feeds.values():
        silent_us = _silent_us(feed, scene)
        oldest = max(oldest, silent_us)
        accounts[feed.venue] = accounts.get(feed.venue, 0) + bool(feed.account)
        if silent_us > limit_s * SECOND_US:
            dead.setdefault(feed.venue, []).append(feed)
    wanted = tuple(
        want
        for venue, feeds in sorted(dead.items())
        for want in _dead(venue, feeds, accounts[venue], limit_s)
    )
    return Reading(f"{oldest // SECOND_US} s", f"{limit_s} s", wanted)


def _silent_us(feed: Feed, scene: Scene) -> int:
    life_us = max(feed.message_us, feed.heartbeat_us, feed.poll_us)
    if not life_us and not feed.account:
        return 0  # prices that nobody asked for yet: nothing is watched there
    return max(0, scene.now_us - (life_us or scene.board.started_us or scene.now_us))


def _dead(venue: str, feeds: list[Feed], accounts: int, limit_s: int) -> Iterator[Wanted]:
    """The venue, where its prices or all of its accounts are dead; else the dead accounts."""
    silent = [feed for feed in feeds if feed.account]
    why = f"neither stream nor polls answered for more than {limit_s} s"
    if len(silent) < len(feeds) or len(silent) == accounts:
        kinds = ", ".join(sorted({feed.kind for feed in feeds}))
        reason = f"{venue} is silent ({kinds}): {why}"
        yield Wanted(Level.REDUCE_ONLY, Scope(Reach.VENUE, venue), reason)
        return
    for feed in silent:
        scope = Scope(Reach.ACCOUNT, feed.account)
        yield Wanted(Level.REDUCE_ONLY, scope, f"{feed.account} is silent: {why}")


def security_incident(scene: Scene) -> Reading:
    """Somebody tries codes, moves money, widens a key or takes the marker away (decisions.md)."""
    wanted = tuple(
        Wanted(Level.HALT_CANCEL, EVERYTHING, f"security incident: {told}", told)
        for told in scene.incidents
    )
    return Reading(f"{len(wanted)} not acknowledged", "none", wanted)


def _of_account(account: Account) -> Scope:
    return Scope(Reach.ACCOUNT, str(account))


# This is the table of semantics 3.4, row by row; the names are on screens and in the ledger.
TRIGGERS: tuple[Rule, ...] = (
    drawdown,
    equity_unknown,
    failed_orders,
    runaway,
    reconciliation_break,
    unknown_too_long,
    order_without_intent,
    ledger_broken,
    clock_skew,
    feeds_dead,
    security_incident,
)
NAMES = tuple(rule.__name__ for rule in TRIGGERS)


def read(rule: Rule, scene: Scene) -> Reading:
    """What one trigger says; an exception inside it wants everything stopped."""
    try:
        return rule(scene)
    except Exception as error:  # noqa: BLE001 - boundary: a trigger that fails trips
        told = f"TRIGGER_ERROR in {rule.__name__}: {type(error).__name__}: {error}"
        return Reading("failed", "", (Wanted(Level.HALT_CANCEL, EVERYTHING, told),))
