"""The power goes at any moment: an acknowledged row is there afterwards, and the chain is whole.

Two processes write the real ledger while a preloaded recorder notes every write and sync; disks
are then made as a power loss could leave them. The same test with `synchronous = NORMAL` must
lose rows and with OFF must damage the file: otherwise it would prove nothing.
"""

import os
import random
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from domain.errors import DeskError
from storage.database import prepare
from storage.places import Places
from storage.verify import verify_file
from tests.storage.power.images import ACKS, Disk, Record, records
from tests.storage.samples import genesis

HERE = Path(__file__).parent
COMMITS = 60
IMAGES = 300
WRITES = """
import asyncio, os, pathlib, sys
import storage.database as database
from storage.places import Places
from storage.ledger import SqliteLedger
from tests.storage.samples import booked, genesis, sent

folder, synchronous, commits = pathlib.Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
rarely = "PRAGMA wal_autocheckpoint = 4000"
assert rarely in database._SETTINGS
database._SETTINGS = tuple(
    # A checkpoint every few commits, so that power is lost in the middle of many.
    line.replace("synchronous = FULL", "synchronous = " + synchronous)
    .replace(rarely, "PRAGMA wal_autocheckpoint = 20")
    for line in database._SETTINGS
)
acks = os.open(folder / "acks", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

async def main():
    places = Places(folder, "demo")
    async with SqliteLedger(places, genesis(), lambda news: None, head_every_s=0.01) as ledger:
        first = ledger.head.seq * 10
        async def writes(lane):
            for number in range(commits // 3):
                key = first + number * 10 + lane
                answers = await ledger.append([booked(key), sent(key)])
                os.write(acks, b"%d\\n" % answers[-1].seq)
        async with asyncio.TaskGroup() as group:
            for lane in range(3):
                group.create_task(writes(lane))
        if synchronous == "FULL" and first < 100:
            os._exit(0)  # the first process ends without closing: the next one recovers

asyncio.run(main())
"""


@dataclass(frozen=True, slots=True)
class Damage:
    """What became of the images of one recording."""

    images: int
    lost: int
    broken: int


@pytest.fixture(scope="module")
def recorder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("no C compiler is installed (apt: gcc libc6-dev)")
    library = tmp_path_factory.mktemp("recorder") / "recorder.so"
    source = HERE / "power" / "recorder.c"
    words = [compiler, "-O2", "-shared", "-fPIC", "-o", str(library), str(source), "-ldl"]
    subprocess.run(words, check=True, timeout=15)
    return library


def recorded(recorder: Path, folder: Path, synchronous: str) -> list[Record]:
    """All that two processes, one after the other, did to the files of a book."""
    data, log = folder / "data", folder / "log"
    data.mkdir()
    preloaded = {"LD_PRELOAD": str(recorder), "REC_DIR": str(data), "REC_LOG": str(log)}
    for _ in range(2):
        subprocess.run(
            [sys.executable, "-c", WRITES, str(data), synchronous, str(COMMITS)],
            env={**os.environ, **preloaded, "PYTHONPATH": str(HERE.parents[1])},
            check=True,
            timeout=60,
        )
    found = records(log)
    assert sum(record.path.endswith("-wal") and record.op == "w" for record in found) > COMMITS
    return found


def lost_power(
    found: list[Record], folder: Path, dice: random.Random
) -> Iterator[tuple[Path, int]]:
    """Data directories after power losses at random moments, and what was acknowledged by then."""
    cuts = sorted(dice.randint(1, len(found)) for _ in range(IMAGES))
    disk, played = Disk(), 0
    for number, cut in enumerate(cuts):
        for record in found[played:cut]:
            disk.play(record)
        played = cut
        top = folder / str(number)
        for path, content in disk.image(dice):
            there = top / Path(path).relative_to(folder.parent / "recorded" / "data")
            if there.name == ACKS or there.name.endswith("-shm"):
                continue
            there.parent.mkdir(parents=True, exist_ok=True)
            there.write_bytes(content)
        yield top, disk.acknowledged
        shutil.rmtree(top, ignore_errors=True)


def damage(recorder: Path, tmp_path: Path, synchronous: str) -> Damage:
    folder = tmp_path / "recorded"
    folder.mkdir()
    found = recorded(recorder, folder, synchronous)
    lost = broken = 0
    for top, acknowledged in lost_power(found, tmp_path / "images", random.Random(7)):
        places = Places(top, "demo")
        places.ledger.parent.mkdir(parents=True, exist_ok=True)
        rows = rows_of(places)
        broken += rows is None
        lost += rows is not None and rows < acknowledged
    return Damage(IMAGES, lost, broken)


def rows_of(places: Places) -> int | None:
    """How many rows the ledger has after the next start, None when it is damaged."""
    try:
        head = prepare(places.ledger, genesis()).head
        with closing(sqlite3.connect(places.ledger)) as connection:
            (well,) = connection.execute("PRAGMA integrity_check").fetchone()
        report = verify_file(places.ledger, places.head)
    except (DeskError, sqlite3.Error):
        return None
    if well != "ok" or report.result != "OK":
        return None
    return head.seq


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_no_power_loss_takes_an_acknowledged_row_or_damages_the_ledger(
    recorder: Path, tmp_path: Path
) -> None:
    assert damage(recorder, tmp_path, "FULL") == Damage(IMAGES, lost=0, broken=0)


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_the_test_would_notice_a_ledger_that_does_not_wait_for_the_disk(
    recorder: Path, tmp_path: Path
) -> None:
    found = damage(recorder, tmp_path, "NORMAL")
    assert found.lost > IMAGES // 20
    (tmp_path / "off").mkdir()
    worse = damage(recorder, tmp_path / "off", "OFF")
    assert worse.lost + worse.broken > IMAGES // 4
    assert worse.broken > 0
