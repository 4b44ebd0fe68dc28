"""How many calls a venue allows: one token bucket per key, the most urgent call first.

A bucket fills by our own pace, and a venue that tells how much of its limit is left is believed
before it has to refuse. The one rule: a fifth of the bucket is for cancels alone, and a ban
holds everybody back but them: the kill switch always has calls left.
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
_LONGEST_GROWN_US = 300 * _US  # a venue that does not say for how long is asked this often
_SPENT = "most of its rate limit is used; the rest is kept for cancels"


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


# A ban that lasts longer is told at once, with its reason; what is in doubt is worth a wait.
WAITED_OUT_S = {
    Priority.LOOK_UP: PATIENCE_S[Priority.LOOK_UP],
    Priority.ORDER: PATIENCE_S[Priority.ORDER],
    Priority.READ: 3.0,
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


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a venue tells of its own limit, in its own unit: `left` of `limit`, until a reset."""

    left: int
    limit: int
    resets_in_us: int


class Silence:
    """How long one key, or a whole venue, wants to be left alone, and why."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.until_us = self._length_us = 0  # by the monotonic clock
        self.because = self.remedy = ""

    @property
    def left_us(self) -> int:
        """How long it still lasts; 0 when it is over."""
        return max(0, self.until_us - self._clock.monotonic_us())

    def keep(self, for_us: int, because: str, remedy: str, *, grows: bool = False) -> None:
        """Be silent for so long; a longer silence is not shortened.

        One that `grows` is twice as long as the one before it when it follows on its heels:
        whoever asked too early once would do it again.
        """
        now_us = self._clock.monotonic_us()
        followed = self.until_us <= now_us < self.until_us + max(self._length_us, for_us)
        if grows and self._length_us and followed:
            for_us = max(for_us, min(2 * self._length_us, _LONGEST_GROWN_US))
        if now_us + for_us > self.until_us:
            self.until_us, self._length_us = now_us + for_us, for_us
            self.because, self.remedy = because, remedy


class HeldBack(Unavailable):
    """A call that was not made; `remedy` is what a person can do about the ban, "" if nothing."""

    def __init__(self, who: str, why: str, *, retry_after_us: int, remedy: str = "") -> None:
        super().__init__(who, why, retry_after_us=retry_after_us)
        self.remedy = remedy


class Budget:
    """The token bucket of one key (or of the venue's public side).

    `everyone` is what the venue wants of all keys together: many bans are for an address.
    """

    def __init__(self, who: str, pace: Pace, clock: Clock, everyone: Silence | None = None) -> None:
        self._who = who
        self._pace = pace
        self._clock = clock
        self._tokens = pace.capacity
        self._counted_us = clock.monotonic_us()
        self._own = Silence(clock)
        self._everyone = everyone or Silence(clock)
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
    def silence(self) -> Silence:
        """The longer of this key's ban and the venue's; its `left_us` is 0 when there is none."""
        return max(self._own, self._everyone, key=lambda silence: silence.left_us)

    @property
    def banned_for_us(self) -> int:
        """How long the venue still wants silence; 0 when it does not."""
        return self.silence.left_us

    def ban(
        self,
        for_us: int,
        because: str,
        remedy: str = "",
        *,
        everyone: bool = False,
        grows: bool = False,
    ) -> None:
        """Hold everything but cancels back for so long; a longer ban is not shortened."""
        silence = self._everyone if everyone else self._own
        silence.keep(for_us, because, remedy, grows=grows)
        self._wake()

    def told(self, allowance: Allowance) -> None:
        """The venue's own count: what is kept for cancels is all that is left until its reset."""
        if allowance.left <= allowance.limit * RESERVE:
            self.ban(allowance.resets_in_us, _SPENT)

    async def take(self, cost: float, priority: Priority) -> None:
        """Wait for `cost` calls.

        Raises:
            HeldBack: they did not become free within the patience of this priority, or a ban
                holds them back for longer than anybody should wait without a word.
        """
        longest_s = WAITED_OUT_S.get(priority)
        if longest_s is not None and self.banned_for_us > longest_s * _US:
            raise self._used_up(cost)
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
        now_us, most = self._clock.monotonic_us(), self._pace.capacity
        # After a ban one call goes first and the others follow at the venue's pace: a full
        # bucket would let all that waited go at once, and be banned again.
        quiet_us = min(now_us, max(self._own.until_us, self._everyone.until_us))
        if quiet_us > self._counted_us:
            self._grow(quiet_us, most * RESERVE + 1)
        self._grow(now_us, most)

    def _grow(self, until_us: int, most: float) -> None:
        grown = (until_us - self._counted_us) * self._pace.per_s / _US
        self._counted_us = until_us
        self._tokens = min(most, self._tokens + grown)

    async def _change_within(self, wait_s: float) -> None:
        self._changed.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(wait_s):
                await self._changed.wait()

    def _wake(self) -> None:
        self._changed.set()

    def _used_up(self, cost: float) -> HeldBack:
        silence = self.silence
        if silence.left_us:
            left_us = silence.left_us
            why = f"{silence.because} (asked again in {left_us // _US + 1} s)"
            return HeldBack(self._who, why, retry_after_us=left_us, remedy=silence.remedy)
        why = f"{len(self._queue)} calls wait for its rate limit, {self.left} are left"
        return HeldBack(self._who, why, retry_after_us=int(cost / self._pace.per_s * _US))
