"""Many callers, callers that go away, an engine that ends: the ledger under all of them."""

import asyncio
import random
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from domain.errors import Corrupt, Unavailable
from domain.events import Fact
from storage.database import open_reader
from storage.ledger import SqliteLedger
from storage.places import Places
from storage.verify import verify_file
from storage.writer import LARGEST_APPEND
from tests.storage.samples import Heard, alarm, booked, genesis, opened, sent


def rows_in(places: Places) -> int:
    with closing(open_reader(places.ledger)) as reader:
        return int(reader.execute("SELECT count(*) FROM event").fetchone()[0])


async def told(ledger: SqliteLedger) -> list[Fact]:
    return [fact async for _, fact in ledger.facts()]


async def test_a_large_append_is_one_transaction_and_a_larger_one_is_refused(
    tmp_path: Path,
) -> None:
    async with opened(tmp_path) as ledger:
        answers = await ledger.append([sent(number) for number in range(LARGEST_APPEND)])
        assert [answer.seq for answer in answers] == list(range(2, LARGEST_APPEND + 2))
        with pytest.raises(ValueError, match="2501 facts in one append"):
            ledger.append([sent(number) for number in range(LARGEST_APPEND + 1)])


async def test_a_full_queue_refuses_instead_of_growing(tmp_path: Path) -> None:
    places = Places(tmp_path, "demo")
    async with SqliteLedger(places, genesis(), Heard(), most_waiting=10) as ledger:
        accepted = [ledger.append([sent(number)]) for number in range(10)]
        with pytest.raises(Unavailable, match="10 facts wait to be written"):
            await ledger.append([sent(11)])
        assert [answers[0].seq for answers in await asyncio.gather(*accepted)] == [*range(2, 12)]
        assert (await ledger.append([sent(11)]))[0].seq == 12


async def test_after_close_nothing_is_taken_and_what_was_queued_is_stored(tmp_path: Path) -> None:
    async with opened(tmp_path) as ledger:
        waiting = [ledger.append([sent(number)]) for number in range(600)]
        await ledger.close()
        assert [answers[0].seq for answers in await asyncio.gather(*waiting)] == [*range(2, 602)]
        with pytest.raises(Unavailable, match="being closed"):
            await ledger.append([sent(601)])
    assert rows_in(Places(tmp_path, "demo")) == 601


async def test_three_hundred_random_cancellations_leave_nothing_dangling(tmp_path: Path) -> None:
    dice = random.Random(7)
    heard = Heard()
    pairs = [[booked(n), sent(n)] for n in range(300)]
    async with opened(tmp_path, heard) as ledger:

        async def waits(pair: list[Fact]) -> None:
            await ledger.append(pair)

        async with asyncio.TaskGroup() as group:
            tasks = []
            for pair in pairs:
                tasks.append(group.create_task(waits(pair)))
                for _ in range(dice.randrange(4)):
                    await asyncio.sleep(0)
                if dice.random() < 0.7:
                    tasks[dice.randrange(len(tasks))].cancel()
            dice.shuffle(tasks)
            for task in tasks[:100]:
                task.cancel()
        [last] = await ledger.append([alarm()])
        everything = await told(ledger)
        assert (await ledger.verify()).result == "OK"
    # A task that was cancelled before it ran has appended nothing; every other pair is whole.
    stored = everything[1:-1]
    assert last.seq == len(everything)
    assert [fact.at_us for fact in stored[::2]] == [fact.at_us for fact in stored[1::2]]
    assert stored == heard.facts[:-1]
    assert any(task.cancelled() for task in tasks)
    assert len(stored) > 200


async def test_a_caller_that_goes_away_changes_nothing_for_the_others(tmp_path: Path) -> None:
    async with opened(tmp_path) as ledger:
        gone = asyncio.ensure_future(ledger.append([sent(1)]))
        kept = ledger.append([sent(2)])
        gone.cancel()
        assert (await kept)[0].seq == 3
        assert await told(ledger) == [genesis(), sent(1), sent(2)]


async def test_an_engine_that_is_cancelled_still_writes_what_it_queued(tmp_path: Path) -> None:
    started = asyncio.Event()

    async def engine() -> None:
        async with opened(tmp_path) as ledger:
            for number in range(500):
                ledger.append([sent(number)])
            started.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(engine())
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert rows_in(Places(tmp_path, "demo")) == 501


async def test_a_bug_in_the_fold_takes_the_desk_down_and_leaves_nobody_waiting(
    tmp_path: Path,
) -> None:
    def committed(_: object) -> None:
        raise ZeroDivisionError("planted")

    async def desk() -> None:
        places = Places(tmp_path, "demo")
        async with SqliteLedger(places, genesis(), committed) as ledger:
            waiting = ledger.append([sent(1)])
            try:
                await asyncio.Event().wait()
            finally:
                with pytest.raises(Corrupt, match="may be stored"):
                    await waiting
                with pytest.raises(Corrupt, match="may be stored"):
                    await ledger.append([sent(2)])

    with pytest.raises(ExceptionGroup) as raised:
        await desk()
    assert isinstance(raised.value.exceptions[0], ZeroDivisionError)
    async with opened(tmp_path) as ledger:
        assert await told(ledger) == [genesis(), sent(1)]


async def test_another_writer_behind_our_back_stops_the_ledger(tmp_path: Path) -> None:
    places = Places(tmp_path, "demo")
    async with opened(tmp_path) as ledger:
        await ledger.append([sent(1)])
        with closing(sqlite3.connect(places.ledger, isolation_level=None)) as other:
            newest = "SELECT max(seq) + 1, hash FROM event ORDER BY seq DESC LIMIT 1"
            seq, previous = other.execute(newest).fetchone()
            row = (seq, 1, "x", "", "", "", "k", b"{}", previous, b"\1" * 32)
            other.execute("INSERT INTO event VALUES (?,?,?,?,?,?,?,?,?,?,NULL)", row)
        with pytest.raises(Corrupt, match="not the next event"):
            await ledger.append([sent(2)])
        with pytest.raises(Corrupt, match="not the next event"):
            await ledger.append([sent(3)])
        assert "not the next event" in ledger.failure
    assert verify_file(places.ledger, places.head).result == "FAIL"
