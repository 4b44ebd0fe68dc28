"""Recorded answers of the real venues (ccxt's fixtures), read to the digit.

The recordings stand beside the project and are no part of it; without them there is nothing
to compare, and these tests are skipped.
"""

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from domain.orders import Kind
from tests.venues.conformance.captured import Captured
from venues import ccxt_convert as convert
from venues.ccxt_quirks import quirks_of

RECORDINGS = Path(__file__).parents[4] / "shared" / "data" / "ccxt"
VENUES = ("binance", "bitfinex", "coinbase", "gate", "kucoin", "mexc")
NAMES = {
    "fetchOpenOrders": "fetch_open_orders",
    "fetchClosedOrders": "fetch_closed_orders",
    "fetchOrders": "fetch_orders",
    "fetchMyTrades": "fetch_my_trades",
}
pytestmark = pytest.mark.skipif(not RECORDINGS.is_dir(), reason="no recordings beside the project")


def cases() -> Iterator[Any]:
    """Spot orders and fills: their call, what the venue sent, what ccxt made of it then."""
    for venue in VENUES:
        path = RECORDINGS / "response" / f"{venue}.json"
        methods = json.loads(path.read_text("utf-8"))["methods"] if path.is_file() else {}
        for name, method in NAMES.items():
            for number, case in enumerate(methods.get(name, ())):
                if _is_spot(case):
                    yield pytest.param(venue, method, case, id=f"{venue}-{name}-{number}")


def _is_spot(case: Any) -> bool:
    symbols = [told for told in case["input"] if isinstance(told, str)]
    params = [told for told in case["input"] if isinstance(told, dict)]
    return bool(symbols) and ":" not in symbols[0] and not params


def loaded(venue: str) -> Captured:
    """A desk whose instruments are ccxt's own fixture, so that every recorded pair is known."""
    desk = Captured(venue)
    told = [
        json.loads((RECORDINGS / kind / f"{venue}.json").read_text("utf-8"))
        for kind in ("markets", "currencies")
    ]
    desk.reader._client.api.set_markets(*told)
    return desk


def exact(told: object) -> Decimal | None:
    return None if told is None else Decimal(str(told))


@pytest.mark.parametrize(("venue", "method", "case"), list(cases()))
async def test_recorded_rows_are_read_to_the_digit(venue: str, method: str, case: Any) -> None:
    desk = loaded(venue)
    desk.session.answering = lambda _: json.dumps(case["httpResponse"])
    rows, _ = await desk.reader._client.read(method, *case["input"])
    expected = {row["id"]: row for row in case["parsedResponse"]}
    assert len(rows) == len(expected)
    assert rows
    for row in rows:
        _compare(venue, method, row, expected[row["id"]], desk)


def _compare(venue: str, method: str, row: Any, told: Any, desk: Captured) -> None:
    quirks = quirks_of(venue)
    if method == "fetch_my_trades":
        fill = convert.fill(row, desk.account, quirks, {})
        fee = told.get("fee") or told["fees"][0]
        assert fill.trade_id == told["id"]
        assert (fill.quantity, fill.price) == (exact(told["amount"]), exact(told["price"]))
        assert (fill.fee, fill.fee_asset) == (exact(fee["cost"]), fee["currency"])
        assert (fill.side.value, fill.venue_order_id) == (told["side"], told["order"])
        return
    report = convert.order(row, desk.account, quirks)
    assert report.venue_order_id == told["id"]
    if not (report.kind is Kind.MARKET and told["side"] == "buy"):  # told in quote money
        assert report.quantity == exact(told["amount"])
        assert report.cumulative == exact(told["filled"] or 0)
    assert (report.final is None) == (told["status"] == "open")
    assert report.side is not None
    assert report.side.value == told["side"]
