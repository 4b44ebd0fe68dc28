"""Orders under shuffled, repeated, late and lost messages: a machine that tries them all (issue 3).

Hypothesis moves the wire one request and one message at a time; the desk's handling of orders is
the real one. The same moves are made in every run: a failure prints the steps that lead to it.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import Phase
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

import engine.door
from domain import bookings, events, lifecycle
from domain.errors import Unavailable
from domain.market import History, Sought
from domain.orders import Fill, Order, OrderState, VenueOrder
from engine.absence import Proof
from engine.intake import Intake
from engine.trading import Permit, Trading
from risk.exposure import Claim, claim_of
from tests.engine.order_desk import OrderDesk, Request, Wire
from tests.hunting import hunt
from tests.sim.loop import SECOND_US

D = Decimal
WHICH = st.integers(0, 7)
FATE = st.sampled_from(["told", "told", "again", "lost"])
WAY = st.sampled_from(["answered", "arrives", "leaves"])
SOUND, PLANTED, STEPS = 300, 150, 25


class Orders(RuleBasedStateMachine):
    """One desk, one venue, and everything that can happen between them."""

    def __init__(self) -> None:
        super().__init__()
        self.desk = OrderDesk()

    @initialize(nameless=st.booleans())
    def begin(self, nameless: bool) -> None:
        """Whether the venue's trades name our ids; and a first order that works."""
        self.desk.wire.nameless = nameless
        self.submit(5, "answered")

    # The trader

    @precondition(lambda self: self.desk.count < 4)
    @rule(tenths=st.integers(1, 9), way=WAY)
    def submit(self, tenths: int, way: str) -> None:
        """A new order leaves."""
        self.desk.submit(D(tenths) / 10)
        self._goes(way)

    @precondition(lambda self: self.desk.wire.left)
    @rule(which=WHICH, way=WAY)
    def cancel(self, which: int, way: str) -> None:
        """A cancel leaves."""
        names = list(self.desk.wire.left)
        self.desk.cancel(names[which % len(names)])
        self._goes(way)

    def _goes(self, way: str) -> None:
        """How the newest request fares at once; the rest is up to other moves."""
        wire = self.desk.wire
        if way == "leaves" or not wire.requests or not wire.may_arrive(wire.requests[-1]):
            return
        wire.arrive(wire.requests[-1])
        if way == "answered":
            wire.reply(wire.requests[-1])
            self.desk.wait(0.5)

    # Requests

    def _on_the_way(self) -> list[Request]:
        wire = self.desk.wire
        return [request for request in wire.requests if wire.may_arrive(request)]

    @precondition(lambda self: self._on_the_way())
    @rule(which=WHICH, refused=st.sampled_from([False, False, False, True]))
    def arrive(self, which: int, refused: bool) -> None:
        """A request happens at the venue, or is refused there."""
        waiting = self._on_the_way()
        self.desk.wire.arrive(waiting[which % len(waiting)], refused=refused)

    def _done(self) -> list[Request]:
        requests = self.desk.wire.requests
        return [r for r in requests if r.placement is not None and not r.answer.done()]

    @precondition(lambda self: self._done())
    @rule(which=WHICH)
    def reply(self, which: int) -> None:
        """An answer comes back."""
        waiting = self._done()
        self.desk.wire.reply(waiting[which % len(waiting)])
        self.desk.wait(0.5)

    # The venue

    @precondition(lambda self: self.desk.truth.working())
    @rule(which=WHICH, tenths=st.integers(1, 9))
    def fill(self, which: int, tenths: int) -> None:
        """Some or all of a working order trades."""
        working = self.desk.truth.working()
        order = working[which % len(working)]
        assert order.price is not None
        self.desk.truth._trade(order, min(order.left, D(tenths) / 10), order.price)

    @precondition(lambda self: self.desk.truth.working())
    @rule(which=WHICH)
    def ended_there(self, which: int) -> None:
        """The venue, or somebody there, ends a working order."""
        working = self.desk.truth.working()
        self.desk.truth.cancel(working[which % len(working)].venue_order_id, "")

    # Messages

    @precondition(lambda self: self.desk.wire.mail)
    @rule(picks=st.lists(st.tuples(WHICH, FATE), min_size=1, max_size=5))
    def deliver(self, picks: list[tuple[int, str]]) -> None:
        """Messages are here, in any order; some come again later, some never."""
        mail = self.desk.wire.mail
        for which, fate in picks:
            if mail:
                message = mail[which % len(mail)]
                if fate != "again":
                    mail.remove(message)
                if fate != "lost":
                    self.desk.hear(message)
                    self.nothing_is_wrong()

    # Conditions, time, crashes

    @rule(reads=st.sampled_from(["ok", "broken", "partial"]), slow_s=st.sampled_from([0, 0, 10]))
    def conditions(self, reads: str, slow_s: int) -> None:
        """From now on reads succeed, fail or miss pages, and commits take so much longer."""
        self.desk.wire.mode = reads
        self.desk.core.ledger.slow_us = slow_s * SECOND_US

    @rule(seconds=st.sampled_from([1, 5, 20, 60]), polls=st.booleans())
    def time(self, seconds: int, polls: bool) -> None:
        """Time passes; perhaps lists are asked for then."""
        for _ in range(seconds):
            self.desk.wait(1)
            self.nothing_is_wrong()
        if polls:
            self.desk.poll()

    @rule()
    def crash(self) -> None:
        """The desk dies and starts again."""
        self.desk.crash()

    # What must hold

    @invariant()
    def nothing_is_wrong(self) -> None:
        """Nothing that must never be."""
        assert self.desk.wrong() == []

    def teardown(self) -> None:
        """At rest the desk agrees with its venue."""
        try:
            self.desk.rest()
            assert self.desk.wrong() == []
            assert self.desk.differs() == []
        finally:
            self.desk.close()


def played(examples: int, *phases: Phase) -> None:
    """Let the machine try so many lives."""
    run_state_machine_as_test(Orders, settings=hunt(examples, *phases, steps=STEPS))


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """The desk's own log of thousands of faults helps nobody."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.timeout(120)
def test_the_desk_agrees_with_its_venue_whatever_becomes_of_the_messages() -> None:
    played(SOUND, Phase.generate, Phase.shrink)


# Planted bugs

Patch = pytest.MonkeyPatch


def no_deduplication(patch: Patch) -> None:
    """Every telling of a fill is booked."""
    whole = Intake.fill

    def twice(self: Intake, fill: Fill, source: str) -> None:
        self._seen.pop(fill.key, None)
        whole(self, fill, source)

    patch.setattr(bookings.FillBooked, "key", lambda self: f"{self.fill.key}:{self.at_us}")
    patch.setattr(Intake, "fill", twice)


def release_on_timeout(patch: Patch) -> None:
    """An order whose outcome is not known reserves nothing."""

    def claim(state: OrderState) -> Claim | None:
        return None if state.outcome_unknown and not state.seen else claim_of(state)

    patch.setattr(engine.door, "claim_of", claim)


def dropped_late_fill(patch: Patch) -> None:
    """A fill of an order that is over is thrown away."""
    whole = Intake.fill

    def timely(self: Intake, fill: Fill, source: str) -> None:
        state = self.owner(fill.account, fill.client_id, fill.venue_order_id)
        if state is None or state.venue_final is None:
            whole(self, fill, source)

    patch.setattr(Intake, "fill", timely)


def last_message_wins(patch: Patch) -> None:
    """The newest report replaces what was known."""

    def reported(state: OrderState, fact: events.OrderReported) -> OrderState:
        report = fact.report
        return replace(
            state,
            sent=True,
            acked=True,
            venue_order_id=state.venue_order_id or report.venue_order_id,
            venue_final=report.final,
            final_us=fact.at_us if report.final else 0,
            venue_cumulative=report.cumulative,
        )

    patch.setitem(lifecycle.STEPS, events.OrderReported, reported)


def empty_means_none(patch: Patch) -> None:
    """A list that could not be read is an empty list."""
    lists, find, history = Wire.open_orders, Wire.find, Wire.history

    async def open_orders(self: Wire, *, urgent: bool = False) -> Sequence[VenueOrder]:
        return [] if self.mode == "broken" else await lists(self, urgent=urgent)

    async def found(self: Wire, state: OrderState) -> Sought:
        try:
            return replace(await find(self, state), complete=True)
        except Unavailable:
            return Sought(found=None, complete=True)

    async def told(self: Wire, since_us: int) -> History:
        mode, self.mode = self.mode, "ok"
        try:
            whole = await history(self, since_us)
        finally:
            self.mode = mode
        return whole if mode == "ok" else replace(whole, orders=(), fills=())

    patch.setattr(Wire, "open_orders", open_orders)
    patch.setattr(Wire, "find", found)
    patch.setattr(Wire, "history", told)


def resend_on_timeout(patch: Patch) -> None:
    """A create without an answer is sent again."""
    whole = Trading._answered

    async def answered(self: Trading, order: Order, flattens: Permit | None) -> events.Fact:
        outcome = await whole(self, order, flattens)
        if isinstance(outcome, events.OrderInDoubt):
            outcome = await whole(self, order, flattens)
        return outcome

    patch.setattr(Trading, "_answered", answered)


def timeout_is_rejection(patch: Patch) -> None:
    """A create without an answer is taken for refused."""

    def doubted(state: OrderState, _: events.OrderInDoubt) -> OrderState:
        return replace(state, sent=True, rejected=True)

    patch.setitem(lifecycle.STEPS, events.OrderInDoubt, doubted)


def one_search_proves(patch: Patch) -> None:
    """The first search that finds nothing proves absence."""
    patch.setattr(Proof, "by", lambda self, state: True)


PLANTS: tuple[Callable[[Patch], None], ...] = (
    no_deduplication,
    release_on_timeout,
    dropped_late_fill,
    last_message_wins,
    empty_means_none,
    resend_on_timeout,
    timeout_is_rejection,
    one_search_proves,
)


@pytest.mark.timeout(120)
@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: plant.__name__)
def test_a_planted_bug_is_found(
    plant: Callable[[Patch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch)
    with pytest.raises(AssertionError):
        played(PLANTED, Phase.generate)
