"""The REST side: every request goes through one path, faults included.

Arrival → latency → planned fault → (execute: key, signature, nonce, maintenance, rate limit,
permission, handler) → reply, spoiled or not. The one rule: what was executed is in the journal
before anything can happen to the reply.
"""

import asyncio

from aiohttp import web

from tests.wire.encode import encode
from tests.wire.faults import Answer, Fault, spoiled
from tests.wire.journal import Call
from tests.wire.kraken.account import ACCOUNT
from tests.wire.kraken.call import PrivateHandler, Request
from tests.wire.kraken.dialect import INVALID_KEY, UNAVAILABLE, UNKNOWN_METHOD, Denied
from tests.wire.kraken.funding import FUNDING
from tests.wire.kraken.history import HISTORY
from tests.wire.kraken.keys import fields_of
from tests.wire.kraken.public import PUBLIC
from tests.wire.kraken.trading import TRADING
from tests.wire.kraken.venue import KrakenVenue

PRIVATE: dict[str, PrivateHandler] = {**ACCOUNT, **HISTORY, **TRADING, **FUNDING}
LISTS = ("open", "closed", "trades", "ledger")
HANG_S = 600
OPEN_IN_MAINTENANCE = ("Time", "SystemStatus")


class RestSide:
    """The handler of `/0/public/…` and `/0/private/…`."""

    def __init__(self, venue: KrakenVenue) -> None:
        self.venue = venue
        self._hanging: set[asyncio.Task[object]] = set()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request, as planned."""
        endpoint = request.path.rpartition("/")[2]
        body = await request.text()
        call = self.venue.journal.open(endpoint, self.venue.now_us())
        await asyncio.sleep(self.venue.faults.wait_ms(endpoint) / 1000)
        fault = self.venue.faults.take(endpoint)
        call.fault = "" if fault is None else fault.kind
        text = self._executed(request, endpoint, body, call, fault)
        if fault is not None:
            if fault.kind in ("lost", "drop"):
                return _cut(request)
            if fault.kind == "short":
                return await _ended_early(request, spoiled(fault, text), len(text.encode()))
            if fault.kind in ("hang", "slow"):
                await self._wait(HANG_S if fault.kind == "hang" else fault.wait_ms / 1000)
            return _response(spoiled(fault, text))
        return _response(Answer(text.encode()))

    def release(self) -> None:
        """Let every hanging request go."""
        for task in self._hanging:
            task.cancel()

    async def _wait(self, seconds: float) -> None:
        task: asyncio.Task[object] = asyncio.ensure_future(asyncio.sleep(seconds))
        self._hanging.add(task)
        await asyncio.wait([task])
        self._hanging.discard(task)

    def _executed(
        self, request: web.Request, endpoint: str, body: str, call: Call, fault: Fault | None
    ) -> str:
        """The reply's text; nothing is carried out when the fault says so."""
        if fault is not None and (fault.kind == "drop" or not fault.execute):
            return encode({"error": [fault.text or UNAVAILABLE]})
        try:
            result = self._result(request, endpoint, body, call)
        except Denied as denied:
            call.error = denied.text
            return encode({"error": [denied.text]})
        call.executed = True
        if fault is not None and fault.kind == "error":
            return encode({"error": [fault.text or UNAVAILABLE]})
        if fault is not None and fault.kind == "fewer":
            result = _fewer(result, fault.rows)
        return encode({"error": [], "result": result})

    def _result(self, request: web.Request, endpoint: str, body: str, call: Call) -> object:
        venue = self.venue
        venue.tick()
        if venue.quirks.mode == "maintenance" and endpoint not in OPEN_IN_MAINTENANCE:
            raise Denied(UNAVAILABLE)
        if "/public/" in request.path:
            return self._public(request, endpoint, body)
        return self._private(request, endpoint, body, call)

    def _public(self, request: web.Request, endpoint: str, body: str) -> object:
        handler = PUBLIC.get(endpoint)
        if handler is None:
            raise Denied(UNKNOWN_METHOD)
        return handler(self.venue, {**dict(request.query), **fields_of(body)})

    def _private(self, request: web.Request, endpoint: str, body: str, call: Call) -> object:
        venue, now = self.venue, self.venue.now_us()
        if "API-Key" not in request.headers or request.method != "POST":
            raise Denied(INVALID_KEY)
        key = venue.keys.find(request.headers["API-Key"])
        call.key = f"{key.owner}/{key.purpose}"
        path = request.raw_path[request.raw_path.index("/0/") :]
        fields = key.accept(path, body, request.headers.get("API-Sign", ""), now)
        call.nonce, call.client_id = fields["nonce"], fields.get("cl_ord_id", "")
        handler = PRIVATE.get(endpoint)
        if handler is None:
            raise Denied(UNKNOWN_METHOD)
        venue.limits.call(key.key, endpoint, now)
        if handler.any_of:
            key.require(*handler.any_of)
        return handler.run(Request(venue, key, fields))


def _fewer(result: object, rows: int) -> object:
    """The same reply with a shorter list in it; its `count` still tells the truth."""
    if isinstance(result, list):
        return result[:rows]
    assert isinstance(result, dict)
    for name in LISTS:
        found = result.get(name)
        if isinstance(found, dict):
            return {**result, name: dict(list(found.items())[:rows])}
    return dict(list(result.items())[:rows])


def _cut(request: web.Request) -> web.StreamResponse:
    """Reset the connection: the client sees neither a reply nor an end."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)


async def _ended_early(request: web.Request, answer: Answer, promised: int) -> web.StreamResponse:
    """Announce the whole reply, send half of it, hang up."""
    response = web.StreamResponse(headers={"Content-Type": f"{answer.kind}; charset=utf-8"})
    response.content_length = promised
    await response.prepare(request)
    await response.write(answer.body)
    if request.transport is not None:
        request.transport.close()
    return response


def _response(answer: Answer) -> web.StreamResponse:
    return web.Response(
        body=answer.body, status=answer.status, content_type=answer.kind, charset="utf-8"
    )
