"""The keys that sign links: read once, renewed monthly, the old one kept while its links live.

The one rule: a key is used only once it is kept, or (where nothing keeps secrets here) lives and
dies with this process, and its links with it.
"""

import asyncio
import logging
from typing import Protocol

from domain.ports import Dice
from risk.links import KEY_BITS, LinkKey, current, kept, keys_of, renewed, too_old

log = logging.getLogger(__name__)


class LinkKeyStore(Protocol):
    """Where the signing keys are kept. It may ask another process: never on the loop."""

    def read(self) -> str | None:
        """What `write` was given last, None: nothing is kept."""
        ...

    def write(self, text: str) -> bool:
        """Keep it; False where no secret can be kept without asking a person."""
        ...


class LinkKeys:
    """The signing keys of one desk."""

    def __init__(self, store: LinkKeyStore, dice: Dice) -> None:
        self._store = store
        self._dice = dice
        self._keys: tuple[LinkKey, ...] | None = None
        self._lock = asyncio.Lock()

    async def signing(self, now_us: int) -> str:
        """The key that signs, a new one where that is due."""
        async with self._lock:
            keys = await self._known()
            if too_old(keys, now_us):
                keys = renewed(keys, f"{self._dice.bits(KEY_BITS):064x}", now_us)
                if not await asyncio.to_thread(self._store.write, kept(keys)):
                    log.warning("links end with this engine: no place here keeps their key")
                self._keys = keys
            return keys[-1].key

    async def counting(self, now_us: int) -> list[str]:
        """The keys whose links count now."""
        async with self._lock:
            return [key.key for key in current(await self._known(), now_us)]

    async def _known(self) -> tuple[LinkKey, ...]:
        if self._keys is None:
            self._keys = keys_of(await asyncio.to_thread(self._store.read))
        return self._keys
