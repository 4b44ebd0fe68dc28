"""What the tables refuse by themselves, whoever writes to them."""

import sqlite3
from collections.abc import Generator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from storage.chain import link
from storage.entries import entry_of
from storage.places import Places
from tests.storage.samples import booked, sent, write

EVENT = "INTO event VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)"
POSTING = "INTO posting VALUES (?, ?, ?, ?)"


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return write(tmp_path, [booked(1), sent(1)])


@pytest.fixture(params=["ON", "OFF"], ids=["recursive triggers", "no recursive triggers"])
def outsider(places: Places, request: pytest.FixtureRequest) -> Generator[sqlite3.Connection]:
    """Any other program with the file open, with either setting of the pragma."""
    with closing(sqlite3.connect(places.ledger, isolation_level=None)) as connection:
        connection.execute(f"PRAGMA recursive_triggers = {request.param}")
        yield connection


def contents(connection: sqlite3.Connection) -> list[Any]:
    events = connection.execute("SELECT * FROM event ORDER BY seq").fetchall()
    return [*events, *connection.execute("SELECT * FROM posting ORDER BY 1, 2, 3").fetchall()]


def row(connection: sqlite3.Connection, **changes: object) -> tuple[Any, ...]:
    """A row that would be accepted as the next one, but for the changes."""
    seq, previous = connection.execute(
        "SELECT seq, hash FROM event ORDER BY seq DESC LIMIT 1"
    ).fetchone()
    entry = entry_of(booked(7))
    plain = {
        "seq": seq + 1,
        "ts_us": entry.at_us,
        "kind": entry.kind,
        "account": entry.account,
        "symbol": entry.symbol,
        "side": entry.side,
        "idem": entry.key,
        "payload": entry.payload,
        "prev": previous,
        "hash": link(previous, seq + 1, entry.payload),
    }
    return tuple((plain | changes).values())


def test_an_honest_next_row_is_accepted_with_its_postings(outsider: sqlite3.Connection) -> None:
    outsider.execute(f"INSERT {EVENT}", row(outsider))
    lines = outsider.execute("SELECT asset, account, amount FROM posting WHERE seq = 4").fetchall()
    assert len(lines) == 5
    assert ("USD", "asset:kraken/main", "-961.9465") in lines


@pytest.mark.parametrize("verb", ["INSERT", "INSERT OR REPLACE", "REPLACE", "INSERT OR ABORT"])
@pytest.mark.parametrize(
    "change",
    [
        {"seq": 1},
        {"seq": 3},
        {"seq": 5},
        {"seq": -1},
        {"seq": None},
        {"prev": bytes(32)},
        {"prev": b"short"},
        {"hash": b"short"},
        {"idem": entry_of(booked(1)).key},
        {"ts_us": -1},
        {"ts_us": "yesterday"},
        {"kind": None},
        {"payload": None},
        {"payload": "text, not bytes"},
        {"payload": b'{"postings":{"USD":{"a":"1e5"}}}'},
        {"payload": b'{"postings":{"USD":{"a":"1.2.3"}}}'},
        {"payload": b'{"postings":{"USD":{"a":"1-2"}}}'},
        {"payload": b'{"postings":{"USD":{"a":"-"}}}'},
        {"payload": b'{"postings":{"USD":{"a":"5."}}}'},
        {"payload": b'{"postings":{"USD":{"a":null}}}'},
        {"payload": b'{"postings":{"USD":{"a":""}}}'},
        {"payload": b'{"postings":{'},
    ],
    ids=str,
)
def test_a_wrong_row_is_refused_and_nothing_is_changed(
    outsider: sqlite3.Connection, verb: str, change: dict[str, object]
) -> None:
    before = contents(outsider)
    with pytest.raises(sqlite3.Error):
        outsider.execute(f"{verb} {EVENT}", row(outsider, **change))
    assert contents(outsider) == before


@pytest.mark.parametrize("verb", ["INSERT", "INSERT OR REPLACE", "INSERT OR IGNORE"])
def test_a_hash_that_exists_is_refused_before_replace_could_delete_its_row(
    outsider: sqlite3.Connection, verb: str
) -> None:
    before = contents(outsider)
    (first,) = outsider.execute("SELECT hash FROM event WHERE seq = 1").fetchone()
    with pytest.raises(sqlite3.IntegrityError, match="ledger: hash exists"):
        outsider.execute(f"{verb} {EVENT}", row(outsider, hash=first))
    assert contents(outsider) == before


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE event SET ts_us = ts_us",
        "UPDATE OR REPLACE event SET seq = 1 WHERE seq = 2",
        "UPDATE OR IGNORE event SET kind = 'x'",
        "DELETE FROM event",
        "DELETE FROM event WHERE seq = 3",
        "UPDATE posting SET amount = '1'",
        "UPDATE OR REPLACE posting SET account = 'x'",
        "DELETE FROM posting",
        "INSERT INTO posting VALUES (2, 'USD', 'asset:kraken/main', '1')",
        "INSERT OR REPLACE INTO posting VALUES (2, 'USD', 'asset:kraken/main', '1')",
        "REPLACE INTO posting VALUES (2, 'USD', 'new', '1')",
        "INSERT INTO posting VALUES (99, 'USD', 'new', '1')",
    ],
)
def test_nothing_is_ever_changed_deleted_or_added_to(
    outsider: sqlite3.Connection, statement: str
) -> None:
    before = contents(outsider)
    with pytest.raises(sqlite3.IntegrityError, match="ledger: "):
        outsider.execute(statement)
    assert contents(outsider) == before


def test_a_line_of_the_newest_event_cannot_be_replaced(outsider: sqlite3.Connection) -> None:
    outsider.execute(f"INSERT {EVENT}", row(outsider))
    before = contents(outsider)
    line = (4, "USD", "asset:kraken/main", "1")
    with pytest.raises(sqlite3.IntegrityError, match="not a posting of the newest event"):
        outsider.execute(f"INSERT OR REPLACE {POSTING}", line)
    assert contents(outsider) == before


def test_a_statement_of_many_rows_is_stored_whole_or_not_at_all(
    outsider: sqlite3.Connection,
) -> None:
    before = contents(outsider)
    good = row(outsider)
    values = f"{EVENT}, (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)"
    with pytest.raises(sqlite3.IntegrityError):
        outsider.execute(f"INSERT {values}", (*good, *good))
    assert contents(outsider) == before
