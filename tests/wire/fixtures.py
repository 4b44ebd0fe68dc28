"""Fixtures: loopback venues on their own threads, and real ccxt.pro classes that trade on them.

The rate limits are off here, because a test makes more calls in a second than a desk in a
minute; `venue.ask("limits", calls="20")` turns them on.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Mapping
from contextlib import asynccontextmanager
from copy import deepcopy
from typing import Any

import pytest
import pytest_asyncio

from tests.wire.host import VenueThread
from tests.wire.kraken.limits import Limits
from tests.wire.kraken.loopback import Loopback, hosted
from tests.wire.kucoin.limits import Limits as Pools
from tests.wire.kucoin.loopback import Loopback as KucoinLoopback
from tests.wire.kucoin.loopback import hosted as hosted_kucoin
from tests.wire.real_ccxt import Kraken, Kucoin
from tests.wire.redirect import redirected

MakeKraken = Callable[..., Awaitable[Any]]
MakeKucoin = Callable[..., Awaitable[Any]]
# Without the first, ccxt asks api-futures.kucoin.com for contracts; the others save questions.
SPOT_ONLY = {"fetchMarkets": {"types": ["spot"]}, "hf": True, "uta": False}


@pytest.fixture
def venue() -> Generator[Loopback]:
    """A quiet venue: quotes stand, prices move when asked. aiohttp is redirected to it."""
    with hosted(limits=Limits(calls=None, orders=None)) as running, redirected(running.routes):
        yield running


@pytest.fixture
def kucoin_venue() -> Generator[KucoinLoopback]:
    """The same of KuCoin."""
    with hosted_kucoin(limits=Pools(pool=None)) as running, redirected(running.routes):
        yield running


@pytest_asyncio.fixture
async def kraken(venue: Loopback) -> AsyncGenerator[MakeKraken]:
    """Makes ccxt.pro.kraken clients with markets loaded; `purpose` chooses the key."""
    async with clients(venue, Kraken) as make:
        yield make


@pytest_asyncio.fixture
async def kucoin(kucoin_venue: KucoinLoopback) -> AsyncGenerator[MakeKucoin]:
    """The same of KuCoin, with the options that a spot desk sets."""
    async with clients(kucoin_venue, Kucoin, SPOT_ONLY) as make:
        yield make


@asynccontextmanager
async def clients(
    venue: VenueThread[Any], kind: Any, usual: Mapping[str, object] | None = None
) -> AsyncGenerator[Callable[..., Awaitable[Any]]]:
    """Makes clients of a ccxt.pro class; `timeout_ms` is that of the requests after the markets."""
    made: list[Any] = []

    async def make(purpose: str = "full", *, timeout_ms: int = 10_000, **options: Any) -> Any:
        keys = venue.ask("credentials", purpose=purpose) if purpose else {}
        asked = {**(usual or {}), **options.pop("options", {})}
        settings = {"number": str, "enableRateLimit": False, **keys, **options}
        client = kind(settings)
        client.options |= {"maxRetriesOnFailure": 0, **deepcopy(asked)}
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
