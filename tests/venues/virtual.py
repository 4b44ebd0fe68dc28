"""An event loop whose time is imaginary: sleeping costs nothing and takes exactly as long."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")
_US = 1_000_000


class VirtualLoop(asyncio.SelectorEventLoop):
    """When nothing is ready, the clock jumps to the next timer."""

    def __init__(self) -> None:
        super().__init__()
        self.at_s = 1_000.0

    def time(self) -> float:
        return self.at_s

    def _run_once(self) -> None:
        timers = self._scheduled  # type: ignore[attr-defined]
        if not self._ready:  # type: ignore[attr-defined]
            # A cancelled timer is no moment: the loop would really wait for the one behind it.
            alive = (timer.when() for timer in timers if not timer.cancelled())
            self.at_s = max(self.at_s, min(alive, default=self.at_s))
        super()._run_once()  # type: ignore[misc]


class LoopClock:
    """The loop's time as the Clock port gives it."""

    def now_us(self) -> int:
        return 1_800_000_000 * _US + self.monotonic_us()

    def monotonic_us(self) -> int:
        return round(asyncio.get_running_loop().time() * _US)


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run to the end in imaginary time."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(work)
