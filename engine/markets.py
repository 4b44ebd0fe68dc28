"""One venue's public side: instruments, prices, books and clock.

The one rule: a price is shown with the time it arrived; when the stream is silent it is asked
for over REST, and when that fails too it grows old in plain sight.
"""

import asyncio
import logging
import statistics
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace

from accounting.valuation import better, mark_from
from domain import asks, sightings
from domain.board import VenueView, at
from domain.errors import DeskError, Refused, Unavailable
from domain.table import Table
from engine.connections import Connection
from engine.floor import Floor
from engine.operators import Operator, Role
from engine.pulse import Pulse
from engine.streams import keep_streaming

SECOND_US = 1_000_000
CLOCK_SAMPLES = 3
BOOKS = 4  # depth streams per desk
ANSWER_S = 30
QUIET_US = 20 * SECOND_US  # so long a stream may be silent about a symbol and be believed
log = logging.getLogger(__name__)


class MarketWatch:
    """Prices and clock of one venue."""

    def __init__(self, connection: Connection, floor: Floor, symbols: Sequence[str]) -> None:
        self.connection = connection
        self.venue = connection.venue
        self._floor = floor
        self._wanted = tuple(symbols)
        self._symbols: tuple[str, ...] = ()
        self._listed: frozenset[str] = frozenset()
        self._told_us: dict[str, int] = {}
        self._confirmed_us = 0
        traits = connection.traits
        silent_us = floor.settings.stream_silent_s * SECOND_US
        self.pulse = Pulse(
            venue=self.venue,
            kind="prices",
            silent_us=max(silent_us, 3 * traits.heartbeat_us),
            expected_us=traits.heartbeat_us,
            polled=not traits.price_stream,
        )

    # Starting

    async def load(self) -> None:
        """Read the venue's instruments.

        Raises:
            Unavailable: when they could not be read whole.
        """
        async with asyncio.timeout(ANSWER_S):
            listed = await self.connection.market.instruments()
        board = self._floor.desk.board
        merged = dict(board.instruments)
        merged.update({at(known.venue, known.symbol): known for known in listed})
        self._floor.desk.show(instruments=Table(merged))
        self._listed = frozenset(known.symbol for known in listed if known.active)

    async def choose(self) -> None:
        """Choose the symbols to watch and ask for their prices once.

        Raises:
            Unavailable: when the prices could not be read.
        """
        self._symbols = self._chosen()
        await self._ask_prices(self._symbols)

    def _chosen(self) -> tuple[str, ...]:
        """What was configured and is listed, and every pair of what we hold with cash."""
        board = self._floor.desk.board
        held = {
            asset
            for account in self.connection.readers
            for view in [board.accounts.get(account)]
            if view is not None and view.balances is not None
            for asset in view.balances.assets
        }
        cash = sorted(self._floor.door.view.settings.cash)
        pairs = (f"{asset}/{quote}" for asset in sorted(held) for quote in cash)
        wanted = dict.fromkeys((*self._wanted, *pairs))
        return tuple(symbol for symbol in wanted if symbol in self._listed)

    async def measure_clock(self) -> None:
        """The venue's clock against ours: the median of a few, half a round trip allowed for.

        Raises:
            Unavailable: when the venue does not tell its time.
        """
        offsets, trips = [], []
        for _ in range(CLOCK_SAMPLES):
            before, asked = self._floor.now_us(), self._floor.clock.monotonic_us()
            async with asyncio.timeout(ANSWER_S):
                theirs = await self.connection.market.clock_us()
            trip = self._floor.clock.monotonic_us() - asked
            offsets.append(theirs - (before + trip // 2))
            trips.append(trip)
        self._show(skew_us=int(statistics.median(offsets)), latency_us=min(trips))

    def _show(self, **changes: object) -> None:
        venues = self._floor.desk.board.venues
        known = venues.get(self.venue) or VenueView(
            venue=self.venue,
            sandbox=self.connection.traits.sandbox,
            accounts=tuple(sorted(self.connection.readers)),
        )
        view = replace(known, **changes)  # type: ignore[arg-type]
        self._floor.desk.show(venues=venues.put(self.venue, view))

    # Running

    async def stream(self) -> None:
        """The price stream, for ever."""
        if self.connection.traits.price_stream:
            await keep_streaming(self._floor, self.pulse, self._dial)

    async def _dial(self) -> None:
        await self.connection.market.stream_prices(self._symbols, self._hear)

    def _hear(self, sighting: sightings.Sighting) -> None:
        now = self._floor.now_us()
        if not self.pulse.connected:
            self.pulse.came_alive()
        if isinstance(sighting, sightings.Heartbeat):
            self.pulse.heartbeat_us = now
        else:
            self.pulse.message_us = now
            self._floor.desk.see(sighting)
        if isinstance(sighting, sightings.PriceSeen):
            self._told_us[sighting.price.symbol] = now
        if now - self._confirmed_us >= SECOND_US:
            self._confirm(now)

    def _confirm(self, now: int) -> None:
        """A live stream that tells nothing new says that the prices stand."""
        self._confirmed_us = now
        board = self._floor.desk.board
        for symbol in self._symbols:
            price = board.price(self.venue, symbol)
            asked = self._told_us.get(symbol, 0)
            if price is not None and price.at_us < now - SECOND_US and now - asked < QUIET_US:
                self._floor.desk.see(sightings.PriceSeen(price=replace(price, at_us=now)))

    async def poll(self) -> None:
        """Prices over REST: all while the stream is dead, else those it was long silent about."""
        while True:
            await asyncio.sleep(max(1, self._floor.settings.price_stale_s // 2))
            now = self._floor.now_us()
            dead = not self.pulse.connected or self.pulse.silent(now)
            wanted = [
                symbol
                for symbol in self._symbols
                if dead or now - self._told_us.get(symbol, 0) > QUIET_US // 2
            ]
            if wanted:
                await self._safely_priced(wanted)

    async def _safely_priced(self, symbols: Sequence[str]) -> None:
        try:
            await self._ask_prices(symbols)
        except (Unavailable, TimeoutError) as error:
            self.pulse.problem = self.pulse.problem or str(error)

    async def _ask_prices(self, symbols: Sequence[str]) -> None:
        if not symbols:
            return
        async with asyncio.timeout(ANSWER_S):
            prices = await self.connection.market.prices(symbols)
        now = self.pulse.poll_us = self._floor.now_us()
        for price in prices:
            self._told_us[price.symbol] = now
            self._floor.desk.see(sightings.PriceSeen(price=price))

    async def watch_clock(self) -> None:
        """Measure the clock on a timer; a venue that does not answer keeps its last skew."""
        while True:
            await asyncio.sleep(self._floor.settings.clock_every_s)
            try:
                await self.measure_clock()
            except (Unavailable, TimeoutError) as error:
                log.info("clock of %s was not measured: %s", self.venue, error)


class Marks:
    """Keeps the board's marks in step with its prices."""

    def __init__(self, floor: Floor) -> None:
        self._floor = floor

    def fact(self, fact: object, board: object) -> None:
        """Facts move no marks."""

    def sighting(self, sighting: sightings.Sighting, _: object) -> None:
        """A price may be a better mark for its base asset than the one we have."""
        if not isinstance(sighting, sightings.PriceSeen):
            return
        desk = self._floor.desk
        new = mark_from(sighting.price, desk.board)
        if new is None:
            return
        old = desk.board.marks.get(new.asset)
        if better(new, old, self._floor.now_us()):
            desk.show(marks=desk.board.marks.put(new.asset, new))


class Depths:
    """Answers WatchDepth: streams a few books, the least recently asked for goes first."""

    def __init__(self, floor: Floor) -> None:
        self._floor = floor
        self._streams: OrderedDict[str, asyncio.Task[None]] = OrderedDict()
        floor.desk.answer(asks.WatchDepth, self.watch, Role.VIEWER)

    async def watch(self, ask: asks.WatchDepth, caller: Operator) -> asks.Done:
        """Stream one symbol's book from now on."""
        key = at(ask.venue, ask.symbol)
        if self._floor.desk.board.instrument(ask.venue, ask.symbol) is None:
            raise Refused("instrument", f"{ask.venue} does not list {ask.symbol}")
        running = self._streams.get(key)
        if running is not None and not running.done():
            self._streams.move_to_end(key)
            return asks.Done(detail=f"{key} is streamed already")
        while len(self._streams) >= BOOKS:
            self._streams.popitem(last=False)[1].cancel()
        task = self._floor.run(self._stream(ask.venue, ask.symbol), f"depth {key}")
        self._streams[key] = task
        return asks.Done(detail=f"streaming the book of {key} for {caller.name}")

    async def _stream(self, venue: str, symbol: str) -> None:
        market = self._floor.connections.by_venue(venue).market
        attempt = 0
        while True:
            try:
                await market.stream_depth(symbol, self._floor.desk.see)
            except DeskError as error:
                log.info("book of %s at %s broke: %s", symbol, venue, error)
            attempt += 1
            await asyncio.sleep(min(30, 2**attempt))
