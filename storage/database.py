"""The ledger's file: made, checked and opened, with what SQLite must promise for it.

The one rule: an acknowledged row survives power loss. Hence WAL with `synchronous=FULL` (NORMAL
loses acknowledged rows, reliability C43), and EXTRA with a synced directory while the file is
being made.
"""

import asyncio
import os
import sqlite3
from collections.abc import Sequence
from contextlib import AsyncExitStack, closing
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import quote

import aiosqlite

from domain.errors import Corrupt, DeskError, Misconfigured, Unavailable
from domain.events import LedgerOpened
from storage.batch import EMPTY, Head, Plan, plan
from storage.durable import PRIVATE_FILE, sync_directory
from storage.entries import entry_of, fact_of
from storage.migrate import Migration, migrate, migrations

APPLICATION_ID = 0x51444C31  # "QDL1", set by the first migration
BUSY_MS = 5_000
COLUMNS = (
    "seq", "ts_us", "kind", "account", "symbol", "side", "idem", "payload", "prev", "hash", "seal",
)  # fmt: skip
_SETTINGS = (
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA recursive_triggers = ON",
    "PRAGMA trusted_schema = OFF",
    "PRAGMA cell_size_check = ON",
    f"PRAGMA busy_timeout = {BUSY_MS}",
    # A checkpoint syncs the database in the middle of somebody's commit: rarely, then.
    "PRAGMA wal_autocheckpoint = 4000",
    "PRAGMA journal_size_limit = 67108864",
    "PRAGMA cache_size = -16000",
)
_READING = (
    "PRAGMA query_only = ON",
    "PRAGMA trusted_schema = OFF",
    "PRAGMA cell_size_check = ON",
    f"PRAGMA busy_timeout = {BUSY_MS}",
)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A ledger that is ready to be written: its genesis and its newest row."""

    genesis: LedgerOpened
    head: Head


def prepare(
    path: Path, genesis: LedgerOpened, steps: Sequence[Migration] | None = None
) -> Prepared:
    """Make the ledger if it is not there, bring its schema up to date, and see whose it is.

    `genesis` becomes row 1 of a new ledger; of an existing one only its book is compared.

    Raises:
        Misconfigured: another book, a newer schema, or a file that is no ledger.
        Corrupt, Unavailable: when the file cannot be read or written.
    """
    _touch(path)
    try:
        connection = sqlite3.connect(path, isolation_level=None, timeout=BUSY_MS / 1000)
        try:
            prepared = _prepared(connection, path, genesis, steps)
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise translated(error, f"opening {path}") from error
    sync_directory(path.parent)
    return prepared


async def open_writer(path: Path) -> aiosqlite.Connection:
    """The one connection that appends; no transaction is ever open between two statements.

    Raises:
        sqlite3.Error: when there is no file (it is not made here), or it cannot be opened.
    """
    return await _opened(f"file:{quote(str(path))}?mode=rw", _SETTINGS)


def reading_uri(path: Path) -> str:
    """The address under which a ledger is opened for reading only."""
    uri = f"file:{quote(str(path))}?mode=ro"
    alone = not path.with_name(f"{path.name}-wal").exists()
    if alone and not os.access(path.parent, os.W_OK):
        uri += "&immutable=1"  # an archive on read-only media has no place for a shared index
    return uri


def open_reader(path: Path) -> sqlite3.Connection:
    """A read-only connection, for use by one thread at a time."""
    connection = sqlite3.connect(
        reading_uri(path), uri=True, isolation_level=None, check_same_thread=False
    )
    for setting in _READING:
        connection.execute(setting)
    return connection


async def open_async_reader(path: Path) -> aiosqlite.Connection:
    """A read-only connection with a thread of its own.

    Raises:
        sqlite3.Error: when it cannot be opened.
    """
    return await _opened(reading_uri(path), _READING)


async def _opened(uri: str, settings: tuple[str, ...]) -> aiosqlite.Connection:
    # A first connection that fails leaves aiosqlite's thread behind, so it is tried without one.
    await asyncio.to_thread(_try, uri)
    async with AsyncExitStack() as stack:
        connecting = aiosqlite.connect(uri, uri=True, isolation_level=None)
        connection = await stack.enter_async_context(connecting)
        for setting in settings:
            await connection.execute_fetchall(setting)
        stack.pop_all()
        return connection


def _try(uri: str) -> None:
    with closing(sqlite3.connect(uri, uri=True)) as connection:
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()


@cache
def insert_statement(rows: int) -> str:
    """One INSERT of so many rows: SQLite stores all of them, with their postings, or none."""
    row = f"({', '.join('?' * len(COLUMNS))})"
    return f"INSERT INTO event ({', '.join(COLUMNS)}) VALUES {', '.join([row] * rows)}"  # noqa: S608


def flattened(planned: Plan) -> list[object]:
    """The values of `insert_statement`, row by row."""
    return [value for row in planned.rows for value in row]


def translated(error: sqlite3.Error, doing: str) -> DeskError:
    """Which family an SQLite error belongs to.

    Full, busy, locked, read-only: SQLite took the statement back, nothing happened, so
    Unavailable. An I/O error may have reached the disk all the same, and a damaged file says
    nothing reliable: Corrupt, a person must look.
    """
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    remedy = _HARMLESS.get(code)
    if remedy is not None:
        return Unavailable("the ledger", f"{doing}: {error}; {remedy}")
    return Corrupt(
        f"the ledger failed while {doing}: {error}; stop, copy the file, and run "
        "`quarterdeck ledger verify`"
    )


_HARMLESS = {
    sqlite3.SQLITE_FULL: "free some disk space",
    sqlite3.SQLITE_BUSY: "another program keeps it locked; close that program",
    sqlite3.SQLITE_LOCKED: "another program keeps it locked; close that program",
    sqlite3.SQLITE_READONLY: "make the file and its directory writable",
    sqlite3.SQLITE_CANTOPEN: "see that the file and its directory exist and are ours",
    sqlite3.SQLITE_INTERRUPT: "it was given up; ask again",
    sqlite3.SQLITE_PERM: "make the file and its directory ours",
}


def _touch(path: Path) -> None:
    # An existing file is not opened here: closing it again would drop the locks that any other
    # connection of this process holds on it (SQLite, "How To Corrupt", 2.2).
    try:
        if path.exists():
            path.chmod(PRIVATE_FILE)
        else:
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, PRIVATE_FILE))
            sync_directory(path.parent)
    except OSError as error:
        raise Misconfigured(str(path), f"cannot be opened: {error.strerror}") from error


def _prepared(
    connection: sqlite3.Connection,
    path: Path,
    genesis: LedgerOpened,
    steps: Sequence[Migration] | None,
) -> Prepared:
    for setting in _SETTINGS:
        connection.execute(setting)
    connection.execute("PRAGMA synchronous = EXTRA")
    _see_that_it_is_ours(connection, path)
    migrate(connection, path, migrations() if steps is None else steps, genesis.at_us)
    if connection.execute("SELECT 1 FROM event LIMIT 1").fetchone() is None:
        first = plan([[entry_of(genesis)]], EMPTY, {})
        connection.execute(insert_statement(1), flattened(first))
    (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
    if mode != "wal":
        raise Misconfigured(str(path), "lies on a file system without write-ahead logging")
    return Prepared(_genesis(connection, path, genesis.book), head_of(connection))


def head_of(connection: sqlite3.Connection) -> Head:
    """The newest row."""
    row = connection.execute("SELECT seq, hash FROM event ORDER BY seq DESC LIMIT 1").fetchone()
    return EMPTY if row is None else Head(*row)


def _see_that_it_is_ours(connection: sqlite3.Connection, path: Path) -> None:
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    (mark,) = connection.execute("PRAGMA application_id").fetchone()
    if tables and mark != APPLICATION_ID:
        raise Misconfigured(
            str(path), "is some other program's database; choose another --data-dir"
        )


def _genesis(connection: sqlite3.Connection, path: Path, book: str) -> LedgerOpened:
    (payload,) = connection.execute("SELECT payload FROM event ORDER BY seq LIMIT 1").fetchone()
    opened = fact_of(1, payload)
    if not isinstance(opened, LedgerOpened):
        raise Corrupt(f"{path} does not begin with a genesis; it was not made by this program")
    if opened.book != book:
        raise Misconfigured(
            str(path),
            f"holds the {opened.book} book, not the {book} book; put it back under "
            f"{opened.book}/ of its data directory, or choose another --data-dir",
        )
    return opened
