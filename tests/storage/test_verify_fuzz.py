"""Bit rot: never an exception, and never a changed row that goes unnoticed."""

import random
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from storage.database import open_reader
from storage.verify import verify_file
from tests.storage.samples import booked, moved, sent, write

FLIPS = 150


def rows_of(ledger: Path) -> list[Any]:
    with closing(open_reader(ledger)) as reader:
        events = reader.execute("SELECT * FROM event ORDER BY seq").fetchall()
        return [*events, *reader.execute("SELECT * FROM posting ORDER BY 1, 2, 3").fetchall()]


@pytest.mark.slow
def test_a_flipped_bit_is_found_or_has_changed_no_row(tmp_path: Path) -> None:
    facts = [fact for n in range(1, 40) for fact in (booked(n), sent(n), moved(n))]
    places = write(tmp_path, facts)
    honest, whole = rows_of(places.ledger), places.ledger.read_bytes()
    dice = random.Random(5)
    found = 0
    for number in range(FLIPS):
        folder = tmp_path / str(number)
        folder.mkdir()
        flipped = bytearray(whole)
        flipped[dice.randrange(len(whole))] ^= 1 << dice.randrange(8)
        (folder / "ledger.db").write_bytes(flipped)
        report = verify_file(folder / "ledger.db", places.head)
        if report.result == "OK":
            assert rows_of(folder / "ledger.db") == honest
        else:
            assert report.problem
            found += 1
        shutil.rmtree(folder)
    assert found > FLIPS // 2


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
def test_a_file_that_was_cut_off_fails(tmp_path: Path, share: float) -> None:
    places = write(tmp_path, [booked(number) for number in range(50)])
    with closing(sqlite3.connect(places.ledger)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    whole = places.ledger.read_bytes()
    places.ledger.write_bytes(whole[: int(len(whole) * share)])
    assert verify_file(places.ledger, places.head).result == "FAIL"
