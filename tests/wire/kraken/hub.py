"""All sockets of the venue: who is told what, heartbeats, and the bulk faults.

The one rule: book and ticker frames are made once per turn of the loop, however many orders
changed in it; private events go out one by one, in order.
"""

import asyncio
from collections.abc import Iterator

from aiohttp import WSMsgType, web

from tests.wire.book_keeping import Entry
from tests.wire.kraken.frames import entry_row, execution_row, frame, public_trade_row
from tests.wire.kraken.socket import Connection
from tests.wire.kraken.venue import KrakenVenue
from tests.wire.orders import OrderEvent, PublicTrade
from tests.wire.outbox import Outbox

HEARTBEAT_S = 1.0


class Hub:
    """Accepts sockets and tells them what happens."""

    def __init__(self, venue: KrakenVenue) -> None:
        self.venue = venue
        self.connections: list[Connection] = []
        self.refuse = False
        self._changed: set[str] = set()
        self._traded: set[str] = set()
        settlement = venue.exchange.settlement
        settlement.on_order.append(self._order)
        settlement.on_entry.append(self._entry)
        settlement.on_trade.append(self._trade)
        settlement.on_book.append(self._book)

    async def public(self, request: web.Request) -> web.StreamResponse:
        """A client of ws.kraken.com."""
        return await self._serve(request, "public")

    async def private(self, request: web.Request) -> web.StreamResponse:
        """A client of ws-auth.kraken.com."""
        return await self._serve(request, "private")

    def of(self, side: str = "", owner: str = "", channel: str = "") -> Iterator[Connection]:
        """The connections of a side, an account, a private channel."""
        for connection in list(self.connections):
            if (
                side in ("", connection.side)
                and owner in ("", connection.owner)
                and (not channel or channel in connection.sequences)
            ):
                yield connection

    def beat(self) -> None:
        """A heartbeat to every client that subscribed to anything."""
        for connection in self.of():
            if connection.symbols or connection.sequences:
                connection.push({"channel": "heartbeat"})

    def flush(self) -> None:
        """Tell what changed in books and tickers since the last time."""
        changed, self._changed = self._changed, set()
        traded, self._traded = self._traded, set()
        for connection in self.of("public"):
            for symbol in sorted(changed):
                connection.tell_book(symbol)
                if symbol in connection.on_bbo or symbol in traded:
                    connection.tell_ticker(symbol)

    async def run(self) -> None:
        """Beat for ever."""
        while True:
            await asyncio.sleep(HEARTBEAT_S)
            self.beat()

    async def _serve(self, request: web.Request, side: str) -> web.StreamResponse:
        if self.refuse:
            return web.Response(status=503, text="Service Unavailable")
        socket = web.WebSocketResponse(autoping=True, max_msg_size=1 << 20)
        await socket.prepare(request)
        transport = request.transport
        assert transport is not None
        outbox = Outbox(socket.send_str, self.venue.tampering[side])
        connection = Connection(
            venue=self.venue,
            side=side,
            outbox=outbox,
            close=lambda code: _closing(connection, socket, code),
            abort=transport.abort,
        )
        self.connections.append(connection)
        connection.greet()
        sender = asyncio.ensure_future(outbox.run())
        try:
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    connection.hear(message.data)
        finally:
            self.connections.remove(connection)
            sender.cancel()
            await asyncio.gather(sender, *connection.tasks, return_exceptions=True)
        return socket

    def _order(self, event: OrderEvent) -> None:
        row = execution_row(event, self.venue.quirks.hostile)
        for connection in self.of("private", event.ticket.wish.owner, "executions"):
            connection.push_private("executions", [row])

    def _entry(self, entry: Entry) -> None:
        for connection in self.of("private", entry.owner, "balances"):
            connection.push_private("balances", [entry_row(entry)])

    def _trade(self, trade: PublicTrade) -> None:
        self._traded.add(trade.symbol)
        for connection in self.of("public"):
            if trade.symbol in connection.symbols.get("trade", ()):
                connection.push(frame("trade", "update", [public_trade_row(trade)]))

    def _book(self, symbol: str) -> None:
        if not self._changed:
            asyncio.get_running_loop().call_soon(self.flush)
        self._changed.add(symbol)


def _closing(connection: Connection, socket: web.WebSocketResponse, code: int) -> None:
    task = asyncio.ensure_future(_close(socket, code))
    connection.tasks.add(task)


async def _close(socket: web.WebSocketResponse, code: int) -> None:
    await socket.close(code=code)
