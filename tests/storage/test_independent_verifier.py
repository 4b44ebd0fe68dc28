"""docs/verify_ledger.py against honest and forged files, beside our own verifier.

Two verifiers that share no code must agree (lesson of immudb's linear-fake, reliability 4.3).
"""

import json
import random
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from storage.exports import write_jsonl
from storage.places import Places
from storage.verify import verify_file
from tests.storage.samples import alarm, booked, guards_of, moved, rechained, sent, unguarded, write

VERIFIER = Path(__file__).parents[2] / "docs" / "verify_ledger.py"


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return write(tmp_path, [booked(1), sent(1), moved(1), alarm(1, "café → ok"), booked(2)])


def says(*paths: Path) -> tuple[int, str]:
    """Run it as an auditor would: without our code on the path."""
    command = [sys.executable, "-I", "-W", "error", str(VERIFIER), *map(str, paths)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=15)
    return done.returncode, done.stdout + done.stderr


def exported(places: Places) -> Path:
    path = places.directory / "export.jsonl"
    with path.open("w", encoding="utf-8") as out:
        write_jsonl(places.ledger, out)
    return path


def test_an_honest_ledger_and_its_export_are_ok(places: Places) -> None:
    report = verify_file(places.ledger, places.head)
    words = f"OK (not sealed; no anchors): 6 rows, head {report.head_hash}\n"
    assert says(places.ledger) == (0, words)
    assert says(places.ledger, places.head) == (0, words)
    assert says(exported(places), places.head) == (0, words)


FORGERIES = [
    "UPDATE event SET payload = x'7b7d' WHERE seq = 3",
    "UPDATE event SET hash = randomblob(32) WHERE seq = 3",
    "UPDATE event SET prev = randomblob(32) WHERE seq = 3",
    "UPDATE event SET kind = 'x' WHERE seq = 3",
    "UPDATE event SET account = 'x' WHERE seq = 3",
    "UPDATE event SET idem = 'x' WHERE seq = 3",
    "DELETE FROM event WHERE seq = 3",
    "DELETE FROM event WHERE seq = 1",
    "UPDATE posting SET amount = '1' WHERE seq = 4",
    "DELETE FROM posting WHERE seq = 4",
    "INSERT INTO posting VALUES (3, 'USD', 'mine', '1')",
    "INSERT INTO posting VALUES (70, 'USD', 'mine', '1')",
]


@pytest.mark.parametrize("forgery", FORGERIES)
def test_both_verifiers_refuse_a_forged_ledger(places: Places, forgery: str) -> None:
    guards = guards_of(places.ledger)
    with closing(unguarded(places.ledger)) as connection:
        connection.execute(forgery)
        for guard in guards:
            connection.execute(guard)
    assert verify_file(places.ledger, None).result == "FAIL"
    code, words = says(places.ledger)
    assert (code, words[:5]) == (1, "FAIL:")


def test_both_refuse_a_rewritten_ledger_by_its_head_file_alone(places: Places) -> None:
    with closing(unguarded(places.ledger)) as connection:
        rechained(connection)
        connection.execute("DELETE FROM event WHERE seq = 6")
        connection.execute("DELETE FROM posting WHERE seq = 6")
    assert says(places.ledger)[0] == 0
    assert says(places.ledger, places.head)[0] == 1
    assert verify_file(places.ledger, places.head).result == "FAIL"


def respelled(payload: str) -> str:
    return payload.replace('":', '": ', 1)


def with_a_float(payload: str) -> str:
    return payload.replace('"v":1}', '"v":1.0}')


def unbalanced(payload: str) -> str:
    told = json.loads(payload)
    told["postings"]["USD"]["trading"] = "1"
    return json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


@pytest.mark.parametrize("change", [respelled, with_a_float, unbalanced])
def test_a_payload_that_breaks_the_rules_fails_though_its_hash_is_right(
    places: Places, change: Callable[[str], str]
) -> None:
    with closing(unguarded(places.ledger)) as connection:
        (raw,) = connection.execute("SELECT payload FROM event WHERE seq = 2").fetchone()
        values = (change(raw.decode()).encode(),)
        connection.execute("UPDATE event SET payload = ? WHERE seq = 2", values)
        rechained(connection)
    assert says(exported(places))[0] == 1
    assert verify_file(places.ledger, None).result == "FAIL"


def test_an_export_that_was_edited_fails(places: Places) -> None:
    path = exported(places)
    lines = path.read_text("utf-8").split("\n")[:-1]
    assert says(path)[0] == 0
    dice = random.Random(3)
    edits: list[Callable[[list[Any]], Any]] = [
        lambda rows: rows.pop(2),
        lambda rows: rows.reverse(),
        lambda rows: rows.append(rows[-1]),
        lambda rows: rows[3].update(payload=rows[3]["payload"].replace("1", "2")),
        lambda rows: rows[dice.randrange(6)].update(hash="00" * 32),
        lambda rows: rows[4].update(seq=9),
        lambda rows: rows.clear(),
    ]
    for edit in edits:
        rows = [json.loads(line) for line in lines]
        edit(rows)
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
        code, words = says(path)
        assert (code, words[:5]) == (1, "FAIL:"), edit


def test_what_is_no_ledger_at_all_fails(tmp_path: Path) -> None:
    path = tmp_path / "x"
    for content in (b"", b"SQLite format 3\0", b"\xff\xfe", b"[]\n"):
        path.write_bytes(content)
        assert says(path)[0] == 1
    with closing(sqlite3.connect(tmp_path / "empty.db")) as connection:
        connection.execute("CREATE TABLE t (x)")
    assert says(tmp_path / "empty.db")[0] == 1
    assert says(tmp_path / "nothing")[0] == 1
    assert says()[0] == 1


def test_it_needs_nothing_but_the_standard_library() -> None:
    source = VERIFIER.read_text("utf-8")
    named = {line.split()[1].split(".")[0] for line in source.splitlines() if _imports(line)}
    assert named <= set(sys.stdlib_module_names)


def _imports(line: str) -> bool:
    return line.startswith(("import ", "from "))
