"""Kraken's sockets: which frames tell what happened, and heartbeats.

The one rule: what is sent when is shared (`tests.wire.sockets`); only the rows are Kraken's.
"""

import asyncio
from collections.abc import Iterator

from aiohttp import web

from tests.wire import sockets
from tests.wire.book_keeping import Entry
from tests.wire.kraken.frames import Row, entry_row, execution_row, frame, public_trade_row
from tests.wire.kraken.socket import Connection
from tests.wire.kraken.venue import KrakenVenue
from tests.wire.orders import OrderEvent, PublicTrade
from tests.wire.outbox import Outbox
from tests.wire.sockets import Ends

HEARTBEAT_S = 1.0


class Hub(sockets.Hub[Connection]):
    """Accepts sockets and tells them what happens."""

    def __init__(self, venue: KrakenVenue) -> None:
        super().__init__(venue.exchange.settlement)
        self.venue = venue

    async def public(self, request: web.Request) -> web.StreamResponse:
        """A client of ws.kraken.com."""
        return await self._serve(request, "public")

    async def private(self, request: web.Request) -> web.StreamResponse:
        """A client of ws-auth.kraken.com."""
        return await self._serve(request, "private")

    def beat(self) -> None:
        """A heartbeat to every client that subscribed to anything."""
        for connection in self.of():
            if connection.symbols or connection.sequences:
                connection.push({"channel": "heartbeat"})

    async def run(self) -> None:
        """Beat for ever."""
        while True:
            await asyncio.sleep(HEARTBEAT_S)
            self.beat()

    def market(self, changed: set[str], traded: set[str]) -> None:
        """Books of every symbol that changed; tickers by trade or by best prices."""
        for connection in self.of("public"):
            for symbol in sorted(changed):
                connection.tell_book(symbol)
                if symbol in connection.on_bbo or symbol in traded:
                    connection.tell_ticker(symbol)

    def order(self, event: OrderEvent) -> None:
        """A row of the owner's executions."""
        row = execution_row(event, self.venue.quirks.hostile)
        self._private(event.ticket.wish.owner, "executions", row)

    def entry(self, entry: Entry) -> None:
        """A row of the owner's balances."""
        self._private(entry.owner, "balances", entry_row(entry))

    def trade(self, trade: PublicTrade) -> None:
        """A public trade, at once."""
        for connection in self.of("public"):
            if trade.symbol in connection.symbols.get("trade", ()):
                connection.push(frame("trade", "update", [public_trade_row(trade)]))

    def _private(self, owner: str, channel: str, row: Row) -> None:
        for connection in self._on(owner, channel):
            connection.push_private(channel, [row])

    def _on(self, owner: str, channel: str) -> Iterator[Connection]:
        return (c for c in self.of("private", owner) if channel in c.sequences)

    async def _serve(self, request: web.Request, side: str) -> web.StreamResponse:
        def made(outbox: Outbox, ends: Ends) -> Connection:
            close, abort = ends
            return Connection(venue=self.venue, side=side, outbox=outbox, close=close, abort=abort)

        return await self.serve(request, self.venue.tampering[side], made)
