import csv
import io
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import Corrupt, Unavailable
from domain.text import as_cell
from storage.exports import CSV_COLUMNS, write_csv, write_jsonl
from storage.places import Places
from tests.storage.samples import alarm, booked, sent, unguarded, write

FORMULA = '=HYPERLINK("http://x","y")'


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return write(tmp_path, [booked(1), sent(1), alarm(1, "café\u2028 →\t'\" \\ \x1b[2J")])


def test_json_lines_hold_the_exact_payload_text(
    places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.exports.STEP", 2)
    out = io.StringIO()
    assert write_jsonl(places.ledger, out) == 4
    rows = [json.loads(line) for line in out.getvalue().split("\n")[:-1]]
    assert [row["seq"] for row in rows] == [1, 2, 3, 4]
    assert [row["prev"] for row in rows[1:]] == [row["hash"] for row in rows[:-1]]
    assert json.loads(rows[3]["payload"])["fact"]["text"] == "café\u2028 →\t'\" \\ \x1b[2J"


def test_a_spreadsheet_gets_every_row_and_no_formula(tmp_path: Path) -> None:
    fact = alarm(1, "look")
    places = write(tmp_path, [booked(1), alarm(2, FORMULA), fact])
    out = io.StringIO(newline="")
    assert write_csv(places.ledger, out) == 4
    header, *rows = csv.reader(io.StringIO(out.getvalue(), newline=""))
    assert tuple(header) == CSV_COLUMNS
    assert [row[0] for row in rows] == ["1", "2", "3", "4"]
    assert rows[1][1:6] == [
        "2025-01-01T00:00:00.000001Z",
        "fill_booked",
        "kraken/main",
        "kraken",
        "kraken:main:BTC/USD:T1",
    ]
    assert FORMULA.replace('"', '\\"') in rows[2][6]
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@"))]


def test_a_hostile_actor_is_text_in_a_spreadsheet(tmp_path: Path) -> None:
    hostile = sent(1)
    object.__setattr__(hostile, "actor", FORMULA)
    places = write(tmp_path, [hostile])
    out = io.StringIO(newline="")
    write_csv(places.ledger, out)
    rows = list(csv.reader(io.StringIO(out.getvalue(), newline="")))
    assert rows[2][4] == f"'{FORMULA}"


@given(st.text(max_size=20))
def test_no_text_begins_a_formula(text: str) -> None:
    cell = as_cell(text)
    assert cell in (text, f"'{text}")
    assert cell[:1] not in {"=", "+", "-", "@", "\t", "\r", "\n", "\0", "＝", "＋", "－", "＠"}  # noqa: RUF001


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "\0", "＝", "＠"])  # noqa: RUF001
def test_each_start_of_a_formula_is_defused(start: str) -> None:
    assert as_cell(f"{start}1+1") == f"'{start}1+1"


def test_a_row_that_is_no_text_stops_the_export_and_is_named(places: Places) -> None:
    connection = unguarded(places.ledger)
    connection.execute("UPDATE event SET payload = x'ff' WHERE seq = 3")
    connection.close()
    with pytest.raises(Corrupt, match="row 3"):
        write_jsonl(places.ledger, io.StringIO())
    with pytest.raises(Corrupt, match="row 3"):
        write_csv(places.ledger, io.StringIO())


def test_a_ledger_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="see that the file"):
        write_jsonl(tmp_path / "nothing.db", io.StringIO())
