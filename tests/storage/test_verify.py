"""Each way in which a ledger can be wrong, and the row and the word that verification says."""

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from threading import Event, Thread

import pytest

from domain.queries import VerifyReport
from storage.chain import canonical, link
from storage.database import head_of, open_reader
from storage.entries import entry_of
from storage.places import Places
from storage.verify import verify_file
from tests.storage.samples import (
    alarm,
    booked,
    guards_of,
    moved,
    opened,
    rechained,
    sent,
    unguarded,
    write,
)

FACTS = [booked(1), sent(1), moved(1), alarm(1, 'café → \u0007 \\ "x"'), booked(2), sent(2)]


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return write(tmp_path, FACTS)


Forge = Callable[[sqlite3.Connection], object]


def forged(places: Places, forge: Forge) -> None:
    """Let the owner of the file do something, and put the guards back afterwards."""
    guards = guards_of(places.ledger)
    with closing(unguarded(places.ledger)) as connection:
        forge(connection)
        for guard in guards:
            connection.execute(guard)


def verdict(places: Places, forge: Forge) -> VerifyReport:
    forged(places, forge)
    return verify_file(places.ledger, places.head)


def does(*statements: str) -> Forge:
    def forge(connection: sqlite3.Connection) -> None:
        for statement in statements:
            connection.execute(statement)

    return forge


def test_an_honest_ledger_is_ok_and_says_what_is_not_proven(places: Places) -> None:
    report = verify_file(places.ledger, places.head)
    with closing(open_reader(places.ledger)) as reader:
        head = head_of(reader)
    assert (report.result, report.problem, report.bad_seq, report.rows) == ("OK", "", 0, 7)
    assert (report.head_seq, report.head_hash) == (7, head.hash.hex())
    assert report.unproven == ("seals", "anchors")


def test_the_tail_alone_says_that_the_rest_was_not_looked_at(places: Places) -> None:
    report = verify_file(places.ledger, places.head, tail=2)
    assert (report.result, report.rows) == ("OK", 2)
    assert report.unproven == ("rows 1 to 5", "pages and indexes", "seals", "anchors")
    forged(places, does("UPDATE event SET payload = x'00' WHERE seq = 3"))
    assert verify_file(places.ledger, places.head, tail=2).result == "OK"
    assert verify_file(places.ledger, places.head, tail=5).result == "FAIL"
    assert verify_file(places.ledger, places.head, tail=500).bad_seq == 3


def test_the_chain_alone_says_that_index_and_postings_were_not_looked_at(places: Places) -> None:
    report = verify_file(places.ledger, places.head, chain_only=True)
    assert (report.result, report.rows) == ("OK", 7)
    not_compared = ("index columns", "postings", "pages and indexes")
    assert report.unproven == (*not_compared, "seals", "anchors")
    forged(places, does("UPDATE event SET kind = 'x' WHERE seq = 4"))
    assert verify_file(places.ledger, places.head, chain_only=True).result == "OK"
    forged(places, does("UPDATE event SET hash = randomblob(32) WHERE seq = 6"))
    assert verify_file(places.ledger, places.head, chain_only=True).bad_seq == 6
    assert verify_file(places.ledger, places.head).bad_seq == 4


def test_a_copy_without_a_head_file_says_so(places: Places) -> None:
    report = verify_file(places.ledger, None)
    assert (report.result, report.unproven) == ("OK", ("head file", "seals", "anchors"))


CASES: list[tuple[str, Forge, int, str]] = [
    ("payload", does("UPDATE event SET payload = x'7b7d' WHERE seq = 4"), 4, "hash"),
    ("hash", does("UPDATE event SET hash = zeroblob(32) WHERE seq = 4"), 4, "hash"),
    ("link", does("UPDATE event SET prev = zeroblob(32) WHERE seq = 4"), 4, "link"),
    ("deleted", does("DELETE FROM event WHERE seq = 4"), 4, "gap: next comes 5"),
    ("first deleted", does("DELETE FROM event WHERE seq = 1"), 1, "gap: the first row is 2"),
    ("renumbered", does("UPDATE event SET seq = 99 WHERE seq = 7"), 7, "gap: next comes 99"),
    ("before the first", does("UPDATE event SET seq = 0 WHERE seq = 2"), 1, "first row is 0"),
    ("kind", does("UPDATE event SET kind = 'order_sent' WHERE seq = 4"), 4, "column kind"),
    ("account", does("UPDATE event SET account = '' WHERE seq = 4"), 4, "column account"),
    ("key", does("UPDATE event SET idem = 'x' WHERE seq = 3"), 3, "column idem"),
    ("time", does("UPDATE event SET ts_us = ts_us + 1 WHERE seq = 3"), 3, "column ts_us"),
    ("symbol", does("UPDATE event SET symbol = 'ETH/USD' WHERE seq = 6"), 6, "column symbol"),
    ("side", does("UPDATE event SET side = 'sell' WHERE seq = 6"), 6, "column side"),
    ("side of none", does("UPDATE event SET side = 'sell' WHERE seq = 3"), 3, "column side"),
    ("amount", does("UPDATE posting SET amount = '1' WHERE seq = 4"), 4, "postings"),
    ("line gone", does("DELETE FROM posting WHERE seq = 6 AND asset = 'BTC'"), 6, "postings"),
    ("line added", does("INSERT INTO posting VALUES (3, 'USD', 'mine', '5')"), 3, "postings"),
    ("orphan", does("INSERT INTO posting VALUES (0, 'USD', 'mine', '5')"), 0, "without an event"),
    ("early", does("INSERT INTO posting VALUES (8, 'USD', 'mine', '5')"), 0, "without an event"),
    (
        "widow",
        does("UPDATE posting SET seq = 99 WHERE seq = 6"),
        6,
        "postings are not those",
    ),
]


@pytest.mark.parametrize(
    ("forge", "seq", "words"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_a_forgery_is_found_at_its_row(places: Places, forge: Forge, seq: int, words: str) -> None:
    report = verdict(places, forge)
    assert (report.result, report.bad_seq) == ("FAIL", seq)
    assert words in report.problem


def rewritten(seq: int, change: Callable[[dict[str, object]], object]) -> Forge:
    """Change a payload and make every hash right again; the columns stay."""

    def forge(connection: sqlite3.Connection) -> None:
        (raw,) = connection.execute("SELECT payload FROM event WHERE seq = ?", (seq,)).fetchone()
        told = json.loads(raw)
        change(told)
        values = (canonical(told), seq)
        connection.execute("UPDATE event SET payload = ? WHERE seq = ?", values)
        rechained(connection)

    return forge


def test_a_row_with_a_hash_of_its_own_is_found_at_the_row_behind_it(places: Places) -> None:
    def forge(connection: sqlite3.Connection) -> None:
        row = connection.execute("SELECT prev, payload FROM event WHERE seq = 3").fetchone()
        payload = row[1].replace(b"engine", b"nobody")
        values = (payload, link(row[0], 3, payload))
        connection.execute("UPDATE event SET payload = ?, hash = ? WHERE seq = 3", values)

    report = verdict(places, forge)
    assert (report.result, report.bad_seq, report.problem[:5]) == ("FAIL", 4, "link:")


def test_postings_that_do_not_balance_are_found_though_every_hash_is_right(
    places: Places,
) -> None:
    def unbalance(told: dict[str, object]) -> None:
        told["postings"] = {"USD": {"asset:kraken/main": "10", "equity:external": "-9.99"}}

    forged(places, rewritten(4, unbalance))
    forged(places, does("UPDATE posting SET amount = '-9.99' WHERE seq = 4 AND amount = '-10'"))
    report = verify_file(places.ledger, None)
    assert (report.result, report.bad_seq) == ("FAIL", 4)
    assert report.problem == "postings of USD sum to 0.01, not to zero"


def test_a_payload_that_is_no_json_is_found_though_every_hash_is_right(places: Places) -> None:
    def forge(connection: sqlite3.Connection) -> None:
        connection.execute("UPDATE event SET payload = x'7b7d7d' WHERE seq = 3")
        rechained(connection)

    forged(places, forge)
    report = verify_file(places.ledger, None)
    assert (report.result, report.bad_seq) == ("FAIL", 3)
    assert "unreadable payload" in report.problem


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("DROP TRIGGER event_undeleted", "trigger event_undeleted was taken away"),
        ("DROP INDEX event_kind", "index event_kind was taken away"),
        ("CREATE TABLE note (x)", "table note was added"),
        ("CREATE INDEX mine ON event (ts_us)", "index mine was added"),
    ],
)
def test_a_guard_that_was_taken_away_fails_although_every_row_is_in_order(
    places: Places, statement: str, words: str
) -> None:
    with closing(sqlite3.connect(places.ledger)) as connection:
        connection.execute(statement)
    report = verify_file(places.ledger, places.head)
    assert (report.result, report.bad_seq) == ("FAIL", 0)
    assert words in report.problem


def test_a_guard_that_was_weakened_fails(places: Places) -> None:
    forge = does(
        "CREATE TRIGGER event_undeleted BEFORE DELETE ON event BEGIN SELECT 1; END",
    )
    with closing(unguarded(places.ledger)) as connection:
        forge(connection)
    forged(places, lambda _: None)
    assert "was taken away" in verify_file(places.ledger, places.head).problem


def test_a_line_that_another_programs_insert_or_ignore_dropped_is_found(places: Places) -> None:
    with closing(sqlite3.connect(places.ledger, isolation_level=None)) as other:
        head = head_of(other)
        told = json.loads(entry_of(booked(9)).payload)
        told["postings"]["USD"]["trading"] = "1e3"
        payload, seq = canonical(told), head.seq + 1
        entry = entry_of(booked(9))
        columns = (entry.at_us, entry.kind, entry.account, entry.symbol, entry.side, entry.key)
        values = (seq, *columns, payload, head.hash, link(head.hash, seq, payload))
        other.execute("INSERT OR IGNORE INTO event VALUES (?,?,?,?,?,?,?,?,?,?,NULL)", values)
    report = verify_file(places.ledger, places.head)
    assert (report.result, report.bad_seq) == ("FAIL", 8)


def test_the_first_bad_row_is_named_and_not_the_last(places: Places) -> None:
    forge = does(
        "UPDATE event SET kind = 'x' WHERE seq = 6",
        "UPDATE event SET prev = zeroblob(32) WHERE seq > 2",
    )
    report = verdict(places, forge)
    assert report.bad_seq == 3


def test_a_ledger_without_any_row_is_not_ok(places: Places) -> None:
    report = verdict(places, does("DELETE FROM posting", "DELETE FROM event"))
    assert report.result == "FAIL"


@pytest.mark.parametrize("content", [b"", b"SQLite format 3\0", b"x" * 5000])
def test_a_file_that_is_no_ledger_fails(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "ledger.db"
    path.write_bytes(content)
    assert verify_file(path, None).result == "FAIL"


def test_a_file_that_is_not_there_fails(tmp_path: Path) -> None:
    report = verify_file(tmp_path / "nothing.db", None)
    assert report.result == "FAIL"
    assert "unreadable" in report.problem
    assert list(tmp_path.iterdir()) == []


def test_a_check_that_is_stopped_is_no_proof(places: Places) -> None:
    stopped = Event()
    stopped.set()
    report = verify_file(places.ledger, places.head, stopped=stopped)
    assert report.result == "FAIL"
    assert "stopped" in report.problem


async def test_a_running_engine_may_append_while_it_is_verified(tmp_path: Path) -> None:
    places = Places(tmp_path, "demo")
    reports: list[VerifyReport] = []
    done = Event()

    def verifies() -> None:
        while not done.is_set():
            reports.append(verify_file(places.ledger, places.head))

    async with opened(tmp_path) as ledger:
        await ledger.append([sent(0)])
        thread = Thread(target=verifies)
        thread.start()
        for number in range(1, 200):
            await ledger.append([booked(number), sent(number)])
        done.set()
        thread.join()
    assert {(report.result, report.problem) for report in reports} == {("OK", "")}
    assert len({report.head_seq for report in reports}) > 1
