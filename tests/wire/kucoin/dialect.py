"""KuCoin's errors: `{"code": …, "msg": …}`, with an HTTP status that says less than the code.

Codes are those of KuCoin's published lists and of ccxt's table; those marked so are not
published. The one rule: a refusal carries the venue's own code, words and HTTP status.
"""

from collections.abc import Mapping
from http import HTTPStatus

from tests.wire.encode import encode
from tests.wire.faults import Answer
from tests.wire.orders import Why
from tests.wire.rest import Refused

GOOD = "200000"
STATUS = {
    "400001": HTTPStatus.UNAUTHORIZED,
    "400002": HTTPStatus.BAD_REQUEST,
    "400003": HTTPStatus.UNAUTHORIZED,
    "400004": HTTPStatus.UNAUTHORIZED,
    "400005": HTTPStatus.UNAUTHORIZED,
    "400007": HTTPStatus.FORBIDDEN,
    "404000": HTTPStatus.NOT_FOUND,
    "429000": HTTPStatus.TOO_MANY_REQUESTS,
    "500000": HTTPStatus.INTERNAL_SERVER_ERROR,
    "503": HTTPStatus.SERVICE_UNAVAILABLE,
}


class Denied(Refused):
    """KuCoin answers a request with this code and message, and does nothing."""

    def __init__(self, code: str, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(f"{code} {message}")
        self.text = f"{code} {message}"
        self.code = code
        self.message = message
        self.headers = headers or {}

    def answer(self) -> Answer:
        """Most errors come with HTTP 200."""
        body = encode({"code": self.code, "msg": self.message}).encode()
        return Answer(body, STATUS.get(self.code, HTTPStatus.OK), headers=self.headers)


def bad(message: str) -> Denied:
    """An argument that is missing or does not fit."""
    return Denied("400100", message)


def missing_header() -> Denied:
    """A private request without all of its five headers."""
    return Denied("400001", "Please check the header of your request for KC-API-KEY, KC-API-SIGN")


def unknown_path() -> Denied:
    """A path that leads nowhere."""
    return Denied("404000", "Url Not Found")


def closed() -> Denied:
    """Maintenance: the documented HTTP status, as the code."""
    return Denied("503", "We're temporarily offline for maintenance. Please try again later.")


def unknown_order() -> Denied:
    """A cancel of an order that is not open."""
    return bad("order_not_exist_or_not_allow_to_cancel")


def parsed(text: str) -> Denied:
    """`429000 Too many requests` as an error; `500000 Internal Server Error` of nothing."""
    code, _, message = (text or "500000 Internal Server Error").partition(" ")
    return Denied(code, message)


_WHY = {
    Why.UNKNOWN_PAIR: ("400600", "validation.createOrder.symbolNotAvailable"),
    Why.BAD_QUANTITY: ("600100", "Order size increment invalid."),
    Why.BAD_PRICE: ("600100", "Price increment invalid."),  # not published
    Why.TOO_SMALL: ("400100", "Order size below the minimum requirement."),
    Why.TOO_CHEAP: ("600101", "The order funds should more then {least} {quote}."),
    Why.POOR: ("200004", "Balance insufficient!"),
    Why.DUPLICATE: ("102426", "clientOid already exists"),  # not published
    Why.TOO_MANY: ("126011", "There are too many orders in the order"),
    Why.UNKNOWN_ORDER: ("400100", "order_not_exist_or_not_allow_to_cancel"),
}


def refused(why: Why, *, least: str, quote: str) -> Denied:
    """The words in which KuCoin refuses an order."""
    code, message = _WHY[why]
    return Denied(code, message.format(least=least, quote=quote))
