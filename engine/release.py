"""Releasing a halt: what must be true first, what it resumes, and the way back in steps.

The one rule: the release is in the ledger before the marker goes and before the gate opens,
and it opens to REDUCE_ONLY first.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from domain import asks, controls, events
from domain.board import Board
from domain.errors import DeskError, Refused
from domain.halts import Halt, HaltState, Level
from domain.orders import Status
from engine.floor import Floor
from engine.operators import Operator, Role
from engine.secondfactor import SecondFactor

SECOND_US = 1_000_000
CHECK_S = 30
log = logging.getLogger(__name__)


class Releases:
    """Answers Release and ReleasePreview; resumes after the hold."""

    def __init__(
        self,
        floor: Floor,
        codes: SecondFactor,
        reconcile: Callable[[], Awaitable[None]],
    ) -> None:
        self._floor = floor
        self._codes = codes
        self._reconcile = reconcile
        floor.desk.answer(asks.ReleasePreview, self.preview, None)
        floor.desk.answer(asks.Release, self.release, Role.ADMIN)

    async def preview(self, _: asks.ReleasePreview, __: Operator) -> asks.Done:
        """What a release would do, and what still stands against it."""
        board = self._floor.desk.board
        if not board.halts:
            return asks.Done(detail="nothing is halted")
        against = self.against(board)
        lines = [f"scope {halt.scope}: {halt.reason} (by {halt.actor})" for halt in board.halts]
        hold_s = self._floor.settings.resume_hold_s
        lines += [
            f"resumes: reducing orders at once, all orders after {hold_s} s",
            "does not happen: no position is closed, no cancelled order comes back",
            f"limits in force: version {board.limits_version}; the high-water mark is kept",
        ]
        lines += [f"still against it: {reason}" for reason in against]
        return asks.Done(detail="\n".join(lines))

    def against(self, board: Board) -> list[str]:
        """Everything that forbids a release now (semantics 3.2)."""
        reasons = [
            f"halt {halt.halt_id} is {halt.state.value}: its cancel-all is not verified"
            for halt in board.halts
            if halt.state in (HaltState.HALTING, HaltState.HALTED_UNVERIFIED)
        ]
        unknown = [s.client_id for s in board.orders.values() if s.status is Status.UNKNOWN]
        if unknown:
            reasons.append(f"{len(unknown)} orders are UNKNOWN, first {unknown[0]}")
        clean_us = self._floor.settings.release_clean_s * SECOND_US
        now = self._floor.now_us()
        reasons += [
            f"{view.account} was not reconciled in the last {clean_us // SECOND_US} s"
            for view in board.accounts.values()
            if now - view.reconciled_us > clean_us
        ]
        limits_us = self._floor.door.view.settings.skew_limits_us
        reasons += [
            f"the clock is {venue.skew_us // 1000} ms off {venue.venue}'s"
            for venue in board.venues.values()
            if venue.skew_us is not None and abs(venue.skew_us) > limits_us.get(venue.venue, 2**62)
        ]
        return reasons

    async def release(self, ask: asks.Release, caller: Operator) -> asks.Done:
        """Release, if everything is proven and the code is good."""
        board = self._floor.desk.board
        halt = next((h for h in board.halts if h.state is not HaltState.RESUMING), None)
        if halt is None:
            raise Refused("release", "nothing is halted")
        if ask.scope.strip().upper() != halt.scope:
            raise Refused("release", f"type the scope {halt.scope} to release it")
        if not ask.reason.strip():
            raise Refused("release", "a release needs a reason")
        await self._clean()
        against = self.against(self._floor.desk.board)
        if against and not ask.accept_unverified:
            raise Refused("release", "; ".join(against))
        spent = await self._codes.allow(caller.name, ask.code, f"release {halt.halt_id}")
        await self._write(halt, spent, ask, caller, against)
        return asks.Done(
            detail="released: reducing orders now, all orders in "
            f"{self._floor.settings.resume_hold_s} s"
        )

    async def _clean(self) -> None:
        """Reconcile now, so that "clean a minute ago" can be true; a failure shows in `against`."""
        try:
            async with asyncio.timeout(CHECK_S):
                await self._reconcile()
        except (DeskError, TimeoutError):
            return

    async def _write(
        self,
        halt: Halt,
        spent: events.Fact,
        ask: asks.Release,
        caller: Operator,
        accepted: list[str],
    ) -> None:
        reason, trips = ask.reason.strip(), self._floor.stop.trips
        if accepted:
            reason = f"{reason} (accepted: {'; '.join(accepted)})"
        released = controls.HaltReleased(
            at_us=self._floor.now_us(),
            actor=caller.name,
            halt_id=halt.halt_id,
            reason=reason,
            trips=halt.trips,
        )
        self._floor.stop.releasing = True
        try:
            await self._floor.desk.record(spent, released)
            if self._floor.stop.trips != trips:
                raise Refused("release", "tripped again while it was being released: still halted")
            # On the loop, not in a thread: no trip can put a new marker between these lines.
            self._floor.marker.remove()
            self._floor.stop.lowered(Level.REDUCE_ONLY)
        finally:
            self._floor.stop.releasing = False
        self.resume_later()

    def resume_later(self) -> None:
        """After the hold, back to normal: also for a release that an earlier run wrote."""
        for halt in self._floor.desk.board.halts:
            if halt.state is HaltState.RESUMING:
                self._floor.run(self._resume(halt), f"resume {halt.halt_id}")

    async def _resume(self, halt: Halt) -> None:
        hold_us = self._floor.settings.resume_hold_s * SECOND_US
        left_us = halt.resumed_us + hold_us - self._floor.now_us()
        await asyncio.sleep(max(0, min(left_us, hold_us)) / SECOND_US)
        now = next((h for h in self._floor.desk.board.halts if h.halt_id == halt.halt_id), None)
        if now is None or now.state is not HaltState.RESUMING or now.resumed_us != halt.resumed_us:
            return  # tripped again meanwhile: that halt is in force
        resumed = controls.HaltResumed(
            at_us=self._floor.now_us(), actor="engine", halt_id=halt.halt_id
        )
        try:
            await self._floor.desk.record(resumed)
        except DeskError as error:  # the ledger's failure has tripped the switch again
            log.critical("the end of a hold could not be written: %s", error)
            return
        if self._floor.stop.level == Level.REDUCE_ONLY:
            self._floor.stop.lowered(self._floor.desk.board.level)
