"""A scripted Kraken on 127.0.0.1: it answers what a test tells it to and keeps every request.

The real ccxt class and real sockets are in between; only the host names are rewritten below
ccxt. It judges nothing (tests/wire has a venue that does).
"""

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import aiohttp
from aiohttp import web
from yarl import URL

from domain.sightings import Sighting
from venues import ccxt_quirks
from venues.budget import Pace
from venues.ccxt_venue import CcxtVenue, VenueSettings, open_venue
from venues.keys import AccountKeys, Keys, Secret

PAYLOADS = Path(__file__).parent / "payloads"
HOSTS = ("api.kraken.com", "ws.kraken.com", "ws-auth.kraken.com")
READ = Keys(key=Secret("READ-KEY"), secret=Secret("cmVhZC1zZWNyZXQ="))
TRADE = Keys(key=Secret("TRADE-KEY"), secret=Secret("dHJhZGUtc2VjcmV0"))
ACCOUNTS = {"main": AccountKeys(read=READ, trade=TRADE)}


class ManualClock:
    """A clock that a test moves; it creeps by a microsecond a look, as clocks do."""

    def __init__(self, at_us: int = 1_800_000_000_000_000) -> None:
        self.at_us = at_us
        self.run_us = 0

    def now_us(self) -> int:
        self.run_us += 1
        return self.at_us + self.run_us

    def monotonic_us(self) -> int:
        self.run_us += 1
        return self.run_us

    def advance(self, by_us: int) -> None:
        self.run_us += by_us


def payload(name: str) -> str:
    """One of our recorded shapes, as the venue would send it."""
    return (PAYLOADS / f"{name}.json").read_text(encoding="utf-8")


@dataclass(frozen=True, slots=True)
class Reply:
    """What to answer. `then` is `send`, `hang`, `cut` (the connection is reset) or `half`."""

    body: str
    status: int = 200
    kind: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)
    then: str = "send"


def error(*texts: str, status: int = 200) -> Reply:
    """Kraken's way to say no."""
    return Reply(json.dumps({"error": list(texts)}), status=status)


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it came over the wire."""

    path: str
    body: str
    headers: dict[str, str]

    @property
    def fields(self) -> dict[str, str]:
        return dict(parse_qsl(self.body, keep_blank_values=True))


OnFrame = Callable[["web.WebSocketResponse", dict[str, Any]], Awaitable[None]]


class StubKraken:
    """Answers with the payload of the endpoint's name unless a test says otherwise."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.replies: defaultdict[str, list[Reply]] = defaultdict(list)
        self.sockets: list[web.WebSocketResponse] = []
        self.frames: list[dict[str, Any]] = []
        self.on_frame: OnFrame = confirm
        self.hanging = asyncio.Event()
        self.released = asyncio.Event()
        self.port = 0

    def answer(self, path: str, *replies: Reply | str) -> None:
        """Answer the next calls like this, the last reply for ever."""
        made = [reply if isinstance(reply, Reply) else Reply(reply) for reply in replies]
        self.replies[path] = made

    def bodies(self, path: str) -> list[dict[str, str]]:
        """The fields of every request to an endpoint."""
        return [asked.fields for asked in self.asked if asked.path.endswith(f"/{path}")]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        name = request.path.rpartition("/")[2]
        body = await request.text() or request.query_string
        self.asked.append(Asked(request.path, body, dict(request.headers)))
        queue = self.replies[name]
        reply = queue.pop(0) if len(queue) > 1 else (queue[0] if queue else Reply(payload(name)))
        if reply.then == "hang":
            self.hanging.set()
            await self.released.wait()
        if reply.then == "cut":
            assert request.transport is not None
            request.transport.abort()
        text = reply.body[: len(reply.body) // 2] if reply.then == "half" else reply.body
        return web.Response(
            text=text, status=reply.status, content_type=reply.kind, headers=reply.headers
        )

    async def socket(self, request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse(autoping=False)
        await socket.prepare(request)
        self.sockets.append(socket)
        async for message in socket:
            if message.type is aiohttp.WSMsgType.PING:
                await socket.pong(message.data)
            elif message.type is aiohttp.WSMsgType.TEXT:
                frame = json.loads(message.data)
                self.frames.append(frame)
                await self.on_frame(socket, frame)
        return socket

    @asynccontextmanager
    async def running(self) -> AsyncGenerator["StubKraken"]:
        app = web.Application()
        app.router.add_route("*", "/0/{tail:.*}", self.handle)
        app.router.add_get("/v2", self.socket)
        app.router.add_get("/", self.socket)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        assert site._server is not None
        self.port = site._server.sockets[0].getsockname()[1]  # type: ignore[attr-defined]
        try:
            with _rewritten(self.port):
                yield self
        finally:
            self.released.set()
            for socket in self.sockets:
                await socket.close()
            await runner.cleanup()


async def confirm(socket: web.WebSocketResponse, frame: dict[str, Any]) -> None:
    """Take every subscription, answer every ping."""
    if frame.get("method") == "ping":
        await socket.send_str('{"method":"pong"}')
    if frame.get("method") == "subscribe":
        for answer in acks(frame):
            await socket.send_str(json.dumps(answer))


def acks(frame: dict[str, Any]) -> list[dict[str, Any]]:
    """Kraken's confirmations of one subscription: one a symbol, or one in all."""
    channel = frame["params"]["channel"]
    base = {"method": "subscribe", "success": True, "req_id": frame["req_id"]}
    symbols = frame["params"].get("symbol") or [None]
    return [
        {**base, "result": {"channel": channel, **({"symbol": s} if s else {})}} for s in symbols
    ]


@contextmanager
def _rewritten(port: int) -> Iterator[None]:
    """Send Kraken's hosts to the stub and refuse every other one."""
    real = aiohttp.ClientSession._request

    async def request(self: aiohttp.ClientSession, method: str, url: Any, **more: Any) -> Any:
        asked = URL(url) if isinstance(url, str) else url
        if asked.host not in HOSTS:
            raise AssertionError(f"a test may not call {asked.host}")
        there = asked.with_scheme("http").with_host("127.0.0.1").with_port(port)
        return await real(self, method, there, **more)

    aiohttp.ClientSession._request = request  # type: ignore[method-assign,assignment]
    try:
        yield
    finally:
        aiohttp.ClientSession._request = real  # type: ignore[method-assign]


@dataclass
class Opened:
    """A venue over the stub, and what it complained about."""

    stub: StubKraken
    venue: CcxtVenue
    clock: ManualClock
    problems: list[str]
    heard: list[Sighting] = field(default_factory=list)

    @property
    def reader(self) -> Any:
        return next(iter(self.venue.readers.values()))

    @property
    def trader(self) -> Any:
        return next(iter(self.venue.traders.values()))


@contextmanager
def _quirky(**changes: Any) -> Iterator[None]:
    """Kraken's row with some fields changed; without the patience that its pace would take."""
    known = ccxt_quirks._KNOWN
    real = known["kraken"]
    fast = {"pace": Pace(1000, 1000.0), "public_pace": Pace(1000, 1000.0)}
    known["kraken"] = replace(real, **{**fast, **changes})
    try:
        yield
    finally:
        known["kraken"] = real


@asynccontextmanager
async def opened(
    accounts: dict[str, AccountKeys] | None = None,
    *,
    quirks: dict[str, Any] | None = None,
    **settings: Any,
) -> AsyncGenerator[Opened]:
    """Kraken over the stub, with one account unless told otherwise."""
    clock, problems = ManualClock(), list[str]()
    wanted = VenueSettings(**{"timeout_ms": 2_000, **settings})
    opening = open_venue(
        "kraken",
        ACCOUNTS if accounts is None else accounts,
        clock=clock,
        settings=wanted,
        on_problem=problems.append,
    )
    with _quirky(**(quirks or {})):
        async with StubKraken().running() as stub, opening as venue:
            yield Opened(stub, venue, clock, problems)
