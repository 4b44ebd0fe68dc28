import asyncio
from collections.abc import AsyncGenerator
from contextlib import closing
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from domain.bookings import FillReversed
from domain.errors import Corrupt, Unavailable
from domain.instruments import Account
from domain.orders import Side
from domain.queries import FillPage, ReadFills, ReadLedger
from domain.storage_ports import LedgerReader
from storage.database import open_reader
from storage.history import History
from storage.ledger import SqliteLedger
from storage.pages import LARGEST_PAGE, Query, fills_query, fills_wanted
from storage.places import Places
from tests.storage.samples import alarm, booked, fill, genesis, opened, sent, unguarded

COINBASE = Account("coinbase", "main")
SAVINGS = Account("kraken", "savings")


@pytest.fixture
async def ledger(tmp_path: Path) -> AsyncGenerator[SqliteLedger]:
    async with opened(tmp_path) as made:
        yield made


@pytest.fixture
async def history(ledger: SqliteLedger, tmp_path: Path) -> AsyncGenerator[History]:
    async with History(Places(tmp_path, "demo").ledger) as made:
        yield made


def ids(page: FillPage) -> list[str]:
    return [told.fill.trade_id for told in page.fills]


async def test_rows_come_newest_first_with_everything_that_is_stored(
    ledger: SqliteLedger, history: History
) -> None:
    [answer] = await ledger.append([booked(1)])
    page = await history.rows(ReadLedger())
    newest, oldest = page.rows
    assert (page.total, page.older) == (2, False)
    assert (newest.seq, newest.hash, newest.previous) == (2, answer.hash, oldest.hash)
    assert (newest.kind, newest.actor, newest.account) == ("fill_booked", "kraken", "kraken/main")
    assert newest.key == booked(1).key()
    assert newest.payload.startswith('{"account":"kraken/main"')
    assert (oldest.kind, oldest.account, oldest.at_us) == ("ledger_opened", "", genesis().at_us)


async def test_pages_of_rows_join_without_a_gap_or_a_repetition(
    ledger: SqliteLedger, history: History
) -> None:
    await ledger.append([sent(number) for number in range(20)])
    seen: list[int] = []
    before = 0
    while True:
        page = await history.rows(ReadLedger(before_seq=before, limit=6))
        seen += [row.seq for row in page.rows]
        if not page.older:
            break
        before = page.rows[-1].seq
    assert seen == list(range(21, 0, -1))


async def test_rows_are_narrowed_by_kind_and_by_text(
    ledger: SqliteLedger, history: History
) -> None:
    await ledger.append([booked(1), sent(1), alarm(1, "Café 100% _sure_"), sent(2)])

    async def seqs(**how: str) -> list[int]:
        return [row.seq for row in (await history.rows(ReadLedger(**how))).rows]  # type: ignore[arg-type]

    assert await seqs(kind="order_sent") == [5, 3]
    assert await seqs(kind="nothing") == []
    assert await seqs(text="t1") == [2]
    assert await seqs(text="café") == [4]
    assert await seqs(text="100%") == [4]
    assert await seqs(text="100_") == []
    assert await seqs(text="_SURE_") == [4]
    assert await seqs(text="\\") == []
    assert await seqs(text="'; DROP TABLE event; --") == []
    assert await seqs(kind="order_sent", text="00002") == [5]


async def test_fills_are_narrowed_by_venue_symbol_side_and_text_with_exact_totals(
    ledger: SqliteLedger, history: History
) -> None:
    await ledger.append(
        [
            booked(1),
            sent(1),
            booked(2, symbol="ETH/USD", side=Side.SELL),
            booked(3, account=COINBASE, symbol="ETH/USD"),
            booked(4, account=SAVINGS, side=Side.SELL, venue_order_id="OX_4"),
        ]
    )

    async def told(**how: str) -> tuple[list[str], int]:
        page = await history.fills(ReadFills(**how))  # type: ignore[arg-type]
        return ids(page), page.total

    assert await told() == (["T4", "T3", "T2", "T1"], 4)
    assert await told(venue="kraken") == (["T4", "T2", "T1"], 3)
    assert await told(venue="coinbase") == (["T3"], 1)
    assert await told(symbol="ETH/USD") == (["T3", "T2"], 2)
    assert await told(venue="kraken", symbol="ETH/USD") == (["T2"], 1)
    assert await told(side="sell") == (["T4", "T2"], 2)
    assert await told(venue="kraken", side="buy", symbol="BTC/USD") == (["T1"], 1)
    assert await told(text="ox_4") == (["T4"], 1)
    assert await told(text="oxa4") == ([], 0)
    assert await told(venue="krak") == ([], 0)


async def test_a_fill_comes_back_as_it_was_booked(ledger: SqliteLedger, history: History) -> None:
    odd = booked(1, fee=Decimal(-1), leg="2", inferred=True, account=SAVINGS)
    await ledger.append([odd])
    [told] = (await history.fills(ReadFills())).fills
    assert (told.seq, told.fill, told.source) == (2, odd.fill, "stream")


async def test_a_reversed_fill_is_neither_shown_nor_counted(
    ledger: SqliteLedger, history: History
) -> None:
    await ledger.append([booked(1), booked(2, symbol="ETH/USD")])
    assert (await history.fills(ReadFills())).total == 2
    assert (await history.fills(ReadFills(symbol="BTC/USD"))).total == 1
    assert (await history.fills(ReadFills(text="stream"))).total == 2
    taken = FillReversed(at_us=3, actor="engine", fill=fill(1), reason="the real one arrived")
    await ledger.append([taken, booked(3)])
    page = await history.fills(ReadFills())
    assert (ids(page), page.total) == (["T3", "T2"], 2)
    assert (await history.fills(ReadFills(symbol="BTC/USD"))).total == 1
    assert (await history.fills(ReadFills(symbol="ETH/USD"))).total == 1
    assert (await history.fills(ReadFills(text="stream"))).total == 2


async def test_totals_follow_a_growing_ledger(ledger: SqliteLedger, history: History) -> None:
    for number in range(1, 30):
        await ledger.append([booked(number, side=Side.SELL if number % 3 else Side.BUY)])
        for side in ("buy", "sell", ""):
            page = await history.fills(ReadFills(side=side, limit=2))
            facts = [fact async for _, fact in ledger.facts()]
            sides = [fact.fill.side.value for fact in facts[1:]]  # type: ignore[attr-defined]
            assert page.total == len([told for told in sides if side in ("", told)])
            assert page.older is (page.total > 2)


async def test_fills_are_read_in_the_order_in_which_they_happened(
    ledger: SqliteLedger, history: History
) -> None:
    """An import, or an account that is opened later, tells old fills after new ones."""
    times = {1: 500, 2: 900, 3: 100, 4: 700, 5: 700, 6: 300}
    odd = '"at_us":999, \\"at_us\\": 5 é'  # what a text says is not when it happened
    for number, at_us in times.items():
        told = booked(number, at_us=at_us, symbol="ETH/USD" if number % 2 else "BTC/USD")
        await ledger.append([replace(told, actor=odd)])
    wanted = ["T2", "T5", "T4", "T1", "T6", "T3"]
    assert ids(await history.fills(ReadFills())) == wanted
    assert ids(await history.fills(ReadFills(symbol="ETH/USD"))) == ["T5", "T1", "T3"]
    read: list[str] = []
    before = 0
    for _ in range(4):
        page = await history.fills(ReadFills(limit=2, before_seq=before))
        read += ids(page)
        before = page.fills[-1].seq if page.fills else before
        if len(read) == 2:  # one that happened before what was read comes with a later page
            await ledger.append([booked(7, at_us=200)])
    assert read == [*wanted[:5], "T7", "T3"]


async def test_pages_of_fills_join_without_a_gap_while_new_fills_arrive(
    ledger: SqliteLedger, history: History
) -> None:
    await ledger.append([booked(number) for number in range(1, 11)])
    first = await history.fills(ReadFills(limit=4))
    await ledger.append([booked(11)])
    second = await history.fills(ReadFills(limit=4, before_seq=first.fills[-1].seq))
    third = await history.fills(ReadFills(limit=4, before_seq=second.fills[-1].seq))
    assert ids(first) + ids(second) + ids(third) == [f"T{n}" for n in range(10, 0, -1)]
    assert (first.total, second.total, third.older) == (10, 11, False)


@pytest.mark.parametrize("limit", [-1, 0, 10**9])
async def test_a_page_is_bounded_whatever_is_asked(
    ledger: SqliteLedger, history: History, limit: int
) -> None:
    await ledger.append([sent(number) for number in range(LARGEST_PAGE + 5)])
    page = await history.rows(ReadLedger(limit=limit))
    assert len(page.rows) == (1 if limit < 1 else LARGEST_PAGE)
    assert page.older


async def test_a_key_is_held_or_not(ledger: SqliteLedger, history: History) -> None:
    await ledger.append([booked(1)])
    reader: LedgerReader = history
    assert await reader.holds(booked(1).key())
    assert not await reader.holds(booked(2).key())
    assert not await reader.holds("")


async def test_a_search_that_takes_too_long_is_given_up_and_the_next_one_works(
    ledger: SqliteLedger, tmp_path: Path
) -> None:
    await ledger.append([alarm(number, "x" * 280) for number in range(2_000)])
    async with History(Places(tmp_path, "demo").ledger, patience_s=0.0) as history:
        with pytest.raises(Unavailable, match="add a venue, a symbol or a kind"):
            await history.rows(ReadLedger(text="%never%"))
        history._patience_s = 5.0
        assert (await history.rows(ReadLedger(text="never"))).rows == ()


async def test_a_reader_that_is_cancelled_leaves_the_connection_usable(
    ledger: SqliteLedger, history: History
) -> None:
    await ledger.append([booked(number) for number in range(100)])
    tasks = [asyncio.ensure_future(history.fills(ReadFills())) for _ in range(50)]
    for number, task in enumerate(tasks):
        if number % 2:
            await asyncio.sleep(0)
            task.cancel()
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    whole = [answer for answer in answers if isinstance(answer, FillPage)]
    assert len(whole) >= 25
    assert {page.total for page in whole} == {100}


async def test_a_fill_that_cannot_be_read_is_named(ledger: SqliteLedger, tmp_path: Path) -> None:
    await ledger.append([booked(1), sent(1)])
    places = Places(tmp_path, "demo")
    with closing(unguarded(places.ledger)) as owner:
        owner.execute("UPDATE event SET kind = 'fill_booked' WHERE seq = 3")
    async with History(places.ledger) as history:
        with pytest.raises(Corrupt, match="row 3 "):
            await history.fills(ReadFills())


async def test_a_ledger_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(Unavailable):
        async with History(tmp_path / "nothing.db"):
            pass


def plan_of(places: Places, query: Query) -> str:
    with closing(open_reader(places.ledger)) as reader:
        sql, values = query
        steps = reader.execute(f"EXPLAIN QUERY PLAN {sql}", values).fetchall()
    return " / ".join(step[3] for step in steps)


@pytest.mark.parametrize(
    ("ask", "plan"),
    [
        (ReadFills(), "SCAN e USING INDEX fill_time"),
        (ReadFills(before_seq=9), "SEARCH e USING INDEX fill_time (fill_us<?)"),
        (ReadFills(side="buy", before_seq=9), "SEARCH e USING INDEX fill_time (fill_us<?)"),
        (ReadFills(venue="kraken"), "SCAN e USING INDEX fill_time"),
        (
            ReadFills(venue="kraken", symbol="BTC/USD", side="buy", before_seq=9),
            "SEARCH e USING INDEX fill_time (fill_us<?)",
        ),
    ],
)
async def test_every_filter_has_an_index_that_is_in_the_order_of_the_page(
    ledger: SqliteLedger, tmp_path: Path, ask: ReadFills, plan: str
) -> None:
    told = plan_of(Places(tmp_path, "demo"), fills_query(ask))
    assert plan in told
    assert "TEMP B-TREE" not in told


@pytest.mark.parametrize("venue", ["", "kraken"])
@pytest.mark.parametrize("symbol", ["", "BTC/USD"])
@pytest.mark.parametrize("side", ["", "buy"])
async def test_only_the_rows_since_the_last_count_are_counted(
    ledger: SqliteLedger, tmp_path: Path, venue: str, symbol: str, side: str
) -> None:
    wanted = fills_wanted(ReadFills(venue=venue, symbol=symbol, side=side))
    told = plan_of(Places(tmp_path, "demo"), wanted.booked(5, 9))
    assert f"INDEX {wanted.index}" in told
    assert "seq>? AND seq<?" in told or "rowid>? AND rowid<?" in told
