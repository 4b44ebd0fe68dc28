"""The live books that paper orders meet: one public depth stream per symbol in use.

The one rule: a book is believed only while it is fresh. One that is older than the limit, or
that could not be a book, is traded on by nobody until a newer one has come.
"""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field

from domain.errors import Unavailable
from domain.market import Depth
from domain.ports import Clock, Dice, Market
from domain.sightings import DepthSeen, Heartbeat, Sighting
from venues.paper_pit import Incoherent

MOST_BOOKS = 20
IDLE_US = 300_000_000  # so long a book is followed after it was last asked for
QUIET_S = 60  # a stream that tells no book for so long is dialled anew: that brings a fresh one
SECOND_US = 1_000_000
_LOOK_S = 1.0
_FIRST_PAUSE_US = SECOND_US
_LONGEST_PAUSE_US = 30 * SECOND_US


@dataclass(slots=True)
class _View:
    """One symbol's stream. Times are of the monotonic clock; `alive_us` None: no book yet."""

    asked_us: int
    alive_us: int | None = None
    synced: bool = False
    problem: str = ""
    failures: int = 0
    renewed: asyncio.Event = field(default_factory=asyncio.Event)


class LiveBooks:
    """Follows the books of the symbols in use, and says which can be traded on.

    `seen` is given every snapshot; `in_use` tells the symbols whose books are needed anyway.
    A book may be `age_us` old; a caller waits up to `wait_us` for one.
    """

    def __init__(
        self,
        market: Market,
        venue: str,
        clock: Clock,
        dice: Dice,
        *,
        seen: Callable[[Depth], None],
        in_use: Callable[[], Iterable[str]],
        age_us: int,
        wait_us: int,
    ) -> None:
        self._market = market
        self._venue = venue
        self._clock = clock
        self._dice = dice
        self._seen = seen
        self._in_use = in_use
        self._age_us = age_us
        self._wait_us = wait_us
        self._views: dict[str, _View] = {}
        self._changed = asyncio.Event()

    async def fresh(self, symbol: str) -> None:
        """Wait until the book of a symbol can be traded on.

        Raises:
            Unavailable: none came in time, or too many books are followed already.
        """
        view = self._wanted(symbol)
        with suppress(TimeoutError):
            async with asyncio.timeout(self._wait_us / SECOND_US):
                while self._stale(view):
                    view.renewed.clear()
                    await view.renewed.wait()
        self.check(symbol)

    def check(self, symbol: str) -> None:
        """Raise Unavailable unless the book of a symbol can be traded on now."""
        view = self._views.get(symbol)
        why = self._stale(view) if view else "it is not followed"
        if why:
            said = f" ({view.problem})" if view and view.problem else ""
            raise Unavailable(
                self._venue,
                f"paper orders need the live book of {symbol}: {why}{said}",
                remedy="check the network, or use --demo, which needs none",
            )

    async def run(self) -> None:
        """Follow what is wanted, until cancelled."""
        async with asyncio.TaskGroup() as group:
            followed: dict[str, tuple[_View, asyncio.Task[None]]] = {}
            while True:
                self._tidy()
                for symbol, (view, task) in list(followed.items()):
                    if self._views.get(symbol) is not view:
                        task.cancel()
                        del followed[symbol]
                for symbol, view in self._views.items():
                    if symbol not in followed:
                        task = group.create_task(self._follow(symbol, view), name=symbol)
                        followed[symbol] = (view, task)
                self._changed.clear()
                with suppress(TimeoutError):
                    async with asyncio.timeout(_LOOK_S):
                        await self._changed.wait()

    def _wanted(self, symbol: str) -> _View:
        now_us = self._clock.monotonic_us()
        view = self._views.get(symbol)
        if view is None:
            self._make_room()
            view = self._views[symbol] = _View(now_us)
            self._changed.set()
        view.asked_us = now_us
        return view

    def _make_room(self) -> None:
        if len(self._views) < MOST_BOOKS:
            return
        idle = self._views.keys() - set(self._in_use())
        if not idle:
            raise Unavailable(
                self._venue, f"{MOST_BOOKS} live books are in use; end the orders of one symbol"
            )
        del self._views[min(idle, key=lambda symbol: self._views[symbol].asked_us)]

    def _tidy(self) -> None:
        """Follow what is in use though nobody asked, and no more what is idle."""
        now_us = self._clock.monotonic_us()
        in_use = set(self._in_use())
        for symbol in in_use - self._views.keys():
            self._views[symbol] = _View(now_us)
        for symbol, view in list(self._views.items()):
            if symbol not in in_use and now_us - view.asked_us > IDLE_US:
                del self._views[symbol]

    def _stale(self, view: _View) -> str:
        """Why the book cannot be traded on; "" when it can."""
        if view.alive_us is None:
            return "none has come yet"
        age_us = self._clock.monotonic_us() - view.alive_us
        if age_us <= self._age_us:
            return ""
        tenths, limit_ms = age_us // 100_000, self._age_us // 1_000
        return f"it is {tenths // 10}.{tenths % 10} s old, over {limit_ms} ms"

    async def _follow(self, symbol: str, view: _View) -> None:
        while True:
            view.synced = False
            try:
                async with asyncio.timeout(QUIET_S) as patience:
                    await self._market.stream_depth(symbol, self._ear(symbol, view, patience))
                view.problem = "the stream ended"
            except TimeoutError:
                view.problem = f"no news of it in {QUIET_S} s"
            except Unavailable as error:
                view.problem = error.why
            view.failures += 1
            await asyncio.sleep(self._pause_us(view.failures) / SECOND_US)

    def _ear(
        self, symbol: str, view: _View, patience: asyncio.Timeout
    ) -> Callable[[Sighting], None]:
        def hear(sighting: Sighting) -> None:
            if isinstance(sighting, Heartbeat) and view.synced:
                view.alive_us = self._clock.monotonic_us()
            if not isinstance(sighting, DepthSeen) or sighting.depth.symbol != symbol:
                return
            try:
                self._seen(sighting.depth)
            except Incoherent as error:
                view.synced, view.alive_us, view.problem = False, None, str(error)
                return
            view.alive_us = self._clock.monotonic_us()
            view.synced, view.problem, view.failures = True, "", 0
            view.renewed.set()
            if not patience.expired():  # else the stream is being ended just now
                patience.reschedule(asyncio.get_running_loop().time() + QUIET_S)

        return hear

    def _pause_us(self, failures: int) -> int:
        """Twice as long each time, up to half a minute, and never all at once."""
        longest = min(_LONGEST_PAUSE_US, _FIRST_PAUSE_US << min(failures - 1, 10))
        return longest // 2 + self._dice.bits(31) % (longest // 2 + 1)
