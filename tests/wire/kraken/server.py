"""The loopback Kraken on a real port: REST, both sockets, and time passing.

Paths begin with the real host's name, because ws.kraken.com and ws-auth.kraken.com share one
path. The one rule: `down` is a dead venue (connections cut, dials refused), `up` is the same
one on the same port.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from decimal import Decimal

from aiohttp import web

from tests.wire.kraken.assets import LISTINGS
from tests.wire.kraken.hub import Hub
from tests.wire.kraken.rest import RestSide
from tests.wire.kraken.venue import KrakenVenue
from tests.wire.market_maker import MarketMaker, Walk

REST_HOST = "api.kraken.com"
PUBLIC_HOST = "ws.kraken.com"
PRIVATE_HOST = "ws-auth.kraken.com"
TICK_MS = 50

WALKS = {
    symbol: Walk(
        start=Decimal(listing.open_price),
        home=listing.stable,
        spread=Decimal("0.5") if listing.stable else Decimal(2),
        size=Decimal("0.4") if symbol == "ETH/BTC" else Decimal(20_000),
        cross=("ETH/USD", "BTC/USD") if symbol == "ETH/BTC" else None,
    )
    for symbol, listing in LISTINGS.items()
}


class KrakenServer:
    """Serves one venue. The market moves every `step_ms`; 0 leaves it to the admin port."""

    def __init__(self, venue: KrakenVenue, *, step_ms: int = 0) -> None:
        self.venue = venue
        self.step_ms = step_ms
        self.hub = Hub(venue)
        self.rest = RestSide(venue)
        self.crowd = MarketMaker(venue.exchange, WALKS, venue.seed + 2)
        self.port = 0
        self._runner: web.AppRunner | None = None
        self._site: web.SockSite | None = None
        self._group: list[asyncio.Task[None]] = []

    @property
    def routes(self) -> dict[str, str]:
        """Real host → where it is here."""
        base = f"http://127.0.0.1:{self.port}"
        return {host: f"{base}/{host}" for host in (REST_HOST, PUBLIC_HOST, PRIVATE_HOST)}

    async def start(self) -> None:
        """Open the port, open the market, let time pass."""
        app = web.Application(client_max_size=1 << 22)
        app.router.add_route("*", f"/{REST_HOST}/0/{{side:public|private}}/{{name:.+}}", self._rest)
        app.router.add_get(f"/{PUBLIC_HOST}/v2", self.hub.public)
        app.router.add_get(f"/{PRIVATE_HOST}/v2", self.hub.private)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        await self.up()
        self.crowd.open()
        self._group = [asyncio.ensure_future(work()) for work in self._works()]

    async def stop(self) -> None:
        """Close everything."""
        for task in self._group:
            task.cancel()
        await asyncio.gather(*self._group, return_exceptions=True)
        self.rest.release()
        self._cut_everyone()
        if self._runner is not None:
            await self._runner.cleanup()

    async def up(self) -> None:
        """Listen, on the port of before if there was one."""
        assert self._runner is not None
        listener = socket.create_server(("127.0.0.1", self.port))
        self.port = listener.getsockname()[1]
        self._site = web.SockSite(self._runner, listener)
        await self._site.start()

    async def down(self) -> None:
        """Stop listening and cut every connection."""
        if self._site is not None:
            await self._site.stop()
            self._site = None
        self._cut_everyone()

    async def _rest(self, request: web.Request) -> web.StreamResponse:
        return await self.rest.handle(request)

    def _cut_everyone(self) -> None:
        for connection in self.hub.of():
            connection.abort()
        server = None if self._runner is None else self._runner.server
        for handler in [] if server is None else server.connections:
            if handler.transport is not None:
                handler.transport.abort()

    def _works(self) -> list[Callable[[], Awaitable[None]]]:
        return [self.hub.run, self._pass_time, self._move_market]

    async def _pass_time(self) -> None:
        while True:
            await asyncio.sleep(TICK_MS / 1000)
            self.venue.tick()

    async def _move_market(self) -> None:
        while True:
            await asyncio.sleep((self.step_ms or TICK_MS) / 1000)
            if self.step_ms:
                self.crowd.step()
