"""Kraken's error texts, in one table. The one rule: a refusal carries the venue's own words.

Texts are those of Kraken's published error list; the one for a client id in use is not
published and is marked so.
"""

from tests.wire.encode import encode
from tests.wire.faults import Answer
from tests.wire.kraken.assets import Listing
from tests.wire.orders import Why
from tests.wire.rest import Refused

INVALID_KEY = "EAPI:Invalid key"
INVALID_SIGNATURE = "EAPI:Invalid signature"
INVALID_NONCE = "EAPI:Invalid nonce"
TOO_MANY_CALLS = "EAPI:Rate limit exceeded"
TOO_MANY_ORDERS = "EOrder:Rate limit exceeded"
NOT_PERMITTED = "EGeneral:Permission denied"
BAD_ARGUMENTS = "EGeneral:Invalid arguments"
UNKNOWN_METHOD = "EGeneral:Unknown method"
UNAVAILABLE = "EService:Unavailable"
UNKNOWN_PAIR = "EQuery:Unknown asset pair"
UNKNOWN_ASSET = "EQuery:Unknown asset"
UNKNOWN_ORDER = "EOrder:Unknown order"
INVALID_ORDER = "EOrder:Invalid order"
INVALID_SESSION = "ESession:Invalid session"
UNKNOWN_WITHDRAW_KEY = "EFunding:Unknown withdraw key"
POOR_FUNDING = "EFunding:Insufficient funds"

_WHY = {
    Why.UNKNOWN_PAIR: UNKNOWN_PAIR,
    Why.BAD_QUANTITY: "EGeneral:Invalid arguments:volume",
    Why.TOO_SMALL: "EOrder:Order minimum not met",
    Why.TOO_CHEAP: "EOrder:Cost minimum not met",
    Why.POOR: "EOrder:Insufficient funds",
    Why.DUPLICATE: "EOrder:Duplicate order",  # not published
    Why.WOULD_TRADE: "EOrder:Post only order",
    Why.TOO_MANY: "EOrder:Orders limit exceeded",
    Why.UNKNOWN_ORDER: UNKNOWN_ORDER,
}


class Denied(Refused):
    """Kraken answers a request with this error text and does nothing."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text

    def answer(self) -> Answer:
        """Errors come with HTTP 200."""
        return Answer(encode({"error": [self.text]}).encode())


def text_of(why: Why, listing: Listing | None) -> str:
    """The words in which Kraken refuses an order."""
    if why is Why.BAD_PRICE and listing is not None:
        limit = f"price can only be specified up to {listing.pair_decimals} decimals."
        return f"EOrder:Invalid price:{listing.rest} {limit}"
    return _WHY.get(why, BAD_ARGUMENTS)
