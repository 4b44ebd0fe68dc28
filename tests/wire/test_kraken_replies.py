"""Replies that only Kraken can spoil so; what every venue does is in test_replies.py."""

import pytest

from tests.wire.cases import HOSTILE
from tests.wire.fixtures import MakeKraken
from tests.wire.kraken.loopback import Loopback
from tests.wire.real_ccxt import errors as ccxt


async def test_retries_on_failure_would_place_the_order_three_times(
    kraken: MakeKraken, venue: Loopback
) -> None:
    client = await kraken(timeout_ms=800)
    client.options["maxRetriesOnFailure"] = 2
    venue.ask("fault", endpoint="AddOrder", kind="page", times=3)
    with pytest.raises(ccxt.ExchangeNotAvailable):
        await client.create_order("BTC/USD", "limit", "buy", "0.01", "50000")
    assert len(venue.ask("truth")["orders"]) == 3


async def test_a_list_that_lacks_rows_still_counts_them(
    kraken: MakeKraken, venue: Loopback
) -> None:
    client = await kraken(enableLastJsonResponse=True)
    for _ in range(3):
        await client.create_order("BTC/USD", "market", "buy", "0.01")
    venue.ask("fault", endpoint="TradesHistory", kind="fewer", rows=1)
    assert len(await client.fetch_my_trades()) == 1
    assert client.last_json_response["result"]["count"] == 3


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


async def test_hostile_text_arrives_in_rows_unchanged(kraken: MakeKraken, venue: Loopback) -> None:
    client = await kraken()
    for where in ("descr", "misc", "reason"):
        venue.ask("hostile", where=where, text=HOSTILE if where != "descr" else f" {HOSTILE}")
    placed = await client.create_order("BTC/USD", "limit", "buy", "0.01", "50000")
    assert HOSTILE in placed["info"]["descr"]["order"]
    await client.cancel_all_orders()
    (closed,) = await client.fetch_closed_orders()
    assert (closed["info"]["reason"], closed["info"]["misc"]) == (HOSTILE, HOSTILE)


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
