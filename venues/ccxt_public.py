"""What every public stream of one venue needs: a fresh client, and symbols that trade.

The one rule: a stream is about symbols that are listed and active, on a client of its own.
"""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

from domain.ports import Clock
from domain.sightings import Heartbeat
from venues.ccxt_client import Client
from venues.ccxt_markets import Markets, Opened, Told
from venues.ccxt_row import Quirks
from venues.ccxt_rows import is_active

SILENT_US = 20_000_000  # a socket that beats every second has gone when it was silent so long


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicSide:
    """The public side of a venue, for its streams."""

    opened: Opened
    markets: Markets
    quirks: Quirks
    clock: Clock
    on_rejected: Told

    @asynccontextmanager
    async def fresh(self) -> AsyncGenerator[Client]:
        """A client for one stream, which knows the instruments."""
        async with self.opened() as client:
            await self.markets.lend(client)
            yield client

    async def listed(self, symbols: Sequence[str]) -> list[str]:
        """Those of the symbols that are listed and active, each once."""
        markets = await self.markets.ready()
        self.markets.note(symbols)
        active = partial(is_active, quirks=self.quirks)
        return [s for s in dict.fromkeys(symbols) if s in markets and active(markets[s])]

    def alive(self, feed: str) -> Heartbeat:
        """A sign of life."""
        venue = self.quirks.traits.venue
        return Heartbeat(venue=venue, feed=feed, at_us=self.clock.now_us())
