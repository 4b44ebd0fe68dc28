"""Bugs to plant: each is a way in which trading programs really go wrong (reliability.md A).

The one rule: a simulation that cannot find a planted bug proves nothing about the absence of it.
Plants change classes for good, so each is played in a process of its own.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import engine.door
from domain import bookings, events, lifecycle
from domain.errors import Unavailable
from domain.halts import Evidence
from domain.market import History, Sought
from domain.orders import Draft, Fill, Final, Order, OrderState, VenueOrder
from domain.ports import Placement
from domain.verdicts import Verdict
from engine.absence import Proof
from engine.canceljob import CancelJob
from engine.door import Approval, Door
from engine.intake import Intake
from engine.lookups import Lookups
from engine.operators import Operator
from engine.sweep import Sweep
from engine.trading import Permit, Trading, verdict_of
from risk.exposure import Claim, claim_of
from tests.sim import script
from tests.sim import world as worlds
from tests.sim.wire import SimReader
from tests.sim.world import World

Plant = Callable[[World], None]


def no_deduplication(_: World) -> None:
    """Every telling of a fill is booked: neither memory nor ledger knows it again."""
    bookings.FillBooked.key = lambda self: f"{self.fill.key}:{self.at_us}"  # type: ignore[method-assign]
    whole = Intake.fill

    def twice(self: Intake, fill: Fill, source: str) -> None:
        self._seen.pop(fill.key, None)
        whole(self, fill, source)

    Intake.fill = twice  # type: ignore[method-assign]


def release_on_timeout(_: World) -> None:
    """An order whose outcome is not known reserves nothing."""

    def claim(state: OrderState) -> Claim | None:
        return None if state.outcome_unknown and not state.seen else claim_of(state)

    engine.door.claim_of = claim  # type: ignore[attr-defined]


def dropped_late_fill(_: World) -> None:
    """A fill of an order that is over is thrown away."""
    whole = Intake.fill

    def timely(self: Intake, fill: Fill, source: str) -> None:
        state = self.owner(fill.account, fill.client_id, fill.venue_order_id)
        if state is None or not state.terminal:
            whole(self, fill, source)

    Intake.fill = timely  # type: ignore[method-assign]


def last_message_wins(_: World) -> None:
    """The newest report replaces what was known."""

    def reported(state: OrderState, fact: events.OrderReported) -> OrderState:
        report = fact.report
        return replace(
            state,
            sent=True,
            acked=True,
            acked_us=state.acked_us or fact.at_us,
            venue_order_id=state.venue_order_id or report.venue_order_id,
            venue_final=report.final,
            final_us=fact.at_us if report.final else 0,
            venue_cumulative=report.cumulative,
        )

    lifecycle.STEPS[events.OrderReported] = reported


class EmptyMeansNone(SimReader):
    """A reader whose failures look like empty answers."""

    async def open_orders(self, *, urgent: bool = False) -> Sequence[VenueOrder]:
        try:
            return await super().open_orders(urgent=urgent)
        except Unavailable:
            return []

    async def find(self, state: OrderState) -> Sought:
        try:
            return await super().find(state)
        except Unavailable:
            return Sought(found=None, complete=True)

    async def history(self, since_us: int) -> History:
        try:
            return await super().history(since_us)
        except Unavailable:
            now = self._wire.now_us()
            return History(account=self._truth.account, since_us=since_us, until_us=now)


def empty_means_none(world: World) -> None:
    """A list that could not be read is an empty list."""
    world.make_reader = EmptyMeansNone


def resend_on_timeout(_: World) -> None:
    """A create without an answer is sent again."""
    whole = Trading._answered

    async def answered(self: Trading, order: Order, flattens: Permit | None) -> events.Fact:
        outcome = await whole(self, order, flattens)
        if isinstance(outcome, events.OrderInDoubt):
            outcome = await whole(self, order, flattens)
        return outcome

    Trading._answered = answered  # type: ignore[method-assign]


def timeout_is_rejection(_: World) -> None:
    """A create without an answer is taken for refused."""
    whole = Trading._answered

    async def answered(self: Trading, order: Order, flattens: Permit | None) -> events.Fact:
        outcome = await whole(self, order, flattens)
        if isinstance(outcome, events.OrderInDoubt):
            return events.OrderRejected(
                at_us=outcome.at_us,
                actor="engine",
                client_id=order.client_id,
                code="TIMEOUT",
                reason=outcome.reason,
            )
        return outcome

    Trading._answered = answered  # type: ignore[method-assign]


def one_search_proves(_: World) -> None:
    """The first search that finds nothing proves absence."""
    Proof.by = lambda self, state: True  # type: ignore[method-assign]


def sent_before_durable(_: World) -> None:
    """The create leaves while its intent is still on its way to the disk."""

    async def intend(self: Trading, order: Order, verdict: Verdict, caller: Operator) -> None:
        self._floor.desk.post(
            events.OrderApproved(at_us=order.at_us, actor=caller.name, order=order, verdict=verdict)
        )

    Trading._intend = intend  # type: ignore[method-assign]


def check_without_reservation(_: World) -> None:
    """The door judges and does not reserve: what is under way counts for nothing yet."""
    whole = Door.approve

    def approve(
        self: Door, draft: Draft, actor: str, parent: str = "", *, flattens: bool = False
    ) -> Approval:
        approval = whole(self, draft, actor, parent, flattens=flattens)
        self.view.exposure.claim(approval.order.client_id, None)
        return approval

    Door.approve = approve  # type: ignore[method-assign]


def no_look_at_the_halt(_: World) -> None:
    """What was approved before a trip still leaves after it."""
    script.TRIPS = 100
    Trading._stopped = lambda self, order, flattens=None: ("", "")  # type: ignore[method-assign]


def failed_list_verifies(_: World) -> None:
    """The kill switch takes a list that could not be read for an empty one."""
    script.TRIPS = 100
    whole = Sweep.attempt

    async def attempt(self: Sweep) -> Evidence:
        known = self._empty_us
        evidence = await whole(self)
        if evidence.error and not evidence.still_open > 0:
            self._empty_us = known
            return self._weigh_empty()
        return evidence

    Sweep.attempt = attempt  # type: ignore[method-assign]


def unknown_orders_verify(_: World) -> None:
    """The kill switch does not ask what became of its own orders."""
    script.TRIPS = 100
    CancelJob._unproven = lambda self, account, coverage: 0  # type: ignore[method-assign]


def no_overlap(_: World) -> None:
    """History is read from the watermark on, as if lists were never late."""
    worlds.SETTINGS = replace(worlds.SETTINGS, history_overlap_s=0)


def strays_stay_strays(_: World) -> None:
    """A fill that was told before its order is never given to it."""
    Intake._adopt = lambda self, state, fill: None  # type: ignore[method-assign]


def refused_cancel_means_over(_: World) -> None:
    """A cancel that is refused because "there is no such order" ends the order."""
    whole = Trading.cancel

    async def cancel(self: Trading, state: OrderState, reason: str, actor: str) -> None:
        await whole(self, state, reason, actor)
        known = self._floor.desk.board.orders.get(state.client_id)
        last = self._floor.connections.trader(state.order.account)
        answer = await verdict_of(last.cancel(state), state.client_id, 5)
        if isinstance(answer, Placement) and not answer.accepted and known is not None:
            report = VenueOrder(
                account=state.order.account,
                venue_order_id=known.venue_order_id,
                client_id=state.client_id,
                cumulative=known.filled,
                final=Final.CANCELED,
            )
            self._floor.desk.post(
                events.OrderReported(
                    at_us=self._floor.now_us(),
                    actor="engine",
                    client_id=state.client_id,
                    report=report,
                    source="cancel",
                )
            )

    Trading.cancel = cancel  # type: ignore[method-assign]


def missing_means_cancelled(_: World) -> None:
    """An order that no list shows any more is taken for cancelled."""

    def search(self: Lookups, client_id: str) -> None:
        state = self._floor.state(client_id)
        report = VenueOrder(
            account=state.order.account,
            venue_order_id=state.venue_order_id,
            cumulative=state.filled,
            final=Final.CANCELED,
        )
        self._floor.desk.post(
            events.OrderReported(
                at_us=self._floor.now_us(),
                actor="engine",
                client_id=client_id,
                report=report,
                source="list",
            )
        )

    Lookups.search = search  # type: ignore[method-assign]


def released_without_grace(_: World) -> None:
    """What an ended order reserved is free at once, whatever late fill may come."""

    def claim(state: OrderState) -> Claim | None:
        return None if state.terminal else claim_of(state)

    engine.door.claim_of = claim  # type: ignore[attr-defined]


def reservations_forgotten(_: World) -> None:
    """A restart begins with no reservations."""
    whole = Door.replayed

    def forgetful(self: Door) -> None:
        whole(self)
        for name in list(self.view.exposure.claims):
            self.view.exposure.claim(name, None)

    Door.replayed = forgetful  # type: ignore[method-assign]


# Each with the number of seeds within which it must be found.
PLANTS: dict[Plant, int] = {
    no_deduplication: 20,
    release_on_timeout: 20,
    dropped_late_fill: 100,
    last_message_wins: 20,
    empty_means_none: 60,
    resend_on_timeout: 20,
    timeout_is_rejection: 20,
    one_search_proves: 20,
    sent_before_durable: 20,
    check_without_reservation: 150,
    no_look_at_the_halt: 150,
    failed_list_verifies: 150,
    unknown_orders_verify: 150,
    no_overlap: 100,
    strays_stay_strays: 20,
    refused_cancel_means_over: 20,
    missing_means_cancelled: 60,
    released_without_grace: 150,
    reservations_forgotten: 60,
}


def planted(name: str) -> Plant:
    """Plants the bug of this name when its first world begins; "" plants nothing."""
    plant = next((plant for plant in PLANTS if plant.__name__ == name), None)
    if plant is None and name:
        raise ValueError(f"there is no bug {name!r}; there are {[p.__name__ for p in PLANTS]}")
    done: list[str] = []

    def once(world: World) -> None:
        if plant is not None and (not done or plant is empty_means_none):
            done.append(name)
            plant(world)

    return once
