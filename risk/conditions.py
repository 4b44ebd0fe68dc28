"""The gate's conditions, which are rules without a limit: mode, halt, venue health, and others.

The one rule: a condition that cannot be told does not pass.
"""

from decimal import Decimal

from domain.board import Health, Mode, Phase
from domain.halts import Level
from domain.money import ZERO, canonical
from domain.orders import Kind
from domain.verdicts import RuleResult, fails, passes, told
from risk.proposal import Proposal, View

TRADES_IN = frozenset({Phase.READY, Phase.ARMED})
_HOUR_US = 3_600_000_000
_MODE_PASSES = passes("mode")
_HALT_PASSES = passes("halt")
_VENUE_HEALTH_PASSES = passes("venue_health")
_INSTRUMENT_PASSES = passes("instrument")
_UNKNOWN_ORDER_PASSES = passes("unknown_order")


def mode(_: Proposal, view: View) -> RuleResult:
    """Whether this process may send orders at all."""
    board = view.board
    if board.mode is Mode.OBSERVE:
        return fails("mode", "OBSERVE places no orders")
    if board.phase not in TRADES_IN:
        return fails("mode", f"GATEWAY_NOT_READY: the desk is in {board.phase.value}")
    if board.mode is Mode.LIVE and not board.armed:
        return fails("mode", "NOT_ARMED: LIVE starts disarmed; arm it with a code")
    return _MODE_PASSES


def halt(order: Proposal, view: View) -> RuleResult:
    """Whether a halt covers the order; at REDUCE_ONLY a verified reducing order passes.

    At FLATTEN only the sales that the engine makes for its sake do.
    """
    level = view.over(order)
    if level == Level.FLATTEN and order.flattens and order.reducing:
        return _HALT_PASSES
    if level == Level.NORMAL or (level == Level.REDUCE_ONLY and order.reducing):
        return _HALT_PASSES
    if level == Level.REDUCE_ONLY:
        return fails("halt", "REDUCE_ONLY: only sales of what is held pass")
    return fails("halt", "HALTED: the kill switch is engaged")


def venue_health(order: Proposal, view: View) -> RuleResult:
    """Whether what we know of the venue and the account is young, reconciled and in time."""
    reason = _sickness(order, view)
    return told("venue_health", reason) if reason else _VENUE_HEALTH_PASSES


def _sickness(order: Proposal, view: View) -> str:
    unfit = _unfit_account(order, view)
    if unfit:
        return unfit
    feed = view.board.feeds.get(order.account)
    if feed is not None and feed.health is Health.DOWN and not order.reducing:
        return f"STALE: neither stream nor polls of {order.account} answer"
    return _of_the_venue(order, view) or _broken(order, view)


def _of_the_venue(order: Proposal, view: View) -> str:
    settings, venue = view.settings, view.board.venues.get(order.account.venue)
    if venue is None:
        return ""
    limit_us = settings.skew_limits_us.get(venue.venue)
    if venue.skew_us is not None and limit_us is not None and abs(venue.skew_us) > limit_us:
        return f"CLOCK: {venue.skew_us // 1000} ms off {venue.venue}'s clock"
    # The venue's steps and minimums may have changed: nothing is judged by what they were.
    age_us = view.now_us - venue.markets_us if venue.markets_us else 0
    if age_us > settings.markets_stale_us:
        return (
            f"INSTRUMENTS: what {venue.venue} lists was read {age_us // _HOUR_US} h ago, over "
            f"{settings.markets_stale_us // _HOUR_US} h (engine.markets_cache_hours); "
            "wait until it is read again"
        )
    return ""


def _unfit_account(order: Proposal, view: View) -> str:
    settings, now = view.settings, view.now_us
    account = view.board.accounts.get(order.account)
    if account is None:
        return f"there is no account {order.account}; see `quarterdeck status`"
    if account.refused:
        return f"REFUSED: {order.account} sends no orders: {account.refused}"
    if account.balances is None or now - account.balances.at_us > settings.balance_stale_us:
        return f"STALE: balances of {order.account} are older than the limit"
    if not account.reconciled_us and not order.reducing:
        return f"NOT_RECONCILED: {order.account} is reduce-only until reconciliation is clean"
    return ""


def _broken(order: Proposal, view: View) -> str:
    if not view.board.breaks:
        return ""
    for known in view.board.breaks:
        if known.account != order.account or order.reducing:
            continue
        if known.value is None or abs(known.value) > view.settings.break_value:
            return f"BREAK: {known.kind} is open at {known.account}; see `quarterdeck breaks`"
    return ""


def instrument(order: Proposal, _: View) -> RuleResult:
    """What the venue allows: listed, whole lots and ticks, minimum and maximum."""
    reason = _misfit(order)
    return told("instrument", reason) if reason else _INSTRUMENT_PASSES


def _misfit(order: Proposal) -> str:  # noqa: PLR0911 - one return a rule of the venue
    known = order.instrument
    venue, quantity = order.account.venue, order.total
    if known is None:
        return f"{venue} does not list {order.symbol}"
    if not known.active:
        return f"{venue} does not trade {order.symbol} now: it is suspended or delisted"
    if quantity <= ZERO:
        return f"quantity {canonical(quantity)} is not over zero"
    if order.price is not None and order.price <= ZERO:
        return f"price {canonical(order.price)} is not over zero"
    if order.kind is Kind.MARKET and order.price is not None:
        return "a market order has no price"
    if known.lot is not None and quantity % known.lot:
        return f"quantity {canonical(quantity)} is not in lots of {canonical(known.lot)}"
    if order.price is not None and known.tick is not None and order.price % known.tick:
        return f"price {canonical(order.price)} is not in ticks of {canonical(known.tick)}"
    if known.min_quantity is not None and quantity < known.min_quantity:
        return (
            f"quantity {canonical(quantity)} is under the minimum {canonical(known.min_quantity)}"
        )
    if known.max_quantity is not None and quantity > known.max_quantity:
        return f"quantity {canonical(quantity)} is over the maximum {canonical(known.max_quantity)}"
    return _value_misfit(order, quantity)


def _value_misfit(order: Proposal, quantity: Decimal) -> str:
    known = order.instrument
    if known is None or order.reference is None:
        return ""
    cost = quantity * order.reference
    if known.min_value is not None and cost < known.min_value:
        return (
            f"value {canonical(cost)} {order.quote} is under the minimum "
            f"{canonical(known.min_value)}"
        )
    if known.max_value is not None and cost > known.max_value:
        return (
            f"value {canonical(cost)} {order.quote} is over the maximum "
            f"{canonical(known.max_value)}"
        )
    return ""


def unknown_order(order: Proposal, view: View) -> RuleResult:
    """Whether an order of the same account, symbol and side may be at its venue unseen.

    Until it is found or proven absent, another one could be the same wish sent twice (semantics
    1.3). What is verified to reduce passes: the UNKNOWN order's own reservation is counted.
    """
    unsettled = view.exposure.unknown(order.account, order.symbol, order.side)
    if not unsettled or order.reducing:
        return _UNKNOWN_ORDER_PASSES
    others = f" and {len(unsettled) - 1} more" if len(unsettled) > 1 else ""
    reason = (
        f"UNKNOWN: {unsettled[0]}{others} to {order.side.value} {order.symbol} at {order.account} "
        "may have arrived; it is being looked up: wait, or settle it with `quarterdeck order lost`"
    )
    return fails("unknown_order", reason)
