"""What survives an engine: a ledger that takes its time to be durable, and the HALT marker.

The one rule: a crash keeps exactly what was durable, in the order in which it was appended; what
was still on its way is gone, or is there although nobody was told.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

from domain.controls import HaltTripped
from domain.errors import Refused, Unavailable
from domain.events import Fact, LedgerOpened
from domain.halts import GLOBAL, Level, Marker
from domain.queries import FillPage, LedgerPage, ReadFills, ReadLedger, VerifyReport
from domain.storage_ports import Appended
from storage.batch import EMPTY, Head, Row, Stored, plan
from storage.chain import link
from storage.entries import Entry, entry_of, fact_of
from storage.writer import Committed
from tests.sim.loop import SeededDice

Answer = asyncio.Future[Sequence[Appended]]


class Disk:
    """Rows that are durable, chained as the real ledger chains them."""

    def __init__(self, genesis: LedgerOpened) -> None:
        self.rows: list[Row] = []
        self.head: Head = EMPTY
        self.stored: dict[str, Stored] = {}
        self.marker: Marker | None = None
        self.narrower: dict[str, Marker] = {}
        self.on_row: Callable[[Fact], None] = lambda fact: None
        self.write([[entry_of(genesis)]])

    def write(
        self, groups: Sequence[Sequence[Entry]]
    ) -> tuple[list[tuple[Appended, Fact]], list[tuple[Appended, ...] | Refused]]:
        """Make groups durable; the news, and an answer for each group."""
        planned = plan(groups, self.head, self.stored)
        self.head = planned.head
        self.rows += planned.rows
        for row, (appended, fact) in zip(planned.rows, planned.news, strict=True):
            self.stored[row[6]] = Stored(appended.seq, appended.hash, fact)
            self.on_row(fact)
        return planned.news, planned.answers

    def facts(self) -> list[tuple[Appended, Fact]]:
        """Every fact, read back from its bytes."""
        return [(Appended(row[0], row[9].hex()), fact_of(row[0], row[7])) for row in self.rows]

    def tripped(self) -> bool:
        """Whether a halt that cancels everything was ever written down here."""
        return any(
            isinstance(stored.fact, HaltTripped) and stored.fact.level >= Level.HALT
            for stored in self.stored.values()
        )


class SimLedger:
    """The port `Ledger` on a `Disk`; appends wait for a group commit on the loop's clock."""

    def __init__(self, disk: Disk, committed: Committed, dice: SeededDice) -> None:
        self._disk = disk
        self._committed = committed
        self._dice = dice
        self._queue: list[tuple[list[Entry], Answer]] = []
        self._commit: asyncio.TimerHandle | None = None
        self._closed = False
        self._dead = False
        self.full = False
        self.failure = ""
        self.slow_us = 0  # how much longer every commit takes

    def append(self, facts: Sequence[Fact]) -> Awaitable[Sequence[Appended]]:
        """As the port says; durable after some milliseconds."""
        entries = [entry_of(fact) for fact in facts]
        loop = asyncio.get_running_loop()
        done: Answer = loop.create_future()
        if self._dead:
            return done  # nobody is there to be told
        if self.full:
            self.failure = "the disk is full"
        if self._closed or self.failure:
            why = self.failure or "it is being closed"
            done.set_exception(Unavailable("the ledger", why))
            return done
        self._queue.append((entries, done))
        if self._commit is None:
            slow = self._dice.chance(3)
            delay_us = self.slow_us + self._dice.between(200, 400_000 if slow else 8_000)
            self._commit = loop.call_later(delay_us / 1_000_000, self._write)
        return done

    async def reopen(self) -> None:
        """As the port says: it goes on as soon as the disk has room."""
        if self.full:
            raise Unavailable("the ledger", "the disk is full")
        self.failure = ""

    def _write(self) -> None:
        """One group commit: everything that is queued, told in order."""
        self._commit = None
        taken, self._queue = self._queue, []
        if not taken:
            return
        news, answers = self._disk.write([entries for entries, _ in taken])
        if news:
            self._committed(news)
        for (_, done), answer in zip(taken, answers, strict=True):
            if done.done():
                continue
            if isinstance(answer, Refused):
                done.set_exception(answer)
            else:
                done.set_result(answer)

    def crash(self) -> None:
        """The process is gone; of what was on its way, some beginning of it reached the disk."""
        self._dead = True
        if self._commit is not None:
            self._commit.cancel()
        kept = self._dice.between(0, len(self._queue))
        if kept:
            self._disk.write([entries for entries, _ in self._queue[:kept]])
        self._queue.clear()

    async def facts(self) -> AsyncIterator[tuple[Appended, Fact]]:
        """Every fact from the first on."""
        for told in self._disk.facts():
            yield told

    async def verify(self, *, tail: int = 0) -> VerifyReport:
        """Walk the chain."""
        head = EMPTY
        for row in self._disk.rows:
            if row[8] != head.hash or link(head.hash, head.seq + 1, row[7]) != row[9]:
                return VerifyReport(
                    result="FAIL", rows=head.seq, head_seq=0, head_hash="", bad_seq=head.seq + 1
                )
            head = Head(row[0], row[9])
        return VerifyReport(
            result="OK",
            rows=head.seq,
            head_seq=head.seq,
            head_hash=head.hash.hex(),
            unproven=("head file", "seals", "anchors"),
        )

    async def close(self) -> None:
        """Write what is queued, and take nothing any more."""
        if self._commit is not None:
            self._commit.cancel()
        if not self._dead:
            self._write()
        self._closed = True


class SimLedgerReader:
    """`domain.storage_ports.LedgerReader` on a `Disk`, as far as a headless desk asks it."""

    def __init__(self, disk: Disk) -> None:
        self._disk = disk

    async def rows(self, ask: ReadLedger) -> LedgerPage:
        """No screen reads pages in a simulation."""
        raise Unavailable("the simulation", "it keeps no pages")

    async def fills(self, ask: ReadFills) -> FillPage:
        """No screen reads pages in a simulation."""
        raise Unavailable("the simulation", "it keeps no pages")

    async def holds(self, key: str) -> bool:
        """Whether a durable row has this key."""
        return key in self._disk.stored


class SimMarker:
    """`domain.storage_ports.HaltMarker` beside the ledger: it survives what the ledger survives."""

    def __init__(self, disk: Disk) -> None:
        self._disk = disk

    def standing(self) -> Sequence[Marker]:
        """The marker over everything, if there is one, and those of narrower scopes."""
        over_all = () if self._disk.marker is None else (self._disk.marker,)
        return (*over_all, *self._disk.narrower.values())

    def write(self, marker: Marker) -> None:
        """Put it there."""
        if marker.scope == GLOBAL:
            self._disk.marker = marker
        else:
            self._disk.narrower[marker.scope] = marker

    def remove(self, scope: str) -> None:
        """Take it away."""
        if scope == GLOBAL:
            self._disk.marker = None
        kept = {name: m for name, m in self._disk.narrower.items() if m.scope != scope}
        self._disk.narrower = kept

    def present(self) -> bool:
        """Whether any is there."""
        return self._disk.marker is not None or bool(self._disk.narrower)

    def evidence(self) -> Sequence[tuple[str, Sequence[str]]]:
        """Nobody ran `--kill` without an engine."""
        return ()


class NoSecrets:
    """`domain.storage_ports.SecretStore` of a desk whose operators have enrolled nothing."""

    def read(self, reference: str) -> str | None:
        """There is none."""
        return None

    def write(self, reference: str, value: str) -> None:
        """Nobody enrols in a simulation."""
        raise Unavailable("the simulation", "it keeps no secrets")
