"""What every benchmark shares: a row of the table, and fair timing.

The one rule: ours and its peer run in turns (A B A B), and the ratio is that of the medians. A
single time on a shared machine varies up to twofold, an fsync up to fivefold.
"""

import gc
import statistics
import time
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import contextmanager
from typing import NamedTuple

HEADER = "| goal | what | ours | peer or floor | ratio | target | ok |"
RULE = "|---|---|---|---|---|---|---|"


class Row(NamedTuple):
    """One line of the table. `ratio` is ours to the peer in the sense of `target`."""

    goal: str
    what: str
    ours: str
    peer: str
    ratio: float
    target: str
    ok: bool


def at_least(goal: str, what: str, ours: str, peer: str, ratio: float, least: float) -> Row:
    """A row whose ratio must not be under `least` (0: it is only told)."""
    target = f"≥ {least:g}" if least else "told"
    return Row(goal, what, ours, peer, ratio, target, ratio >= least)


def at_most(goal: str, what: str, ours: str, peer: str, ratio: float, most: float) -> Row:
    """A row whose ratio must not be over `most`."""
    return Row(goal, what, ours, peer, ratio, f"≤ {most:g}", ratio <= most)


def seconds(work: Callable[[], object]) -> float:
    """How long the work takes, with the garbage of what came before collected first."""
    gc.collect()
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


@contextmanager
def frozen() -> Generator[None]:
    """Keep what exists already out of garbage collection, as the engine does after its start."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def in_turns(
    ours: Callable[[], float], peer: Callable[[], float], rounds: int
) -> tuple[float, float]:
    """The medians of two measurements taken alternately."""
    pairs = [(ours(), peer()) for _ in range(rounds)]
    return statistics.median(pair[0] for pair in pairs), statistics.median(p[1] for p in pairs)


def percentile(values: Sequence[float], percent: int) -> float:
    """The smallest value that `percent` % of the values do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)]


def rate(count: int, taken_s: float) -> str:
    """`12,345/s`."""
    return f"{count / taken_s:,.0f}/s"


def milliseconds(taken_s: float) -> str:
    """`0.123 ms`."""
    return f"{taken_s * 1000:.3f} ms"


def markdown(rows: Iterable[Row]) -> str:
    """The table as Markdown."""
    lines = [
        f"| {row.goal} | {row.what} | {row.ours} | {row.peer} | {row.ratio:.2f} | {row.target} | "
        f"{'yes' if row.ok else 'NO'} |"
        for row in rows
    ]
    return "\n".join([HEADER, RULE, *lines])
