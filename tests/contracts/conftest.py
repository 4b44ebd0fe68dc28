"""The venue rigs as fixtures: each test runs over every adapter of RIGS."""

from collections.abc import AsyncIterator

import pytest

from tests.contracts.venue_rigs import RIGS, Terms, VenueRig, terms_of


@pytest.fixture(params=sorted(RIGS))
async def rig(request: pytest.FixtureRequest) -> AsyncIterator[VenueRig]:
    async with RIGS[request.param]() as opened:
        yield opened


@pytest.fixture
async def terms(rig: VenueRig) -> Terms:
    return await terms_of(rig)
