"""The ledgers that pass the contract: the real one, and one in memory for simulations.

`MemoryLedger` has no thread, no file and no clock, so a seeded simulation can own every step; it
plans with the real `storage.batch`.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

from domain.errors import DeskError, Unavailable
from domain.events import Fact, LedgerOpened
from domain.queries import VerifyReport
from domain.storage_ports import Appended, Ledger
from storage.batch import EMPTY, Head, Row, Stored, plan
from storage.chain import link
from storage.entries import entry_of
from storage.ledger import SqliteLedger
from storage.places import Places
from storage.writer import Committed

Open = Callable[[Committed], AbstractAsyncContextManager[Ledger]]


class MemoryLedger:
    """`domain.storage_ports.Ledger` in a list; what is appended is "durable" at once."""

    def __init__(self, genesis: LedgerOpened, committed: Committed) -> None:
        self.rows: list[Row] = []
        self._told: list[tuple[Appended, Fact]] = []
        self._known: dict[str, Stored] = {}
        self._head = EMPTY
        self._closed = False
        self.failure = ""
        self._committed: Committed = lambda news: None
        self._store([genesis])
        self._committed = committed

    def append(self, facts: Sequence[Fact]) -> Awaitable[Sequence[Appended]]:
        """As the port says; the answer is there when this returns."""
        done: asyncio.Future[Sequence[Appended]] = asyncio.get_running_loop().create_future()
        answer: Sequence[Appended] | DeskError
        if self._closed:
            answer = Unavailable("the ledger", "it is being closed")
        else:
            answer = self._store(facts)
        if isinstance(answer, DeskError):
            done.set_exception(answer)
        else:
            done.set_result(answer)
        return done

    async def facts(self) -> AsyncIterator[tuple[Appended, Fact]]:
        """Every fact from the first on."""
        for told in list(self._told):
            yield told

    async def verify(self, *, tail: int = 0) -> VerifyReport:
        """Walk the chain in memory."""
        head = EMPTY
        for row in self.rows:
            if row[8] != head.hash or link(head.hash, head.seq + 1, row[7]) != row[9]:
                return VerifyReport(
                    result="FAIL", rows=head.seq, head_seq=0, head_hash="", bad_seq=head.seq + 1
                )
            head = Head(row[0], row[9])
        return VerifyReport(
            result="OK",
            rows=len(self.rows),
            head_seq=head.seq,
            head_hash=head.hash.hex(),
            unproven=("head file", "seals", "anchors"),
        )

    async def reopen(self) -> None:
        """Nothing of it ever fails."""

    async def close(self) -> None:
        """Take nothing any more."""
        self._closed = True

    def _store(self, facts: Sequence[Fact]) -> Sequence[Appended] | DeskError:
        planned = plan([[entry_of(fact) for fact in facts]], self._head, self._known)
        self._head = planned.head
        self.rows += planned.rows
        self._told += planned.news
        for row, (appended, fact) in zip(planned.rows, planned.news, strict=True):
            self._known[row[6]] = Stored(appended.seq, appended.hash, fact)
        if planned.news:
            self._committed(planned.news)
        return planned.answers[0]


def in_memory(genesis: LedgerOpened) -> Open:
    """Open ledgers in memory; each one is new."""

    @asynccontextmanager
    async def opened(committed: Committed) -> AsyncGenerator[Ledger]:
        ledger = MemoryLedger(genesis, committed)
        yield ledger
        await ledger.close()

    return opened


def in_sqlite(genesis: LedgerOpened, folder: Path) -> Open:
    """Open the real ledger under `folder`."""

    @asynccontextmanager
    async def opened(committed: Committed) -> AsyncGenerator[Ledger]:
        async with SqliteLedger(Places(folder, genesis.book), genesis, committed) as ledger:
            yield ledger

    return opened
