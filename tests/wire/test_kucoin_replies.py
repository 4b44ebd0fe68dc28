"""Replies that only KuCoin can spoil so; what every venue does is in test_replies.py."""

import pytest

from tests.wire.cases import HOSTILE
from tests.wire.fixtures import MakeKucoin
from tests.wire.kucoin.loopback import Loopback
from tests.wire.real_ccxt import errors as ccxt

CANCEL = "DELETE hf/orders/{orderId}"


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


async def test_hostile_text_arrives_in_rows_unchanged(
    kucoin: MakeKucoin, kucoin_venue: Loopback
) -> None:
    client = await kucoin()
    for where in ("descr", "misc"):
        kucoin_venue.ask("hostile", where=where, text=HOSTILE)
    placed = await client.create_order("BTC/USDT", "limit", "buy", "0.01", "50000")
    found = await client.fetch_order(placed["id"], "BTC/USDT")
    assert (found["info"]["tags"], found["info"]["remark"]) == (HOSTILE, HOSTILE)
