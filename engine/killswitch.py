"""The kill switch: trip, cancel what is inside, prove it, and stay stopped (semantics 3).

The first thing a trip does is one assignment that closes the gate; whatever fails afterwards
(marker, ledger, a venue) undoes nothing. Several halts may stand, one a scope, each with its
own proof. The one rule: only a second factor releases, and only evidence verifies.
"""

import asyncio
import logging
from collections.abc import Callable

from domain import asks, controls, events
from domain.board import Board
from domain.errors import Refused
from domain.halts import GLOBAL, Halt, HaltState, Level, Marker, scope_of
from domain.orders import OrderState
from domain.ports import Dice
from domain.scopes import Reach
from engine.canceljob import LISTS_LAG_US, CancelJob
from engine.coverage import Coverage, meant, misread
from engine.floor import Floor
from engine.lookups import Lookups
from engine.names import token
from engine.operators import Operator, Role

AGAIN_S = 5
STORE_S = 2  # a store that hangs keeps no cancel waiting for longer
log = logging.getLogger(__name__)


class KillSwitch:
    """Answers Trip; runs the cancel-all of whatever halts stand; follows facts.

    `flatten` sells what a halt at FLATTEN covers, once somebody has confirmed it; `slices` are
    the orders of ours that this makes, which are no orders after a halt. `storing` are the
    halts of this engine that are on their way into the ledger: their marker is no news.
    """

    def __init__(self, floor: Floor, lookups: Lookups, dice: Dice) -> None:
        self._floor = floor
        self._dice = dice
        self._lookups = lookups
        self._jobs: dict[str, CancelJob] = {}
        self._running = False
        self.flatten: Callable[[str, int], None] = _sell_nothing
        self.slices: set[str] = set()
        self.storing: set[str] = set()
        floor.desk.on_ledger_failure = self.ledger_failed
        floor.desk.keep(self)
        floor.desk.answer(asks.Trip, self.asked, None)

    # Tripping

    def trip(
        self, level: Level, reason: str, actor: str, *, halt_id: str = "", scope: str = GLOBAL
    ) -> Marker:
        """Close the gate now; write both stores and start cancelling as soon as may be.

        Safe to call from anything on the loop: the first line is all that must not fail. A
        scope that cannot be read, or names what this desk has not, is everything.
        """
        self._floor.stop.trip(level, reason, scope)
        marker = self._engaged(level, reason, actor, halt_id, meant(self._floor, scope))
        if self._running:
            self._floor.run(self._store(marker), f"store halt {marker.halt_id}")
        return marker

    def _engaged(self, level: Level, reason: str, actor: str, halt_id: str, scope: str) -> Marker:
        """The flag first; then what both stores will be told."""
        self._floor.stop.trip(level, reason, scope)
        return Marker(
            halt_id=halt_id or token(self._dice),
            level=level,
            reason=reason,
            actor=actor,
            at_us=self._floor.now_us(),
            scope=str(scope_of(scope)),
        )

    async def asked(self, ask: asks.Trip, caller: Operator) -> asks.Done:
        """Trip because somebody asked; answered when the gate is closed and the marker lies."""
        if ask.level is Level.NORMAL:
            raise Refused("level", "nothing is halted at NORMAL; release a halt to trade again")
        covers_nothing = misread(self._floor, ask.scope)
        if covers_nothing:
            raise Refused("scope", f"nothing was halted: {covers_nothing}; GLOBAL stops everything")
        if ask.level is Level.FLATTEN:
            _confirmed(ask, caller)
        marker = self._engaged(ask.level, ask.reason, caller.name, ask.halt_id, ask.scope)
        # In a task of its own: an asker that goes away leaves no halt half made.
        work = self._followed(marker, self._floor.stop.last_trip(marker.scope))
        following = self._floor.spawn(work, f"store halt {marker.halt_id}")
        if following.cancelled():
            await self._mark(marker)  # the engine comes down; the marker is for the next one
        else:
            await asyncio.shield(following)
        what = "no further order leaves" if marker.scope == GLOBAL else f"{marker.scope} is halted"
        if ask.level is Level.REDUCE_ONLY:
            what = f"only sales of what is held leave in {marker.scope}"
        return asks.Done(detail=f"{what}; halt {marker.halt_id}")

    async def _followed(self, marker: Marker, trip: int) -> None:
        """Everything after the gate of a trip that somebody asked for."""
        await self._store(marker)
        if marker.level is Level.FLATTEN:
            self.flatten(marker.scope, trip)

    async def _store(self, marker: Marker) -> None:
        """Marker first, then the ledger; either failing leaves the gate closed."""
        self.storing.add(marker.halt_id)
        await self._mark(marker)
        recording = self._floor.run(self._record(marker), f"record halt {marker.halt_id}")
        done, _ = await asyncio.wait([recording], timeout=STORE_S)
        if not done:
            log.critical("the halt is in force, and the ledger has not taken it yet")
            self._begin(marker)

    async def _record(self, marker: Marker) -> None:
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
        except Exception as error:  # noqa: BLE001 - boundary: kill step → next step
            log.critical("the halt is in force and could not be written down: %s", error)
            self._begin(marker)
            self._floor.run(self._forgotten(marker), f"try halt {marker.halt_id} again")
        else:
            self.storing.discard(marker.halt_id)

    async def _forgotten(self, marker: Marker) -> None:
        """After a while its marker is news again: that is how it gets into the ledger yet."""
        await asyncio.sleep(AGAIN_S)
        self.storing.discard(marker.halt_id)

    def _begin(self, marker: Marker) -> None:
        """Cancel without the ledger's word; it begins anew when that comes."""
        if marker.level is not Level.HALT:
            self._job(marker.scope).start(marker.level)

    async def _mark(self, marker: Marker) -> None:
        """The file says at least what stands: a weaker trip never lowers what it says."""
        standing = next((h for h in self._floor.desk.board.halts if h.scope == marker.scope), None)
        level = max(marker.level, standing.standing) if standing is not None else marker.level
        level = Level(max(level, self._floor.stop.levels.get(scope_of(marker.scope), level)))
        stronger = Marker(
            halt_id=marker.halt_id,
            level=level,
            reason=marker.reason,
            actor=marker.actor,
            at_us=marker.at_us,
            scope=marker.scope,
        )
        try:
            async with asyncio.timeout(STORE_S):
                await asyncio.to_thread(self._floor.marker.write, stronger)
        except TimeoutError:
            log.critical("the HALT marker is not written yet: the disk does not answer")
        except Exception as error:  # noqa: BLE001 - boundary: kill step → next step
            log.critical("the HALT marker could not be written: %s", error)
            self._floor.run(self._mark_again(marker), f"mark halt {marker.halt_id} again")

    async def _mark_again(self, marker: Marker) -> None:
        """A full disk has room again some day; until then nothing but memory knows of the halt."""
        await asyncio.sleep(AGAIN_S)
        if self._floor.stop.held(marker.scope):
            await self._mark(marker)

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
        if isinstance(fact, controls.HaltTripped):
            self._take_up(next(h for h in board.halts if h.scope == fact.scope))
        elif isinstance(fact, controls.HaltReopened):
            for halt in board.halts:
                if halt.halt_id == fact.halt_id:
                    self._take_up(halt)
        elif isinstance(fact, controls.HaltVerified):
            listed_us = self._floor.now_us() - LISTS_LAG_US
            for state in board.orders.values():
                self._late_order(state, board, listed_us)
        elif isinstance(fact, events.OrderReported | events.OrderReopened):
            self._late_order(board.orders.get(fact.client_id), board)
        elif isinstance(fact, events.ForeignOrderSeen):
            self._late_order(board.orders.get(fact.order.client_id), board)

    def sighting(self, sighting: object, board: Board) -> None:
        """Sightings trip nothing here."""

    def _late_order(self, state: OrderState | None, board: Board, listed_us: int = 0) -> None:
        """An open order seen after the proof reopens every halt that must cancel it.

        Of foreign ones, only what was seen after `listed_us` counts.
        """
        if state is None or (state.venue_final is not None and not state.reopened):
            return
        if state.client_id in self.slices:
            return
        for halt in board.halts:
            coverage = Coverage(self._floor, halt.reach, halt.level)
            proven = halt.verified and halt.state is not HaltState.RESUMING
            if proven and coverage.cancels(state) and coverage.waits_for(state, listed_us):
                self._reopen(halt, state)

    def _reopen(self, halt: Halt, state: OrderState) -> None:
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

    # The jobs

    def started(self) -> None:
        """The engine runs: take up whatever halts the ledger or the markers hold."""
        self._running = True
        for halt in self._floor.desk.board.halts:
            self._take_up(halt)

    def prove_again(self) -> None:
        """The ledger takes rows again: what it did not hear of the proofs is proven anew."""
        for halt in self._floor.desk.board.halts:
            if not halt.verified:
                self._take_up(halt)

    def _take_up(self, halt: Halt) -> None:
        """What the ledger holds is in force; what it must cancel is being cancelled."""
        self._floor.stop.follow(halt.standing, halt.reason, halt.scope)
        if halt.cancels:
            self._job(halt.scope).start(halt.level)

    def _job(self, scope: str) -> CancelJob:
        if scope not in self._jobs:
            self._jobs[scope] = CancelJob(self._floor, self._lookups, scope)
        return self._jobs[scope]


def _confirmed(ask: asks.Trip, caller: Operator) -> None:
    """FLATTEN sells: it is said twice, by somebody who may trade.

    Raises:
        Refused: with what to do; nothing is halted then.
    """
    caller.must_be(Role.TRADER, "a trip at FLATTEN")
    scope = scope_of(ask.scope)
    if ask.confirm.strip() != str(scope):
        raise Refused(
            "flatten", f"nothing was halted: FLATTEN sells; type {scope} once more to confirm it"
        )
    if scope.reach is Reach.STRATEGY:
        raise Refused(
            "flatten",
            "nothing was halted: what a strategy holds is not kept apart from the rest of its "
            "account; halt it at HALT_CANCEL, or flatten the account",
        )


def _sell_nothing(_: str, __: int) -> None:
    """Before flattening is wired, a halt at FLATTEN is a HALT_CANCEL."""
