"""`python -m bench [--full] [name ...]`: run benchmarks and print their table as Markdown.

Every module in this folder that has `main(full: bool) -> list[Row]` is one. Exit status 1 when a
target was missed.
"""

import argparse
import importlib
import pkgutil
import sys
from collections.abc import Callable, Sequence

import bench
from bench.harness import Row, markdown

Benchmark = Callable[[bool], list[Row]]


def benchmarks() -> dict[str, Benchmark]:
    """Every benchmark by its module's name."""
    found: dict[str, Benchmark] = {}
    for module in pkgutil.iter_modules(bench.__path__):
        if module.name != "__main__":
            main = getattr(importlib.import_module(f"bench.{module.name}"), "main", None)
            if main is not None:
                found[module.name] = main
    return found


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the named benchmarks, all of them if none is named."""
    known = benchmarks()
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("name", nargs="*", help=f"one of {', '.join(known)}; all if none is given")
    parser.add_argument("--full", action="store_true", help="at full size; takes minutes")
    asked = parser.parse_args(arguments)
    unknown = [name for name in asked.name if name not in known]
    if unknown:
        parser.error(f"no benchmark {', '.join(unknown)}; there are {', '.join(known)}")
    rows: list[Row] = []
    for name in asked.name or known:
        print(f"{name} ...", file=sys.stderr, flush=True)
        rows += known[name](asked.full)
    print(markdown(rows))
    return 0 if all(row.ok for row in rows) else 1


if __name__ == "__main__":
    sys.exit(run())
