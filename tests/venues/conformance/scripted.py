"""A venue on a real port: REST from `payloads/`, and sockets that follow each venue's handshake.

The real ccxt.pro class is redirected to it below ccxt (`tests.wire.redirect`); it signs, dials
and subscribes as it would at the venue, and is checked here: a wrong signature, listen key or
channel is refused in the venue's words. The one rule: what a script does not know fails.
"""

import asyncio
import hashlib
import hmac
import json
import re
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import parse_qsl, urlencode

from aiohttp import WSMsgType, web

from tests.venues.conformance.captured import payloads
from tests.wire.redirect import redirected

Frame = str | bytes
Said = dict[str, Any]
SECRET = b"c2VjcmV0"  # of `captured.keys_for`, as text: these venues sign with it as it stands


class Script(Protocol):
    """One venue's side of a conversation."""

    hosts: tuple[str, ...]

    def rest(self, method: str, path: str) -> str | None:
        """The answer of an endpoint that only streams need; None: it stands in `payloads/`."""
        ...

    def hear(self, said: Said, query: Mapping[str, str]) -> list[Frame]:
        """What is answered to a frame of the client."""
        ...

    def push(self, told: str) -> Frame:
        """A frame of `streams/` as it goes over the socket."""
        ...


@dataclass
class Binance:
    """The ws-api: one signed subscription, whose events come in an envelope."""

    hosts: tuple[str, ...] = ("ws-api.binance.com", "api.binance.com")
    refuse: str = ""

    def rest(self, _: str, __: str) -> str | None:
        return None

    def hear(self, said: Said, _: Mapping[str, str]) -> list[Frame]:
        assert said["method"] == "userDataStream.subscribe.signature"
        params = {name: str(told) for name, told in sorted(said["params"].items())}
        signature = params.pop("signature")
        right = hmac.new(SECRET, urlencode(params).encode(), hashlib.sha256).hexdigest()
        if params["apiKey"] != "KEY" or signature != right or self.refuse:
            words = {"code": -2015, "msg": "Invalid API-key, IP, or permissions for action."}
            return [json.dumps({"id": said["id"], "status": 401, "error": words})]
        told = {"id": said["id"], "status": 200, "result": {"subscriptionId": 0}}
        return [json.dumps(told)]

    def push(self, told: str) -> Frame:
        return f'{{"subscriptionId":0,"event":{told}}}'


@dataclass
class Gate:
    """API v4: each channel is subscribed, signed and acknowledged by itself."""

    hosts: tuple[str, ...] = ("api.gateio.ws",)
    refuse: str = ""

    def rest(self, _: str, __: str) -> str | None:
        return None

    def hear(self, said: Said, _: Mapping[str, str]) -> list[Frame]:
        if said["channel"] == "spot.ping":
            return [json.dumps({"time": said["time"], "channel": "spot.pong", "result": None})]
        assert said["event"] == "subscribe"
        signed = f"channel={said['channel']}&event=subscribe&time={said['time']}"
        right = hmac.new(SECRET, signed.encode(), hashlib.sha512).hexdigest()
        auth = said["auth"]
        is_good = auth == {"method": "api_key", "KEY": "KEY", "SIGN": right}
        told = {name: said[name] for name in ("id", "time", "channel", "event")}
        if not is_good or said["channel"] == self.refuse:
            error = {"code": 4, "message": "Authentication: INVALID_SIGN"}
            return [json.dumps({**told, "error": error, "result": None})]
        if said["channel"] != "spot.balances":
            assert said["payload"] == ["!all"]
        return [json.dumps({**told, "error": None, "result": {"status": "success"}})]

    def push(self, told: str) -> Frame:
        return told


@dataclass
class Mexc:
    """A listen key out of REST; then channels by name, whose frames are protobuf."""

    hosts: tuple[str, ...] = ("wbs-api.mexc.com", "api.mexc.com", "contract.mexc.com")
    refuse: str = ""
    key: str = "pqia91ma19a5s61cv6a81va65sdf19v8a65a1a5s61cv6a81va65sdf19v8a65a1"

    def rest(self, method: str, path: str) -> str | None:
        is_asked = (method, path) == ("POST", "/api/v3/userDataStream")
        return json.dumps({"listenKey": self.key}) if is_asked else None

    def hear(self, said: Said, query: Mapping[str, str]) -> list[Frame]:
        if said["method"] == "ping":
            return ['{"id":0,"code":0,"msg":"PONG"}']
        if query.get("listenKey") != self.key:
            return ["Invalid listen key"]
        assert said["method"] == "SUBSCRIPTION"
        (channel,) = said["params"]
        words = channel
        if channel == self.refuse:
            words = f"Not Subscribed successfully! [{channel}].  Reason: Blocked! "
        return [json.dumps({"id": 0, "code": 0, "msg": words})]

    def push(self, told: str) -> Frame:
        if '"msg"' in told:
            return told
        # Both are there once the venue's class is: it brings the messages of its protobuf.
        from ccxt.protobuf.mexc import PushDataV3ApiWrapper_pb2 as wire  # noqa: PLC0415
        from google.protobuf.json_format import Parse  # type: ignore[import-untyped] # noqa: PLC0415

        frame: bytes = Parse(told, wire.PushDataV3ApiWrapper()).SerializeToString()
        return frame


SCRIPTS: Mapping[str, Callable[..., Script]] = {"binance": Binance, "gate": Gate, "mexc": Mexc}


@dataclass
class Scripted:
    """A running venue: what it was asked, and its open sockets."""

    script: Script
    bodies: Mapping[str, str]
    asked: list[str] = field(default_factory=list)
    said: list[Said] = field(default_factory=list)
    sockets: list[web.WebSocketResponse] = field(default_factory=list)
    wrong: list[BaseException] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    answered: int = 0  # frames of the client

    async def tell(self, told: str) -> None:
        """Send one frame of `streams/` to the newest client."""
        await self._send(self.sockets[-1], self.script.push(told))

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Answer a request or talk on a socket; the first part of the path was the host."""
        path = "/" + request.path.split("/", 2)[2]
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return await self._talk(request)
        self.asked.append(f"{request.method} {path}")
        body = self.script.rest(request.method, path) or self._told(self.asked[-1])
        if body is None:
            self.wrong.append(AssertionError(f"no answer for {self.asked[-1]}"))
            return web.Response(status=500, text="no answer")
        return web.Response(text=body, content_type="application/json")

    def _told(self, asked: str) -> str | None:
        for head, body in self.bodies.items():
            if re.fullmatch(re.escape(head).replace(r"\*", "[^/]+"), asked):
                return body
        return None

    async def _talk(self, request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.sockets.append(socket)
        query = dict(parse_qsl(request.query_string))
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                self.said.append(json.loads(message.data))
                try:
                    answers = self.script.hear(self.said[-1], query)
                except (AssertionError, KeyError, ValueError) as error:
                    self.wrong.append(error)
                    await socket.close()
                    break
                for answer in answers:
                    await self._send(socket, answer)
                self.answered += 1
        return socket

    async def _send(self, socket: web.WebSocketResponse, frame: Frame) -> None:
        if isinstance(frame, bytes):
            await socket.send_bytes(frame)
        else:
            await socket.send_str(frame)


@asynccontextmanager
async def scripted(
    venue: str, script: Script | None = None, **terms: Any
) -> AsyncGenerator[Scripted]:
    """Serve a venue; everything of this process that is for its hosts arrives there."""
    running = Scripted(script or SCRIPTS[venue](**terms), payloads(venue))
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", running.serve)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    routes = {host: f"http://127.0.0.1:{port}/{host}" for host in running.script.hosts}
    try:
        with redirected(routes):
            yield running
    finally:
        await asyncio.gather(*(socket.close() for socket in running.sockets))
        await runner.cleanup()
    assert running.wrong == []
