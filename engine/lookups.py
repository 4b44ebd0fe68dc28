"""Following an order whose state at the venue is not settled, until it is (semantics 1.5).

One task an order: UNKNOWN is searched for, a cancel is confirmed or repeated, fills that the
venue counts and we miss are fetched, and the reservation of a finished order is released after
its grace. The one rule: only two complete searches, apart in time, prove absence; an error in
a search proves nothing.
"""

import asyncio
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, repeat

from domain import asks, controls, events
from domain.errors import DeskError
from domain.halts import Level
from domain.market import Sought
from domain.money import canonical
from domain.orders import OrderState, Status
from engine.floor import Floor
from engine.inference import inferred
from engine.intake import Intake
from engine.operators import Operator, Role
from engine.settings import RESOLVE_AFTER_MS
from engine.trading import Trading

SECOND_US = 1_000_000
AT_ONCE = 10  # look-ups under way together
CANCELS = 3  # how often a cancel is sent before we only ask
VANISHED = "ORDER_VANISHED"
ALARM_AFTER_US = (30 * SECOND_US, 300 * SECOND_US)
log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Trail:
    """What one follower has seen so far."""

    since_us: int
    wake: asyncio.Event
    searched_us: int = 0
    looked_us: int = 0
    cancels: int = 1
    cancelled_us: int = 0
    alarms: int = 0


class Lookups:
    """Answers Requery; follows every order that is in doubt or not settled."""

    def __init__(self, floor: Floor, intake: Intake, trading: Trading) -> None:
        self._floor = floor
        self._intake = intake
        self._trading = trading
        self._trails: dict[str, _Trail] = {}
        self._at_once = asyncio.Semaphore(AT_ONCE)
        trading.on_doubt = self.follow
        intake.on_news = self._news
        floor.desk.answer(asks.Requery, self.requery, Role.TRADER)

    def _news(self, state: OrderState) -> None:
        sending = state.status in (Status.NEW, Status.SUBMITTED)
        if not sending and _unsettled(state) and state.client_id not in self._trails:
            self.follow(state.client_id)

    def follow(self, client_id: str) -> None:
        """Follow an order from now on; whoever follows it already looks again at once."""
        trail = self._trails.get(client_id)
        if trail is not None:
            trail.wake.set()
            return
        self._trails[client_id] = _Trail(self._floor.clock.monotonic_us(), asyncio.Event())
        self._floor.spawn(self._follow(client_id), f"follow {client_id}")

    async def _follow(self, client_id: str) -> None:
        trail = self._trails[client_id]
        try:
            waits = _waits()
            while True:
                if await _woken(trail.wake, next(waits)):
                    waits = _waits()
                    continue
                state = self._floor.desk.board.orders.get(client_id)
                if state is None or not _unsettled(state):
                    return
                await self._step(state, trail)
        finally:
            del self._trails[client_id]

    async def _step(self, state: OrderState, trail: _Trail) -> None:
        try:
            sought = await self.look_up(state)
        except DeskError as error:
            log.info("look-up of %s failed: %s", state.client_id, error)
            await self._alarm(state, trail)
            return
        trail.looked_us = self._floor.clock.monotonic_us()
        state = self._floor.desk.board.orders.get(state.client_id) or state
        await self._conclude(state, sought, trail)
        await self._alarm(state, trail)

    async def look_up(self, state: OrderState) -> Sought:
        """Ask the venue for one order and take in what it says.

        Raises:
            DeskError: when the search could not be done; that says nothing about the order.
        """
        async with self._at_once:
            reader = self._floor.connections.reader(state.order.account)
            async with asyncio.timeout(60):
                sought = await reader.find(state)
        if sought.found is not None:
            self._intake.report(sought.found, "look-up")
        for fill in sought.fills:
            self._intake.fill(fill, "look-up")
        await self._floor.desk.flushed()
        return sought

    async def _conclude(self, state: OrderState, sought: Sought, trail: _Trail) -> None:
        if sought.found is None:
            if sought.complete and self._proven(state, trail):
                await (self._vanished(state) if state.seen else self._absent(state))
            return
        trail.searched_us = 0
        await self._found(state)
        if state.amendment is not None:
            await self._amended(state, sought)
        if state.venue_final is None:
            await self._still_open(state, trail)
        else:
            await self._ended(state, sought)

    # Absence

    def _proven(self, state: OrderState, trail: _Trail) -> bool:
        """One complete search found nothing: proof needs a second one, later."""
        now = self._floor.clock.monotonic_us()
        if self._floor.now_us() < self._late_us(state):
            return False  # it could still arrive, or lists lag: so early a search proves nothing
        if not trail.searched_us:
            trail.searched_us = now
            return False
        return now - trail.searched_us >= self._floor.settings.search_gap_s * SECOND_US

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

    async def _vanished(self, state: OrderState) -> None:
        """The venue showed it once and knows nothing of it now: never "assume cancelled"."""
        await self._floor.desk.record(
            controls.BreakOpened(
                at_us=self._floor.now_us(),
                actor="engine",
                break_id=f"{VANISHED}:{state.client_id}",
                kind=VANISHED,
                account=state.order.account,
                detail=f"{state.client_id} was {state.status.value} and no search finds it",
            )
        )

    async def _found(self, state: OrderState) -> None:
        """The venue shows it again: a break that says otherwise is explained."""
        break_id = f"{VANISHED}:{state.client_id}"
        if any(known.break_id == break_id for known in self._floor.desk.board.breaks):
            await self._floor.desk.record(
                controls.BreakClosed(
                    at_us=self._floor.now_us(),
                    actor="engine",
                    break_id=break_id,
                    reason=f"{state.order.account.venue} shows the order again",
                )
            )

    def _late_us(self, state: OrderState) -> int:
        """Until when the create could still take effect at the venue."""
        traits = self._floor.connections.of(state.order.account).traits
        venue = self._floor.desk.board.venues.get(traits.venue)
        skew_us = abs(venue.skew_us or 0) if venue is not None else 0
        return state.order.at_us + traits.request_timeout_us + traits.recv_window_us + skew_us

    # Open orders

    async def _still_open(self, state: OrderState, trail: _Trail) -> None:
        halted = self._floor.stop.level >= Level.HALT_CANCEL
        if halted and not state.cancel_requested and not state.foreign:
            await self._trading.cancel(state, "found open during a halt", "engine")
        elif state.cancel_requested and trail.cancels < CANCELS:
            now = self._floor.clock.monotonic_us()
            if now - max(trail.cancelled_us, trail.since_us) >= 5 * SECOND_US:
                trail.cancels += 1
                trail.cancelled_us = now
                await self._trading.cancel(state, f"cancel {trail.cancels} of {CANCELS}", "engine")

    async def _amended(self, state: OrderState, sought: Sought) -> None:
        """Which terms does the venue show: the new ones, or still the old?"""
        wanted, found = state.amendment, sought.found
        if wanted is None or found is None or found.quantity is None:
            return
        at_us, client_id = self._floor.now_us(), state.client_id
        new_price = wanted.price is None or found.price == wanted.price
        if found.quantity == wanted.quantity and new_price:
            confirmed = events.AmendConfirmed(
                at_us=at_us,
                actor="engine",
                client_id=client_id,
                quantity=wanted.quantity,
                price=wanted.price if wanted.price is not None else state.price,
            )
            await self._floor.desk.record(confirmed)
        elif wanted.in_doubt and at_us > wanted.at_us + 30 * SECOND_US:
            refused = events.AmendRefused(
                at_us=at_us,
                actor="engine",
                client_id=client_id,
                reason=f"the venue still shows {canonical(found.quantity)} after 30 s",
            )
            await self._floor.desk.record(refused)

    # Ended orders

    async def _ended(self, state: OrderState, sought: Sought) -> None:
        """Release what is left after the grace, or infer the fills that never came."""
        grace_us = self._floor.settings.settle_grace_s * SECOND_US
        if self._floor.now_us() < state.final_us + grace_us or not sought.complete:
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

    async def _alarm(self, state: OrderState, trail: _Trail) -> None:
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
        if _unsettled(now):
            self.follow(ask.client_id)
        return asks.Submitted(
            client_id=now.client_id,
            status=now.status,
            venue_order_id=now.venue_order_id,
            reason=now.reason,
        )


async def _woken(wake: asyncio.Event, wait_ms: int) -> bool:
    """Wait; whether it was cut short because the order is to be looked at anew."""
    try:
        async with asyncio.timeout(wait_ms / 1000):
            await wake.wait()
    except TimeoutError:
        return False
    wake.clear()
    return True


def _waits() -> Iterator[int]:
    return chain(RESOLVE_AFTER_MS, repeat(RESOLVE_AFTER_MS[-1]))


def _unsettled(state: OrderState) -> bool:
    """Whether the venue has more to tell about an order."""
    if state.status is Status.ANOMALY:
        return False
    if state.amendment is not None and state.amendment.in_doubt:
        return True
    waiting = {Status.UNKNOWN, Status.SUBMITTED, Status.NEW, Status.PENDING_CANCEL, Status.SETTLING}
    return state.status in waiting or (state.terminal and bool(state.reserved_quantity))
