"""Kraken's sockets misbehave in its own ways; what every venue's do is in test_stream_faults.py."""

import asyncio
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from tests.wire.fixtures import MakeKraken, until
from tests.wire.following import following as follow
from tests.wire.following import ids, quiet
from tests.wire.following import subscribed as is_followed
from tests.wire.kraken.loopback import Loopback
from tests.wire.real_ccxt import errors as ccxt

EXECUTIONS = "executions"


def following(client: Any, venue: Loopback) -> AbstractAsyncContextManager[list[Any]]:
    return follow(client, venue, EXECUTIONS)


def subscribed(venue: Loopback) -> bool:
    return is_followed(venue, EXECUTIONS)


def trade(venue: Loopback) -> None:
    venue.ask("place", side="buy", symbol="BTC/USD", quantity="0.01")


def true_ids(venue: Loopback) -> list[str]:
    return [trade["exec_id"] for trade in venue.ask("truth")["trades"]]


async def test_a_dropped_frame_is_a_fill_that_nobody_hears_of(
    kraken: MakeKraken, venue: Loopback
) -> None:
    client = await kraken()
    async with following(client, venue) as heard:
        trade(venue)
        await until(lambda: len(ids(heard)) == 1)
        # One market order: pending_new, new, trade, filled.
        venue.ask("frames", action="drop", channel="executions", times=4)
        trade(venue)
        trade(venue)
        await until(lambda: len(ids(heard)) == 2)
    truth = true_ids(venue)
    assert ids(heard) == [truth[0], truth[2]]


async def test_a_duplicated_frame_is_the_same_fill_twice(
    kraken: MakeKraken, venue: Loopback
) -> None:
    client = await kraken()
    async with following(client, venue):
        venue.ask("frames", action="duplicate", channel="executions", times=4)
        trade(venue)
        await until(lambda: len(client.myTrades or []) == 2)
    assert [t["id"] for t in client.myTrades] == true_ids(venue) * 2


async def test_swapped_frames_arrive_in_the_wrong_order(
    kraken: MakeKraken, venue: Loopback
) -> None:
    client = await kraken()
    seen: list[str] = []
    handle = client.handle_message

    def noted(socket: Any, message: Any) -> None:
        seen.extend(row["exec_type"] for row in message.get("data", []) if "exec_type" in row)
        handle(socket, message)

    client.handle_message = noted
    async with following(client, venue):
        venue.ask("frames", action="drop", channel="executions", times=2)
        venue.ask("frames", action="swap", channel="executions")
        trade(venue)
        await until(lambda: len(seen) == 2)
    assert seen == ["filled", "trade"]


async def test_bundled_rows_are_routed_by_the_first_of_them(
    kraken: MakeKraken, venue: Loopback
) -> None:
    client = await kraken()
    async with following(client, venue):
        venue.ask("frames", action="bundle", channel="executions", times=4)
        trade(venue)  # one frame: pending_new, new, trade, filled
        await until(lambda: client.orders is not None)
        await asyncio.sleep(0.05)
    assert client.myTrades is None  # the fill inside the frame was never seen as one
    assert len(true_ids(venue)) == 1


async def test_a_slow_consumer_gets_old_fills_only_with_the_next_one(
    kraken: MakeKraken, venue: Loopback
) -> None:
    client = await kraken()
    first = asyncio.ensure_future(client.watch_my_trades())
    await until(lambda: subscribed(venue))
    trade(venue)
    assert len(await first) == 1
    for _ in range(3):
        trade(venue)  # while the application is busy
    await until(lambda: len(client.myTrades) == 4)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(client.watch_my_trades(), 0.2)
    assert [t["id"] for t in client.myTrades] == true_ids(venue)  # the cache has them all


@pytest.mark.parametrize("how", ["close_sockets", "cut_sockets"])
async def test_a_lost_socket_raises_and_the_gap_is_not_filled(
    kraken: MakeKraken, venue: Loopback, how: str
) -> None:
    client = await kraken()
    quiet()
    async with following(client, venue) as heard:
        trade(venue)
        await until(lambda: len(ids(heard)) == 1)
        venue.ask("refuse_sockets")
        venue.ask(how)
        await until(lambda: any(isinstance(each, ccxt.NetworkError) for each in heard))
        trade(venue)  # nobody is there
        venue.ask("refuse_sockets", on=False)
        await until(lambda: subscribed(venue), within_s=10)
        await asyncio.sleep(0.1)
        trade(venue)
        await until(lambda: true_ids(venue)[2] in ids(heard), within_s=5)
    # What was missed comes, if at all, only in the new subscription's snapshot.
    assert true_ids(venue)[0] in ids(heard)
