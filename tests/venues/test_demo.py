"""The demo desk as a whole: one seed, one world; it runs by the clock and costs little."""

import asyncio

import pytest

from domain.errors import Misconfigured
from domain.instruments import Account
from domain.market import Depth
from domain.ports import AccountReader, Market, Trader
from domain.sightings import DepthSeen, PriceSeen, Sighting, TotalsSeen
from tests.venues.demo_desks import (
    SECOND_US,
    Bench,
    HandClock,
    exchange_of,
    open_bench,
    world_of,
)
from venues.demo import open_demo
from venues.demo_dice import SeededDice
from venues.demo_scenarios import SCENARIOS


def shown(bench: Bench) -> list[Depth]:
    return [
        pit.depth(bench.clock.at_us)
        for exchange in world_of(bench).exchanges.values()
        for pit in exchange.pits.values()
    ]


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_seed_and_the_same_ticks_give_the_same_world(scenario: str) -> None:
    first, again, other = (open_bench(seed=s, scenario=scenario) for s in (5, 5, 6))
    for bench in (first, again, other):
        bench.pass_time(3)
        bench.clock.at_us += 3_600 * SECOND_US
        bench.desk.advance(bench.clock.at_us)
    assert shown(first) == shown(again)
    assert shown(first) != shown(other)
    for venue in first.desk.venues:
        whole = exchange_of(first, venue).till.whole()
        assert whole == exchange_of(again, venue).till.whole()
        assert whole != exchange_of(other, venue).till.whole()


def test_without_a_seed_the_dice_choose_one() -> None:
    seeds = {open_demo(HandClock(), SeededDice(n, "dice"), instant=True).seed for n in (1, 1, 2)}
    assert len(seeds) == 2


def test_an_unknown_scenario_is_refused_with_the_known_ones() -> None:
    with pytest.raises(Misconfigured, match="bull, bear, crash"):
        open_bench(scenario="moon")


async def test_four_venues_differ_in_what_they_can() -> None:
    venues = open_bench().desk.venues
    assert sorted(venues) == ["gate", "kraken", "kucoin", "mexc"]
    assert [v for v, venue in venues.items() if not venue.traits.account_stream] == ["mexc"]
    assert [v for v, venue in venues.items() if not venue.traits.amends] == ["kucoin"]
    assert [v for v, venue in venues.items() if not venue.traits.cancel_all] == ["gate"]
    assert [v for v, venue in venues.items() if venue.traits.dead_man] == ["kraken"]
    rates = {
        name: {each.fee_rate for each in await venue.market.instruments()}
        for name, venue in venues.items()
    }
    assert len({tuple(rate) for rate in rates.values()}) == 4


async def test_the_venues_fit_the_ports_and_know_their_accounts() -> None:
    for name, venue in open_bench().desk.venues.items():
        market: Market = venue.market
        readers: dict[str, AccountReader] = dict(venue.readers)
        traders: dict[str, Trader] = dict(venue.traders)
        assert await market.instruments()
        assert readers.keys() == traders.keys() >= {"main"}
        for account, reader in readers.items():
            balances = await reader.balances()
            assert balances.account == Account(name, account)
            assert len(balances.assets) >= 4


async def test_money_comes_and_goes_now_and_then_and_is_told() -> None:
    bench = open_bench()
    heard: list[Sighting] = []
    streams = [
        asyncio.ensure_future(reader.stream(heard.append))
        for venue in bench.desk.venues.values()
        if venue.traits.account_stream
        for reader in venue.readers.values()
    ]
    await asyncio.sleep(0)
    before = sum(len(exchange_of(bench, v).till.movements) for v in bench.desk.venues)
    began = bench.clock.at_us
    bench.pass_time(20 * 60, step_us=60 * SECOND_US)
    for _ in range(3):
        await asyncio.sleep(0)
    moved = [
        movement
        for venue in bench.desk.venues.values()
        for reader in venue.readers.values()
        for movement in (await reader.history(began)).movements
    ]
    assert 2 <= len(moved) <= 16
    assert sum(len(exchange_of(bench, v).till.movements) for v in bench.desk.venues) == (
        before + len(moved)
    )
    told = {
        (str(each.account), asset)
        for each in heard
        if isinstance(each, TotalsSeen)
        for asset in each.totals
    }
    streamed = [m for m in moved if m.account.venue != "mexc"]
    assert {(str(m.account), m.asset) for m in streamed} <= told
    for stream in streams:
        stream.cancel()


async def test_the_desk_follows_its_clock_while_it_runs() -> None:
    bench = open_bench()
    heard: list[Sighting] = []
    venue = bench.venue()
    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(bench.desk.run()),
            group.create_task(venue.market.stream_prices(["BTC/USD"], heard.append)),
            group.create_task(venue.market.stream_depth("BTC/USD", heard.append)),
        ]
        async with asyncio.timeout(5):
            while sum(isinstance(each, PriceSeen) for each in heard) < 3:
                bench.clock.at_us += SECOND_US
                await asyncio.sleep(0.01)
        for task in tasks:
            task.cancel()
    assert any(isinstance(each, DepthSeen) for each in heard)
    assert world_of(bench).at_us > 0


def test_a_clock_that_was_set_back_stops_nothing() -> None:
    bench = open_bench()
    bench.pass_time(2)
    bench.clock.at_us -= 3_600 * SECOND_US
    bench.desk.advance(bench.clock.at_us)
    before = shown(bench)
    bench.pass_time(2)
    assert shown(bench) != before
    assert world_of(bench).at_us == bench.clock.at_us
