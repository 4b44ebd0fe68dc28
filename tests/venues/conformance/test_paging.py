"""Fills are read to the last one, whatever a venue makes of starts, ends and pages.

A model of each venue's list answers the real ccxt class: it heeds the venue's own parameters,
shows no more than a page, and refuses the spans that the venue refuses. A row that our paging
loses is a fill that the desk would never book.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from domain.errors import Unavailable
from tests.venues.conformance.captured import Captured, Sent
from tests.venues.conformance.test_conformance import SYMBOLS
from venues.ccxt_quirks import quirks_of

DAY_MS = 86_400_000
NOW_MS = 1_800_000_000_000
SINCE_MS = NOW_MS - 20 * DAY_MS


def _ms(text: str) -> int:
    return int(text)


def _seconds(text: str) -> int:
    return int(text) * 1000


def _iso(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


@dataclass(frozen=True)
class Model:
    """A venue's list of fills. `longest_ms` is the span that it refuses to go beyond."""

    path: str
    start: str
    end: str
    page: int
    row: Callable[[int, int], Any]
    wrap: Callable[[list[Any]], Any] = lambda rows: rows
    read: Callable[[str], int] = _ms
    longest_ms: int = 0
    before: Callable[[Mapping[str, str]], int] = lambda _: 0  # only rows with smaller numbers
    without_start: int = 0  # how far back it goes when no start is told; 0: to the beginning
    limit: str = "limit"
    borders: bool = True  # whether a row at the very start or end of a span is in it
    forward: bool = False  # the oldest rows from a start on, not the newest


def _binance(number: int, at_ms: int) -> dict[str, Any]:
    return {
        "symbol": "BTCUSDT",
        "id": number,
        "orderId": 28,
        "price": "50000.1",
        "qty": "0.003",
        "quoteQty": "150.0003",
        "commission": "0.1",
        "commissionAsset": "USDT",
        "time": at_ms,
        "isBuyer": True,
        "isMaker": False,
    }


def _kucoin(number: int, at_ms: int) -> dict[str, Any]:
    return {
        "orderId": "66a1b2c3d4e5f60007a1b2c3",
        "tradeId": number,
        "symbol": "BTC-USDT",
        "side": "buy",
        "liquidity": "taker",
        "price": "50000.1",
        "size": "0.003",
        "fee": "0.1",
        "feeCurrency": "USDT",
        "createdAt": at_ms,
    }


def _gate(number: int, at_ms: int) -> dict[str, Any]:
    return {
        "id": str(number),
        "create_time": str(at_ms // 1000),
        "create_time_ms": f"{at_ms}.5",
        "currency_pair": "BTC_USDT",
        "side": "buy",
        "role": "taker",
        "amount": "0.003",
        "price": "50000.1",
        "order_id": "12332324",
        "fee": "0.1",
        "fee_currency": "USDT",
    }


def _coinbase(number: int, at_ms: int) -> dict[str, Any]:
    at = datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds")
    return {
        "trade_id": str(number),
        "order_id": "0000-000000-000001",
        "trade_time": at.replace("+00:00", "Z"),
        "price": "50000.1",
        "size": "0.003",
        "commission": "0.1",
        "product_id": "BTC-USD",
        "liquidity_indicator": "TAKER",
        "size_in_quote": False,
        "side": "BUY",
    }


def _bitfinex(number: int, at_ms: int) -> list[Any]:
    fee = ["-0.1", "UST", 0]
    return [number, "tBTCUST", at_ms, 139472205825, 0.003, 50001, "EXCHANGE LIMIT", 50001, 1, *fee]


def _gemini(number: int, at_ms: int) -> dict[str, Any]:
    return {
        "price": "50000.10",
        "amount": "0.003",
        "timestamp": at_ms // 1000,
        "timestampms": at_ms,
        "type": "Buy",
        "aggressor": False,
        "fee_currency": "USD",
        "fee_amount": "0.1",
        "tid": number,
        "order_id": "106817811",
        "symbol": "BTCUSD",
    }


def _alpaca(number: int, at_ms: int) -> dict[str, Any]:
    at = datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds")
    return {
        "id": str(number),
        "activity_type": "FILL",
        "transaction_time": at.replace("+00:00", "Z"),
        "type": "partial_fill",
        "price": "50000.1",
        "qty": "0.003",
        "side": "buy",
        "symbol": "BTC/USD",
        "order_id": "61e69015-8549-4bfd-b9c3-01e75843f47d",
    }


_BINANCE = Model("/api/v3/myTrades", "startTime", "endTime", 1000, _binance, longest_ms=DAY_MS)
MODELS = {
    "binance": _BINANCE,
    "binanceus": _BINANCE,
    "mexc": Model("/api/v3/myTrades", "startTime", "endTime", 100, _binance, longest_ms=7 * DAY_MS),
    "kucoin": Model(
        "/api/v1/hf/fills",
        "startAt",
        "endAt",
        100,
        _kucoin,
        wrap=lambda rows: {
            "code": "200000",
            "data": {"lastId": rows[-1]["tradeId"] + 1 if rows else 0, "items": rows},
        },
        before=lambda told: int(told.get("lastId", 0)),
        longest_ms=7 * DAY_MS,
        without_start=7 * DAY_MS,
    ),
    "gate": Model(
        "/api/v4/spot/my_trades", "from", "to", 1000, _gate, read=_seconds, longest_ms=30 * DAY_MS
    ),
    "coinbase": Model(
        "/api/v3/brokerage/orders/historical/fills",
        "start_sequence_timestamp",
        "end_sequence_timestamp",
        1000,
        _coinbase,
        wrap=lambda rows: {"fills": rows, "cursor": ""},
        read=_iso,
    ),
    "bitfinex": Model("/v2/auth/r/trades/hist", "start", "end", 2500, _bitfinex),
    "gemini": Model(
        "/v1/mytrades",
        "timestamp",
        "",
        500,
        _gemini,
        read=_seconds,
        limit="limit_trades",
        forward=True,
    ),
    "alpaca": Model(
        "/v2/account/activities/FILL",
        "after",
        "until",
        100,
        _alpaca,
        read=_iso,
        limit="page_size",
        borders=False,
    ),
}


def served(model: Model, times_ms: list[int]) -> Callable[[Sent], str | None]:
    """Answers for the list of fills as the venue would give them, newest first."""

    def answer(sent: Sent) -> str | None:
        if sent.path != model.path:
            return None
        told = sent.params
        end_ms = model.read(told[model.end]) if model.end in told else NOW_MS + DAY_MS
        beginning_ms = end_ms - model.without_start if model.without_start else 0
        start_ms = model.read(told[model.start]) if model.start in told else beginning_ms
        if model.longest_ms and model.start in told:
            assert end_ms - start_ms <= model.longest_ms, "the venue refuses so long a span"
        size = min(int(told[model.limit]), model.page)
        before = model.before(told)
        left_out = () if model.borders else (start_ms, end_ms)
        rows = [
            model.row(number, at_ms)
            for number, at_ms in enumerate(times_ms)
            if start_ms <= at_ms <= end_ms
            and (not before or number + 1 < before)
            and at_ms not in left_out
        ]
        shown = rows[:size][::-1] if model.forward else rows[::-1][:size]
        return json.dumps(model.wrap(shown))

    return answer


async def read(venue: str, times_ms: list[int]) -> list[str]:
    desk = Captured(venue)
    await desk.market.prices([SYMBOLS.get(venue, "BTC/USDT")])
    desk.session.answering = served(MODELS[venue], times_ms)
    history = await desk.reader.history(SINCE_MS * 1000)
    return [fill.trade_id for fill in history.fills]


@pytest.mark.parametrize("venue", sorted(MODELS))
async def test_every_fill_of_many_pages_is_read(venue: str) -> None:
    page = MODELS[venue].page
    steady = [SINCE_MS + n * 20 * DAY_MS // (page // 2) for n in range(page // 2)]
    burst = [NOW_MS - 3 * DAY_MS + n * 97 for n in range(page * 3 // 2)]
    times_ms = sorted(steady + burst)
    found = await read(venue, times_ms)
    assert sorted(map(int, found)) == list(range(len(times_ms)))
    assert len(set(found)) == len(found)


async def test_a_fill_on_the_border_of_two_spans_is_read_where_borders_are_left_out() -> None:
    begin_ms, end_ms = SINCE_MS, NOW_MS + 5_000
    overlap_ms = quirks_of("alpaca").trade_pages.overlap_ms
    middle_ms = (begin_ms - overlap_ms + end_ms) // 2 // 1000 * 1000
    early = [begin_ms + 60_001 + n * 97 for n in range(MODELS["alpaca"].page)]
    times_ms = [*early, middle_ms]
    found = await read("alpaca", times_ms)
    assert sorted(map(int, found)) == list(range(len(times_ms)))


async def test_more_at_one_moment_than_a_page_holds_is_read_on() -> None:
    times_ms = [NOW_MS - DAY_MS // 2] * (3 * MODELS["kucoin"].page)
    found = await read("kucoin", times_ms)
    assert sorted(map(int, found)) == list(range(len(times_ms)))


async def test_a_venue_that_does_not_heed_where_to_go_on_is_never_believed() -> None:
    desk = Captured("kucoin")
    await desk.market.prices(["BTC/USDT"])
    deaf = replace(MODELS["kucoin"], before=lambda _: 0)
    desk.session.answering = served(deaf, [NOW_MS - DAY_MS // 2] * 300)
    with pytest.raises(Unavailable, match="a page of nothing new"):
        await desk.reader.history(SINCE_MS * 1000)


@pytest.mark.parametrize("venue", sorted(MODELS.keys() - {"kucoin"}))
async def test_more_in_a_second_than_a_page_holds_is_never_taken_for_all(venue: str) -> None:
    times_ms = [NOW_MS - DAY_MS // 2] * (MODELS[venue].page + 1)
    with pytest.raises(Unavailable, match="more rows in a second"):
        await read(venue, times_ms)


@pytest.mark.parametrize("venue", sorted(MODELS))
async def test_nothing_is_nothing(venue: str) -> None:
    assert await read(venue, []) == []
