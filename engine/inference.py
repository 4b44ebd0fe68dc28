"""What follows from a look-up: fills that never came, and what became of an amendment.

The one rule (semantics 1.3): a stand-in for a fill is flagged, and the real one takes it back
when it comes; an amendment is what the venue shows of its terms.
"""

import hashlib

from domain import events
from domain.money import ZERO, canonical
from domain.orders import Fill, OrderState, VenueOrder

LATE_US = 30_000_000  # so long an amendment whose answer was lost may still take effect


def inferred(state: OrderState, at_us: int) -> Fill:
    """A stand-in for fills that the venue counts and never showed (semantics 1.3).

    Its id is a hash of where it stands, so that the same gap is inferred once.
    """
    order = state.order
    gap = f"{order.account}|{state.venue_order_id}|{state.filled}|{state.venue_cumulative}"
    quantity = state.venue_cumulative - state.filled
    price = state.price if state.price is not None else order.reference
    return Fill(
        account=order.account,
        symbol=order.symbol,
        trade_id=f"inf:{hashlib.sha256(gap.encode()).hexdigest()[:32]}",
        side=order.side,
        quantity=quantity,
        price=price,
        fee=max(ZERO, quantity * price * order.fee_rate),
        fee_asset=order.quote,
        at_us=at_us,
        venue_order_id=state.venue_order_id,
        client_id=order.client_id,
        inferred=True,
    )


def lowering_over(state: OrderState, asked_us: int, grace_us: int) -> bool:
    """Whether a look-up that began at `asked_us` leaves no fill at a dearer price untold."""
    if not state.lowered_us or asked_us < state.lowered_us + grace_us:
        return False
    return state.venue_cumulative <= state.filled


def terms_found(state: OrderState, found: VenueOrder, at_us: int) -> list[events.Fact]:
    """Which terms does the venue show: the new ones, or after 30 s still the old?"""
    wanted, client_id = state.amendment, state.client_id
    if wanted is None or found.quantity is None:
        return []
    new_price = wanted.price is None or found.price == wanted.price
    if found.quantity == wanted.quantity and new_price:
        confirmed = events.AmendConfirmed(
            at_us=at_us,
            actor="engine",
            client_id=client_id,
            quantity=wanted.quantity,
            price=wanted.price if wanted.price is not None else state.price,
        )
        return [confirmed]
    if wanted.in_doubt and at_us > wanted.doubt_us + LATE_US:
        refused = events.AmendRefused(
            at_us=at_us,
            actor="engine",
            client_id=client_id,
            reason=f"the venue still shows {canonical(found.quantity)} after 30 s",
        )
        return [refused]
    return []
