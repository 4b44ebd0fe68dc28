"""An event loop whose clock jumps: minutes of trading in milliseconds, the same every time.

The one rule: nothing in a simulation waits for the world. There are no sockets and no threads;
when nothing is ready the clock moves to the next timer, and when there is no timer either the
simulation is stuck, which is an error and never a hang.
"""

import asyncio
import random
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")
SECOND_US = 1_000_000
START_US = 1_735_725_600 * SECOND_US  # 2025-01-01 10:00 UTC: no midnight within a simulation


class Stuck(RuntimeError):
    """Everybody waits and no timer is set: nothing can ever happen again."""


class _Jumping(selectors.SelectSelector):
    """Waits for nobody: it tells the loop how far the clock jumps."""

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise Stuck("everybody waits and no timer is set")
        self.now_s += max(0.0, timeout)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """An asyncio loop on virtual time; what would run in a thread runs at once."""

    def __init__(self) -> None:
        self._jumping = _Jumping()
        super().__init__(self._jumping)

    def time(self) -> float:
        """Seconds since the simulation began."""
        return self._jumping.now_s

    def run_in_executor(  # type: ignore[override]
        self, executor: object, func: Callable[..., T], *args: Any
    ) -> "asyncio.Future[T]":
        """Do it now: a thread would make the simulation's order a matter of luck."""
        done: asyncio.Future[T] = self.create_future()
        try:
            done.set_result(func(*args))
        except OSError as error:
            done.set_exception(error)
        return done


class VirtualClock:
    """`domain.ports.Clock` on the loop's virtual time."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def now_us(self) -> int:
        """Wall clock, UTC microseconds."""
        return START_US + self.monotonic_us()

    def monotonic_us(self) -> int:
        """Microseconds since the simulation began."""
        return round(self._loop.time() * SECOND_US)


class SeededDice:
    """`domain.ports.Dice` from a seed, with the draws that a model of the world needs."""

    def __init__(self, seed: int | str) -> None:
        self._random = random.Random(seed)

    def bits(self, count: int) -> int:
        """`count` random bits."""
        return self._random.getrandbits(count)

    def chance(self, percent: int) -> bool:
        """True so many times in a hundred."""
        return self._random.randrange(100) < percent

    def between(self, least: int, most: int) -> int:
        """A whole number from least to most, both included."""
        return self._random.randint(least, most)

    def one_of(self, choices: tuple[T, ...]) -> T:
        """One of them."""
        return self._random.choice(choices)

    def shuffled(self, things: list[T]) -> list[T]:
        """The same things in another order."""
        return self._random.sample(things, len(things))


def simulate(main: Callable[[VirtualLoop], Coroutine[Any, Any, T]]) -> T:
    """Run `main` to its end on a loop of its own.

    Raises:
        Stuck: when it can never end.
    """
    loop = VirtualLoop()
    try:
        return loop.run_until_complete(main(loop))
    finally:
        loop.close()
