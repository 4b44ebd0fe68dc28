"""kill -9 at random while it writes: nothing acknowledged is lost, nothing is half there.

A killed process leaves the page cache alone, so this proves recovery and not durability: that
is what tests/storage/test_power_loss.py takes away (reliability 3.3).
"""

import asyncio
import os
import random
import signal
import sys
from pathlib import Path

import pytest

from domain.bookings import FillBooked
from domain.errors import Misconfigured, Unavailable
from domain.events import LedgerOpened, OrderSent
from storage.lock import BookLock
from storage.places import Places
from storage.verify import verify_file
from tests.storage.samples import Heard, genesis, opened

KILLS = 8
WRITES = """
import asyncio, pathlib, sys
from storage.places import Places
from storage.ledger import SqliteLedger
from tests.storage.samples import booked, genesis, sent

async def main():
    places = Places(pathlib.Path(sys.argv[1]), "demo")
    async with SqliteLedger(places, genesis(), lambda news: None, head_every_s=0.01) as ledger:
        async def writes(lane):
            number = ledger.head.seq * 10 + lane
            while True:
                number += 10
                answers = await ledger.append([booked(number), sent(number)])
                print(answers[-1].seq, flush=True)
        async with asyncio.TaskGroup() as group:
            for lane in range(4):
                group.create_task(writes(lane))

asyncio.run(main())
"""


async def start(folder: Path) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        WRITES,
        str(folder),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )


async def killed(folder: Path, after_s: float) -> int:
    """Let it write, kill it, and answer the last row it acknowledged."""
    process = await start(folder)
    assert process.stdout is not None
    first = await process.stdout.readline()
    await asyncio.sleep(after_s)
    process.send_signal(signal.SIGKILL)
    rest = await process.stdout.read()
    assert await process.wait() == -signal.SIGKILL
    whole_lines = (first + rest).split(b"\n")[:-1]
    return int(whole_lines[-1])


@pytest.mark.slow
async def test_kill_9_at_random_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    dice = random.Random(11)
    places = Places(tmp_path, "demo")
    before = 1
    for _ in range(KILLS):
        acknowledged = await killed(tmp_path, dice.uniform(0.0, 0.1))
        report = verify_file(places.ledger, places.head)
        assert (report.result, report.problem) == ("OK", "")
        assert report.head_seq >= acknowledged > before
        before = report.head_seq
    async with opened(tmp_path, Heard()) as ledger:
        facts = [fact async for _, fact in ledger.facts()]
        assert ledger.head_problem == ""
    assert isinstance(facts[0], LedgerOpened)
    pairs = list(zip(facts[1::2], facts[2::2], strict=True))
    assert all(isinstance(one, FillBooked) and isinstance(two, OrderSent) for one, two in pairs)
    assert len(pairs) > KILLS


async def test_a_second_engine_is_told_to_attach_while_the_first_one_lives(tmp_path: Path) -> None:
    process = await start(tmp_path)
    assert process.stdout is not None
    try:
        await process.stdout.readline()
        with pytest.raises(Unavailable, match=f"process {process.pid}.*attach instead") as told:
            async with opened(tmp_path):
                pass
        assert told.value.exit_status == 69
    finally:
        process.kill()
        await process.communicate()
    async with opened(tmp_path) as ledger:
        assert ledger.genesis == genesis()


async def test_a_second_engine_in_the_same_process_is_refused_too(tmp_path: Path) -> None:
    async with opened(tmp_path):
        with pytest.raises(Unavailable, match="attach instead"):
            async with opened(tmp_path):
                pass


def test_a_lock_is_free_again_after_release_and_its_note_is_only_a_note(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    path.write_bytes(b"\xff" * 200)
    with BookLock(path, "demo") as lock:
        assert path.read_text() == f"{os.getpid()}\n"
        lock.release()
        with BookLock(path, "demo"):
            path.write_text("not a number")
            with pytest.raises(Unavailable, match="another engine holds"):
                BookLock(path, "demo").acquire()


def test_a_lock_that_cannot_be_opened_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Misconfigured, match="cannot be opened"):
        BookLock(tmp_path / "lock", "demo").acquire()
    assert not (tmp_path / "elsewhere").exists()
