import os
import sqlite3
import stat
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from domain.errors import Corrupt, DeskError, Misconfigured, Unavailable
from storage.database import APPLICATION_ID, open_reader, open_writer, prepare, reading_uri
from storage.entries import entry_of
from storage.ledger import SqliteLedger
from storage.migrate import Migration, migrations
from storage.places import Places
from tests.storage.samples import Heard, booked, genesis, opened, sent, write


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return write(tmp_path, [booked(1), sent(1)])


async def test_the_writer_has_what_durability_needs(places: Places) -> None:
    connection = await open_writer(places.ledger)
    try:
        found = {}
        for name in (
            "journal_mode",
            "synchronous",
            "foreign_keys",
            "recursive_triggers",
            "trusted_schema",
            "busy_timeout",
            "application_id",
            "user_version",
        ):
            [(found[name],)] = await connection.execute_fetchall(f"PRAGMA {name}")
    finally:
        await connection.close()
    assert found == {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "recursive_triggers": 1,
        "trusted_schema": 0,
        "busy_timeout": 5000,
        "application_id": APPLICATION_ID,
        "user_version": len(migrations()),
    }


def test_a_reader_cannot_write(places: Places) -> None:
    with closing(open_reader(places.ledger)) as reader:
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            reader.execute("DELETE FROM event")
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            reader.execute("CREATE TABLE x (y)")


def test_a_path_with_signs_that_mean_something_in_an_address_is_opened(tmp_path: Path) -> None:
    places = write(tmp_path / "50% of my? books #1", [sent(1)])
    with closing(open_reader(places.ledger)) as reader:
        assert reader.execute("SELECT count(*) FROM event").fetchone() == (2,)


def test_an_archive_on_read_only_media_is_read_without_a_shared_index(
    places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "immutable" not in reading_uri(places.ledger)
    for name in ("ledger.db-wal", "ledger.db-shm"):
        places.ledger.with_name(name).unlink(missing_ok=True)
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert "immutable" in reading_uri(places.ledger)
    with closing(open_reader(places.ledger)) as reader:
        assert reader.execute("SELECT count(*) FROM event").fetchone() == (3,)
    assert not places.ledger.with_name("ledger.db-wal").exists()


def test_only_we_can_read_the_file_even_when_it_was_left_open(places: Places) -> None:
    assert stat.S_IMODE(places.ledger.stat().st_mode) == 0o600
    places.ledger.chmod(0o644)
    prepare(places.ledger, genesis())
    assert stat.S_IMODE(places.ledger.stat().st_mode) == 0o600


def refusal(path: Path, **how: Any) -> DeskError:
    with pytest.raises(DeskError) as raised:
        prepare(path, how.pop("first", genesis()), **how)
    return raised.value


def test_another_book_under_the_path_is_refused_and_the_message_says_what_to_do(
    places: Places,
) -> None:
    error = refusal(places.ledger, first=genesis("live"))
    assert isinstance(error, Misconfigured)
    assert "holds the demo book, not the live book" in str(error)
    assert "put it back under demo/" in str(error)


def test_another_programs_database_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE event (x)")
    before = path.read_bytes()
    assert isinstance(refusal(path), Misconfigured)
    assert path.read_bytes() == before


def test_a_file_that_is_no_database_is_corrupt_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    path.write_bytes(b"not a database, but long enough to look at" * 40)
    before = path.read_bytes()
    assert isinstance(refusal(path), Corrupt)
    assert path.read_bytes() == before


def test_a_ledger_that_does_not_begin_with_a_genesis_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    prepare(path, genesis())
    with closing(sqlite3.connect(path, isolation_level=None)) as owner:
        owner.execute("DROP TRIGGER event_unchanged")
        owner.execute("UPDATE event SET payload = ?", (entry_of(sent(1)).payload,))
    assert "does not begin with a genesis" in str(refusal(path))


def test_a_newer_programs_schema_is_not_guessed_at(places: Places) -> None:
    with closing(sqlite3.connect(places.ledger, isolation_level=None)) as owner:
        owner.execute("PRAGMA user_version = 99")
    error = refusal(places.ledger)
    assert isinstance(error, Misconfigured)
    assert "install the newer Quarterdeck" in str(error)


def test_a_schema_record_that_is_not_ours_is_corrupt(places: Places) -> None:
    with closing(sqlite3.connect(places.ledger, isolation_level=None)) as owner:
        owner.execute("UPDATE migration SET sha256 = 'x'")
    assert isinstance(refusal(places.ledger), Corrupt)


def test_a_migration_is_applied_once_in_one_transaction_and_a_copy_is_kept(
    places: Places,
) -> None:
    now = len(migrations())
    name = f"{now + 1:04d}_notes"
    more = Migration(now + 1, name, "CREATE TABLE note (x INTEGER) STRICT;\n-- the end\n")
    broken = Migration(now + 1, name, "CREATE TABLE note (x INTEGER) STRICT;\nCREATE nonsense;")
    assert isinstance(refusal(places.ledger, steps=[*migrations(), broken]), Corrupt)
    with closing(open_reader(places.ledger)) as reader:
        assert reader.execute("PRAGMA user_version").fetchone() == (now,)
        assert reader.execute("SELECT name FROM sqlite_master WHERE name = 'note'").fetchall() == []
    copy = places.ledger.with_name(f"ledger.db.schema-{now}")
    for _ in range(2):
        prepare(places.ledger, genesis(), [*migrations(), more])
    with closing(open_reader(places.ledger)) as reader:
        records = reader.execute("SELECT version, name FROM migration").fetchall()
        assert records == [(step.version, step.name) for step in (*migrations(), more)]
        assert reader.execute("SELECT count(*) FROM event").fetchone() == (3,)
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    with closing(open_reader(copy)) as reader:
        assert reader.execute("PRAGMA user_version").fetchone() == (now,)
        assert reader.execute("SELECT count(*) FROM event").fetchone() == (3,)


async def test_live_refuses_a_remote_file_system_and_demo_does_not(tmp_path: Path) -> None:
    def nfs(_: Path) -> str:
        return "nfs4"

    async def begin(book: str) -> None:
        places = Places(tmp_path, book)
        async with SqliteLedger(places, genesis(book), Heard(), file_system=nfs):
            pass

    await begin("demo")
    with pytest.raises(Misconfigured, match="lies on nfs4"):
        await begin("live")
    assert not Places(tmp_path, "live").ledger.exists()


async def test_a_ledger_that_vanished_from_beside_its_head_file_is_not_begun_anew(
    tmp_path: Path,
) -> None:
    async with opened(tmp_path) as ledger:
        await ledger.append([sent(1)])
    Places(tmp_path, "demo").ledger.unlink()
    with pytest.raises(Corrupt, match="put the ledger back from a backup"):
        async with opened(tmp_path):
            pass


async def test_a_directory_that_cannot_be_used_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "demo").write_text("in the way")
    with pytest.raises((Misconfigured, Unavailable), match="demo"):
        async with opened(tmp_path):
            pass
