"""ccxt's stream caches swept after every frame, for venues whose frames are not read here.

ccxt hands a watcher only some of what arrived between two calls; its caches hold the rest
(venues.md, trap 5). Here they are looked at as soon as a frame has been handled, so that no
call has to be in time. The one rule: what a cache shows twice is told once.
"""

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from domain.instruments import Account
from domain.ports import Clock
from domain.sightings import (
    DepthSeen,
    FillSeen,
    Heartbeat,
    OrderSeen,
    PriceSeen,
    TotalsSeen,
)
from venues import ccxt_convert as convert
from venues.ccxt_fields import Fields, Malformed, is_asset
from venues.ccxt_news import Confirmed, News, Rejected
from venues.ccxt_row import Quirks

SWEPT = 200  # newest rows of a cache that are looked at
REMEMBERED = 5_000
_HEARTBEAT_EVERY_US = 1_000_000


class AnyFrame:
    """Any frame at all shows that the venue took the subscriptions, and is alive."""

    def __init__(self, venue: str, feed: str, clock: Clock) -> None:
        self._venue = venue
        self._feed = feed
        self._clock = clock
        self._told_us = -_HEARTBEAT_EVERY_US

    @property
    def owned(self) -> frozenset[str]:
        """None: ccxt reads everything."""
        return frozenset()

    def read(self, _: Any) -> Iterator[News]:
        """A heartbeat, once a second at most."""
        yield Confirmed("*")
        now_us = self._clock.monotonic_us()
        if now_us - self._told_us >= _HEARTBEAT_EVERY_US:
            self._told_us = now_us
            yield Heartbeat(venue=self._venue, feed=self._feed, at_us=self._clock.now_us())


class AccountCaches:
    """Fills, orders and totals out of one ccxt client's caches."""

    def __init__(self, api: Any, account: Account, quirks: Quirks, clock: Clock) -> None:
        self._api = api
        self._account = account
        self._quirks = quirks
        self._clock = clock
        self._told: OrderedDict[object, object] = OrderedDict()
        self._owners: OrderedDict[str, str] = OrderedDict()

    def after(self) -> Iterator[News]:
        """What the caches show that was not told yet, oldest first."""
        for row in _newest(self._api.orders):
            yield from self._order(row)
        for row in _newest(self._api.myTrades):
            yield from self._fill(row)
        yield from self._totals()

    def _fill(self, row: Any) -> Iterator[News]:
        try:
            fill = convert.fill(row, self._account, self._quirks, self._owners)
        except Malformed as problem:
            if self._is_new(("bad", repr(row)[:200]), None):
                yield Rejected(str(problem))
            return
        if self._is_new(fill.key, None):
            yield FillSeen(fill=fill)

    def _order(self, row: Any) -> Iterator[News]:
        try:
            report = convert.order(row, self._account, self._quirks)
        except Malformed as problem:
            if self._is_new(("bad", repr(row)[:200]), None):
                yield Rejected(str(problem))
            return
        if self._is_new(("order", report.venue_order_id), report):
            self._owners[report.venue_order_id] = report.client_id
            if len(self._owners) > REMEMBERED:
                self._owners.popitem(last=False)
            yield OrderSeen(report=report)

    def _totals(self) -> Iterator[News]:
        balances = self._api.balance
        # Some classes keep one structure, others one for each kind of wallet.
        spot = balances.get("spot", balances) if isinstance(balances, dict) else {}
        row = Fields("balances", spot)
        totals = {}
        for code in row.row:
            held = row.row[code]
            if not is_asset(code) or not isinstance(held, dict):
                continue
            try:
                total = Fields(f"balance of {code}", held).number("total")
            except Malformed as problem:
                yield Rejected(str(problem))
                continue
            if total is not None and self._is_new(("total", code), total):
                totals[code] = total
        if totals:
            yield TotalsSeen(account=self._account, totals=totals, at_us=self._clock.now_us())

    def _is_new(self, key: object, value: object) -> bool:
        if key in self._told and self._told[key] == value:
            return False
        self._told[key] = value
        if len(self._told) > REMEMBERED:
            self._told.popitem(last=False)
        return True


class PriceCaches:
    """Newest prices out of `tickers`; each ticker object is told once."""

    def __init__(self, api: Any, symbols: Sequence[str], quirks: Quirks, clock: Clock) -> None:
        self._api = api
        self._symbols = symbols
        self._quirks = quirks
        self._clock = clock
        self._told: dict[str, object] = {}

    def after(self) -> Iterator[News]:
        """Every watched ticker that changed with the frame."""
        for symbol in self._symbols:
            ticker = self._api.tickers.get(symbol)
            if ticker is None or ticker is self._told.get(symbol):
                continue
            self._told[symbol] = ticker
            try:
                price = convert.price(
                    ticker,
                    venue=self._quirks.traits.venue,
                    at_us=self._clock.now_us(),
                    opens_24h_ago=True,
                )
            except Malformed as problem:
                yield Rejected(str(problem))
            else:
                yield PriceSeen(price=price)


class DepthCache:
    """The book that ccxt keeps of one symbol, after each frame that is about books."""

    def __init__(self, api: Any, symbol: str, quirks: Quirks, clock: Clock) -> None:
        self._api = api
        self._symbol = symbol
        self._quirks = quirks
        self._clock = clock

    def after(self) -> Iterator[News]:
        """The best levels as they are now."""
        book = self._api.orderbooks.get(self._symbol)
        if book is None:
            return
        try:
            depth = convert.depth(
                book,
                venue=self._quirks.traits.venue,
                symbol=self._symbol,
                at_us=self._clock.now_us(),
            )
        except Malformed as problem:
            yield Rejected(str(problem))
        else:
            yield DepthSeen(depth=depth)


def _newest(cache: Any) -> list[Any]:
    """The newest rows of a cache, oldest first; a row is copied, ccxt changes it in place."""
    rows = [] if cache is None else list(islice(reversed(cache), SWEPT))
    return [dict(row) if isinstance(row, dict) else row for row in reversed(rows)]
