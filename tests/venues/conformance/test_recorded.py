"""Recorded answers of the real venues (ccxt's fixtures), read to the digit.

The recordings stand beside the project and are no part of it; without them there is nothing
to compare, and these tests are skipped.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from domain.orders import Kind
from tests.venues.conformance.captured import Captured
from venues import ccxt_convert as convert
from venues import ccxt_moved
from venues.budget import Priority
from venues.ccxt_errors import Failed
from venues.ccxt_quirks import quirks_of
from venues.ccxt_withdrawals import FORMS

RECORDINGS = Path(__file__).parents[4] / "shared" / "data" / "ccxt"
VENUES = ("alpaca", "binance", "bitfinex", "coinbase", "gate", "kucoin", "mexc")
EVERY = (*VENUES, "binanceus", "gemini", "kraken")
NAMES = {
    "fetchOpenOrders": "fetch_open_orders",
    "fetchClosedOrders": "fetch_closed_orders",
    "fetchOrders": "fetch_orders",
    "fetchMyTrades": "fetch_my_trades",
}
pytestmark = pytest.mark.skipif(not RECORDINGS.is_dir(), reason="no recordings beside the project")


def recorded(venues: Iterable[str], names: Mapping[str, str]) -> Iterator[Any]:
    """Cases of these methods: their call, what the venue sent, what ccxt made of it then."""
    for venue in venues:
        path = RECORDINGS / "response" / f"{venue}.json"
        methods = json.loads(path.read_text("utf-8"))["methods"] if path.is_file() else {}
        for name, method in names.items():
            for number, case in enumerate(methods.get(name, ())):
                yield pytest.param(venue, method, case, id=f"{venue}-{name}-{number}")


def cases() -> Iterator[Any]:
    """Spot orders and fills."""
    return (case for case in recorded(VENUES, NAMES) if _is_spot(case.values[2]))


def plain(names: Mapping[str, str], venues: Iterable[str] = EVERY) -> list[Any]:
    """Cases of an account's spot wallet, or of one spot instrument, without parameters."""
    return [case for case in recorded(venues, names) if _is_plain(case.values[2])]


def _is_plain(case: Any) -> bool:
    texts = [told for told in case["input"] if isinstance(told, str)]
    has_params = any(isinstance(told, dict) for told in case["input"])
    return not has_params and not any(":" in text for text in texts)


def _is_spot(case: Any) -> bool:
    symbols = [told for told in case["input"] if isinstance(told, str)]
    params = [told for told in case["input"] if isinstance(told, dict)]
    return bool(symbols) and ":" not in symbols[0] and not params


def loaded(venue: str, *, checked: bool = True) -> Captured:
    """A desk whose instruments are ccxt's own fixture, so that every recorded pair is known.

    With `checked` off an answer may be one that we never ask for: a single ticker.
    """
    desk = Captured(venue)
    if not checked:
        any_shape = replace(desk.quirks, shapes={}, rows=lambda _, __: -1)
        desk.reader._client.wire._quirks = any_shape
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
        if not quirks.fees_apart:
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


@pytest.mark.parametrize(("venue", "method", "case"), plain({"fetchTicker": "fetch_ticker"}))
async def test_recorded_prices_are_read_to_the_digit(venue: str, method: str, case: Any) -> None:
    desk = loaded(venue, checked=False)
    desk.session.answering = lambda _: json.dumps(case["httpResponse"])
    row, _ = await desk.reader._client.read(method, *case["input"])
    told = case["parsedResponse"]
    price = convert.price(row, venue=venue, at_us=0, opens_24h_ago=False)
    assert price.symbol == told["symbol"]
    for name in ("bid", "ask", "last"):
        assert getattr(price, name) == (exact(told[name]) or None), name


@pytest.mark.parametrize(
    ("venue", "method", "case"),
    plain({"fetchBalance": "fetch_balance"}, ("binance", "coinbase")),
)
async def test_recorded_balances_are_read_to_the_digit(venue: str, method: str, case: Any) -> None:
    desk = loaded(venue)
    desk.session.answering = lambda _: json.dumps(case["httpResponse"])
    row, _ = await desk.reader._client.read(method, *case["input"])
    found = convert.balances(row, free_is_all=quirks_of(venue).free_is_all)
    told = {code: exact(total) for code, total in case["parsedResponse"]["total"].items()}
    totals = {code: held.total for code, held in found.items() if told.get(code) is not None}
    assert totals
    assert totals == {code: total for code, total in told.items() if total is not None}


MOVED = {
    "fetchDeposits": "fetch_deposits",
    "fetchWithdrawals": "fetch_withdrawals",
    "fetchDepositsWithdrawals": "fetch_deposits_withdrawals",
}


@pytest.mark.parametrize(("venue", "method", "case"), plain(MOVED, ("alpaca", "binance", "kraken")))
async def test_recorded_movements_are_read_to_the_digit(venue: str, method: str, case: Any) -> None:
    desk = loaded(venue)
    desk.session.answering = lambda _: json.dumps(case["httpResponse"])
    rows, _ = await desk.reader._client.read(method, *case["input"])
    found = {m.reference: m for row in rows if (m := ccxt_moved.movement(row, desk.account))}
    happened = [row for row in case["parsedResponse"] if row["status"] == "ok"]
    assert set(found) == {row["id"] for row in happened}
    for row in happened:
        movement, sign = found[row["id"]], 1 if row["type"] == "deposit" else -1
        assert movement.asset == row["currency"]
        assert movement.amount == sign * Decimal(str(row["amount"]))
        assert movement.fee == (exact((row["fee"] or {}).get("cost")) or 0)


WITHDRAWN = list(recorded(("binance", "kucoin"), {"withdraw": ""}))


@pytest.mark.parametrize(("venue", "method", "case"), WITHDRAWN)
def test_the_id_of_a_recorded_withdrawal_is_found(venue: str, method: str, case: Any) -> None:
    assert method == ""
    assert FORMS[venue].id_of(case["httpResponse"]) == case["parsedResponse"]["id"]


SENT = plain({"createOrder": "create_order", "cancelOrder": "cancel_order"}, ("bitfinex",))


@pytest.mark.parametrize(("venue", "method", "case"), SENT)
async def test_a_recorded_yes_to_what_was_sent_is_one(venue: str, method: str, case: Any) -> None:
    desk = loaded(venue)
    desk.session.answering = lambda _: json.dumps(case["httpResponse"])
    asked = [str(told) for told in case["input"]]
    answer, _ = await desk.reader._client.ask(method, *asked, priority=Priority.ORDER)
    assert answer["id"] == case["parsedResponse"]["id"]
    refused = [*case["httpResponse"][:6], "ERROR", "no"]
    desk.session.answering = lambda _: json.dumps(refused)
    with pytest.raises(Failed):
        await desk.reader._client.ask(method, *asked, priority=Priority.ORDER)
