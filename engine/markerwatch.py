"""Following the marker file: anyone may put it there, nobody may take it away unseen.

The one rule: a marker without a halt is a halt; a halt without its marker is an alarm, and the
marker is written again.
"""

import asyncio
import json
import logging
from collections.abc import Sequence

from domain import controls, events
from domain.board import Board
from domain.codec import decode
from domain.errors import DeskError
from domain.halts import Evidence, HaltState, Marker
from engine.floor import Floor
from engine.killswitch import KillSwitch

AGAIN_US = 5_000_000  # after a disk that took no marker or row
log = logging.getLogger(__name__)


class MarkerWatch:
    """Looks at the marker four times a second, and takes in what `--kill` left behind."""

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
        marker = self._floor.marker.read()
        if marker is not None:
            self._floor.stop.trip(marker.level, marker.reason)

    async def run(self) -> None:
        """Look for ever."""
        while True:
            await self.look()
            await asyncio.sleep(self._floor.settings.marker_every_ms / 1000)

    async def look(self) -> None:
        """One look at the file."""
        floor = self._floor
        if floor.stop.releasing:
            return
        present, halted = floor.marker.present(), self._halted()
        if present and not halted:
            self._trip(floor.marker.read())
            await floor.desk.flushed()
        elif halted and not present and floor.clock.monotonic_us() >= self._again_us:
            await self._restore()
        if (present or halted) and floor.clock.monotonic_us() >= self._again_us:
            await self._take_in_evidence()

    def _halted(self) -> bool:
        halts = self._floor.desk.board.halts
        return any(halt.state is not HaltState.RESUMING for halt in halts)

    def _trip(self, marker: Marker | None) -> None:
        """Somebody put a marker there; one that the ledger knows already is a new halt."""
        if marker is None:
            return
        known = marker.halt_id in self._known
        self._kill.trip(
            marker.level,
            marker.reason,
            marker.actor,
            halt_id="" if known else marker.halt_id,
            scope=marker.scope,
        )

    async def _restore(self) -> None:
        """The ledger says halted and the file is gone: halted it stays (semantics 8)."""
        halt = self._floor.desk.board.halts[0]
        marker = Marker(
            halt_id=halt.halt_id,
            level=halt.level,
            reason=halt.reason,
            actor=halt.actor,
            at_us=halt.at_us,
            scope=halt.scope,
        )
        try:
            await asyncio.to_thread(self._floor.marker.write, marker)
            await self._floor.desk.record(
                controls.AlarmRaised(
                    at_us=self._floor.now_us(),
                    actor="engine",
                    alarm="MARKER_TAMPERED",
                    severity="critical",
                    text="the HALT marker was taken away by hand; the ledger keeps the halt",
                )
            )
        except (OSError, DeskError) as error:
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
