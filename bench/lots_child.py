"""`python -m bench.lots_child CONTESTANT FILE`: one allocation in a process of its own.

Prints one JSON object: CPU seconds of the work alone, and before of reading the file into its own
objects; the bytes by which the work raised the highest resident size, and those of both; the
number of sales and the SHA-256 of their gains. The one rule: the process may be another program's
environment, so nothing but the standard library and `bench.lots_input` until the contestant is
loaded.
"""

import gc
import importlib
import json
import sys
import time
from collections.abc import Iterator
from decimal import ROUND_HALF_EVEN, Context, Decimal
from hashlib import sha256
from itertools import islice
from pathlib import Path

from bench.lots_input import LAST_DIGIT, Contestant, read

WHERE = {
    "ours": ("bench.lots_ours", "OURS"),
    "plain": ("bench.lots_ours", "PLAIN"),
    "rp2": ("bench.lots_peers", "RP2"),
    "bittytax": ("bench.lots_peers", "BITTYTAX"),
    "beancount": ("bench.lots_peers", "BEANCOUNT"),
}
_KIB = 1024
_FIRST = 10
_ROUNDED = Context(prec=50, rounding=ROUND_HALF_EVEN)


def run(name: str, path: Path) -> dict[str, object]:
    """Load, work, and tell what it cost and what came out."""
    module, attribute = WHERE[name]
    contestant: Contestant = getattr(importlib.import_module(module), attribute)
    contestant.work(contestant.load(islice(read(path), _FIRST)))  # what is imported and made once
    gc.collect()
    bare = _resident()
    begin = time.process_time()
    loaded = contestant.load(read(path))  # one by one: a list of them would leave room behind
    load_s = time.process_time() - begin
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5", "ascii")  # the highest so far is the present one
    before, begin = _resident(), time.process_time()
    done = contestant.work(loaded)
    cpu_s = time.process_time() - begin
    peak = _resident("VmHWM")
    sales, gains = _digest(iter(()) if contestant.gains is None else contestant.gains(done))
    cost = {"cpu_s": cpu_s, "load_s": load_s, "bytes": peak - before, "all_bytes": peak - bare}
    return {**cost, "sales": sales, "gains": gains}


def _digest(gains: Iterator[Decimal]) -> tuple[int, str]:
    """How many there are, and the hash of all of them in order, each to its last digit."""
    count, digest = 0, sha256()
    for gain in gains:
        count += 1
        digest.update(f"{Decimal(gain).quantize(LAST_DIGIT, context=_ROUNDED):f}\n".encode())
    return count, digest.hexdigest()


def _resident(what: str = "VmRSS") -> int:
    """Bytes now, or the highest; `getrusage` would tell that of the process before its exec."""
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    (told,) = (line.split()[1] for line in lines if line.startswith(what))
    return int(told) * _KIB


if __name__ == "__main__":
    print(json.dumps(run(sys.argv[1], Path(sys.argv[2]))))
