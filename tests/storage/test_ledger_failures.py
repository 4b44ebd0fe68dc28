"""What happens when the disk, or another program, does not let the ledger write."""

import asyncio
import os
import resource
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

import aiosqlite
import pytest

from domain.errors import Corrupt, Unavailable
from storage.database import translated
from storage.ledger import SqliteLedger
from storage.places import Places
from storage.verify import verify_file
from tests.storage.samples import Heard, alarm, booked, opened, sent, until


async def shrunk(ledger: SqliteLedger) -> None:
    """From now on the file may not grow: SQLITE_FULL, as on a full disk."""
    [(pages,)] = await ledger._connection.execute_fetchall("PRAGMA page_count")
    await ledger._connection.execute_fetchall(f"PRAGMA max_page_count = {pages}")


async def test_a_full_disk_stores_nothing_and_stops_the_ledger_until_it_is_reopened(
    tmp_path: Path,
) -> None:
    heard = Heard()
    async with opened(tmp_path, heard) as ledger:
        await ledger.append([sent(1)])
        await shrunk(ledger)
        whole = [booked(1), *(alarm(number, "x" * 300) for number in range(200))]
        refused = [ledger.append(whole), ledger.append([sent(2)])]
        answers = await asyncio.gather(*refused, return_exceptions=True)
        assert all(isinstance(answer, Unavailable) for answer in answers)
        assert "free some disk space" in ledger.failure
        with pytest.raises(Unavailable, match="disk"):
            await ledger.append([sent(3)])
        assert heard.facts == [sent(1)]

        await ledger.reopen()
        assert ledger.failure == ""
        assert (await ledger.append([sent(2)]))[0].seq == 3
        assert heard.facts == [sent(1), sent(2)]
        assert (await ledger.verify()).result == "OK"


async def test_a_lock_held_by_another_program_refuses_and_loses_nothing(tmp_path: Path) -> None:
    places = Places(tmp_path, "demo")
    async with opened(tmp_path) as ledger:
        await ledger._connection.execute_fetchall("PRAGMA busy_timeout = 20")
        with closing(sqlite3.connect(places.ledger, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(Unavailable, match="close that program"):
                await ledger.append([sent(1)])
            other.execute("ROLLBACK")
        await ledger.reopen()
        assert (await ledger.append([sent(1)]))[0].seq == 2


async def test_reopening_a_ledger_that_works_changes_nothing(tmp_path: Path) -> None:
    async with opened(tmp_path) as ledger:
        before = ledger._connection
        await ledger.reopen()
        assert ledger._connection is before


class CommitsAndThenFails:
    """A connection whose INSERT reaches the disk although it reports an I/O error."""

    def __init__(self, connection: aiosqlite.Connection) -> None:
        self._connection = connection

    async def execute_fetchall(self, sql: str, values: Iterable[Any] = ()) -> Iterable[Any]:
        rows = await self._connection.execute_fetchall(sql, values)
        if sql.startswith("INSERT"):
            failure = sqlite3.OperationalError("disk I/O error")
            failure.sqlite_errorcode = sqlite3.SQLITE_IOERR_FSYNC
            raise failure
        return rows


async def test_rows_in_doubt_that_were_stored_are_folded_when_the_ledger_is_reopened(
    tmp_path: Path,
) -> None:
    heard = Heard()
    async with opened(tmp_path, heard) as ledger:
        await ledger.append([sent(1)])
        failing: Any = CommitsAndThenFails(ledger._connection)
        ledger._writer._connection = failing
        with pytest.raises(Corrupt, match="disk I/O error"):
            await ledger.append([sent(2), booked(1)])
        assert heard.facts == [sent(1)]
        await ledger.reopen()
        assert heard.facts == [sent(1), sent(2), booked(1)]
        assert ledger.head.seq == 4
        assert (await ledger.append([sent(3)]))[0].seq == 5
        assert (await ledger.verify()).result == "OK"


async def test_a_ledger_that_lost_rows_is_not_taken_up_again(tmp_path: Path) -> None:
    places = Places(tmp_path, "demo")
    async with opened(tmp_path) as ledger:
        await ledger.append([sent(1), sent(2)])
        ledger._writer.fail(Unavailable("the ledger", "planted"))
        with closing(sqlite3.connect(places.ledger, isolation_level=None)) as owner:
            owner.execute("DROP TRIGGER event_undeleted")
            owner.execute("DELETE FROM event WHERE seq = 3")
        with pytest.raises(Corrupt, match="row 3 is not the one"):
            await ledger.reopen()
        with pytest.raises(Unavailable, match="planted"):
            await ledger.append([sent(3)])


async def test_a_head_file_that_cannot_be_written_stops_the_ledger(tmp_path: Path) -> None:
    places = Places(tmp_path, "demo")
    async with opened(tmp_path) as ledger:
        places.head.unlink()
        places.head.mkdir()
        await ledger.append([sent(1)])
        await until(lambda: bool(ledger.failure))
        assert "head file" in ledger.failure
        with pytest.raises(Unavailable, match="head file"):
            await ledger.append([sent(2)])
        with pytest.raises(Unavailable, match="head file"):
            await ledger.reopen()
        places.head.rmdir()
        await ledger.reopen()
        assert (await ledger.append([sent(2)]))[0].seq == 3


async def test_a_ledger_whose_writer_ended_over_a_bug_is_not_taken_up_again(
    tmp_path: Path,
) -> None:
    def broken(_: object) -> None:
        raise RuntimeError("planted")

    with pytest.RaisesGroup(pytest.RaisesExc(RuntimeError, match="planted")):
        async with opened(tmp_path) as ledger:
            ledger._writer._committed = broken
            with pytest.raises(Corrupt, match="may be stored"):
                await ledger.append([sent(1)])
            with pytest.raises(Corrupt, match="restart"):
                await ledger.reopen()


@pytest.mark.parametrize(
    ("code", "family"),
    [
        (sqlite3.SQLITE_FULL, Unavailable),
        (sqlite3.SQLITE_BUSY, Unavailable),
        (sqlite3.SQLITE_BUSY_SNAPSHOT, Unavailable),
        (sqlite3.SQLITE_READONLY_DBMOVED, Unavailable),
        (sqlite3.SQLITE_IOERR_FSYNC, Corrupt),
        (sqlite3.SQLITE_CORRUPT, Corrupt),
        (sqlite3.SQLITE_NOTADB, Corrupt),
        (sqlite3.SQLITE_CONSTRAINT_CHECK, Corrupt),
    ],
)
def test_an_error_after_which_nothing_is_stored_is_unavailable_and_any_other_is_corrupt(
    code: int, family: type[Exception]
) -> None:
    error = sqlite3.OperationalError("planted")
    error.sqlite_errorcode = code
    assert type(translated(error, "testing")) is family


FILLS_THE_DISK = """
import asyncio, pathlib, sys
from domain.errors import DeskError
from storage.places import Places
from storage.ledger import SqliteLedger
from tests.storage.samples import alarm, genesis

async def main():
    places = Places(pathlib.Path(sys.argv[1]), "demo")
    async with SqliteLedger(places, genesis(), lambda news: None, head_every_s=0.05) as ledger:
        number = 0
        try:
            while True:
                number += 1
                [answer] = await ledger.append([alarm(number, "x" * 250)])
                print(answer.seq, flush=True)
        except DeskError as error:
            print(type(error).__name__, flush=True)

asyncio.run(main())
"""


def fill_the_disk(folder: Path, **how: Any) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", FILLS_THE_DISK, str(folder)],
        capture_output=True,
        text=True,
        timeout=15,
        check=False,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        **how,
    )
    assert done.returncode == 0, done.stderr
    return str(done.stdout).split()


async def holds_what_was_acknowledged(folder: Path, told: list[str]) -> None:
    *acknowledged, family = told
    assert family in {"Unavailable", "Corrupt"}
    places = Places(folder, "demo")
    assert verify_file(places.ledger, places.head).result == "OK"
    async with opened(folder) as ledger:
        assert len(acknowledged) > 10
        assert ledger.head.seq >= int(acknowledged[-1])
        assert (await ledger.append([alarm(0, "after")]))[0].seq == ledger.head.seq


def small_files() -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, hard))


def test_files_that_may_not_grow_lose_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    told = fill_the_disk(tmp_path, preexec_fn=small_files)
    asyncio.run(holds_what_was_acknowledged(tmp_path, told))


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small file system needs root")
def test_a_really_full_disk_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no tmpfs can be mounted here")
    try:
        told = fill_the_disk(disk / "data")
        subprocess.run(["mount", "-o", "remount,size=8m", str(disk)], check=True)
        asyncio.run(holds_what_was_acknowledged(disk / "data", told))
    finally:
        subprocess.run(["umount", str(disk)], check=True)
