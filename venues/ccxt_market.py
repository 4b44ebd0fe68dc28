"""The public side of one venue: instruments, prices, books, its clock.

The one rule: a price or a book is told with the time at which it came.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any

from domain.errors import Unavailable
from domain.instruments import Account, Instrument
from domain.market import Price
from domain.ports import Clock, Hear
from venues import ccxt_convert as convert
from venues.budget import Priority
from venues.ccxt_caches import AnyFrame
from venues.ccxt_client import Client
from venues.ccxt_fields import Fields, Malformed
from venues.ccxt_frames import KrakenFrames
from venues.ccxt_markets import Markets, Opened, Told
from venues.ccxt_news import Confirmed, Denied, News
from venues.ccxt_price_caches import DepthCache, PriceCaches
from venues.ccxt_public import SILENT_US, PublicSide
from venues.ccxt_row import Quirks
from venues.ccxt_stream import CacheReader, FrameReader, Plan, Stream, Watch
from venues.ccxt_tape import CcxtTape
from venues.ccxt_wire import exact_levels

STALE_US = 3_600_000_000  # instruments are asked for again after an hour
NOTHING_EVERY_S = 1.0
_PUBLIC = "public"


class CcxtMarket:
    """Public data of one venue (the port `Market`)."""

    def __init__(
        self,
        *,
        client: Client,
        opened: Opened,
        markets: Markets,
        quirks: Quirks,
        clock: Clock,
        on_rejected: Told,
    ) -> None:
        self._client = client
        self._public = PublicSide(
            opened=opened, markets=markets, quirks=quirks, clock=clock, on_rejected=on_rejected
        )
        self._markets = markets
        self._quirks = quirks
        self._clock = clock
        self._on_rejected = on_rejected
        self._listed_before = False

    @property
    def tape(self) -> CcxtTape | None:
        """The venue's public trades; None where they cannot be relied on."""
        return CcxtTape(self._client, self._public) if self._quirks.tape is not None else None

    async def instruments(self) -> Sequence[Instrument]:
        """Every spot instrument that can be read; the first time perhaps from the disk.

        From the second time on the venue has told them within the last hour.
        """
        if self._listed_before:
            oldest_us = self._clock.now_us() - STALE_US
            markets = await self._markets.renewed(newer_than_us=oldest_us)
        else:
            markets = await self._markets.ready()
            self._listed_before = True
        mode = self._client.api.precisionMode
        found, problems = convert.instruments(markets, self._quirks, mode)
        for problem in problems:
            self._on_rejected(problem)
        if not found:
            raise Unavailable(self._client.who, "it lists no instrument that can be read")
        return found

    async def prices(self, symbols: Sequence[str]) -> Sequence[Price]:
        """Prices of the symbols that are listed and active."""
        listed = await self._public.listed(symbols)
        if not listed:
            return ()
        tickers, _ = await self._client.read("fetch_tickers", listed)
        at_us = self._clock.now_us()
        return [
            price
            for symbol in listed
            if (price := self._price(tickers.get(symbol), at_us)) is not None
        ]

    def _price(self, ticker: object, at_us: int) -> Price | None:
        if ticker is None:
            return None
        try:
            return convert.price(
                ticker,
                venue=self._quirks.traits.venue,
                at_us=at_us,
                opens_24h_ago=self._quirks.opens_24h_ago,
            )
        except Malformed as problem:
            self._on_rejected(str(problem))
            return None

    async def clock_us(self) -> int:
        """The venue's time. Where it tells whole steps, the middle of the step."""
        if not self._client.api.has.get("fetchTime"):
            raise Unavailable(self._client.who, "its API tells no time")
        told, call = await self._client.read("fetch_time", priority=Priority.LOOK_UP)
        try:
            at_us = Fields("time", {"time": told}).milliseconds_us("time")
        except Malformed:
            at_us = 0
        if not at_us:
            raise Unavailable(self._client.who, f"its clock could not be read ({call.path})")
        return at_us + self._quirks.clock_step_us // 2

    async def stream_prices(self, symbols: Sequence[str], hear: Hear) -> None:
        """Tell PriceSeen and Heartbeat until it breaks or is cancelled."""
        listed = await self._public.listed(symbols)
        if not listed:
            await self._nothing_to_tell("prices", hear)
        async with self._public.fresh() as client:
            plan = Plan(
                watches=self._watches(client.api, listed),
                channels=frozenset({"ticker"}),
                frames=self._frames("prices", client.api),
                caches=self._price_caches(client.api, listed),
                symbols=tuple(listed),
                silent_us=SILENT_US if self._quirks.frames else 0,
                on_pong=None if self._quirks.frames else partial(self._public.alive, "prices"),
                on_rejected=self._on_rejected,
            )
            await Stream(client, plan, self._quirks, self._clock, hear).run()

    async def stream_depth(self, symbol: str, hear: Hear) -> None:
        """Tell DepthSeen until it breaks or is cancelled."""
        if not await self._public.listed([symbol]):
            raise Unavailable(self._client.who, f"it does not trade {symbol} now")
        async with self._public.fresh() as client:
            exact_levels(client.api)
            plan = Plan(
                watches=[lambda api: api.watch_order_book(symbol, self._quirks.book_levels)],
                channels=frozenset({"book"}),
                frames=self._frames("depth", client.api),
                caches=DepthCache(client.api, symbol, self._quirks, self._clock),
                symbols=(symbol,),
                silent_us=SILENT_US if self._quirks.frames else 0,
                on_pong=None if self._quirks.frames else partial(self._public.alive, "depth"),
                on_rejected=self._on_rejected,
            )
            await Stream(client, plan, self._quirks, self._clock, hear).run()

    def _watches(self, api: Any, symbols: Sequence[str]) -> list[Watch]:
        """One call for all symbols, or one for each where ccxt has no other (Bitfinex)."""
        params = dict(self._quirks.ticker_params)
        if api.has.get("watchTickers"):
            return [lambda known: known.watch_tickers(symbols, params)]
        return [partial(_watch_one, symbol, params) for symbol in symbols]

    async def _nothing_to_tell(self, feed: str, hear: Hear) -> None:
        while True:
            hear(self._public.alive(feed))
            await asyncio.sleep(NOTHING_EVERY_S)

    def _frames(self, feed: str, api: Any) -> FrameReader:
        if self._quirks.frames == "kraken":
            account = Account(self._quirks.traits.venue, _PUBLIC)
            return KrakenFrames(account, feed, self._clock, api.safe_currency_code)
        taken = partial(_taken, self._quirks.answer)
        return AnyFrame(self._quirks.traits.venue, feed, self._clock, taken)

    def _price_caches(self, api: Any, symbols: Sequence[str]) -> CacheReader | None:
        if self._quirks.frames:
            return None
        return PriceCaches(api, symbols, self._quirks, self._clock)


def _taken(answer: Callable[[Any], News | None] | None, message: Any) -> News:
    """Any frame shows that prices come, but for a no: what is confirmed is told of accounts."""
    told = None if answer is None else answer(message)
    return told if isinstance(told, Denied) else Confirmed("*")


def _watch_one(symbol: str, params: Mapping[str, str], api: Any) -> Awaitable[object]:
    watching: Awaitable[object] = api.watch_ticker(symbol, dict(params))
    return watching
