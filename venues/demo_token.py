"""Fees in a demo venue's own token.

The one rule: who has too little of the token pays in the quote.
"""

from decimal import Decimal

from domain.money import MONEY
from domain.orders import VenueOrder
from venues.demo_prices import SCALE
from venues.fees import Fees
from venues.till import Till


def charge(
    till: Till,
    fees: Fees,
    order: VenueOrder,
    quantity: Decimal,
    price: Decimal,
    *,
    liquidity: str,
    token_mid: int,
) -> tuple[str, Decimal]:
    """The fee of one execution: (asset, amount).

    `token_mid` is the venue's own token in the order's quote (10^-12); 0 for none.
    """
    assert order.side is not None
    asset, fee = fees.charge(order.side, order.symbol, quantity, price, liquidity)
    if not token_mid:
        return asset, fee
    in_token = fees.in_token(fee, MONEY.divide(Decimal(token_mid), Decimal(SCALE)))
    if till.free(order.account.name, fees.token) < in_token:
        return asset, fee
    return fees.token, in_token
