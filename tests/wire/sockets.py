"""All sockets of a venue: who is connected, who is told what, and the bulk faults.

The one rule: frames of market data are made once per turn of the loop, however many orders
changed in it; private events go out one by one, in order. A family says what the frames are.
"""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from aiohttp import WSMsgType, web

from tests.wire.book_keeping import Entry
from tests.wire.orders import OrderEvent, PublicTrade
from tests.wire.outbox import Frame, Outbox, Tampering
from tests.wire.settlement import Settlement


@dataclass(slots=True, kw_only=True, eq=False)
class Connection:
    """A client's socket. `side` is public or private; `abort` cuts it without a goodbye."""

    side: str
    outbox: Outbox
    close: Callable[[int], None]
    abort: Callable[[], None]
    owner: str = ""

    def greet(self) -> None:
        """What is said before the client said anything."""
        raise NotImplementedError

    def hear(self, text: str) -> None:
        """Handle one message of the client."""
        raise NotImplementedError

    def channels(self) -> dict[str, object]:
        """What it is subscribed to, for the tester: `public` and `private`."""
        raise NotImplementedError

    def push_to(self, channel: str, frame: Frame) -> None:
        """Send a data frame; a client that never reads is cut off."""
        try:
            self.outbox.push(frame, channel)
        except asyncio.QueueFull:
            self.abort()


C = TypeVar("C", bound=Connection)
Ends = tuple[Callable[[int], None], Callable[[], None]]  # a goodbye, and a cut


class Hub(Generic[C]):
    """Accepts sockets and tells them what happens."""

    def __init__(self, settlement: Settlement) -> None:
        self.connections: list[C] = []
        self.refuse = False
        self._changed: set[str] = set()
        self._traded: set[str] = set()
        settlement.on_order.append(self.order)
        settlement.on_entry.append(self.entry)
        settlement.on_trade.append(self._trade)
        settlement.on_book.append(self._book)

    # The family's part

    def order(self, event: OrderEvent) -> None:
        """Something happened to an order."""
        raise NotImplementedError

    def entry(self, entry: Entry) -> None:
        """Something was booked."""
        raise NotImplementedError

    def trade(self, trade: PublicTrade) -> None:
        """A trade was printed."""
        raise NotImplementedError

    def settled(self, symbol: str) -> None:
        """A request is over: the book of the symbol is as it stays."""

    def market(self, changed: set[str], traded: set[str]) -> None:
        """Tell what changed in books and tickers in this turn of the loop."""
        raise NotImplementedError

    async def run(self) -> None:
        """Whatever is said at intervals, for ever."""
        await asyncio.Event().wait()

    # The same for all

    def of(self, side: str = "", owner: str = "") -> Iterator[C]:
        """The connections of a side, an account."""
        for connection in list(self.connections):
            if side in ("", connection.side) and owner in ("", connection.owner):
                yield connection

    def flush(self) -> None:
        """Tell what changed since the last time."""
        changed, self._changed = self._changed, set()
        traded, self._traded = self._traded, set()
        self.market(changed, traded)

    async def serve(
        self, request: web.Request, tampering: Tampering, made: Callable[[Outbox, Ends], C]
    ) -> web.StreamResponse:
        """Talk with one client until it or we hang up."""
        if self.refuse:
            return web.Response(status=503, text="Service Unavailable")
        socket = web.WebSocketResponse(autoping=True, max_msg_size=1 << 20)
        await socket.prepare(request)
        transport = request.transport
        assert transport is not None
        outbox = Outbox(socket.send_str, tampering)
        tasks: set[asyncio.Task[None]] = set()

        def close(code: int) -> None:
            tasks.add(asyncio.ensure_future(_close(socket, code)))

        connection = made(outbox, (close, transport.abort))
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
            await asyncio.gather(sender, *tasks, return_exceptions=True)
        return socket

    def _trade(self, trade: PublicTrade) -> None:
        self._traded.add(trade.symbol)
        self.trade(trade)

    def _book(self, symbol: str) -> None:
        self.settled(symbol)
        if not self._changed:
            asyncio.get_running_loop().call_soon(self.flush)
        self._changed.add(symbol)


async def _close(socket: web.WebSocketResponse, code: int) -> None:
    await socket.close(code=code)
