"""One venue's paper exchange: fed by live books, endowed once, kept in its file.

The one rule: what was traded is on the disk before anybody is told or answered.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from decimal import Decimal

from domain.errors import Unavailable
from domain.instruments import Instrument
from domain.market import Depth, PublicTrade
from domain.money import exactly
from domain.ports import Clock, Dice, Market, Tape
from venues.dialects import paper_dialect
from venues.exchange import Exchange
from venues.matching import Trade
from venues.paper_books import SECOND_US, LiveBooks
from venues.paper_fees import FeesBySymbol
from venues.paper_notes import Notes, PitMemory
from venues.paper_pit import OWNER, PaperPit
from venues.paper_state import Header, Line, Saved
from venues.paper_tape import LiveTape
from venues.state_file import StateFile
from venues.switchboard import ACCOUNT, Switchboard
from venues.till import Change, Till

CASH = ("USD", "USDT", "USDC")  # each counts as one USD
ALLOWANCE = Decimal(100_000)
_LOAD_S = 20
_TEND_S = 1.0
_RETRY_S = 5.0
_RELOAD_S = 3_600.0
_TIDY_US = 60 * SECOND_US
_REMEDY = "check the network, or use --demo, which needs none"


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperSettings:
    """What an operator may set for paper trading.

    `balances` is what each account starts with, asset → amount; empty: 100,000 of whichever of
    USD, USDT and USDC the venue quotes most of its instruments in. `taker_rate` and
    `maker_rate` are fractions, for where the venue does not tell its own (maker None: as the
    taker). A request and its answer take between `latency_least_ms` and `latency_most_ms`
    together. A live book older than `book_age_ms` is not traded on; an order waits up to
    `book_wait_ms` for one. `hurry` is for `--kill`: the venue is asked nothing at the opening.
    """

    balances: Mapping[str, Decimal] = field(default_factory=dict)
    taker_rate: Decimal = Decimal("0.005")
    maker_rate: Decimal | None = None
    latency_least_ms: int = 50
    latency_most_ms: int = 150
    book_age_ms: int = 10_000
    book_wait_ms: int = 5_000
    hurry: bool = False


class PaperDesk:
    """A venue's paper exchange and what it lives on. `trouble`: why the venue is not reached.

    `tape` are the venue's public trades; None: it tells none. `on_problem` is told, in one
    harmless sentence each, of those that are missing.
    """

    def __init__(
        self,
        market: Market,
        header: Header,
        file: StateFile,
        clock: Clock,
        dice: Dice,
        settings: PaperSettings,
        *,
        tape: Tape | None = None,
        on_problem: Callable[[str], None] = lambda _: None,
    ) -> None:
        venue = header.venue
        self.trouble: Unavailable | None = None
        self.fees = FeesBySymbol(settings.taker_rate, settings.maker_rate)
        self.till = Till(venue, self.fees)
        self.pits: dict[str, PaperPit] = {}
        self.dialect = paper_dialect(venue)
        self.exchange = Exchange(venue, self.till, self.dialect, self.pits, desk=OWNER)
        self.switchboard = Switchboard(venue)
        self.books = LiveBooks(
            market,
            venue,
            clock,
            dice,
            seen=self.see,
            in_use=self._in_use,
            age_us=settings.book_age_ms * 1_000,
            wait_us=settings.book_wait_ms * 1_000,
        )
        self.tape: LiveTape | None = None
        if tape is not None:
            self.tape = LiveTape(
                tape,
                venue,
                dice,
                pits=self.pits,
                printed=self.printed,
                on_problem=on_problem,
            )
        self._memory = PitMemory(self.pits, clock)
        self._market = market
        self._header = header
        self._file = file
        self._clock = clock
        self._settings = settings
        self._listed: dict[str, Instrument] = {}
        self._tidied_us = clock.monotonic_us()

    # Opening

    def begin(self) -> None:
        """Start a new state file. Unavailable when it cannot be written."""
        self._file.begin(self._line(self.till.whole()))

    def take_up(self, saved: Saved) -> None:
        """Know again what a state file tells; nothing is written."""
        for change in saved.changes:
            self.till.apply(change)
        self.fees.restore(saved.fees)

    def resume(self, saved: Saved) -> None:
        """Go on from what was taken up: its orders work again, its takings are remembered.

        Unavailable when it cannot be written.
        """
        self._memory.take_up(saved)
        with exactly():
            for symbol in self._in_use():
                self._dig(Instrument(self.till.venue, symbol))
                self.exchange.restore(symbol)
        self._file.resume(self._line(self.till.standing()))

    async def load(self, accounts: Iterable[str]) -> None:
        """Read what the venue lists; endow the accounts that have never held anything.

        A venue that cannot be reached is told by `trouble`, and the next call may mend it.
        """
        try:
            async with asyncio.timeout(_LOAD_S):
                listed = await self._market.instruments()
        except Unavailable as error:
            self.trouble = Unavailable(error.who, error.why, remedy=_REMEDY)
            return
        except TimeoutError:
            why = f"it did not tell its instruments in {_LOAD_S} s"
            self.trouble = Unavailable(self.till.venue, why, remedy=_REMEDY)
            return
        self._listed = {instrument.symbol: instrument for instrument in listed}
        for symbol, pit in self.pits.items():
            pit.instrument = self._listed.get(symbol, replace(pit.instrument, active=False))
        for symbol in self.pits.keys() & self._listed.keys() - self._in_use():
            self.fees.learn(self._listed[symbol])
        self._endow(accounts)
        self.trouble = None

    def _endow(self, accounts: Iterable[str]) -> None:
        purse = self._settings.balances or {self._cash(): ALLOWANCE}
        for account in accounts:
            if account not in self.till.holdings:
                for asset, amount in purse.items():
                    self.till.endow(account, asset, amount)

    def _cash(self) -> str:
        """The cash that quotes most of the venue's instruments."""
        quotes = [instrument.quote for instrument in self._listed.values()]
        return max(CASH, key=quotes.count)

    # What traders ask

    async def ready(self, symbol: str) -> None:
        """Wait until an order in a symbol can be judged and matched.

        Raises:
            Unavailable: the venue is not reached, its book did not come in time, or what
                happened before cannot be written.
        """
        self.keep()
        if not self._listed:
            raise self.trouble or Unavailable(
                self.till.venue, "its instruments are not known yet", remedy=_REMEDY
            )
        instrument = self._listed.get(symbol)
        if instrument is None:
            return
        self.open_pit(instrument)
        if instrument.active:
            await self.books.fresh(symbol)

    def open_pit(self, instrument: Instrument) -> None:
        """Let an instrument be traded, at the rates that hold now."""
        if instrument.symbol not in self.pits:
            self.fees.learn(instrument)
            self._dig(instrument)

    def _dig(self, instrument: Instrument) -> None:
        pit = PaperPit(instrument, tape=self.tape is not None)
        self.pits[instrument.symbol] = pit
        rows = self.till.working.values()
        ids = frozenset(row.venue_order_id for row in rows if row.symbol == instrument.symbol)
        self._memory.remind(pit, ids)

    def check(self, symbol: str) -> None:
        """Raise Unavailable where an order would meet a live book that is too old."""
        pit = self.pits.get(symbol)
        if pit is not None and pit.instrument.active:
            self.books.check(symbol)

    # What happens

    def see(self, depth: Depth) -> None:
        """Let the live book go on to a newer snapshot; book, keep and tell what it traded.

        Raises:
            Incoherent: the snapshot is none.
            Unavailable: the trades cannot be written yet; they are not told until they are.
        """
        pit = self.pits.get(depth.symbol)
        if pit is not None:
            self._filled(pit, pit.see(depth))

    def printed(self, symbol: str, trades: Sequence[PublicTrade]) -> None:
        """Let public trades of a symbol fill what rests in it; book, keep and tell that.

        Raises:
            Unavailable: it cannot be written yet; it is not told until it is.
        """
        pit = self.pits.get(symbol)
        if pit is not None:
            self._filled(pit, pit.printed(trades, self._clock.now_us()))

    def _filled(self, pit: PaperPit, trades: Sequence[Trade]) -> None:
        if trades:
            at_us = self._clock.now_us()
            with exactly():
                self.exchange.book(pit, trades, at_us, noted=True)
                self.exchange.tell_totals(at_us)
            self.keep()

    def keep(self, *, everything: bool = False) -> None:
        """Write what changed; only then let the accounts' streams hear of it.

        `everything`: also what could wait, because this is the end.
        """
        change, fees = self.till.take_change(), self.fees.take_news()
        notes = self._memory.news(along=everything or bool(change or fees))
        if change or fees or notes != Notes():
            changes = (change,) if change else ()
            self._file.append(_noted(Line(changes=changes, fees=fees), notes))
        else:
            self._file.append(None)
        for client, sighting in self.exchange.told:
            self.switchboard.tell(ACCOUNT, client, sighting)
        self.exchange.told.clear()

    async def run(self, accounts: Iterable[str]) -> None:
        """Follow the live books and the time, until cancelled."""
        names = tuple(accounts)
        async with asyncio.TaskGroup() as group:
            group.create_task(self.books.run(), name="live books")
            if self.tape is not None:
                group.create_task(self.tape.run(), name="public trades")
            group.create_task(self._tend(), name="paper")
            group.create_task(self._stay_informed(names), name="instruments")

    async def _tend(self) -> None:
        """Once a second: dead man's switches, and what could not be written before."""
        while True:
            with suppress(Unavailable):  # every reader and trader says so, and it is tried again
                self.tend()
            await asyncio.sleep(_TEND_S)

    def tend(self) -> None:
        """Cancel for the dead, keep, and once a minute forget what is long over.

        Raises:
            Unavailable: the state cannot be written.
        """
        with exactly():
            self.exchange.cancel_for_the_dead(self._clock.now_us())
        self.keep()
        if self._clock.monotonic_us() - self._tidied_us >= _TIDY_US:
            self._tidied_us = self._clock.monotonic_us()
            self.till.forget_oldest()
            if self._file.grown:
                standing = self._line(self.till.standing())
                self._file.shorten(Line(header=self._header), standing)

    async def _stay_informed(self, accounts: Iterable[str]) -> None:
        while True:
            await asyncio.sleep(_RETRY_S if self.trouble else _RELOAD_S)
            await self.load(accounts)

    def _in_use(self) -> set[str]:
        return {row.symbol for row in self.till.working.values()}

    def _line(self, change: Change) -> Line:
        line = Line(header=self._header, changes=(change,), fees=self.fees.known)
        return _noted(line, self._memory.whole())


def _noted(line: Line, notes: Notes) -> Line:
    return replace(line, taken=notes.taken, places=notes.places, cursors=notes.cursors)
