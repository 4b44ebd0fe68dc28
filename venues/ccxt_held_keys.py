"""The key that clients of one purpose sign with, changed while they run (R-C1).

The one rule: a new key is tried with a client of its own, by asking what changes nothing, and
is used only once the venue knew it; what was signed before goes on with the old one.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, MutableMapping
from contextlib import asynccontextmanager
from dataclasses import replace

from domain.errors import Misconfigured
from domain.keys import KeyInspector, KeyReport
from domain.keys import Purpose as KeyPurpose
from venues.budget import Priority
from venues.ccxt_client import Client, Clients, Purpose
from venues.ccxt_errors import VenueUnavailable
from venues.ccxt_inspector import CcxtInspector
from venues.ccxt_permissions import Permissions
from venues.ccxt_sayings import Cause
from venues.keys import Keys

Lend = Callable[[Client], Awaitable[None]]
Load = Callable[[], Keys | None]


class Held:
    """One key in use: the client that lives with it, and those that are opened for a while."""

    def __init__(self, clients: Clients, purpose: Purpose, client: Client) -> None:
        self._clients = clients
        self.purpose = purpose
        self.client = client

    @asynccontextmanager
    async def opened(self) -> AsyncGenerator[Client]:
        """A client of its own, with the key as it is now; Unavailable while there is none."""
        self.purpose.present()
        async with self._clients.opened(self.purpose) as client:
            yield client

    @asynccontextmanager
    async def trying(self, keys: Keys) -> AsyncGenerator[Client]:
        """A client with another key, for one block."""
        purpose = replace(self.purpose, keys=keys, absent=None, trial=True)
        async with self._clients.opened(purpose) as client:
            yield client

    def take(self, keys: Keys) -> None:
        """Sign with this key from now on."""
        self.purpose = replace(self.purpose, keys=keys, absent=None)
        self._clients.rekey(self.client, self.purpose)


class HeldKey:
    """Changes the key of one purpose of an account (the port `domain.keys.KeyChanger`).

    `load` reads it anew from where it is kept. `inspectors` are the account's: the one of this
    purpose is renewed with the key.
    """

    def __init__(
        self,
        *,
        held: Held,
        purpose: KeyPurpose,
        row: Permissions,
        load: Load,
        lend: Lend,
        inspectors: MutableMapping[KeyPurpose, KeyInspector],
    ) -> None:
        self._held = [held]
        self._purpose = purpose
        self._row = row
        self._load = load
        self._lend = lend
        self._inspectors = inspectors
        self._fresh: Keys | None = None
        self._inspect_with(held.purpose.keys)

    def also(self, held: Held) -> None:
        """Change the key of this client, too: it was lent to what everybody may know."""
        self._held.append(held)

    @property
    def fingerprint(self) -> str:
        """Tells the key in use from others; "" while there is none."""
        keys = self._held[0].purpose.keys
        return "" if keys is None else keys.fingerprint

    @property
    def missing(self) -> str:
        """Why there is no key to use; "" when there is one."""
        absent = self._held[0].purpose.absent
        return "" if absent is None else absent.why

    async def fresh(self) -> KeyReport:
        """Read the key anew, try it, and tell what the venue says of it; nothing is changed.

        Raises:
            Unavailable: the store or the venue does not answer, or the venue does not know it.
            Misconfigured: there is no whole key where it is kept.
        """
        self._fresh = None
        held = self._held[0]
        keys = await asyncio.to_thread(self._load)
        if keys is None:
            raise Misconfigured(held.purpose.key, "there is no key where it should be kept")
        async with held.trying(keys) as client:
            report = await CcxtInspector(client, keys, self._purpose, self._row).inspect()
            if not report.tells:
                await self._knocked(client)
        self._fresh = keys
        return report

    async def _knocked(self, client: Client) -> None:
        """Of a key that the venue tells nothing about: whether it lets it in at all."""
        await self._lend(client)
        try:
            await client.read("fetch_balance", priority=Priority.READ)
        except VenueUnavailable as error:
            # Who is told that he may not was recognised before that.
            if error.cause is not Cause.PERMISSION:
                raise

    def take(self) -> None:
        """Use the key that `fresh` read, from the next request on."""
        keys, self._fresh = self._fresh, None
        assert keys is not None, "try it first"
        for held in self._held:
            held.take(keys)
        self._inspect_with(keys)

    def _inspect_with(self, keys: Keys | None) -> None:
        self._inspectors[self._purpose] = CcxtInspector(
            self._held[0].client, keys, self._purpose, self._row
        )
