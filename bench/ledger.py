"""Goals 4 and 2 (the storage half): appends against raw SQLite, aiosqlite and fdatasync.

Peers write the same rows into the same tables, guards and indexes, at the same durability; the
floor of one durable row is a plain file with `fdatasync`.
"""

import asyncio
import sqlite3
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from itertools import count as counted
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import aiosqlite

from bench.books import GENESIS, INSERT, chained, fill, intent, new_book, raw, synced_plainly
from bench.harness import (
    Row,
    at_least,
    at_most,
    frozen,
    in_turns,
    milliseconds,
    percentile,
    rate,
    seconds,
)
from cli.clock import SystemClock
from domain.events import Fact
from storage.batch import Row as Stored
from storage.database import head_of, open_writer
from storage.entries import Entry, entry_of
from storage.ledger import SqliteLedger
from storage.places import Places
from storage.seals import Sealer
from storage.writer import Writer

BATCH = 100
CALLERS = 64
ROUNDS = 5
_SEED = bytes(range(32))
Append = Callable[[Sequence[Any]], Awaitable[object]]
Use = Callable[[Append, Sequence[Any]], Awaitable[None]]


def main(full: bool) -> list[Row]:  # noqa: FBT001 - the signature every benchmark has
    """Measure appends; with `full` five times as many."""
    scale = 5 if full else 1
    with TemporaryDirectory(prefix="qd-bench-") as folder:
        return [
            *in_batches(Path(folder), batches=40 * scale),
            *one_by_one(Path(folder), appends=120 * scale),
            *from_many_callers(Path(folder), each=6 * scale),
            *sealed(Path(folder), batches=20 * scale, singles=200 * scale),
        ]


class Folders:
    """A new folder for each measurement, so that none finds another one's rows."""

    def __init__(self, place: Path, name: str) -> None:
        self._place = place
        self._name = name
        self._numbers = counted()

    def next(self) -> Path:
        """A folder that does not exist yet."""
        return self._place / f"{self._name}-{next(self._numbers)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Contest:
    """Ours in two forms against one peer, over `count` rows."""

    goal: str
    what: str
    against: str
    least: float
    count: int
    written: Callable[[], float]
    appended: Callable[[], float]
    peer: Callable[[], float]

    def rows(self) -> list[Row]:
        """Rows built beforehand on both sides (the goal), and ours from facts (only told)."""
        return [
            self._row("rows built beforehand on both sides", self.written, self.least),
            self._row("ours from facts (payload, postings)", self.appended, 0),
        ]

    def _row(self, form: str, work: Callable[[], float], least: float) -> Row:
        ours, theirs = in_turns(work, self.peer, ROUNDS)
        what = f"{self.what}, {form} / {self.against}"
        rates = rate(self.count, ours), rate(self.count, theirs)
        return at_least(self.goal, what, *rates, theirs / ours, least)


# Goal 4: batches


def in_batches(place: Path, batches: int) -> list[Row]:
    """Appends of 100 facts against `executemany`."""
    folders = Folders(place, "batch")
    facts = [fill(number) for number in range(BATCH * batches)]
    entries = [entry_of(fact) for fact in facts]

    def peer() -> float:
        places = new_book(folders.next())
        rows = chained(places, facts)
        with closing(raw(places)) as connection:
            return seconds(lambda: _executemany(connection, rows))

    return Contest(
        goal="4",
        what=f"append at batch {BATCH}",
        against="raw sqlite3",
        least=0.8,
        count=len(facts),
        written=lambda: asyncio.run(_with_writer(folders.next(), _by_batches, entries)),
        appended=lambda: asyncio.run(_with_ledger(folders.next(), _by_batches, facts)),
        peer=peer,
    ).rows()


async def _by_batches(append: Append, items: Sequence[Any]) -> None:
    for start in range(0, len(items), BATCH):
        await append(items[start : start + BATCH])


def _executemany(connection: sqlite3.Connection, rows: Sequence[Stored]) -> None:
    for start in range(0, len(rows), BATCH):
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(INSERT, rows[start : start + BATCH])
        connection.execute("COMMIT")


# Goal 2: one durable intent


def one_by_one(place: Path, appends: int) -> list[Row]:
    """One caller that waits for each append, against a plain file with `fdatasync`."""
    folders = Folders(place, "single")
    intents = [intent(number) for number in range(ROUNDS * appends)]
    body = entry_of(intents[0]).payload
    book = new_book(folders.next())
    rows = chained(book, intents)
    ours: list[float] = []
    floor: list[float] = []
    plain: list[float] = []

    async def measure(connection: sqlite3.Connection) -> None:
        async with SqliteLedger(Places(folders.next(), "demo"), GENESIS, _ignored) as ledger:
            for start in range(0, len(intents), appends):
                turn = slice(start, start + appends)
                ours.extend([await _timed(ledger, fact) for fact in intents[turn]])
                floor.extend(synced_plainly(place / "plain", body, appends))
                plain.extend(_one_insert_each(connection, rows[turn]))

    with closing(raw(book)) as connection, frozen():
        asyncio.run(measure(connection))
    return [
        _beside_floor(percent, most, ours, floor, plain) for percent, most in ((50, 2), (99, 3))
    ]


def _beside_floor(
    percent: int,
    most: float,
    ours: Sequence[float],
    floor: Sequence[float],
    plain: Sequence[float],
) -> Row:
    mine, least, sqlite = (percentile(taken, percent) for taken in (ours, floor, plain))
    what = f"one intent, one caller, p{percent} / fdatasync (raw sqlite3: {sqlite / least:.2f})"
    return at_most("2", what, milliseconds(mine), milliseconds(least), mine / least, most)


async def _timed(ledger: SqliteLedger, fact: Fact) -> float:
    begin = time.perf_counter()
    await ledger.append([fact])
    return time.perf_counter() - begin


def _one_insert_each(connection: sqlite3.Connection, rows: Sequence[Stored]) -> list[float]:
    taken = []
    for row in rows:
        begin = time.perf_counter()
        connection.execute(INSERT, row)
        taken.append(time.perf_counter() - begin)
    return taken


def from_many_callers(place: Path, each: int) -> list[Row]:
    """64 callers that each wait for their own appends, against aiosqlite one row at a time."""
    folders = Folders(place, "callers")
    facts = [intent(number) for number in range(CALLERS * each)]
    entries = [entry_of(fact) for fact in facts]

    def peer() -> float:
        places = new_book(folders.next())
        return asyncio.run(_row_by_row(places, chained(places, facts)))

    return Contest(
        goal="2",
        what=f"{CALLERS} callers",
        against="aiosqlite one row at a time",
        least=15,
        count=len(facts),
        written=lambda: asyncio.run(_with_writer(folders.next(), _by_callers, entries)),
        appended=lambda: asyncio.run(_with_ledger(folders.next(), _by_callers, facts)),
        peer=peer,
    ).rows()


async def _by_callers(append: Append, items: Sequence[Any]) -> None:
    async def calls(own: Sequence[Any]) -> None:
        for item in own:
            await append([item])

    each = len(items) // CALLERS
    async with asyncio.TaskGroup() as group:
        for start in range(0, len(items), each):
            group.create_task(calls(items[start : start + each]))


async def _row_by_row(places: Places, rows: Sequence[Stored]) -> float:
    async with aiosqlite.connect(places.ledger) as connection:
        for pragma in ("synchronous = FULL", "foreign_keys = ON", "wal_autocheckpoint = 4000"):
            await connection.execute(f"PRAGMA {pragma}")
        begin = time.perf_counter()
        for row in rows:
            await connection.execute(INSERT, row)
            await connection.commit()
        return time.perf_counter() - begin


# What the seals cost


def sealed(place: Path, batches: int, singles: int) -> list[Row]:
    """Appends whose every commit is signed, against the same without a key."""
    folders = Folders(place, "sealed")

    def measured(how: str, use: Use, facts: Sequence[Fact]) -> Row:
        def with_key(*, key: bool) -> float:
            return asyncio.run(_with_ledger(folders.next(), use, facts, key=key))

        ours, peer = in_turns(partial(with_key, key=True), partial(with_key, key=False), ROUNDS)
        what = f"{how}, every commit sealed with Ed25519 / not sealed"
        rates = rate(len(facts), ours), rate(len(facts), peer)
        return at_least("4", what, *rates, peer / ours, 0)

    return [
        measured(
            f"append at batch {BATCH}", _by_batches, [fill(n) for n in range(BATCH * batches)]
        ),
        measured("append one by one", _singly, [intent(n) for n in range(singles)]),
    ]


async def _singly(append: Append, items: Sequence[Any]) -> None:
    for item in items:
        await append([item])


# Ours, in both forms


async def _with_writer(folder: Path, use: Use, entries: Sequence[Entry]) -> float:
    places = new_book(folder)
    with closing(raw(places)) as reader:
        head = head_of(reader)
    connection = await open_writer(places.ledger)
    writer = Writer(connection, head, _ignored)
    async with asyncio.TaskGroup() as group:
        group.create_task(writer.run())
        begin = time.perf_counter()
        await use(writer.enqueue, entries)
        taken = time.perf_counter() - begin
        writer.stop()
    await connection.close()
    return taken


async def _with_ledger(
    folder: Path, use: Use, facts: Sequence[Fact], *, key: bool = False
) -> float:
    async with SqliteLedger(Places(folder, "demo"), GENESIS, _ignored) as ledger:
        if key:
            sealer = Sealer(_SEED, SystemClock().now_us)
            ledger.seal_with(partial(sealer.seal, GENESIS.ledger_id))
        begin = time.perf_counter()
        await use(ledger.append, facts)
        return time.perf_counter() - begin


def _ignored(_: object) -> None:
    """Nobody listens to the news."""
