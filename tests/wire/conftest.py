"""The wire fixtures, for every test in this room."""

from collections.abc import AsyncGenerator

import pytest
import pytest_asyncio

from tests.wire.families import FAMILIES, Family, Street
from tests.wire.fixtures import kraken, kucoin, kucoin_venue, venue

__all__ = ["kraken", "kucoin", "kucoin_venue", "street", "venue"]


@pytest_asyncio.fixture(params=[pytest.param(family, id=family.name) for family in FAMILIES])
async def street(request: pytest.FixtureRequest) -> AsyncGenerator[Street]:
    """Each loopback venue in turn, with clients of its real ccxt class."""
    family: Family = request.param
    async with family.street() as found:
        yield found
