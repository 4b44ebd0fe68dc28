"""A venue in a process of its own: `python -m tests.wire.<family>`.

It prints where it is and writes the same as JSON to `--port-file`, the last thing before it is
ready. The one rule: with its parent's end of standard input, or SIGTERM, it ends too.
"""

import argparse
import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.wire.admin import AdminPort, Commands
from tests.wire.server import VenueServer
from tests.wire.venue import MAIN

Build = Callable[[argparse.Namespace], tuple[VenueServer[Any], Commands]]


def serve(family: str, build: Build) -> int:
    """Serve until told to stop. `build` reads seed, step_ms and no_limits."""
    parser = argparse.ArgumentParser(prog=f"python -m tests.wire.{family}", description=__doc__)
    parser.add_argument("--port-file", type=Path, help="where to write addresses and keys as JSON")
    parser.add_argument("--seed", type=int, default=1, help="all chance comes from it")
    parser.add_argument("--step-ms", type=int, default=250, help="pace of the market; 0: stands")
    parser.add_argument("--no-limits", action="store_true", help="no rate limits")
    parser.add_argument("--with-parent", action="store_true", help="end when standard input does")
    asyncio.run(_serve(build, parser.parse_args()))
    return 0


async def _serve(build: Build, arguments: argparse.Namespace) -> None:
    server, commands = build(arguments)
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


def _announce(server: VenueServer[Any], admin_url: str, port_file: Path | None) -> None:
    ring = server.venue.keys
    keys = {purpose: ring.of(MAIN, purpose).parts() for purpose in ring.purposes}
    found = {"routes": server.routes, "admin": admin_url, "keys": {server.family: keys}}
    text = json.dumps(found, indent=2)
    if port_file is None:
        print(text, flush=True)  # noqa: T201  # this is a command
        return
    draft = port_file.with_suffix(".draft")
    draft.write_text(text, encoding="utf-8")
    draft.replace(port_file)
