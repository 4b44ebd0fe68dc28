"""Streams of a simulated venue: from the exchange to whoever listens.

The one rule: every stream has a bound. Prices and depths are conflated (the newest of a symbol
replaces the one before); an account stream that falls too far behind is cut, never thinned.
"""

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from domain.errors import Unavailable
from domain.sightings import Sighting

LONGEST_QUEUE = 5_000

ACCOUNT, PRICES, DEPTH = "account", "prices", "depth"


class Channel:
    """One listener of one feed; `wants` are the symbols, or the account, that it listens to."""

    def __init__(self, venue: str, feed: str, wants: Iterable[str]) -> None:
        self.venue = venue
        self.feed = feed
        self.wants = frozenset(wants)
        self._waiting: dict[str | int, Sighting] = {}
        self._numbered = 0
        self._cut = ""
        self._awake = asyncio.Event()

    def put(self, sighting: Sighting, *, replaces: str = "") -> None:
        """Queue a message; one with the same `replaces` that still waits is dropped."""
        self._numbered += 1
        self._waiting[replaces or self._numbered] = sighting
        if len(self._waiting) > LONGEST_QUEUE:
            self.cut(f"{LONGEST_QUEUE} messages behind")
        self._awake.set()

    def cut(self, why: str) -> None:
        """End the stream: what waits is lost, as on a real wire."""
        self._cut = why
        self._awake.set()

    async def next(self, patience_us: int) -> list[Sighting]:
        """The messages that wait, or none when nothing came within `patience_us`."""
        try:
            async with asyncio.timeout(patience_us / 1_000_000):
                await self._awake.wait()
        except TimeoutError:
            return []
        if self._cut:
            raise Unavailable(self.venue, f"{self.feed} stream: {self._cut}")
        self._awake.clear()
        messages = list(self._waiting.values())
        self._waiting.clear()
        return messages


class Switchboard:
    """All open channels of one venue."""

    def __init__(self, venue: str) -> None:
        self.venue = venue
        self.silent = False
        self.lost_messages = 0
        self._channels: list[Channel] = []

    @contextmanager
    def listening(self, feed: str, wants: Iterable[str]) -> Iterator[Channel]:
        """A channel that is open inside the block."""
        channel = Channel(self.venue, feed, wants)
        self._channels.append(channel)
        try:
            yield channel
        finally:
            self._channels.remove(channel)

    def wanted(self, feed: str) -> set[str]:
        """What anybody listens to on a feed."""
        return {
            want for channel in self._channels if channel.feed == feed for want in channel.wants
        }

    def tell(self, feed: str, about: str, sighting: Sighting) -> None:
        """Bring a message to everybody who listens to it."""
        if self.silent or (feed == ACCOUNT and self._loses()):
            return
        replaces = "" if feed == ACCOUNT else about
        for channel in self._channels:
            if channel.feed == feed and about in channel.wants:
                channel.put(sighting, replaces=replaces)

    def cut(self, why: str) -> None:
        """End every open channel."""
        for channel in self._channels:
            channel.cut(why)

    def _loses(self) -> bool:
        loses = self.lost_messages > 0
        self.lost_messages -= loses
        return loses
