"""The real ccxt class over a session that is a dictionary: no sockets, a millisecond a call."""

import json
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, Self

from domain.instruments import Account
from tests.venues.ccxt_stub import READ, ManualClock, payload
from venues.budget import Budget, Pace
from venues.ccxt_client import Client, Purpose
from venues.ccxt_market import CcxtMarket
from venues.ccxt_markets import Markets
from venues.ccxt_quirks import KRAKEN
from venues.ccxt_reader import CcxtReader
from venues.ccxt_wire import Wire
from venues.lazy_ccxt import exchange_class
from venues.nonce import Lane

ACCOUNT = Account("kraken", "main")


class Answer:
    """What aiohttp would hand to ccxt."""

    def __init__(self, body: str, status: int, kind: str) -> None:
        self._body = body
        self.status = status
        self.reason = "as scripted"
        self.headers = {"Content-Type": kind}
        self.content = SimpleNamespace()

    async def text(self, errors: str) -> str:
        assert errors == "replace"
        return self._body

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        return None


class Session:
    """Answers by the last part of the path; falls back on our recorded payloads."""

    headers: Mapping[str, str] = {}

    def __init__(self, answers: Mapping[str, str], status: int, kind: str) -> None:
        self._answers = answers
        self._status = status
        self._kind = kind

    def _respond(self, url: Any, **_: Any) -> Answer:
        name = url.path.rpartition("/")[2]
        if name in self._answers:
            return Answer(self._answers[name], self._status, self._kind)
        return Answer(payload(name), 200, "application/json")

    get = post = _respond

    async def close(self) -> None:
        return None


class Offline:
    """One account at Kraken whose answers are given."""

    def __init__(
        self,
        answers: Mapping[str, Any] | None = None,
        *,
        status: int = 200,
        kind: str = "application/json",
    ) -> None:
        texts = {
            name: body if isinstance(body, str) else json.dumps(body)
            for name, body in (answers or {}).items()
        }
        self.clock = ManualClock()
        self.problems: list[str] = []
        client = self._client(Session(texts, status, kind))
        markets = Markets(self._client(Session(texts, status, kind)), self.clock)
        shared: dict[str, Any] = {
            "opened": None,
            "markets": markets,
            "quirks": KRAKEN,
            "clock": self.clock,
            "on_rejected": self.problems.append,
        }
        self.reader = CcxtReader(account=ACCOUNT, client=client, **shared)
        self.market = CcxtMarket(client=markets._client, **shared)

    def _client(self, session: Session) -> Client:
        api = exchange_class("kraken")(
            {
                "session": session,
                "ssl_context": False,
                "number": str,
                "enableRateLimit": False,
                "apiKey": READ.key.reveal(),
                "secret": READ.secret.reveal(),
            }
        )
        budget = Budget("kraken", Pace(1000, 1000.0), self.clock)
        lane = Lane("kraken", self.clock, single=True)
        wire = Wire(KRAKEN, budget, lane, self.clock, lambda _: None)
        wire.attach(api)
        api.__class__.__del__ = lambda _: None  # nothing of these is open
        return Client(api, wire, KRAKEN, Purpose(who="kraken/main", key="k", keys=READ), self.clock)
