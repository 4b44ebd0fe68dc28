"""`quarterdeck --daemon`: the engine without a screen, as a service sees it.

The one rule: SIGTERM drains; systemd's watchdog is fed from the engine's own loop, so that a
loop that hangs is noticed.
"""

import asyncio
import logging
import os
import signal
import socket
import sys
from argparse import Namespace

from cli.engines import own_engine
from cli.ground import stand
from cli.hardening import harden
from cli.signals import trip_on_usr1

WATCHDOG_SHARE = 3  # how many times we say we live within the time systemd allows
log = logging.getLogger(__name__)


async def daemon(args: Namespace) -> int:
    """Run until SIGTERM or SIGINT; a second one leaves at once."""
    harden()
    ground = stand(args)
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, _stop, stopping, number)
    notify(f"STATUS=starting {ground.mode.value}")
    async with own_engine(ground, mirror=sys.stderr) as own:
        with trip_on_usr1(own.stop, own.engine, loop):
            notify(f"READY=1\nSTATUS={ground.mode.value} ready")
            log.info("ready: %s, socket %s", ground.mode.value, ground.places.socket())
            await _feed_watchdog(stopping)
        notify("STOPPING=1\nSTATUS=draining")
    return 0


def _stop(stopping: asyncio.Event, number: int) -> None:
    if stopping.is_set():
        os._exit(128 + number)  # asked twice: at once; start-up recovers
    stopping.set()


async def _feed_watchdog(stopping: asyncio.Event) -> None:
    """Wait for the end; meanwhile tell systemd that this loop lives."""
    allowed_us = int(os.environ.get("WATCHDOG_USEC", "0") or 0)
    every_s = allowed_us / WATCHDOG_SHARE / 1_000_000 if allowed_us else 3_600
    while not stopping.is_set():
        try:
            async with asyncio.timeout(every_s):
                await stopping.wait()
        except TimeoutError:
            notify("WATCHDOG=1")


def notify(message: str) -> None:
    """sd_notify(3): tell systemd, where it listens."""
    path = os.environ.get("NOTIFY_SOCKET", "")
    if not path:
        return
    address = "\0" + path[1:] if path.startswith("@") else path
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as notifier:
            notifier.connect(address)
            notifier.sendall(message.encode())
    except OSError as error:
        log.warning("systemd was not told %s: %s", message.partition("=")[0], error)
