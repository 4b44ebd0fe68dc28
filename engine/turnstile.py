"""So many at once and no more, and whoever is urgent when a place falls free goes first.

The one rule: a turn that was given is given back, whatever happens to who holds or awaits it.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass


@dataclass(slots=True, eq=False)
class _Waiting:
    turn: "asyncio.Future[None]"
    urgent: Callable[[], bool]


class Turnstile:
    """A semaphore whose queue is judged anew each time: `most` are inside at once."""

    def __init__(self, most: int) -> None:
        self._free = most
        self._queue: list[_Waiting] = []

    @asynccontextmanager
    async def turn(self, urgent: Callable[[], bool]) -> AsyncGenerator[None]:
        """Wait for a turn and hold it inside the block; `urgent` is asked at each free place."""
        await self._enter(urgent)
        try:
            yield
        finally:
            self._leave()

    async def _enter(self, urgent: Callable[[], bool]) -> None:
        if self._free:
            self._free -= 1
            return
        mine = _Waiting(asyncio.get_running_loop().create_future(), urgent)
        self._queue.append(mine)
        try:
            await mine.turn
        except asyncio.CancelledError:
            if mine in self._queue:
                self._queue.remove(mine)
            else:
                self._leave()  # it was given to one who has just gone away
            raise

    def _leave(self) -> None:
        if not self._queue:
            self._free += 1
            return
        chosen = next((one for one in self._queue if one.urgent()), self._queue[0])
        self._queue.remove(chosen)
        if not chosen.turn.done():
            chosen.turn.set_result(None)
        # One that is done was cancelled a moment ago and hands its turn on when it wakes.
