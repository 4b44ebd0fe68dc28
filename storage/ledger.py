"""The append-only ledger on SQLite: the port `Ledger` for the one engine that holds the book.

The one rule: lock, look, write. The book's lock comes first; then the file is checked for what
it is and whose it is; only then is anything appended, by the one writer (storage.writer).

Failures. A failed write refuses every later append, so that nothing leaves the desk without its
intent on disk and trading halts above. `reopen` takes the file up again: it proves the tail,
and rows that were in doubt and turn out to be stored are folded then.

`head_problem` says why the head file does not vouch for the ledger ("" when it does). LIVE must
be refused while it says anything; the file is left as evidence as long as it does.
"""

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from threading import Event
from types import TracebackType
from typing import Self

from domain.errors import Corrupt, Unavailable
from domain.events import Fact, LedgerOpened
from domain.queries import VerifyReport
from domain.storage_ports import Appended
from storage.anchors import Anchor, ends_sealed, newest_anchor
from storage.batch import EMPTY, Head
from storage.database import Prepared, open_reader, open_writer, prepare, translated
from storage.entries import entry_of, fact_of
from storage.file_systems import file_system_of, refuse_remote
from storage.head import head_problem, write_head
from storage.lock import BookLock
from storage.places import Places
from storage.seal_check import eras
from storage.verify import NOBODY, verify_file
from storage.writer import MOST_WAITING, Committed, Seal, Writer

HEAD_EVERY_S = 1.0
PAGE = 2_000
REOPEN_TAIL = 1_000
_PAGE = "SELECT seq, hash, payload FROM event WHERE seq > ? ORDER BY seq LIMIT ?"


class SqliteLedger:
    """A ledger that is open inside `async with`; `close` may be called earlier.

    `genesis` becomes row 1 of a new ledger; afterwards `self.genesis` is the one that the file
    holds. `committed` is called on the loop after each commit, with the new rows in order.
    """

    def __init__(
        self,
        places: Places,
        genesis: LedgerOpened,
        committed: Committed,
        *,
        file_system: Callable[[Path], str] = file_system_of,
        most_waiting: int = MOST_WAITING,
        head_every_s: float = HEAD_EVERY_S,
    ) -> None:
        self.genesis = genesis
        self.head_problem = ""
        self.sealed_by = ""  # the public key in force; "": nothing was ever sealed
        self.witness = NOBODY  # what every verification from here on is held against
        self._places = places
        self._committed = committed
        self._file_system = file_system
        self._most_waiting = most_waiting
        self._head_every_s = head_every_s
        self._noted = EMPTY
        self._vouched = True  # False: the end is not ours, and the head file stays without it
        self._closed = False
        self._stopping = asyncio.Event()
        self._held = AsyncExitStack()
        self._group = asyncio.TaskGroup()

    async def __aenter__(self) -> Self:
        """Take the book.

        Raises:
            Unavailable: another engine has it; attach instead.
            Misconfigured: another book's file, a remote file system in LIVE, a newer schema.
            Corrupt: the ledger is gone while its head file is there, or cannot be read.
        """
        async with AsyncExitStack() as stack:
            lock = BookLock(self._places.lock, self._places.book)
            prepared = await asyncio.to_thread(self._taken, lock, stack)
            self._connection = await open_writer(self._places.ledger)
            stack.push_async_callback(self._disconnect)
            self.genesis = prepared.genesis
            self._writer = Writer(
                self._connection,
                prepared.head,
                self._committed,
                most_waiting=self._most_waiting,
            )
            await self._group.__aenter__()
            self._group.create_task(self._writer.run(), name="ledger writer")
            self._group.create_task(self._keep_head(), name="ledger head")
            self._held = stack.pop_all()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    @property
    def head(self) -> Head:
        """The newest row that is known to be durable."""
        return self._writer.head

    @property
    def failure(self) -> str:
        """Why appends are refused; "" while they are not."""
        return "" if self._writer.failure is None else str(self._writer.failure)

    @property
    def size_bytes(self) -> int:
        """Bytes of the file and its write-ahead log."""
        path = self._places.ledger
        log = path.with_name(f"{path.name}-wal")
        return sum(part.stat().st_size for part in (path, log) if part.exists())

    def seal_with(self, seal: Seal, adopted: Fact | None = None) -> None:
        """From now on each commit's newest row carries what `seal` makes of it.

        With `adopted` only from the row on that holds this fact: what waits before it is still
        sealed by the key before it.
        """
        if adopted is None:
            self._writer.seal = seal
        else:
            self._writer.adopting = adopted, seal

    def newest_anchor(self) -> Anchor | None:
        """The newest row with its seal, read from the file; None when it has none.

        Raises:
            Corrupt, Unavailable: when it cannot be read.
        """
        try:
            with contextlib.closing(open_reader(self._places.ledger)) as reader:
                return newest_anchor(reader)
        except sqlite3.Error as error:
            raise translated(error, "reading the newest seal") from error

    def append(self, facts: Sequence[Fact]) -> Awaitable[Sequence[Appended]]:
        """Queue facts as one transaction; the future is done when they survive power loss.

        Raises in the future Unavailable (nothing stored), Corrupt (may be stored) or Refused (a
        code that was used before, so nothing of this append is stored). A caller that stops
        waiting changes nothing.

        Raises:
            TypeError, ValueError: at once, for a fact without exact JSON or over 2,500 facts.
        """
        return self._writer.enqueue([entry_of(fact) for fact in facts])

    async def facts(self) -> AsyncIterator[tuple[Appended, Fact]]:
        """Every fact up to the newest row, oldest first, read in pages in a thread.

        Raises:
            Corrupt: naming the row that cannot be read.
        """
        last = 0
        while page := await asyncio.to_thread(self._page, last):
            for told in page:
                yield told
            last = page[-1][0].seq

    async def verify(self, *, tail: int = 0) -> VerifyReport:
        """Check the stored bytes in a thread: all of them, or the newest `tail` rows."""
        return await self._verified(self._places.head, tail)

    async def reopen(self) -> None:
        """Take the file up again after a failure; nothing happens without one.

        Raises:
            Unavailable, Corrupt: when it still cannot be used; appends stay refused then.
        """
        if self._writer.failure is None:
            return
        if self._writer.ended:
            raise Corrupt("the ledger's writer has ended over a mistake in the program; restart it")
        try:
            await asyncio.to_thread(self._note, self._writer.head)
        except OSError as error:
            raise Unavailable("the ledger", f"its head file: {error}") from error
        await self._disconnect()
        try:
            late = await asyncio.to_thread(self._since, self._writer.head)
            self._connection = await open_writer(self._places.ledger)
        except sqlite3.Error as error:
            raise translated(error, "reopening it") from error
        head = None if self.head_problem else self._places.head
        report = await self._verified(head, REOPEN_TAIL)
        if report.result == "FAIL":
            raise Corrupt(f"the ledger does not verify at row {report.bad_seq}: {report.problem}")
        self._writer.resume(self._connection, late)

    async def accept_loss(self) -> None:
        """Believe the file as it is: its newest row becomes what the head file says.

        Raises:
            OSError: when the disk refuses.
        """
        self.head_problem, self._vouched = "", True
        await asyncio.to_thread(self._note, self._writer.head)

    async def close(self) -> None:
        """Write what is queued, renew the head file, let go of the file and of the book.

        Raises:
            ExceptionGroup: when `committed` failed before; the bug is inside.
        """
        if self._closed:
            return
        self._closed = True
        self._stopping.set()
        self._writer.stop()
        try:
            await self._group.__aexit__(None, None, None)
        finally:
            # A head file that is behind is no contradiction: a full disk may refuse it.
            with contextlib.suppress(OSError):
                self._note(self._writer.head)
            await self._held.aclose()

    def _taken(self, lock: BookLock, stack: AsyncExitStack) -> Prepared:
        places = self._places
        places.prepare()
        lock.acquire()
        stack.callback(lock.release)
        if places.book == "live":
            refuse_remote(places.directory, self._file_system(places.directory))
        if places.head.exists() and not places.ledger.exists():
            raise Corrupt(
                f"{places.ledger} is gone, but {places.head} knows its newest row; put the ledger "
                "back from a backup, or remove that file to begin a new book"
            )
        prepared = prepare(places.ledger, self.genesis)
        with contextlib.closing(open_reader(places.ledger)) as reader:
            self.head_problem = head_problem(places.head, reader)
            known = eras(reader, prepared.head.seq)
            self.sealed_by = known[-1].public_key if known else ""
            self._vouched = not known or ends_sealed(reader)
        self._note(prepared.head)
        return prepared

    def _page(self, last: int) -> list[tuple[Appended, Fact]]:
        try:
            with contextlib.closing(open_reader(self._places.ledger)) as reader:
                rows = reader.execute(_PAGE, (last, PAGE)).fetchall()
        except sqlite3.Error as error:
            raise translated(error, f"reading after row {last}") from error
        return [(Appended(seq, sha.hex()), fact_of(seq, payload)) for seq, sha, payload in rows]

    def _since(self, head: Head) -> list[tuple[Appended, Fact]]:
        with contextlib.closing(open_reader(self._places.ledger)) as reader:
            row = reader.execute("SELECT hash FROM event WHERE seq = ?", (head.seq,)).fetchone()
        if row is None or row[0] != head.hash:
            raise Corrupt(f"row {head.seq} is not the one that was written; keep the file as it is")
        late: list[tuple[Appended, Fact]] = []
        while page := self._page(late[-1][0].seq if late else head.seq):
            late.extend(page)
        return late

    async def _verified(self, head: Path | None, tail: int) -> VerifyReport:
        stopped = Event()
        try:
            return await asyncio.to_thread(
                verify_file,
                self._places.ledger,
                head,
                tail=tail,
                stopped=stopped,
                witness=self.witness,
            )
        finally:
            stopped.set()  # whoever stops waiting ends the work too

    async def _disconnect(self) -> None:
        # A connection that failed may fail to close; its thread ends all the same.
        with contextlib.suppress(sqlite3.Error, ValueError):
            await self._connection.close()

    async def _keep_head(self) -> None:
        while not self._stopping.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._head_every_s):
                    await self._stopping.wait()
            try:
                await asyncio.to_thread(self._note, self._writer.head)
            except OSError as error:
                self._writer.fail(Unavailable("the ledger", f"its head file: {error}"))

    def _note(self, head: Head) -> None:
        if head != self._noted and self._vouched and not self.head_problem:
            write_head(self._places.head, head.seq, head.hash.hex())
            self._noted = head
