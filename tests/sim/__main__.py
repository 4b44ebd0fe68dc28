"""`python -m tests.sim --seeds 0:100`: play seeds, tell which failed and how to see it again.

The one rule: hashes of strings are fixed first, because the order of a set depends on them.
"""

import argparse
import logging
import os
import sys
import time
import traceback
from collections.abc import Iterator

from tests.sim.plants import planted
from tests.sim.run import Outcome, play


def main() -> int:
    """Play; 0 when every seed held, 1 when one did not."""
    given = _parsed()
    if os.environ.get("PYTHONHASHSEED") != "0":
        os.environ["PYTHONHASHSEED"] = "0"
        os.execv(sys.executable, [sys.executable, "-m", "tests.sim", *sys.argv[1:]])
    logging.basicConfig(level=logging.DEBUG)
    logging.disable(logging.NOTSET if given.log else logging.CRITICAL)
    plant = planted(given.plant)
    failed = 0
    started = time.perf_counter()
    for seed in _seeds(given.seeds):
        outcome = play(seed, plant)
        if outcome.broken:
            failed += 1
            _tell(outcome, given)
            if given.first:
                return 1
        elif given.verbose:
            _tell(outcome, given)
    took = time.perf_counter() - started
    count = len(list(_seeds(given.seeds)))
    _say(f"{count - failed} of {count} seeds held; {count / took:.1f} seeds a second")
    return 1 if failed else 0


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _tell(told: Outcome, given: argparse.Namespace) -> None:
    _say(
        f"seed={told.seed} orders={told.orders} trades={told.trades} rows={told.rows} "
        f"virtual_s={told.virtual_s} head={told.head[:12]}"
    )
    for line in told.told if given.whole else ():
        _say(f"    {line}")
    for line in told.broken[:8]:
        _say(f"  BROKEN {line[:600]}")
    if told.broken:
        plant = f" --plant {given.plant}" if given.plant else ""
        _say(f"  again: python -m tests.sim --seeds {told.seed}{plant} --whole")


def _seeds(text: str) -> Iterator[int]:
    first, _, last = text.partition(":")
    yield from range(int(first), int(last) if last else int(first) + 1)


def _parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.sim")
    parser.add_argument("--seeds", default="0:50", help="N or FIRST:END")
    parser.add_argument("--plant", default="", help="a bug of tests/sim/plants.py to plant")
    parser.add_argument("--first", action="store_true", help="stop at the first seed that fails")
    parser.add_argument("--whole", action="store_true", help="tell all that was done")
    parser.add_argument("--verbose", action="store_true", help="tell seeds that held, too")
    parser.add_argument("--log", action="store_true", help="the engine's own log")
    return parser.parse_args()


if __name__ == "__main__":
    try:
        status = main()
    except BaseException:
        traceback.print_exc()
        raise
    sys.exit(status)
