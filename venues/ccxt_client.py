"""One ccxt exchange object for one purpose, with our transport under it.

The one rule: every call to ccxt goes through `Client.ask`, where whatever it raises is judged
once. ccxt itself never retries, never throttles, never rounds into floats.
"""

import asyncio
import re
import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from decimal import localcontext
from typing import Any

import certifi

from domain.errors import DeskError, Unavailable
from domain.ports import Clock
from venues.budget import Priority
from venues.ccxt_errors import Failed, VenueUnavailable, judge
from venues.ccxt_row import Endpoint, Quirks
from venues.ccxt_sayings import Cause, Judgement
from venues.ccxt_wire import CURRENT, Call, Wire, open_session
from venues.keys import Keys, NoKey
from venues.lazy_ccxt import exchange_class

CLOSING_S = 2.0
_NARROW = (Cause.KEY, Cause.PERMISSION, Cause.ACCOUNT)
# A call may wait for its budget, for its lane, and for the venue; each has its own limit, this
# one is for what nobody thought of.
LONGEST_S = 90.0
# ccxt's own methods that read, and its names of signed endpoints that are asked with GET.
_READING = re.compile(r"(fetch|load)_|\w*private\w*_get_")


@dataclass(frozen=True, slots=True, kw_only=True)
class Purpose:
    """What a client is for: `who` is shown in errors, `key` is the setting of its key.

    `absent` says why there is no key where one should be: nothing is asked without it. With
    `trial` the key is only being tried, and what it is refused for keeps no other client back.
    """

    who: str
    key: str = ""
    keys: Keys | None = None
    absent: NoKey | None = None
    trial: bool = False

    def present(self) -> None:
        """Raise Unavailable while the key is not there."""
        if self.absent is not None:
            why = f"{self.key or 'its key'} could not be read: {self.absent.why}"
            raise Unavailable(self.who, why, remedy=self.absent.remedy)


class Client:
    """A ccxt object, asked through one method."""

    def __init__(
        self, api: Any, wire: Wire, quirks: Quirks, purpose: Purpose, clock: Clock
    ) -> None:
        self.api = api
        self.wire = wire
        self._quirks = quirks
        self._purpose = purpose
        self._clock = clock

    @property
    def who(self) -> str:
        """The venue or account, as errors name it."""
        return self._purpose.who

    def now_us(self) -> int:
        """The desk's time, UTC microseconds."""
        return self._clock.now_us()

    def rekey(self, purpose: Purpose, wire: Wire) -> None:
        """Sign with another key from the next request on, in that key's lane and budget."""
        self._purpose = purpose
        told = _signing(purpose.keys)
        for name in ("apiKey", "secret", "password"):
            setattr(self.api, name, told.get(name, ""))
        self.wire.move(wire, self.api)

    async def ask(
        self, method: str, *args: Any, priority: Priority, section: str = ""
    ) -> tuple[Any, Call]:
        """What ccxt's `method` makes of the answer, and the call as the transport saw it.

        `section` stands before the endpoint's path where shapes are looked up.

        Raises:
            Failed: with the judgement; DeskError: when our own rules held the call back.
        """
        call = Call(priority=priority, section=section)
        return await self._asked(lambda: getattr(self.api, method)(*args), call)

    async def _asked(self, work: Callable[[], Awaitable[Any]], call: Call) -> tuple[Any, Call]:
        self._purpose.present()
        mark = CURRENT.set(call)
        try:
            # ccxt changes the decimal context that it runs under; here it has its own.
            with localcontext():
                async with asyncio.timeout(LONGEST_S):
                    return await work(), call
        except DeskError:
            raise
        except Exception as error:  # boundary: whatever a venue call raises is judged
            raise Failed(self.judged(error, call), call) from error
        finally:
            CURRENT.reset(mark)

    async def read(
        self, method: str, *args: Any, priority: Priority = Priority.READ, section: str = ""
    ) -> tuple[Any, Call]:
        """As `ask`, for what changes nothing at the venue; for nothing else.

        Raises:
            Unavailable: with cause and remedy, for every failure.
        """
        if _READING.match(method) is None:
            raise AssertionError(f"{method} is no read")
        try:
            return await self.ask(method, *args, priority=priority, section=section)
        except Failed as failed:
            raise self.unavailable(failed) from failed

    async def look(self, at: Endpoint, told: str, *, priority: Priority) -> list[Any]:
        """As `read`, of an endpoint that ccxt has no method for: its rows as ccxt reads them.

        Raises:
            Unavailable: with cause and remedy, for every failure.
        """

        async def rows() -> list[Any]:
            params = {at.parameter: told}
            answer = await self.api.request(at.path, list(at.api), at.verb, params)
            found = answer if isinstance(answer, list) else [answer]
            return [getattr(self.api, at.parse)(row) for row in found]

        try:
            found, _ = await self._asked(rows, Call(priority=priority))
        except Failed as failed:
            raise self.unavailable(failed) from failed
        return list(found)

    def unavailable(self, failed: Failed) -> VenueUnavailable:
        """The error of a read that failed like this."""
        return self.broken(failed.judgement)

    def broken(self, judgement: Judgement) -> VenueUnavailable:
        """Unavailable as judged, with the remedy for this client's key."""
        return VenueUnavailable(self.who, judgement, key=self._purpose.key)

    def judged(self, error: Exception, call: Call) -> Judgement:
        """What an error means; the venue is left alone for as long as it wants."""
        if self._purpose.keys is not None:  # before anything is cut off
            call.body = self._purpose.keys.blotted(call.body)
        judgement = judge(error, call, self._quirks, now_us=self._clock.now_us())
        # A key that may not read futures is no wrong key: what it may do goes on.
        narrow = bool(call.section) and judgement.cause in _NARROW
        if judgement.pause_us and not narrow:
            self.wire.budget.ban(
                judgement.pause_us,
                judgement.words,
                self.broken(judgement).remedy,
                everyone=judgement.for_all,
                grows=judgement.cause is Cause.RATE and not judgement.told_pause,
            )
        return judgement


class Clients:
    """Makes the clients of one venue; they share its TLS context and what `wire_for` shares."""

    def __init__(
        self,
        quirks: Quirks,
        clock: Clock,
        wire_for: Callable[[Purpose], Wire],
        timeout_ms: int,
        gateway: str | None = None,
    ) -> None:
        self._quirks = quirks
        self._clock = clock
        self._wire_for = wire_for
        self._timeout_ms = timeout_ms
        self._gateway = gateway
        self._class: Any = None
        self._tls: ssl.SSLContext | None = None

    async def load(self) -> None:
        """Import the venue's class and read the root certificates, off the event loop."""
        venue = self._quirks.traits.venue
        self._class = await asyncio.to_thread(exchange_class, venue)
        self._tls = await asyncio.to_thread(ssl.create_default_context, cafile=certifi.where())

    @asynccontextmanager
    async def opened(self, purpose: Purpose) -> AsyncGenerator[Client]:
        """A client with a connection pool of its own, closed at the end whatever happens."""
        session = open_session(self._tls, self._gateway)
        places = {
            "session": session,
            "ssl_context": self._tls,
            "timeout": self._timeout_ms,
            # With a session of ours ccxt would not look for it, and some streams need it.
            "asyncio_loop": asyncio.get_running_loop(),
        }
        api = self._class({**config_of(self._quirks, purpose.keys), **places})
        if self._quirks.traits.sandbox:  # asked for; where it was not, the row says False
            api.set_sandbox_mode(True)
        wire = self._wire_for(purpose)
        wire.attach(api)
        try:
            yield Client(api, wire, self._quirks, purpose, self._clock)
        finally:
            await _closed(api, session)

    def rekey(self, client: Client, purpose: Purpose) -> None:
        """Let a client sign with the key of another purpose object from its next request on."""
        client.rekey(purpose, self._wire_for(purpose))


def config_of(quirks: Quirks, keys: Keys | None) -> dict[str, Any]:
    """What a ccxt class is built with, whatever it is for: exact, unthrottled, never retrying."""
    config: dict[str, Any] = {
        "timeout_on_exit": 0,
        "number": str,  # Decimal would lose fees, float digits (venues.md, trap 15)
        "enableRateLimit": False,  # our budget stands before it
        # Its own retry would place an order twice (venues.md).
        "options": {**quirks.options, "maxRetriesOnFailure": 0},
        "has": dict.fromkeys(quirks.unused, False),
    }
    if quirks.keep_alive_ms:
        config["streaming"] = {"keepAlive": quirks.keep_alive_ms}
    return config | _signing(keys)


def _signing(keys: Keys | None) -> dict[str, str]:
    if keys is None:
        return {}
    told = {"apiKey": keys.key.reveal(), "secret": keys.secret.reveal()}
    if keys.passphrase is not None:
        told["password"] = keys.passphrase.reveal()
    return told


async def _closed(api: Any, session: Any) -> None:
    """Close streams and pool; a socket whose other end is silent does not hold us up."""
    try:
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSING_S):
                await api.close()
    finally:
        api.session = None  # the pool is ours; with it ccxt would complain when collected
        await session.close()
