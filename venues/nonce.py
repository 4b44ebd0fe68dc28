"""One key's lane: numbers that only grow, and one request in flight.

A venue with nonces refuses a request that overtakes another, so requests of one key leave one
after the other, the most urgent first. The one rule: a cancel never waits for a request that
hangs; after half a second in which nothing moved it goes ahead with a higher number.
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
        self._moves = 0  # how often a request of this key has come back
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
        try:
            await self._served(turn, priority)
        except asyncio.CancelledError:
            if not turn.cancel():
                self._leave()  # it was handed to us in the very same moment
            raise
        if turn.done():
            return True
        turn.cancel()
        if priority is Priority.CANCEL:
            return False
        raise Unavailable(self._who, "an earlier request of this key still hangs")

    async def _served(self, turn: "asyncio.Future[None]", priority: Priority) -> None:
        """Until it is our turn, or we have waited enough: a cancel while the lane stands still."""
        if priority is not Priority.CANCEL:
            await asyncio.wait([turn], timeout=WAITS_S[priority])
            return
        moves = -1
        while not turn.done() and moves != self._moves:
            moves = self._moves
            await asyncio.wait([turn], timeout=CANCEL_WAITS_S)

    def _leave(self) -> None:
        self._moves += 1
        while self._waiting:
            *_, turn = heapq.heappop(self._waiting)
            if not turn.done():
                turn.set_result(None)
                return
        self._busy = False
