"""What hangs between a ccxt client and the network: counting, exact numbers, shape checks.

ccxt's own methods are called and ccxt's own requests leave; but each goes out through here, in
its key's lane and within its key's budget, and each answer comes in through here, where a
garbled one is stopped before a parser makes an empty list of it. The one rule: an answer is
the venue's only when it is parsed JSON of the shape that this very call must have.
"""

import json
import re
from collections.abc import Awaitable, Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from types import SimpleNamespace
from typing import Any, NoReturn

import aiohttp

from domain.errors import Unavailable
from domain.lastlook import held_back
from domain.ports import Clock
from venues.budget import Budget, Priority
from venues.ccxt_row import Quirks
from venues.ccxt_sayings import Absent, Garbled
from venues.ccxt_shapes import rows_of, spoken
from venues.nonce import Lane

LARGEST_ANSWER = 32_000_000  # characters; Kraken's whole list of instruments has two million


_EXPONENT = re.compile(r"[eE][+-]?\d{3}")  # few texts have any: the others need no closer look
_ENDLESS = re.compile(r"""(?<=[":,\[\s])[+-]?\d[\d.]*[eE][+-]?\d{3,}(?=[",\]}\s])""")
# Ids and hashes are hexadecimal at some venues: "432e6504" is one, and no number.
_NAMING = re.compile(r'(?:id|Id|ID|Oid|hash|Hash|address|memo|tag|text|cursor)"\s*:\s*"$')
_LONGEST_KEY = 60
# ccxt's filters by symbol and by currency, which filter by time as well.
_FILTERS = ("filter_by_symbol_since_limit", "filter_by_currency_since_limit")


class Redirected(Exception):
    """The answer was a redirection; following it would send the request a second time."""


@dataclass(slots=True)
class Call:
    """One operation as our transport saw it; of several requests, the last one.

    `section` tells paths apart that a venue has twice, at its futures and at its spot market.
    `sends` counts the times that a request was about to be written to a connection: while it
    is 0, no byte has left. `rows` is the length of the raw list that came back, -1: no list.
    """

    priority: Priority = Priority.READ
    section: str = ""
    path: str = ""
    sends: int = 0
    answered: bool = False
    status: int = 0
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    answer: Any = None
    rows: int = -1
    asked_us: int = 0

    def begin(self, now_us: int) -> None:
        """A request is about to be made: what an earlier one brought is not its answer."""
        self.answered = False
        self.status, self.body, self.headers = 0, "", {}
        self.answer, self.rows, self.asked_us = None, -1, now_us

    def header(self, name: str) -> str:
        """A header of the answer, whatever its case; "" if there was none."""
        wanted = name.lower()
        return next((v for k, v in self.headers.items() if k.lower() == wanted), "")

    @property
    def parsed(self) -> bool:
        """Whether the answer was JSON, as every verdict of a venue itself is."""
        if not self.answered or self.body.lstrip()[:1] not in ("{", "["):
            return False
        try:
            exact_json(self.body)
        except ValueError:
            return False
        return True


# One operation can make several requests at once (ccxt loads markets so), each in a task.
_PATH: ContextVar[str] = ContextVar("the endpoint that this task asks", default="")
CURRENT: ContextVar[Call | None] = ContextVar("the call that this task makes", default=None)


def exact_json(text: str) -> Any:
    """Parsed JSON whose fractions are still the text that the venue sent.

    Raises:
        ValueError: no JSON, or NaN, an infinity, an endless integer, nesting without end, or
            an exponent of three digits, which ccxt would write out with all its zeros.
    """
    if _EXPONENT.search(text) is not None and _is_endless(text):
        raise ValueError("a number without end")
    try:
        return _DECODER.decode(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def exact_levels(api: Any) -> None:
    """Have ccxt keep the levels of books as exact numbers: it sorts them, so they are no text."""
    api.number = Decimal
    # Levels are read a second time (Gemini's snapshot, Bitfinex's checksum), and ccxt's own
    # reading takes an exact number for nothing.
    api.safe_number = partial(_exact_number, api.safe_number)
    api.safe_float, api.safe_float_2 = api.safe_number, api.safe_number_2


def _exact_number(read: Callable[..., Any], row: Any, key: Any, *rest: Any) -> Any:
    try:
        known = row[key]
    except (KeyError, IndexError, TypeError):
        known = None
    return known if isinstance(known, Decimal) else read(row, key, *rest)


def _keep_every_row(api: Any) -> None:
    """Have ccxt leave no row out by its time: venues filter by another time than it shows.

    An order placed before a span can end within it; its row is counted, so it must come out.
    """
    for name in _FILTERS:
        kept = getattr(api, name)
        setattr(api, name, partial(_without_since, kept))
    api.filter_by_since_limit = lambda rows, *_, **__: rows


def _without_since(kept: Callable[..., Any], rows: Any, of: Any = None, *_: Any, **__: Any) -> Any:
    return kept(rows, of)


def _is_a_name(text: str, start: int) -> bool:
    """Whether what begins there is the value of an id or a hash, which may look like a number."""
    return bool(_NAMING.search(text, max(0, start - _LONGEST_KEY), start))


def _is_endless(text: str) -> bool:
    return not all(_is_a_name(text, found.start()) for found in _ENDLESS.finditer(text))


def _refused(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not a number")


_DECODER = json.JSONDecoder(parse_float=str, parse_constant=_refused)


def open_session(ssl_context: Any, gateway: str | None = None) -> aiohttp.ClientSession:
    """A connection pool that counts what leaves, sends nothing twice, follows no redirections.

    With a `gateway` (URL of a proxy) everything leaves through it.
    """
    trace = aiohttp.TraceConfig()
    trace.on_request_headers_sent.append(_leaving)
    trace.on_request_redirect.append(_redirected)
    connector = aiohttp.TCPConnector(ssl=ssl_context, happy_eyeballs_delay=0.25)
    return aiohttp.ClientSession(
        connector=connector, trace_configs=[trace], proxy=gateway, middlewares=(_once,)
    )


async def _once(
    request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """Let only a read be sent again by aiohttp when its connection is cut.

    It would also resend a DELETE, and the order that it cancelled would be said to be unknown.
    """
    try:
        return await send(request)
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        if request.method == "GET":
            raise
        raise aiohttp.ClientConnectionError(str(error)) from error


async def _leaving(_: aiohttp.ClientSession, __: SimpleNamespace, ___: object) -> None:
    call = CURRENT.get()
    if call is not None:
        call.sends += 1


async def _redirected(
    _: aiohttp.ClientSession, __: SimpleNamespace, params: aiohttp.TraceRequestRedirectParams
) -> None:
    raise Redirected(f"HTTP {params.response.status}: a redirection, which is not followed")


class Wire:
    """The transport of one ccxt client: `attach` puts it under the client's own methods.

    `on_answer` is told how long each good answer took, in microseconds.
    """

    def __init__(
        self,
        quirks: Quirks,
        budget: Budget,
        lane: Lane,
        clock: Clock,
        on_answer: Callable[[int], None],
    ) -> None:
        self._quirks = quirks
        self._budget = budget
        self._lane = lane
        self._clock = clock
        self._request: Callable[..., Awaitable[Any]] = _detached
        self._fetch: Callable[..., Awaitable[Any]] = _detached
        self._on_answer = on_answer

    @property
    def budget(self) -> Budget:
        """What the venue still allows this client."""
        return self._budget

    def attach(self, api: Any) -> None:
        """Put this under a ccxt client: everything that it sends and hears passes here."""
        self._request, api.fetch2 = api.fetch2, self.request
        self._fetch, api.fetch = api.fetch, self.fetch
        api.on_rest_response = self.heard
        api.on_json_response = exact_json
        if self._quirks.shapes:
            _keep_every_row(api)
        if self._quirks.nonce:
            api.nonce = api.incrementing_nonce = self._lane.next_nonce

    def move(self, other: "Wire", api: Any) -> None:
        """Go over to the budget and the lane of another wire: the client got another key."""
        self._budget, self._lane = other._budget, other._lane  # noqa: SLF001 -- of its own kind
        if self._quirks.nonce:
            api.nonce = api.incrementing_nonce = self._lane.next_nonce

    async def request(self, path: str, *rest: Any, **more: Any) -> Any:
        """Stands before ccxt's fetch2: waits for budget and lane, then signs and sends."""
        call = CURRENT.get() or Call()
        call.path = path
        _PATH.set(f"{call.section}{path}")
        await self._budget.take(self._quirks.costs.get(path, 1), call.priority)
        while True:
            lane = self._lane
            async with lane.turn(call.priority):
                # The key may have been changed meanwhile, and the lane is the key's.
                if lane is self._lane:
                    why = held_back() if call.priority is Priority.ORDER else ""
                    if why:
                        raise Unavailable(self._quirks.traits.venue, f"{why}; nothing was sent")
                    return await self._request(path, *rest, **more)

    async def fetch(
        self, url: str, method: str = "GET", headers: Any = None, body: Any = None
    ) -> Any:
        """Stands before ccxt's fetch: checks the shape before any parser sees the answer."""
        call = CURRENT.get() or Call()
        started_us = self._clock.monotonic_us()
        call.begin(self._clock.now_us())
        answer = await self._fetch(url, method, headers, body)
        self._on_answer(self._clock.monotonic_us() - started_us)
        try:
            answer = spoken(self._quirks.shapes, (method, _PATH.get()), call.status, answer)
            call.rows = self._rows(method, _PATH.get(), answer)
        except Absent:
            raise
        except Garbled as error:
            raise Garbled(f"{_PATH.get()}: {error} ({_shown(call)})") from error
        call.answer = answer
        return answer

    def _rows(self, method: str, path: str, answer: Any) -> int:
        if self._quirks.shapes:
            return rows_of(self._quirks.shapes, method, path, answer)
        return self._quirks.rows(path, answer)

    def heard(self, *answer: Any) -> str:
        """Stands in for ccxt's on_rest_response: keeps what came, so that it can be judged."""
        status, _, _, _, headers, body, *_ = answer
        call = CURRENT.get()
        if call is not None:
            call.answered, call.status, call.headers, call.body = True, status, headers, body
            allowance = self._quirks.allowance(call.header, self._clock.now_us())
            if allowance is not None:
                self._budget.told(allowance)
        if len(body) > LARGEST_ANSWER:
            raise Garbled(f"an answer of {len(body)} characters")
        return str(body).strip()


def _shown(call: Call) -> str:
    kind = call.header("Content-Type").partition(";")[0] or "no content type"
    return f"HTTP {call.status}, {len(call.body)} characters of {kind}"


async def _detached(*_: Any, **__: Any) -> NoReturn:
    raise RuntimeError("this wire hangs under no client yet")
