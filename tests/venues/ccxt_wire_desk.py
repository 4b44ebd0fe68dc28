"""A desk over the loopback Kraken: the adapter with real keys, real sockets, real ccxt."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

import pytest

from domain.instruments import Account
from domain.orders import Final, Kind, Order, OrderState, Side
from domain.ports import AccountReader, Trader
from domain.sightings import (
    Heartbeat,
    OrderSeen,
    Sighting,
    TotalsSeen,
)
from tests.wire.clock import WallClock
from tests.wire.fixtures import until
from tests.wire.host import VenueThread
from tests.wire.kraken.limits import Limits
from tests.wire.kraken.loopback import Loopback, hosted
from tests.wire.redirect import redirected
from venues import ccxt_quirks, ccxt_stream
from venues.budget import Pace
from venues.ccxt_venue import CcxtVenue, VenueSettings, open_venue
from venues.keys import AccountKeys, Keys, Secret

D = Decimal
MAIN = Account("kraken", "main")
SECOND = 1_000_000


class Clock(WallClock):
    def monotonic_us(self) -> int:
        return round(asyncio.get_running_loop().time() * SECOND)


@pytest.fixture
def loopback() -> Generator[Loopback]:
    with hosted(limits=Limits(calls=None, orders=None)) as running, redirected(running.routes):
        yield running


@pytest.fixture
def unpaced(monkeypatch: pytest.MonkeyPatch) -> None:
    """Kraken without the patience that its real pace would take."""
    fast = replace(ccxt_quirks.KRAKEN, pace=Pace(1000, 1000.0), public_pace=Pace(1000, 1000.0))
    monkeypatch.setitem(ccxt_quirks._KNOWN, "kraken", fast)
    monkeypatch.setattr(ccxt_stream, "LOOK_EVERY_S", 0.02)


@dataclass
class Desk:
    """A venue over the loopback; `fail` has the next answers of an endpoint spoiled."""

    loopback: VenueThread[Any]
    venue: CcxtVenue
    problems: list[str]
    heard: list[Sighting] = field(default_factory=list)
    numbers: int = 0

    @property
    def account(self) -> Account:
        return Account(self.venue.traits.venue, "main")

    @property
    def reader(self) -> AccountReader:
        return self.venue.readers[self.account]

    @property
    def trader(self) -> Trader:
        return self.venue.traders[self.account]

    def order(self, **terms: Any) -> Order:
        self.numbers += 1
        defaults: dict[str, Any] = {
            "client_id": f"QDT1{self.numbers:014}",
            "account": self.account,
            "symbol": "BTC/USD" if self.account == MAIN else "BTC/USDT",
            "side": Side.BUY,
            "kind": Kind.LIMIT,
            "quantity": D("0.01"),
            "price": D(50_000),
            "at_us": Clock().now_us(),
        }
        return Order(**{**defaults, **terms})

    def market(self, **terms: Any) -> Order:
        return self.order(kind=Kind.MARKET, price=None, **terms)

    def truth(self, what: str) -> Any:
        return self.loopback.ask("truth")[what]

    def of(self, kind: type[Sighting]) -> list[Any]:
        return [sighting for sighting in self.heard if isinstance(sighting, kind)]

    async def hears(self, kind: type[Sighting], count: int = 1) -> None:
        await until(lambda: len(self.of(kind)) >= count)


def keys(loopback: VenueThread[Any], purpose: str) -> Keys:
    told = loopback.ask("credentials", purpose=purpose)
    third = told.get("password")
    return Keys(
        key=Secret(told["apiKey"]),
        secret=Secret(told["secret"]),
        passphrase=None if third is None else Secret(third),
    )


@asynccontextmanager
async def desk_at(
    loopback: VenueThread[Any], name: str = "kraken", **settings: Any
) -> AsyncGenerator[Desk]:
    wanted = VenueSettings(**{"timeout_ms": 1_000, **settings})
    account = AccountKeys(read=keys(loopback, "read"), trade=keys(loopback, "trade"))
    problems: list[str] = []
    async with open_venue(
        name, {"main": account}, clock=Clock(), settings=wanted, on_problem=problems.append
    ) as venue:
        yield Desk(loopback, venue, problems)


@asynccontextmanager
async def listening(
    desk: Desk, start: Callable[[Callable[[Sighting], None]], Awaitable[None]] | None = None
) -> AsyncGenerator["asyncio.Future[None]"]:
    """The account's stream (or another one) runs beside the test."""
    task = asyncio.ensure_future((start or desk.reader.stream)(desk.heard.append))
    try:
        if start is None:
            await desk.hears(Heartbeat)
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def state_of(order: Order, venue_order_id: str = "") -> OrderState:
    return OrderState(
        order=order,
        quantity=order.quantity,
        price=order.price,
        sent=True,
        venue_order_id=venue_order_id,
    )


def finals(desk: Desk) -> dict[str, Final]:
    reports = [seen.report for seen in desk.of(OrderSeen)]
    return {r.client_id: r.final for r in reports if r.final is not None and r.client_id}


def totals(desk: Desk) -> dict[str, Decimal]:
    told: dict[str, Decimal] = {}
    for seen in desk.of(TotalsSeen):
        told.update(seen.totals)
    return told
