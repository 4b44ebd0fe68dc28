"""The table of reliability 4.1: twelve attacks on a ledger, and which evidence shows each.

The attacker may write the file and drop its guards; he has neither our key nor the places where
anchors lie. Each column adds to the one before it: the chain alone, the seal on every commit,
anchors outside, the head file. What a column does not show stands here as well: a verifier that
claimed more would be as wrong as one that shows less. The independent verifier says the same.
"""

import shutil
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path

import pytest

from storage.places import Places
from storage.verify import Witness, verify_file
from tests.storage.samples import booked, guards_of, rechained, sent, unguarded
from tests.storage.test_independent_verifier import says
from tests.storage.test_seals import (
    OURS,
    anchors_of,
    append_unsealed,
    drop_the_seals_too,
    edit_and_rechain,
    ledger_at,
    seal_all_anew,
    written,
)
from tests.storage.test_verify_attacks import delete, edit, swap

Forge = Callable[[sqlite3.Connection], object]
Attack = Callable[[Places], Awaitable[None]]


def forging(forge: Forge) -> Attack:
    """An attack on the file in its place."""

    async def attack(places: Places) -> None:
        guards = guards_of(places.ledger)
        with closing(unguarded(places.ledger)) as connection:
            forge(connection)
            for guard in guards:
                connection.execute(guard)

    return attack


def edit_the_newest_row(connection: sqlite3.Connection) -> None:
    """The row behind the newest anchor."""
    connection.execute(
        "UPDATE event SET payload = CAST(replace(payload, 'ORDER', 'order') AS BLOB), "
        "seal = NULL WHERE seq = (SELECT max(seq) FROM event)"
    )
    rechained(connection)


def cut_to(seq: int) -> Forge:
    def cut(connection: sqlite3.Connection) -> None:
        connection.execute("DELETE FROM posting WHERE seq > ?", (seq,))
        connection.execute("DELETE FROM event WHERE seq > ?", (seq,))

    return cut


async def update_under_the_guards(places: Places) -> None:
    with (
        closing(sqlite3.connect(places.ledger)) as connection,
        pytest.raises(sqlite3.IntegrityError),
    ):
        edit(connection)


async def put_yesterdays_copy_back(places: Places) -> None:
    yesterday = places.directory / "yesterday.db"
    shutil.copy(places.ledger, yesterday)
    await (unsealed if places.data_dir.name == "bare" else written)(places.data_dir, 4)
    shutil.copy(yesterday, places.ledger)


async def start_a_new_file(places: Places) -> None:
    elsewhere = Places(places.data_dir / "elsewhere", "demo")
    async with ledger_at(elsewhere) as ledger:
        await ledger.append([booked(1)])
    shutil.copy(elsewhere.ledger, places.ledger)


# Which of chain, seals, anchors and head file shows it ("!"), and which cannot (".").
TABLE = [
    ("UPDATE under the guards: blocked", update_under_the_guards, "...."),
    ("edit a row", forging(edit), "!!!!"),
    ("delete a row", forging(delete), "!!!!"),
    ("swap rows", forging(swap), "!!!!"),
    ("edit and chain anew", forging(edit_and_rechain), ".!!!"),
    ("the same, and delete the seals", forging(drop_the_seals_too), ".!!!"),
    ("edit behind the newest anchor", forging(edit_the_newest_row), ".!!!"),
    ("append a row", forging(append_unsealed), ".!!!"),
    ("chain and seal anew, another key", forging(seal_all_anew), ".!!!"),
    ("cut the end off", forging(cut_to(4)), "..!!"),
    ("put yesterday's copy back", put_yesterdays_copy_back, "..!!"),
    ("start a new file", start_a_new_file, ".!!!"),
]


@pytest.mark.parametrize(("name", "attack", "shown_by"), TABLE, ids=[row[0] for row in TABLE])
async def test_each_attack_is_shown_by_the_evidence_that_can_show_it(
    tmp_path: Path, name: str, attack: Attack, shown_by: str
) -> None:
    bare, places = Places(tmp_path / "bare", "demo"), Places(tmp_path / "sealed", "demo")
    await unsealed(bare.data_dir, 1, 2, 3)
    # Without a seal there is none to forge: the thief's work is then the edit alone.
    await (forging(edit_and_rechain) if "another key" in name else attack)(bare)
    await written(places.data_dir, 1, 2, 3)
    if "newest anchor" in name:
        forget_the_newest_anchor(anchors_of(places))
    await attack(places)
    key, anchors = OURS.public_key, anchors_of(places)
    columns: list[tuple[Path, Path | None, Witness]] = [
        (bare.ledger, None, Witness()),
        (places.ledger, None, Witness(key)),
        (places.ledger, None, Witness(key, (anchors,))),
        (places.ledger, places.head, Witness(key, (anchors,))),
    ]
    assert "".join(ours(*column) for column in columns) == shown_by
    assert "".join(theirs(*column) for column in columns) == shown_by


def ours(ledger: Path, head: Path | None, witness: Witness) -> str:
    return {"OK": ".", "FAIL": "!"}[verify_file(ledger, head, witness=witness).result]


def theirs(ledger: Path, head: Path | None, witness: Witness) -> str:
    given = [told for told in (head, witness.public_key, *witness.anchors) if told]
    return {0: ".", 1: "!"}[says(ledger, *map(Path, given))[0]]


async def unsealed(folder: Path, *rows: int) -> None:
    """The same rows with nobody to seal them."""
    async with ledger_at(Places(folder, "demo")) as ledger:
        for row in rows:
            await ledger.append([booked(row), sent(row)])


def forget_the_newest_anchor(anchors: Path) -> None:
    """As if the engine had been killed before it could write it."""
    lines = anchors.read_text().splitlines(keepends=True)
    assert len(lines) > 1
    anchors.write_text("".join(lines[:-1]))
