"""Kraken's REST paths: `/0/public/…` and `/0/private/…`.

Execution: maintenance, then key, signature, nonce, rate limit, permission, handler. The one
rule: the shared path (`tests.wire.rest`) decides what becomes of the reply.
"""

from aiohttp import web

from tests.wire import rest
from tests.wire.encode import encode
from tests.wire.faults import Answer
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
OPEN_IN_MAINTENANCE = ("Time", "SystemStatus")


class RestSide(rest.RestSide[KrakenVenue]):
    """The handler of every request; an endpoint is the path's last part."""

    lists = ("open", "closed", "trades", "ledger")

    def endpoint_of(self, request: web.Request) -> str:
        """`AddOrder` of `/0/private/AddOrder`."""
        return request.path.rpartition("/")[2]

    def answered(self, result: object, call: Call) -> Answer:
        """A result beside an empty list of errors."""
        return Answer(encode({"error": [], "result": result}).encode())

    def error(self, text: str) -> Answer:
        """One of Kraken's error texts; `EService:Unavailable` unless given."""
        return Denied(text or UNAVAILABLE).answer()

    def result(self, request: web.Request, endpoint: str, body: str, call: Call) -> object:
        """Carry the request out. Raises Denied."""
        if self.venue.quirks.mode == "maintenance" and endpoint not in OPEN_IN_MAINTENANCE:
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
