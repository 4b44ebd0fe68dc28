"""What each spoiled reply of KuCoin becomes inside ccxt: every fault class once.

Faults are injected after execution unless said otherwise. The one rule that follows: only a
code parsed from the venue's own answer is a verdict; a class of exception is not.
"""

from contextlib import suppress
from typing import Any

import pytest

from tests.wire.cases import GONE, LIVE, Case, named
from tests.wire.fixtures import MakeKucoin, until
from tests.wire.kucoin.loopback import Loopback
from tests.wire.real_ccxt import errors as ccxt

CREATE, CANCEL = "POST hf/orders", "DELETE hf/orders/{orderId}"


UNKNOWN = [
    Case("lost", ccxt.ExchangeNotAvailable, LIVE),
    Case("drop", ccxt.ExchangeNotAvailable, GONE),
    Case("hang", ccxt.RequestTimeout, LIVE),
    Case("slow", ccxt.RequestTimeout, LIVE, {"wait_ms": 5000}),
    Case("page", ccxt.ExchangeNotAvailable, LIVE, {"status": 502}),
    Case("page", ccxt.ExchangeNotAvailable, GONE, {"status": 503, "execute": False}),
    Case("page", ccxt.RateLimitExceeded, LIVE, {"status": 429}),
    Case("short", ccxt.ExchangeError, LIVE),
    Case("error", ccxt.ExchangeNotAvailable, LIVE, {"text": "500000 Internal Server Error"}),
    Case("error", ccxt.BadRequest, LIVE, {"text": "408000 Network timeout, please try again"}),
    Case("error", ccxt.RateLimitExceeded, LIVE, {"text": "429000 Too many requests"}),
    Case("error", ccxt.ExchangeError, GONE, {"text": "230005 busy", "execute": False}),
    Case("odd", ccxt.ExchangeError, LIVE, {"text": '{"orderId":"of another venue"}'}),
    # These return normally, with id None: success without an id is no success.
    Case("page", None, LIVE, {"status": 200}),
    Case("empty", None, LIVE),
    Case("truncated", None, LIVE),
    Case("garbled", None, LIVE),
    Case("odd", None, LIVE, {"text": '{"code":"200000","data":null}'}),
    Case("odd", None, LIVE, {"text": '{"code":200000,"data":5}'}),
]


@pytest.mark.parametrize("case", UNKNOWN, ids=named)
async def test_a_create_whose_outcome_ccxt_does_not_know(
    kucoin: MakeKucoin, kucoin_venue: Loopback, case: Case
) -> None:
    client = await kucoin(timeout_ms=800)
    kucoin_venue.ask("fault", endpoint=CREATE, kind=case.kind, **case.how)
    create = client.create_order(
        "BTC/USDT", "limit", "buy", "0.01", "50000", {"clientOrderId": "QD-one"}
    )
    if case.error is None:
        assert (await create)["id"] is None
    else:
        with pytest.raises(case.error) as caught:
            await create
        assert type(caught.value) is case.error
    orders = kucoin_venue.ask("truth")["orders"]
    assert [order["client_id"] for order in orders] == ["QD-one"] * case.alive
    assert kucoin_venue.ask("client_ids") in ({"QD-one": 1}, {"": 1})  # sent once, never again
    found = await client.fetch_order(None, "BTC/USDT", {"clientOrderId": "QD-one"})
    assert (found["status"] == "open") == case.alive  # the client goes on, and finds out


GARBAGE = [
    Case("page", None, LIVE, {"status": 200}),
    Case("empty", None, LIVE),
    Case("truncated", None, LIVE),
    Case("garbled", None, LIVE),
    Case("odd", None, LIVE, {"text": '{"code":"200000","data":null}'}),
    Case("odd", None, LIVE, {"text": '{"code":"200000"}'}),
    Case("fewer", None, LIVE, {"rows": 0}),
]
LISTS = [
    ("GET hf/orders/active", "fetch_open_orders"),
    ("GET hf/orders/done", "fetch_closed_orders"),
    ("GET hf/fills", "fetch_my_trades"),
]


@pytest.mark.parametrize("case", GARBAGE, ids=named)
@pytest.mark.parametrize(("endpoint", "read"), LISTS)
async def test_a_garbled_list_looks_like_an_empty_one(
    kucoin: MakeKucoin, kucoin_venue: Loopback, endpoint: str, read: str, case: Case
) -> None:
    client = await kucoin()
    await client.create_order("BTC/USDT", "market", "buy", "0.01")
    await client.create_order("BTC/USDT", "limit", "buy", "0.01", "50000")
    kucoin_venue.ask("fault", endpoint=endpoint, kind=case.kind, **case.how)
    assert await getattr(client, read)("BTC/USDT") == []
    assert len(await getattr(client, read)("BTC/USDT")) == 1  # the truth


@pytest.mark.parametrize("case", GARBAGE, ids=named)
async def test_a_garbled_balance_looks_like_an_empty_account(
    kucoin: MakeKucoin, kucoin_venue: Loopback, case: Case
) -> None:
    client = await kucoin()
    kucoin_venue.ask("fault", endpoint="GET accounts", kind=case.kind, **case.how)
    assert (await client.fetch_balance())["total"] == {}
    assert (await client.fetch_balance())["BTC"]["total"] == "1.5"


async def test_a_cut_cancel_is_sent_twice_and_the_second_answer_is_that_there_is_no_such_order(
    kucoin: MakeKucoin, kucoin_venue: Loopback
) -> None:
    client = await kucoin()
    placed = await client.create_order("BTC/USDT", "limit", "buy", "0.01", "50000")
    kucoin_venue.ask("fault", endpoint=CANCEL, kind="lost")
    with pytest.raises(ccxt.OrderNotFound):  # aiohttp repeats a DELETE by itself
        await client.cancel_order(placed["id"], "BTC/USDT")
    assert kucoin_venue.ask("counts")[CANCEL] == 2
    assert kucoin_venue.ask("truth")["orders"][0]["status"] == "canceled"


@pytest.mark.parametrize("kind", ["hang", "truncated", "page"])
async def test_a_cancel_whose_reply_is_lost_was_done(
    kucoin: MakeKucoin, kucoin_venue: Loopback, kind: str
) -> None:
    client = await kucoin(timeout_ms=800)
    placed = await client.create_order("BTC/USDT", "limit", "buy", "0.01", "50000")
    kucoin_venue.ask("fault", endpoint=CANCEL, kind=kind)
    with suppress(ccxt.NetworkError):
        await client.cancel_order(placed["id"], "BTC/USDT")
    with pytest.raises(ccxt.OrderNotFound):
        await client.cancel_order(placed["id"], "BTC/USDT")
    assert kucoin_venue.ask("truth")["orders"][0]["status"] == "canceled"


async def test_a_stubborn_venue_refuses_every_second_cancel(
    kucoin: MakeKucoin, kucoin_venue: Loopback
) -> None:
    client = await kucoin()
    placed = [
        await client.create_order("BTC/USDT", "limit", "buy", "0.01", "50000") for _ in range(4)
    ]
    kucoin_venue.ask("stubborn", every=2)
    refused = 0
    for order in placed[:2]:
        try:
            await client.cancel_order(order["id"], "BTC/USDT")
        except ccxt.ExchangeNotAvailable:
            refused += 1
    assert refused == 1
    await client.cancel_all_orders()  # answers with success
    assert len(await client.fetch_open_orders("BTC/USDT")) == 1


async def test_maintenance_refuses_everything_and_may_not_say_so(
    kucoin: MakeKucoin, kucoin_venue: Loopback
) -> None:
    client = await kucoin()
    kucoin_venue.ask("mode", mode="maintenance")
    assert (await client.fetch_status())["status"] == "maintenance"
    with pytest.raises(ccxt.ExchangeNotAvailable):
        await client.fetch_balance()
    kucoin_venue.ask("mode", mode="maintenance", quiet=True)
    assert (await client.fetch_status())["status"] == "ok"  # status is advice, not proof
    with pytest.raises(ccxt.ExchangeNotAvailable):
        await client.create_order("BTC/USDT", "limit", "buy", "0.01", "50000")
    kucoin_venue.ask("mode", mode="online")
    await client.fetch_balance()


async def test_cancel_only_lets_orders_out_and_none_in(
    kucoin: MakeKucoin, kucoin_venue: Loopback
) -> None:
    client = await kucoin()
    placed = await client.create_order("BTC/USDT", "limit", "buy", "0.01", "50000")
    kucoin_venue.ask("mode", mode="cancel_only")
    with pytest.raises(ccxt.InvalidOrder, match="400200"):
        await client.create_order("BTC/USDT", "limit", "buy", "0.01", "50000")
    await client.cancel_order(placed["id"], "BTC/USDT")
    assert [o["status"] for o in kucoin_venue.ask("truth")["orders"]] == ["canceled"]


async def test_latency_is_waited_before_anything_is_done(
    kucoin: MakeKucoin, kucoin_venue: Loopback
) -> None:
    client = await kucoin(timeout_ms=150)
    kucoin_venue.ask("latency", ms=300, endpoint=CREATE)
    with pytest.raises(ccxt.RequestTimeout):
        await client.create_order("BTC/USDT", "limit", "buy", "0.01", "50000")
    assert kucoin_venue.ask("truth")["orders"] == []
    await until(lambda: len(kucoin_venue.ask("truth")["orders"]) == 1)  # it arrives all the same


HOSTILE = "\x1b]52;c;aGk=\x07[/][@click=app.quit]\u202etfil\u202c\x00"


async def test_hostile_text_arrives_in_rows_and_errors_unchanged(
    kucoin: MakeKucoin, kucoin_venue: Loopback
) -> None:
    client = await kucoin()
    for where in ("descr", "misc", "asset"):
        kucoin_venue.ask("hostile", where=where, text=HOSTILE)
    placed = await client.create_order("BTC/USDT", "limit", "buy", "0.01", "50000")
    found = await client.fetch_order(placed["id"], "BTC/USDT")
    assert (found["info"]["tags"], found["info"]["remark"]) == (HOSTILE, HOSTILE)
    assert any("@CLICK=" in asset for asset in (await client.fetch_balance())["total"])
    kucoin_venue.ask("fault", endpoint="GET accounts", kind="error", text=f"400100 {HOSTILE}")
    with pytest.raises(ccxt.BadRequest) as caught:
        await client.fetch_balance()
    assert "click" in str(caught.value)


async def test_calm_ends_every_fault_and_quirk(kucoin: MakeKucoin, kucoin_venue: Loopback) -> None:
    client = await kucoin(timeout_ms=800)
    kucoin_venue.ask("fault", endpoint="*", kind="page", times=99)
    kucoin_venue.ask("mode", mode="maintenance")
    kucoin_venue.ask("mute")
    kucoin_venue.ask("refuse_sockets")
    kucoin_venue.ask("lag", what="orders", seconds=60)
    with pytest.raises(ccxt.NetworkError):
        await client.fetch_balance()
    kucoin_venue.ask("calm")
    await client.create_order("BTC/USDT", "limit", "buy", "0.01", "50000")
    assert len(await client.fetch_open_orders("BTC/USDT")) == 1
    assert (await client.watch_ticker("BTC/USDT"))["last"]


async def test_a_venue_that_is_down_comes_back_on_the_same_port(
    kucoin: MakeKucoin, kucoin_venue: Loopback
) -> None:
    client = await kucoin()
    placed = await client.create_order("BTC/USDT", "limit", "buy", "0.01", "50000")
    kucoin_venue.ask("down")
    with pytest.raises(ccxt.ExchangeNotAvailable):
        await client.fetch_balance()
    kucoin_venue.ask("up")
    found: list[Any] = await client.fetch_open_orders("BTC/USDT")
    assert [order["id"] for order in found] == [placed["id"]]
