import asyncio
import sqlite3
from contextlib import closing
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from domain.controls import CodeAccepted, HaltReleased
from domain.errors import Corrupt, Refused
from domain.events import Fact, LedgerOpened
from domain.storage_ports import Appended
from storage.database import open_reader
from storage.ledger import SqliteLedger
from storage.places import Places
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
