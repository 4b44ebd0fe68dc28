"""One venue's public side: instruments, prices, books and clock.

The one rule: a price is shown with the time it arrived; when the stream is silent it is asked
for over REST, and when that fails too it grows old in plain sight.
"""

import asyncio
import logging
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import replace

from accounting.valuation import better, mark_from
from domain import sightings
from domain.board import VenueView, at
from domain.errors import Unavailable
from domain.table import Table
from engine.connections import Connection
from engine.floor import Floor
from engine.listings import relisted
from engine.pulse import Pulse
from engine.streams import keep_streaming
from engine.troubles import Troubles

SECOND_US = 1_000_000
CLOCK_SAMPLES = 3
CLOCK_AGAIN_S = 15  # while the clocks are too far apart for orders
RELIST_S = 3_600
RELIST_AGAIN_S = 60  # after a failure
TOLD = 10  # changed instruments that the log names
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
        self._rechosen = asyncio.Event()
        self._troubles = Troubles(log)
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
        """Read the venue's instruments, unless they are known already.

        Raises:
            Unavailable: when they could not be read whole.
        """
        if not self._listed:
            await self._read_listing()

    async def _read_listing(self) -> dict[str, str]:
        """What the venue lists, shown on the board; what changed since before, by symbol."""
        async with asyncio.timeout(ANSWER_S):
            listed = await self.connection.market.instruments()
        board = self._floor.desk.board
        entries = dict(board.instruments)
        known = {old.symbol: old for old in entries.values() if old.venue == self.venue}
        renewed, changes = relisted(known, listed)
        if changes or renewed.keys() != known.keys():
            entries.update({at(self.venue, symbol): new for symbol, new in renewed.items()})
            self._floor.desk.show(instruments=Table(entries))
        self._listed = frozenset(symbol for symbol, new in renewed.items() if new.active)
        if self.connection.vitals is not None:
            self._show(markets_us=self.connection.vitals().markets_us)
        return changes

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
            for assets in (view.balances.assets, *view.balances.margins.values())
            for asset in assets
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
        """One stream after another: what is watched changes when something new is held."""
        while True:
            self._rechosen.clear()
            stream = asyncio.ensure_future(
                self.connection.market.stream_prices(self._symbols, self._hear)
            )
            other = asyncio.ensure_future(self._rechosen.wait())
            try:
                await asyncio.wait([stream, other], return_when=asyncio.FIRST_COMPLETED)
                if stream.done():
                    return await stream
            finally:
                stream.cancel()
                other.cancel()
                await asyncio.gather(stream, other, return_exceptions=True)

    def _hear(self, sighting: sightings.Sighting) -> None:
        now = self._floor.now_us()
        if not self.pulse.connected:
            self.pulse.came_alive(now)
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
            self._rechoose()
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
        about = f"prices of {self.venue} by request"
        try:
            await self._ask_prices(symbols)
        except (Unavailable, TimeoutError) as error:
            why, remedy = told_of(error)
            if not self.pulse.problem:
                self.pulse.problem, self.pulse.remedy = why, remedy
            self._troubles.met(about, why, remedy)
        else:
            self._troubles.over(about)

    async def _ask_prices(self, symbols: Sequence[str]) -> None:
        if not symbols:
            return
        async with asyncio.timeout(ANSWER_S):
            prices = await self.connection.market.prices(symbols)
        now = self.pulse.poll_us = self._floor.now_us()
        if self.pulse.polled:
            self.pulse.problem = self.pulse.remedy = ""
        for price in prices:
            self._told_us[price.symbol] = now
            self._floor.desk.see(sightings.PriceSeen(price=price))

    async def follow_listing(self) -> None:
        """Read the instruments again: at once, they may be the disk's; then every hour."""
        about = f"the instruments of {self.venue} were not read again"
        while True:
            wait_s = RELIST_S
            try:
                changes = await self._read_listing()
            except (Unavailable, TimeoutError) as error:
                why, remedy = told_of(error)
                self._troubles.met(about, why, remedy)
                wait_s = RELIST_AGAIN_S
            else:
                self._troubles.over(about)
                self._relisted(changes)
            await asyncio.sleep(wait_s)

    def _relisted(self, changes: Mapping[str, str]) -> None:
        if not changes:
            return
        ours = [symbol for symbol in changes if symbol in self._symbols]
        named = [*ours, *(symbol for symbol in changes if symbol not in ours)][:TOLD]
        told = "; ".join(f"{symbol} {changes[symbol]}" for symbol in named)
        level = logging.WARNING if ours else logging.INFO
        log.log(level, "%s changed %s instruments: %s", self.venue, len(changes), told)
        self._rechoose()

    def _rechoose(self) -> None:
        """Watch what is held by now as well, and no longer what is not listed."""
        kept = [symbol for symbol in self._symbols if symbol in self._listed]
        chosen = tuple(dict.fromkeys((*kept, *self._chosen())))
        if chosen != self._symbols:
            self._symbols = chosen
            self._rechosen.set()

    async def watch_clock(self) -> None:
        """Measure the clock on a timer, and often while it is too far off for orders.

        A venue that does not answer keeps its last skew.
        """
        every_s = self._floor.settings.clock_every_s
        while True:
            await asyncio.sleep(min(every_s, CLOCK_AGAIN_S) if self._told_off() else every_s)
            try:
                await self.measure_clock()
            except (Unavailable, TimeoutError) as error:
                self._troubles.met(f"clock of {self.venue} was not measured", told_of(error)[0])
            else:
                self._troubles.over(f"clock of {self.venue} was not measured")

    def _told_off(self) -> bool:
        """Whether the clocks are so far apart that orders are denied; said when that changes."""
        view = self._floor.desk.board.venues.get(self.venue)
        limit_us = self._floor.door.view.settings.skew_limits_us.get(self.venue)
        skew_us = 0 if view is None else view.skew_us or 0
        about = f"clock of {self.venue}"
        if limit_us is None or abs(skew_us) <= limit_us:
            self._troubles.over(about)
            return False
        why = f"{skew_us // 1000} ms off ours, over {limit_us // 1000} ms: its orders are denied"
        self._troubles.met(about, why, "set this machine's clock (NTP)")
        return True


def told_of(error: BaseException) -> tuple[str, str]:
    """What a person is told of a call that failed: why, and what to do about it."""
    if isinstance(error, Unavailable):
        return error.why, error.remedy
    return str(error) or "no answer in time", ""


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
