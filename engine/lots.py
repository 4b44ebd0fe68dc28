"""The desk's lots: facts are noted as they come and counted when somebody wants a figure.

The one rule: counting never slows an order. What the loop does for a fill is to note it; the
book is brought up to date in a thread (with a decimal context of its own), one job at a time,
and nothing that goes wrong there ends the desk.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import TypeVar

from accounting.ledger_entries import Row
from domain.board import Board
from domain.errors import DeskError, Refused, Unavailable
from domain.events import Fact
from domain.sightings import Sighting
from engine.floor import Floor
from engine.livebook import HEARD, LiveBook
from engine.threads import give_way, unswept

T = TypeVar("T")
MOST = 500_000  # facts about money in memory: about 1 KB each
WAITING = 32
log = logging.getLogger(__name__)


class Lots:
    """Follows the desk; `ask` runs a job on a book that knows every durable fact."""

    def __init__(self, floor: Floor, *, most: int = MOST) -> None:
        self._floor = floor
        self._most = most
        self._noted: list[Row] = []
        self._count = 0
        self._waiting = 0
        self._turn = asyncio.Lock()
        settings = floor.settings
        self.live = LiveBook(settings.base_currency, settings.time_zone)
        floor.desk.keep(self)
        give_way()

    def fact(self, fact: Fact, _: Board) -> None:
        """Note a fact that lots are made of."""
        if type(fact) not in HEARD:
            return
        self._count += 1
        if self._count <= self._most:
            self._noted.append((self._floor.desk.row, fact))

    def sighting(self, sighting: Sighting, board: Board) -> None:
        """What is only seen makes no lot."""

    async def ask(self, job: Callable[[LiveBook], T]) -> T:
        """What `job` makes of the book, in a thread.

        Raises:
            Refused: as the job decides, or when there are more facts than are kept.
            Unavailable: too many wait for a figure already, or the counting failed.
        """
        if self._count > self._most:
            told = f"{self._count} facts about money are over the {self._most} that are counted"
            raise Refused("figures", f"{told}; the ledger holds all of them, export it")
        if self._waiting >= WAITING:
            raise Unavailable("figures", f"{WAITING} wait for one already", retry_after_us=10**6)
        self._waiting += 1
        # A task of the crew's: a thread goes on when its asker leaves, and so does its turn.
        return await self._floor.spawn(self._answered(job), "figures")

    async def _answered(self, job: Callable[[LiveBook], T]) -> T:
        try:
            async with self._turn:
                await self._up_to_date()
                return await asyncio.to_thread(self._done, job)
        except DeskError:
            raise
        except Exception as error:
            # Boundary: a figure that cannot be computed must not end a desk that trades.
            log.exception("figures could not be computed")
            raise Unavailable(
                "figures",
                f"counting failed ({type(error).__name__}: {error}); trading goes on",
                remedy="the log tells where: report it",
            ) from error
        finally:
            self._waiting -= 1

    async def _up_to_date(self) -> None:
        if self._noted or not self.live.whole:
            # All at once: however many of them need a replay, it is one.
            noted, self._noted = self._noted, []
            await asyncio.to_thread(self._take, noted)

    def _done(self, job: Callable[[LiveBook], T]) -> T:
        with unswept():
            return job(self.live)

    def _take(self, noted: list[Row]) -> None:
        with unswept():
            self.live.take(noted)
