"""Faults on order: what can be made to go wrong at a demo venue, for tests and for showing off.

The one rule: a fault happens on the way between desk and venue; the venue itself stays right.
Every counter counts down by one for each request that it spoilt.
"""

import asyncio
from dataclasses import dataclass, field

from domain.errors import InDoubt, Unavailable
from venues.switchboard import Switchboard


@dataclass(slots=True, kw_only=True)
class Faults:
    """One venue's faults; everything off by default.

    `lost_requests`: creates, amends, cancels that never arrive. `lost_replies`: they are
    executed, but no answer comes back (both end InDoubt after `hang_us`). `refused_cancels`:
    cancels that the venue refuses. `garbled_lists`: private reads whose answer is unreadable.
    """

    venue: str
    latency_us: int
    hang_us: int
    switchboard: Switchboard
    lost_requests: int = 0
    lost_replies: int = 0
    refused_cancels: int = 0
    garbled_lists: int = 0
    _unreachable: bool = field(default=False)

    @property
    def unreachable(self) -> bool:
        """Whether no connection to the venue can be made."""
        return self._unreachable

    @unreachable.setter
    def unreachable(self, on: bool) -> None:
        self._unreachable = on
        if on:
            self.break_streams("connection reset by peer")

    def break_streams(self, why: str = "connection closed by the venue") -> None:
        """Cut every stream of the venue once; they can be opened again."""
        self.switchboard.cut(why)

    def silence_streams(self, *, on: bool = True) -> None:
        """Let streams stay open and say nothing, not even that they are alive."""
        self.switchboard.silent = on

    def lose_stream_messages(self, count: int) -> None:
        """Drop the next `count` fills, orders and totals on their way to account streams."""
        self.switchboard.lost_messages = count

    def check_reachable(self) -> None:
        """Raise Unavailable when the venue cannot be reached: no byte leaves."""
        if self._unreachable:
            raise Unavailable(self.venue, "cannot connect (a fault of the demo desk)")

    def check_readable(self, what: str) -> None:
        """Raise Unavailable when the answer to a private read is to be unreadable."""
        if self.garbled_lists:
            self.garbled_lists -= 1
            raise Unavailable(self.venue, f"the answer to {what} is cut off in the middle")

    def refuses_cancel(self) -> bool:
        """Whether this cancel is to be refused."""
        return self._spoils("refused_cancels")

    async def there(self, reference: str = "") -> None:
        """The way of a request; InDoubt when one with a reference is to be lost on it."""
        self.check_reachable()
        await self._pause(self.latency_us // 2)
        if reference and self._spoils("lost_requests"):
            await self._hang(reference)

    async def back(self, reference: str = "") -> None:
        """The way of an answer; InDoubt when one with a reference is to be lost on it."""
        if reference and self._spoils("lost_replies"):
            await self._hang(reference)
        await self._pause(self.latency_us - self.latency_us // 2)

    async def _hang(self, reference: str) -> None:
        await self._pause(self.hang_us)
        raise InDoubt(reference, f"no answer from {self.venue} within the time allowed")

    def _spoils(self, counter: str) -> bool:
        left: int = getattr(self, counter)
        if left:
            setattr(self, counter, left - 1)
        return bool(left)

    async def _pause(self, time_us: int) -> None:
        if time_us:
            await asyncio.sleep(time_us / 1_000_000)
