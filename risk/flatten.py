"""What flattening would sell: each holding into cash, at a limit inside the price collar.

The one rule: a sale is of what the account provably holds and has promised nobody; what cannot
be sold is named, with the reason.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

from domain.board import at
from domain.flatten import STRATEGY, Leftover
from domain.instruments import Account, Instrument, base_of
from domain.market import Price
from domain.money import ONE, ZERO, canonical
from domain.orders import Draft, Kind, Side, TimeInForce
from domain.scopes import Reach, Scope
from risk.proposal import View

UNTOLD = "its balances are not known"
PROMISED = "it is promised to orders that are not settled yet"
WITHIN = Decimal("0.9")  # of the collar, so that a market that moves meanwhile denies nothing
HUNDRED = Decimal(100)


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """Something to sell: `draft` is for all of it, `rate` one quote unit in the base currency."""

    asset: str
    draft: Draft
    rate: Decimal

    @property
    def value(self) -> Decimal:
        """What the sale brings at least, in the base currency."""
        return self.draft.quantity * (self.draft.price or ZERO) * self.rate


def to_sell(
    account: Account, scope: Scope, view: View
) -> tuple[tuple[Holding, ...], tuple[Leftover, ...]]:
    """The account's holdings inside the scope: what can be sold now, and what cannot.

    Runs under the caller's exact context.
    """
    balances = view.exposure.balances(account)
    if balances is None:
        return (), (Leftover(asset="ALL", quantity=ZERO, why=UNTOLD),)
    sales, left = [], []
    for asset, balance in sorted(balances.assets.items()):
        if balance.total <= ZERO or asset in view.settings.cash or not _inside(asset, scope):
            continue
        found = _sale(account, asset, scope, view)
        if isinstance(found, str):
            left.append(Leftover(asset=asset, quantity=balance.total, why=found))
        else:
            sales.append(found)
    return tuple(sales), tuple(left)


def _inside(asset: str, scope: Scope) -> bool:
    return scope.reach is not Reach.SYMBOL or asset == base_of(scope.name)


def _sale(account: Account, asset: str, scope: Scope, view: View) -> Holding | str:
    """The sale of one holding, or why there is none."""
    free = view.exposure.available(account, asset) or ZERO
    if free <= ZERO:
        return PROMISED
    pairs = [i for i in _pairs(account.venue, asset, view) if scope.reach is not Reach.SYMBOL
             or i.symbol == scope.name]  # fmt: skip
    if not pairs:
        return f"{account.venue} trades it for no cash"
    priced = ((pair, _fresh(pair, view), _rate(pair.quote, view)) for pair in pairs)
    for pair, price, rate in priced:
        if price is None or price.mid is None or rate is None:
            continue
        return _within(account, pair, price.mid, rate, free, view)
    return f"no fresh price of {pairs[0].symbol}"


def _pairs(venue: str, asset: str, view: View) -> Iterable[Instrument]:
    """The pairs that sell it for cash, the base currency's first."""
    cash = sorted(view.settings.cash, key=lambda c: (c != view.settings.base_currency, c))
    for quote in cash:
        known = view.board.instruments.get(at(venue, f"{asset}/{quote}"))
        if known is not None and known.active:
            yield known


def _fresh(pair: Instrument, view: View) -> Price | None:
    price = view.board.prices.get(at(pair.venue, pair.symbol))
    if price is None or view.now_us - price.at_us > view.settings.price_stale_us:
        return None
    return price


def _rate(quote: str, view: View) -> Decimal | None:
    if quote == view.settings.base_currency:
        return ONE
    mark = view.board.marks.get(quote)
    if mark is None or view.now_us - mark.at_us > view.settings.mark_stale_us:
        return None
    return mark.value


def _within(
    account: Account, pair: Instrument, middle: Decimal, rate: Decimal, free: Decimal, view: View
) -> Holding | str:
    price = middle * (ONE - _collar_pct(account, pair.symbol, view) * WITHIN / HUNDRED)
    if pair.tick:
        price = (price / pair.tick).to_integral_value(ROUND_CEILING) * pair.tick
    quantity = pair.whole_lots(free)
    if quantity <= ZERO or (pair.min_quantity is not None and quantity < pair.min_quantity):
        return f"dust: {pair.venue} sells no less than {_told(pair.min_quantity or pair.lot)}"
    if pair.min_value is not None and quantity * price < pair.min_value:
        return f"dust: {pair.venue} sells nothing under {_told(pair.min_value)} {pair.quote}"
    draft = Draft(
        account=account,
        symbol=pair.symbol,
        side=Side.SELL,
        kind=Kind.LIMIT,
        quantity=quantity,
        price=price,
        time_in_force=TimeInForce.IOC,
        strategy=STRATEGY,
    )
    return Holding(asset=pair.base, draft=draft, rate=rate)


def _collar_pct(account: Account, symbol: str, view: View) -> Decimal:
    """The tightest collar that such a sale has to pass: the desk's, or that of a scope."""
    lenses = () if view.covering is None else view.covering((account, symbol, STRATEGY))
    scoped = (lens.view.limits.price_collar_pct for lens in lenses)
    return min((view.limits.price_collar_pct, *scoped))


def _told(least: Decimal | None) -> str:
    return "a lot" if least is None else canonical(least)
