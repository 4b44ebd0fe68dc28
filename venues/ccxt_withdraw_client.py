"""The client that can withdraw: it exists only while one thing is done with it.

The one rule: the withdraw key is loaded inside the block and forgotten at its end, whatever
happens in between; nobody can hold on to a client that still knows it.
"""

import asyncio
import traceback
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

from domain.errors import Misconfigured
from domain.instruments import Account
from domain.keys import KeyReport, Purpose
from venues import ccxt_client
from venues.ccxt_client import Client, Clients
from venues.ccxt_inspector import CcxtInspector
from venues.ccxt_permission_rows import row_of
from venues.keys import Keys

LoadKey = Callable[[], Keys | None]
# Where a ccxt object keeps what it signs with, and what it signed last.
_SECRETS = ("apiKey", "secret", "password", "privateKey", "walletAddress", "token", "uid", "twofa")
_TRACES = (
    "last_request_headers",
    "last_request_body",
    "last_request_url",
    "last_http_response",
    "last_json_response",
)


class WithdrawClients:
    """Opens the clients of one account's withdraw key, each for one block.

    `load` reads the key from where it is kept; it is called once a block.
    """

    def __init__(self, account: Account, clients: Clients, load: LoadKey) -> None:
        self._account = account
        self._clients = clients
        self._load = load

    @asynccontextmanager
    async def opened(self) -> AsyncGenerator[tuple[Client, Keys]]:
        """A client that may withdraw, and its key, both dead when the block ends.

        Raises:
            Misconfigured: when there is no key to withdraw with, or it cannot be read.
        """
        setting = f"exchanges.{self._account.venue}.accounts.{self._account.name}.withdraw"
        keys = await asyncio.to_thread(self._load)  # a store may take its time
        if keys is None:
            raise Misconfigured(setting, "there is no key to withdraw with")
        purpose = ccxt_client.Purpose(who=str(self._account), key=setting, keys=keys)
        try:
            async with self._clients.opened(purpose) as client:
                try:
                    yield client, keys
                finally:
                    _forget(client.api)
        except BaseException as error:
            _empty_frames(error)
            raise
        finally:
            keys.forget()

    @property
    def fingerprint(self) -> str:
        """Always "": to tell this key from others it would have to be loaded."""
        return ""

    async def inspect(self) -> KeyReport:
        """What the venue says of the withdraw key (the port `KeyInspector`).

        Raises:
            Unavailable: when the venue does not answer; Misconfigured: when there is no key.
        """
        async with self.opened() as (client, keys):
            row = row_of(self._account.venue)
            return await CcxtInspector(client, keys, Purpose.WITHDRAW, row).inspect()


def _empty_frames(error: BaseException | None) -> None:
    """An error keeps the frames that it came through, and with them signed headers."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        traceback.clear_frames(error.__traceback__)
        error = error.__cause__ or error.__context__


def _forget(api: Any) -> None:
    for name in _SECRETS:
        if getattr(api, name, None):
            setattr(api, name, "")
    for name in _TRACES:
        setattr(api, name, None)
