"""`python -m tests.wire.kucoin`: the loopback KuCoin in a process of its own."""

import argparse
import sys
from typing import Any

from tests.wire.admin import Commands
from tests.wire.kucoin.limits import Limits
from tests.wire.kucoin.loopback import build
from tests.wire.process import serve
from tests.wire.server import VenueServer


def _built(asked: argparse.Namespace) -> tuple[VenueServer[Any], Commands]:
    limits = Limits(pool=None) if asked.no_limits else Limits()
    return build(seed=asked.seed, step_ms=asked.step_ms, limits=limits)


if __name__ == "__main__":
    sys.exit(serve("kucoin", _built))
