"""The public trades of one venue, by stream and by request (the port `Tape`).

The one rule: a trade has the venue's own number, the same on every way, or it is rejected and
counted; a list of them says whether it reaches back as far as was asked.
"""

from collections.abc import Iterator
from functools import partial
from typing import Any

from domain.errors import Unavailable
from domain.instruments import Account
from domain.market import Printed, PublicTrade
from domain.ports import Hear
from venues.ccxt_caches import AnyFrame, Tail
from venues.ccxt_client import Client
from venues.ccxt_fields import Malformed
from venues.ccxt_frames import KrakenFrames
from venues.ccxt_news import News
from venues.ccxt_prints import public_trade, told_trades
from venues.ccxt_public import SILENT_US, PublicSide
from venues.ccxt_row import Quirks, TapeRow
from venues.ccxt_stream import FrameReader, Plan, Stream

FEED = "trades"
MOST_PAGES = 100  # at one a second, of a thousand trades each
_SECOND_US, _SECOND_MS = 1_000_000, 1_000
_LONGEST_NUMBER = 20


class CcxtTape:
    """What everybody trades at a venue that numbers its trades."""

    def __init__(self, client: Client, public: PublicSide) -> None:
        self._client = client
        self._public = public
        self._quirks = public.quirks

    async def trades(self, symbol: str, since_us: int) -> Printed:
        """The public trades since then, by request; `whole` only when they reach back to it.

        Raises:
            Unavailable: a page could not be read whole.
        """
        row = self._row
        await self._public.markets.ready()
        found: dict[int, PublicTrade] = {}
        # A second earlier: a row from before then proves that none is missing after it.
        start_s, whole = max(0, since_us // _SECOND_US - 1), False
        for _ in range(MOST_PAGES if row.forward else 1):
            page, rows = await self._page(symbol, start_s)
            known = len(found)
            found.update((trade.number, trade) for trade in page)
            whole = rows < row.page
            if whole or len(found) == known:
                break
            start_s = max(start_s, max(trade.at_us for trade in page) // _SECOND_US)
        trades = tuple(found[number] for number in sorted(found))
        if not row.forward and trades and trades[0].at_us <= since_us:
            whole = True
        return Printed(trades=trades, whole=whole)

    async def stream_trades(self, symbol: str, hear: Hear) -> None:
        """Tell TradesSeen until it breaks or is cancelled; a Heartbeat once it is confirmed.

        Raises:
            Unavailable: saying how it broke; also where it is not traded now.
        """
        if not await self._public.listed([symbol]):
            raise Unavailable(self._client.who, f"it does not trade {symbol} now")
        is_read = bool(self._quirks.frames)
        alive = partial(self._public.alive, FEED)
        async with self._public.fresh() as client:
            plan = Plan(
                watches=[lambda api: api.watch_trades(symbol)],
                channels=frozenset({self._row.channel}),
                frames=self._frames(client.api),
                caches=None if is_read else TradeCache(client.api, symbol, self._quirks),
                symbols=(symbol,),
                silent_us=SILENT_US if is_read else 0,
                on_confirmed=alive,
                on_pong=None if is_read else alive,
                on_rejected=self._public.on_rejected,
            )
            await Stream(client, plan, self._quirks, self._public.clock, hear).run()

    @property
    def _row(self) -> TapeRow:
        assert self._quirks.tape is not None, "there is no tape here"
        return self._quirks.tape

    async def _page(self, symbol: str, start_s: int) -> tuple[list[PublicTrade], int]:
        """One list of trades, and how many rows it had."""
        start_ms = start_s * _SECOND_MS if self._row.forward else None
        asked = (symbol, start_ms, self._row.page)
        rows, call = await self._client.read("fetch_trades", *asked)
        if not isinstance(rows, list) or call.rows not in (-1, len(rows)):
            raise Unavailable(self._client.who, f"{call.path} could not be read whole")
        trades = []
        for row in rows:
            try:
                trades.append(public_trade(row, symbol, self._quirks))
            except Malformed as problem:
                self._public.on_rejected(str(problem))
        return trades, len(rows)

    def _frames(self, api: Any) -> FrameReader:
        venue, clock = self._quirks.traits.venue, self._public.clock
        if self._quirks.frames == "kraken":
            return KrakenFrames(Account(venue, "public"), FEED, clock, api.safe_currency_code)
        # Before the confirmation nothing is alive: what was traded until then is asked for.
        answer = self._row.answer or self._quirks.answer
        return AnyFrame(venue, FEED, clock, answer, frozenset({self._row.channel}))


class TradeCache:
    """New public trades of one symbol out of ccxt's cache."""

    def __init__(self, api: Any, symbol: str, quirks: Quirks) -> None:
        self._api = api
        self._symbol = symbol
        self._quirks = quirks
        self._tail = Tail()

    @property
    def pause_s(self) -> float:
        """None: each trade counts."""
        return 0

    def rested(self) -> None:
        """It never rests."""

    def after(self) -> Iterator[News]:
        """What was traded since the last look, oldest first."""
        make = partial(public_trade, symbol=self._symbol, quirks=self._quirks)
        yield from told_trades(self._tail.of(self._api.trades.get(self._symbol)), make)
