"""Every stream of prices and books that a row promises, over a real socket, to the digit.

Paper trading lives on the books. The one rule: a stream that ccxt cannot give is not promised
by the row, and where ccxt would leave out the best prices it is told to send them.
"""

import asyncio
import importlib.util
import json
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from domain.errors import Unavailable
from domain.market import Depth, Level, Price
from domain.ports import Market
from domain.sightings import DepthSeen, PriceSeen, Sighting
from tests.venues.conformance.captured import Still, keys_for
from tests.venues.conformance.scripted import Frame, Mexc, Said, Scripted, scripted
from tests.venues.conformance.test_conformance import SYMBOLS
from venues import ccxt_quirks
from venues.ccxt_quirks import quirks_of
from venues.ccxt_venue import VenueSettings, open_venue
from venues.keys import AccountKeys
from venues.lazy_ccxt import exchange_class

D = Decimal
LONG_S = 15
STREAMS = Path(__file__).parent / "streams"
NO_DECODER = pytest.mark.skipif(
    importlib.util.find_spec("google") is None, reason="protobuf is not installed"
)
SIMULATED = {"kraken", "kucoin"}  # whole venues of their own, in tests/wire


@dataclass
class Feed:
    """A venue's public side: it takes every subscription that `wanted` names."""

    hosts: tuple[str, ...]
    wanted: str
    answer: Callable[[Said], str]
    rests: Mapping[str, str] = field(default_factory=dict)
    nudge: str = ""  # a frame of nothing: a book out of a request is told with the next frame
    turns: int = 1  # how often the client speaks before it is subscribed

    def rest(self, method: str, path: str) -> str | None:
        return self.rests.get(f"{method} {path}")

    def hear(self, said: Said, _: Mapping[str, str]) -> list[Frame]:
        if said.get("event") == "conf":  # Bitfinex: please tell checksums
            return [json.dumps({"event": "conf", "status": "OK", "flags": said["flags"]})]
        assert self.wanted in json.dumps(said), said
        return [self.answer(said)]

    def push(self, told: str) -> Frame:
        return told


def _binance(said: Said) -> str:
    return json.dumps({"result": None, "id": said["id"]})


def _gate(said: Said) -> str:
    told = {name: said[name] for name in ("id", "time", "channel", "event")}
    return json.dumps({**told, "error": None, "result": {"status": "success"}})


def _coinbase(said: Said) -> str:
    subscribed = {said["channel"]: said["product_ids"]}
    return json.dumps({"channel": "subscriptions", "events": [{"subscriptions": subscribed}]})


def _bitfinex(said: Said) -> str:
    told = {name: told for name, told in said.items() if name != "event"}
    return json.dumps({"event": "subscribed", "chanId": 7, "pair": "BTCUST", **told})


def _gemini(_: Said) -> str:
    return json.dumps({"type": "heartbeat", "timestamp": 1799999999000})


def _alpaca(said: Said) -> str:
    if said["action"] == "auth":
        return json.dumps([{"T": "success", "msg": "authenticated"}])
    return json.dumps([{"T": "subscription", "orderbooks": ["BTC/USD"]}])


@dataclass
class MexcBook(Mexc):
    """Its public channels: no listen key, and a snapshot of the book by request."""

    book: str = ""
    nudge: str = '{"id":0,"code":0,"msg":"PONG"}'

    def rest(self, method: str, path: str) -> str | None:
        return self.book if (method, path) == ("GET", "/api/v3/depth") else None

    def hear(self, said: Said, _: Mapping[str, str]) -> list[Frame]:
        return super().hear(said, {"listenKey": self.key})


BINANCE_BOOK = (
    '{"lastUpdateId":160,"bids":[["60000.10000000","0.50000000"],["60000.00000000","1.25000001"]],'
    '"asks":[["60000.11000000","0.70000000"],["60001.00000000","2.00000000"]]}'
)
_SPOT = ("stream.binance.com", "api.binance.com")
_US = ("stream.binance.us", "api.binance.us")
_NUDGE = '{"e":"listStatus","s":"BTCUSDT"}'
_BOOK = {"GET /api/v3/depth": BINANCE_BOOK}
_ONE = ("60000.1", "60000.11", "60000.1", "1234.56780001")
_GATE_HOST = ("api.gateio.ws",)
_COINBASE_HOSTS = ("advanced-trade-ws.coinbase.com", "api.coinbase.com")
TINY = "0.00000000000000000001"
Levels = Sequence[tuple[str, str]]
# The venue's side, then bid, ask, last and the volume of a day; the frame is in `streams/`.
PRICES: dict[str, tuple[Any, tuple[str, ...]]] = {
    "binance": (Feed(_SPOT, "btcusdt@ticker", _binance), _ONE),
    "binanceus": (Feed(_US, "btcusdt@ticker", _binance), _ONE),
    "gate": (
        Feed(_GATE_HOST, "spot.tickers", _gate),
        ("60000.1", "60000.2", "60000.1", "1234.567801"),
    ),
    "coinbase": (
        Feed(_COINBASE_HOSTS, "ticker_batch", _coinbase),
        ("60000.09", "60000.11", "60000.1", "1234.56780001"),
    ),
}
_BINANCE_LEVELS = ([("60000", "1.3")], [("60000.11", "0.65000001"), ("60001", "2")])
# The venue's side, then the bids and asks as its frames leave them.
BOOKS: dict[str, tuple[Any, tuple[Levels, Levels]]] = {
    "binance": (Feed(_SPOT, "btcusdt@depth", _binance, _BOOK, _NUDGE), _BINANCE_LEVELS),
    "binanceus": (Feed(_US, "btcusdt@depth", _binance, _BOOK, _NUDGE), _BINANCE_LEVELS),
    "gate": (
        Feed(_GATE_HOST, "ob.BTC_USDT.50", _gate),
        ([("60000", "1.3")], [("60000.2", "0.7"), ("60000.3", TINY)]),
    ),
    "coinbase": (
        Feed(_COINBASE_HOSTS, "level2", _coinbase),
        ([("60000", "1.25")], [("60000.11", "0.7"), ("60000.12", TINY)]),
    ),
    "bitfinex": (
        Feed(("api-pub.bitfinex.com",), '"channel": "book"', _bitfinex),
        ([("60000", "1.25")], [("60000.2", "0.7"), ("60000.3", "0.00000001")]),
    ),
    "gemini": (
        Feed(("api.gemini.com",), '"l2"', _gemini),
        ([("60000", "1.25")], [("60000.2", "0.7"), ("60000.3", TINY)]),
    ),
    "alpaca": (
        Feed(("stream.data.alpaca.markets", "api.alpaca.markets"), "action", _alpaca, turns=2),
        ([("60000", "1.25")], [("60000.2", "0.7"), ("60000.3", TINY)]),
    ),
    "mexc": (
        MexcBook(book=BINANCE_BOOK),
        (
            [("60000", "1.25000001"), ("59000.5", "26.5")],
            [("60000.11", "0.7"), ("60000.12", TINY), ("60001", "2")],
        ),
    ),
}


def frames(name: str, what: str) -> list[str]:
    """The frames of a venue's file."""
    return (STREAMS / f"{name}.{what}").read_text(encoding="utf-8").splitlines()


@asynccontextmanager
async def market(name: str, script: Any) -> AsyncGenerator[tuple[Scripted, Market]]:
    """A venue's public side over the wire."""
    accounts = {"main": AccountKeys(read=keys_for(name))} if name == "alpaca" else {}
    async with scripted(name, script) as venue:
        opening = open_venue(
            name,
            accounts,
            clock=Still(),
            settings=VenueSettings(),
            on_problem=venue.problems.append,
        )
        async with opening as opened:
            yield venue, opened.market


async def heard(
    venue: Scripted, stream: Callable[..., Any], *steps: tuple[Sequence[str], Sighting]
) -> None:
    """Once the venue was subscribed to: push the frames of each step, wait for what is wanted."""
    told: list[Sighting] = []
    more = asyncio.Event()

    def hear(sighting: Sighting) -> None:
        told.append(sighting)
        more.set()

    task = asyncio.ensure_future(stream(hear))
    try:
        async with asyncio.timeout(LONG_S):
            while venue.answered < getattr(venue.script, "turns", 1):
                await asyncio.wait([task], timeout=0.01)
                assert not task.done(), (task, venue.wrong, venue.asked)
            for lines, wanted in steps:
                for frame in lines:
                    await venue.tell(frame)
                while wanted not in told:
                    more.clear()
                    waiting = asyncio.ensure_future(more.wait())
                    await asyncio.wait(
                        [waiting, task], timeout=0.05, return_when=asyncio.FIRST_COMPLETED
                    )
                    waiting.cancel()
                    if nudge := getattr(venue.script, "nudge", ""):
                        await venue.tell(nudge)
                    assert not task.done(), (task, venue.wrong, venue.asked)
    except TimeoutError:
        pytest.fail(f"only heard {told}; problems {venue.problems}")
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.mark.parametrize("name", sorted(PRICES))
async def test_a_ticker_is_heard_with_its_best_prices_to_the_digit(name: str) -> None:
    script, (bid, ask, last, volume) = PRICES[name]
    symbol = SYMBOLS.get(name, "BTC/USDT")
    async with market(name, script) as (venue, public):
        wanted = Price(
            venue=name,
            symbol=symbol,
            bid=D(bid),
            ask=D(ask),
            last=D(last),
            at_us=Still().now_us(),
            open_24h=None,
            volume_24h=D(volume),
        )
        await heard(
            venue,
            lambda hear: public.stream_prices([symbol], lambda told: hear(without_open(told))),
            (frames(name, "prices"), PriceSeen(price=wanted)),
        )


def without_open(told: Sighting) -> Sighting:
    """Tickers differ in whether they tell where the day began; that is not compared."""
    return (
        PriceSeen(price=replace(told.price, open_24h=None)) if isinstance(told, PriceSeen) else told
    )


def levels(told: Levels) -> tuple[Level, ...]:
    return tuple(Level(price=D(price), quantity=D(quantity)) for price, quantity in told)


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=NO_DECODER) if n == "mexc" else n for n in sorted(BOOKS)]
)
async def test_a_book_is_followed_from_its_snapshot_to_the_digit(name: str) -> None:
    script, (bids, asks) = BOOKS[name]
    symbol = SYMBOLS.get(name, "BTC/USDT")
    async with market(name, script) as (venue, public):
        wanted = Depth(
            venue=name,
            symbol=symbol,
            bids=levels(bids),
            asks=levels(asks),
            at_us=Still().now_us(),
        )
        await heard(
            venue,
            lambda hear: public.stream_depth(symbol, hear),
            (frames(name, "book"), DepthSeen(depth=wanted)),
        )


def test_prices_are_streamed_where_it_was_tried_and_asked_for_elsewhere() -> None:
    streamed = {v for v, row in ccxt_quirks._KNOWN.items() if row.traits.price_stream}
    assert streamed == {*PRICES, *SIMULATED}
    assert not quirks_of("somewhere").traits.price_stream
    for venue in set(ccxt_quirks._KNOWN) - streamed:
        has = exchange_class(venue)().has
        assert venue == "mexc" or not has.get("watchTickers"), venue


async def test_ccxt_still_has_no_stream_of_mexcs_spot_prices() -> None:
    async with market("mexc", Mexc()) as (venue, public):
        with pytest.raises(Unavailable):
            await public.stream_prices(["BTC/USDT"], lambda _: None)
    assert venue.said == []


async def test_the_eleventh_level_comes_up_when_one_of_the_first_ten_goes() -> None:
    bids = [(str(60_000 - step), "1") for step in range(12)]
    book = json.dumps({"lastUpdateId": 160, "bids": bids, "asks": [("60001", "1")]})
    script = Feed(_SPOT, "btcusdt@depth", _binance, {"GET /api/v3/depth": book}, _NUDGE)
    line = (
        '{"e":"depthUpdate","s":"BTCUSDT","E":1799999999100,"U":%d,"u":%d,"b":[["%s","%s"]],"a":[]}'
    )
    first = line % (161, 162, "60000", "2")
    gone = line % (163, 164, "60000", "0")
    whole = Depth(
        venue="binance",
        symbol="BTC/USDT",
        bids=levels([("60000", "2"), *bids[1:10]]),
        asks=levels([("60001", "1")]),
        at_us=Still().now_us(),
    )
    async with market("binance", script) as (venue, public):
        await heard(
            venue,
            partial(public.stream_depth, "BTC/USDT"),
            ([first], DepthSeen(depth=whole)),
            ([gone], DepthSeen(depth=replace(whole, bids=levels(bids[1:11])))),
        )
