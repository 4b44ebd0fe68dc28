"""What the desk does by the wall clock: every few seconds each job is asked whether it is due.

The one rule: nobody sleeps until a moment. A start that comes late, a machine that slept and a
clock that was set are all noticed at the next look; after a clock that stepped, nothing is done
until the venues have been asked for the time again.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence

from domain.errors import DeskError
from engine.floor import Floor
from engine.troubles import Troubles

EVERY_S = 5
SECOND_US = 1_000_000
STEP_US = 60 * SECOND_US  # a minute: more than any correction of a clock that is kept well
Job = Callable[[], Awaitable[None]]
log = logging.getLogger(__name__)


class Schedule:
    """Jobs by name, looked at in turn; one that fails is looked at again and keeps none back."""

    def __init__(self, floor: Floor, jobs: Sequence[tuple[str, Job]]) -> None:
        self._floor = floor
        self._jobs = tuple(jobs)
        self._troubles = Troubles(log)
        self._ahead_us: int | None = None
        self._quiet_until_us = 0

    async def run(self) -> None:
        """Look for ever."""
        while True:
            await self.look()
            await asyncio.sleep(EVERY_S)

    async def look(self) -> None:
        """Ask every job once, unless the clock has just stepped."""
        if not self._steady():
            return
        for name, job in self._jobs:
            try:
                await job()
            except DeskError as error:
                self._troubles.met(name, str(error))
            else:
                self._troubles.over(name)

    def _steady(self) -> bool:
        """Whether the wall clock goes as the other one does, and has for long enough."""
        now_us = self._floor.clock.monotonic_us()
        ahead_us = self._floor.now_us() - now_us
        step_us = 0 if self._ahead_us is None else ahead_us - self._ahead_us
        self._ahead_us = ahead_us
        if abs(step_us) > STEP_US:
            wait_s = self._floor.settings.clock_every_s
            self._quiet_until_us = now_us + wait_s * SECOND_US
            told = "the clock stepped by %s s, or this machine slept; jobs wait %s s"
            log.warning(told, step_us // SECOND_US, wait_s)
        return now_us >= self._quiet_until_us
