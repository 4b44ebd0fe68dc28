"""What a REST handler gets, and the tables in which handlers are listed.

A row's name is the method and the path behind the version, as ccxt writes it: the name under
which faults are planned and requests are counted.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from domain.money import ZERO, NotANumber, number
from tests.wire.kucoin.assets import ASSETS, BY_ID, Asset, Listing
from tests.wire.kucoin.dialect import bad
from tests.wire.kucoin.keys import ApiKey
from tests.wire.kucoin.venue import KucoinVenue

PublicHandler = Callable[[KucoinVenue, Mapping[str, str]], object]
DAY_MS = 86_400_000
LONGEST_SPAN_MS = 7 * DAY_MS


@dataclass(frozen=True, slots=True)
class Request:
    """A private request whose key and permission were right."""

    venue: KucoinVenue
    key: ApiKey
    fields: Mapping[str, str]

    @property
    def owner(self) -> str:
        """The account that asks."""
        return self.key.owner

    def text(self, name: str, default: str = "") -> str:
        """A field's text."""
        return self.fields.get(name, default)

    def flag(self, name: str) -> bool:
        """A field that is true or false; false when it is missing."""
        return self.text(name) == "true"

    def whole(self, name: str, default: int, most: int | None = None) -> int:
        """A field that is a whole number, cut to the most that the venue gives."""
        told = self.text(name, str(default))
        if not told.isdigit():
            raise bad(f"{name} is invalid.")
        return int(told) if most is None else min(int(told), most)

    def amount(self, name: str) -> Decimal:
        """A field that is a positive number."""
        try:
            amount = number(self.text(name))
        except NotANumber as error:
            raise bad(f"{name} can not be empty.") from error
        if amount <= ZERO:
            raise bad(f"{name} is invalid.")
        return amount

    def listing(self) -> Listing:
        """The pair asked for; every list and every order needs one."""
        if not self.text("symbol"):
            raise bad("symbol can not be empty.")
        return listing_of(self.text("symbol"))

    def window_us(self) -> tuple[int, int]:
        """`startAt` to `endAt`, seven days at most: the missing end follows from the other."""
        now_ms = self.venue.now_us() // 1000
        start, end = self.text("startAt"), self.text("endAt")
        end_ms = self.whole("endAt", now_ms)
        if start and not end:
            end_ms = self.whole("startAt", 0) + LONGEST_SPAN_MS
        start_ms = self.whole("startAt", end_ms - LONGEST_SPAN_MS)
        if end_ms - start_ms > LONGEST_SPAN_MS:
            raise bad("The time range cannot exceed 7 days.")  # not published
        return start_ms * 1000, end_ms * 1000 + 999


@dataclass(frozen=True, slots=True)
class PrivateHandler:
    """A private endpoint: what it does, and the permission that a key needs."""

    run: Callable[[Request], object]
    permission: str


def listing_of(market_id: str) -> Listing:
    """The pair of that name. Raises Denied."""
    if market_id not in BY_ID:
        raise bad("Unsupported trading pair.")
    return BY_ID[market_id]


def asset_of(code: str) -> Asset:
    """The currency of that name. Raises Denied."""
    if code not in ASSETS:
        raise bad("Currency is invalid.")
    return ASSETS[code]


def pattern_of(path: str) -> re.Pattern[str]:
    """`hf/orders/{orderId}` as a pattern of what may stand there."""
    return re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(path)))
