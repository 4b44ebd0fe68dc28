"""The ledger port, whatever stands behind it."""

import asyncio
from decimal import Decimal
from pathlib import Path

import pytest

from domain.controls import CodeAccepted, HaltReleased
from domain.errors import Refused, Unavailable
from domain.events import Fact
from domain.storage_ports import Ledger
from tests.contracts.ledgers import Open, in_memory, in_sqlite
from tests.storage.samples import Heard, booked, genesis, moved, sent


@pytest.fixture(params=["sqlite", "memory"])
def open_ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Open:
    return in_sqlite(genesis(), tmp_path) if request.param == "sqlite" else in_memory(genesis())


async def told(ledger: Ledger) -> list[Fact]:
    return [fact async for _, fact in ledger.facts()]


async def test_facts_come_back_in_the_order_in_which_they_were_appended(open_ledger: Open) -> None:
    heard = Heard()
    facts: list[Fact] = [make(n) for n in range(30) for make in (booked, sent, moved)]
    async with open_ledger(heard) as ledger:
        answers = await asyncio.gather(*[ledger.append([fact]) for fact in facts])
        assert await told(ledger) == [genesis(), *facts]
    assert [answer.seq for [answer] in answers] == list(range(2, 92))
    assert heard.facts == facts


async def test_an_answer_is_the_row_that_was_told_as_news(open_ledger: Open) -> None:
    heard = Heard()
    async with open_ledger(heard) as ledger:
        answers = await ledger.append([booked(1), sent(1)])
        stored = [appended async for appended, _ in ledger.facts()]
    assert list(answers) == [appended for appended, _ in heard.news] == stored[1:]
    assert len({answer.hash for answer in answers}) == 2


async def test_a_duplicate_answers_the_first_row_and_is_no_news(open_ledger: Open) -> None:
    heard = Heard()
    async with open_ledger(heard) as ledger:
        [first] = await ledger.append([booked(1)])
        [again] = await ledger.append([booked(1, source="rest", at_us=7)])
        assert await told(ledger) == [genesis(), booked(1)]
    assert (again.seq, again.hash) == (first.seq, first.hash)
    assert (again.duplicate, again.conflict, first.duplicate) == (True, False, False)
    assert heard.facts == [booked(1)]


async def test_a_conflict_keeps_the_first(open_ledger: Open) -> None:
    heard = Heard()
    async with open_ledger(heard) as ledger:
        await ledger.append([booked(1)])
        answers = await ledger.append([booked(1, quantity=Decimal("0.4")), sent(1)])
        assert await told(ledger) == [genesis(), booked(1), sent(1)]
    assert [(a.seq, a.duplicate, a.conflict) for a in answers] == [
        (2, False, True),
        (3, False, False),
    ]
    assert heard.facts == [booked(1), sent(1)]


async def test_a_code_that_was_used_refuses_the_whole_append(open_ledger: Open) -> None:
    code = CodeAccepted(at_us=1, actor="op", operator="op", step=7, purpose="release")
    release = HaltReleased(at_us=2, actor="op", halt_id="H", reason="r")
    heard = Heard()
    async with open_ledger(heard) as ledger:
        await ledger.append([code])
        with pytest.raises(Refused):
            await ledger.append([release, code])
        assert await told(ledger) == [genesis(), code]
        assert (await ledger.append([release]))[0].seq == 3
    assert heard.facts == [code, release]


async def test_news_are_folded_before_the_waiter_goes_on(open_ledger: Open) -> None:
    heard = Heard()
    async with open_ledger(heard) as ledger:
        await ledger.append([sent(1)])
        assert heard.facts == [sent(1)]


async def test_a_waiter_that_is_cancelled_takes_nothing_back(open_ledger: Open) -> None:
    async with open_ledger(Heard()) as ledger:
        waiting = asyncio.ensure_future(ledger.append([sent(1)]))
        waiting.cancel()
        await ledger.append([sent(2)])
        assert await told(ledger) == [genesis(), sent(1), sent(2)]


async def test_a_ledger_verifies_and_says_what_it_did_not_look_at(open_ledger: Open) -> None:
    async with open_ledger(Heard()) as ledger:
        [newest] = await ledger.append([booked(1)])
        report = await ledger.verify()
    assert (report.result, report.rows, report.head_hash) == ("OK", 2, newest.hash)
    assert {"seals", "anchors"} <= set(report.unproven)


async def test_what_was_queued_before_close_is_stored_and_what_comes_after_is_refused(
    open_ledger: Open,
) -> None:
    heard = Heard()
    async with open_ledger(heard) as ledger:
        waiting = [ledger.append([sent(number)]) for number in range(40)]
        await ledger.close()
        await asyncio.gather(*waiting)
        with pytest.raises(Unavailable):
            await ledger.append([sent(41)])
    assert heard.facts == [sent(number) for number in range(40)]


async def test_a_fact_with_a_float_is_refused_at_once(open_ledger: Open) -> None:
    async with open_ledger(Heard()) as ledger:
        with pytest.raises(TypeError):
            ledger.append([booked(1, price=0.1)])
        assert await told(ledger) == [genesis()]
