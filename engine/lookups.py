"""Following an order whose state at the venue is not settled, until it is (semantics 1.5).

One task an order: UNKNOWN is searched for, a cancel is confirmed or repeated, fills that the
venue counts and we miss are fetched, and the reservation of a finished order is released after
its grace. The one rule: only two complete searches, apart in time, prove absence; an error in
a search proves nothing.
"""

import asyncio
import logging

from domain import asks, controls, events
from domain.board import Phase
from domain.errors import DeskError, Unavailable
from domain.halts import Level
from domain.market import Sought
from domain.orders import OrderState, Status
from engine.absence import Proof
from engine.disputes import Disputes
from engine.floor import Floor
from engine.inference import inferred, lowering_over, terms_found
from engine.intake import Intake
from engine.operators import Operator, Role
from engine.trading import Trading
from engine.trails import IN_FLIGHT, Trail, cancelling, patience_ms, waits, woken
from engine.turnstile import Turnstile

SECOND_US = 1_000_000
AT_ONCE = 10  # look-ups under way together; those of cancels go first
LOOK_UP_S = 60
CANCELS = 3  # how often a cancel is sent before we only ask
ALARM_AFTER_US = (30 * SECOND_US, 300 * SECOND_US)
log = logging.getLogger(__name__)


class Lookups:
    """Answers Requery; follows every order that is in doubt or not settled."""

    def __init__(self, floor: Floor, intake: Intake, trading: Trading) -> None:
        self._floor = floor
        self._intake = intake
        self._trading = trading
        self.disputes = Disputes(floor)
        self._trails: dict[str, Trail] = {}
        self._missing: set[str] = set()  # gone from the lists, and searched for since
        self._turns = Turnstile(AT_ONCE)
        trading.on_doubt = self.follow
        intake.on_news = self.resume
        floor.desk.answer(asks.Requery, self.requery, Role.TRADER)

    def replayed(self) -> None:
        """The ledger is folded: what it leaves open is followed from now on."""
        for state in list(self._floor.desk.board.orders.values()):
            self.resume(state)

    def resume(self, state: OrderState) -> None:
        """Follow an order of which something is open, unless it is being sent or followed."""
        if self._floor.desk.board.phase is Phase.LOAD:
            return  # what was open once is no news; how it ended is still to be read
        sending = state.status in (Status.NEW, Status.SUBMITTED)
        if not sending and self._unsettled(state) and state.client_id not in self._trails:
            self.follow(state.client_id)

    def search(self, client_id: str) -> None:
        """Search for a working order that its venue's lists and a look-up have not shown.

        It ends with a sign of the order, or with a break for a person (semantics 6, case G).
        """
        if client_id not in self._missing:
            self._missing.add(client_id)
            self.follow(client_id)

    def searching(self, client_id: str) -> bool:
        """Whether such a search is under way."""
        return client_id in self._missing

    def follow(self, client_id: str) -> None:
        """Follow an order from now on; whoever follows it already looks again at once."""
        trail = self._trails.get(client_id)
        if trail is not None:
            trail.wake.set()
            return
        self._trails[client_id] = Trail(self._floor.clock.monotonic_us(), Proof(self._floor))
        self._floor.spawn(self._follow(client_id), f"follow {client_id}")

    async def _follow(self, client_id: str) -> None:
        trail = self._trails[client_id]
        try:
            turns = waits()
            while True:
                if await woken(trail.wake, self._patience(client_id, next(turns))):
                    turns = waits()
                    continue
                state = self._floor.desk.board.orders.get(client_id)
                if state is None or not self._open_question(state):
                    return
                await self._step(state, trail)
        finally:
            del self._trails[client_id]
            self._missing.discard(client_id)

    def _patience(self, client_id: str, wait_ms: int) -> int:
        state = self._floor.desk.board.orders.get(client_id)
        ago_us = self._floor.now_us() - self._grace_us()
        return wait_ms if state is None else patience_ms(state, wait_ms, ago_us)

    def _cancelling(self, client_id: str) -> bool:
        state = self._floor.desk.board.orders.get(client_id)
        return state is not None and cancelling(state)

    def _grace_us(self) -> int:
        return self._floor.settings.settle_grace_s * SECOND_US

    def _open_question(self, state: OrderState) -> bool:
        searched = state.client_id in self._missing and not state.terminal
        return searched or self._unsettled(state)

    def _unsettled(self, state: OrderState) -> bool:
        """Whether the venue has more to tell about an order."""
        if state.status is Status.ANOMALY:
            halted = self._floor.stop.over(state.order) >= Level.HALT_CANCEL
            return state.cancel_requested or halted
        if state.lowered_us or (state.amendment is not None and state.amendment.in_doubt):
            return True
        return state.status in IN_FLIGHT or (state.terminal and bool(state.reserved_quantity))

    async def _step(self, state: OrderState, trail: Trail) -> None:
        """One look and what follows from it; what fails is tried again at the next step."""
        try:
            trail.asked_us = self._floor.now_us()
            sought = await self.look_up(state)
            state = self._floor.desk.board.orders.get(state.client_id) or state
            await self._conclude(state, sought, trail)
        except DeskError as error:
            log.info("look-up of %s failed: %s", state.client_id, error)
        try:
            await self._alarm(state, trail)
        except DeskError as error:
            log.warning("the alarm for %s could not be written: %s", state.client_id, error)

    async def look_up(self, state: OrderState) -> Sought:
        """Ask the venue for one order and take in what it says.

        Raises:
            DeskError: when the search could not be done; that says nothing about the order.
        """
        sought = await self._sought(state)
        if sought.found is not None:
            self._missing.discard(state.client_id)
            self._intake.report(sought.found, "look-up")
        for fill in sought.fills:
            self._intake.fill(fill, "look-up")
        await self._floor.desk.flushed()
        if sought.found is not None:
            await self.disputes.found(state, sought.found)
        return sought

    async def _sought(self, state: OrderState) -> Sought:
        account = state.order.account
        reader = self._floor.connections.reader(account)
        try:
            async with (
                self._turns.turn(lambda: self._cancelling(state.client_id)),
                asyncio.timeout(LOOK_UP_S),
            ):
                return await reader.find(state)
        except TimeoutError:
            why = f"a look-up had no answer in {LOOK_UP_S} s"
            raise Unavailable(account.venue, why) from None

    async def _conclude(self, state: OrderState, sought: Sought, trail: Trail) -> None:
        if sought.found is None:
            await self._not_found(state, sought, trail)
            return
        trail.proof.void()
        trail.told = False
        now_us, name = self._floor.now_us(), state.client_id
        told = terms_found(state, sought.found, now_us)
        if lowering_over(state, trail.asked_us, self._grace_us()) and not told:
            told = [events.AmendSettled(at_us=now_us, actor="engine", client_id=name)]
        if told:
            await self._floor.desk.record(*told)
        if state.venue_final is None or state.reopened:
            await self._still_open(state, trail)
        else:
            await self._ended(state, sought)

    # Absence

    async def _not_found(self, state: OrderState, sought: Sought, trail: Trail) -> None:
        if not sought.complete:
            return
        if state.venue_final is not None and not state.reopened:
            await self._ended(state, sought)  # the venue told its end, and forgets it since
        elif trail.proof.by(state):
            await (self._vanished(state, trail) if state.seen else self._absent(state))

    async def _absent(self, state: OrderState) -> None:
        floor = self._floor
        crashed = "CRASH_BEFORE_SEND: " if not state.sent else ""
        await floor.desk.record(
            events.OrderAbsent(
                at_us=floor.now_us(),
                actor="engine",
                client_id=state.client_id,
                reason=f"{crashed}two complete searches of open orders, closed orders and trades "
                "found nothing",
            )
        )

    async def _vanished(self, state: OrderState, trail: Trail) -> None:
        if not trail.told:
            trail.told = True
            await self.disputes.vanished(state)

    # Open orders

    async def _still_open(self, state: OrderState, trail: Trail) -> None:
        halted = self._floor.stop.over(state.order) >= Level.HALT_CANCEL
        if halted and not state.cancel_requested and not state.foreign:
            await self._trading.cancel(state, "found open during a halt", "engine")
        elif state.cancel_requested and trail.cancels < CANCELS:
            now = self._floor.clock.monotonic_us()
            if now - max(trail.cancelled_us, trail.since_us) >= 5 * SECOND_US:
                trail.cancels += 1
                trail.cancelled_us = now
                await self._trading.cancel(state, f"cancel {trail.cancels} of {CANCELS}", "engine")

    # Ended orders

    async def _ended(self, state: OrderState, sought: Sought) -> None:
        """Release what is left after the grace, or infer the fills that never came."""
        over_us = state.final_us + self._grace_us()
        if self._floor.now_us() < over_us or not sought.complete:
            return
        if state.status is Status.SETTLING:
            self._intake.fill(inferred(state, self._floor.now_us()), "inferred")
            log.warning("fills of %s never came; one is inferred", state.client_id)
        elif not state.settled:
            await self._floor.desk.record(
                events.OrderSettled(
                    at_us=self._floor.now_us(), actor="engine", client_id=state.client_id
                )
            )

    # People

    async def _alarm(self, state: OrderState, trail: Trail) -> None:
        waited_us = self._floor.clock.monotonic_us() - trail.since_us
        due = sum(waited_us >= after for after in ALARM_AFTER_US)
        if state.status is not Status.UNKNOWN or due <= trail.alarms:
            return
        trail.alarms = due
        await self._floor.desk.record(
            controls.AlarmRaised(
                at_us=self._floor.now_us(),
                actor="engine",
                alarm=f"unknown {state.client_id}",
                severity="critical" if due > 1 else "warning",
                text=f"{state.client_id} at {state.order.account} is UNKNOWN for "
                f"{waited_us // SECOND_US} s: {state.reason}",
            )
        )

    async def requery(self, ask: asks.Requery, _: Operator) -> asks.Submitted:
        """Look an order up because a person asked."""
        state = self._floor.state(ask.client_id)
        await self.look_up(state)
        now = self._floor.desk.board.orders.get(ask.client_id) or state
        if self._open_question(now):
            self.follow(ask.client_id)
        return asks.Submitted(
            client_id=now.client_id,
            status=now.status,
            venue_order_id=now.venue_order_id,
            reason=now.reason,
        )
