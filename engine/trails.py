"""How one order is followed: what its follower has seen, and how long it waits in between.

The one rule: patience only says when to ask again; what an answer means is not decided here.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain, repeat

from domain.orders import OrderState, Status
from engine.absence import Proof
from engine.settings import RESOLVE_AFTER_MS

CANCEL_CHECK_MS = 5_000
MS_US = 1_000
IN_FLIGHT = frozenset(
    {Status.UNKNOWN, Status.SUBMITTED, Status.NEW, Status.PENDING_CANCEL, Status.SETTLING}
)


@dataclass(slots=True)
class Trail:
    """What one follower has seen so far; `asked_us` is when its newest look-up began."""

    since_us: int
    proof: Proof
    asked_us: int = 0
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    told: bool = False
    cancels: int = 1
    cancelled_us: int = 0
    alarms: int = 0


def patience_ms(state: OrderState, wait_ms: int, ago_us: int) -> int:
    """How long to wait before the next look-up; `wait_ms` when nothing asks for another time.

    A cancel is asked after every five seconds (semantics 1.3), a grace when it ends: what
    happened by `ago_us` is a grace ago. An order of which nothing else is open than fills at a
    price that was lowered is not asked about before that.
    """
    if cancelling(state):
        return min(wait_ms, CANCEL_CHECK_MS)
    ended = bool(state.final_us) and not state.reopened
    since_us = state.final_us if ended else state.lowered_us
    left_ms = (since_us - ago_us) // MS_US
    if not since_us or left_ms < 0:
        return wait_ms
    quiet = state.status not in IN_FLIGHT and state.amendment is None and not state.terminal
    return left_ms + 1 if quiet else min(wait_ms, left_ms + 1)


def cancelling(state: OrderState) -> bool:
    """Whether its cancel is asked for and its end is not known."""
    return state.cancel_requested and not state.terminal


def waits() -> Iterator[int]:
    """Milliseconds between look-ups, ever longer."""
    return chain(RESOLVE_AFTER_MS, repeat(RESOLVE_AFTER_MS[-1]))


async def woken(wake: asyncio.Event, wait_ms: int) -> bool:
    """Wait; whether it was cut short because the order is to be looked at anew."""
    try:
        async with asyncio.timeout(wait_ms / MS_US):
            await wake.wait()
    except TimeoutError:
        return False
    wake.clear()
    return True
