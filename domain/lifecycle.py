"""From fact to fact: how each fact changes what is known of one order (semantics 1.3).

The one rule: every step only adds. A duplicate or an older report changes nothing, so the
result is the same for every order of arrival.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from domain import bookings, events
from domain.orders import Final, Order, OrderState


def intended(order: Order, *, at_us: int, foreign: bool = False) -> OrderState:
    """The state of an order of which only the intention is known."""
    return OrderState(
        order=order, quantity=order.quantity, price=order.price, foreign=foreign, updated_us=at_us
    )


def advance(state: OrderState, fact: events.Fact) -> OrderState:
    """What is known of the order after `fact`; the same state if the fact adds nothing."""
    step = STEPS.get(type(fact))
    if step is None:
        return state
    after = step(state, fact)
    if after == state:
        return state
    # The step has just made it and nobody else has seen it: a second copy would be for nothing.
    object.__setattr__(after, "updated_us", max(state.updated_us, fact.at_us))
    return after


def _denied(state: OrderState, fact: events.OrderDenied) -> OrderState:
    return replace(state, denied=fact.rule, reason=fact.reason)


def _sent(state: OrderState, _: events.OrderSent) -> OrderState:
    return replace(state, sent=True)


def _acked(state: OrderState, fact: events.OrderAcked) -> OrderState:
    return replace(
        state,
        sent=True,
        acked=True,
        venue_order_id=state.venue_order_id or fact.venue_order_id,
        acked_us=state.acked_us or fact.at_us,
    )


def _rejected(state: OrderState, fact: events.OrderRejected) -> OrderState:
    return replace(state, rejected=True, reason=state.reason or fact.reason)


def _in_doubt(state: OrderState, fact: events.OrderInDoubt) -> OrderState:
    return replace(
        state,
        sent=True,
        outcome_unknown=True,
        doubt_us=max(state.doubt_us, fact.at_us),
        reason=state.reason or fact.reason,
    )


def _reported(state: OrderState, fact: events.OrderReported) -> OrderState:
    report = fact.report
    final = state.venue_final or report.final
    claimed = report.cumulative
    if report.final is Final.FILLED and not claimed:
        claimed = report.quantity or state.quantity
    ended_now = final is not None and not state.final_us
    return replace(
        state,
        sent=True,
        acked=True,
        acked_us=state.acked_us or fact.at_us,
        venue_order_id=state.venue_order_id or report.venue_order_id,
        venue_final=final,
        final_us=fact.at_us if ended_now else state.final_us,
        venue_cumulative=max(state.venue_cumulative, claimed),
    )


def _cancel_requested(state: OrderState, _: events.CancelRequested) -> OrderState:
    return replace(state, cancel_requested=True)


def _amend_requested(state: OrderState, fact: events.AmendRequested) -> OrderState:
    return replace(state, amendment=fact.amendment)


def _amend_in_doubt(state: OrderState, fact: events.AmendInDoubt) -> OrderState:
    if state.amendment is None:
        return state
    doubted = replace(state.amendment, in_doubt=True, doubt_us=fact.at_us)
    return replace(state, amendment=doubted)


def _amend_confirmed(state: OrderState, fact: events.AmendConfirmed) -> OrderState:
    now = replace(state, quantity=fact.quantity, price=fact.price, amendment=None)
    before, after = state.dearest_price, fact.price
    if before is None or after is None or before <= after:
        return replace(now, former_price=None, lowered_us=0)
    return replace(now, former_price=before, lowered_us=fact.at_us)


def _amend_settled(state: OrderState, _: events.AmendSettled) -> OrderState:
    return replace(state, former_price=None, lowered_us=0)


def _amend_refused(state: OrderState, _: events.AmendRefused) -> OrderState:
    return replace(state, amendment=None)


def _absent(state: OrderState, fact: events.OrderAbsent) -> OrderState:
    return replace(state, absent=True, reason=state.reason or fact.reason)


def _settled(state: OrderState, _: events.OrderSettled) -> OrderState:
    return replace(state, settled=True)


def _reopened(state: OrderState, _: events.OrderReopened) -> OrderState:
    # The wish of its former life is spent: only a new one cancels it again.
    return replace(state, reopened=True, settled=False, cancel_requested=False)


def _ended_again(state: OrderState, fact: events.OrderEndedAgain) -> OrderState:
    return replace(state, reopened=False, settled=False, final_us=fact.at_us)


def _filled(state: OrderState, fact: bookings.FillBooked | events.FillAdopted) -> OrderState:
    fill = fact.fill
    if fill.key in state.fills:
        return state
    return replace(
        state,
        fills=state.fills.put(fill.key, fill),
        filled=state.filled + fill.quantity,
        venue_order_id=state.venue_order_id or fill.venue_order_id,
    )


def _fill_reversed(state: OrderState, fact: bookings.FillReversed) -> OrderState:
    known = state.fills.get(fact.fill.key)
    if known is None:
        return state
    kept = state.fills.drop(known.key)
    return replace(state, fills=kept, filled=state.filled - known.quantity)


STEPS: dict[type[events.Fact], Callable[[OrderState, Any], OrderState]] = {
    events.OrderDenied: _denied,
    events.OrderSent: _sent,
    events.OrderAcked: _acked,
    events.OrderRejected: _rejected,
    events.OrderInDoubt: _in_doubt,
    events.OrderReported: _reported,
    events.CancelRequested: _cancel_requested,
    events.AmendRequested: _amend_requested,
    events.AmendInDoubt: _amend_in_doubt,
    events.AmendConfirmed: _amend_confirmed,
    events.AmendSettled: _amend_settled,
    events.AmendRefused: _amend_refused,
    events.OrderAbsent: _absent,
    events.OrderSettled: _settled,
    events.OrderReopened: _reopened,
    events.OrderEndedAgain: _ended_again,
    bookings.FillBooked: _filled,
    events.FillAdopted: _filled,
    bookings.FillReversed: _fill_reversed,
}
