"""A thousand worlds: QUARTERDECK_SIM_SEEDS says how many seeds are played (200 if it does not).

A seed that fails is printed with the line that plays it again. Each shard is a process of its
own, because the order of a set depends on the hash seed, which only a fresh process can fix.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).parent.parent.parent
SEEDS = int(os.environ.get("QUARTERDECK_SIM_SEEDS", "200"))
SHARD = 50
FIRSTS = range(0, SEEDS, SHARD)


def simulated(*words: str) -> subprocess.CompletedProcess[str]:
    """Play seeds in a process whose hashes are fixed."""
    return subprocess.run(
        [sys.executable, "-m", "tests.sim", *words],
        cwd=TOP,
        env={**os.environ, "PYTHONHASHSEED": "0", "PYTHONPATH": str(TOP)},
        capture_output=True,
        text=True,
        check=False,
        timeout=170,
    )


@pytest.mark.slow
@pytest.mark.timeout(180)
@pytest.mark.parametrize("first", FIRSTS)
def test_what_the_venue_holds_and_what_the_desk_says_agree_in_every_world(first: int) -> None:
    played = simulated("--seeds", f"{first}:{min(first + SHARD, SEEDS)}")
    assert played.returncode == 0, played.stdout + played.stderr


def test_one_seed_is_one_world() -> None:
    once = simulated("--seeds", "7", "--verbose", "--whole")
    again = simulated("--seeds", "7", "--verbose", "--whole")
    assert "head=" in once.stdout
    assert _without_speed(once.stdout) == _without_speed(again.stdout)


def test_another_seed_is_another_world() -> None:
    told = simulated("--seeds", "3:5", "--verbose").stdout.splitlines()
    heads = [line.rpartition("head=")[2] for line in told if "head=" in line]
    assert len(set(heads)) == 2


def test_a_seed_that_fails_is_told_with_the_line_that_plays_it_again() -> None:
    played = simulated("--seeds", "0:9", "--plant", "resend_on_timeout", "--first")
    assert played.returncode == 1
    assert "left twice" in played.stdout
    assert "python -m tests.sim --seeds " in played.stdout
    assert "--plant resend_on_timeout" in played.stdout


def _without_speed(told: str) -> list[str]:
    return told.splitlines()[:-1]
