"""A gateway between us and the venue: every request and every socket goes through it."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import pytest

from domain.errors import Unavailable
from tests.venues.ccxt_wire_desk import desk_at, listening
from tests.wire.kraken.loopback import Loopback

pytestmark = pytest.mark.usefixtures("unpaced")


class Proxy:
    """An HTTP proxy for plain URLs: it notes what is asked, and passes the bytes on."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        method, target, _ = head.split(b"\r\n", 1)[0].decode().split()
        self.asked.append(f"{method} {urlsplit(target).path}")
        await self._through(head, target, reader, writer)

    async def _through(
        self, head: bytes, target: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        told = urlsplit(target)
        theirs, to_them = await asyncio.open_connection(told.hostname, told.port)
        head = head.replace(f"{told.scheme}://{told.netloc}".encode(), b"", 1)
        if b"upgrade" not in head.lower():  # one request a connection, so that each is noted
            head = head.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
        to_them.write(head)

        async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
            while data := await source.read(65_536):
                sink.write(data)
                await sink.drain()

        pumps = [asyncio.ensure_future(pump(reader, to_them)),
                 asyncio.ensure_future(pump(theirs, writer))]  # fmt: skip
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in pumps:
                task.cancel()
            to_them.close()
            writer.close()


@asynccontextmanager
async def proxy() -> AsyncGenerator[Proxy]:
    made = Proxy()
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield made
    finally:
        server.close()


async def test_requests_and_streams_go_through_the_gateway(loopback: Loopback) -> None:
    async with proxy() as between, desk_at(loopback, gateway=between.url) as desk:
        assert await desk.venue.market.instruments()
        assert (await desk.reader.balances()).assets
        async with listening(desk):
            pass
        asked = " ".join(between.asked)
        for part in ("/0/public/", "/0/private/BalanceEx", "ws-auth.kraken.com/v2"):
            assert part in asked


async def test_a_gateway_that_is_down_is_not_gone_around(loopback: Loopback) -> None:
    async with desk_at(loopback, gateway="http://127.0.0.1:9") as desk:
        with pytest.raises(Unavailable):
            await desk.reader.balances()
    assert loopback.ask("counts") == {}
