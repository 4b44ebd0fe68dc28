"""SIGUSR1 trips the kill switch: from a shell, a cron job, another program.

The one rule: the handler sets the flag itself; everything else follows on the engine's loop.
"""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from domain.halts import Level
from engine.engine import Engine
from engine.stop import Stop

REASON = "SIGUSR1"


@contextmanager
def trip_on_usr1(stop: Stop, engine: Engine, loop: asyncio.AbstractEventLoop) -> Iterator[None]:
    """Within the block SIGUSR1 closes the gate at once; call it in the main thread."""

    def follow() -> None:
        if engine.parts is not None:
            engine.parts.kill.trip(Level.HALT_CANCEL, REASON, REASON)

    def handler(*_: object) -> None:
        stop.trip(Level.HALT_CANCEL, REASON)
        loop.call_soon_threadsafe(follow)

    earlier = signal.signal(signal.SIGUSR1, handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGUSR1, earlier)
