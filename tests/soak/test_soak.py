"""The soak itself, short: real processes and half a minute of chaos; and it finds what is planted.

`make soak` is the ten-minute form.
"""

import re
import subprocess
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).parent.parent.parent
pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(420),
    pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="it looks into /proc"),
]


def soak(*words: str) -> tuple[int, str]:
    """Run `python -m tests.soak`: (exit status, what it said)."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.soak", *words],
        cwd=TOP,
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def test_half_a_minute_of_chaos_leaves_desk_and_venues_agreed() -> None:
    status, told = soak("--minutes", "0.4", "--seed", "3", "--step-ms", "250", "--wage", "0.3")
    assert (status, "no violation" in told) == (0, True), told
    placed = re.search(r"orders (\d+), fills (\d+)", told)
    assert placed is not None, told
    assert int(placed[1]) > 5, told
    assert int(placed[2]) > 0, told


def test_a_leak_and_a_lost_fill_are_found_with_their_time_and_the_act_before() -> None:
    plants = ("--plant", "leak", "--plant", "leak-descriptors", "--plant", "lost-fill")
    few = ("--minutes", "0.35", "--seed", "4", "--venues", "kraken", "--step-ms", "250")
    status, told = soak(*few, "--settle", "12", "--wage", "0.2", *plants)
    assert status == 1, told
    assert re.search(r"at \d+\.\d s, after .+: .*resident memory grew by \d+", told), told
    assert re.search(r"descriptors grew from \d+ to \d+", told), told
    assert re.search(r"(buy|sell) [\d.]+ \S+ \(\S+ \S+\) is not booked", told), told
    assert re.search(r"kraken/main: [A-Z]+ is \S+ here and \S+ at the venue", told), told
