"""`python -m tests.soak`: see the package's docstring, and `--help`."""

import argparse
import asyncio
import secrets
import sys

from tests.soak.home import SYMBOLS
from tests.soak.program import PLANTS
from tests.soak.run import run
from tests.soak.script import names


def main() -> int:
    """Run a soak. 0 without a violation, else 1."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10, help="how long the chaos lasts")
    parser.add_argument("--seed", type=int, default=None, help="all chance; drawn if not given")
    parser.add_argument("--venues", nargs="+", default=list(SYMBOLS), choices=list(SYMBOLS))
    parser.add_argument("--step-ms", type=int, default=100, help="pace of the markets")
    parser.add_argument("--wage", type=float, default=0.5, help="seconds between two asks")
    parser.add_argument(
        "--plant", action="append", default=[], choices=sorted(PLANTS),
        help="plant a bug that the run must find",
    )  # fmt: skip
    parser.add_argument(
        "--only", nargs="+", default=[], choices=names(), help="deal these acts alone"
    )
    parser.add_argument("--settle", type=float, default=240, help="seconds to settle in, at most")
    parser.add_argument("--keep", action="store_true", help="leave the home for a look")
    options = parser.parse_args()
    if options.seed is None:
        options.seed = secrets.randbelow(10**6)
    return asyncio.run(run(options))


if __name__ == "__main__":
    sys.exit(main())
