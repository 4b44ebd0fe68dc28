"""Seals and anchors: what the chain alone cannot show, each attack of reliability 4.1 again."""

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from threading import Event

import pytest

from domain.queries import VerifyReport
from storage.anchors import Anchor, AnchorFile, anchors_in
from storage.batch import EMPTY, plan, sealed
from storage.database import flattened, head_of, insert_statement, open_reader
from storage.entries import entry_of
from storage.ledger import SqliteLedger
from storage.places import Places
from storage.sealing import Anchoring, anchoring, begin
from storage.seals import Sealer, fingerprint, seal_fits
from storage.verify import Witness, verify_file
from tests.storage.samples import (
    START_US,
    Heard,
    booked,
    genesis,
    guards_of,
    rechained,
    sent,
    unguarded,
)
from tests.storage.test_independent_verifier import exported, says

LEDGER = "0123456789abcdef0123456789abcdef"
OURS = Sealer(bytes(range(32)), lambda: START_US)
NEW = Sealer(bytes(range(1, 33)), lambda: START_US + 1)
THIEF = Sealer(bytes(32), lambda: START_US)
Attack = Callable[[sqlite3.Connection], None]


class StoppedClock:
    def now_us(self) -> int:
        return START_US

    def monotonic_us(self) -> int:
        return 0


def ledger_at(places: Places) -> SqliteLedger:
    return SqliteLedger(places, genesis(ledger_id=LEDGER), Heard())


async def written(
    folder: Path, *rows: int, by: Sealer = OURS, before: Sealer | None = None
) -> None:
    """Open, seal, append the rows one commit each, anchor, close."""
    places = Places(folder, "demo")
    async with ledger_at(places) as ledger:
        await begin(ledger, by, before=before, at_us=START_US, actor="test")
        async with anchoring(Anchoring(ledger, [AnchorFile(anchors_of(places))], StoppedClock())):
            for row in rows:
                await ledger.append([booked(row), sent(row)])


def anchors_of(places: Places) -> Path:
    return places.data_dir / "outside" / "anchors"


@pytest.fixture
async def places(tmp_path: Path) -> Places:
    await written(tmp_path / "data", 1, 2, 3)
    return Places(tmp_path / "data", "demo")


def verified(places: Places, key: str = OURS.public_key, *, anchors: bool = False) -> VerifyReport:
    files = (anchors_of(places),) if anchors else ()
    return verify_file(places.ledger, None, witness=Witness(key, files))


def forged(places: Places, attack: Attack) -> None:
    guards = guards_of(places.ledger)
    with closing(unguarded(places.ledger)) as connection:
        attack(connection)
        for guard in guards:
            connection.execute(guard)


# What an honest ledger says


async def test_a_sealed_and_anchored_ledger_proves_all_but_its_head_file(places: Places) -> None:
    report = verify_file(
        places.ledger, places.head, witness=Witness(OURS.public_key, (anchors_of(places),))
    )
    assert (report.result, report.problem, report.unproven) == ("OK", "", ())
    assert report.sealed_by == OURS.public_key
    assert (report.anchors, report.anchored_seq) == (2, report.head_seq)


async def test_without_a_known_key_it_says_that_anybody_could_have_sealed_it(
    places: Places,
) -> None:
    report = verify_file(places.ledger, places.head)
    assert (report.result, report.unproven) == ("OK", ("seal key", "anchors"))


async def test_every_commit_is_sealed_at_its_newest_row_and_rows_before_it_are_not(
    places: Places,
) -> None:
    with closing(open_reader(places.ledger)) as reader:
        rows = reader.execute("SELECT seq FROM event WHERE seal IS NOT NULL").fetchall()
    assert rows == [(2,), (4,), (6,), (8,)]


async def test_a_ledger_from_before_the_first_seal_is_taken_on(tmp_path: Path) -> None:
    places = Places(tmp_path / "data", "demo")
    async with ledger_at(places) as ledger:
        await ledger.append([booked(1)])
    assert verify_file(places.ledger, places.head).unproven == ("seals", "anchors")
    await written(tmp_path / "data", 2)
    assert verified(places).result == "OK"


def outside(places: Places, *told: object) -> tuple[int, str]:
    """What the independent verifier says of it."""
    return says(places.ledger, *(Path(str(one)) for one in told))


async def test_the_independent_verifier_reads_seals_and_anchors_too(places: Places) -> None:
    code, words = outside(places, places.head, OURS.public_key, anchors_of(places))
    assert (code, words.split(": ")[0]) == (0, f"OK (sealed by {OURS.public_key}; 2 anchors)")
    assert outside(places, THIEF.public_key)[0] == 1
    assert says(exported(places), Path(OURS.public_key))[0] == 0


# The attacks


def edit_and_rechain(connection: sqlite3.Connection) -> None:
    connection.execute(
        "UPDATE event SET payload = CAST(replace(payload, '64123', '64124') AS BLOB)"
    )
    rechained(connection)


def drop_the_seals_too(connection: sqlite3.Connection) -> None:
    edit_and_rechain(connection)
    connection.execute("UPDATE event SET seal = NULL")


def append_unsealed(connection: sqlite3.Connection) -> None:
    planned = plan([[entry_of(sent(99))]], head_of(connection), {})
    connection.execute(insert_statement(1), flattened(planned))


def append_sealed_by_another(connection: sqlite3.Connection) -> None:
    planned = plan([[entry_of(sent(99))]], head_of(connection), {})
    planned = sealed(planned, THIEF.seal(LEDGER, planned.head))
    connection.execute(insert_statement(1), flattened(planned))


def append_with_an_old_seal(connection: sqlite3.Connection) -> None:
    (seal,) = connection.execute("SELECT seal FROM event ORDER BY seq DESC LIMIT 1").fetchone()
    planned = sealed(plan([[entry_of(sent(99))]], head_of(connection), {}), seal)
    connection.execute(insert_statement(1), flattened(planned))


def seal_all_anew(connection: sqlite3.Connection) -> None:
    """As a thief with a key of his own would: his key adopted, every row sealed by it."""
    (payload,) = connection.execute("SELECT payload FROM event WHERE seq = 2").fetchone()
    own = THIEF.vouch(LEDGER, "", THIEF.public_key)
    swapped = payload.replace(OURS.public_key.encode(), THIEF.public_key.encode()).replace(
        OURS.vouch(LEDGER, "", OURS.public_key).encode(), own.encode()
    )
    connection.execute("UPDATE event SET payload = ? WHERE seq = 2", (swapped,))
    connection.execute("UPDATE event SET idem = ? WHERE seq = 2", (f"seal_key:{THIEF.public_key}",))
    edit_and_rechain(connection)
    rows = connection.execute("SELECT seq, hash FROM event WHERE seq > 1").fetchall()
    for seq, row_hash in rows:
        seal = THIEF.seal(LEDGER, EMPTY._replace(seq=seq, hash=row_hash))
        connection.execute("UPDATE event SET seal = ? WHERE seq = ?", (seal, seq))


ATTACKS = [
    (edit_and_rechain, "not made by key"),
    (drop_the_seals_too, "the newest row has none"),
    (append_unsealed, "the newest row has none"),
    (append_sealed_by_another, "not made by key"),
    (append_with_an_old_seal, "not made by key"),
]


@pytest.mark.parametrize(("attack", "why"), ATTACKS, ids=lambda told: getattr(told, "__name__", ""))
async def test_what_the_chain_alone_cannot_show_the_seals_do(
    places: Places, attack: Attack, why: str
) -> None:
    forged(places, attack)
    report = verify_file(places.ledger, None)
    assert report.result == "FAIL"
    assert why in report.problem
    assert outside(places)[0] == 1


async def test_a_ledger_sealed_anew_by_a_thief_is_known_by_its_key_and_by_its_anchors(
    places: Places,
) -> None:
    forged(places, seal_all_anew)
    alone = verify_file(places.ledger, None)
    assert (alone.result, "seal key" in alone.unproven) == ("OK", True)
    assert f"not by the key that was given ({fingerprint(OURS.public_key)})" in (
        verified(places).problem
    )
    assert "it was rewritten" in verified(places, "", anchors=True).problem
    codes = [outside(places, *told)[0] for told in ((), (OURS.public_key,), (anchors_of(places),))]
    assert codes == [0, 1, 1]


async def test_a_cut_end_is_known_by_its_anchors_alone(places: Places) -> None:
    def cut(connection: sqlite3.Connection) -> None:
        connection.execute("DELETE FROM posting WHERE seq > 4")
        connection.execute("DELETE FROM event WHERE seq > 4")

    forged(places, cut)
    assert verified(places).result == "OK"
    report = verified(places, anchors=True)
    assert (report.result, report.bad_seq) == ("FAIL", 8)
    assert "the ledger's end was cut off" in report.problem
    assert (outside(places)[0], outside(places, anchors_of(places))[0]) == (0, 1)


async def test_yesterdays_copy_is_known_by_its_anchors(tmp_path: Path, places: Places) -> None:
    yesterday = tmp_path / "yesterday.db"
    shutil.copy(places.ledger, yesterday)
    await written(tmp_path / "data", 4)
    shutil.copy(yesterday, places.ledger)
    assert verified(places, anchors=True).result == "FAIL"


async def test_an_anchor_that_was_changed_fails_and_is_no_excuse(places: Places) -> None:
    path = anchors_of(places)
    text = path.read_text("utf-8")
    first = next(anchors_in([text]))
    path.write_text(text.replace(first.head.hash.hex(), "0" * 64), "utf-8")
    assert "its seal does not fit" in verified(places, anchors=True).problem


async def test_anchors_are_found_in_any_log_and_those_of_other_ledgers_are_left_alone(
    places: Places,
) -> None:
    path = anchors_of(places)
    lines = path.read_text("utf-8").splitlines()
    other = lines[0].replace(LEDGER, "f" * 32)
    path.write_text(
        f"Nov 21 desk[7]: INFO {lines[0]} x\nnoise\n{other}\n{lines[1][:90]}\n", "utf-8"
    )
    report = verified(places, anchors=True)
    assert (report.result, report.anchors) == ("OK", 1)


class Hanging(AnchorFile):
    """A file on a disk that does not answer, until the test lets it."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.answers = Event()

    def append(self, anchor: Anchor) -> None:
        self.answers.wait(10)
        super().append(anchor)


async def test_a_disk_that_hangs_holds_nobody_up_and_is_said(tmp_path: Path) -> None:
    file = Hanging(tmp_path / "slow")
    async with ledger_at(Places(tmp_path / "data", "demo")) as ledger:
        await begin(ledger, OURS, at_us=START_US, actor="test")
        anchors = Anchoring(ledger, [file], StoppedClock(), within_s=0.05)
        await anchors.now()
        assert anchors.problem == "no anchor could be written: slow did not answer in 0.05 s"
        file.answers.set()


# Keys


async def test_a_new_key_that_the_old_one_agreed_to_is_proven(
    tmp_path: Path, places: Places
) -> None:
    await written(tmp_path / "data", 4, by=NEW, before=OURS)
    report = verified(places, NEW.public_key, anchors=True)
    assert (report.result, report.unproven) == ("OK", ("head file",))
    assert verified(places, OURS.public_key).result == "FAIL"


async def test_a_change_without_the_old_keys_word_is_named(tmp_path: Path, places: Places) -> None:
    await written(tmp_path / "data", 4, by=THIEF)
    report = verified(places, THIEF.public_key)
    named = f"the change to key {fingerprint(THIEF.public_key)} at row 9"
    assert (report.result, named in report.unproven) == ("OK", True)


async def test_the_old_keys_word_cannot_be_made_up(tmp_path: Path, places: Places) -> None:
    class Liar(Sealer):
        def vouch(self, ledger_id: str, before: str, own: str) -> str:
            return THIEF.vouch(ledger_id, before, own)

    liar = Liar(bytes(range(32)), lambda: START_US)
    await written(tmp_path / "data", 4, by=THIEF, before=liar)
    assert "did not agree" in verified(places, "").problem


def test_a_seal_is_for_one_ledger_one_row_and_one_time() -> None:
    head = EMPTY._replace(seq=7, hash=bytes(range(32)))
    seal = OURS.seal(LEDGER, head)
    assert seal_fits(LEDGER, OURS.public_key, head, seal)
    assert not seal_fits("f" * 32, OURS.public_key, head, seal)
    assert not seal_fits(LEDGER, OURS.public_key, head._replace(seq=8), seal)
    assert not seal_fits(LEDGER, OURS.public_key, head._replace(hash=bytes(32)), seal)
    assert not seal_fits(LEDGER, OURS.public_key, head, bytes([seal[0] ^ 1]) + seal[1:])
    assert not seal_fits(LEDGER, OURS.public_key, head, seal[:-1])
    assert not seal_fits(LEDGER, "nonsense", head, seal)
