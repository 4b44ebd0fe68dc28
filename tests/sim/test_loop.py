"""The virtual loop: time jumps, nothing waits, and what can never end is an error."""

import asyncio
import time

import pytest

from tests.sim.loop import (
    SECOND_US,
    START_US,
    SeededDice,
    Stuck,
    VirtualClock,
    VirtualLoop,
    simulate,
)


def test_an_hour_passes_at_once() -> None:
    async def hour(loop: VirtualLoop) -> tuple[int, int]:
        clock = VirtualClock(loop)
        await asyncio.sleep(3_600)
        return clock.monotonic_us(), clock.now_us()

    before = time.perf_counter()
    passed_us, now_us = simulate(hour)
    assert time.perf_counter() - before < 5
    assert passed_us == 3_600 * SECOND_US
    assert now_us == START_US + passed_us


def test_timers_go_off_in_the_order_of_their_time_whoever_set_them_first() -> None:
    async def race(loop: VirtualLoop) -> list[int]:
        heard: list[int] = []
        for delay in (3, 1, 2):
            loop.call_later(delay, heard.append, delay)
        await asyncio.sleep(4)
        return heard

    assert simulate(race) == [1, 2, 3]


def test_a_timeout_comes_only_when_its_time_has_come() -> None:
    async def patient(loop: VirtualLoop) -> int:
        async with asyncio.timeout(10):
            await asyncio.sleep(9.999)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(10):
                await asyncio.Event().wait()
        return VirtualClock(loop).monotonic_us()

    assert simulate(patient) == 19_999_000


def test_who_waits_for_nothing_is_told_that_it_is_stuck() -> None:
    async def never(loop: VirtualLoop) -> None:
        await asyncio.Event().wait()

    with pytest.raises(Stuck):
        simulate(never)


def test_work_for_a_thread_is_done_at_once_and_its_error_is_told() -> None:
    def fails() -> None:
        raise OSError("full")

    async def work(loop: VirtualLoop) -> int:
        with pytest.raises(OSError, match="full"):
            await asyncio.to_thread(fails)
        return await asyncio.to_thread(lambda: 7)

    assert simulate(work) == 7


def test_dice_of_one_seed_fall_alike() -> None:
    rolls = [[SeededDice(seed).bits(70) for _ in range(3)] for seed in (1, 1, 2)]
    assert rolls[0] == rolls[1] != rolls[2]
