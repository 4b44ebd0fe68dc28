"""One key's lane: numbers that only grow, and one request in flight.

A venue with nonces refuses a request that overtakes another, so requests of one key leave one
after the other, the most urgent first. The one rule: a cancel never waits for a request that
hangs; after half a second it goes ahead with a higher number.
"""

import asyncio
import heapq
import itertools
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from domain.errors import Unavailable
from domain.ports import Clock
from venues.budget import Priority

CANCEL_WAITS_S = 0.5
WAITS_S = {
    Priority.CANCEL: CANCEL_WAITS_S,
    Priority.LOOK_UP: 20.0,
    Priority.ORDER: 3.0,  # as with the budget: better refused than late
    Priority.READ: 30.0,
}


class Lane:
    """The nonces of one key, shared by every client of that key in this process."""

    def __init__(self, who: str, clock: Clock, *, single: bool) -> None:
        self._who = who
        self._clock = clock
        self._single = single
        self._last = 0
        self._busy = False
        self._waiting: list[tuple[Priority, int, asyncio.Future[None]]] = []
        self._numbers = itertools.count()

    def next_nonce(self) -> int:
        """The next number, in milliseconds (ccxt's unit): max(last + 1, time)."""
        self._last = max(self._last + 1, self._clock.now_us() // 1_000)
        return self._last

    @asynccontextmanager
    async def turn(self, priority: Priority) -> AsyncGenerator[None]:
        """Hold the lane for one request.

        Raises:
            Unavailable: the lane did not become free; nothing was sent.
        """
        owned = self._single and await self._enter(priority)
        try:
            yield
        finally:
            if owned:
                self._leave()

    async def _enter(self, priority: Priority) -> bool:
        if not self._busy:
            self._busy = True
            return True
        turn = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (priority, next(self._numbers), turn))
        urgent = priority is Priority.CANCEL
        try:
            async with asyncio.timeout(WAITS_S[priority]):
                await turn
        except TimeoutError:
            if self._given_up(turn):
                return True
            if urgent:
                return False
            raise Unavailable(self._who, "an earlier request of this key still hangs") from None
        except asyncio.CancelledError:
            if self._given_up(turn):
                self._leave()
            raise
        return True

    @staticmethod
    def _given_up(turn: "asyncio.Future[None]") -> bool:
        """Stop waiting; true when the lane was handed to us in the very same moment."""
        return not turn.cancel() and not turn.cancelled()

    def _leave(self) -> None:
        while self._waiting:
            *_, turn = heapq.heappop(self._waiting)
            if not turn.done():
                turn.set_result(None)
                return
        self._busy = False
