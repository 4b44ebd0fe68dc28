"""The limits of the gate, each rule named after its setting (semantics 2).

The one rule: every rule answers with its figures whether it passes or not, equality passes,
and what cannot be told does not pass. A rule reads; it never changes anything.
"""

from collections.abc import Callable
from decimal import Decimal

from domain.money import ONE, ZERO, canonical
from domain.verdicts import RuleResult, fails, measured, passes
from risk.conditions import halt, instrument, mode, unknown_order, venue_health
from risk.proposal import HUNDRED, Proposal, View

Rule = Callable[[Proposal, View], RuleResult]
SECOND_US = 1_000_000
_COUNTS = tuple(Decimal(number) for number in range(256))
_PRICE_COLLAR_PCT_PASSES = passes("price_collar_pct")
_MAX_POSITION_SIZE_PASSES = passes("max_position_size")
_MAX_DAILY_VOLUME_PASSES = passes("max_daily_volume")
_MAX_DRAWDOWN_PCT_PASSES = passes("max_drawdown_pct")
_MAX_DAILY_LOSS_PASSES = passes("max_daily_loss")


def max_identical_orders(order: Proposal, view: View) -> RuleResult:
    """Identical orders (account, symbol, side, quantity, price) within the window."""
    limit = view.limits.max_identical_orders
    used = _count(view.pace.identical(order.terms, view.now_us))
    reason = ""
    if used + ONE > limit:
        window = canonical(view.limits.identical_window_s)
        reason = f"{used + ONE} identical orders in {window} s are over {canonical(limit)}"
    return measured("max_identical_orders", reason, used, ZERO, ONE, limit, "orders")


def max_executions_per_minute(order: Proposal, view: View) -> RuleResult:
    """Executions of the order's strategy in the last minute."""
    limit = view.limits.max_executions_per_minute
    used = _count(view.pace.executions(order.strategy, view.now_us))
    passed = used < limit or order.flattens  # a person has confirmed it: no strategy behaves
    reason = "" if passed else f"RUNAWAY: {order.strategy} had {used} executions in a minute"
    return measured("max_executions_per_minute", reason, used, ZERO, ONE, limit, "executions")


def max_denials_per_5min(order: Proposal, view: View) -> RuleResult:
    """Denials of the order's strategy in the last five minutes."""
    limit = view.limits.max_denials_per_5min
    used = _count(view.pace.denials(order.strategy, view.now_us))
    passed = used < limit or order.flattens
    reason = "" if passed else f"RUNAWAY: {order.strategy} had {used} denials in five minutes"
    return measured("max_denials_per_5min", reason, used, ZERO, ONE, limit, "denials")


def price_collar_pct(order: Proposal, view: View) -> RuleResult:
    """How far the limit price is from the middle of a fresh market, in percent."""
    limit = view.limits.price_collar_pct
    if order.price is None:
        return _unpriced("price_collar_pct", order) or _PRICE_COLLAR_PCT_PASSES
    market, stale_us = order.market, view.settings.price_stale_us
    middle = market.mid if market is not None else None
    if market is None or middle is None or view.now_us - market.at_us > stale_us:
        reason = f"NO_PRICE: no price of {order.symbol} younger than {stale_us // SECOND_US} s"
        return fails("price_collar_pct", reason)
    away = abs(order.price / middle - ONE) * HUNDRED
    reason = ""
    if away > limit:
        reason = (
            f"price {canonical(order.price)} is {away:.2f} % from {middle:.8f}, "
            f"over {canonical(limit)} %"
        )
    return measured("price_collar_pct", reason, ZERO, ZERO, away, limit, "%")


def max_order_value(order: Proposal, view: View) -> RuleResult:
    """The order's notional in the base currency."""
    limit, unit = view.limits.max_order_value, view.settings.base_currency
    missing = _unpriced("max_order_value", order)
    if missing is not None:
        return missing
    reason = ""
    if order.value > limit:
        reason = f"order value {_money(order.value)} {unit} is over {_money(limit)} {unit}"
    return measured("max_order_value", reason, ZERO, ZERO, order.value, limit, unit)


def available_balance(order: Proposal, view: View) -> RuleResult:
    """What the account can spend: total less what is held and reserved, the fee included."""
    asset = order.outgoing_asset
    available = view.exposure.available(order.account, asset)
    if available is None:
        return fails("available_balance", f"balance of {order.account} is not known")
    missing = _unpriced("available_balance", order)
    if missing is not None and asset == order.quote:
        return missing
    need = order.outgoing(order.quantity)
    reason = ""
    if need > available:
        reason = f"needs {canonical(need)} {asset} with fee, {canonical(available)} is available"
    return measured("available_balance", reason, ZERO, ZERO, need, max(available, ZERO), asset)


def max_position_size(order: Proposal, view: View) -> RuleResult:
    """The worst-case position of the acquired asset over all venues, in the base currency."""
    asset, unit = order.incoming_asset, view.settings.base_currency
    if order.reducing or _needs_no_limit(asset, view):
        return _MAX_POSITION_SIZE_PASSES
    price = _price_of(asset, order, view)
    if price is None:
        return fails("max_position_size", f"NO_PRICE: no fresh mark for {asset}")
    exposure = view.exposure
    limit = view.limits.position_limit(asset)
    used = exposure.most(asset) * price
    reserved = exposure.incoming.get(asset, ZERO) * price
    this = order.incoming(order.quantity) * price
    reason = ""
    if used + reserved + this > limit:
        reason = (
            f"{asset} position {_money(used + reserved + this)} {unit} with open orders "
            f"is over {_money(limit)} {unit}"
        )
    return measured("max_position_size", reason, used, reserved, this, limit, unit)


def _needs_no_limit(asset: str, view: View) -> bool:
    """Cash is where reducing orders go; it is limited only where a limit names it."""
    if asset == view.settings.base_currency:
        return True
    return asset in view.settings.cash and asset not in view.limits.max_position_size


def _price_of(asset: str, order: Proposal, view: View) -> Decimal | None:
    """A mark, or what this order itself would pay where that is more."""
    mark = view.board.marks.get(asset)
    fresh = mark is not None and view.now_us - mark.at_us <= view.settings.mark_stale_us
    marked = mark.value if mark is not None and fresh else None
    if asset != order.base or order.reference is None or order.base_rate is None:
        return marked
    paid = order.reference * order.base_rate
    return paid if marked is None else max(marked, paid)


def max_open_orders(order: Proposal, view: View) -> RuleResult:
    """Orders that could still trade, foreign ones included."""
    limit = view.limits.max_open_orders
    this = ZERO if order.amends else ONE
    used = _count(view.exposure.count)
    reason = ""
    if used + this > limit:
        reason = f"{used + this} open orders are over {canonical(limit)}"
    return measured("max_open_orders", reason, used, ZERO, this, limit, "orders")


def max_daily_volume(order: Proposal, view: View) -> RuleResult:
    """Executed today over all venues, plus what open orders and this one could execute."""
    if order.reducing:
        return _MAX_DAILY_VOLUME_PASSES
    missing = _unpriced("max_daily_volume", order)
    if missing is not None:
        return missing
    limit, unit = view.limits.max_daily_volume, view.settings.base_currency
    used, reserved = view.turnover.today(view.now_us), view.exposure.value
    total = used + reserved + order.value
    reason = ""
    if total > limit:
        reason = f"daily volume {_money(total)} {unit} is over {_money(limit)} {unit}"
    return measured("max_daily_volume", reason, used, reserved, order.value, limit, unit)


def max_drawdown_pct(order: Proposal, view: View) -> RuleResult:
    """How far net asset value is below its high-water mark, in percent."""
    limit, used = view.limits.max_drawdown_pct, view.drawdown_pct
    if used is None or order.reducing:
        return _MAX_DRAWDOWN_PCT_PASSES
    passed = used < limit
    reason = "" if passed else f"drawdown {used:.2f} % has reached {canonical(limit)} %"
    return measured("max_drawdown_pct", reason, used, ZERO, ZERO, limit, "%")


def max_daily_loss(order: Proposal, view: View) -> RuleResult:
    """Today's loss in the base currency; off while no limit is set."""
    limit, used = view.limits.max_daily_loss, view.daily_loss
    if limit is None or used is None or order.reducing:
        return _MAX_DAILY_LOSS_PASSES
    passed, unit = used < limit, view.settings.base_currency
    reason = "" if passed else f"today's loss {_money(used)} {unit} has reached {_money(limit)}"
    return measured("max_daily_loss", reason, used, ZERO, ZERO, limit, unit)


def max_orders_per_second(_: Proposal, view: View) -> RuleResult:
    """Orders that passed the gate in the last second."""
    limit = view.limits.max_orders_per_second
    used = _count(view.pace.orders.count(view.now_us))
    passed = used + ONE <= limit
    reason = "" if passed else f"{used + ONE} orders in a second are over {canonical(limit)}"
    return measured("max_orders_per_second", reason, used, ZERO, ONE, limit, "orders")


def _count(number: int) -> Decimal:
    return _COUNTS[number] if number < len(_COUNTS) else Decimal(number)


def _unpriced(rule: str, order: Proposal) -> RuleResult | None:
    if order.reference is not None and order.base_rate is not None:
        return None
    return fails(rule, f"NO_PRICE: {order.unpriced}")


def _money(value: Decimal) -> str:
    return f"{value:,.2f}"


# This order is the policy (semantics 2.1): the first rule that fails is the reason.
RULES: tuple[Rule, ...] = (
    mode,
    halt,
    venue_health,
    instrument,
    unknown_order,
    max_identical_orders,
    max_executions_per_minute,
    max_denials_per_5min,
    price_collar_pct,
    max_order_value,
    available_balance,
    max_position_size,
    max_open_orders,
    max_daily_volume,
    max_drawdown_pct,
    max_daily_loss,
    max_orders_per_second,
)
