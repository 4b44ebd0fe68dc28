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
from domain.errors import DeskError, Unavailable
from domain.ports import Clock
from storage.anchors import Anchor, AnchorFile
from storage.ledger import SqliteLedger
from storage.seals import Sealer
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
    """
    ledger_id = ledger.genesis.ledger_id
    ledger.seal_with(lambda head: sealer.seal(ledger_id, head))
    if ledger.sealed_by != sealer.public_key:
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
        await ledger.append([adopted])
        ledger.sealed_by = own
    ledger.witness = Witness(sealer.public_key, anchors)


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
