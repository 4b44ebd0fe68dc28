"""Semantics 1: order of arrival and repetition cannot change where an order ends."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain import bookings, events
from domain.instruments import Account
from domain.lifecycle import STEPS, advance, intended
from domain.orders import (
    Amendment,
    Fill,
    Final,
    Kind,
    Order,
    OrderState,
    Side,
    Status,
    VenueOrder,
)
from domain.verdicts import Verdict

MAIN = Account("kraken", "main")
ORDER = Order(
    client_id="QDA100000000000001",
    account=MAIN,
    symbol="BTC/USD",
    side=Side.BUY,
    kind=Kind.LIMIT,
    quantity=Decimal(10),
    price=Decimal(100),
)
NAME = ORDER.client_id


def new() -> OrderState:
    return intended(ORDER, at_us=0)


def fill(number: int, quantity: str) -> bookings.FillBooked:
    return bookings.FillBooked(
        at_us=number,
        actor="kraken",
        source="stream",
        fill=Fill(
            account=MAIN,
            symbol="BTC/USD",
            trade_id=f"T{number}",
            side=Side.BUY,
            quantity=Decimal(quantity),
            price=Decimal(100),
            fee=Decimal(0),
            fee_asset="USD",
            at_us=number,
            client_id=NAME,
        ),
    )


def report(cumulative: str = "0", final: Final | None = None) -> events.OrderReported:
    return events.OrderReported(
        at_us=5,
        actor="kraken",
        client_id=NAME,
        source="stream",
        report=VenueOrder(
            account=MAIN, venue_order_id="O1", cumulative=Decimal(cumulative), final=final
        ),
    )


SENT = events.OrderSent(at_us=1, actor="engine", client_id=NAME)
ACKED = events.OrderAcked(at_us=2, actor="kraken", client_id=NAME, venue_order_id="O1")
DOUBT = events.OrderInDoubt(at_us=2, actor="engine", client_id=NAME, reason="timeout")
REJECTED = events.OrderRejected(at_us=2, actor="kraken", client_id=NAME, code="E", reason="no")
CANCEL = events.CancelRequested(at_us=3, actor="me", client_id=NAME, reason="asked")
ABSENT = events.OrderAbsent(at_us=9, actor="engine", client_id=NAME, reason="two searches")
SETTLED = events.OrderSettled(at_us=9, actor="engine", client_id=NAME)
GONE = report("0", Final.CANCELED)
REOPENED = events.OrderReopened(at_us=10, actor="kraken", client_id=NAME, reason="it is open")
OVER = events.OrderEndedAgain(at_us=11, actor="kraken", client_id=NAME)
DENIED = events.OrderDenied(at_us=1, actor="me", order=ORDER, rule="halt", reason="killed")


def after(*facts: events.Fact) -> OrderState:
    state = new()
    for fact in facts:
        state = advance(state, fact)
    return state


@pytest.mark.parametrize(
    ("facts", "status", "reserved"),
    [
        ((), Status.NEW, "10"),
        ((DENIED,), Status.DENIED, "0"),
        ((SENT,), Status.SUBMITTED, "10"),
        ((SENT, ACKED), Status.OPEN, "10"),
        ((SENT, REJECTED), Status.REJECTED, "0"),
        ((SENT, DOUBT), Status.UNKNOWN, "10"),
        ((SENT, DOUBT, CANCEL), Status.UNKNOWN, "10"),
        ((SENT, DOUBT, ACKED), Status.OPEN, "10"),
        ((SENT, DOUBT, report()), Status.OPEN, "10"),
        ((SENT, DOUBT, ABSENT), Status.LOST, "0"),
        ((SENT, ACKED, fill(1, "4")), Status.PARTIAL, "6"),
        ((SENT, ACKED, report("4")), Status.PARTIAL, "10"),
        ((SENT, ACKED, CANCEL), Status.PENDING_CANCEL, "10"),
        ((SENT, ACKED, fill(1, "4"), fill(2, "6")), Status.FILLED, "0"),
        ((SENT, ACKED, report("10", Final.FILLED)), Status.SETTLING, "10"),
        ((SENT, ACKED, report("0", Final.FILLED)), Status.SETTLING, "10"),
        ((SENT, ACKED, report("4", Final.CANCELED)), Status.SETTLING, "10"),
        ((SENT, ACKED, fill(1, "4"), report("4", Final.CANCELED)), Status.CANCELED, "6"),
        ((SENT, ACKED, fill(1, "4"), report("4", Final.CANCELED), SETTLED), Status.CANCELED, "0"),
        ((SENT, ACKED, report("0", Final.EXPIRED), SETTLED), Status.EXPIRED, "0"),
        ((SENT, REJECTED, report()), Status.ANOMALY, "10"),
        ((SENT, REJECTED, fill(1, "4")), Status.ANOMALY, "6"),
        ((SENT, DOUBT, ABSENT, fill(1, "4")), Status.ANOMALY, "6"),
        ((SENT, REJECTED, fill(1, "10")), Status.FILLED, "0"),
        ((SENT, ACKED, GONE, SETTLED, REOPENED), Status.ANOMALY, "10"),
        ((SENT, ACKED, fill(1, "4"), GONE, SETTLED, REOPENED), Status.ANOMALY, "6"),
        ((SENT, ACKED, GONE, SETTLED, REOPENED, OVER), Status.CANCELED, "10"),
        ((SENT, ACKED, GONE, SETTLED, REOPENED, OVER, SETTLED), Status.CANCELED, "0"),
    ],
)
def test_the_status_is_the_first_row_that_matches(
    facts: tuple[events.Fact, ...], status: Status, reserved: str
) -> None:
    state = after(*facts)
    assert state.status is status
    assert state.reserved_quantity == Decimal(reserved)


@st.composite
def truthful(draw: st.DrawFn) -> tuple[list[events.Fact], Status, Decimal]:
    """A history that a venue could really tell, its right end, and what it filled."""
    parts = draw(st.lists(st.integers(1, 10), max_size=4))
    filled, told = Decimal(0), list[events.Fact]()
    for number, part in enumerate(parts):
        size = min(Decimal(part), Decimal(10) - filled)
        if size > 0:
            filled += size
            told.append(fill(number, str(size)))
            told.append(report(str(filled)))
    end = draw(st.sampled_from([None, Final.CANCELED, Final.EXPIRED]))
    if filled == 10:
        told.append(report("10", Final.FILLED))
        right = Status.FILLED
    elif end is not None:
        told.append(report(str(filled), end))
        right = Status(end.name)
    else:
        right = Status.PARTIAL if filled else Status.OPEN
    first = draw(st.sampled_from([[SENT, ACKED], [SENT, DOUBT, ACKED], [SENT, DOUBT]]))
    if not told and len(first) == 2 and DOUBT in first:
        right = Status.UNKNOWN
    return [*first, *told], right, filled


@settings(report_multiple_bugs=False)
@given(truthful(), st.randoms(use_true_random=False), st.integers(0, 4))
def test_shuffled_and_repeated_messages_end_in_the_same_place(
    history: tuple[list[events.Fact], Status, Decimal], dice: object, repeats: int
) -> None:
    facts, right, filled = history
    shuffled = list(facts) * (repeats + 1)
    dice.shuffle(shuffled)  # type: ignore[attr-defined]
    state = after(*shuffled)
    assert state.status is right
    assert state.filled == filled
    assert state.reserved_quantity <= ORDER.quantity - filled


@given(truthful(), st.randoms(use_true_random=False))
def test_a_finished_order_never_comes_back(
    history: tuple[list[events.Fact], Status, Decimal], dice: object
) -> None:
    shuffled = list(history[0]) * 2
    dice.shuffle(shuffled)  # type: ignore[attr-defined]
    state, ended = new(), False
    for fact in shuffled:
        state = advance(state, fact)
        # SETTLING is not an end: a finished order may still wait for fills it knows of.
        ended = ended or (state.terminal and state.venue_final is not None)
        assert not ended or state.terminal or state.status is Status.SETTLING


def _last_message_wins(state: OrderState, fact: events.OrderReported) -> OrderState:
    return replace(
        state,
        acked=True,
        venue_final=fact.report.final,
        venue_cumulative=fact.report.cumulative,
    )


def _books_every_delivery(state: OrderState, fact: bookings.FillBooked) -> OrderState:
    return replace(state, filled=state.filled + fact.fill.quantity)


def _drops_late_fills(state: OrderState, fact: bookings.FillBooked) -> OrderState:
    return state if state.venue_final else STEPS_AS_THEY_ARE[bookings.FillBooked](state, fact)


def _timeout_means_rejected(state: OrderState, _: events.OrderInDoubt) -> OrderState:
    return replace(state, rejected=True)


STEPS_AS_THEY_ARE = dict(STEPS)
PLANTED: dict[str, tuple[type[events.Fact], Callable[..., OrderState]]] = {
    "last message wins": (events.OrderReported, _last_message_wins),
    "no de-duplication": (bookings.FillBooked, _books_every_delivery),
    "late fills dropped": (bookings.FillBooked, _drops_late_fills),
    "release on timeout": (events.OrderInDoubt, _timeout_means_rejected),
}


@pytest.mark.parametrize("bug", sorted(PLANTED))
def test_the_properties_find_a_planted_bug(bug: str, monkeypatch: pytest.MonkeyPatch) -> None:
    kind, step = PLANTED[bug]
    monkeypatch.setitem(STEPS, kind, step)
    with pytest.raises(BaseException, match=r".*"):
        test_shuffled_and_repeated_messages_end_in_the_same_place()


def test_a_reopened_order_is_cancelled_by_a_new_wish_only_and_has_a_grace_of_its_own() -> None:
    reopened = after(SENT, ACKED, CANCEL, GONE, SETTLED, REOPENED)
    assert not reopened.cancel_requested
    assert advance(reopened, CANCEL).cancel_requested
    assert advance(reopened, OVER).final_us == OVER.at_us


def test_the_last_doubt_says_until_when_a_create_may_have_left() -> None:
    later = replace(DOUBT, at_us=7)
    assert after(SENT, DOUBT, later).doubt_us == after(SENT, later, DOUBT).doubt_us == 7


def test_an_amendment_reserves_the_larger_remainder_until_it_is_confirmed() -> None:
    smaller = Amendment(client_id="x", quantity=Decimal(4), price=Decimal(100), at_us=3)
    asked = events.AmendRequested(
        at_us=3, actor="me", client_id=NAME, amendment=smaller, verdict=Verdict(approved=True)
    )
    state = after(SENT, ACKED, fill(1, "2"), asked)
    assert state.reserved_quantity == Decimal(8)
    confirmed = events.AmendConfirmed(
        at_us=4, actor="kraken", client_id=NAME, quantity=Decimal(4), price=Decimal(100)
    )
    assert advance(state, confirmed).reserved_quantity == Decimal(2)
    refused = events.AmendRefused(at_us=4, actor="kraken", client_id=NAME, reason="no")
    assert advance(state, refused).reserved_quantity == Decimal(8)


def _now(price: str | None, at_us: int) -> events.AmendConfirmed:
    terms = Decimal(price) if price is not None else None
    return events.AmendConfirmed(
        at_us=at_us, actor="kraken", client_id=NAME, quantity=Decimal(10), price=terms
    )


def test_a_lowered_price_counts_as_before_until_no_fill_at_it_can_come_any_more() -> None:
    lowered = after(SENT, ACKED, _now("90", 4))
    assert (lowered.price, lowered.dearest_price) == (Decimal(90), Decimal(100))
    again = advance(lowered, _now("80", 5))
    assert (again.dearest_price, again.lowered_us) == (Decimal(100), 5)
    raised = advance(again, _now("100", 6))
    assert raised.dearest_price == Decimal(100)
    over = events.AmendSettled(at_us=9, actor="engine", client_id=NAME)
    assert advance(again, over).dearest_price == Decimal(80)
    assert not advance(again, over).lowered_us


def test_a_raised_price_leaves_nothing_to_wait_for() -> None:
    raised = after(SENT, ACKED, _now("110", 4))
    assert (raised.dearest_price, raised.lowered_us) == (Decimal(110), 0)


def test_an_order_filled_to_its_old_size_is_not_over_while_a_larger_one_is_asked_for() -> None:
    larger = Amendment(client_id="x", quantity=Decimal(15), price=Decimal(100), at_us=3)
    asked = events.AmendRequested(
        at_us=3, actor="me", client_id=NAME, amendment=larger, verdict=Verdict(approved=True)
    )
    state = after(SENT, ACKED, asked, fill(1, "10"))
    assert state.status is Status.PARTIAL
    assert state.reserved_quantity == Decimal(5)


def test_a_fill_that_is_taken_back_counts_no_more() -> None:
    booked = fill(1, "4")
    back = bookings.FillReversed(at_us=2, actor="engine", fill=booked.fill, reason="inferred")
    state = after(SENT, ACKED, booked, back)
    assert (state.filled, state.status) == (Decimal(0), Status.OPEN)
