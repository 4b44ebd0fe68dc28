"""Prices and books out of ccxt's caches: the newest state, a hundred times a second at most.

A price is a state and not an event: one that the next has replaced within ten milliseconds is
nobody's loss, and a flood of them must not cost what a flood of fills may. The one rule: what
was passed over is told as soon as the pause is over, so the last price is never missing.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from domain.ports import Clock
from domain.sightings import DepthSeen, PriceSeen
from venues import ccxt_convert as convert
from venues.ccxt_fields import Malformed
from venues.ccxt_news import News, Rejected
from venues.ccxt_row import Quirks

PAUSE_S = 0.01


class Pausing:
    """A reader that rests after it has told something; see `venues.ccxt_stream.CacheReader`."""

    def __init__(self) -> None:
        self.pause_s = 0.0

    def rested(self) -> None:
        """The pause is over."""
        self.pause_s = 0.0

    def rest(self) -> None:
        """Nothing is told before the pause is over."""
        self.pause_s = PAUSE_S


class PriceCaches(Pausing):
    """Newest prices out of `tickers`; each ticker object is told once."""

    def __init__(self, api: Any, symbols: Sequence[str], quirks: Quirks, clock: Clock) -> None:
        super().__init__()
        self._api = api
        self._symbols = symbols
        self._quirks = quirks
        self._clock = clock
        self._told: dict[str, object] = {}

    def after(self) -> Iterator[News]:
        """Every watched ticker that changed since the last look."""
        if self.pause_s:
            return
        for symbol in self._symbols:
            ticker = self._api.tickers.get(symbol)
            if ticker is None or ticker is self._told.get(symbol):
                continue
            self._told[symbol] = ticker
            self.rest()
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


class DepthCache(Pausing):
    """The book that ccxt keeps of one symbol, after each frame that is about books.

    After a pause in which no frame came it tells nothing: an old book must not look like new.
    """

    def __init__(self, api: Any, symbol: str, quirks: Quirks, clock: Clock) -> None:
        super().__init__()
        self._passed_over = self._is_quiet = False
        self._api = api
        self._symbol = symbol
        self._quirks = quirks
        self._clock = clock

    def after(self) -> Iterator[News]:
        """The best levels as they are now."""
        book = self._api.orderbooks.get(self._symbol)
        self._passed_over = bool(self.pause_s)
        is_quiet, self._is_quiet = self._is_quiet, False
        if book is None or self.pause_s or is_quiet:
            return
        self.rest()
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

    def rested(self) -> None:
        """The pause is over; the next look tells what was passed over in it, if anything was."""
        super().rested()
        self._is_quiet = not self._passed_over
        self._passed_over = False
