"""The public side of one venue: instruments, prices, books, its clock.

The one rule: the instruments are loaded once and lent to every other client of the venue.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Collection, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from decimal import Decimal
from functools import partial
from typing import Any

from domain.errors import Unavailable
from domain.instruments import Account, Instrument
from domain.market import Price
from domain.ports import Clock, Hear
from domain.sightings import Heartbeat
from venues import ccxt_convert as convert
from venues.budget import Priority
from venues.ccxt_caches import AnyFrame, DepthCache, PriceCaches
from venues.ccxt_client import Client
from venues.ccxt_fields import Fields, Malformed
from venues.ccxt_frames import KrakenFrames
from venues.ccxt_row import Quirks
from venues.ccxt_rows import is_active
from venues.ccxt_stream import CacheReader, FrameReader, Plan, Stream

STALE_US = 3_600_000_000  # instruments are asked for again after an hour
SILENT_US = 20_000_000
NOTHING_EVERY_S = 1.0
_PUBLIC = "public"
Opened = Callable[[], AbstractAsyncContextManager[Client]]
Told = Callable[[str], None]


class Markets:
    """The venue's instruments as ccxt keeps them, loaded when they are first needed.

    In a hurry they are never loaded for an account's sake: `--kill` does not wait for them.
    """

    def __init__(self, client: Client, clock: Clock, *, hurry: bool = False) -> None:
        self._client = client
        self._clock = clock
        self._hurry = hurry
        self._loading = asyncio.Lock()
        self._loaded_us = 0
        self._noted: dict[str, None] = {}

    def note(self, symbols: Iterable[str]) -> None:
        """Somebody here watches or trades these: their fills are asked for by symbol."""
        self._noted.update(dict.fromkeys(symbols))

    def tradable(self, held: Collection[str]) -> list[str]:
        """The symbols that were noted, and those of two assets that are both held."""
        markets = self._client.api.markets or {}
        noted = [symbol for symbol in self._noted if symbol in markets]
        pairs = (
            symbol
            for symbol, market in markets.items()
            if market.get("spot") and market.get("base") in held and market.get("quote") in held
        )
        return list(dict.fromkeys((*noted, *pairs)))

    async def ready(self, *, newer_than_us: int = 0) -> Any:
        """The market structures of ccxt, by symbol.

        Raises:
            Unavailable: they could not be read whole, or there are none.
        """
        async with self._loading:
            if not self._loaded_us or self._loaded_us < newer_than_us:
                again = bool(self._loaded_us)
                await self._client.read("load_markets", again)
                if not self._client.api.markets:
                    raise Unavailable(self._client.who, "it lists no instruments")
                self._loaded_us = self._clock.now_us()
        return self._client.api.markets

    async def lend(self, client: Client) -> None:
        """Let another client know the instruments.

        Raises:
            Unavailable: they could not be read.
        """
        if not self._hurry:
            await self.ready()
        self.lend_known(client)

    def lend_known(self, client: Client) -> None:
        """As `lend`, without asking the venue: what is not known yet stays unknown."""
        if not self._loaded_us:
            client.api.markets = client.api.markets or {}  # None: ccxt would load them first
        elif client.api.markets is not self._client.api.markets:
            client.api.set_markets_from_exchange(self._client.api)


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
        self._opened = opened
        self._markets = markets
        self._quirks = quirks
        self._clock = clock
        self._on_rejected = on_rejected

    async def instruments(self) -> Sequence[Instrument]:
        """Every spot instrument that can be read; asked for again once an hour."""
        markets = await self._markets.ready(newer_than_us=self._clock.now_us() - STALE_US)
        mode = self._client.api.precisionMode
        found, problems = convert.instruments(markets, self._quirks, mode)
        for problem in problems:
            self._on_rejected(problem)
        if not found:
            raise Unavailable(self._client.who, "it lists no instrument that can be read")
        return found

    async def prices(self, symbols: Sequence[str]) -> Sequence[Price]:
        """Prices of the symbols that are listed and active."""
        listed = await self._listed(symbols)
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
        listed = await self._listed(symbols)
        if not listed:
            await self._nothing_to_tell("prices", hear)
        async with self._fresh() as client:
            plan = Plan(
                watches=[lambda api: api.watch_tickers(listed, dict(self._quirks.ticker_params))],
                channels=frozenset({"ticker"}),
                frames=self._frames("prices", client.api),
                caches=self._price_caches(client.api, listed),
                symbols=tuple(listed),
                silent_us=SILENT_US if self._quirks.frames else 0,
                on_pong=None if self._quirks.frames else partial(self._alive, "prices"),
                on_rejected=self._on_rejected,
            )
            await Stream(client, plan, self._quirks, self._clock, hear).run()

    async def stream_depth(self, symbol: str, hear: Hear) -> None:
        """Tell DepthSeen until it breaks or is cancelled."""
        if not await self._listed([symbol]):
            raise Unavailable(self._client.who, f"it does not trade {symbol} now")
        async with self._fresh() as client:
            # Levels are sorted by ccxt, which needs numbers for that: exact ones.
            client.api.number = Decimal
            plan = Plan(
                watches=[lambda api: api.watch_order_book(symbol, convert.DEPTH)],
                channels=frozenset({"book"}),
                frames=self._frames("depth", client.api),
                caches=DepthCache(client.api, symbol, self._quirks, self._clock),
                symbols=(symbol,),
                silent_us=SILENT_US if self._quirks.frames else 0,
                on_pong=None if self._quirks.frames else partial(self._alive, "depth"),
                on_rejected=self._on_rejected,
            )
            await Stream(client, plan, self._quirks, self._clock, hear).run()

    @asynccontextmanager
    async def _fresh(self) -> AsyncGenerator[Client]:
        async with self._opened() as client:
            await self._markets.lend(client)
            yield client

    async def _listed(self, symbols: Sequence[str]) -> list[str]:
        markets = await self._markets.ready()
        self._markets.note(symbols)
        active = partial(is_active, quirks=self._quirks)
        return [s for s in dict.fromkeys(symbols) if s in markets and active(markets[s])]

    async def _nothing_to_tell(self, feed: str, hear: Hear) -> None:
        while True:
            hear(self._alive(feed))
            await asyncio.sleep(NOTHING_EVERY_S)

    def _alive(self, feed: str) -> Heartbeat:
        venue = self._quirks.traits.venue
        return Heartbeat(venue=venue, feed=feed, at_us=self._clock.now_us())

    def _frames(self, feed: str, api: Any) -> FrameReader:
        if self._quirks.frames == "kraken":
            account = Account(self._quirks.traits.venue, _PUBLIC)
            return KrakenFrames(account, feed, self._clock, api.safe_currency_code)
        return AnyFrame(self._quirks.traits.venue, feed, self._clock)

    def _price_caches(self, api: Any, symbols: Sequence[str]) -> CacheReader | None:
        if self._quirks.frames:
            return None
        return PriceCaches(api, symbols, self._quirks, self._clock)
