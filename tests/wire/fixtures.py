"""Fixtures: a loopback Kraken on its own thread, and real ccxt.pro classes that trade on it.

The rate limits are off here, because a test makes more calls in a second than a desk in a
minute; `venue.ask("limits", calls="20")` turns them on.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from typing import Any

import pytest
import pytest_asyncio

from tests.wire.kraken.limits import Limits
from tests.wire.kraken.loopback import Loopback, hosted
from tests.wire.real_ccxt import Kraken
from tests.wire.redirect import redirected

MakeKraken = Callable[..., Awaitable[Any]]


@pytest.fixture
def venue() -> Generator[Loopback]:
    """A quiet venue: quotes stand, prices move when asked. aiohttp is redirected to it."""
    with hosted(limits=Limits(calls=None, orders=None)) as running, redirected(running.routes):
        yield running


@pytest_asyncio.fixture
async def kraken(venue: Loopback) -> AsyncGenerator[MakeKraken]:
    """Makes ccxt.pro.kraken clients with markets loaded; `purpose` chooses the key.

    `timeout_ms` is that of the requests afterwards.
    """
    made: list[Any] = []

    async def make(purpose: str = "full", *, timeout_ms: int = 10_000, **options: Any) -> Any:
        keys = venue.ask("credentials", purpose=purpose) if purpose else {}
        settings = {"number": str, "enableRateLimit": False, **keys, **options}
        client = Kraken(settings)
        client.options["maxRetriesOnFailure"] = 0
        client.timeout_on_exit = 0
        made.append(client)
        await client.load_markets()
        client.timeout = timeout_ms
        return client

    yield make
    for client in made:
        await client.close()
    await asyncio.sleep(0)


async def until(true: Callable[[], bool], *, within_s: float = 3.0) -> None:
    """Wait until something is so, looking every 10 ms. AssertionError when it never is."""
    loop = asyncio.get_running_loop()
    latest = loop.time() + within_s
    while not true():
        assert loop.time() < latest, "it did not become so in time"
        await asyncio.sleep(0.01)
