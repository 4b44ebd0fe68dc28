"""The demo world's prices: one path per seed, moved by the scenario, and always believable."""

from itertools import pairwise
from statistics import correlation, mean, pstdev

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.venues.demo_desks import SECOND_US, START_US
from venues.demo_catalogue import ASSETS
from venues.demo_dice import NORMAL_ONE, SeededDice
from venues.demo_history import HISTORY_HOURS, Past
from venues.demo_prices import (
    HIGHEST_LEVEL,
    SCALE,
    Levels,
    Prices,
    mid_of,
    opening_levels,
    past_hours,
)
from venues.demo_scenarios import DAY_US, HOUR_US, MINUTE_US, SCENARIOS

SEEDS = range(5)
PERCENT = 10_000_000  # nano-log


def world(scenario: str, seed: int = 1) -> Prices:
    return Prices(SCENARIOS[scenario], SeededDice(seed, "prices"), dict.fromkeys(ASSETS, 0))


def path(prices: Prices, asset: str, *, hours: int, stride_us: int = 10 * SECOND_US) -> list[int]:
    levels = []
    for number in range(hours * HOUR_US // stride_us):
        prices.step(stride_us, START_US + number * stride_us)
        levels.append(prices.levels[asset])
    return levels


def strides(levels: list[int]) -> list[int]:
    return [after - before for before, after in pairwise(levels)]


# The dice


def test_equal_seeds_roll_alike_and_names_roll_apart() -> None:
    def rolled(seed: int, name: str) -> list[int]:
        dice = SeededDice(seed, name)
        return [dice.bits(64) for _ in range(5)]

    assert rolled(1, "a") == rolled(1, "a")
    assert len({tuple(rolled(1, "a")), tuple(rolled(1, "b")), tuple(rolled(2, "a"))}) == 3


@given(st.integers(1, 300), st.integers(0, 2**32))
def test_bits_are_as_many_as_asked_for(count: int, seed: int) -> None:
    assert 0 <= SeededDice(seed, "bits").bits(count) < 2**count


@given(st.integers(1, 10**6), st.integers(0, 2**32))
def test_a_number_below_a_bound_is_below_it(bound: int, seed: int) -> None:
    assert 0 <= SeededDice(seed, "below").below(bound) < bound


def test_normal_numbers_are_nearly_normal() -> None:
    dice = SeededDice(3, "normal")
    numbers = [dice.normal() for _ in range(20_000)]
    assert abs(mean(numbers)) < NORMAL_ONE * 3 // 100
    assert 0.98 < pstdev(numbers) / NORMAL_ONE < 1.02
    within = sum(abs(number) < NORMAL_ONE for number in numbers) / len(numbers)
    assert 0.66 < within < 0.70


# The path


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_seed_gives_one_path_and_another_seed_another(scenario: str) -> None:
    first, again, other = (path(world(scenario, s), "ETH", hours=1) for s in (1, 1, 2))
    assert first == again != other


@pytest.mark.parametrize("seed", SEEDS)
def test_a_bull_run_climbs_and_a_bear_market_falls(seed: int) -> None:
    assert path(world("bull", seed), "BTC", hours=6)[-1] > 2 * PERCENT
    assert path(world("bear", seed), "BTC", hours=6)[-1] < -2 * PERCENT


@pytest.mark.parametrize("seed", SEEDS)
def test_a_sideways_market_stays_within_a_few_percent(seed: int) -> None:
    levels = path(world("sideways", seed), "BTC", hours=24, stride_us=MINUTE_US)
    assert max(map(abs, levels)) < 4 * PERCENT


@pytest.mark.parametrize("seed", SEEDS)
def test_a_crash_falls_by_a_fifth_within_a_minute_and_does_not_come_back(seed: int) -> None:
    prices = world("crash", seed)
    levels = path(prices, "BTC", hours=3, stride_us=SECOND_US)
    assert abs(levels[59]) < PERCENT
    assert levels[119] < -15 * PERCENT
    assert levels[-1] < -8 * PERCENT
    assert pstdev(strides(levels[200:1_400])) > 3 * pstdev(strides(levels[:59]))


@pytest.mark.parametrize("seed", SEEDS)
def test_a_volatile_market_shakes_far_more_than_a_sideways_one(seed: int) -> None:
    wild, calm = (path(world(name, seed), "BTC", hours=3) for name in ("volatile", "sideways"))
    assert pstdev(strides(wild)) > 3 * pstdev(strides(calm))


def test_bitcoin_moves_about_one_basis_point_a_second() -> None:
    levels = path(world("bull"), "BTC", hours=1, stride_us=SECOND_US)
    assert 50_000 < pstdev(strides(levels)) < 150_000


def test_assets_move_together_and_stable_ones_do_not_move() -> None:
    prices = world("bull")
    paths: dict[str, list[int]] = {name: [] for name in ASSETS}
    for number in range(2_000):
        prices.step(10 * SECOND_US, START_US + number)
        for name, level in prices.levels.items():
            paths[name].append(level)
    moves = {name: strides(levels) for name, levels in paths.items()}
    assert 0.5 < correlation(moves["BTC"], moves["ETH"]) < 0.95
    assert 0.3 < correlation(moves["BTC"], moves["DOGE"]) < 0.95
    assert max(map(abs, paths["USDT"])) < PERCENT
    assert set(paths["USD"]) == {0}


@settings(max_examples=15, deadline=None)
@given(
    st.sampled_from(sorted(SCENARIOS)),
    st.integers(0, 2**32),
    st.lists(st.integers(1, 3 * DAY_US), min_size=1, max_size=40),
)
def test_prices_stay_believable_whatever_the_strides(
    scenario: str, seed: int, strides: list[int]
) -> None:
    prices = world(scenario, seed)
    at_us = START_US
    for stride_us in strides:
        at_us += stride_us
        prices.step(stride_us, at_us)
    assert all(abs(level) < 2 * HIGHEST_LEVEL for level in prices.levels.values())
    assert all(prices.mid(f"{name}/USD") > 0 for name in ASSETS)


def test_a_price_is_the_catalogues_at_level_zero() -> None:
    levels = dict.fromkeys(ASSETS, 0)
    assert mid_of(levels, "BTC/USD") == 62_100 * SCALE
    assert mid_of(levels, "ETH/BTC") == 3_120 * SCALE // 62_100


def test_the_price_of_a_day_ago_lies_between_the_hours_around_it() -> None:
    def at(percent: int) -> Levels:
        return {**dict.fromkeys(ASSETS, 0), "BTC": percent * PERCENT}

    prices = world("sideways")
    day_ago = START_US - DAY_US
    prices.remember([(day_ago - HOUR_US // 2, at(-4)), (day_ago + HOUR_US // 2, at(6))])
    assert prices.mid_a_day_ago("BTC/USD", START_US) == mid_of(at(1), "BTC/USD")


def test_without_a_day_of_memory_the_oldest_hour_stands_for_it() -> None:
    prices = world("sideways")
    today = prices.mid("BTC/USD")
    assert prices.mid_a_day_ago("BTC/USD", START_US) == today
    prices.step(HOUR_US, START_US)
    first = prices.mid("BTC/USD")
    prices.step(HOUR_US, START_US + HOUR_US)
    assert prices.mid_a_day_ago("BTC/USD", START_US + HOUR_US) == first != prices.mid("BTC/USD")


# The month before


def past(scenario: str, seed: int) -> list[Levels]:
    levels = opening_levels(SeededDice(seed, "levels"))
    return past_hours(SCENARIOS[scenario], SeededDice(seed, "past"), levels, HISTORY_HOURS)


def test_the_past_ends_where_today_begins_without_a_leap() -> None:
    hours = past("bull", 4)
    assert hours[-1] == opening_levels(SeededDice(4, "levels"))
    leaps = strides([hour["BTC"] for hour in hours])
    assert 0 < max(map(abs, leaps)) < 4 * PERCENT
    assert len(hours) == HISTORY_HOURS + 1


def test_a_bull_run_has_a_rising_month_behind_it_and_a_bear_market_a_falling_one() -> None:
    def risen(scenario: str) -> float:
        months = (past(scenario, seed) for seed in range(12))
        return mean(month[-1]["BTC"] - month[0]["BTC"] for month in months)

    assert risen("bear") < -5 * PERCENT < 5 * PERCENT < risen("bull")


def test_a_past_price_lies_on_the_line_between_its_hours() -> None:
    hours = past("sideways", 2)
    month = Past(hours, START_US)
    assert month.mid("BTC/USD", month.began_us) == mid_of(hours[0], "BTC/USD")
    half = month.mid("BTC/USD", month.began_us + HOUR_US // 2)
    ends = sorted(mid_of(level, "BTC/USD") for level in hours[:2])
    assert ends[0] < half < ends[1]
