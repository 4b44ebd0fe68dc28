"""Goal 3, lots: allocation alone, one more fill, other programs, and from the ledger's file.

The same fills for everybody, with lots that stay some dozen and with lots that grow to half of
the fills. The one rule: CPU time, the minimum of rounds taken in turns; what exists before is
kept from the garbage collector on both sides, as the engine does after its start.
"""

import gc
import math
import statistics
import time
from collections.abc import Callable, Sequence

from accounting.elections import Method
from accounting.entries import Trade
from accounting.pnl import Results, windows
from bench import lots_against, lots_ledger
from bench.harness import Row, at_least, at_most, frozen, rate
from bench.lots_input import fills
from bench.lots_ours import plainly, replayed, trade, trades

SIZES, FULL_SIZES = (1_000, 10_000, 100_000), (1_000, 10_000, 100_000, 1_000_000)
ROUNDS, FEW = 9, 3
MANY = 100_000
MORE = 300
SHAPES = {"bounded": False, "growing": True}


def main(full: bool) -> list[Row]:  # noqa: FBT001 - the one argument of every benchmark
    """Growth, methods, one more fill; then the peers and the database."""
    sizes = FULL_SIZES if full else SIZES
    rows = [row for shape in SHAPES for row in _growth(shape, sizes)]
    rows += _methods()
    rows += _one_more(sizes[-1])
    return rows + lots_against.rows(sizes, SHAPES) + lots_ledger.rows(full=full)


def exponent(sizes: Sequence[int], taken_s: Sequence[float]) -> float:
    """The slope of the straight line through the logarithms (least squares)."""
    slope, _ = statistics.linear_regression(
        [math.log(size) for size in sizes], [math.log(taken) for taken in taken_s]
    )
    return slope


def _growth(shape: str, sizes: Sequence[int]) -> list[Row]:
    ours, plain, rows = [], [], []
    for size in sizes:
        entries = trades(fills(size, growing=SHAPES[shape]))
        with frozen():
            mine, floor = _fastest(entries, (replayed, plainly), FEW if size > MANY else ROUNDS)
        ours.append(mine)
        plain.append(floor)
        what = f"{size:,} fills, lots {shape}: FIFO / plain loop that keeps gains alone"
        rows.append(at_least("3", what, rate(size, mine), rate(size, floor), floor / mine, 0))
    (swept,) = _fastest(entries, (replayed,), FEW)
    what = f"{sizes[-1]:,} fills, lots {shape}: the garbage collector walks the entries / does not"
    rows.append(at_least("3", what, f"{swept:.2f} s", f"{mine:.2f} s", swept / mine, 0))
    grows, floor = exponent(sizes, ours), exponent(sizes, plain)
    what = (
        f"growth exponent, {sizes[0]:,} to {sizes[-1]:,} fills, lots {shape} (beside it the loop)"
    )
    return [at_most("3", what, f"{grows:.3f}", f"{floor:.3f}", grows, 1.10), *rows]


def _fastest(
    entries: list[Trade], works: Sequence[Callable[[list[Trade]], object]], rounds: int
) -> list[float]:
    """The least CPU seconds of each work, taken in turns."""
    taken = [[_cpu_s(work, entries) for work in works] for _ in range(rounds)]
    return [min(each) for each in zip(*taken, strict=True)]


def _cpu_s(work: Callable[[list[Trade]], object], entries: list[Trade]) -> float:
    gc.collect()
    begin = time.process_time()
    work(entries)
    return time.process_time() - begin


def _methods() -> list[Row]:
    rows = []
    for shape, growing in SHAPES.items():
        entries = trades(fills(MANY, growing=growing))
        with frozen():
            taken = _fastest(entries, [_by(method) for method in Method], FEW)
        for method, taken_s in list(zip(Method, taken, strict=True))[1:]:
            what = f"{MANY:,} fills, lots {shape}: {method.value} / FIFO"
            told, fifo = rate(MANY, taken_s), rate(MANY, taken[0])
            rows.append(at_least("3", what, told, fifo, taken[0] / taken_s, 0))
    return rows


def _by(method: Method) -> Callable[[list[Trade]], object]:
    return lambda entries: replayed(entries, method)


def _one_more(size: int) -> list[Row]:
    short, long = (_more_s(count) for count in (SIZES[0], size))
    what = f"one more fill with its P&L of four windows, on {size:,} / on {SIZES[0]:,}"
    told = (f"{long * 1e6:.1f} µs", f"{short * 1e6:.1f} µs")
    return [at_most("3", what, *told, long / short, 1.5)]


def _more_s(size: int) -> float:
    """The median of what one further fill takes, until its gain is in every window."""
    story = [trade(fill) for fill in fills(size + MORE, growing=True)]
    book, results = replayed(story[:size]), Results()
    results.follow(book)
    taken = []
    with frozen():
        for entry in story[size:]:
            begin = time.perf_counter()
            book.add(entry)
            results.follow(book)
            for window in windows(entry.at_us):
                results.realised(window, "BTC")
            taken.append(time.perf_counter() - begin)
    return statistics.median(taken)
