"""Public trades as venues show them: exact, in their own numbers, and suspicious of every row."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from domain.instruments import Account
from domain.market import PublicTrade
from domain.orders import Side
from domain.sightings import TradesSeen
from tests.venues.ccxt_stub import ManualClock
from venues.ccxt_fields import Malformed
from venues.ccxt_frames import KrakenFrames
from venues.ccxt_news import Confirmed, News, Rejected
from venues.ccxt_prints import public_trade
from venues.ccxt_quirks import known_venues, quirks_of
from venues.ccxt_tape import TradeCache

RAW = {
    "symbol": "BTC/USD",
    "side": "sell",
    "price": "60000.10",
    "qty": "0.1000000000000000001",
    "ord_type": "market",
    "trade_id": 4665906,
    "timestamp": "2026-09-25T07:49:37.708706Z",
}
SHOWN = {
    "symbol": "BTC/USDT",
    "side": "buy",
    "price": "60000.1",
    "amount": "0.00000001",
    "timestamp": 1_790_000_000_123,
    "id": "abc",
    "info": {"sequence": "1545896668571", "tradeId": "5e356c4aeefabd62c62a1ece"},
}
HOSTILE: dict[str, list[Any]] = {
    "side": [None, "", "both", 1],
    "price": [None, "0", "-1", "NaN", "1e999", True],
    "trade_id": [None, "", "x1", "-5", "1.5", "٣", 10**19, True],
    "timestamp": [None, "", "yesterday", "9999-01-01T00:00:00Z"],
    "symbol": [None, "BTC", "BTC/USD/X", "[BTC]/USD"],
}
QTY = [None, "0", "-0.1", "Infinity", "[bold]"]


def frames() -> KrakenFrames:
    return KrakenFrames(Account("kraken", "public"), "trades", ManualClock(), lambda code: code)


def read(*rows: Any, kind: str = "update") -> list[News]:
    return list(frames().read({"channel": "trade", "type": kind, "data": list(rows)}))


def test_krakens_frames_are_read_to_the_last_digit() -> None:
    (seen,) = read(RAW)
    assert isinstance(seen, TradesSeen)
    (trade,) = seen.trades
    assert (str(trade.price), str(trade.quantity)) == ("60000.10", "0.1000000000000000001")
    assert (trade.number, trade.side, trade.symbol) == (4665906, Side.SELL, "BTC/USD")
    assert trade.at_us % 1_000 == 0
    assert "trade" in frames().owned


def test_a_snapshot_confirms_and_tells_the_newest_trades() -> None:
    confirmed, seen = read(RAW, {**RAW, "trade_id": 4665907}, kind="snapshot")
    assert confirmed == Confirmed("trade")
    assert isinstance(seen, TradesSeen)
    assert [trade.number for trade in seen.trades] == [4665906, 4665907]


@pytest.mark.parametrize(
    ("field", "value"),
    [(f, v) for f, values in {**HOSTILE, "qty": QTY}.items() for v in values],
)
def test_a_row_that_cannot_be_a_trade_is_rejected_and_the_others_are_told(
    field: str, value: Any
) -> None:
    rejected, seen = read({**RAW, field: value}, {**RAW, "trade_id": 7})
    assert isinstance(rejected, Rejected)
    assert field in rejected.words
    assert isinstance(seen, TradesSeen)
    assert [trade.number for trade in seen.trades] == [7]


@pytest.mark.parametrize("data", [None, {}, "x", [None], [[]], [7]])
def test_a_frame_of_another_shape_tells_no_trade(data: Any) -> None:
    told = list(frames().read({"channel": "trade", "type": "update", "data": data}))
    assert not any(isinstance(each, TradesSeen) for each in told)


def kucoin(row: Any) -> PublicTrade:
    return public_trade(row, "BTC/USDT", quirks_of("kucoin"))


def test_a_number_is_the_one_that_streams_and_lists_have_in_common() -> None:
    trade = kucoin(SHOWN)
    assert (trade.number, trade.side) == (1545896668571, Side.BUY)
    assert trade.at_us == 1_790_000_000_123_000


@pytest.mark.parametrize(
    "wrong",
    [
        {"symbol": "ETH/USDT"},
        {"info": None},
        {"info": {}},
        {"info": {"sequence": "5e356c4a"}},
        {"amount": "0"},
        {"amount": None},
        {"price": "-3"},
        {"side": None},
        {"timestamp": None},
        {"timestamp": "1e30"},
    ],
    ids=str,
)
def test_a_row_of_ccxts_that_cannot_be_a_trade_is_malformed(wrong: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        kucoin({**SHOWN, **wrong})


def test_ccxts_cache_is_told_once_row_by_row() -> None:
    class Cache(list[Any]):
        """As ccxt's: rows are appended."""

    api = SimpleNamespace(trades={})
    reader = TradeCache(api, "BTC/USDT", quirks_of("kucoin"))

    def numbers() -> Iterator[int]:
        for seen in reader.after():
            if isinstance(seen, TradesSeen):
                yield from (trade.number for trade in seen.trades)

    assert list(numbers()) == []
    api.trades["BTC/USDT"] = Cache([SHOWN])
    assert list(numbers()) == [1545896668571]
    assert list(numbers()) == []
    api.trades["BTC/USDT"].append({**SHOWN, "info": {"sequence": "1545896668572"}})
    api.trades["BTC/USDT"].append({**SHOWN, "info": {"sequence": "?"}})
    told = list(reader.after())
    assert [type(each) for each in told] == [Rejected, TradesSeen]


def test_only_venues_whose_trades_were_tried_on_a_wire_have_a_tape() -> None:
    tried = {"kraken", "kucoin", "binance", "binanceus", "gate"}
    assert {v for v in known_venues() if quirks_of(v).tape} == tried
    assert quirks_of("somewhere").tape is None
