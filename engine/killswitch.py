"""The kill switch: trip, cancel everything, prove it, and stay stopped (semantics 3).

The first thing a trip does is one assignment that closes the gate; whatever fails afterwards
(marker, ledger, a venue) undoes nothing. The one rule: only a second factor releases, and only
evidence verifies.
"""

import asyncio
import logging

from domain import asks, controls, events
from domain.board import Board
from domain.errors import DeskError, Refused
from domain.halts import GLOBAL, HaltState, Level, Marker
from domain.orders import OrderState
from domain.ports import Dice
from engine.canceljob import CancelJob
from engine.floor import Floor
from engine.lookups import Lookups
from engine.names import token
from engine.operators import Operator

OFFERED = (Level.HALT, Level.HALT_CANCEL)
log = logging.getLogger(__name__)


class KillSwitch:
    """Answers Trip; runs the cancel-all of whatever halt stands; follows the marker file."""

    def __init__(self, floor: Floor, lookups: Lookups, dice: Dice) -> None:
        self._floor = floor
        self._dice = dice
        self._job = CancelJob(floor, lookups)
        self._running = False
        floor.desk.on_ledger_failure = self.ledger_failed
        floor.desk.keep(self)
        floor.desk.answer(asks.Trip, self.asked, None)

    # Tripping

    def trip(
        self, level: Level, reason: str, actor: str, *, halt_id: str = "", scope: str = GLOBAL
    ) -> Marker:
        """Close the gate now; write both stores and start cancelling as soon as may be.

        Safe to call from anything on the loop: the first line is all that must not fail.
        """
        self._floor.stop.trip(level, reason)
        marker = Marker(
            halt_id=halt_id or token(self._dice),
            level=level,
            reason=reason,
            actor=actor,
            at_us=self._floor.now_us(),
            scope=scope,
        )
        if self._running:
            self._floor.run(self._store(marker), f"store halt {marker.halt_id}")
        return marker

    async def asked(self, ask: asks.Trip, caller: Operator) -> asks.Done:
        """Trip because somebody asked; answered when the gate is closed and the marker lies."""
        if ask.level not in OFFERED or ask.scope != GLOBAL:
            raise Refused("level", "this desk halts GLOBAL at HALT or HALT_CANCEL; ask for that")
        self._floor.stop.trip(ask.level, ask.reason)
        marker = Marker(
            halt_id=ask.halt_id or token(self._dice),
            level=ask.level,
            reason=ask.reason,
            actor=caller.name,
            at_us=self._floor.now_us(),
            scope=ask.scope,
        )
        await self._store(marker)
        return asks.Done(detail=f"no further order leaves; halt {marker.halt_id}")

    async def _store(self, marker: Marker) -> None:
        """Marker first, then the ledger; either failing leaves the gate closed."""
        await self._mark(marker)
        fact = controls.HaltTripped(
            at_us=marker.at_us,
            actor=marker.actor,
            halt_id=marker.halt_id,
            level=marker.level,
            reason=marker.reason,
            scope=marker.scope,
        )
        try:
            await self._floor.desk.record(fact)
        except DeskError as error:
            log.critical("the halt is in force and could not be written down: %s", error)
            self._job.start(marker)

    async def _mark(self, marker: Marker) -> None:
        try:
            async with asyncio.timeout(2):
                await asyncio.to_thread(self._floor.marker.write, marker)
        except (OSError, TimeoutError) as error:
            log.critical("the HALT marker could not be written: %s", error)

    def ledger_failed(self, why: str) -> None:
        """The ledger takes nothing: no intent can be written, so nothing may be sent."""
        if self._floor.stop.level < Level.HALT_CANCEL:
            log.critical("ledger failure, halting: %s", why)
            self.trip(Level.HALT_CANCEL, f"the ledger failed: {why}", "engine")

    def orphan(self, level: Level, reason: str) -> None:
        """Something that must not exist was seen."""
        self.trip(level, reason, "engine")

    # Following facts

    def fact(self, fact: events.Fact, board: Board) -> None:
        """A halt in the ledger is a halt in force; an order after it starts the job again."""
        if not self._running:
            return  # the past: `started` takes up what of it still stands
        if isinstance(fact, controls.HaltTripped | controls.HaltReopened):
            self._floor.stop.trip(board.level, self._reason(board))
            self._begin(board)
        elif isinstance(fact, controls.HaltResumed):
            self._resumed(board)
        elif isinstance(fact, events.OrderReported | events.OrderReopened):
            self._late_order(board.orders.get(fact.client_id), board)
        elif isinstance(fact, events.ForeignOrderSeen):
            self._late_order(board.orders.get(fact.order.client_id), board)

    def sighting(self, sighting: object, board: Board) -> None:
        """Sightings trip nothing here."""

    @staticmethod
    def _reason(board: Board) -> str:
        return board.halts[0].reason if board.halts else ""

    def _resumed(self, board: Board) -> None:
        if self._floor.stop.level == Level.REDUCE_ONLY:  # else somebody tripped meanwhile
            self._floor.stop.lowered(board.level)

    def _late_order(self, state: OrderState | None, board: Board) -> None:
        """An open order seen after the proof reopens it (semantics 3.2)."""
        halt = board.halts[0] if board.halts else None
        if state is None or halt is None:
            return
        if state.venue_final is not None and not state.reopened:
            return
        if halt.level < Level.HALT_CANCEL or halt.state is not HaltState.HALTED:
            return
        at_us = self._floor.now_us()
        text = f"ORDER_AFTER_HALT: {state.client_id} is open at {state.order.account}"
        self._floor.desk.post(
            controls.HaltReopened(at_us=at_us, actor="engine", halt_id=halt.halt_id, reason=text),
            controls.AlarmRaised(
                at_us=at_us,
                actor="engine",
                alarm="order after halt",
                severity="critical",
                text=text,
            ),
        )

    # The job

    def started(self) -> None:
        """The engine runs: take up whatever halt the ledger or the marker holds."""
        self._running = True
        board = self._floor.desk.board
        self._floor.stop.trip(board.level, self._reason(board))
        self._begin(board)

    def _begin(self, board: Board) -> None:
        halt = board.halts[0] if board.halts else None
        if not self._running or halt is None or halt.state is HaltState.RESUMING:
            return
        if halt.level in (Level.HALT, Level.NORMAL) or halt.state is HaltState.HALTED:
            return
        self._job.start()
