"""A small desk for the gate's tests: one funded account, fresh prices, wide limits."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

from domain.board import AccountView, Board, Mode, Phase, at
from domain.instruments import Account, Instrument
from domain.market import AssetBalance, Balances, Mark, Price
from domain.orders import Draft, Kind, Order, OrderState, Side
from domain.table import Table
from domain.verdicts import RuleResult, Verdict
from risk.gate import judge
from risk.limits import Limits
from risk.proposal import GateSettings, View

NOW_US = 1_760_000_000_000_000
MAIN = Account("kraken", "main")
SYMBOL = "BTC/USD"
D = Decimal

LIMITS = Limits(
    max_order_value=D(10_000),
    max_daily_volume=D(100_000),
    max_position_size={"default": D(50_000)},
)


def balances(account: Account = MAIN, *, at_us: int = NOW_US, **assets: str) -> Balances:
    held = {asset: AssetBalance(total=D(total), used=D(0)) for asset, total in assets.items()}
    return Balances(account=account, assets=held, asked_us=at_us, at_us=at_us)


def price(symbol: str = SYMBOL, last: str = "60000", *, venue: str = "kraken") -> Price:
    return Price(venue=venue, symbol=symbol, bid=D(last), ask=D(last), last=D(last), at_us=NOW_US)


def board(
    held: Balances | None = None, prices: tuple[Price, ...] | None = None, mode: Mode = Mode.DEMO
) -> Board:
    known = held or balances(USD="50000", BTC="0.5")
    shown = prices or (price(), price("ETH/USD", "3000"), price("ETH/BTC", "0.05"))
    return Board(
        mode=mode,
        phase=Phase.READY,
        accounts=Table(
            {
                known.account: AccountView(
                    account=known.account, balances=known, reconciled_us=NOW_US
                )
            }
        ),
        instruments=Table(
            {
                at(p.venue, p.symbol): Instrument(
                    venue=p.venue,
                    symbol=p.symbol,
                    tick=D("0.00001") if p.symbol == "ETH/BTC" else D("0.1"),
                    lot=D("0.00001"),
                    min_quantity=D("0.0001"),
                    fee_rate=D("0.0026"),
                )
                for p in shown
            }
        ),
        prices=Table({at(p.venue, p.symbol): p for p in shown}),
        marks=Table(
            {
                asset: Mark(asset=asset, value=D(value), at_us=NOW_US, source="test")
                for asset, value in {"BTC": "60000", "ETH": "3000"}.items()
            }
        ),
    )


def view(the_board: Board | None = None, **limits: Decimal | Mapping[str, Decimal]) -> View:
    made = the_board or board()
    seen = View(
        board=made,
        limits=replace(LIMITS, **limits),  # type: ignore[arg-type]
        settings=GateSettings(),
        now_us=NOW_US,
    )
    for account in made.accounts.values():
        if account.balances is not None:
            seen.exposure.balances_seen(account.balances)
    return seen


def draft(
    side: Side = Side.BUY,
    quantity: str = "0.1",
    price_: str | None = "60000",
    *,
    symbol: str = SYMBOL,
    account: Account = MAIN,
    strategy: str = "manual",
) -> Draft:
    return Draft(
        account=account,
        symbol=symbol,
        side=side,
        kind=Kind.LIMIT if price_ is not None else Kind.MARKET,
        quantity=D(quantity),
        price=D(price_) if price_ is not None else None,
        strategy=strategy,
    )


def order(wanted: Draft, client_id: str = "QD01", *, reference: str = "60000") -> Order:
    return Order(
        client_id=client_id,
        account=wanted.account,
        symbol=wanted.symbol,
        side=wanted.side,
        kind=wanted.kind,
        quantity=wanted.quantity,
        price=wanted.price,
        strategy=wanted.strategy,
        reference=wanted.price or D(reference),
        base_rate=D(1),
        fee_rate=D("0.0026"),
        at_us=NOW_US,
    )


def state(wanted: Draft, client_id: str = "QD01") -> OrderState:
    made = order(wanted, client_id)
    return OrderState(order=made, quantity=made.quantity, price=made.price)


def unknown(wanted: Draft, client_id: str = "QD01") -> OrderState:
    """An order whose answer was lost: it may be at its venue."""
    return replace(state(wanted, client_id), sent=True, outcome_unknown=True)


def aged_accounts(
    seen: Board, *, age_us: int = 0, reconciled: int = NOW_US
) -> Table[str, AccountView]:
    """The accounts of a board with balances of that age."""
    old = seen.accounts[MAIN]
    assert old.balances is not None
    aged = replace(old.balances, at_us=NOW_US - age_us)
    return seen.accounts.put(MAIN, replace(old, balances=aged, reconciled_us=reconciled))


def result(verdict: Verdict, rule: str) -> RuleResult:
    return next(found for found in verdict.results if found.rule == rule)


def denied_by(rule: str, wanted: Draft, seen: View) -> str:
    """The reason of a denial that this rule, and no earlier one, decided."""
    verdict = judge(wanted, seen)
    assert not verdict.approved
    assert verdict.rule == rule, verdict.reason
    return verdict.reason
