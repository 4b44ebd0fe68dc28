"""The attacks of reliability 4.1 by somebody who may write the file: what chain and head catch.

What they cannot catch stands here too, as a promise of what seals and anchors are for: it must
be in `unproven`, and never in an OK that claims more.
"""

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from domain.queries import VerifyReport
from storage.batch import plan
from storage.database import flattened, head_of, insert_statement
from storage.entries import entry_of
from storage.places import Places
from storage.verify import verify_file
from tests.storage.samples import booked, guards_of, rechained, sent, unguarded, write

Attack = Callable[[sqlite3.Connection], object]


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return write(tmp_path, [booked(1), sent(1), booked(2), sent(2)])


def attacked(places: Places, attack: Attack) -> tuple[VerifyReport, VerifyReport]:
    """What verification says (with the head file, without it) after the guards stand again."""
    guards = guards_of(places.ledger)
    with closing(unguarded(places.ledger)) as connection:
        attack(connection)
        for guard in guards:
            connection.execute(guard)
    return verify_file(places.ledger, places.head), verify_file(places.ledger, None)


def edit(connection: sqlite3.Connection) -> None:
    payload = entry_of(booked(1, source="forged")).payload
    connection.execute("UPDATE event SET payload = ? WHERE seq = 2", (payload,))


def delete(connection: sqlite3.Connection) -> None:
    connection.execute("DELETE FROM posting WHERE seq = 4")
    connection.execute("DELETE FROM event WHERE seq = 4")


def swap(connection: sqlite3.Connection) -> None:
    for old, new in ((3, 100), (5, 3), (100, 5)):
        connection.execute("UPDATE event SET seq = ? WHERE seq = ?", (new, old))


def edit_and_rechain(connection: sqlite3.Connection) -> None:
    edit(connection)
    rechained(connection)


def cut(connection: sqlite3.Connection) -> None:
    connection.execute("DELETE FROM posting WHERE seq > 3")
    connection.execute("DELETE FROM event WHERE seq > 3")


def append_fake(connection: sqlite3.Connection) -> None:
    planned = plan([[entry_of(sent(99))]], head_of(connection), {})
    connection.execute(insert_statement(1), flattened(planned))


def test_an_update_with_the_guards_in_place_is_blocked(places: Places) -> None:
    with (
        closing(sqlite3.connect(places.ledger)) as connection,
        pytest.raises(sqlite3.IntegrityError),
    ):
        edit(connection)
    assert verify_file(places.ledger, places.head).result == "OK"


@pytest.mark.parametrize("attack", [edit, delete, swap])
def test_the_chain_alone_catches_edited_deleted_and_swapped_rows(
    places: Places, attack: Attack
) -> None:
    with_head, alone = attacked(places, attack)
    assert (with_head.result, alone.result) == ("FAIL", "FAIL")
    assert alone.bad_seq in {2, 3, 4}


@pytest.mark.parametrize("attack", [edit_and_rechain, cut])
def test_the_head_file_catches_what_the_chain_cannot(places: Places, attack: Attack) -> None:
    with_head, alone = attacked(places, attack)
    assert with_head.result == "FAIL"
    assert "head file" in with_head.problem
    assert alone.result == "OK"
    assert {"head file", "seals", "anchors"} <= set(alone.unproven)


def test_yesterdays_copy_is_caught_by_the_head_file(places: Places, tmp_path: Path) -> None:
    yesterday = tmp_path / "yesterday.db"
    shutil.copy(places.ledger, yesterday)
    write(tmp_path, [sent(3)])
    shutil.copy(yesterday, places.ledger)
    report = verify_file(places.ledger, places.head)
    assert report.result == "FAIL"
    assert "an old copy was put back" in report.problem


def test_a_new_file_is_caught_by_the_head_file(places: Places, tmp_path: Path) -> None:
    other = write(tmp_path / "other", [sent(number) for number in range(10)])
    shutil.copy(other.ledger, places.ledger)
    report = verify_file(places.ledger, places.head)
    assert report.result == "FAIL"
    assert "it was rewritten" in report.problem


def test_a_fake_row_behind_the_newest_one_is_not_caught_before_there_are_seals(
    places: Places,
) -> None:
    with_head, alone = attacked(places, append_fake)
    assert (with_head.result, alone.result) == ("OK", "OK")
    assert "seals" in with_head.unproven
