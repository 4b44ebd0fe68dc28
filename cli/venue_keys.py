"""The keys of every account, read when the venues are opened, and anew when they are changed.

The one rule: an account whose keys cannot be had is kept out, loudly, and tried again; the
others go on. Where no account has all of its keys, nothing starts.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from functools import partial

from config.kept import Store, StoreDown
from config.references import parse_reference
from config.secrets_stores import SecretStores
from config.settings import ExchangeSettings
from domain.errors import DeskError, Unavailable
from domain.instruments import Account
from domain.keys import Purpose
from venues.keys import AccountKeys, Keys, NoKey

References = Mapping[Purpose, str | None]
log = logging.getLogger(__name__)


class KeyLoading:
    """Reads the keys of one book's accounts, one after the other."""

    def __init__(self, secrets: SecretStores) -> None:
        self._secrets = secrets
        self._down: dict[str, StoreDown] = {}
        self._problems: list[DeskError] = []
        self._whole = 0

    async def of(self, account: Account, references: References, *, trade: bool) -> AccountKeys:
        """The keys of one account; `NoKey` in place of one that cannot be had now.

        Without `trade` the trade key is not touched.
        """
        before = len(self._problems)
        read = await self._one(account, references, Purpose.READ)
        wanted = await self._one(account, references, Purpose.TRADE) if trade else None
        self._whole += len(self._problems) == before
        kept = references.get(Purpose.WITHDRAW)
        assert read is not None  # read_key raises where there is none
        return AccountKeys(
            read=read,
            trade=wanted,
            withdraw=self._loader(account, references, Purpose.WITHDRAW) if kept else None,
            load=lambda purpose: self._loader(account, references, purpose)(),
        )

    def insist(self) -> None:
        """Raise what was met first, when no account has all of its keys."""
        if self._problems and not self._whole:
            raise self._problems[0]

    def _loader(
        self, account: Account, references: References, purpose: Purpose
    ) -> Callable[[], Keys | None]:
        reference = references.get(purpose)
        if purpose is Purpose.READ:
            return partial(self._secrets.read_key, account, reference)
        return partial(self._secrets.venue_key, account, purpose, reference)

    async def _one(
        self, account: Account, references: References, purpose: Purpose
    ) -> Keys | NoKey | None:
        reference, load = references.get(purpose), self._loader(account, references, purpose)
        scheme = "" if reference is None else parse_reference(reference).scheme
        try:
            if scheme in self._down:
                raise self._down[scheme]
            # A passphrase may be asked for here, which no other thread should do.
            return await asyncio.to_thread(load) if scheme in self._secrets.remote else load()
        except DeskError as error:
            if isinstance(error, StoreDown):
                self._down[scheme] = error  # nobody waits for it once more
            self._problems.append(error)
            log.warning("%s: its %s key could not be read: %s", account, purpose, error)
            remedy = error.remedy if isinstance(error, Unavailable) else ""
            return NoKey(why=str(error), remedy=remedy)


async def kept_open(secrets: SecretStores, exchanges: Mapping[str, ExchangeSettings]) -> None:
    """Keep the access to the stores beyond this machine alive for as long as this runs."""
    told = [
        reference
        for exchange in exchanges.values()
        for account in exchange.accounts.values()
        for reference in account.references.values()
        if reference is not None
    ]
    schemes = {parse_reference(reference).scheme for reference in told} & set(secrets.remote)
    async with asyncio.TaskGroup() as tasks:
        for scheme in schemes:
            tasks.create_task(_kept_open(secrets.remote[scheme]), name=f"access to {scheme}")


async def _kept_open(store: Store) -> None:
    said = ""
    while True:
        wait_s, trouble = await asyncio.to_thread(store.upkeep)
        if trouble != said:
            said = trouble
            if trouble:
                log.warning("%s; keys that were read stay in use", trouble)
        await asyncio.sleep(wait_s)
