"""Sockets that misbehave: what ccxt.pro notices, and what it does not, venue by venue."""

import asyncio
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from tests.wire.families import FAMILIES, Street
from tests.wire.fixtures import until
from tests.wire.following import following as follow
from tests.wire.following import ids, quiet, subscribed
from tests.wire.real_ccxt import errors as ccxt


def following(client: Any, street: Street) -> AbstractAsyncContextManager[list[Any]]:
    return follow(client, street.venue, street.family.fills)


def raised(heard: list[Any], kind: type[BaseException]) -> bool:
    return any(isinstance(each, kind) for each in heard)


async def pinging(street: Street, every_ms: int) -> Any:
    """A client that pings so often, whoever of the two decides that."""
    client = await street.client()
    client.streaming["keepAlive"] = every_ms
    for command, arguments in street.family.pings(every_ms).items():
        street.ask(command, **arguments)
    return client


async def test_a_socket_that_only_pongs_looks_alive_for_ever(street: Street) -> None:
    client = await pinging(street, 250)
    async with following(client, street) as heard:
        street.ask("silence", side="private")
        street.trade()
        await asyncio.sleep(1.1)  # four pings, twice the patience of ccxt
        assert heard == []
        (socket,) = [c for c in client.clients.values() if c.connection is not None]
        assert (socket.error, socket.closed()) == (None, False)
        street.ask("silence", side="private", on=False)
        street.trade()
        await until(lambda: ids(heard) == street.true_ids()[1:])


async def test_a_socket_without_pongs_raises_request_timeout(street: Street) -> None:
    quiet()
    client = await pinging(street, 100)
    async with following(client, street) as heard:
        street.ask("mute", side="private")
        await until(lambda: raised(heard, ccxt.RequestTimeout))


async def test_a_subscription_that_is_never_answered_waits_for_ever(street: Street) -> None:
    client = await street.client("")
    street.ask("silence", side="public")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(client.watch_ticker(street.family.symbol), 0.3)


async def test_a_delayed_socket_tells_the_truth_later(street: Street) -> None:
    client = await street.client()
    async with following(client, street) as heard:
        street.ask("delay", ms=60, side="private")
        street.trade()
        await asyncio.sleep(0.03)
        assert ids(heard) == []
        await until(lambda: ids(heard) == street.true_ids())


async def test_a_dead_venue_kills_sockets_and_comes_back(street: Street) -> None:
    client = await street.client()
    quiet()
    async with following(client, street) as heard:
        street.ask("down")
        await until(lambda: raised(heard, ccxt.NetworkError))
        street.ask("up")
        await until(lambda: subscribed(street.venue, street.family.fills), within_s=10)
        street.trade()
        await until(lambda: street.true_ids()[0] in ids(heard))


POISONED = [
    pytest.param(family, name, id=f"{family.name}-{name}")
    for family in FAMILIES
    for name in family.poisons
]


@pytest.mark.parametrize(("street", "name"), POISONED, indirect=["street"])
async def test_a_poisoned_frame_freezes_the_stream_without_a_word(
    street: Street, name: str
) -> None:
    client = await street.client()
    quiet()
    private = street.family.poisons[name][0] == "private"
    watching = asyncio.ensure_future(
        client.watch_my_trades() if private else client.watch_ticker(street.family.symbol)
    )
    await until(lambda: any(s["private"] or s["public"] for s in street.ask("sockets")))
    street.trade()
    await watching
    await asyncio.sleep(0.05)
    street.ask("poison", name=name)
    await asyncio.sleep(0.05)
    (socket,) = [c for c in client.clients.values() if c.connection is not None]
    heard_ms = socket.last_message_at
    for _ in range(3):
        street.trade()
    await asyncio.sleep(0.1)
    assert socket.last_message_at == heard_ms
    assert (socket.error, socket.closed()) == (None, False)
