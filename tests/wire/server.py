"""A venue on a real port: REST, sockets, and time passing.

Paths begin with the real host's name, because several hosts share one port here. The one rule:
`down` is a dead venue (connections cut, dials refused), `up` is the same one on the same port.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Generic

from aiohttp import web

from tests.wire.market_maker import MarketMaker, Walk
from tests.wire.rest import RestSide, V
from tests.wire.sockets import Hub

TICK_MS = 50


class VenueServer(Generic[V]):
    """Serves one venue. The market moves every `step_ms`; 0 leaves it to the admin port."""

    family = ""
    hosts: tuple[str, ...] = ()

    def __init__(
        self,
        venue: V,
        hub: Hub[Any],
        rest: RestSide[V],
        walks: Mapping[str, Walk],
        *,
        step_ms: int = 0,
    ) -> None:
        self.venue = venue
        self.step_ms = step_ms
        self.hub = hub
        self.rest = rest
        self.crowd = MarketMaker(venue.exchange, walks, venue.seed + 2)
        self.port = 0
        self._runner: web.AppRunner | None = None
        self._site: web.SockSite | None = None
        self._group: list[asyncio.Task[None]] = []

    def add_routes(self, router: web.UrlDispatcher) -> None:
        """The family's paths."""
        raise NotImplementedError

    @property
    def routes(self) -> dict[str, str]:
        """Real host → where it is here."""
        base = f"http://127.0.0.1:{self.port}"
        return {host: f"{base}/{host}" for host in self.hosts}

    async def start(self) -> None:
        """Open the port, open the market, let time pass."""
        app = web.Application(client_max_size=1 << 22)
        self.add_routes(app.router)
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
