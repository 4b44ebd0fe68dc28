"""What an auditor hands to the independent verifier counts, or he is told that it does not."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from storage.places import Places
from storage.verify import Witness, verify_file
from tests.storage.samples import booked, guards_of, moved, sent, unguarded, write
from tests.storage.test_attack_table import cut_to, forging
from tests.storage.test_independent_verifier import says
from tests.storage.test_seals import OURS, anchors_of, written


@pytest.fixture
async def places(tmp_path: Path) -> Places:
    await written(tmp_path / "data", 1, 2, 3)
    return Places(tmp_path / "data", "demo")


@pytest.mark.parametrize("left", ["", "{}\n", '{"seq": 8', "null"])
async def test_a_head_file_that_was_emptied_with_the_cut_is_no_ok(
    places: Places, left: str
) -> None:
    await forging(cut_to(4))(places)
    places.head.write_text(left)
    assert verify_file(places.ledger, places.head).result == "FAIL"
    assert says(places.ledger, places.head)[0] == 1


async def test_of_two_heads_each_counts(places: Places, tmp_path: Path) -> None:
    early = tmp_path / "early"
    with closing(sqlite3.connect(places.ledger)) as connection:
        (raw,) = connection.execute("SELECT hash FROM event WHERE seq = 4").fetchone()
    early.write_text(json.dumps({"hash": raw.hex(), "seq": 4}))
    assert says(places.ledger, early, places.head)[0] == 0
    await forging(cut_to(4))(places)
    assert says(places.ledger, early)[0] == 0
    assert says(places.ledger, early, places.head)[0] == 1


async def test_anchors_in_a_log_of_json_lines_count(places: Places, tmp_path: Path) -> None:
    logged = tmp_path / "quarterdeck.jsonl"
    lines = [{"ts": "x", "event": line} for line in anchors_of(places).read_text().splitlines()]
    logged.write_text("".join(json.dumps(line) + "\n" for line in lines))
    code, words = says(places.ledger, places.head, logged)
    assert (code, "2 anchors" in words) == (0, True), words
    witness = Witness(OURS.public_key, (logged,))
    assert verify_file(places.ledger, places.head, witness=witness).anchors == 2
    await forging(cut_to(4))(places)
    assert says(places.ledger, logged)[0] == 1


@pytest.mark.parametrize("column", ["ts_us = ts_us + 1", "symbol = 'x'", "side = 'x'"])
def test_every_index_column_is_that_of_the_payload(tmp_path: Path, column: str) -> None:
    places = write(tmp_path, [booked(1), sent(1), moved(1)])
    assert says(places.ledger, places.head)[0] == 0
    guards = guards_of(places.ledger)
    with closing(unguarded(places.ledger)) as connection:
        connection.execute(f"UPDATE event SET {column} WHERE seq = 2")
        for guard in guards:
            connection.execute(guard)
    assert verify_file(places.ledger, places.head).result == "FAIL"
    assert says(places.ledger, places.head)[0] == 1
