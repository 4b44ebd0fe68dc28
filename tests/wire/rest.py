"""The REST side of a venue: every request goes through one path, faults included.

Arrival → latency → planned fault → (execute, as the family does) → reply, spoiled or not. The
one rule: what was executed is in the journal before anything can happen to the reply.
"""

import asyncio
from typing import Any, Generic, TypeVar

from aiohttp import web

from tests.wire.faults import Answer, Fault, spoiled
from tests.wire.journal import Call
from tests.wire.venue import Venue

HANG_S = 600
# Faults that leave the words of the reply as they are, its status included.
VERBATIM = ("hang", "slow", "error", "fewer")
V = TypeVar("V", bound=Venue[Any])


class Refused(Exception):
    """The family's own refusal: `text` goes into the journal, `answer` onto the wire."""

    text = ""

    def answer(self) -> Answer:
        """The reply in the venue's dialect."""
        raise NotImplementedError


class RestSide(Generic[V]):
    """The handler of every REST path; a family says how it names, executes and refuses."""

    lists: tuple[str, ...] = ()  # where the rows of a reply stand, for the fault `fewer`

    def __init__(self, venue: V) -> None:
        self.venue = venue
        self._hanging: set[asyncio.Task[object]] = set()

    # The family's part

    def endpoint_of(self, request: web.Request) -> str:
        """The name under which faults are planned and requests are counted."""
        raise NotImplementedError

    def result(self, request: web.Request, endpoint: str, body: str, call: Call) -> object:
        """Carry the request out and give its result. Raises Refused."""
        raise NotImplementedError

    def answered(self, result: object, call: Call) -> Answer:
        """The reply that carries a result."""
        raise NotImplementedError

    def error(self, text: str) -> Answer:
        """The reply that carries an error of the tester's, or the family's usual one."""
        raise NotImplementedError

    # The path of a request

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request, as planned."""
        endpoint = self.endpoint_of(request)
        body = await request.text()
        call = self.venue.journal.open(endpoint, self.venue.now_us())
        await asyncio.sleep(self.venue.faults.wait_ms(endpoint) / 1000)
        fault = self.venue.faults.take(endpoint)
        call.fault = "" if fault is None else fault.kind
        answer = self._executed(request, endpoint, body, call, fault)
        if fault is None:
            return _response(answer)
        return await self._faulty(request, fault, answer)

    def release(self) -> None:
        """Let every hanging request go."""
        for task in self._hanging:
            task.cancel()

    async def _faulty(
        self, request: web.Request, fault: Fault, answer: Answer
    ) -> web.StreamResponse:
        text = answer.body.decode()
        if fault.kind in ("lost", "drop"):
            return _cut(request)
        if fault.kind == "short":
            return await _ended_early(request, spoiled(fault, text), len(answer.body))
        if fault.kind in ("hang", "slow"):
            await self._wait(HANG_S if fault.kind == "hang" else fault.wait_ms / 1000)
        return _response(answer if fault.kind in VERBATIM else spoiled(fault, text))

    async def _wait(self, seconds: float) -> None:
        task: asyncio.Task[object] = asyncio.ensure_future(asyncio.sleep(seconds))
        self._hanging.add(task)
        await asyncio.wait([task])
        self._hanging.discard(task)

    def _executed(
        self, request: web.Request, endpoint: str, body: str, call: Call, fault: Fault | None
    ) -> Answer:
        """The reply; nothing is carried out when the fault says so."""
        if fault is not None and (fault.kind == "drop" or not fault.execute):
            return self.error(fault.text)
        try:
            self.venue.tick()
            result = self.result(request, endpoint, body, call)
        except Refused as refused:
            call.error = refused.text
            return refused.answer()
        call.executed = True
        if fault is not None and fault.kind == "error":
            return self.error(fault.text)
        if fault is not None and fault.kind == "fewer":
            result = self._fewer(result, fault.rows)
        return self.answered(result, call)

    def _fewer(self, result: object, rows: int) -> object:
        """The same reply with a shorter list in it; its count still tells the truth."""
        if isinstance(result, list):
            return result[:rows]
        assert isinstance(result, dict)
        for name in self.lists:
            found = result.get(name)
            if isinstance(found, dict):
                return {**result, name: dict(list(found.items())[:rows])}
            if isinstance(found, list):
                return {**result, name: found[:rows]}
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
        body=answer.body,
        status=answer.status,
        headers=answer.headers,
        content_type=answer.kind,
        charset="utf-8",
    )
