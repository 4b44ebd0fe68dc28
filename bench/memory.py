"""Goal 11: what the program holds with 4 and with 10 venues, against what others only import.

`bench/memory_child.py` opens them in a process of its own. Resident bytes are told by the
kernel; shared libraries count for everybody.
"""

import os
import subprocess
import sys
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from bench.harness import Row, at_least
from bench.peers import BOT, CCXT, against_freqtrade, cost_of, freqtrade
from bench.stream import list_instruments

INSTRUMENTS = 1_500
ROUNDS, FULL_ROUNDS = 3, 7
MOST = 0.65
TOP = Path(__file__).parent.parent
MIB = 1 << 20


def main(full: bool) -> list[Row]:  # noqa: FBT001 - the one argument of every benchmark
    """Ours with 4 and 10 venues, the two imports, in turns."""
    rounds = FULL_ROUNDS if full else ROUNDS
    with TemporaryDirectory() as folder:
        list_instruments(Path(folder), INSTRUMENTS)
        sizes = [_round(Path(folder)) for _ in range(rounds)]
    four, ten, ccxt, bot = (median(each) for each in zip(*sizes, strict=True))
    of = f"of {INSTRUMENTS:,} instruments, resident"
    ratio = four / bot if bot else 0
    return [
        against_freqtrade("11", f"4 venues {of}", _mib(four), _mib(bot), ratio, MOST),
        at_least("11", f"4 venues {of} / import ccxt.pro", _mib(four), _mib(ccxt), four / ccxt, 0),
        at_least("11", f"10 venues {of} / import ccxt.pro", _mib(ten), _mib(ccxt), ten / ccxt, 0),
    ]


def _mib(size: float) -> str:
    return f"{size / MIB:.0f} MiB"


def _round(folder: Path) -> tuple[int, int, int, int]:
    bot = cost_of(BOT, freqtrade()).resident if freqtrade() else 0
    return _ours(4, folder), _ours(10, folder), cost_of(CCXT).resident, bot


def _ours(count: int, folder: Path) -> int:
    words = [sys.executable, "-m", "bench.memory_child", str(count), str(folder)]
    done = subprocess.run(
        words, cwd=TOP, check=True, capture_output=True, text=True, env={**os.environ}
    )
    held, resident = (int(word) for word in done.stdout.split())
    assert held == count * INSTRUMENTS, f"{held} instruments on the board"
    return resident
