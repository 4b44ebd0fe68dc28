"""`python -m tests.soak.program [--plant BUG] --port-file FILE … quarterdeck …`: the daemon.

It is `tests.wire.run`, with bugs planted on request, to prove that the soak would find them.
The one rule: without `--plant` nothing is changed but one venue's pace and how much is
remembered (`_prepare`), and the clock goes wrong only when an act says so.
"""

import argparse
import mmap
import os
import struct
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.wire.run import main as run

CLOCK, STEP = "SOAK_CLOCK", struct.Struct("q")
LEAK_BYTES = 200_000  # a beat, ten beats a second: 120 MB a minute

CACHE_KIB, LOG_LINES, FILLS, ORDERS = 1000, 500, 100, 80  # 16,000, 5,000, 500, 300 else


def main(arguments: list[str] | None = None) -> int:
    """Plant what is asked for, then run the program redirected. Its exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak.program", description=__doc__)
    parser.add_argument("--plant", action="append", default=[], choices=sorted(PLANTS))
    parser.add_argument("--port-file", type=Path, action="append", default=[])
    parser.add_argument("program", nargs=argparse.REMAINDER)
    options = parser.parse_args(arguments)
    _prepare()
    _own_clock()
    for bug in options.plant:
        PLANTS[bug]()
    files = [word for file in options.port_file for word in ("--port-file", str(file))]
    return run([*files, *options.program])


def _prepare() -> None:
    """Kraken's pace is that of a large account, and what is remembered is less.

    At the pace of the lowest tier (a call in three seconds) what happens here in minutes would
    take hours; the loopback's own limits are off to match (`tests.soak.home`). The bounds of the
    largest memories are such that they are full after the warm-up: what grows then is a leak.
    """
    from cli import logs  # noqa: PLC0415 - after the redirection is known
    from domain import fold  # noqa: PLC0415 - as above
    from storage import database  # noqa: PLC0415 - as above
    from venues import ccxt_quirks  # noqa: PLC0415 - as above
    from venues.budget import Pace  # noqa: PLC0415 - as above

    fast = replace(ccxt_quirks.KRAKEN, pace=Pace(100, 10.0), public_pace=Pace(50, 20.0))
    ccxt_quirks._KNOWN["kraken"] = fast
    database._SETTINGS += (f"PRAGMA cache_size = -{CACHE_KIB}",)  # type: ignore[assignment]
    logs.IN_MEMORY, fold.NEWEST_FILLS, fold.SETTLED_ORDERS = LOG_LINES, FILLS, ORDERS


def _own_clock() -> None:
    """The computer's clock can be stepped: by the seconds that the file of `CLOCK` holds."""
    path, real_ns = os.environ.get(CLOCK, ""), time.time_ns  # noqa: TID251 - this is the clock
    if not path:
        return
    with open(path, "rb") as file:  # noqa: PTH123 - a mapping outlives it
        told = mmap.mmap(file.fileno(), STEP.size, prot=mmap.PROT_READ)
    time.time_ns = lambda: real_ns() + STEP.unpack_from(told)[0] * 10**9  # noqa: TID251 - as above
    time.time = lambda: time.time_ns() / 10**9  # noqa: TID251 - as above


def _leak() -> None:
    """Every beat of the engine keeps some bytes for good."""
    kept: list[bytes] = []
    _before_publishing(lambda: kept.append(os.urandom(LEAK_BYTES)))


def _leak_descriptors() -> None:
    """Every beat of the engine opens a file and forgets it."""
    kept: list[int] = []
    _before_publishing(lambda: kept.append(os.open(os.devnull, os.O_RDONLY)))


def _before_publishing(act: Callable[[], object]) -> None:
    from engine.views import Views  # noqa: PLC0415 - only where a bug is planted

    publish = Views.publish

    def publish_too(self: Views) -> None:
        act()
        publish(self)

    Views.publish = publish_too  # type: ignore[method-assign]


def _lose_fills() -> None:
    """Every third execution is taken for known: it is never booked, whoever tells it."""
    from engine.intake import Intake  # noqa: PLC0415 - as above

    fill_of, seen = Intake.fill, dict[str, int]()

    def fill(self: Intake, fill: Any, source: str) -> None:
        if seen.setdefault(fill.key, len(seen)) % 3:
            fill_of(self, fill, source)

    Intake.fill = fill  # type: ignore[method-assign]


PLANTS: dict[str, Callable[[], None]] = {
    "leak": _leak,
    "leak-descriptors": _leak_descriptors,
    "lost-fill": _lose_fills,
}

if __name__ == "__main__":
    sys.exit(main())
