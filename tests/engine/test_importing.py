"""History from files enters the book once, and moves no balance that it is already inside of."""

import asyncio
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from accounting.postings import postings_of
from domain.asks import Imported, ImportHistory
from domain.bookings import IMPORTED, IMPORTED_EARLIER, FillBooked, MovementBooked
from domain.errors import Refused
from domain.instruments import Account
from domain.market import Movement
from domain.names import named
from domain.orders import Fill, Side
from domain.queries import ReadLedger
from engine import importing
from engine.operators import Operator, Role
from tests.engine.rig import KRAKEN, Rig, quick, running

D = Decimal
YEAR_US = 365 * 86_400 * 1_000_000
LONG_AGO_US = 1_500_000_000_000_000


def fill(number: int, **changes: object) -> Fill:
    made = Fill(
        account=KRAKEN,
        symbol="BTC/USD",
        trade_id=f"T{number}",
        side=Side.BUY,
        quantity=D("0.5"),
        price=D("4000.25"),
        fee=D("1.5"),
        fee_asset="USD",
        at_us=LONG_AGO_US + number,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def deposit(reference: str, amount: str = "3000", at_us: int = LONG_AGO_US) -> Movement:
    return Movement(
        account=KRAKEN, reference=reference, asset="USD", amount=D(amount), fee=D(1), at_us=at_us
    )


async def taken(rig: Rig, *facts: Fill | Movement, dry_run: bool = False) -> Imported:
    return await rig.ask(
        ImportHistory(
            account=KRAKEN,
            fills=tuple(fact for fact in facts if isinstance(fact, Fill)),
            movements=tuple(fact for fact in facts if isinstance(fact, Movement)),
            source_name="old.csv",
            digest="0" * 64,
            dry_run=dry_run,
        )
    )


async def booked_facts(rig: Rig) -> list[FillBooked | MovementBooked]:
    return [
        fact
        async for _, fact in rig.ledger.facts()
        if isinstance(fact, FillBooked | MovementBooked)
    ]


async def held_by_postings(rig: Rig, account: Account) -> dict[str, Decimal]:
    """Every asset of an account as the postings of the whole ledger give it."""
    sums: dict[str, Decimal] = {}
    async for _, fact in rig.ledger.facts():
        for line in postings_of(fact):
            if line.account == f"asset:{account}":
                sums[line.asset] = sums.get(line.asset, D(0)) + line.amount
    return {asset: total for asset, total in sums.items() if total}


def held(rig: Rig, account: Account = KRAKEN) -> dict[str, Decimal]:
    assert rig.engine.parts is not None
    return {a: total for a, total in rig.engine.parts.books.held(account).items() if total}


def breaks(rig: Rig) -> list[str]:
    return [known.kind for known in rig.board.breaks]


@pytest.mark.timeout(60)
async def test_old_history_changes_no_balance_and_opens_no_break_also_after_a_restart(
    tmp_path: Path,
) -> None:
    settings = quick()
    async with running(tmp_path, settings=settings, moving=False) as rig:
        before = held(rig)
        old = [fill(n) for n in range(150)]
        answer = await taken(rig, *old, deposit("R1"), deposit("R2", "-500"))
        assert answer == Imported(booked=152, known=0)
        assert held(rig) == before
        assert await held_by_postings(rig, KRAKEN) == before
        assert rig.engine.parts is not None
        (watch,) = [w for w in rig.engine.parts.accounts if w.account == KRAKEN]
        for _ in range(3):  # a break needs two mismatches in a row
            await watch.balancing.compare(await watch.read_balances())
        assert breaks(rig) == []
        demo = rig.demo
    async with running(tmp_path, settings=settings, moving=False, demo=demo) as rig:
        assert held(rig) == before
        assert breaks(rig) == []


async def test_what_happened_after_the_opening_moves_the_balance(tmp_path: Path) -> None:
    async with running(tmp_path, moving=False) as rig:
        before = held(rig)["USD"]
        now_us = rig.desk.board.now_us
        async for _, fact in rig.ledger.facts():
            now_us = max(now_us, fact.at_us)
        answer = await taken(rig, deposit("R9", "70", at_us=now_us))
        assert answer.booked == 1
        assert held(rig)["USD"] == before + 70 - 1
        assert (await held_by_postings(rig, KRAKEN))["USD"] == before + 69


async def test_the_second_time_nothing_is_booked(tmp_path: Path) -> None:
    async with running(tmp_path, moving=False) as rig:
        facts: list[Fill | Movement] = [*(fill(n) for n in range(5)), deposit("R1")]
        assert (await taken(rig, *facts, dry_run=True)).booked == 6
        assert (await taken(rig, *facts)).booked == 6
        assert await taken(rig, *facts) == Imported(booked=0, known=6)
        assert await taken(rig, *facts, dry_run=True) == Imported(booked=0, known=6)
        assert breaks(rig) == []


async def test_a_dry_run_books_nothing(tmp_path: Path) -> None:
    async with running(tmp_path, moving=False) as rig:
        before = len(await booked_facts(rig))
        assert (await taken(rig, fill(1), fill(1), deposit("R"), dry_run=True)) == Imported(
            booked=2, known=1
        )
        assert len(await booked_facts(rig)) == before


async def test_other_numbers_under_a_known_id_keep_the_first_and_open_a_break(
    tmp_path: Path,
) -> None:
    async with running(tmp_path, moving=False) as rig:
        await taken(rig, fill(1), deposit("R1"))
        changed = (fill(1, price=D(9)), deposit("R1", "9"), fill(2))
        answer = await taken(rig, *changed)
        assert (answer.booked, answer.known) == (1, 0)
        assert set(answer.contradicting) == {fill(1).key, deposit("R1").key}
        assert sorted(breaks(rig)) == ["FILL_CHANGED", "MOVEMENT_CHANGED"]
        kept = [f.fill.price for f in await booked_facts(rig) if f.key() == fill(1).key]  # type: ignore[union-attr]
        assert kept == [D("4000.25")]


async def test_what_the_venue_told_is_known_under_its_own_id(tmp_path: Path) -> None:
    async with running(tmp_path, moving=False) as rig:
        told = [
            fact.fill
            for fact in await booked_facts(rig)
            if isinstance(fact, FillBooked) and fact.fill.account == KRAKEN
        ]
        assert told
        copies = [replace(known, client_id="", venue_order_id="") for known in told]
        assert await taken(rig, *copies) == Imported(booked=0, known=len(told))


async def test_rows_without_an_id_are_only_taken_from_before_the_venues_own_history(
    tmp_path: Path,
) -> None:
    async with running(tmp_path, moving=False) as rig:
        told = [
            fact.fill
            for fact in await booked_facts(rig)
            if isinstance(fact, FillBooked) and fact.fill.account == KRAKEN
        ]
        before = held(rig)
        twins = named([replace(known, trade_id="", client_id="") for known in told])
        old = named([fill(1, trade_id="")])
        answer = await taken(rig, *twins, *old)
        assert answer.booked == 1
        assert set(answer.covered) == {twin.key for twin in twins}
        assert held(rig) == before
        # What was imported does not move the beginning of the venue's own history.
        assert (await taken(rig, *named([fill(2, trade_id="")]))).booked == 1


async def test_facts_say_that_they_were_imported_and_what_is_not_known_is_none(
    tmp_path: Path,
) -> None:
    async with running(tmp_path, moving=False) as rig:
        await taken(rig, fill(1), fill(2, symbol="ETH/BTC", fee_asset="BTC"), deposit("R"))
        made = [fact for fact in await booked_facts(rig) if fact.source.startswith(IMPORTED)]
        assert {fact.source for fact in made} == {IMPORTED_EARLIER}
        assert {fact.actor for fact in made} == {"me"}
        rates = {f.fill.symbol: f.base_rate for f in made if isinstance(f, FillBooked)}
        assert rates == {"BTC/USD": D(1), "ETH/BTC": None}
        page = await rig.ask(ReadLedger(limit=1, kind="movement_booked"))
        assert '"equity:opening"' in page.rows[0].payload


async def test_a_batch_leaves_room_for_others_and_a_long_ask_is_refused(tmp_path: Path) -> None:
    async with running(tmp_path, moving=False) as rig:
        many = [fill(n) for n in range(importing.MOST + 1)]
        with pytest.raises(Refused, match="split them"):
            await taken(rig, *many)
        answer, placed = await asyncio.gather(taken(rig, *many[:500]), rig.submit())
        assert answer.booked == 500
        assert placed.status == "OPEN"


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ([fill(1, account=Account("mexc", "main"))], "is not of kraken/main"),
        ([fill(1, at_us=LONG_AGO_US + 90 * YEAR_US)], "in the future"),
        ([fill(1, client_id="QDT1XXXXXXXXXXXXXX")], "which order is ours"),
        ([fill(1, inferred=True)], "which order is ours"),
    ],
)
async def test_what_cannot_be_meant_is_refused_as_a_whole(
    tmp_path: Path, facts: list[Fill], words: str
) -> None:
    async with running(tmp_path, moving=False) as rig:
        before = len(await booked_facts(rig))
        with pytest.raises(Refused, match=words):
            await taken(rig, fill(7), *facts)
        assert len(await booked_facts(rig)) == before


async def test_only_an_admin_imports_and_only_into_an_account_that_is_there(
    tmp_path: Path,
) -> None:
    async with running(tmp_path, moving=False) as rig:
        trader = Operator(name="t", roles=frozenset({Role.VIEWER, Role.TRADER}))
        ask = ImportHistory(
            account=KRAKEN, fills=(), movements=(), source_name="x", digest="", dry_run=True
        )
        with pytest.raises(Refused, match="not admin"):
            await rig.ask(ask, trader)
        with pytest.raises(Refused, match="there is no account nope/main"):
            await rig.ask(replace(ask, account=Account("nope", "main")))
