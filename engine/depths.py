"""The books that somebody looks at: a few are streamed, as long as they are asked for.

The one rule: the newest wishes are served; the book that was asked for longest ago goes first.
"""

import asyncio
import logging
from collections import OrderedDict

from domain import asks, sightings
from domain.board import at
from domain.errors import DeskError, Refused
from engine.floor import Floor
from engine.operators import Operator, Role
from engine.supervise import backoff_ms
from engine.troubles import Troubles

BOOKS = 4  # depth streams per desk
log = logging.getLogger(__name__)


class Depths:
    """Answers WatchDepth: streams a few books, the least recently asked for goes first."""

    def __init__(self, floor: Floor) -> None:
        self._floor = floor
        self._streams: OrderedDict[str, asyncio.Future[None]] = OrderedDict()
        self._troubles = Troubles(log)
        floor.desk.answer(asks.WatchDepth, self.watch, Role.VIEWER)

    async def watch(self, ask: asks.WatchDepth, caller: Operator) -> asks.Done:
        """Stream one symbol's book from now on."""
        key = at(ask.venue, ask.symbol)
        if self._floor.desk.board.instrument(ask.venue, ask.symbol) is None:
            raise Refused("instrument", f"{ask.venue} does not list {ask.symbol}")
        running = self._streams.get(key)
        if running is not None and not running.done():
            self._streams.move_to_end(key)
            return asks.Done(detail=f"{key} is streamed already")
        while len(self._streams) >= BOOKS:
            self._streams.popitem(last=False)[1].cancel()
        task = self._floor.run(self._stream(ask.venue, ask.symbol), f"depth {key}")
        self._streams[key] = task
        return asks.Done(detail=f"streaming the book of {key} for {caller.name}")

    async def _stream(self, venue: str, symbol: str) -> None:
        market, settings = self._floor.connections.by_venue(venue).market, self._floor.settings
        name, attempt = f"book of {symbol} at {venue}", 0

        def hear(sighting: sightings.Sighting) -> None:
            nonlocal attempt
            if attempt and isinstance(sighting, sightings.DepthSeen):
                attempt = 0
                self._troubles.over(name)
            self._floor.desk.see(sighting)

        while True:
            try:
                await market.stream_depth(symbol, hear)
            except DeskError as error:
                self._troubles.met(name, str(error))
            attempt += 1
            wait_ms = backoff_ms(
                attempt, settings.reconnect_first_ms, settings.reconnect_last_ms, self._floor.dice
            )
            await asyncio.sleep(wait_ms / 1000)
