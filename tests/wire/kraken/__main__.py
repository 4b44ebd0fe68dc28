"""`python -m tests.wire.kraken`: the loopback Kraken in a process of its own.

It prints where it is and writes the same as JSON to `--port-file`, the last thing before it is
ready. The one rule: with its parent's end of standard input, or SIGTERM, it ends too.
"""

import argparse
import asyncio
import json
import os
import signal
import sys
from pathlib import Path

from tests.wire.admin import AdminPort
from tests.wire.kraken.keys import PURPOSES
from tests.wire.kraken.limits import Limits
from tests.wire.kraken.loopback import build
from tests.wire.kraken.server import KrakenServer
from tests.wire.kraken.venue import MAIN


def main() -> int:
    """Serve until told to stop."""
    arguments = _parser().parse_args()
    asyncio.run(_serve(arguments))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.wire.kraken", description=__doc__)
    parser.add_argument("--port-file", type=Path, help="where to write addresses and keys as JSON")
    parser.add_argument("--seed", type=int, default=1, help="all chance comes from it")
    parser.add_argument("--step-ms", type=int, default=250, help="pace of the market; 0: stands")
    parser.add_argument("--no-limits", action="store_true", help="no rate limits")
    parser.add_argument("--with-parent", action="store_true", help="end when standard input does")
    return parser


async def _serve(arguments: argparse.Namespace) -> None:
    limits = Limits(calls=None, orders=None) if arguments.no_limits else Limits()
    server, commands = build(seed=arguments.seed, step_ms=arguments.step_ms, limits=limits)
    admin = AdminPort(commands)
    await server.start()
    await admin.start()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signum in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signum, stop.set)
    if arguments.with_parent:
        loop.add_reader(sys.stdin.fileno(), _watch, stop)
    _announce(server, f"http://127.0.0.1:{admin.port}", arguments.port_file)
    await stop.wait()
    await admin.stop()
    await server.stop()


def _watch(stop: asyncio.Event) -> None:
    if not os.read(sys.stdin.fileno(), 4096):
        stop.set()


def _announce(server: KrakenServer, admin_url: str, port_file: Path | None) -> None:
    ring = server.venue.keys
    keys = {p: {"key": ring.of(MAIN, p).key, "secret": ring.of(MAIN, p).secret} for p in PURPOSES}
    found = {"routes": server.routes, "admin": admin_url, "keys": {"kraken": keys}}
    text = json.dumps(found, indent=2)
    if port_file is None:
        print(text, flush=True)  # noqa: T201  # this is a command
        return
    draft = port_file.with_suffix(".draft")
    draft.write_text(text, encoding="utf-8")
    draft.replace(port_file)


if __name__ == "__main__":
    sys.exit(main())
