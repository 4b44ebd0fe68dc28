"""Cancelling chosen orders over real sockets: by batches where a venue has them, else singly."""

from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from cli.clock import SystemClock
from domain.orders import VenueOrder
from engine.sweep import Sweep
from tests.engine.wire_families import KRAKEN
from tests.engine.wire_rig import Site, connected
from tests.wire.redirect import redirected

pytestmark = pytest.mark.usefixtures("unpaced")
BATCH = "CancelOrderBatch"


@pytest.fixture
def site() -> Generator[Site]:
    with KRAKEN.hosted() as thread, redirected(thread.routes):
        running = Site(KRAKEN, thread)
        running.prepare()
        yield running


@asynccontextmanager
async def sweeping(site: Site, orders: int, keep: int = 0) -> AsyncGenerator[Sweep]:
    """A sweep of all orders but those at the highest prices, which are outside its scope."""
    for number in range(orders):
        place: dict[str, Any] = {"side": "buy", "symbol": "BTC/USD", "quantity": "0.01"}
        site.ask("place", **place, price=str(30_000 + number))
    async with connected(site) as connection:
        account = site.family.account

        def inside(row: VenueOrder) -> bool:
            return row.price is not None and row.price < 30_000 + orders - keep

        yield Sweep(
            account,
            connection.readers[account],
            connection.traders[account],
            connection.traits,
            SystemClock(),
            gap_us=0,
            inside=inside,
        )


def still_open(site: Site) -> int:
    return sum(order["status"] == "open" for order in site.truth("orders"))


async def test_the_orders_of_a_scope_are_cancelled_in_batches_and_the_others_stay(
    site: Site,
) -> None:
    async with sweeping(site, 107, keep=3) as sweep:
        seen = await sweep.attempt()
        assert not seen.error
        assert still_open(site) == 3
        counts = site.ask("counts")
        assert counts[BATCH] == 3
        assert "CancelOrder" not in counts
        assert "CancelAll" not in counts
        await sweep.attempt()
        seen = await sweep.attempt()
        assert (seen.verified, seen.cancelled, seen.open_before) == (True, 104, 104)


@pytest.mark.parametrize("kind", ["error", "lost"])
async def test_after_a_batch_that_failed_each_order_is_cancelled_by_itself(
    site: Site, kind: str
) -> None:
    async with sweeping(site, 12) as sweep:
        site.spoil(BATCH, kind=kind, text="busy", times=1_000)
        for _ in range(4):
            seen = await sweep.attempt()
        assert seen.verified
        assert still_open(site) == 0
        counts = site.ask("counts")
        assert counts[BATCH] == 1, "a venue whose batch failed is not asked for another"
        assert counts["CancelOrder"] == 12


async def test_orders_that_a_batch_left_open_are_in_the_next_list_and_asked_again(
    site: Site,
) -> None:
    async with sweeping(site, 10) as sweep:
        site.ask("stubborn", every=2)
        seen = await sweep.attempt()
        assert not seen.verified
        assert still_open(site) == 5
        for _ in range(8):
            seen = await sweep.attempt()
        assert seen.verified
        assert still_open(site) == 0


async def test_a_venue_without_batches_is_asked_for_each_order(site: Site) -> None:
    async with sweeping(site, 5) as sweep:
        sweep._at_once = 0
        await sweep.attempt()
        assert still_open(site) == 0
        counts = site.ask("counts")
        assert (counts.get(BATCH, 0), counts["CancelOrder"]) == (0, 5)
