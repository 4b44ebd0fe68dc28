"""Taking the ledger up again after a failed write: a full disk has room again some day.

The one rule: a failure has halted the desk, and only a release ends that. What happened in
between is not guessed: orders, changes and withdrawals whose answer could not be written are in
doubt and looked up, and the rest comes from the venues' own lists.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator

from domain import controls, events
from domain.errors import Corrupt, DeskError
from domain.orders import Status
from domain.storage_ports import Ledger
from engine.amending import Amending
from engine.floor import Floor
from engine.killswitch import KillSwitch

Work = Callable[[], Awaitable[None]]
EVERY_S = 5
PAUSE_US = 60_000_000  # a ledger that fails again at once is not taken up at once
SENT_OR_NOT = frozenset({Status.NEW, Status.SUBMITTED})
UNWRITTEN = "the ledger failed before the venue's answer was written"
log = logging.getLogger(__name__)


class Reopening:
    """Looks every five seconds whether the ledger refuses, and tries it again.

    `withdrawals` doubts those that are unanswered; `reconcile` looks at every account anew.
    """

    def __init__(
        self,
        floor: Floor,
        ledger: Ledger,
        changes: Amending,
        *,
        kill: KillSwitch,
        withdrawals: Work,
        reconcile: Work,
    ) -> None:
        self._floor = floor
        self._ledger = ledger
        self._changes = changes
        self._kill = kill
        self._withdrawals = withdrawals
        self._reconcile = reconcile
        self._behind = False  # it takes rows, and not everything is looked after yet
        self._told = ""
        self._not_before_us = 0

    async def run(self) -> None:
        """Look for ever."""
        while True:
            await asyncio.sleep(EVERY_S)
            await self.look()

    async def look(self) -> None:
        """Try once, if there is anything to try."""
        why, now_us = self._ledger.failure, self._floor.clock.monotonic_us()
        if why and now_us >= self._not_before_us and await self._reopened(why):
            self._behind, self._not_before_us = True, now_us + PAUSE_US
        if self._behind and not self._ledger.failure:
            try:
                await self._caught_up()
            except DeskError as error:
                log.warning("not all is looked after since the ledger failed: %s", error)
                return
            self._behind = False
            await self._looked_back()

    async def _reopened(self, why: str) -> bool:
        """Whether it takes rows again; a failure that stays the same is told once."""
        try:
            await self._ledger.reopen()
        except DeskError as error:
            if str(error) != self._told:
                self._told = str(error)
                hint = "; see `quarterdeck ledger verify`" if isinstance(error, Corrupt) else ""
                log.critical("the ledger still takes nothing: %s%s", error, hint)
            return False
        self._told = ""
        log.critical("the ledger takes rows again; the halt stays until it is released")
        self._floor.desk.post(
            controls.AlarmRaised(
                at_us=self._floor.now_us(),
                actor="engine",
                alarm="ledger failed",
                severity="critical",
                text=f"it takes rows again after a failure ({why}); everything is looked up anew",
            )
        )
        return True

    async def _caught_up(self) -> None:
        unanswered = list(self._unanswered())
        if unanswered:
            await self._floor.desk.record(*unanswered)
        await self._withdrawals()
        self._kill.prove_again()
        self._changes.lookups.replayed()

    async def _looked_back(self) -> None:
        try:
            await self._reconcile()
        except (DeskError, TimeoutError) as error:
            log.warning("what the venues did meanwhile comes with a later look: %s", error)

    def _unanswered(self) -> Iterator[events.Fact]:
        """Doubts about everything that nobody is waiting for an answer of any more."""
        at_us = self._floor.now_us()
        for name, state in self._floor.desk.board.orders.items():
            if state.status in SENT_OR_NOT and name not in self._changes.trading.underway:
                yield events.OrderInDoubt(
                    at_us=at_us, actor="engine", client_id=name, reason=UNWRITTEN
                )
            changing = state.amendment is not None and not state.amendment.in_doubt
            if changing and name not in self._changes.underway:
                yield events.AmendInDoubt(
                    at_us=at_us, actor="engine", client_id=name, reason=UNWRITTEN
                )
