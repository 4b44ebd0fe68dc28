"""What the paper tests build on: a public market that the test feeds, and paper over it."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path

from domain.errors import Unavailable
from domain.instruments import Instrument
from domain.market import Depth, Level, Price
from domain.orders import Order, OrderState, Side, TimeInForce
from domain.ports import Hear, Placement, Tape, VenueTraits
from domain.sightings import DepthSeen, Heartbeat, Sighting
from tests.venues.demo_desks import SECOND_US, HandClock, an_order, state_of
from venues.demo_dice import SeededDice
from venues.paper import PaperVenue, open_paper
from venues.paper_desk import PaperSettings

VENUE = "coinbase"
BTC = Instrument(
    venue=VENUE,
    symbol="BTC/USD",
    tick=Decimal("0.1"),
    lot=Decimal("0.0001"),
    min_quantity=Decimal("0.001"),
    max_quantity=Decimal(50),
    min_value=Decimal(1),
    max_value=Decimal(2_000_000),
    fee_rate=Decimal("0.004"),
    maker_fee_rate=Decimal("0.002"),
)
ETH = replace(BTC, symbol="ETH/USD", fee_rate=None, maker_fee_rate=None)
CLOSED = replace(BTC, symbol="OLD/USD", active=False)
PURSE = {"USD": Decimal(100_000), "BTC": Decimal(2)}
AT_ONCE = PaperSettings(
    balances=PURSE, latency_least_ms=0, latency_most_ms=0, book_wait_ms=50, book_age_ms=10_000
)
Rows = Sequence[tuple[str, str]]


def levels(rows: Rows) -> tuple[Level, ...]:
    return tuple(Level(price=Decimal(p), quantity=Decimal(q)) for p, q in rows)


@dataclass
class FedMarket:
    """The Market port, told by the test what the public sees."""

    clock: HandClock
    listed: list[Instrument] = field(default_factory=lambda: [BTC, ETH, CLOSED])
    offline: bool = False
    books: dict[str, Depth] = field(default_factory=dict)
    ears: dict[str, list[tuple[Hear, asyncio.Future[None]]]] = field(default_factory=dict)
    dialled: list[str] = field(default_factory=list)

    async def instruments(self) -> Sequence[Instrument]:
        self._reach()
        return list(self.listed)

    async def prices(self, symbols: Sequence[str]) -> Sequence[Price]:
        self._reach()
        return []

    async def clock_us(self) -> int:
        self._reach()
        return self.clock.now_us()

    async def stream_prices(self, symbols: Sequence[str], hear: Hear) -> None:
        self._reach()
        await asyncio.get_running_loop().create_future()

    async def stream_depth(self, symbol: str, hear: Hear) -> None:
        self.dialled.append(symbol)
        self._reach()
        broken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        ear = (hear, broken)
        self.ears.setdefault(symbol, []).append(ear)
        try:
            if symbol in self.books:
                hear(DepthSeen(depth=self.books[symbol]))
            await broken
        finally:
            self.ears[symbol].remove(ear)

    def show(self, bids: Rows, asks: Rows, symbol: str = "BTC/USD") -> None:
        """The book as everybody sees it from now on."""
        depth = Depth(
            venue=VENUE,
            symbol=symbol,
            bids=levels(bids),
            asks=levels(asks),
            at_us=self.clock.now_us(),
        )
        self.books[symbol] = depth
        self.tell(symbol, DepthSeen(depth=depth))

    def beat(self, symbol: str = "BTC/USD") -> None:
        self.tell(symbol, Heartbeat(venue=VENUE, feed="depth", at_us=self.clock.now_us()))

    def tell(self, symbol: str, sighting: Sighting) -> None:
        for hear, _ in list(self.ears.get(symbol, [])):
            hear(sighting)

    def cut(self, symbol: str = "BTC/USD") -> None:
        for _, broken in self.ears.get(symbol, []):
            broken.set_exception(Unavailable(VENUE, "connection reset by peer"))

    def _reach(self) -> None:
        if self.offline:
            raise Unavailable(VENUE, "cannot connect")


@dataclass
class Paper:
    """Paper accounts over a fed market, with what tests do all the time."""

    venue: PaperVenue
    market: FedMarket
    clock: HandClock
    problems: list[str] = field(default_factory=list)

    async def place(
        self,
        side: Side,
        quantity: str,
        price: str | None = None,
        *,
        account: str = "main",
        symbol: str = "BTC/USD",
        time_in_force: TimeInForce = TimeInForce.GTC,
        post_only: bool = False,
    ) -> tuple[Order, Placement]:
        order = an_order(
            side,
            quantity,
            price,
            symbol=symbol,
            account=f"{VENUE}/{account}",
            time_in_force=time_in_force,
            post_only=post_only,
        )
        return order, await self.venue.traders[order.account].place(order)

    async def placed(
        self,
        side: Side,
        quantity: str,
        price: str | None = None,
        *,
        account: str = "main",
        time_in_force: TimeInForce = TimeInForce.GTC,
        post_only: bool = False,
    ) -> OrderState:
        order, placement = await self.place(
            side,
            quantity,
            price,
            account=account,
            time_in_force=time_in_force,
            post_only=post_only,
        )
        assert placement.accepted, placement
        return state_of(order, placement.venue_order_id)

    def totals(self, account: str = "main") -> dict[str, Decimal]:
        return {
            asset: known.total for asset, known in self.venue.desk.till.balances(account).items()
        }

    def used(self, asset: str, account: str = "main") -> Decimal | None:
        return self.venue.desk.till.balances(account)[asset].used

    def fills(self, state: OrderState) -> list[tuple[str, str, str]]:
        """Quantity, price and liquidity of an order's fills."""
        return [
            (str(fill.quantity), str(fill.price), fill.liquidity)
            for fill in self.venue.desk.till.fills
            if fill.venue_order_id == state.venue_order_id
        ]

    def pass_time(self, seconds: int) -> None:
        self.clock.at_us += seconds * SECOND_US


BIDS: Rows = (("99.9", "1"), ("99.8", "2"), ("99.5", "5"))
ASKS: Rows = (("100.1", "1"), ("100.2", "2"), ("100.5", "5"))
TRAITS = VenueTraits(venue=VENUE, account_stream=False, dead_man=True)


@asynccontextmanager
async def paper(  # noqa: PLR0913 - each is one thing that a test may want otherwise
    directory: Path | None = None,
    *,
    clock: HandClock | None = None,
    market: FedMarket | None = None,
    accounts: Sequence[str] = ("main", "other"),
    settings: PaperSettings = AT_ONCE,
    book: str | None = "ledger",
    traits: VenueTraits = TRAITS,
    runs: bool = True,
    tape: Tape | None = None,
) -> AsyncGenerator[Paper]:
    """Paper opened and running, over a market with a book in it."""
    problems: list[str] = []
    clock = clock or HandClock()
    if market is None:
        market = FedMarket(clock)
        market.show(BIDS, ASKS)
        market.show(BIDS, ASKS, "ETH/USD")
    opening = open_paper(
        traits,
        market,
        accounts,
        clock=clock,
        dice=SeededDice(1, "paper"),
        state_dir=directory,
        book=book,
        settings=settings,
        tape=tape,
        on_problem=problems.append,
    )
    async with opening as venue, asyncio.TaskGroup() as group:
        task = group.create_task(venue.run()) if runs else None
        try:
            yield Paper(venue, market, clock, problems)
        finally:
            if task is not None:
                task.cancel()


def memory(known: Paper) -> Mapping[str, object]:
    """Everything that must outlast a restart."""
    desk = known.venue.desk
    return {"till": desk.till.whole(), "fees": dict(desk.fees.known)}
