"""The writer: the one task that owns the writing connection.

The one rule: nobody is told "stored" before the rows survive power loss, and then in the order
in which they were appended.

How it works. `enqueue` puts what one caller appends on a bounded queue and answers a future.
Whenever the writer is idle it takes what is queued (at most 256 facts, or one larger append),
chains it in memory, and writes it with a single INSERT statement. SQLite makes one statement
all-or-nothing by itself: there is no BEGIN that a cancelled task could leave open, and a batch
costs one hop to the database thread whatever its size. After the commit it calls `committed`
with the new rows, then resolves the futures. A caller that is cancelled has stopped waiting;
what it appended is written all the same.

Keys are not looked up in advance. When the INSERT finds that one exists, nothing is stored; the
writer then reads the rows that have the batch's keys, plans again without them, and inserts.

When SQLite fails, everything that waits fails with it (Unavailable: nothing was stored; Corrupt:
the disk may or may not have it), and so does every later append until `resume`.
"""

import asyncio
import json
import sqlite3
from collections import deque
from collections.abc import Callable, Sequence

import aiosqlite

from domain.errors import Corrupt, DeskError, Unavailable
from domain.events import Fact
from domain.storage_ports import Appended
from storage.batch import Head, Plan, Stored, plan, sealed
from storage.database import flattened, insert_statement, translated
from storage.entries import Entry, fact_of

Seal = Callable[[Head], bytes]
Committed = Callable[[Sequence[tuple[Appended, Fact]]], None]
Answered = asyncio.Future[Sequence[Appended]]

LARGEST_BATCH = 256
LARGEST_APPEND = 2_500  # facts in one append: one statement may carry 32,766 values
MOST_WAITING = 10_000  # facts
_KEY_EXISTS = "ledger: key exists"
_STORED = (
    "SELECT idem, seq, hash, payload FROM event WHERE idem IN (SELECT value FROM json_each(?))"
)


class _Group:
    """What one caller appended, and whom to tell."""

    __slots__ = ("done", "entries")

    def __init__(self, entries: Sequence[Entry], done: Answered) -> None:
        self.entries = entries
        self.done = done

    def tell(self, answer: Sequence[Appended] | DeskError) -> None:
        if self.done.done():
            return  # the caller stopped waiting
        if isinstance(answer, DeskError):
            self.done.set_exception(answer)
        else:
            self.done.set_result(answer)


class Writer:
    """The queue and the task behind it. `head` is the newest row that is known to be durable."""

    def __init__(
        self,
        connection: aiosqlite.Connection,
        head: Head,
        committed: Committed,
        *,
        most_waiting: int = MOST_WAITING,
    ) -> None:
        self.head = head
        self.failure: DeskError | None = None
        self.seal: Seal | None = None  # signs the newest row of each commit
        self.adopting: tuple[Fact, Seal] | None = None  # from this fact's row on it is that one
        self._connection = connection
        self._committed = committed
        self._most_waiting = most_waiting
        self._queue: deque[_Group] = deque()
        self._waiting = 0
        self._writing: list[_Group] = []
        self._wake = asyncio.Event()
        self._stopping = False
        self.ended = False  # nobody writes any more, whatever is queued

    def enqueue(self, entries: Sequence[Entry]) -> Answered:
        """Queue entries as one transaction; answers at once with a future (see `run`).

        Raises:
            ValueError: for more than 2,500 entries; they do not fit into one transaction.
        """
        if len(entries) > LARGEST_APPEND:
            raise ValueError(f"{len(entries)} facts in one append; split them at {LARGEST_APPEND}")
        group = _Group(entries, asyncio.get_running_loop().create_future())
        refusal = self._refusal(len(entries))
        if refusal is not None:
            group.tell(refusal)
        elif not entries:
            group.tell(())
        else:
            self._queue.append(group)
            self._waiting += len(entries)
            self._wake.set()
        return group.done

    async def run(self) -> None:
        """Write what is queued until `stop` was called and the queue is empty."""
        try:
            while await self._something_waits():
                self._writing = self._taken()
                await self._store(self._writing)
                self._writing = []
        finally:
            self.ended = True
            if self._writing or self._queue or not self._stopping:
                # Cancelled, or `committed` failed: what was being written may be stored.
                stopped = Corrupt("the ledger's writer was stopped; what waited may be stored")
                self.fail(stopped)
                for group in self._writing:
                    group.tell(stopped)

    def stop(self) -> None:
        """Take nothing new; `run` ends when all that is queued is written."""
        self._stopping = True
        self._wake.set()

    def fail(self, failure: DeskError) -> None:
        """Refuse what is queued and every later append, until `resume`."""
        self.failure = self.failure or failure
        for group in self._queue:
            group.tell(self.failure)
        self._queue.clear()
        self._waiting = 0

    def resume(
        self, connection: aiosqlite.Connection, late: Sequence[tuple[Appended, Fact]]
    ) -> None:
        """Go on with a new connection; `late` are rows that were in doubt and are stored."""
        self._connection = connection
        if late:
            newest = late[-1][0]
            self.head = Head(newest.seq, bytes.fromhex(newest.hash))
            self._take(late)
        self.failure = None

    def _refusal(self, count: int) -> DeskError | None:
        if self.failure is not None:
            return self.failure
        if self._stopping:
            return Unavailable("the ledger", "it is being closed")
        if self._waiting + count > self._most_waiting:
            return Unavailable(
                "the ledger",
                f"{self._waiting} facts wait to be written, the most is {self._most_waiting}; "
                "the disk is too slow for what happens",
            )
        return None

    async def _something_waits(self) -> bool:
        while not self._queue:
            if self._stopping:
                return False
            self._wake.clear()
            await self._wake.wait()
        return True

    def _taken(self) -> list[_Group]:
        groups = [self._queue.popleft()]
        count = len(groups[0].entries)
        while self._queue and count + len(self._queue[0].entries) <= LARGEST_BATCH:
            groups.append(self._queue.popleft())
            count += len(groups[-1].entries)
        self._waiting -= count
        return groups

    async def _store(self, groups: Sequence[_Group]) -> None:
        try:
            planned = await self._written([group.entries for group in groups])
        except (sqlite3.Error, DeskError) as error:
            told = error if isinstance(error, DeskError) else translated(error, "appending")
            self.fail(told)
            for group in groups:
                group.tell(told)
            return
        self.head = planned.head
        if planned.news:
            self._take(planned.news)
        for group, answer in zip(groups, planned.answers, strict=True):
            group.tell(answer)

    async def _written(self, groups: Sequence[Sequence[Entry]]) -> Plan:
        planned = self._sealed(plan(groups, self.head, {}))
        try:
            await self._insert(planned)
        except sqlite3.IntegrityError as error:
            if str(error) != _KEY_EXISTS:
                raise
            planned = self._sealed(plan(groups, self.head, await self._stored(groups)))
            await self._insert(planned)
        return planned

    def _take(self, news: Sequence[tuple[Appended, Fact]]) -> None:
        """These rows are durable; a key that one of them adopts is in force from now on."""
        self.seal = self._seal_after(news)
        self._committed(news)

    def _seal_after(self, news: Sequence[tuple[Appended, Fact]]) -> Seal | None:
        if self.adopting is not None and any(fact == self.adopting[0] for _, fact in news):
            return self.adopting[1]
        return self.seal

    def _sealed(self, planned: Plan) -> Plan:
        seal = self._seal_after(planned.news)
        if seal is None or not planned.rows:
            return planned
        return sealed(planned, seal(planned.head))

    async def _insert(self, planned: Plan) -> None:
        if planned.rows:
            statement = insert_statement(len(planned.rows))
            await self._connection.execute_fetchall(statement, flattened(planned))

    async def _stored(self, groups: Sequence[Sequence[Entry]]) -> dict[str, Stored]:
        keys = json.dumps([entry.key for group in groups for entry in group])
        rows = await self._connection.execute_fetchall(_STORED, (keys,))
        return {
            key: Stored(seq, row_hash.hex(), fact_of(seq, payload))
            for key, seq, row_hash, payload in rows
        }
