import asyncio
import random
import sqlite3
from contextlib import closing
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from domain.controls import CodeAccepted, HaltReleased
from domain.errors import Corrupt, Refused, Unavailable
from domain.events import Fact, LedgerOpened
from domain.ports import Appended
from storage.database import open_reader
from storage.ledger import SqliteLedger
from storage.places import Places
from storage.verify import verify_file
from storage.writer import LARGEST_APPEND
from tests.storage.samples import Heard, alarm, booked, genesis, opened, sent, written


def rows_in(places: Places) -> int:
    with closing(open_reader(places.ledger)) as reader:
        return int(reader.execute("SELECT count(*) FROM event").fetchone()[0])


async def told(ledger: SqliteLedger) -> list[Fact]:
    return [fact async for _, fact in ledger.facts()]


async def test_a_new_ledger_begins_with_its_genesis(tmp_path: Path) -> None:
    heard = Heard()
    async with opened(tmp_path, heard) as ledger:
        assert ledger.head.seq == 1
        assert await told(ledger) == [genesis()]
        assert ledger.head_problem == ""
    assert heard.news == [], "the genesis is read with facts(), not told as news"


async def test_the_size_is_that_of_the_file_and_its_log(tmp_path: Path) -> None:
    async with opened(tmp_path) as ledger:
        before = ledger.size_bytes
        await ledger.append([alarm(number, "x" * 250) for number in range(100)])
        assert ledger.size_bytes > before + 25_000 > 25_000


async def test_an_existing_ledger_keeps_its_own_genesis(tmp_path: Path) -> None:
    async with opened(tmp_path):
        pass
    mine = replace(genesis(), ledger_id="L2", install_tag="ZZ", at_us=genesis().at_us + 5)
    async with SqliteLedger(Places(tmp_path, "demo"), mine, Heard()) as ledger:
        assert ledger.genesis == genesis()
        assert await told(ledger) == [genesis()]


async def test_what_is_appended_survives_and_comes_back_in_order(tmp_path: Path) -> None:
    facts = [booked(n) if n % 2 else sent(n) for n in range(1, 40)]
    async with opened(tmp_path) as ledger:
        await asyncio.gather(*[ledger.append([fact]) for fact in facts])
    async with opened(tmp_path) as ledger:
        assert await told(ledger) == [genesis(), *facts]
        assert (await ledger.verify()).result == "OK"


async def test_news_are_told_after_the_commit_in_order_and_before_the_waiters(
    tmp_path: Path,
) -> None:
    events: list[str] = []
    places = Places(tmp_path, "demo")

    def committed(news: object) -> None:
        events.append(f"told with {rows_in(places)} rows")

    async with SqliteLedger(places, genesis(), committed) as ledger:

        async def waits(number: int) -> None:
            await ledger.append([sent(number)])
            events.append(f"answered {number}")

        await asyncio.gather(*[waits(number) for number in range(3)])
    assert events == ["told with 4 rows", "answered 0", "answered 1", "answered 2"]


async def test_what_is_queued_together_is_one_commit(tmp_path: Path) -> None:
    batches: list[int] = []
    places = Places(tmp_path, "demo")
    async with SqliteLedger(places, genesis(), lambda news: batches.append(len(news))) as ledger:
        await asyncio.gather(*[ledger.append([sent(number)]) for number in range(300)])
    assert batches == [256, 44]


async def test_a_fact_that_is_there_already_answers_its_row(tmp_path: Path) -> None:
    heard = Heard()
    async with opened(tmp_path, heard) as ledger:
        [first] = await ledger.append([booked(1)])
        [again] = await ledger.append([booked(1, source="rest", at_us=9)])
        [once, twice] = await ledger.append([booked(2), booked(2)])
    assert (again.seq, again.hash, again.duplicate, again.conflict) == (2, first.hash, True, False)
    assert (once.seq, once.duplicate, twice.seq, twice.duplicate) == (3, False, 3, True)
    assert heard.seqs == [2, 3]


async def test_the_same_key_with_other_money_is_a_conflict_and_the_first_is_kept(
    tmp_path: Path,
) -> None:
    heard = Heard()
    changed = booked(1, quantity=Decimal("0.4"))
    async with opened(tmp_path, heard) as ledger:
        await ledger.append([booked(1)])
        [answer] = await ledger.append([changed])
        [_, inside] = await ledger.append([booked(2), booked(2, price=Decimal(1))])
        assert await told(ledger) == [genesis(), booked(1), booked(2)]
    assert (answer.seq, answer.duplicate, answer.conflict) == (2, False, True)
    assert (inside.seq, inside.conflict) == (3, True)
    assert heard.facts == [booked(1), booked(2)]


async def test_golden_case_g16_four_rows_and_one_duplicate(tmp_path: Path) -> None:
    cake: dict[str, Any] = {"symbol": "CAKE/BNB", "fee": Decimal(0)}
    fills = [
        booked(1, trade_id="7484550", quantity=Decimal("0.2"), price=Decimal(10), **cake),
        booked(2, trade_id="7484551", quantity=Decimal("0.3"), price=Decimal(11), **cake),
        booked(3, trade_id="7484552", quantity=Decimal("0.5"), price=Decimal(12), **cake),
        booked(4, trade_id="7484551", quantity=Decimal("0.3"), price=Decimal(11), **cake),
        booked(5, trade_id="7484550", symbol="BTC/USDT", price=Decimal(60000)),
    ]
    async with opened(tmp_path) as ledger:
        answers = [answer for fill in fills for answer in await ledger.append([fill])]
        kept = [fact for fact in await told(ledger) if not isinstance(fact, LedgerOpened)]
    assert [answer.duplicate for answer in answers] == [False, False, False, True, False]
    assert len(kept) == 4


async def test_one_append_is_stored_whole_beside_its_duplicates(tmp_path: Path) -> None:
    async with opened(tmp_path) as ledger:
        await ledger.append([booked(2)])
        answers = await ledger.append([booked(1), booked(2), booked(3)])
        assert [(a.seq, a.duplicate) for a in answers] == [(3, False), (2, True), (4, False)]
        assert await told(ledger) == [genesis(), booked(2), booked(1), booked(3)]


async def test_a_code_that_was_used_takes_what_it_would_allow_down_with_it(
    tmp_path: Path,
) -> None:
    code = CodeAccepted(at_us=1, actor="op", operator="op", step=77, purpose="release")
    release = HaltReleased(at_us=1, actor="op", halt_id="H1", reason="done")
    later = replace(release, at_us=2)
    async with opened(tmp_path) as ledger:
        await ledger.append([code, release])
        replayed = ledger.append([replace(code, at_us=2), later])
        beside = ledger.append([sent(1)])
        with pytest.raises(Refused, match="used already"):
            await replayed
        assert (await beside)[0].seq == 4
        with pytest.raises(Refused, match="used already"):
            await ledger.append([replace(code, step=78), replace(code, step=78, at_us=3), later])
        assert await told(ledger) == [genesis(), code, release, sent(1)]


async def test_nothing_appended_is_answered_with_nothing(tmp_path: Path) -> None:
    async with opened(tmp_path) as ledger:
        assert await ledger.append([]) == ()


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
            other.execute("INSERT INTO event VALUES (?,?,?,?,?,?,?,?,?,?)", row)
        with pytest.raises(Corrupt, match="not the next event"):
            await ledger.append([sent(2)])
        with pytest.raises(Corrupt, match="not the next event"):
            await ledger.append([sent(3)])
        assert "not the next event" in ledger.failure
    assert verify_file(places.ledger, places.head).result == "FAIL"


async def test_facts_name_the_row_that_cannot_be_read(tmp_path: Path) -> None:
    places = await written(tmp_path, [sent(1), sent(2)])
    with closing(sqlite3.connect(places.ledger, isolation_level=None)) as owner:
        owner.execute("DROP TRIGGER event_unchanged")
        owner.execute("UPDATE event SET payload = x'00' WHERE seq = 3")
    async with opened(tmp_path) as ledger:
        with pytest.raises(Corrupt, match="ledger row 3 "):
            await told(ledger)


async def test_pages_of_facts_join_without_a_gap(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.ledger.PAGE", 7)
    facts: list[Fact] = [sent(number) for number in range(30)]
    async with opened(tmp_path) as ledger:
        answers = await ledger.append(facts)
        read = [pair async for pair in ledger.facts()]
    assert [fact for _, fact in read] == [genesis(), *facts]
    assert [appended for appended, _ in read[1:]] == [Appended(a.seq, a.hash) for a in answers]
