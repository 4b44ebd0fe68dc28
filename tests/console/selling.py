"""What the fake desk tells of flattening and of the triggers: plans, and a halt that sells."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from domain import controls, events
from domain.asks import FlattenPreview, Identity, WhoAmI
from domain.board import Board
from domain.flatten import (
    STRATEGY,
    AccountLeft,
    Flattening,
    FlattenPlan,
    FlattenState,
    Leftover,
    PlannedSale,
)
from domain.halts import GLOBAL, Level
from domain.instruments import Account
from domain.orders import Final, Side, VenueOrder
from domain.triggers import Gauge, ReadTriggers, TriggerView
from tests.console import boards, facts
from tests.console.views import ACCOUNTS, NOW_US, OPERATOR, SECOND

D = Decimal
ROLES = ("admin", "approver", "trader", "viewer")
DUST = Leftover(asset="ADA", quantity=D("0.4"), why="dust: gate sells no less than 1")
_SALES = (
    ("kraken", "BTC", "BTC/USDT", "0.521", "30734.02", 7),
    ("kraken", "ETH", "ETH/USDT", "1.5", "4446.97", 1),
    ("kucoin", "SOL", "SOL/USDT", "88", "11870.76", 3),
)


def answers() -> dict[type[Any], Any]:
    """Who asks may everything; a plan for each scope; two triggers."""
    return {
        WhoAmI: Identity(operator=OPERATOR, roles=ROLES, enrolled=True),
        FlattenPreview: lambda ask: plan(ask.scope),
        ReadTriggers: triggers(),
    }


def plan(scope: str = GLOBAL) -> FlattenPlan:
    """Three holdings of which one venue's are inside a narrow scope; dust stays."""
    venue = scope.partition(":")[2].partition("/")[0]
    sales = tuple(
        PlannedSale(
            account=ACCOUNTS[name], asset=asset, symbol=symbol, quantity=D(quantity),
            value=D(value), slices=slices,
        )
        for name, asset, symbol, quantity, value, slices in _SALES
        if venue in ("", name)
    )  # fmt: skip
    left = (AccountLeft(account=ACCOUNTS["gate"], left=(DUST,)),) if scope == GLOBAL else ()
    value = sum((sale.value for sale in sales), D(0))
    return FlattenPlan(scope=scope, collar_pct=D(5), sales=sales, left=left, value=value)


def triggers(limit: int = 10, **failures: int) -> tuple[TriggerView, ...]:
    """The trigger of failed orders as a desk with this setting tells it."""
    failed = failures or {"kraken": 1, "kucoin": 2}
    gauges = tuple(Gauge(f"{venue}/main", D(n), D(limit)) for venue, n in sorted(failed.items()))
    over = tuple(f"ACCOUNT:{gauge.about}" for gauge in gauges if gauge.used >= limit)
    return (
        TriggerView(
            name="failed_orders", meaning="Orders that an account's venue rejected", on=True,
            value=str(max(failed.values())), limit=f"{limit} in 300 s",
            level=Level.HALT_CANCEL, holds=over, gauges=gauges,
        ),
    )  # fmt: skip


# A halt that sells


def tripped(*, ago: int = 3 * SECOND) -> controls.HaltTripped:
    """The halt of `boards.halting`, raised to FLATTEN."""
    return controls.HaltTripped(
        at_us=NOW_US - ago, actor=OPERATOR, halt_id="h2", level=Level.FLATTEN,
        reason="flattened in the console", scope=GLOBAL,
    )  # fmt: skip


def proven() -> Iterator[events.Fact]:
    """Every order is gone at every account."""
    for account in ACCOUNTS.values():
        yield facts.evidence(account=account, before=2, cancelled=2, left=0, verified_ms=1_840)
    yield controls.HaltVerified(at_us=NOW_US, actor="engine", halt_id="h1", verified_ms=1_840)


def told(account: Account, state: FlattenState, **changes: Any) -> controls.HaltFlattened:
    """How far one account has come."""
    seen = Flattening(account=account, state=state, **changes)
    return controls.HaltFlattened(at_us=NOW_US, actor="engine", halt_id="h1", flattening=seen)


def sale(name: str, venue: str, symbol: str, quantity: str, price: str, *, filled: bool = True
         ) -> Iterator[events.Fact]:  # fmt: skip
    """A slice: sold whole, or nobody bought."""
    client_id, recent = f"QDA7SELL{name:0>10}", SECOND
    yield facts.approved(
        client_id, venue, symbol, Side.SELL, quantity, price, ago=recent, strategy=STRATEGY
    )
    yield facts.acked(client_id)
    if filled:
        yield facts.filled(
            client_id, venue, symbol, Side.SELL, quantity, price, ago=recent, trade=f"S{name}"
        )
    else:
        report = VenueOrder(
            account=ACCOUNTS[venue], venue_order_id=f"V-{client_id[-6:]}", final=Final.EXPIRED
        )
        yield events.OrderReported(
            at_us=NOW_US, actor="engine", client_id=client_id, report=report, source="stream"
        )


def refused() -> events.OrderDenied:
    """A slice that the gate denied."""
    order = facts.make_order(
        "QDA7SELL9999999999", "kraken", "ETH/USDT", Side.SELL, "1.5", "2964.64",
        ago=SECOND, strategy=STRATEGY,
    )  # fmt: skip
    return events.OrderDenied(
        at_us=NOW_US, actor="engine", order=order, rule="price_collar_pct",
        reason="2964.64 is 5.2 % from the middle",
    )  # fmt: skip


def selling() -> Board:
    """Killed, then flattened: one account sells, one is done, one was stopped, one waits."""
    kraken, kucoin, gate, mexc = (ACCOUNTS[v] for v in ("kraken", "kucoin", "gate", "mexc"))
    return boards.told(
        boards.halting(),
        [
            tripped(),
            *proven(),
            *sale("1", "kraken", "BTC/USDT", "0.08", "61000"),
            *sale("2", "kraken", "BTC/USDT", "0.08", "62000"),
            refused(),
            told(kraken, FlattenState.SELLING, slices=2, sold=D(9_840)),
            told(kucoin, FlattenState.DONE, slices=3, sold=D(12_100), left=(DUST,)),
            told(gate, FlattenState.STOPPED, detail="tripped again: nothing more is sold"),
            told(mexc, FlattenState.WAITING, detail="its orders are cancelled and proven first"),
        ],
    )
