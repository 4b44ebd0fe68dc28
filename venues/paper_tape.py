"""The public trades that resting paper orders wait for: one stream per symbol in use.

The one rule: no trade is invented and none counts twice. A stream begins, and begins again,
with the trades since the newest one that counted, asked for by request; only then does it tell.
What cannot be asked for any more is told as missing, and fills nobody.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress

from domain.days import iso
from domain.errors import Unavailable
from domain.market import PublicTrade
from domain.ports import Dice, Tape
from domain.sightings import Sighting, TradesSeen
from venues.paper_pit import PaperPit

SECOND_US = 1_000_000
MOST_HELD = 5_000  # trades that wait for those before them; the oldest are asked for again
QUIET_S = 60.0  # a stream that shows no life for so long is dialled anew
CHECK_S = 60.0  # how often a stream that tells trades is compared with what the venue lists
_LOOK_S = 1.0
_FIRST_PAUSE_US = SECOND_US
_LONGEST_PAUSE_US = 10 * SECOND_US
Printed = Callable[[str, Sequence[PublicTrade]], None]


class LiveTape:
    """Follows the public trades of the symbols in which an order of ours rests.

    `printed` is given the trades; each may be told more than once. `on_problem` is told, in
    one sentence each, of trades that are missing.
    """

    def __init__(
        self,
        tape: Tape,
        venue: str,
        dice: Dice,
        *,
        pits: Mapping[str, PaperPit],
        printed: Printed,
        on_problem: Callable[[str], None],
    ) -> None:
        self._tape = tape
        self._venue = venue
        self._dice = dice
        self._pits = pits
        self._printed = printed
        self._on_problem = on_problem

    async def run(self) -> None:
        """Follow what is in use, until cancelled."""
        async with asyncio.TaskGroup() as group:
            followed: dict[str, asyncio.Task[None]] = {}
            while True:
                in_use = set(self._in_use())
                for symbol in followed.keys() - in_use:
                    followed.pop(symbol).cancel()
                for symbol in in_use - followed.keys():
                    followed[symbol] = group.create_task(self._follow(symbol), name=symbol)
                await asyncio.sleep(_LOOK_S)

    def _in_use(self) -> Iterator[str]:
        for symbol, pit in self._pits.items():
            if pit.rests_since_us() is not None:
                yield symbol

    async def _follow(self, symbol: str) -> None:
        failures = 0
        while True:
            ear = _Ear(symbol, self._printed)
            await self._listen(symbol, ear)
            failures = 1 if ear.caught_up else failures + 1
            with suppress(Unavailable):  # the next try asks for the same trades again
                await self._catch_up(symbol)
            await asyncio.sleep(self._pause_us(failures) / SECOND_US)

    async def _listen(self, symbol: str, ear: "_Ear") -> None:
        """Follow one stream from dial to end."""
        with suppress(Unavailable, TimeoutError), _single():
            async with asyncio.TaskGroup() as group:
                mending = group.create_task(self._mend(symbol, ear))
                async with asyncio.timeout(QUIET_S) as ear.patience:
                    await self._tape.stream_trades(symbol, ear.hear)
                mending.cancel()

    async def _mend(self, symbol: str, ear: "_Ear") -> None:
        """Ask for what the stream did not tell: before it began, and now and then."""
        await ear.alive.wait()
        while True:
            try:
                await self._catch_up(symbol)
            except Unavailable:
                await asyncio.sleep(self._pause_us(1) / SECOND_US)
            else:
                ear.go_on()
                await asyncio.sleep(CHECK_S)

    async def _catch_up(self, symbol: str) -> None:
        since_us = self._pits[symbol].rests_since_us()
        if since_us is None:
            return
        found = await self._tape.trades(symbol, since_us)
        if not found.whole:
            self._on_problem(
                f"some trades of {symbol} since {iso(since_us)} cannot be read any more: "
                "they fill no paper order"
            )
        self._printed(symbol, found.trades)

    def _pause_us(self, failures: int) -> int:
        """Twice as long each time, up to ten seconds, and never all at once."""
        longest = min(_LONGEST_PAUSE_US, _FIRST_PAUSE_US << min(failures - 1, 10))
        return longest // 2 + self._dice.bits(31) % (longest // 2 + 1)


class _Ear:
    """Hears one stream: holds trades back until those before them have counted."""

    def __init__(self, symbol: str, printed: Printed) -> None:
        self.alive = asyncio.Event()
        self.caught_up = False
        self.patience: asyncio.Timeout | None = None
        self._symbol = symbol
        self._printed = printed
        self._held: list[PublicTrade] = []

    def hear(self, sighting: Sighting) -> None:
        """Anything is a sign of life; trades of the symbol count."""
        self.alive.set()
        if self.patience is not None and not self.patience.expired():
            self.patience.reschedule(asyncio.get_running_loop().time() + QUIET_S)
        if not isinstance(sighting, TradesSeen):
            return
        trades = [trade for trade in sighting.trades if trade.symbol == self._symbol]
        if self.caught_up:
            self._printed(self._symbol, trades)
        else:
            self._held = (self._held + trades)[-MOST_HELD:]

    def go_on(self) -> None:
        """Those before have counted: let go of what was held."""
        held, self._held = self._held, []
        self.caught_up = True
        self._printed(self._symbol, held)


@contextmanager
def _single() -> Iterator[None]:
    """Raise the one error of a group as itself, and a bug before anything else."""
    try:
        yield
    except BaseExceptionGroup as several:
        bugs = [e for e in several.exceptions if not isinstance(e, Unavailable | TimeoutError)]
        raise (bugs or list(several.exceptions))[0] from None
