"""Allocation in a process each: rp2, BittyTax, beancount and ours, gains compared, memory told.

A peer is optional: `BENCH_RP2_PYTHON`, `BENCH_BITTYTAX_PYTHON`, `BENCH_BEANCOUNT_PYTHON` name
interpreters that have one. The one rule: a size at which a peer takes over a minute is left out
and said; every gain that two of them tell is the same to the last digit, or the run ends.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from bench.harness import Row, at_least, at_most
from bench.lots_input import fills, written

TOP = Path(__file__).parent.parent
PEERS = {
    "rp2": "BENCH_RP2_PYTHON",
    "beancount": "BENCH_BEANCOUNT_PYTHON",
    "bittytax": "BENCH_BITTYTAX_PYTHON",
}
NO_FIFO = frozenset({"bittytax"})  # it follows the British rules: pools of a day, section 104
MOST_S = 60
MOST_BYTES = 600
FASTER, AT = 60, 100_000
_GIVEN_UP_S = 3 * MOST_S  # with making its objects, on a machine that others use too


class Run(NamedTuple):
    """What a process told: CPU seconds of matching and of making its own objects before, bytes."""

    cpu_s: float
    load_s: float
    bytes: int
    all_bytes: int
    sales: int
    gains: str


def rows(sizes: Sequence[int], shapes: Mapping[str, bool]) -> list[Row]:
    """Every peer at every size that it finishes, ours beside it, both shapes."""
    made: list[Row] = []
    with TemporaryDirectory() as folder:
        for shape, growing in shapes.items():
            slow: dict[str, float] = {}
            for size in sizes:
                path = Path(folder, f"{size}-{shape}")
                written(path, fills(size, growing=growing))
                made += _at(size, shape, path, slow)
    return made


def _at(size: int, shape: str, path: Path, slow: dict[str, float]) -> list[Row]:
    """`slow` is what each peer took for a tenth of this size."""
    ours = _run("ours", sys.executable, path, folder=path.parent)
    assert ours is not None
    what = f"{size:,} fills, lots {shape}"
    made = _memory(size, what, ours) if size >= AT else []
    matched: list[float] = []
    for name, variable in PEERS.items():
        python, took = os.environ.get(variable, ""), slow.get(name, 0.0)
        told = f"absent: {variable} is not set" if not python else ""
        if python and took * 10 > MOST_S:
            told = f"left out: {took:.0f} s for a tenth"
        peer = None if told else _run(name, python, path, folder=path.parent)
        if peer is None:
            slow[name] = slow.get(name, MOST_S)
            made.append(at_least("3", f"{what}: {name} / ours", "", told or "over a minute", 0, 0))
            continue
        slow[name] = peer.cpu_s
        made.append(_beside(what, name, ours, peer))
        if name not in NO_FIFO:
            assert (peer.sales, peer.gains) == (ours.sales, ours.gains), f"{name}: other gains"
            matched.append(peer.cpu_s)
    return made + (_goal(what, ours, min(matched)) if matched and size == AT else [])


def _memory(size: int, what: str, ours: Run) -> list[Row]:
    per = ours.bytes / size
    least, most = f"{per:.0f} B/fill", f"{MOST_BYTES} B/fill"
    return [
        at_most("3", f"{what}: memory of allocation / {most}", least, most, per / MOST_BYTES, 1)
    ]


def _beside(what: str, name: str, ours: Run, peer: Run) -> Row:
    """Times of matching alone, and with making the objects; bytes of both together."""
    gains = "no gains to compare, it has no FIFO" if name in NO_FIFO else "all gains equal"
    with_load = (peer.cpu_s + peer.load_s) / (ours.cpu_s + ours.load_s)
    told = f"{what}: {name} / ours, {gains}; {with_load:.1f} with its objects made from the file"
    return at_least("3", told, _cost(ours), _cost(peer), peer.cpu_s / ours.cpu_s, 0)


def _cost(run: Run) -> str:
    return f"{run.cpu_s:.3f} s, {run.all_bytes / (1 << 20):.0f} MiB"


def _goal(what: str, ours: Run, fastest_s: float) -> list[Row]:
    told = f"{what}: the faster FIFO peer / ours, matching alone"
    ratio = fastest_s / ours.cpu_s
    return [at_least("3", told, f"{ours.cpu_s:.3f} s", f"{fastest_s:.3f} s", ratio, FASTER)]


def _run(name: str, python: str, path: Path, *, folder: Path) -> Run | None:
    """One allocation in a process of its own; None: it took too long."""
    words = [python, "-m", "bench.lots_child", name, str(path)]
    # BittyTax writes its settings into the home folder; it is none of ours.
    environ = {**os.environ, "HOME": str(folder)}
    try:
        done = subprocess.run(
            words, cwd=TOP, env=environ, capture_output=True, check=True, timeout=_GIVEN_UP_S
        )
    except subprocess.TimeoutExpired:
        return None
    return Run(**json.loads(done.stdout))
