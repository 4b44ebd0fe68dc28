"""The judgement of growth: it forgives spikes and warm-up, and nothing that goes on."""

import os
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from tests.soak import gauges
from tests.soak.gauges import MIB, Life, Sample

LONG_S, SHORT_S = 400, 30


def life(
    memory: Callable[[float], float],
    *,
    lasted_s: int = LONG_S,
    descriptors: Callable[[float], float] = lambda _: 30,
    tasks: Callable[[float], float] = lambda _: 25,
) -> Life:
    """A life whose memory (MiB), descriptors and tasks follow functions of its seconds."""
    samples = [
        Sample(
            at_s=1000 + second,
            resident=round(memory(second) * MIB),
            private=round(memory(second) * 0.7 * MIB),
            descriptors=round(descriptors(second)),
            threads=5,
            cpu_s=second / 10,
            tasks=round(tasks(second)),
        )
        for second in range(lasted_s)
    ]
    return Life(1, samples)


def test_a_flat_life_has_no_complaint_whatever_its_noise() -> None:
    dice = Random(1)
    assert not gauges.complaints(life(lambda _: 120 + dice.uniform(-2, 2)))


def test_a_warm_up_and_a_spike_are_no_leak() -> None:
    def memory(second: float) -> float:
        warm = min(second, 100) / 100 * 40
        return 90 + warm + (60 if 250 < second < 260 else 0)

    assert not gauges.complaints(life(memory))


def test_two_percent_over_a_long_life_are_found() -> None:
    [told] = gauges.complaints(life(lambda second: 120 + second * 0.04))
    assert "resident memory grew by" in told


def test_a_slow_leak_that_stays_within_the_goal_is_allowed() -> None:
    assert not gauges.complaints(life(lambda second: 120 + second * 0.005))


def test_a_short_life_is_held_to_its_own_bound() -> None:
    assert not gauges.complaints(life(lambda second: 120 + second * 0.1, lasted_s=SHORT_S))
    assert gauges.complaints(life(lambda second: 120 + second * 2, lasted_s=SHORT_S))


@pytest.mark.parametrize("name", ["descriptors", "tasks"])
def test_a_handful_more_is_chaos_and_more_than_that_is_a_leak(name: str) -> None:
    few = {name: lambda second: 30 + (second > 300) * 4 + second % 7}
    many = {name: lambda second: 30 + second / 20}
    assert not gauges.complaints(life(lambda _: 120, **few))  # type: ignore[arg-type]
    assert gauges.complaints(life(lambda _: 120, **many))  # type: ignore[arg-type]


def test_a_window_with_a_fault_in_it_is_no_leak() -> None:
    def descriptors(second: float) -> float:
        return 24 if 170 < second < 180 else 34  # a venue was down, once

    assert not gauges.complaints(life(lambda _: 120, descriptors=descriptors))


def test_a_life_of_seconds_is_not_judged_and_still_told() -> None:
    young = life(lambda second: 100 + second * 10, lasted_s=5)
    assert not gauges.complaints(young)
    assert "too short to judge" in gauges.table([young])


def test_what_is_not_told_is_not_judged() -> None:
    untold = life(lambda _: 120, tasks=lambda _: -1)
    assert "tasks" not in gauges.trends(untold)


def test_the_table_tells_start_end_most_slope_and_ratio() -> None:
    row = gauges.table([life(lambda second: 100 + second / 10)]).splitlines()[1]
    assert row.split()[-5:] == ["118.95", "136.95", "139.90", "6.00", "1.151"]


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="it looks into /proc")
def test_this_very_process_is_seen() -> None:
    seen = gauges.sample(os.getpid(), 1.0, 7)
    assert seen.resident > seen.private > MIB
    assert seen.descriptors > 2
    assert (seen.threads >= 1, seen.cpu_s > 0, seen.tasks) == (True, True, 7)


def test_a_process_that_is_gone_is_no_process() -> None:
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
    with pytest.raises(ProcessLookupError):
        gauges.sample(child, 1.0, -1)
