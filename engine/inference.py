"""Fills that a venue counts and never shows, stood in for (semantics 1.3).

The one rule: a stand-in is flagged, and the real fill takes it back when it comes.
"""

import hashlib

from domain.money import ZERO
from domain.orders import Fill, OrderState


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
