"""What each spoiled reply becomes inside ccxt: what an adapter has to survive.

Every fault is injected after (or instead of) execution at the venue, and the exception's class
tells neither. The one rule that follows: only a verdict parsed from the venue's own answer is
a verdict.
"""

from contextlib import suppress
from typing import Any

import pytest

from tests.wire.cases import GONE, LIVE, Case, named
from tests.wire.fixtures import MakeKraken, until
from tests.wire.kraken.loopback import Loopback
from tests.wire.real_ccxt import errors as ccxt

UNKNOWN = [
    Case("lost", ccxt.ExchangeNotAvailable, LIVE),
    Case("drop", ccxt.ExchangeNotAvailable, GONE),
    Case("hang", ccxt.RequestTimeout, LIVE),
    Case("slow", ccxt.RequestTimeout, LIVE, {"wait_ms": 5000}),
    Case("page", ccxt.ExchangeNotAvailable, LIVE, {"status": 502}),
    Case("page", ccxt.ExchangeNotAvailable, GONE, {"status": 502, "execute": False}),
    Case("page", ccxt.ExchangeNotAvailable, LIVE, {"status": 503}),
    Case("page", ccxt.ExchangeNotAvailable, LIVE, {"status": 520}),
    Case("page", ccxt.RateLimitExceeded, LIVE, {"status": 429}),
    Case("short", ccxt.ExchangeError, LIVE),
    Case("odd", TypeError, LIVE, {"text": '{"error":[],"result":{"txid":5,"descr":7}}'}),
    Case("error", ccxt.ExchangeNotAvailable, LIVE, {"text": "EService:Unavailable"}),
    Case("error", ccxt.ExchangeNotAvailable, GONE, {"text": "EService:Busy", "execute": False}),
    Case("error", ccxt.ExchangeError, LIVE, {"text": "EService:Timeout"}),
    Case("error", ccxt.ExchangeError, LIVE, {"text": "EService:Deadline elapsed"}),
    Case("error", ccxt.ExchangeNotAvailable, LIVE, {"text": "EGeneral:Internal error"}),
    Case("error", ccxt.DDoSProtection, LIVE, {"text": "EAPI:Rate limit exceeded"}),
    # These return normally, with id None: success without an id is no success.
    Case("page", None, LIVE, {"status": 200}),
    Case("empty", None, LIVE),
    Case("truncated", None, LIVE),
    Case("garbled", None, LIVE),
    Case("odd", None, LIVE, {"text": "[]"}),
    Case("odd", None, LIVE, {"text": '"fine"'}),
    Case("odd", None, LIVE, {"text": '{"error":[],"result":null}'}),
]


@pytest.mark.parametrize("case", UNKNOWN, ids=named)
async def test_a_create_whose_outcome_ccxt_does_not_know(
    kraken: MakeKraken, venue: Loopback, case: Case
) -> None:
    client = await kraken(timeout_ms=800)
    venue.ask("fault", endpoint="AddOrder", kind=case.kind, **case.how)
    create = client.create_order(
        "BTC/USD", "limit", "buy", "0.01", "50000", {"clientOrderId": "QD-one"}
    )
    if case.error is None:
        assert (await create)["id"] is None
    else:
        with pytest.raises(case.error) as caught:
            await create
        assert type(caught.value) is case.error
    assert [order["client_id"] for order in venue.ask("truth")["orders"]] == ["QD-one"] * case.alive
    assert venue.ask("client_ids") in ({"QD-one": 1}, {"": 1})  # sent once, never again
    assert len(await client.fetch_open_orders()) == case.alive  # the client goes on


async def test_retries_on_failure_would_place_the_order_three_times(
    kraken: MakeKraken, venue: Loopback
) -> None:
    client = await kraken(timeout_ms=800)
    client.options["maxRetriesOnFailure"] = 2
    venue.ask("fault", endpoint="AddOrder", kind="page", times=3)
    with pytest.raises(ccxt.ExchangeNotAvailable):
        await client.create_order("BTC/USD", "limit", "buy", "0.01", "50000")
    assert len(venue.ask("truth")["orders"]) == 3


GARBAGE = [
    Case("page", None, LIVE, {"status": 200}),
    Case("empty", None, LIVE),
    Case("truncated", None, LIVE),
    Case("garbled", None, LIVE),
    Case("odd", None, LIVE, {"text": "[]"}),
    Case("odd", None, LIVE, {"text": '{"error":[],"result":[]}'}),
    Case("odd", None, LIVE, {"text": '{"error":[],"result":null}'}),
    Case("fewer", None, LIVE, {"rows": 0}),
]
LISTS = [("OpenOrders", "fetch_open_orders"), ("TradesHistory", "fetch_my_trades")]


@pytest.mark.parametrize("case", GARBAGE, ids=named)
@pytest.mark.parametrize(("endpoint", "read"), LISTS)
async def test_a_garbled_list_looks_like_an_empty_one(
    kraken: MakeKraken, venue: Loopback, endpoint: str, read: str, case: Case
) -> None:
    client = await kraken()
    await client.create_order("BTC/USD", "market", "buy", "0.01")
    await client.create_order("BTC/USD", "limit", "buy", "0.01", "50000")
    venue.ask("fault", endpoint=endpoint, kind=case.kind, **case.how)
    assert await getattr(client, read)() == []
    assert len(await getattr(client, read)()) == 1  # the truth


@pytest.mark.parametrize("case", GARBAGE[:-1], ids=named)
async def test_a_garbled_balance_looks_like_an_empty_account(
    kraken: MakeKraken, venue: Loopback, case: Case
) -> None:
    client = await kraken()
    venue.ask("fault", endpoint="BalanceEx", kind=case.kind, **case.how)
    balance = await client.fetch_balance()
    assert balance["total"] == {}
    assert not (isinstance(balance["info"], dict) and balance["info"].get("result"))


async def test_a_list_that_lacks_rows_still_counts_them(
    kraken: MakeKraken, venue: Loopback
) -> None:
    client = await kraken(enableLastJsonResponse=True)
    for _ in range(3):
        await client.create_order("BTC/USD", "market", "buy", "0.01")
    venue.ask("fault", endpoint="TradesHistory", kind="fewer", rows=1)
    assert len(await client.fetch_my_trades()) == 1
    assert client.last_json_response["result"]["count"] == 3


@pytest.mark.parametrize("kind", ["lost", "hang", "truncated", "page"])
async def test_a_cancel_whose_reply_is_lost_was_done(
    kraken: MakeKraken, venue: Loopback, kind: str
) -> None:
    client = await kraken(timeout_ms=800)
    placed = await client.create_order("BTC/USD", "limit", "buy", "0.01", "50000")
    venue.ask("fault", endpoint="CancelOrder", kind=kind)
    with suppress(ccxt.NetworkError):
        await client.cancel_order(placed["id"])
    with pytest.raises(ccxt.OrderNotFound):
        await client.cancel_order(placed["id"])
    assert venue.ask("truth")["orders"][0]["status"] == "canceled"


async def test_a_stubborn_venue_refuses_every_second_cancel(
    kraken: MakeKraken, venue: Loopback
) -> None:
    client = await kraken()
    placed = [
        await client.create_order("BTC/USD", "limit", "buy", "0.01", "50000") for _ in range(4)
    ]
    venue.ask("stubborn", every=2)
    refused = 0
    for order in placed[:2]:
        try:
            await client.cancel_order(order["id"])
        except ccxt.ExchangeNotAvailable:
            refused += 1
    assert refused == 1
    await client.cancel_all_orders()  # answers with success
    assert len(await client.fetch_open_orders()) == 1


async def test_faults_can_hit_each_second_request(kraken: MakeKraken, venue: Loopback) -> None:
    client = await kraken()
    venue.ask("fault", endpoint="BalanceEx", kind="page", times=2, every=2)
    outcomes: list[str] = []
    for _ in range(6):
        try:
            await client.fetch_balance()
            outcomes.append("ok")
        except ccxt.ExchangeNotAvailable:
            outcomes.append("bad")
    assert outcomes == ["ok", "bad", "ok", "bad", "ok", "ok"]


async def test_maintenance_refuses_everything_and_may_not_say_so(
    kraken: MakeKraken, venue: Loopback
) -> None:
    client = await kraken()
    venue.ask("mode", mode="maintenance")
    assert (await client.fetch_status())["status"] == "maintenance"
    with pytest.raises(ccxt.ExchangeNotAvailable):
        await client.fetch_balance()
    venue.ask("mode", mode="maintenance", quiet=True)
    assert (await client.fetch_status())["status"] == "ok"  # status is advice, not proof
    with pytest.raises(ccxt.ExchangeNotAvailable):
        await client.create_order("BTC/USD", "limit", "buy", "0.01", "50000")
    venue.ask("mode", mode="online")
    await client.fetch_balance()


@pytest.mark.parametrize(
    ("mode", "kind", "params", "fits"),
    [
        ("cancel_only", "limit", {}, False),
        ("post_only", "limit", {}, False),
        ("post_only", "limit", {"postOnly": True}, True),
        ("limit_only", "market", {}, False),
        ("limit_only", "limit", {}, True),
    ],
)
async def test_market_modes_let_only_some_orders_in(
    kraken: MakeKraken,
    venue: Loopback,
    mode: str,
    kind: str,
    params: dict[str, object],
    fits: bool,
) -> None:
    client = await kraken()
    venue.ask("mode", mode=mode)
    price = "50000" if kind == "limit" else None
    create = client.create_order("BTC/USD", kind, "buy", "0.01", price, params)
    if fits:
        assert (await create)["id"]
        return
    with pytest.raises(ccxt.BaseError, match=f"EService:Market in {mode} mode"):
        await create


async def test_latency_is_waited_before_anything_is_done(
    kraken: MakeKraken, venue: Loopback
) -> None:
    client = await kraken(timeout_ms=150)
    venue.ask("latency", ms=300, endpoint="AddOrder")
    with pytest.raises(ccxt.RequestTimeout):
        await client.create_order("BTC/USD", "limit", "buy", "0.01", "50000")
    assert venue.ask("truth")["orders"] == []
    await until(lambda: len(venue.ask("truth")["orders"]) == 1)  # it arrives all the same


HOSTILE = "\x1b]52;c;aGk=\x07[/][@click=app.quit]\u202etfil\u202c\x00"


async def test_hostile_text_arrives_in_rows_and_errors_unchanged(
    kraken: MakeKraken, venue: Loopback
) -> None:
    client = await kraken()
    for where in ("descr", "misc", "reason", "asset"):
        venue.ask("hostile", where=where, text=HOSTILE if where != "descr" else f" {HOSTILE}")
    placed = await client.create_order("BTC/USD", "limit", "buy", "0.01", "50000")
    assert HOSTILE in placed["info"]["descr"]["order"]
    await client.cancel_all_orders()
    (closed,) = await client.fetch_closed_orders()
    assert (closed["info"]["reason"], closed["info"]["misc"]) == (HOSTILE, HOSTILE)
    assert any("@CLICK=" in asset for asset in (await client.fetch_balance())["total"])
    venue.ask("fault", endpoint="BalanceEx", kind="error", text=f"EOrder:{HOSTILE}")
    with pytest.raises(ccxt.ExchangeError) as caught:
        await client.fetch_balance()
    assert "click" in str(caught.value)


async def test_an_order_whose_description_cannot_be_parsed_lives(
    kraken: MakeKraken, venue: Loopback
) -> None:
    client = await kraken()
    venue.ask("hostile", where="descr", text="!")  # "… @ limit 50000.0!"
    with pytest.raises(ValueError, match="invalid literal"):  # not even an error of ccxt's
        await client.create_order("BTC/USD", "limit", "buy", "0.01", "50000")
    assert [order["status"] for order in venue.ask("truth")["orders"]] == ["open"]


async def test_a_megabyte_of_error_text_arrives(kraken: MakeKraken, venue: Loopback) -> None:
    client = await kraken()
    venue.ask("fault", endpoint="BalanceEx", kind="error", text="EGeneral:" + "A" * 1_000_000)
    with pytest.raises(ccxt.ExchangeError) as caught:
        await client.fetch_balance()
    assert len(str(caught.value)) > 1_000_000


async def test_a_venue_that_is_down_comes_back_on_the_same_port(
    kraken: MakeKraken, venue: Loopback
) -> None:
    client = await kraken()
    placed = await client.create_order("BTC/USD", "limit", "buy", "0.01", "50000")
    venue.ask("down")
    with pytest.raises(ccxt.ExchangeNotAvailable):
        await client.fetch_balance()
    venue.ask("up")
    found: list[Any] = await client.fetch_open_orders()
    assert [order["id"] for order in found] == [placed["id"]]
