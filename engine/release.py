"""Releasing a halt: what must be true first, what it resumes, and the way back in steps.

Each halt is released on its own, by its scope; every other stands. The one rule: the release
is in the ledger before the marker goes and before the gate opens, and it opens to REDUCE_ONLY
first.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence

from domain import asks, controls, events
from domain.board import Board
from domain.errors import DeskError, Refused
from domain.halts import Halt, HaltState, Level, Marker
from domain.orders import Status
from domain.scopes import NotAScope, Scope
from engine.coverage import Coverage, meant
from engine.floor import Floor
from engine.operators import Operator, Role
from engine.secondfactor import SecondFactor
from engine.twopeople import TwoPeople

SECOND_US = 1_000_000
CHECK_S = 30
Seen = tuple[int, tuple[Marker, ...]]  # a scope's newest trip, and its markers
log = logging.getLogger(__name__)


class Releases:
    """Answers Release and ReleasePreview; resumes after the hold.

    `conditions` tell of a halt why what tripped it is still so ("": it is over, or none of
    theirs); `rebased` makes the fact that counts drawdown from now on, None: NAV is not known.
    """

    def __init__(
        self,
        floor: Floor,
        codes: SecondFactor,
        reconcile: Callable[[], Awaitable[None]],
    ) -> None:
        self._floor = floor
        self._codes = codes
        self._reconcile = reconcile
        self._two = TwoPeople(floor, codes)
        self._resuming: dict[str, tuple[str, int]] = {}
        self._unclean = ""  # why the newest reconciliation failed
        self.conditions: list[Callable[[Halt], str]] = []
        self.rebased: Callable[[str], events.Fact | None] = _not_known
        floor.desk.keep(self)
        floor.desk.answer(asks.ReleasePreview, self.preview, None)
        floor.desk.answer(asks.Release, self.release, Role.ADMIN)

    async def preview(self, ask: asks.ReleasePreview, _: Operator) -> asks.Done:
        """What a release would do, and what still stands against it, halt by halt."""
        self._unclean = ""  # of an earlier release: it says nothing of now
        board = self._floor.desk.board
        halts = [halt for halt in board.halts if not ask.scope or _named(halt, ask.scope)]
        if not halts:
            return asks.Done(detail=f"nothing is halted{f' in {ask.scope}' * bool(ask.scope)}")
        hold_s = self._floor.settings.resume_hold_s
        lines = []
        for halt in halts:
            lines.append(f"scope {halt.scope}: {halt.reason} (by {halt.actor})")
            lines += [f"still against it: {reason}" for reason in self.against(board, halt)]
            lines += [f"to be acknowledged: {reason}" for reason in self.still_true(halt)]
        mark = "the high-water mark is kept, unless it is told to be reset"
        lines += [
            f"resumes: reducing orders at once, all orders after {hold_s} s",
            "does not happen: no position is closed, no cancelled order comes back",
            f"limits in force: version {board.limits_version}; {mark}",
        ]
        others = [halt.scope for halt in board.halts if halt not in halts]
        if others:
            lines.append(f"stays halted: {', '.join(others)}")
        return asks.Done(detail="\n".join(lines))

    def against(self, board: Board, halt: Halt) -> list[str]:
        """Everything in its scope that forbids the release of a halt now (semantics 3.2)."""
        reach, reasons = halt.reach, []
        if halt.cancels:
            reasons.append(f"halt {halt.halt_id} is {halt.state}: its cancel-all is not verified")
        coverage = Coverage(self._floor, reach, halt.level)
        unknown = [
            state.client_id
            for state in board.orders.values()
            if state.status is Status.UNKNOWN and coverage.covers(state)
        ]
        if unknown:
            many = f"{len(unknown)} orders are UNKNOWN, first {unknown[0]}"
            reasons.append(many if len(unknown) > 1 else f"order {unknown[0]} is UNKNOWN")
        clean_us = self._floor.settings.release_clean_s * SECOND_US
        failed = f": {self._unclean}" if self._unclean else ""
        now = self._floor.now_us()
        touched = [view for view in board.accounts.values() if reach.touches(view.account)]
        reasons += [
            f"{view.account} was not reconciled in the last {clean_us // SECOND_US} s{failed}"
            for view in touched
            if now - view.reconciled_us > clean_us
        ]
        limits_us = self._floor.door.view.settings.skew_limits_us
        venues = {view.account.venue for view in touched}
        reasons += [
            f"the clock is {venue.skew_us // 1000} ms off {venue.venue}'s"
            for venue in board.venues.values()
            if venue.venue in venues
            and venue.skew_us is not None
            and abs(venue.skew_us) > limits_us.get(venue.venue, 2**62)
        ]
        return reasons

    def still_true(self, halt: Halt) -> list[str]:
        """What tripped the halt and is still so, as whoever tripped it says."""
        return [told for condition in self.conditions if (told := condition(halt))]

    async def release(self, ask: asks.Release, caller: Operator) -> asks.Done:
        """Release one halt, if everything in its scope is proven and the code is good."""
        halt = self._halted(ask.scope)
        if not ask.reason.strip():
            raise Refused("release", "a release needs a reason")
        seen = self._seen(halt)
        await self._clean()
        self._accepted(ask)
        first = await self._proposer(ask, halt, seen, caller)
        extra = [self._rebased(caller)] if ask.reset_high_water else []
        spent = await self._codes.allow(caller.name, ask.code, f"release {halt.halt_id}")
        self._unchanged(halt, seen)  # venues and key store took their time
        accepted = self._accepted(ask)
        if first:
            accepted.append(f"proposed by {first}")
        if extra:
            accepted.append("the high-water mark is reset")
        await self._write(halt, seen, [spent, *extra], ask, caller, accepted)
        mark = "reset" if extra else "kept"
        return asks.Done(
            detail=f"released {halt.scope}: reducing orders now, all orders in "
            f"{self._floor.settings.resume_hold_s} s; the high-water mark is {mark}"
        )

    async def _proposer(self, ask: asks.Release, halt: Halt, seen: Seen, caller: Operator) -> str:
        """Who proposed to release what is not proven; "" where one person may do it."""
        alone = not self._floor.settings.release_two_person
        if alone or not self.against(self._floor.desk.board, halt):
            return ""
        return await self._two.proposer(f"release {halt.halt_id}", seen, caller, ask.code)

    def _halted(self, scope: str) -> Halt:
        """The halt that was named, as it stands now."""
        halted = [h for h in self._floor.desk.board.halts if h.state is not HaltState.RESUMING]
        if not halted:
            raise Refused("release", "nothing is halted")
        halt = next((halt for halt in halted if _named(halt, scope)), None)
        if halt is None:
            scopes = " or ".join(halt.scope for halt in halted)
            raise Refused("release", f"type the scope {scopes} to release it")
        return halt

    def _accepted(self, ask: asks.Release) -> list[str]:
        """What stands against it now and was accepted or acknowledged; Refused for the rest."""
        halt = self._halted(ask.scope)
        against = self.against(self._floor.desk.board, halt)
        if against and not ask.accept_unverified:
            raise Refused("release", "; ".join(against))
        still = self.still_true(halt)
        if still and not ask.acknowledge:
            raise Refused(
                "release", f"{'; '.join(still)}: wait until it is over, or acknowledge it"
            )
        return [*against, *still]

    def _rebased(self, caller: Operator) -> events.Fact:
        mark = self.rebased(caller.name)
        if mark is None:
            raise Refused(
                "release", "the high-water mark cannot be reset: NAV is not known now; try again"
            )
        return mark

    async def _clean(self) -> None:
        """Reconcile now, so that "clean a minute ago" can be true; a failure shows in `against`."""
        self._unclean = ""
        try:
            async with asyncio.timeout(CHECK_S):
                await self._reconcile()
        except TimeoutError:
            self._unclean = f"no answer in {CHECK_S} s"
        except DeskError as error:
            self._unclean = str(error)

    async def _write(
        self,
        halt: Halt,
        seen: Seen,
        beside: Sequence[events.Fact],
        ask: asks.Release,
        caller: Operator,
        accepted: list[str],
    ) -> None:
        stop, reason = self._floor.stop, ask.reason.strip()
        if accepted:
            reason = f"{reason} (accepted: {'; '.join(accepted)})"
        released = controls.HaltReleased(
            at_us=self._floor.now_us(),
            actor=caller.name,
            halt_id=halt.halt_id,
            reason=reason,
            trips=halt.trips,
        )
        stop.releasing = True
        try:
            await self._floor.desk.record(*beside, released)
            self._unchanged(halt, seen)
            # On the loop, not in a thread: no trip of ours can put a marker between these lines.
            self._unmark(halt)
            stop.lowered(Level.REDUCE_ONLY, halt.scope)
        finally:
            stop.releasing = False
        self.resume_later()

    def _seen(self, halt: Halt) -> Seen:
        """Its newest trip, and its markers: one that comes now says the same without the engine."""
        return self._floor.stop.last_trip(halt.scope), self._markers(halt)

    def _unchanged(self, halt: Halt, seen: Seen) -> None:
        """Raise Refused when the scope was tripped, or a marker put there, since it was seen."""
        if self._seen(halt) != seen:
            raise Refused("release", "tripped again while it was being released: still halted")

    def _markers(self, halt: Halt) -> tuple[Marker, ...]:
        """Its markers, also those over what this desk has not: they meant everything."""
        return tuple(
            marker
            for marker in self._floor.marker.standing()
            if halt.scope in (marker.scope, meant(self._floor, marker.scope))
        )

    def _unmark(self, halt: Halt) -> None:
        try:
            for scope in {told.scope for told in self._markers(halt)} | {halt.scope}:
                self._floor.marker.remove(scope)
        except OSError as error:
            raise Refused(
                "release", f"the HALT marker cannot be taken away ({error}): still halted"
            ) from error

    def fact(self, fact: events.Fact, _: Board) -> None:
        """A hold that is over in the ledger opens the gate, unless it was tripped meanwhile."""
        if isinstance(fact, controls.HaltResumed) and fact.halt_id in self._resuming:
            scope, trip = self._resuming.pop(fact.halt_id)
            if self._floor.stop.last_trip(scope) == trip:
                self._floor.stop.lowered(Level.NORMAL, scope)

    def sighting(self, sighting: object, board: Board) -> None:
        """Nothing that is only seen resumes anything."""

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
        self._resuming[halt.halt_id] = (halt.scope, self._floor.stop.last_trip(halt.scope))
        resumed = controls.HaltResumed(
            at_us=self._floor.now_us(), actor="engine", halt_id=halt.halt_id, trips=now.trips
        )
        try:
            await self._floor.desk.record(resumed)
        except DeskError as error:  # the ledger's failure has tripped the switch again
            log.critical("the end of a hold could not be written: %s", error)
            return


def _not_known(_: str) -> events.Fact | None:
    """Before the equity watch is wired, nothing is measured that could be reset."""
    return None


def _named(halt: Halt, typed: str) -> bool:
    """Whether a person typed this halt's scope: to the letter, the kind in any case."""
    try:
        return str(Scope.parse(typed)) == halt.scope
    except NotAScope:
        return bool(typed.strip()) and typed.strip() == halt.scope
