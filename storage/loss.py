"""A ledger that lost rows: what still knows them, and how it goes on when a person accepts that.

The one rule: whatever contradicts the ledger is put aside and kept, never changed. The head file
is renewed; the anchor file is renamed, and the next anchor begins a new one.
"""

import asyncio
import contextlib
import logging
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from domain.evidence import Contradiction
from storage.anchors import compared, told_by
from storage.batch import Head
from storage.database import head_of, open_reader
from storage.durable import sync_directory
from storage.head import read_head
from storage.ledger import SqliteLedger
from storage.places import Places
from storage.seal_check import eras

_HASH = "SELECT hash FROM event WHERE seq = ?"
log = logging.getLogger(__name__)


class KnownRows:
    """What the head file and the anchors know of an open ledger: `domain.evidence.HeadFile`."""

    def __init__(self, places: Places, ledger: SqliteLedger, anchors: Path) -> None:
        self._places = places
        self._ledger = ledger
        self._anchors = anchors

    async def contradiction(self) -> Contradiction | None:
        """How the head file or the anchors contradict the ledger; None when both vouch for it."""
        return await asyncio.to_thread(self._found)

    async def accept(self, at_us: int) -> None:
        """Believe the ledger as it is; `at_us` names the anchor file that is put aside.

        Raises:
            OSError: when the disk refuses; it can be accepted again then.
        """
        await asyncio.to_thread(self._put_aside, at_us)
        await self._ledger.accept_loss()

    def _found(self) -> Contradiction | None:
        problem = self._ledger.head_problem
        if problem:
            with contextlib.suppress(ValueError):
                note = read_head(self._places.head)
                if note is not None:
                    return Contradiction(problem=problem, known_seq=note.seq, known_hash=note.hash)
        with contextlib.closing(open_reader(self._places.ledger)) as reader:
            if not problem:
                known = eras(reader, head_of(reader).seq)
                finding = compared(reader, (self._anchors,), known).finding
                if finding is None:
                    return None
                problem = finding[1]
            lost = max(self._lost(reader), default=Head(0, b""))
        return Contradiction(problem=problem, known_seq=lost.seq, known_hash=lost.hash.hex())

    def _lost(self, reader: sqlite3.Connection) -> Iterator[Head]:
        """Rows that anchors of this ledger know, and it does not."""
        for told in told_by(self._anchors):
            if told.ledger_id == self._ledger.genesis.ledger_id:
                row = reader.execute(_HASH, (told.head.seq,)).fetchone()
                if row is None or row[0] != told.head.hash:
                    yield told.head

    def _put_aside(self, at_us: int) -> None:
        if not self._anchors.exists():
            return
        aside = self._anchors.with_name(f"{self._anchors.name}.until-{at_us}")
        self._anchors.rename(aside)
        sync_directory(aside.parent)
        log.warning("the anchors that know the lost rows are kept in %s", aside)
