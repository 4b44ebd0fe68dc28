"""A desk with two venues, two symbols, two strategies, and limits in every scope of them."""

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal

from domain.board import AccountView
from domain.instruments import Account
from domain.orders import Draft, Fill, OrderState, Side
from domain.scopes import Scope
from risk.exposure import claim_of
from risk.proposal import View
from risk.scoped import SCOPED, ScopedLimits, limited_scope
from risk.scoping import Scopes
from tests.risk.desks import MAIN, NOW_US, D, balances, board, draft, order, price, view

OTHER = Account("kucoin", "main")
GRID, DCA = "grid", "dca"
TEXTS = (
    "VENUE:kraken",
    "VENUE:kucoin",
    "ACCOUNT:kraken/main",
    "STRATEGY:grid",
    "STRATEGY:dca",
    "SYMBOL:BTC/USD",
    "SYMBOL:ETH/USD",
)
SCOPES: tuple[Scope, ...] = tuple(limited_scope(text) for text in TEXTS)
PRICES = (
    price(),
    price("ETH/USD", "3000"),
    price("ETH/BTC", "0.05"),
    price(venue="kucoin"),
    price("ETH/USD", "3000", venue="kucoin"),
)


def scoped(text: str, **limits: Decimal | dict[str, Decimal]) -> ScopedLimits:
    return ScopedLimits(scope=limited_scope(text), **limits)  # type: ignore[arg-type]


def everywhere(value: int = 10**9) -> tuple[ScopedLimits, ...]:
    """Every setting limited in every scope, so widely that nothing is felt."""
    told = {name: D(value) for name in SCOPED if name != "max_position_size"}
    told["price_collar_pct"] = D(90)
    sizes = {"default": D(value)}
    return tuple(scoped(text, **told, max_position_size=sizes) for text in TEXTS)


def two_venues(*by_scope: ScopedLimits, **limits: Decimal) -> tuple[View, Scopes]:
    """A view of two funded accounts with these limits by scope, and the sums that feed it."""
    held = balances(USD="500000", BTC="1")
    there = balances(OTHER, USD="500000", BTC="2")
    seen = board(held, PRICES)
    seen = seen.but(
        accounts=seen.accounts.put(
            OTHER, AccountView(account=OTHER, balances=there, reconciled_us=NOW_US)
        )
    )
    made = view(seen, max_order_value=D(10**7), max_daily_volume=D(10**8), **limits)
    made.limits = replace(made.limits, by_scope=by_scope, max_position_size={"default": D(10**8)})
    return made, Scopes(made)


def wish(
    side: Side = Side.BUY,
    quantity: str = "0.1",
    price_: str = "60000",
    *,
    symbol: str = "BTC/USD",
    account: Account = MAIN,
    strategy: str = "manual",
) -> Draft:
    return draft(side, quantity, price_, symbol=symbol, account=account, strategy=strategy)


def working(wanted: Draft, name: str) -> OrderState:
    made = order(wanted, name)
    return OrderState(order=made, quantity=made.quantity, price=made.price)


def opened(sums: Scopes, name: str, wanted: Draft) -> None:
    sums.claim(name, claim_of(working(wanted, name)))


def filled(wanted: Draft, trade_id: str, quantity: str | None = None, at_us: int = NOW_US) -> Fill:
    return Fill(
        account=wanted.account,
        symbol=wanted.symbol,
        trade_id=trade_id,
        side=wanted.side,
        quantity=D(quantity) if quantity else wanted.quantity,
        price=wanted.price or D(60_000),
        fee=D(0),
        fee_asset="USD",
        at_us=at_us,
    )


def figures(sums: Scopes, now_us: int, assets: Iterable[str] = ("BTC", "ETH")) -> dict[str, object]:
    """Everything that the rules read through each scope."""
    told: dict[str, object] = {}
    for lens in sums.lenses:
        seen = lens.view
        told[lens.name] = (
            seen.exposure.count,
            seen.exposure.value,
            dict(seen.exposure.incoming),
            tuple(seen.exposure.most(asset) for asset in assets),
            seen.turnover.today(now_us),
            seen.pace.orders.count(now_us),
            tuple(seen.pace.executions(s, now_us) for s in (GRID, DCA)),
            tuple(seen.pace.denials(s, now_us) for s in (GRID, DCA)),
        )
    return told
