"""Listening to one stream over the stub: what is heard, and how it ends."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web

from domain.errors import Unavailable
from domain.sightings import Sighting
from tests.venues.ccxt_stub import PAYLOADS, Opened, confirm
from venues.ccxt_errors import VenueUnavailable

# As text, digits included: what a float would have made of them is not what the venue sends.
LINES = [
    line.rstrip(",")
    for line in (PAYLOADS / "frames.json").read_text("utf-8").splitlines()
    if line.startswith("{")
]
Answer = Callable[[web.WebSocketResponse, dict[str, Any]], Awaitable[None]]
HEARTBEAT = '{"channel":"heartbeat"}'


def then(**frames: list[str]) -> Answer:
    """Confirm each subscription, then send the frames of its channel."""

    async def answer(socket: web.WebSocketResponse, frame: dict[str, Any]) -> None:
        await confirm(socket, frame)
        if frame.get("method") == "subscribe":
            for line in frames.get(frame["params"]["channel"], []):
                await socket.send_str(line)

    return answer


async def deaf(_: web.WebSocketResponse, __: dict[str, Any]) -> None:
    """Take the connection and answer nothing."""


@asynccontextmanager
async def streaming(
    desk: Opened, start: Callable[[Callable[[Sighting], None]], Awaitable[None]]
) -> AsyncGenerator["Listener"]:
    """Run a stream beside the test, and end it."""
    listener = Listener(desk)
    listener.task = asyncio.ensure_future(start(listener.hear))
    try:
        yield listener
    finally:
        listener.task.cancel()
        await asyncio.gather(listener.task, return_exceptions=True)


class Listener:
    def __init__(self, desk: Opened) -> None:
        self.desk = desk
        self.heard: list[Sighting] = []
        self.task: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._more = asyncio.Event()

    def hear(self, sighting: Sighting) -> None:
        self.heard.append(sighting)
        self._more.set()

    def of(self, kind: type[Sighting]) -> list[Any]:
        return [sighting for sighting in self.heard if isinstance(sighting, kind)]

    async def until(self, kind: type[Sighting], count: int = 1) -> None:
        async with asyncio.timeout(5):
            while len(self.of(kind)) < count:
                self._more.clear()
                waiting: asyncio.Future[Any] = asyncio.ensure_future(self._more.wait())
                await asyncio.wait([waiting, self.task], return_when=asyncio.FIRST_COMPLETED)
                waiting.cancel()
                if self.task.done():
                    self.task.result()

    async def broken(self) -> VenueUnavailable:
        """How the stream ended."""
        with pytest.raises(Unavailable) as ended:
            async with asyncio.timeout(5):
                await self.task
        assert isinstance(ended.value, VenueUnavailable)
        return ended.value

    async def send(self, line: str) -> None:
        await self.desk.stub.sockets[-1].send_str(line)
