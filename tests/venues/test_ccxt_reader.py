"""What an account's lists are worth: whole, or not there; and how an order is looked for."""

import json
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from domain.errors import Unavailable
from domain.orders import Final, OrderState
from tests.venues.ccxt_offline import Offline
from tests.venues.ccxt_stub import Opened, Reply, error, opened, payload
from tests.venues.test_ccxt_convert import run
from tests.venues.test_ccxt_trader import ACKED, CLIENT_ID, SENT
from venues.ccxt_errors import VenueUnavailable
from venues.ccxt_sayings import Cause

D = Decimal
LISTS: dict[str, Callable[[Any], Any]] = {
    "BalanceEx": lambda reader: reader.balances(),
    "OpenOrders": lambda reader: reader.open_orders(),
    "ClosedOrders": lambda reader: reader.history(0),
    "TradesHistory": lambda reader: reader.history(0),
    "DepositStatus": lambda reader: reader.history(0),
    "WithdrawStatus": lambda reader: reader.history(0),
}
GARBLED: dict[str, tuple[str, int, str]] = {
    "html": ("<html>maintenance</html>", 200, "text/html"),
    "empty": ("", 200, "application/json"),
    "no body and no type": ("", 200, ""),
    "half": ('{"error":[],"result":{"op', 200, "application/json"),
    "text": ("ok", 200, "text/plain"),
    "null": ("null", 200, "application/json"),
    "number": ("7", 200, "application/json"),
    "empty object": ("{}", 200, "application/json"),
    "empty list": ("[]", 200, "application/json"),
    "no result": ('{"error":[]}', 200, "application/json"),
    "result null": ('{"error":[],"result":null}', 200, "application/json"),
    "result text": ('{"error":[],"result":"none"}', 200, "application/json"),
    "no errors field": ('{"result":{}}', 200, "application/json"),
    "errors null": ('{"error":null,"result":{}}', 200, "application/json"),
    "errors text": ('{"error":"","result":{}}', 200, "application/json"),
    "NaN": ('{"error":[],"result":{"a":NaN}}', 200, "application/json"),
    "nested": ("[" * 100_000, 200, "application/json"),
    "bad gateway": ("<html>502</html>", 502, "text/html"),
    "rows that are text": ('{"error":[],"result":{"open":{"O1":"x"}}}', 200, "application/json"),
}


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("how", GARBLED)
def test_a_garbled_reply_is_never_an_empty_list(name: str, how: str) -> None:
    body, status, kind = GARBLED[how]
    desk = Offline({name: body}, status=status, kind=kind)
    with pytest.raises(Unavailable):
        run(LISTS[name](desk.reader))


def test_an_empty_list_that_is_one_is_believed() -> None:
    empty = '{"error":[],"result":{"open":{}}}'
    assert list(run(Offline({"OpenOrders": empty}).reader.open_orders())) == []
    nothing = '{"error":[],"result":{}}'
    assert run(Offline({"BalanceEx": nothing}).reader.balances()).assets == {}


def test_two_names_of_one_asset_are_not_added_up_in_silence() -> None:
    answer = json.loads(payload("BalanceEx"))
    answer["result"]["XBT"] = {"balance": "5", "hold_trade": "0"}
    with pytest.raises(Unavailable, match="5 rows and 4"):
        run(Offline({"BalanceEx": answer}).reader.balances())


@pytest.mark.parametrize(
    ("text", "cause", "word"),
    [
        ("EAPI:Invalid key", Cause.KEY, "accounts.main.read"),
        ("EAPI:Invalid signature", Cause.KEY, "secret"),
        ("EGeneral:Permission denied", Cause.PERMISSION, "permission"),
        ("EAPI:Invalid nonce", Cause.NONCE, "no other program"),
        ("EAPI:Rate limit exceeded", Cause.RATE, "rate_limit"),
        ("EService:Unavailable", Cause.MAINTENANCE, "status page"),
    ],
)
async def test_a_refusal_says_what_a_person_can_do(text: str, cause: Cause, word: str) -> None:
    async with opened() as desk:
        desk.stub.answer("BalanceEx", error(text))
        with pytest.raises(VenueUnavailable) as refused:
            await desk.reader.balances()
    assert refused.value.cause is cause
    assert refused.value.why == text
    assert word in refused.value.remedy


async def test_a_network_that_is_gone_is_told_as_that() -> None:
    async with opened(timeout_ms=200) as desk:
        await desk.venue.market.instruments()
        desk.stub.answer("BalanceEx", Reply("", then="cut"), Reply("", then="hang"))
        with pytest.raises(VenueUnavailable) as cut:
            await desk.reader.balances()
        with pytest.raises(VenueUnavailable) as hung:
            await desk.reader.balances()
    assert (cut.value.cause, cut.value.why) == (Cause.NETWORK, "the connection failed")
    assert (hung.value.cause, hung.value.why) == (Cause.TIMEOUT, "no answer in time")


async def test_instruments_are_loaded_once_for_everybody() -> None:
    async with opened() as desk:
        await desk.reader.balances()
        await desk.reader.open_orders()
        await desk.trader.cancel_all()
        await desk.venue.market.instruments()
        public = [a.path for a in desk.stub.asked if "/public/" in a.path]
    assert public == ["/0/public/Assets", "/0/public/AssetPairs"]


async def test_in_a_hurry_orders_are_listed_and_cancelled_without_instruments() -> None:
    async with opened(hurry=True) as desk:
        orders = await desk.reader.open_orders()
        await desk.trader.cancel_all()
        assert {order.venue_order_id for order in orders} >= {"OQCLML-BW3P3-BUCMWZ"}
        assert not [a for a in desk.stub.asked if "/public/" in a.path]


async def test_nonces_of_a_key_grow_over_all_its_clients() -> None:
    async with opened() as desk:
        for _ in range(3):
            await desk.reader.balances()
        await desk.trader.cancel_all()
        numbers = [int(a.fields["nonce"]) for a in desk.stub.asked if "/private/" in a.path]
    assert numbers[:3] == sorted(set(numbers[:3]))


# Pages


def page(names: list[str], total: int | None) -> Reply:
    """Some trades of one page, newest first."""
    row = json.loads(payload("TradesHistory"))["result"]["trades"]["THVRQM-33VKH-UCI7BS"]
    result: dict[str, Any] = {"trades": dict.fromkeys(names, row)}
    if total is not None:
        result["count"] = total
    return Reply(json.dumps({"error": [], "result": result}))


NAMES = [f"T{number:05}-AAAAA-BBBBBB" for number in range(173)]


async def ids_of(desk: Opened) -> list[str]:
    history = await desk.reader.history(1_688_000_000_000_000)
    return sorted(fill.trade_id for fill in history.fills)


async def test_every_page_of_the_fills_is_read() -> None:
    pages = [page(NAMES[start : start + 50], 173) for start in range(0, 173, 50)]
    async with opened() as desk:
        desk.stub.answer("TradesHistory", *pages)
        assert await ids_of(desk) == NAMES
        asked = desk.stub.bodies("TradesHistory")
    assert [fields["ofs"] for fields in asked] == ["0", "50", "100", "150"]
    assert {fields["start"] for fields in asked} == {"1687999999"}
    assert {fields["consolidate_taker"] for fields in asked} == {"false"}


async def test_pages_without_a_count_are_read_to_the_empty_one() -> None:
    pages = [page(NAMES[start : start + 50], None) for start in range(0, 200, 50)]
    async with opened() as desk:
        desk.stub.answer("TradesHistory", *pages, page([], None))
        assert await ids_of(desk) == NAMES


async def test_trades_that_arrive_between_pages_cost_no_other() -> None:
    newer = [f"TNEW{number}-AAAAA-BBBBBB" for number in range(3)]
    shifted = [*newer, *NAMES]
    pages = [page(NAMES[:50], 173), *(page(shifted[n : n + 50], 176) for n in (50, 100, 150))]
    async with opened() as desk:
        desk.stub.answer("TradesHistory", *pages)
        assert await ids_of(desk) == NAMES


async def test_pages_that_never_end_are_no_history() -> None:
    async with opened() as desk:
        desk.stub.answer("TradesHistory", page(NAMES[:50], 173))
        with pytest.raises(Unavailable, match="did not come to an end"):
            await desk.reader.history(0)


async def test_one_page_that_fails_leaves_no_half_history() -> None:
    async with opened() as desk:
        desk.stub.answer("TradesHistory", page(NAMES[:50], 173), Reply("<html>", kind="text/html"))
        with pytest.raises(Unavailable):
            await desk.reader.history(0)


async def test_movements_are_looked_for_further_back_than_fills() -> None:
    async with opened() as desk:
        await desk.reader.history(1_688_000_000_000_000)
        (deposits,) = desk.stub.bodies("DepositStatus")
    assert int(deposits["start"]) == 1_688_000_000 - 14 * 86_400


async def test_a_full_page_of_movements_is_followed_by_the_older_ones() -> None:
    row = json.loads(payload("WithdrawStatus"))["result"][0]
    first = [{**row, "refid": f"A{n}", "time": 1_688_481_750 - n} for n in range(25)]
    second = [{**row, "refid": f"B{n}", "time": 1_688_481_700 - n} for n in range(3)]
    replies = [Reply(json.dumps({"error": [], "result": rows})) for rows in (first, second)]
    async with opened() as desk:
        desk.stub.answer("WithdrawStatus", *replies)
        history = await desk.reader.history(1_688_000_000_000_000)
        asked = desk.stub.bodies("WithdrawStatus")
    assert len([m for m in history.movements if m.amount < 0]) == 28
    assert asked[1]["end"] == str(1_688_481_750 - 24 + 1)


# Looking one order up

NOWHERE = '{"error":[],"result":{"closed":{},"count":0}}'
NO_TRADES = '{"error":[],"result":{"trades":{},"count":0}}'


def gone(desk: Opened) -> None:
    """The venue has never heard of anything."""
    desk.stub.answer("OpenOrders", '{"error":[],"result":{"open":{}}}')
    desk.stub.answer("ClosedOrders", NOWHERE)
    desk.stub.answer("TradesHistory", NO_TRADES)
    desk.stub.answer("QueryOrders", error("EOrder:Unknown order"))


def steps(desk: Opened) -> list[str]:
    return [a.path.rpartition("/")[2] for a in desk.stub.asked if "/private/" in a.path]


async def test_absence_takes_open_orders_closed_orders_and_trades() -> None:
    async with opened() as desk:
        gone(desk)
        sought = await desk.reader.find(SENT)
        assert steps(desk) == ["OpenOrders", "ClosedOrders", "TradesHistory"]
        (asked,) = desk.stub.bodies("ClosedOrders")
    assert (sought.found, sought.fills, sought.complete) == (None, (), True)
    assert asked["cl_ord_id"] == CLIENT_ID
    assert int(asked["start"]) <= SENT.order.at_us // 1_000_000 - 10


@pytest.mark.parametrize("broken", ["OpenOrders", "ClosedOrders", "TradesHistory"])
async def test_a_step_that_fails_proves_nothing(broken: str) -> None:
    async with opened() as desk:
        gone(desk)
        desk.stub.answer(broken, Reply("<html>busy</html>", kind="text/html"))
        with pytest.raises(Unavailable):
            await desk.reader.find(SENT)


async def test_an_open_order_is_found_by_our_id_with_its_fills() -> None:
    async with opened() as desk:
        sought = await desk.reader.find(SENT)
        assert steps(desk)[:3] == ["OpenOrders", "QueryOrders", "QueryTrades"]
    assert sought.found is not None
    assert sought.found.venue_order_id == "OQCLML-BW3P3-BUCMWZ"
    assert [f.trade_id for f in sought.fills] == ["THVRQM-33VKH-UCI7BS"]
    assert [f.client_id for f in sought.fills] == [CLIENT_ID]
    assert sought.complete


async def test_a_filter_that_the_venue_ignores_finds_no_other_order() -> None:
    other = replace(SENT.order, client_id="QDA1NEVERWASTHERE0")
    async with opened() as desk:
        gone(desk)
        desk.stub.answer("OpenOrders", payload("OpenOrders"))
        sought = await desk.reader.find(OrderState(order=other, quantity=D(1), price=D(1)))
    assert sought.found is None


async def test_a_known_order_is_asked_for_by_the_venues_id() -> None:
    state = replace(ACKED, venue_order_id="OQCLML-BW3P3-BUCMWZ")
    async with opened() as desk:
        sought = await desk.reader.find(state)
        (asked,) = desk.stub.bodies("QueryOrders")
        assert steps(desk) == ["QueryOrders", "QueryTrades"]
    assert asked == asked | {"txid": "OQCLML-BW3P3-BUCMWZ", "trades": "true"}
    assert asked["consolidate_taker"] == "false"
    assert sought.found is not None
    assert sought.found.cumulative == D("0.02")
    assert sum(fill.quantity for fill in sought.fills) == D("0.02")


async def test_an_id_that_the_venue_does_not_know_is_looked_for_in_the_lists() -> None:
    async with opened() as desk:
        gone(desk)
        desk.stub.answer("ClosedOrders", payload("ClosedOrders"))
        state = replace(ACKED, venue_order_id="O37652-RJWRT-IMO74O")
        sought = await desk.reader.find(state)
    assert sought.found is not None
    assert sought.found.final is Final.CANCELED


async def test_an_order_that_only_its_trades_betray_is_found() -> None:
    async with opened() as desk:
        gone(desk)
        desk.stub.answer("TradesHistory", payload("TradesHistory"))
        desk.stub.answer("QueryOrders", payload("QueryOrders"))
        sought = await desk.reader.find(SENT)
        first, *_ = desk.stub.bodies("QueryOrders")
    assert set(first["txid"].split(",")) >= {"OQCLML-BW3P3-BUCMWZ", "O37652-RJWRT-IMO74O"}
    assert sought.found is not None
    assert sought.found.client_id == CLIENT_ID


async def test_fills_that_the_order_does_not_list_yet_are_taken_from_the_history() -> None:
    row = json.loads(payload("QueryOrders"))
    row["result"]["OQCLML-BW3P3-BUCMWZ"]["trades"] = []
    async with opened() as desk:
        desk.stub.answer("QueryOrders", json.dumps(row))
        sought = await desk.reader.find(replace(ACKED, venue_order_id="OQCLML-BW3P3-BUCMWZ"))
    assert [fill.trade_id for fill in sought.fills] == ["THVRQM-33VKH-UCI7BS"]
