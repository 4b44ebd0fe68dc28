"""ccxt's stream caches swept after every frame, for venues whose frames are not read here.

ccxt hands a watcher only some of what arrived between two calls; its caches hold the rest
(venues.md, trap 5). Here they are looked at as soon as a frame has been handled, so that no
call has to be in time. The one rule: what a cache shows twice is told once.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

from domain.instruments import Account
from domain.ports import Clock
from domain.sightings import (
    FillSeen,
    Heartbeat,
    OrderSeen,
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
    """Any frame shows that the venue is alive; `answer` reads what it says of subscriptions."""

    def __init__(
        self,
        venue: str,
        feed: str,
        clock: Clock,
        answer: Callable[[Any], News | None] | None = None,
        channels: frozenset[str] = frozenset(),
    ) -> None:
        self._venue = venue
        self._feed = feed
        self._clock = clock
        self._answer = answer or _taken
        self._missing = channels
        self._told_us = -_HEARTBEAT_EVERY_US

    @property
    def owned(self) -> frozenset[str]:
        """None: ccxt reads everything."""
        return frozenset()

    def read(self, message: Any) -> Iterator[News]:
        """What it says of subscriptions; once all are confirmed a heartbeat, once a second."""
        told = self._answer(message)
        if told is not None:
            yield told
        if isinstance(told, Confirmed):
            self._missing -= self._missing if told.channel == "*" else {told.channel}
        if self._missing:
            return
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
        self._orders, self._trades = Tail(), Tail()
        self._total_of: dict[str, object] = {}

    @property
    def pause_s(self) -> float:
        """None: nothing of an account ever waits."""
        return 0

    def rested(self) -> None:
        """It never rests."""

    def after(self) -> Iterator[News]:
        """What the caches show that was not told yet, oldest first."""
        for row in self._orders.of(self._api.orders):
            yield from self._order(row)
        # ccxt fills these caches out of other subscriptions too; what is not watched is not told
        # whole there (KuCoin: fills without fees, totals of one wallet).
        if "watchMyTrades" in self._quirks.watches:
            for row in self._trades.of(self._api.myTrades):
                yield from self._fill(row)
        if "watchBalance" in self._quirks.watches:
            yield from self._totals()
        if self._quirks.forgets_orders:
            self._api.orders = None

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
        told = spot.get("total") if isinstance(spot, dict) else None
        if isinstance(told, dict) and told:
            if told == self._total_of:
                return
            self._total_of = dict(told)
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


def _taken(_: Any) -> News:
    return Confirmed("*")


class Tail:
    """What ccxt has put into one of its caches since the last look, oldest first.

    ccxt makes a cache when its first row comes, and may make another: a new one is looked
    through once, and from then on keeps a copy of each row that is appended. A row that comes
    again is appended again, merged with what was known.
    """

    def __init__(self) -> None:
        self._cache: Any = None
        self._rows: list[Any] = []

    def of(self, cache: Any) -> list[Any]:
        """The rows since the last look; all of the newest ones where the cache is a new one."""
        if cache is None:
            return []
        if cache is not self._cache:
            self._cache, self._rows = cache, _newest(cache)
            cache.append = _keeping(cache, cache.append, self._rows)
        rows = self._rows[:]
        self._rows.clear()
        return rows


def _keeping(cache: Any, append: Callable[[Any], None], rows: list[Any]) -> Callable[[Any], None]:
    def appended(row: Any) -> None:
        append(row)
        rows.append(_copied(cache[-1]))

    return appended


def _newest(cache: Any) -> list[Any]:
    return [_copied(row) for row in reversed(list(islice(reversed(cache), SWEPT)))]


def _copied(row: Any) -> Any:
    """A row as it is now: ccxt changes it in place."""
    return dict(row) if isinstance(row, dict) else row
