"""KuCoin's REST paths: `/api/v1/…` and the other versions.

Execution: maintenance, then key, clock, passphrase, signature, pool of weight, permission,
handler. The one rule: the shared path (`tests.wire.rest`) decides what becomes of the reply.
"""

import json
import re
from collections.abc import Mapping
from decimal import Decimal

from aiohttp import web

from tests.wire import rest
from tests.wire.encode import encode
from tests.wire.faults import Answer
from tests.wire.journal import Call
from tests.wire.kucoin.account import ACCOUNT
from tests.wire.kucoin.call import PrivateHandler, PublicHandler, Request, pattern_of
from tests.wire.kucoin.dialect import GOOD, bad, closed, parsed, unknown_path
from tests.wire.kucoin.funding import FUNDING
from tests.wire.kucoin.history import HISTORY
from tests.wire.kucoin.public import PUBLIC
from tests.wire.kucoin.trading import TRADING
from tests.wire.kucoin.venue import KucoinVenue

PRIVATE: dict[str, PrivateHandler] = {**ACCOUNT, **HISTORY, **TRADING, **FUNDING}
OPEN_IN_MAINTENANCE = ("GET timestamp", "GET status")
VERSION = re.compile(r"(ua/)?v\d/")
TABLE: dict[str, PublicHandler | PrivateHandler] = {**PUBLIC, **PRIVATE}
# Names without parameters come first: `hf/orders/active` is no order's id.
PATTERNS = {
    name: pattern_of(name.partition(" ")[2])
    for name in sorted(TABLE, key=lambda name: name.count("{"))
}


class RestSide(rest.RestSide[KucoinVenue]):
    """The handler of every request; an endpoint is method and path without the version."""

    lists = ("items", "ticker")

    def __init__(self, venue: KucoinVenue) -> None:
        super().__init__(venue)
        self._headers: Mapping[str, str] = {}

    def endpoint_of(self, request: web.Request) -> str:
        """`DELETE hf/orders/{orderId}` of `/api/v1/hf/orders/6306cf6e27ecbe0001e1e03a`."""
        name, _ = _matched(request)
        method, _, path = name.partition(" ")
        return f"{method} {VERSION.sub('', path, count=1)}"

    def answered(self, result: object, call: Call) -> Answer:
        """A result under the code that means success."""
        body = encode({"code": GOOD, "data": result}).encode()
        return Answer(body, headers=self._headers)

    def error(self, text: str) -> Answer:
        """A code and a message of the tester's; `500000` unless given."""
        return parsed(text).answer()

    def result(self, request: web.Request, endpoint: str, body: str, call: Call) -> object:
        """Carry the request out. Raises Denied."""
        self._headers = {}
        name, given = _matched(request)
        if self.venue.quirks.mode == "maintenance" and endpoint not in OPEN_IN_MAINTENANCE:
            raise closed()
        if name in PUBLIC:
            return PUBLIC[name](self.venue, {**dict(request.query), **given})
        key = self.venue.keys.accept(
            request.headers, request.method, _signed(request), body, self.venue.now_us()
        )
        call.key = f"{key.owner}/{key.purpose}"
        self._headers = self.venue.limits.take(key.owner, endpoint, self.venue.now_us())
        if name not in PRIVATE:
            raise unknown_path()
        fields = {**dict(request.query), **_fields(body), **given}
        call.client_id = fields.get("clientOid", "")
        key.require(PRIVATE[name].permission)
        return PRIVATE[name].run(Request(self.venue, key, fields))


def _matched(request: web.Request) -> tuple[str, dict[str, str]]:
    """The row of the table that a request means, and what stands in its path."""
    path = request.match_info["path"]
    for name, pattern in PATTERNS.items():
        if name.startswith(f"{request.method} "):
            found = pattern.fullmatch(path)
            if found is not None:
                return name, found.groupdict()
    return f"{request.method} {path}", {}


def _signed(request: web.Request) -> str:
    """Path and query as they were sent: what the signature covers."""
    return request.raw_path[request.raw_path.index("/api/") :]


def _fields(body: str) -> dict[str, str]:
    """A JSON body's fields as text, numbers with the digits that were sent."""
    if not body:
        return {}
    try:
        found = json.loads(body, parse_float=Decimal)
    except ValueError as error:
        raise bad("Bad Request") from error
    return {k: v if isinstance(v, str) else encode(v) for k, v in found.items() if v is not None}
