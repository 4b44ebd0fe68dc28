"""Goal 7, the half without a screen: `--help` and `--version` against `python -c pass`.

Whole processes, in turns, from byte code that exists already.
"""

import compileall
import os
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

from bench.harness import Row, at_most, in_turns, milliseconds

ROUNDS = 15
FACTOR = 3.0
TOP = Path(__file__).parent.parent
PROGRAM = str(Path(sys.executable).parent / "quarterdeck")


def run(*words: str) -> float:
    """Seconds from start to end of one process."""
    begin = time.perf_counter()
    subprocess.run(
        words,
        cwd=TOP,
        stdout=subprocess.DEVNULL,
        check=True,
        env={k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"},
    )
    return time.perf_counter() - begin


def main(full: bool) -> list[Row]:  # noqa: FBT001 - the one argument of every benchmark
    """Both flags against a Python that does nothing."""
    compileall.compile_dir(TOP / "cli", quiet=1)
    rows = []
    for flag in ("--help", "--version"):
        ours, floor = in_turns(
            partial(run, PROGRAM, flag),
            partial(run, sys.executable, "-c", "pass"),
            ROUNDS * (2 if full else 1),
        )
        what = f"quarterdeck {flag} / python -c pass"
        times = (milliseconds(ours), milliseconds(floor))
        rows.append(at_most("7", what, *times, ours / floor, FACTOR))
    return rows
