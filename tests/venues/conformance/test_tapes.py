"""Public trades of the venues that have no loopback of their own: by stream and by request.

What a maker on paper is filled by must have one number on both ways, and the taker's side.
"""

import asyncio
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest

from domain.market import PublicTrade
from domain.orders import Side
from domain.sightings import Heartbeat, TradesSeen
from tests.venues.conformance.captured import Still
from tests.venues.conformance.scripted import scripted
from tests.venues.conformance.test_market_streams import (
    _GATE_HOST,
    _SPOT,
    _US,
    D,
    Feed,
    _binance,
    _gate,
    heard,
)
from venues.ccxt_quirks import known_venues, quirks_of
from venues.ccxt_venue import VenueSettings, open_venue

AT_MS = 1_799_999_999_123
BINANCE_LIST = (
    '[{"id":28456,"price":"60000.10000000","qty":"0.10000001","quoteQty":"6000.0",'
    f'"time":{AT_MS},"isBuyerMaker":true,"isBestMatch":true}},'
    '{"id":28457,"price":"60000.20000000","qty":"2.00000000","quoteQty":"120000.4",'
    f'"time":{AT_MS},"isBuyerMaker":false,"isBestMatch":true}}]'
)
BINANCE_FRAME = (
    f'{{"e":"trade","E":{AT_MS},"s":"BTCUSDT","t":28457,"p":"60000.20000000","q":"2.00000000",'
    f'"T":{AT_MS},"m":false,"M":true}}'
)
GATE_LIST = (
    '[{"id":"28457","create_time":"1799999999","create_time_ms":"1799999999123.456","side":"buy",'
    '"currency_pair":"BTC_USDT","amount":"2","price":"60000.2","sequence_id":"9"},'
    '{"id":"28456","create_time":"1799999999","create_time_ms":"1799999999123.001","side":"sell",'
    '"currency_pair":"BTC_USDT","amount":"0.10000001","price":"60000.1","sequence_id":"8"}]'
)
GATE_FRAME = (
    '{"time":1799999999,"time_ms":1799999999200,"channel":"spot.trades","event":"update",'
    '"result":{"id":28457,"create_time":1799999999,"create_time_ms":"1799999999123.456",'
    '"side":"buy","currency_pair":"BTC_USDT","amount":"2","price":"60000.2"}}'
)


@dataclass(frozen=True)
class Told:
    """A venue's side: its stream, one frame of it, and its list."""

    feed: Any
    frame: str


_LISTED = {"GET /api/v3/trades": BINANCE_LIST}
TOLD = {
    "binance": Told(Feed(_SPOT, "btcusdt@trade", _binance, _LISTED), BINANCE_FRAME),
    "binanceus": Told(Feed(_US, "btcusdt@trade", _binance, _LISTED), BINANCE_FRAME),
    "gate": Told(
        Feed(_GATE_HOST, "spot.trades", _gate, {"GET /api/v4/spot/trades": GATE_LIST}), GATE_FRAME
    ),
}


@pytest.mark.parametrize("name", sorted(TOLD))
async def test_stream_and_list_tell_the_same_trade_to_the_digit(name: str) -> None:
    wanted = PublicTrade(
        venue=name,
        symbol="BTC/USDT",
        number=28_457,
        side=Side.BUY,
        price=D("60000.2"),
        quantity=D(2),
        at_us=AT_MS * 1_000,
    )
    told = TOLD[name]
    async with scripted(name, told.feed) as venue:
        opening = open_venue(
            name,
            {},
            clock=Still(),
            settings=VenueSettings(),
            on_problem=venue.problems.append,
        )
        async with opening as opened:
            tape = opened.tape
            assert tape is not None
            alive = Heartbeat(venue=name, feed="trades", at_us=Still().now_us())
            await heard(
                venue,
                partial(tape.stream_trades, "BTC/USDT"),
                ([], alive),
                ([told.frame], TradesSeen(trades=(wanted,))),
            )
            listed = await asyncio.wait_for(tape.trades("BTC/USDT", AT_MS * 1_000), 10)
    assert listed.whole
    assert listed.trades[-1] == wanted
    assert [(t.number, t.side, str(t.quantity)) for t in listed.trades[:1]] == [
        (28_456, Side.SELL, "0.10000001")
    ]
    assert venue.problems == []


def test_every_tape_is_tried_here_or_on_a_loopback() -> None:
    assert {v for v in known_venues() if quirks_of(v).tape} == {*TOLD, "kraken", "kucoin"}
