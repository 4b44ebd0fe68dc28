"""Paper over a loopback venue through the real ccxt class, with its public trades."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from domain.instruments import Account
from domain.orders import Fill, OrderState, Side
from tests.venues.ccxt_wire_desk import Clock
from tests.venues.demo_desks import an_order, state_of
from tests.wire.fixtures import until
from tests.wire.host import VenueThread
from tests.wire.kraken.limits import Limits
from tests.wire.kraken.loopback import hosted
from tests.wire.kucoin.limits import Limits as Pools
from tests.wire.kucoin.loopback import hosted as hosted_kucoin
from tests.wire.redirect import redirected
from venues import ccxt_quirks, ccxt_stream, paper_tape
from venues.budget import Pace
from venues.ccxt_venue import CcxtVenue, VenueSettings, open_venue
from venues.demo_dice import SeededDice
from venues.paper import PaperVenue, open_paper
from venues.paper_desk import PaperSettings

PURSE = {"USD": Decimal(100_000), "USDT": Decimal(100_000), "BTC": Decimal(1)}
PATIENCE_S = 15.0
# KuCoin and Kraken call the topic of trades so.
TOPICS = ("trade", "/market/match")


@dataclass
class Wired:
    """A loopback venue, and what the tests do with its market."""

    name: str
    loopback: VenueThread[Any]
    problems: list[str] = field(default_factory=list)

    @property
    def symbol(self) -> str:
        return "BTC/USD" if self.name == "kraken" else "BTC/USDT"

    @property
    def account(self) -> Account:
        return Account(self.name, "main")

    def best_bid(self) -> tuple[Decimal, Decimal]:
        """Price and displayed quantity."""
        price, quantity = self.loopback.ask("depth", symbol=self.symbol)["bids"][0]
        return Decimal(price), Decimal(quantity)

    def sell(self, quantity: Decimal) -> None:
        """Somebody sells at the market."""
        self.loopback.ask("place", side="sell", symbol=self.symbol, quantity=str(quantity))

    async def follows_trades(self) -> None:
        def subscribed() -> bool:
            sockets = self.loopback.ask("sockets")
            return any(self.symbol in s["public"].get(t, ()) for s in sockets for t in TOPICS)

        await until(subscribed, within_s=PATIENCE_S)

    @asynccontextmanager
    async def live(self) -> AsyncGenerator[CcxtVenue]:
        wanted = VenueSettings(timeout_ms=3_000)
        async with open_venue(
            self.name, {}, clock=Clock(), settings=wanted, on_problem=self.problems.append
        ) as venue:
            yield venue

    @asynccontextmanager
    async def paper(self, directory: Path) -> AsyncGenerator["WiredPaper"]:
        async with (
            self.live() as live,
            open_paper(
                live.traits,
                live.market,
                ["main"],
                clock=Clock(),
                dice=SeededDice(1, "paper"),
                state_dir=directory,
                book="ledger",
                settings=PaperSettings(balances=PURSE, latency_least_ms=1, latency_most_ms=5),
                tape=live.tape,
                on_problem=self.problems.append,
            ) as venue,
            asyncio.TaskGroup() as group,
        ):
            running = group.create_task(venue.run())
            yield WiredPaper(self, venue)
            running.cancel()


@dataclass
class WiredPaper:
    """A paper desk at a loopback venue."""

    wired: Wired
    venue: PaperVenue

    @property
    def fills(self) -> list[Fill]:
        return self.venue.desk.till.fills

    async def buy(self, quantity: str, price: Decimal) -> OrderState:
        """A resting order."""
        name = str(self.wired.account)
        order = an_order(
            Side.BUY, quantity, str(price), symbol=self.wired.symbol, account=name, post_only=True
        )
        placement = await self.venue.traders[self.wired.account].place(order)
        assert placement.accepted, placement
        return state_of(order, placement.venue_order_id)

    def ahead(self, state: OrderState) -> Decimal | None:
        """The queue in front of an order."""
        places = self.venue.desk.pits[self.wired.symbol].queues.places
        return places[state.venue_order_id].ahead

    async def so(self, true: Callable[[], bool]) -> None:
        await until(true, within_s=PATIENCE_S)


@contextmanager
def wired_to(name: str, patch: pytest.MonkeyPatch) -> Generator[Wired]:
    """A loopback venue, and the adapter without the patience that a real one would take."""
    row = ccxt_quirks._KNOWN[name]
    fast = replace(row, pace=Pace(1000, 1000.0), public_pace=Pace(1000, 1000.0))
    patch.setitem(ccxt_quirks._KNOWN, name, fast)
    patch.setattr(ccxt_stream, "LOOK_EVERY_S", 0.02)
    patch.setattr(paper_tape, "_LOOK_S", 0.05)
    patch.setattr(paper_tape, "_FIRST_PAUSE_US", 100_000)
    patch.setattr(paper_tape, "_LONGEST_PAUSE_US", 100_000)
    host = (
        hosted(limits=Limits(calls=None, orders=None))
        if name == "kraken"
        else hosted_kucoin(limits=Pools(pool=None))
    )
    running: Any
    with host as running, redirected(running.routes):
        yield Wired(name, running)
