"""Prices out of ccxt's caches: the newest one always, and not every one of a flood."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from domain.sightings import DepthSeen, Heartbeat, PriceSeen
from tests.venues.ccxt_listening import streaming
from tests.venues.ccxt_stub import ManualClock, acks, opened
from tests.venues.conformance.captured import Captured
from venues.ccxt_news import Confirmed
from venues.ccxt_price_caches import PAUSE_S, DepthCache, PriceCaches
from venues.ccxt_quirks import quirks_of


def ticker(last: str) -> dict[str, Any]:
    return {"symbol": "BTC/USD", "bid": "1", "ask": "3", "last": last, "open": "2"}


def caches(api: Any) -> PriceCaches:
    return PriceCaches(api, ["BTC/USD"], quirks_of("kraken", sandbox=False), ManualClock())


def told(reader: PriceCaches) -> list[str]:
    return [str(seen.price.last) for seen in reader.after() if isinstance(seen, PriceSeen)]


def test_of_a_flood_the_first_is_told_at_once_and_the_last_after_the_pause() -> None:
    api = SimpleNamespace(tickers={"BTC/USD": ticker("1")})
    reader = caches(api)
    assert told(reader) == ["1"]
    assert reader.pause_s == PAUSE_S
    for number in range(2, 50):
        api.tickers["BTC/USD"] = ticker(str(number))
        assert told(reader) == []
    reader.rested()
    assert told(reader) == ["49"]


def test_a_quiet_stream_has_no_pause_and_nothing_to_repeat() -> None:
    api = SimpleNamespace(tickers={"BTC/USD": ticker("1")})
    reader = caches(api)
    told(reader)
    reader.rested()
    assert (told(reader), reader.pause_s) == ([], 0)
    api.tickers["BTC/USD"] = ticker("2")
    assert told(reader) == ["2"]


def test_a_book_is_told_once_a_pause() -> None:
    book = {"bids": [["1", "2"]], "asks": [["3", "4"]]}
    api = SimpleNamespace(orderbooks={})
    quirks = quirks_of("kraken", sandbox=False)
    reader = DepthCache(api, "BTC/USD", quirks, ManualClock())
    assert list(reader.after()) == []
    assert not reader.pause_s
    api.orderbooks["BTC/USD"] = book
    (seen,) = reader.after()
    assert isinstance(seen, DepthSeen)
    assert list(reader.after()) == []
    reader.rested()
    assert len(list(reader.after())) == 1


async def test_the_last_price_of_a_burst_arrives_without_another_frame() -> None:
    async def answer(socket: Any, frame: dict[str, Any]) -> None:
        if frame.get("method") != "subscribe":
            return
        for line in acks(frame):
            await socket.send_json(line)
        for number in range(30):
            row = (
                f'{{"symbol":"BTC/USD","bid":1.5,"ask":3.5,"last":{number}.5,"volume":1,'
                '"vwap":2,"low":1,"high":3,"change":0.1,"change_pct":1,"bid_qty":1,"ask_qty":1}'
            )
            kind = "update" if number else "snapshot"
            await socket.send_str(f'{{"channel":"ticker","type":"{kind}","data":[{row}]}}')

    async with opened(quirks={"frames": "", "client_id_field": ""}) as desk:
        desk.stub.on_frame = answer
        prices = desk.venue.market.stream_prices
        async with streaming(desk, lambda h: prices(["BTC/USD"], h)) as market:
            async with asyncio.timeout(5):
                while [str(s.price.last) for s in market.of(PriceSeen)][-1:] != ["29.5"]:
                    await market.until(PriceSeen, len(market.of(PriceSeen)) + 1)
            assert len(market.of(PriceSeen)) < 30


def test_where_ccxt_watches_no_list_each_symbol_is_watched_by_itself() -> None:
    asked: list[tuple[Any, ...]] = []
    api = SimpleNamespace(
        has={"watchTickers": False}, watch_ticker=lambda *words: asked.append(words)
    )
    market = Captured("bitfinex").market
    for watch in market._watches(api, ["BTC/USDT", "ETH/USDT"]):
        watch(api)
    assert asked == [("BTC/USDT", {}), ("ETH/USDT", {})]


def test_an_old_book_is_not_told_again_as_a_new_one_after_a_pause_without_frames() -> None:
    book = {"bids": [["1", "1"]], "asks": [["2", "1"]]}
    api = SimpleNamespace(orderbooks={"BTC/USD": book})
    row = quirks_of("kraken", sandbox=False)
    reader = DepthCache(api, "BTC/USD", row, ManualClock())
    assert len(list(reader.after())) == 1
    reader.rested()
    assert list(reader.after()) == []  # nothing came: what is known is as old as it was
    assert len(list(reader.after())) == 1  # a frame
    assert list(reader.after()) == []  # another one, within the pause
    reader.rested()
    assert len(list(reader.after())) == 1


@pytest.mark.parametrize("venue", ["binance", "binanceus", "bitfinex", "gate", "kucoin", "mexc"])
def test_the_first_price_confirms_a_public_stream(venue: str) -> None:
    """What confirms an account's subscription never comes on a stream of prices."""
    market = Captured(venue).market
    told = list(market._frames("prices", market._client.api).read({"e": "24hrTicker"}))
    assert Confirmed("*") in told
    assert any(isinstance(news, Heartbeat) for news in told)
