"""Listening to one account of a scripted venue, frame by frame."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

from domain.instruments import Account
from domain.ports import AccountReader
from domain.sightings import Heartbeat, OrderSeen, Sighting
from tests.venues.conformance.captured import Still, keys_for
from tests.venues.conformance.scripted import Scripted, scripted
from venues.ccxt_venue import VenueSettings, open_venue
from venues.keys import AccountKeys

LONG_S = 15
NOW_US = 1_800_000_000_000_000

# An order of each venue that means nothing: once it was heard of, all before it was.
MARKS = {
    "binance": '{"e":"executionReport","s":"BTCUSDT","c":"mark","C":"","S":"BUY","o":"LIMIT",'
    '"q":"1","p":"1","x":"NEW","X":"NEW","i":%N,"z":"0","O":1799996400123,"T":1799996400123}',
    "gate": '{"channel":"spot.orders","event":"update","result":[{"id":"%N","text":"mark",'
    '"currency_pair":"BTC_USDT","type":"limit","side":"buy","amount":"1","price":"1","left":"1",'
    '"filled_amount":"0","create_time_ms":"1799996400123","event":"put","finish_as":"open"}]}',
    "mexc": '{"channel":"spot@private.orders.v3.api.pb","symbol":"BTCUSDT","privateOrders":{'
    '"id":"%N","price":"1","quantity":"1","orderType":1,"tradeType":1,"status":1,'
    '"cumulativeQuantity":"0","createTime":"1799996400123"}}',
}
FIRST_MARK = 900_000


class Listener:
    """One account's stream, running beside the test."""

    def __init__(
        self, name: str, venue: Scripted, reader: AccountReader, problems: list[str]
    ) -> None:
        self.name = name
        self.problems = problems
        self.venue = venue
        self.reader = reader
        self.heard: list[Sighting] = []
        self.beats = 0
        self._marks = FIRST_MARK
        self._more = asyncio.Event()
        self.task = asyncio.ensure_future(reader.stream(self._hear))

    def _hear(self, sighting: Sighting) -> None:
        if isinstance(sighting, Heartbeat):
            self.beats += 1
        else:
            self.heard.append(sighting)
        self._more.set()

    async def alive(self) -> None:
        """Wait for the first heartbeat: everything was subscribed."""
        await self._until(lambda: bool(self.beats))

    async def _until(self, is_there: Callable[[], bool]) -> None:
        async with asyncio.timeout(LONG_S):
            while not is_there():
                if self.task.done():
                    self.task.result()
                self._more.clear()
                waiting = asyncio.ensure_future(self._more.wait())
                await asyncio.wait([waiting, self.task], return_when=asyncio.FIRST_COMPLETED)
                waiting.cancel()

    async def after(self, *frames: str) -> list[Sighting]:
        """What is heard of some frames."""
        self.heard.clear()
        self._marks += 1
        for frame in (*frames, MARKS[self.name].replace("%N", str(self._marks))):
            await self.venue.tell(frame)
        await self._until(lambda: any(self._is_mark(told) for told in self.heard))
        return [told for told in self.heard if not self._is_mark(told)]

    def _is_mark(self, told: Sighting) -> bool:
        return isinstance(told, OrderSeen) and told.report.venue_order_id == str(self._marks)


@asynccontextmanager
async def listening(name: str, **terms: Any) -> AsyncGenerator[Listener]:
    """A stream whose venue answered everything that was asked for."""
    keys = AccountKeys(read=keys_for(name))
    async with scripted(name, **terms) as venue:
        problems: list[str] = []
        opening = open_venue(
            name,
            {"main": keys},
            clock=Still(),
            settings=VenueSettings(),
            on_problem=problems.append,
        )
        async with opening as opened:
            reader = opened.readers[Account(name, "main")]
            listener = Listener(name, venue, reader, problems)
            try:
                yield listener
            finally:
                listener.task.cancel()
                await asyncio.gather(listener.task, return_exceptions=True)
