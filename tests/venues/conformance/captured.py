"""One account at any venue: the real ccxt class over a session that keeps what leaves.

Answers stand in `payloads/<venue>.http`, one paragraph each: method and path (and a status that
is not 200, in brackets), then the body as the venue would send it, digits included. The one
rule: an endpoint without an answer fails.
"""

import base64
import json
import re
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from domain.instruments import Account
from tests.venues.ccxt_stub import ManualClock
from venues.budget import Budget, Pace
from venues.ccxt_client import Client, Purpose, config_of
from venues.ccxt_market import CcxtMarket
from venues.ccxt_markets import Markets
from venues.ccxt_quirks import quirks_of
from venues.ccxt_reader import CcxtReader
from venues.ccxt_trader import CcxtTrader
from venues.ccxt_wire import Wire
from venues.ccxt_withdrawer import CcxtWithdrawer
from venues.keys import Keys, Secret
from venues.lazy_ccxt import exchange_class
from venues.nonce import Lane

PAYLOADS = Path(__file__).parent / "payloads"
# What changes with every request: times, and what signs them.
VOLATILE = frozenset({"timestamp", "signature", "nonce", "t"})
Answering = Callable[["Sent"], str | None]


@dataclass(frozen=True, slots=True)
class Sent:
    """One request as it would have left: path without host, parameters as text."""

    method: str
    path: str
    params: Mapping[str, str]

    def __str__(self) -> str:
        told = (f"{name}={value}" for name, value in sorted(self.params.items()))
        return " ".join((self.method, self.path, *told))


def keys_for(venue: str) -> Keys:
    """Keys of the form that the venue's signature needs; good for nothing."""
    if venue == "coinbase":
        return Keys(key=Secret("organizations/a/apiKeys/b"), secret=Secret(_private_key()))
    name = "account-KEY" if venue == "gemini" else "KEY"
    return Keys(key=Secret(name), secret=Secret("c2VjcmV0"), passphrase=Secret("pass"))


def _private_key() -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    form = PrivateFormat.TraditionalOpenSSL
    return key.private_bytes(Encoding.PEM, form, NoEncryption()).decode()


def payloads(venue: str) -> dict[str, str]:
    """Bodies by "METHOD /path [(status)] [name=value …]"; a `*` is one part of a path."""
    told = (PAYLOADS / f"{venue}.http").read_text(encoding="utf-8")
    parts = (part.strip().partition("\n") for part in re.split(r"\n\s*\n", told) if part.strip())
    found = {head.strip(): body.strip() for head, _, body in parts}
    return dict(sorted(found.items(), key=lambda told: "*" in told[0]))


class Session:
    """Stands where aiohttp's session would; answers at once."""

    headers: Mapping[str, str] = {}

    def __init__(self, venue: str) -> None:
        self.sent: list[Sent] = []
        self.bodies = payloads(venue)
        self.status = 200
        self.answering: Answering = lambda _: None

    def __getattr__(self, name: str) -> Any:
        def respond(url: object, data: Any = None, headers: Any = None, **_: Any) -> "_Response":
            sent = _sent(name.upper(), str(url), data, headers or {})
            self.sent.append(sent)
            return _Response(*self._answer(sent))

        if name not in ("get", "post", "put", "delete", "patch"):
            raise AttributeError(name)
        return respond

    def _answer(self, sent: Sent) -> tuple[str, int]:
        answer = self.answering(sent)
        if answer is not None:
            return answer, self.status
        for head, body in self.bodies.items():
            method, path, *told = head.split()
            status = int(told.pop(0).strip("()")) if told and told[0][0] == "(" else self.status
            wanted = re.escape(path).replace(r"\*", "[^/]+")
            said = {f"{name}={value}" for name, value in sent.params.items()}
            if method == sent.method and re.fullmatch(wanted, sent.path) and said.issuperset(told):
                return body, status
        raise AssertionError(f"no answer for {sent}")


def _sent(method: str, url: str, data: Any, headers: Mapping[str, str]) -> Sent:
    parts = urlsplit(url)
    body = data.decode() if isinstance(data, bytes) else (data or "")
    params = dict(parse_qsl(parts.query, keep_blank_values=True))
    if "X-GEMINI-PAYLOAD" in headers:
        body = base64.b64decode(headers["X-GEMINI-PAYLOAD"]).decode()
    if body.startswith("{"):
        params |= _flat(json.loads(body, parse_float=_no_float))
    elif body:
        params |= dict(parse_qsl(body, keep_blank_values=True))
    # Gemini's timestamp is where its list begins.
    volatile = VOLATILE - {"timestamp"} if "X-GEMINI-PAYLOAD" in headers else VOLATILE
    kept = {name: value for name, value in params.items() if name not in volatile}
    return Sent(method, parts.path, kept)


def _no_float(text: str) -> Any:
    raise AssertionError(f"{text} left as a number with a point; it must be text")


def _flat(told: Mapping[str, Any], before: str = "") -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in told.items():
        if isinstance(value, dict):
            found |= _flat(value, f"{before}{name}.")
        else:
            found[f"{before}{name}"] = value if isinstance(value, str) else json.dumps(value)
    return found


class _Response:
    def __init__(self, body: str, status: int) -> None:
        self._body = body
        self.status = status
        self.reason = "as scripted"
        self.headers = {"Content-Type": "application/json"}
        self.content = SimpleNamespace()

    async def text(self, errors: str) -> str:
        return self._body

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        return None


class Still(ManualClock):
    """It is always now, so that what is read can be compared to the last digit."""

    def now_us(self) -> int:
        return self.at_us


@dataclass(frozen=True, slots=True)
class LoadedKey:
    """As `WithdrawClients`: a client with a key of its own, for one block."""

    make: Callable[[], tuple[Client, Keys]]

    @asynccontextmanager
    async def opened(self) -> AsyncGenerator[tuple[Client, Keys]]:
        yield self.make()


class Captured:
    """Market, reader and trader of one account, and everything that they sent."""

    def __init__(self, venue: str, *, wallets: Sequence[str] = ()) -> None:
        self.venue = venue
        self.account = Account(venue, "main")
        fast = Pace(10_000, 10_000.0)
        self.quirks = replace(quirks_of(venue), pace=fast, public_pace=fast)
        self.clock = Still()
        self.session = Session(venue)
        self.problems: list[str] = []
        keys = keys_for(venue)
        markets = Markets(self._client(keys if self.quirks.public_needs_keys else None), self.clock)
        shared: dict[str, Any] = {"quirks": self.quirks, "markets": markets}
        looking: dict[str, Any] = {
            "opened": None,
            "clock": self.clock,
            "on_rejected": self.problems.append,
        }
        self.market = CcxtMarket(client=markets._client, **shared, **looking)
        self.reader = CcxtReader(
            account=self.account, client=self._client(keys), wallets=wallets, **shared, **looking
        )
        self.trader = CcxtTrader(account=self.account, client=self._client(keys), **shared)
        clients: Any = LoadedKey(lambda: (self._client(keys_for(venue)), keys))
        self.withdrawer = CcxtWithdrawer(account=self.account, clients=clients, **shared)

    def forget(self) -> None:
        """Only what leaves from now on is of interest."""
        self.session.sent.clear()

    @property
    def lines(self) -> list[str]:
        return [str(sent) for sent in self.session.sent]

    def _client(self, keys: Keys | None) -> Client:
        here = {"session": self.session, "ssl_context": False}
        api = exchange_class(self.venue)({**config_of(self.quirks, keys), **here})
        lane = Lane(self.venue, self.clock, single=self.quirks.nonce and keys is not None)
        budget = Budget(self.venue, self.quirks.pace, self.clock)
        wire = Wire(self.quirks, budget, lane, self.clock, lambda _: None)
        wire.attach(api)
        api.__class__.__del__ = lambda _: None  # nothing of these is open
        purpose = Purpose(who=str(self.account), key="k", keys=keys)
        return Client(api, wire, self.quirks, purpose, self.clock)
