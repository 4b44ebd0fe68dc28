"""Frames on their way out of a venue's socket, and what may happen to them on that way.

The one rule: tampering touches frames only, never the venue's truth. `silent` swallows data
while pings are answered; `mute` swallows everything. A plan (drop, duplicate, swap, bundle)
touches the next N frames of a channel.
"""

import asyncio
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from tests.wire.encode import encode

ACTIONS = ("drop", "duplicate", "swap", "bundle")
DEEPEST = 20_000

Frame = Mapping[str, object]


@dataclass(slots=True)
class Tampering:
    """How the sockets of one side (public or private) misbehave."""

    silent: bool = False
    mute: bool = False
    delay_ms: int = 0
    sent: int = 0  # frames of all its sockets, ever
    plans: Counter[tuple[str, str]] = field(default_factory=Counter)

    def plan(self, action: str, channel: str, times: int = 1) -> None:
        """Do this to the next `times` frames of a channel."""
        if action not in ACTIONS:
            raise ValueError(f"{action!r} is not one of {', '.join(ACTIONS)}")
        self.plans[action, channel] += times

    def take(self, action: str, channel: str) -> bool:
        """Whether the next frame of the channel is to be treated so."""
        if self.plans[action, channel] <= 0:
            return False
        self.plans[action, channel] -= 1
        return True

    def clear(self) -> None:
        """Behave again."""
        self.silent = self.mute = False
        self.delay_ms = 0
        self.plans.clear()


class Outbox:
    """A bounded queue of frames for one socket; `run` sends them in order."""

    def __init__(self, send: Callable[[str], Awaitable[None]], tampering: Tampering) -> None:
        self._send = send
        self._tampering = tampering
        self._queue: asyncio.Queue[str] = asyncio.Queue(DEEPEST)
        self._held: dict[str, Frame] = {}
        self._bundle: dict[str, list[Frame]] = {}
        self.sent: deque[str] = deque(maxlen=500)

    def push(self, frame: Frame, channel: str = "") -> None:
        """Queue a data frame, unless tampering has other plans for it.

        Raises:
            asyncio.QueueFull: when the client has not read for far too long.
        """
        if self._tampering.silent or self._tampering.take("drop", channel):
            return
        for each in self._arranged(frame, channel):
            self.push_always(each)
            if self._tampering.take("duplicate", channel):
                self.push_always(each)

    def push_always(self, frame: Frame) -> None:
        """Queue an answer (pong, acknowledgement): only `mute` holds it back."""
        if not self._tampering.mute:
            self._queue.put_nowait(encode(frame))

    async def run(self) -> None:
        """Send for ever."""
        while True:
            text = await self._queue.get()
            if self._tampering.delay_ms:
                await asyncio.sleep(self._tampering.delay_ms / 1000)
            self.sent.append(text)
            self._tampering.sent += 1
            await self._send(text)

    def _arranged(self, frame: Frame, channel: str) -> list[Frame]:
        held = self._held.pop(channel, None)
        if held is not None:
            return [frame, held]
        if self._tampering.take("swap", channel):
            self._held[channel] = frame
            return []
        if self._tampering.take("bundle", channel):
            self._bundle.setdefault(channel, []).append(frame)
            return [] if self._tampering.plans["bundle", channel] else [self._merged(channel)]
        return [frame]

    def _merged(self, channel: str) -> Frame:
        frames = self._bundle.pop(channel)
        rows = [row for frame in frames for row in _rows(frame)]
        return {**frames[-1], "data": rows}


def _rows(frame: Frame) -> list[object]:
    data = frame["data"]
    assert isinstance(data, list)
    return data
