"""What the demo venues remember across restarts, kills and damaged files."""

import asyncio
from pathlib import Path

import pytest

from domain.errors import InDoubt, Unavailable
from domain.orders import Final, Side
from domain.sightings import FillSeen, Sighting
from tests.venues.demo_desks import (
    SECOND_US,
    an_order,
    busy,
    exchange_of,
    file_size_limit,
    memory,
    open_bench,
    reopened,
    state_of,
    world_of,
)
from venues.demo_state import FILE_NAME
from venues.demo_world import STRIDES_OVER_A_GAP


async def test_a_killed_desk_comes_back_as_it_was(tmp_path: Path) -> None:
    bench = open_bench(tmp_path)
    await busy(bench)
    before = memory(bench)
    after = reopened(bench, tmp_path)
    assert after.desk.problem == ""
    assert after.desk.seed == bench.desk.seed
    assert memory(after) == before


async def test_a_closed_desk_goes_on_with_its_last_prices(tmp_path: Path) -> None:
    bench = open_bench(tmp_path)
    bench.pass_time(7)
    bench.desk.close()
    after = reopened(bench, tmp_path)
    assert world_of(after).prices.levels == world_of(bench).prices.levels
    assert list(world_of(after).prices.hours) == list(world_of(bench).prices.hours)


async def test_resting_orders_are_in_the_book_again_and_can_be_cancelled(tmp_path: Path) -> None:
    bench = open_bench(tmp_path)
    order = an_order(Side.BUY, "0.01", "50000")
    await bench.venue().traders["main"].place(order)
    after = reopened(bench, tmp_path)
    (row,) = await after.venue().readers["main"].open_orders()
    assert row.client_id == order.client_id
    assert exchange_of(after).pits["BTC/USD"].book.find(row.venue_order_id)
    assert (await after.venue().traders["main"].cancel(state_of(order))).accepted


async def test_the_market_went_on_while_the_desk_was_away(tmp_path: Path) -> None:
    bench = open_bench(tmp_path, scenario="bear")
    (price,) = await bench.venue().market.prices(["BTC/USD"])
    assert price.bid is not None
    order = an_order(Side.BUY, "0.01", price.bid - 20)
    await bench.venue().traders["main"].place(order)
    await bench.venue().traders["main"].place(resting := an_order(Side.BUY, "0.01", "30000"))
    after = open_bench(tmp_path, scenario="bear", at_us=bench.clock.at_us + 6 * 3600 * SECOND_US)
    sought = await after.venue().readers["main"].find(state_of(order))
    assert sought.found is not None
    assert sought.found.final is Final.FILLED
    assert all(fill.at_us > bench.clock.at_us for fill in sought.fills)
    still = await after.venue().readers["main"].find(state_of(resting))
    assert still.found is not None
    assert still.found.final is None
    # What happened meanwhile was written at once: a second kill right away changes nothing.
    again = open_bench(tmp_path, scenario="bear", at_us=after.clock.at_us)
    assert memory(again) == memory(after)


async def test_a_dead_mans_switch_acts_while_the_desk_is_away(tmp_path: Path) -> None:
    bench = open_bench(tmp_path)
    await bench.venue().traders["main"].place(an_order(Side.BUY, "0.01", "50000"))
    await bench.venue().traders["main"].dead_man(60)
    assert await reopened(bench, tmp_path).venue().readers["main"].open_orders()
    after = reopened(bench, tmp_path, after_us=600 * SECOND_US)
    assert await after.venue().readers["main"].open_orders() == []


def test_a_long_gap_is_crossed_in_few_strides(tmp_path: Path) -> None:
    bench = open_bench(tmp_path)
    strides: list[int] = []
    world = world_of(bench)
    step = world.prices.step

    def counted(stride_us: int, at_us: int) -> None:
        strides.append(stride_us)
        step(stride_us, at_us)

    world.prices.step = counted  # type: ignore[method-assign]
    bench.clock.at_us += 90 * 86_400 * SECOND_US
    bench.desk.advance(bench.clock.at_us)
    assert len(strides) == STRIDES_OVER_A_GAP
    assert bench.clock.at_us - world.at_us < strides[0]


async def test_ids_of_another_life_are_never_given_again(tmp_path: Path) -> None:
    bench = open_bench(tmp_path)
    await bench.venue().traders["main"].place(an_order(Side.BUY, "0.01", None))
    after = reopened(bench, tmp_path)
    known = {fill.trade_id for fill in exchange_of(after).till.fills}
    await after.venue().traders["main"].place(order := an_order(Side.BUY, "0.01", None))
    sought = await after.venue().readers["main"].find(state_of(order))
    assert sought.fills
    assert not known & {fill.trade_id for fill in sought.fills}


# Kept before told


async def test_a_fill_is_in_the_file_before_anybody_hears_of_it(tmp_path: Path) -> None:
    bench = open_bench(tmp_path)
    path = tmp_path / FILE_NAME
    missing: list[str] = []
    heard: list[str] = []

    def hear(sighting: Sighting) -> None:
        if isinstance(sighting, FillSeen):
            heard.append(sighting.fill.trade_id)
            if sighting.fill.trade_id not in path.read_text():
                missing.append(sighting.fill.trade_id)

    async with asyncio.TaskGroup() as group:
        stream = group.create_task(bench.venue().readers["main"].stream(hear))
        await asyncio.sleep(0)
        await bench.venue().traders["main"].place(an_order(Side.BUY, "0.3", None))
        for _ in range(3):
            await asyncio.sleep(0)
        stream.cancel()
    assert heard
    assert missing == []


async def test_what_cannot_be_written_is_not_told_until_it_is(tmp_path: Path) -> None:
    bench = open_bench(tmp_path)
    venue = bench.venue()
    told: list[Sighting] = []
    order = an_order(Side.BUY, "0.01", None)
    async with asyncio.TaskGroup() as group:
        stream = group.create_task(venue.readers["main"].stream(told.append))
        await asyncio.sleep(0)
        with file_size_limit(tmp_path / FILE_NAME, lambda size: size + 20):
            with pytest.raises(InDoubt):
                await venue.traders["main"].place(order)
            with pytest.raises(Unavailable):
                await venue.readers["main"].balances()
            with pytest.raises(Unavailable):
                bench.pass_time(1)
            await asyncio.sleep(0)
            assert not [each for each in told if isinstance(each, FillSeen)]
        bench.pass_time(1)
        for _ in range(3):
            await asyncio.sleep(0)
        assert [each for each in told if isinstance(each, FillSeen)]
        stream.cancel()
    assert memory(reopened(bench, tmp_path)) == memory(bench)


def test_a_desk_without_a_directory_keeps_nothing(tmp_path: Path) -> None:
    bench = open_bench()
    bench.pass_time(2)
    bench.desk.close()
    assert bench.desk.problem == "nothing is kept between runs"
    assert list(tmp_path.iterdir()) == []
