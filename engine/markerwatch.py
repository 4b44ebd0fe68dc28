"""Following the marker files: anyone may put one there, nobody may take it away unseen.

The one rule, scope by scope: a marker without a halt is a halt; a halt without its marker is an
alarm, and the marker is written again.
"""

import asyncio
import json
import logging
from collections.abc import Sequence

from domain import controls, events
from domain.board import Board
from domain.codec import decode
from domain.errors import DeskError
from domain.halts import Evidence, Halt, HaltState, Marker
from engine.coverage import meant
from engine.floor import Floor
from engine.killswitch import STORE_S, KillSwitch

AGAIN_US = 5_000_000  # after a disk that took no marker or row
log = logging.getLogger(__name__)


class MarkerWatch:
    """Looks at the markers four times a second, and takes in what `--kill` left behind."""

    def __init__(self, floor: Floor, kill: KillSwitch) -> None:
        self._floor = floor
        self._kill = kill
        self._taken: set[str] = set()
        self._known: set[str] = set()
        self._again_us = 0
        floor.desk.keep(self)

    def fact(self, fact: events.Fact, _: Board) -> None:
        """Remember every halt that the ledger holds."""
        if isinstance(fact, controls.HaltTripped):
            self._known.add(fact.halt_id)

    def sighting(self, sighting: object, board: Board) -> None:
        """Sightings write no markers."""

    def at_start(self) -> None:
        """Before anything connects: a marker closes the gate."""
        for marker in self._floor.marker.standing():
            over = meant(self._floor, marker.scope)
            self._floor.stop.trip(marker.level, marker.reason, over)

    async def run(self) -> None:
        """Look for ever."""
        while True:
            await self.look()
            await asyncio.sleep(self._floor.settings.marker_every_ms / 1000)

    async def look(self) -> None:
        """One look at the files."""
        floor = self._floor
        if floor.stop.releasing:
            return
        standing = floor.marker.standing() if floor.marker.present() else ()
        halts = self._halts()
        unheard = [m for m in standing if not self._heard(m, halts)]
        for marker in unheard:
            self._trip(marker)
        if unheard:
            await floor.desk.flushed()
        elif floor.clock.monotonic_us() >= self._again_us:
            for halt in halts:
                if not any(_says(marker, halt) for marker in standing):
                    await self._restore(halt)
        if (standing or halts) and floor.clock.monotonic_us() >= self._again_us:
            await self._take_in_evidence()

    def _halts(self) -> list[Halt]:
        """The halts of the ledger that nobody has released."""
        halts = self._floor.desk.board.halts
        return [halt for halt in halts if halt.state is not HaltState.RESUMING]

    def _heard(self, marker: Marker, halts: Sequence[Halt]) -> bool:
        """Whether a halt in force is at least what the marker says.

        One over a scope that this desk has not became a halt over everything.
        """
        if marker.halt_id and marker.halt_id in self._kill.storing:
            return True
        return any(
            halt.level >= marker.level
            and halt.scope in (marker.scope, meant(self._floor, marker.scope))
            for halt in halts
        )

    def _trip(self, marker: Marker) -> None:
        """Somebody put a marker there; one that the ledger knows already is a new halt."""
        known = marker.halt_id in self._known
        self._kill.trip(
            marker.level,
            marker.reason,
            marker.actor,
            halt_id="" if known else marker.halt_id,
            scope=marker.scope,
        )

    async def _restore(self, halt: Halt) -> None:
        """The ledger says halted and the file is gone, or says less: halted it stays."""
        marker = Marker(
            halt_id=halt.halt_id,
            level=halt.level,
            reason=halt.reason,
            actor=halt.actor,
            at_us=halt.at_us,
            scope=halt.scope,
        )
        try:
            async with asyncio.timeout(STORE_S):
                await asyncio.to_thread(self._floor.marker.write, marker)
            await self._floor.desk.record(
                controls.AlarmRaised(
                    at_us=self._floor.now_us(),
                    actor="engine",
                    alarm="MARKER_TAMPERED",
                    severity="critical",
                    text=f"the HALT marker of {halt.scope} was taken away or weakened by hand; "
                    "the ledger keeps the halt",
                )
            )
        except Exception as error:  # noqa: BLE001 - boundary: kill step → next step
            self._again_us = self._floor.clock.monotonic_us() + AGAIN_US
            log.critical("the HALT marker could not be restored: %s", error)

    async def _take_in_evidence(self) -> None:
        """What `--kill` did while no engine answered, once by id."""
        for halt_id, lines in self._floor.marker.evidence():
            if halt_id in self._taken:
                continue
            self._taken.add(halt_id)
            facts = [fact for line in lines if (fact := _evidence(halt_id, line)) is not None]
            if facts and not await self._recorded(facts):
                self._taken.discard(halt_id)  # it stays in its file, and is taken in later
                self._again_us = self._floor.clock.monotonic_us() + AGAIN_US
                return

    async def _recorded(self, facts: Sequence[events.Fact]) -> bool:
        try:
            await self._floor.desk.record(*facts)
        except DeskError as error:
            log.critical("evidence of a kill could not be taken in: %s", error)
            return False
        return True


def _says(marker: Marker, halt: Halt) -> bool:
    return marker.scope == halt.scope and marker.level >= halt.level


def _evidence(halt_id: str, line: str) -> controls.HaltEvidenced | None:
    """One line of `kill-<id>.jsonl` as a fact; None when it is torn or not ours."""
    try:
        told = json.loads(line)
        return controls.HaltEvidenced(
            at_us=int(told["at_us"]),
            actor="quarterdeck --kill",
            halt_id=halt_id,
            evidence=decode(Evidence, told["evidence"]),
        )
    except (ValueError, KeyError, TypeError):
        log.warning("an unreadable line in the evidence of halt %s is left where it is", halt_id)
        return None
