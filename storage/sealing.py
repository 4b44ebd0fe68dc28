"""Sealing a ledger while it is open: whose key it is, and anchors of every head.

The one rule: what was sealed once is never continued unsealed. A ledger whose key is not at hand
is not written at all until the key is back, or a new one is adopted in plain sight.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from domain.controls import SealKeyAdopted
from domain.errors import Corrupt, DeskError, Unavailable
from domain.ports import Clock
from storage.anchors import Anchor, AnchorFile
from storage.batch import Head
from storage.ledger import SqliteLedger
from storage.seals import Sealer, seal_fits
from storage.verify import Witness

SECOND_US = 1_000_000
LOOK_S = 1.0
EVERY_S = 60
WITHIN_S = 10.0  # a disk that hangs must hold nobody up: an alarm says it instead
EVERY_ROWS = 1_000
DAILY_S = 86_400
log = logging.getLogger(__name__)


async def begin(
    ledger: SqliteLedger,
    sealer: Sealer,
    *,
    at_us: int,
    actor: str,
    before: Sealer | None = None,
    anchors: tuple[Path, ...] = (),
) -> None:
    """Seal every commit from now on, adopting the key first if it is a new one.

    `before` is the key that sealed so far; without it the change stays unvouched for. From here
    on the ledger's own verifications are held against this key and these files of anchors.

    A ledger that ends without a good seal was not written by us: nothing is sealed then, for a
    new seal would vouch for the rows before it, and every verification goes on saying FAIL.

    Raises:
        Corrupt: a new key was to be adopted in such a ledger.
    """
    ledger_id = ledger.genesis.ledger_id
    if ledger.sealed_by and not await asyncio.to_thread(_ends_sealed, ledger):
        told = "the newest row has no seal of the key in force: it was not written by this program"
        if ledger.sealed_by != sealer.public_key:
            raise Corrupt(f"{told}; restore the ledger before its key is changed")
        log.critical("%s; nothing is sealed before it is restored", told)
        ledger.witness = Witness(sealer.public_key, anchors)
        return

    def seal(head: Head) -> bytes:
        return sealer.seal(ledger_id, head)

    if ledger.sealed_by == sealer.public_key:
        ledger.seal_with(seal)
    else:
        own, old = sealer.public_key, ledger.sealed_by
        agreed = before is not None and before.public_key == old
        adopted = SealKeyAdopted(
            at_us=at_us,
            actor=actor,
            public_key=own,
            by_own=sealer.vouch(ledger_id, old, own),
            before=old,
            by_before=before.vouch(ledger_id, old, own) if before is not None and agreed else "",
        )
        ledger.seal_with(seal, adopted)
        await ledger.append([adopted])
        ledger.sealed_by = own
    ledger.witness = Witness(sealer.public_key, anchors)


def _ends_sealed(ledger: SqliteLedger) -> bool:
    end = ledger.newest_anchor()
    return end is not None and seal_fits(end.ledger_id, end.public_key, end.head, end.seal)


class Anchoring:
    """Writes an anchor of the newest row wherever anchors go, while `run` runs.

    Every `EVERY_S` seconds in which something happened, after `EVERY_ROWS` rows, once a day
    whatever happens, and at the end (`now`).
    """

    def __init__(
        self,
        ledger: SqliteLedger,
        files: Sequence[AnchorFile],
        clock: Clock,
        *,
        within_s: float = WITHIN_S,
    ) -> None:
        self.newest: Anchor | None = None
        self.at_us = 0  # when `newest` was last written outside
        self.problem = ""
        self._ledger = ledger
        self._files = files
        self._clock = clock
        self._within_s = within_s
        self._last_us = 0

    async def run(self) -> None:
        """Anchor for ever."""
        while True:
            await asyncio.sleep(LOOK_S)
            if self._is_due():
                await self.now()

    async def now(self) -> None:
        """Anchor the newest row; what refuses is said, and tried again in a minute."""
        self._last_us = self._clock.monotonic_us()
        try:
            anchor = await asyncio.to_thread(self._ledger.newest_anchor)
            if anchor is None:
                return
            for file in self._files:
                await self._written(file, anchor)
        except (OSError, DeskError) as error:
            why = error.why if isinstance(error, Unavailable) else error
            self.problem = f"no anchor could be written: {why}"
            log.error("%s", self.problem)  # noqa: TRY400 - the reason is in the text
            return
        self.newest, self.problem = anchor, ""
        self.at_us = self._clock.now_us()
        log.info("%s", anchor.line())

    async def _written(self, file: AnchorFile, anchor: Anchor) -> None:
        try:
            async with asyncio.timeout(self._within_s):
                await asyncio.to_thread(file.append, anchor)
        except TimeoutError:
            told = f"{file.path.name} did not answer in {self._within_s} s"
            raise Unavailable("anchors", told) from None

    def _is_due(self) -> bool:
        waited_s = (self._clock.monotonic_us() - self._last_us) / SECOND_US
        newest = self.newest.head.seq if self.newest is not None else 0
        rows = self._ledger.head.seq - newest
        return (
            (rows > 0 and waited_s >= EVERY_S)
            or (rows >= EVERY_ROWS and not self.problem)
            or waited_s >= DAILY_S
        )


@asynccontextmanager
async def anchoring(anchors: Anchoring) -> AsyncGenerator[Anchoring]:
    """Anchor before and after the block; between them whoever runs tasks runs `anchors.run`."""
    await anchors.now()
    try:
        yield anchors
    finally:
        await anchors.now()
