"""How many calls a venue allows: one token bucket per key, the most urgent call first.

The one rule: a fifth of the bucket is for cancels alone, and a ban holds everybody back but
them: the kill switch always has calls left.
"""

import asyncio
import itertools
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from enum import IntEnum

from domain.errors import Unavailable
from domain.ports import Clock

RESERVE = 0.2  # of the capacity, for cancels (semantics 1.4)
_US = 1_000_000


class Priority(IntEnum):
    """What goes first when calls are scarce (semantics 1.4)."""

    CANCEL = 0
    LOOK_UP = 1
    ORDER = 2
    READ = 3


PATIENCE_S = {
    Priority.CANCEL: 10.0,
    Priority.LOOK_UP: 20.0,
    Priority.ORDER: 2.0,  # an order that waits longer is stale: better refused than late
    Priority.READ: 30.0,
}


@dataclass(frozen=True, slots=True)
class Pace:
    """A venue's allowance: `capacity` calls at once, refilled by `per_s` calls a second."""

    capacity: float
    per_s: float

    def slower(self, calls_per_s: Decimal | None) -> "Pace":
        """This pace, or the operator's where that is slower; never faster than the venue's."""
        if calls_per_s is None or calls_per_s >= self.per_s:
            return self
        calls, seconds = calls_per_s.as_integer_ratio()
        return Pace(self.capacity, calls / seconds)


class HeldBack(Unavailable):
    """A call that was not made; `remedy` is what a person can do about the ban, "" if nothing."""

    def __init__(self, who: str, why: str, *, retry_after_us: int, remedy: str = "") -> None:
        super().__init__(who, why, retry_after_us=retry_after_us)
        self.remedy = remedy


class Budget:
    """The token bucket of one key (or of the venue's public side)."""

    def __init__(self, who: str, pace: Pace, clock: Clock) -> None:
        self._who = who
        self._pace = pace
        self._clock = clock
        self._tokens = pace.capacity
        self._counted_us = clock.monotonic_us()
        self._banned_until_us = 0
        self._because = self._remedy = ""
        self._queue: list[tuple[Priority, int]] = []
        self._numbers = itertools.count()
        self._changed = asyncio.Event()

    @property
    def left(self) -> int:
        """Whole calls that could be made now."""
        self._refill()
        return max(0, int(self._tokens))

    @property
    def capacity(self) -> int:
        """Whole calls of a full bucket."""
        return int(self._pace.capacity)

    @property
    def banned_for_us(self) -> int:
        """How long the venue still wants silence; 0 when it does not."""
        return max(0, self._banned_until_us - self._clock.monotonic_us())

    def ban(self, for_us: int, because: str, remedy: str = "") -> None:
        """Hold everything but cancels back for so long; a longer ban is not shortened."""
        until = self._clock.monotonic_us() + for_us
        if until > self._banned_until_us:
            self._banned_until_us, self._because, self._remedy = until, because, remedy
        self._wake()

    async def take(self, cost: float, priority: Priority) -> None:
        """Wait for `cost` calls.

        Raises:
            HeldBack: they did not become free within the patience of this priority.
        """
        ticket = (priority, next(self._numbers))
        self._queue.append(ticket)
        try:
            async with asyncio.timeout(PATIENCE_S[priority]):
                while (wait_s := self._wait_s(ticket, cost)) > 0:
                    await self._change_within(wait_s)
            self._tokens -= cost
        except TimeoutError:
            raise self._used_up(cost) from None
        finally:
            self._queue.remove(ticket)
            self._wake()

    def _wait_s(self, ticket: tuple[Priority, int], cost: float) -> float:
        if min(self._queue) != ticket:
            return PATIENCE_S[Priority.READ]  # its turn comes with a change, not with time
        self._refill()
        priority = ticket[0]
        floor = 0.0 if priority is Priority.CANCEL else self._pace.capacity * RESERVE
        missing = cost + floor - self._tokens
        ban_us = 0 if priority is Priority.CANCEL else self.banned_for_us
        # The hair on top keeps rounding from asking for a wait of nothing, again and again.
        refill_s = missing / self._pace.per_s + 1e-6 if missing > 0 else 0.0
        return max(refill_s, ban_us / _US)

    def _refill(self) -> None:
        now = self._clock.monotonic_us()
        grown = (now - self._counted_us) * self._pace.per_s / _US
        self._counted_us = now
        self._tokens = min(self._pace.capacity, self._tokens + grown)

    async def _change_within(self, wait_s: float) -> None:
        self._changed.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(wait_s):
                await self._changed.wait()

    def _wake(self) -> None:
        self._changed.set()

    def _used_up(self, cost: float) -> HeldBack:
        banned_us = self.banned_for_us
        if banned_us:
            why = f"{self._because} (asked again in {banned_us // _US + 1} s)"
            return HeldBack(self._who, why, retry_after_us=banned_us, remedy=self._remedy)
        why = f"{len(self._queue)} calls wait for its rate limit, {self.left} are left"
        return HeldBack(self._who, why, retry_after_us=int(cost / self._pace.per_s * _US))
