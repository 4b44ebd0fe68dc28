"""What other programs cost before they have done anything: CPU time and memory of an import.

ccxt.pro as it comes is in our own environment. freqtrade is optional and has one of its own:
`BENCH_FREQTRADE_PYTHON` names its interpreter; without it the rows that need it say so. The
one rule: byte code exists before anything is measured, so each import runs once unmeasured.
"""

import os
import subprocess
import sys
from functools import cache
from typing import NamedTuple

from bench.harness import Row, at_least, at_most

FREQTRADE = "BENCH_FREQTRADE_PYTHON"
CCXT = "import ccxt.pro"
BOT = "from freqtrade.freqtradebot import FreqtradeBot"
# Its own usage, asked at its end: a wait for it would tell the children's of all times.
_ASKED = (
    "\nimport resource, gc; gc.collect(); used = resource.getrusage(resource.RUSAGE_SELF)"
    "\nresident = int(open('/proc/self/statm').read().split()[1]) * resource.getpagesize()"
    "\nprint(used.ru_utime + used.ru_stime, resident)"
)


class Cost(NamedTuple):
    """CPU seconds from the start of the process, and resident bytes then."""

    cpu_s: float
    resident: int


def cost_of(code: str, python: str = sys.executable) -> Cost:
    """Run `code` in a fresh interpreter and ask what it has used."""
    environ = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(
        [python, "-c", code + _ASKED], capture_output=True, check=True, text=True, env=environ
    )
    cpu, resident = done.stdout.split("\n")[-2].split()
    return Cost(float(cpu), int(resident))


@cache
def freqtrade() -> str:
    """The interpreter that has freqtrade, once it was tried; "" where there is none."""
    python = os.environ.get(FREQTRADE, "")
    if python:
        cost_of(BOT, python)
    return python


def against_freqtrade(goal: str, what: str, ours: str, peer: str, ratio: float, most: float) -> Row:
    """A row against freqtrade's import, or one that says that it is not there."""
    if freqtrade():
        return at_most(goal, f"{what} / freqtrade's import", ours, peer, ratio, most)
    absent = f"absent: {FREQTRADE} is not set"
    return at_least(goal, f"{what} / freqtrade's import (≤ {most:g})", ours, absent, 0, 0)
