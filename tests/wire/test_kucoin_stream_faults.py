"""KuCoin's sockets misbehave in its own ways; what every venue's do is in test_stream_faults.py."""

import asyncio
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from tests.wire.fixtures import MakeKucoin, until
from tests.wire.following import following as follow
from tests.wire.following import ids, quiet, subscribed
from tests.wire.kucoin.frames import ORDERS
from tests.wire.kucoin.loopback import Loopback
from tests.wire.real_ccxt import errors as ccxt


def following(client: Any, venue: Loopback) -> AbstractAsyncContextManager[list[Any]]:
    return follow(client, venue, ORDERS)


def trade(venue: Loopback) -> None:
    """One market order: two rows, match and filled."""
    venue.ask("place", side="buy", symbol="BTC/USDT", quantity="0.01")


def true_ids(venue: Loopback) -> list[str]:
    return [str(trade["trade_id"]) for trade in venue.ask("truth")["trades"]]


async def test_a_dropped_frame_is_a_fill_that_nobody_hears_of(
    kucoin: MakeKucoin, kucoin_venue: Loopback
) -> None:
    client = await kucoin()
    async with following(client, kucoin_venue) as heard:
        kucoin_venue.ask("frames", action="drop", channel=ORDERS)
        trade(kucoin_venue)
        trade(kucoin_venue)
        await until(lambda: len(ids(heard)) == 1)
    assert ids(heard) == true_ids(kucoin_venue)[1:]


async def test_a_duplicated_frame_is_one_fill_in_the_cache(
    kucoin: MakeKucoin, kucoin_venue: Loopback
) -> None:
    client = await kucoin()
    async with following(client, kucoin_venue) as heard:
        kucoin_venue.ask("frames", action="duplicate", channel=ORDERS, times=2)
        trade(kucoin_venue)
        await until(lambda: len(ids(heard)) >= 1)
        await asyncio.sleep(0.05)
    assert [t["id"] for t in client.myTrades] == true_ids(kucoin_venue)


async def test_swapped_frames_leave_the_order_closed(
    kucoin: MakeKucoin, kucoin_venue: Loopback
) -> None:
    client = await kucoin()
    async with following(client, kucoin_venue) as heard:
        kucoin_venue.ask("frames", action="swap", channel=ORDERS)
        trade(kucoin_venue)  # filled, then match
        await until(lambda: ids(heard) == true_ids(kucoin_venue))
    assert [(o["status"], o["filled"]) for o in client.orders] == [("closed", "0.01")]


def test_frames_of_one_row_cannot_be_bundled(kucoin_venue: Loopback) -> None:
    with pytest.raises(ValueError, match="a frame is one row"):
        kucoin_venue.ask("frames", action="bundle", channel=ORDERS)


@pytest.mark.parametrize("how", ["close_sockets", "cut_sockets"])
async def test_fills_survive_a_cut_in_rest_and_only_there(
    kucoin: MakeKucoin, kucoin_venue: Loopback, how: str
) -> None:
    client = await kucoin()
    quiet()
    async with following(client, kucoin_venue) as heard:
        trade(kucoin_venue)
        await until(lambda: len(ids(heard)) == 1)
        kucoin_venue.ask("refuse_sockets")
        kucoin_venue.ask(how)
        await until(lambda: any(isinstance(each, ccxt.NetworkError) for each in heard))
        trade(kucoin_venue)  # nobody is there
        kucoin_venue.ask("refuse_sockets", on=False)
        await until(lambda: subscribed(kucoin_venue, ORDERS), within_s=10)
        trade(kucoin_venue)
        await until(lambda: len(ids(heard)) == 2, within_s=5)
    first, missed, third = true_ids(kucoin_venue)
    assert ids(heard) == [first, third]  # there is no snapshot, so the gap stays
    told = await client.fetch_my_trades("BTC/USDT")
    assert sorted(t["id"] for t in told) == [first, missed, third]


async def test_an_old_token_freezes_the_stream_until_it_is_watched_anew(
    kucoin: MakeKucoin, kucoin_venue: Loopback
) -> None:
    client = await kucoin()
    quiet()
    async with following(client, kucoin_venue) as heard:
        kucoin_venue.ask("expire_tokens")
        kucoin_venue.ask("cut_sockets")
        await until(lambda: client.options["urls"]["private"] is None, within_s=5)
        await asyncio.sleep(0.2)
        # ccxt heard that the token is too old, and its receive loop died of it.
        assert not subscribed(kucoin_venue, ORDERS)
        raised = len(heard)
    async with following(client, kucoin_venue) as again:  # a new token is asked for
        trade(kucoin_venue)
        await until(lambda: ids(again) == true_ids(kucoin_venue))
    assert len(heard) == raised
    assert kucoin_venue.ask("counts")["POST bullet-private"] == 2
