"""`quarterdeck --daemon`: the engine without a screen, as a service sees it.

The one rule: SIGTERM drains; systemd's watchdog is fed from the engine's own loop, so that a
loop that hangs is noticed.
"""

import asyncio
import gc
import logging
import os
import signal
import socket
import sys
from argparse import Namespace
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager

from cli.engines import own_engine
from cli.ground import stand
from cli.hardening import harden
from cli.signals import trip_on_usr1

WATCHDOG_SHARE = 3  # how many times we say we live within the time systemd allows
SECOND_US = 1_000_000
log = logging.getLogger(__name__)


async def daemon(args: Namespace) -> int:
    """Run until SIGTERM or SIGINT; a second one leaves at once."""
    harden()
    ground = stand(args)
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, _stop, stopping, number)
    mode = ground.mode.value
    notify(f"STATUS=starting {mode}")
    # Fed until the last row is written: a drain takes longer than systemd's patience.
    async with (
        feeding(watchdog_s(os.environ, os.getpid())),
        own_engine(ground, mirror=sys.stderr) as own,
    ):
        gc.freeze()  # what lives now lives to the end: never walk through it again
        with trip_on_usr1(own.stop, own.engine, loop):
            notify(f"READY=1\nSTATUS={mode} ready")
            log.info("ready: %s, socket %s", mode, ground.places.socket())
            await stopping.wait()
        notify("STOPPING=1\nSTATUS=draining")
    return 0


def _stop(stopping: asyncio.Event, number: int) -> None:
    if stopping.is_set():
        os._exit(128 + number)  # asked twice: at once; start-up recovers
    stopping.set()


# systemd


def watchdog_s(environ: Mapping[str, str], pid: int) -> float | None:
    """Seconds between two signs of life, as sd_watchdog_enabled(3) tells; None: none is wanted."""
    allowed, meant_for = environ.get("WATCHDOG_USEC", ""), environ.get("WATCHDOG_PID", "")
    if not allowed.isdecimal() or not int(allowed) or meant_for not in ("", str(pid)):
        return None
    return int(allowed) / WATCHDOG_SHARE / SECOND_US


@asynccontextmanager
async def feeding(every_s: float | None) -> AsyncGenerator[None]:
    """Within the block, tell systemd every so often that this loop lives."""
    async with asyncio.TaskGroup() as group:
        feeder = group.create_task(_feed(every_s), name="watchdog") if every_s else None
        yield
        if feeder is not None:
            feeder.cancel()


async def _feed(every_s: float) -> None:
    while True:
        await asyncio.sleep(every_s)
        notify("WATCHDOG=1")


def notify(message: str) -> None:
    """sd_notify(3): tell systemd, where it listens. It never waits for whoever listens."""
    path = os.environ.get("NOTIFY_SOCKET", "")
    if not path:
        return
    address = "\0" + path[1:] if path.startswith("@") else path
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as notifier:
            notifier.settimeout(0)
            notifier.connect(address)
            notifier.send(message.encode())
    except OSError as error:
        log.warning("systemd was not told %s: %s", message.partition("=")[0], error)
