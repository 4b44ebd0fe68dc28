"""The tax lots: read whole, replaced whole, with what nobody knows said in words."""

from dataclasses import replace

import pytest

from domain.errors import Unavailable
from domain.figures import Explain, HeldLot, LotPage, ReadLots, ReadNav
from domain.versions import ReadAllocations, VersionPage
from tests.console import boards, figured
from tests.console.fakes import answering
from tests.console.figured import DAY, D
from tests.console.screens import Played, assert_snapshot, played
from tests.console.views import NOW_US
from tui.format import DASH
from tui.repeats import EVERY_US
from tui.screens.lot_parts import columns, lots_of, tally
from tui.screens.lots import MOST, PAGE
from tui.widgets.columns import as_cell

SHOTS: dict[str, tuple[str, ...]] = {
    "lots": ("8",),
    "lot": ("8", "down", "enter"),
    "lots-version": ("8", "v"),
}


@pytest.mark.parametrize(
    ("name", "size"),
    [("lots", (80, 24)), ("lots", (120, 40)), ("lot", (80, 24)), ("lots-version", (80, 24))],
    ids=str,
)
async def test_the_page_is_as_it_was_looked_at(name: str, size: tuple[int, int]) -> None:
    async with played(size=size) as session:
        await session.press(*SHOTS[name])
        assert_snapshot(session.console, f"{name}-{size[0]}x{size[1]}")


def cells(lot: HeldLot, *, stale: tuple[str, ...] = (), now_us: int = NOW_US) -> dict[str, str]:
    (row,) = lots_of([lot], stale, now_us)
    return {column.title: as_cell(column.cell(row)).text for column in columns()}


def many(count: int) -> tuple[HeldLot, ...]:
    first = figured.lots()[0]
    return tuple(
        replace(first, key=f"k{number}", asset="BTC" if number % 10 else "ETH")
        for number in range(count)
    )


def skips(session: Played) -> list[tuple[str, int]]:
    return [(ask.asset, ask.skip) for ask in session.desk.asked_for(ReadLots)]


# What is shown


def test_what_nobody_knows_is_said_and_is_no_zero_and_no_date() -> None:
    unknown = next(lot for lot in figured.lots() if lot.basis is None)
    told = cells(unknown)
    assert (told["ACQUIRED"], told["COST"], told["BASIS/UNIT"]) == ("unknown",) * 3
    assert (told["UNREALISED"], told["TERM"], told["TO LONG"]) == (DASH,) * 3
    unpriced = next(lot for lot in figured.lots() if lot.value is None)
    told = cells(unpriced)
    assert (told["MARKET"], told["UNREALISED"], told["AGE"]) == ("no price", DASH, DASH)


@pytest.mark.parametrize(
    ("left_us", "term", "days"),
    [(1, "short", "1 d"), (DAY, "short", "1 d"), (DAY + 1, "short", "2 d"), (0, "long", DASH)],
)
def test_a_lot_is_short_until_the_very_moment_it_is_long(
    left_us: int, term: str, days: str
) -> None:
    told = cells(replace(figured.lots()[0], long_us=NOW_US + left_us))
    assert (told["TERM"], told["TO LONG"]) == (term, days)


def test_an_old_price_marks_what_rests_on_it() -> None:
    told = cells(figured.lots()[0], stale=("BTC",))
    assert told["MARKET"] == "19,934.26✗"
    assert told["UNREALISED"] == "▲ +2,813.71✗"


def test_the_tally_counts_what_wants_attention() -> None:
    told = tally(lots_of(figured.lots(), (), NOW_US))
    assert told == "1 long · 2 long in 30 d · 1 basis unknown · 1 no price"
    assert tally([]) == ""


async def test_the_basis_of_a_unit_and_the_term_are_the_engine_s_and_are_not_computed() -> None:
    lot = replace(figured.lots()[0], unit_basis=D("1.25"), long_us=0)
    desk = answering(boards.busy())
    desk.answers[ReadLots] = LotPage(
        lots=(lot,), total=1, more=False, scope="universal", method="HIFO"
    )
    async with played(desk=desk) as session:
        await session.press("8")
        assert "HIFO universal" in session.text
        assert " 1.2500 " in session.text
        await session.press("enter")
        assert "1.2500 USD a unit" in session.text
        assert "not known: nobody knows when it was acquired" in session.text


async def test_masks_hide_amounts_and_leave_dates() -> None:
    async with played() as session:
        await session.press("8", ".", "enter")
        for amount in ("17,120", "19,934", "2,813", "0.321", "11,620"):
            assert amount not in session.text, amount
        assert "2025-06-14" in session.text


async def test_no_version_yet_is_said_and_so_is_an_engine_that_tells_none() -> None:
    desk = answering(boards.busy())
    desk.answers[ReadAllocations] = VersionPage(versions=(), total=0, older=False)
    async with played(desk=desk) as session:
        await session.press("8")
        assert "allocation none yet" in session.text
        await session.press("v")
        assert "There is no allocation version yet." in session.text
        await session.press("escape")
        desk.answers[ReadAllocations] = Unavailable("engine", "it is stopping")
        await session.poll(EVERY_US)
        assert "allocation none yet" in session.text  # the last that was told


# Pages


async def test_lots_are_read_page_by_page_one_after_the_other_and_shown_whole() -> None:
    desk = answering(boards.busy())
    held = many(2 * PAGE + 200)
    desk.answers[ReadLots] = lambda ask: figured.lot_page(ask, held)
    async with played(desk=desk) as session:
        await session.press("8")
        await session.until(lambda: "Open lots 1,200" in session.text)
        assert skips(session) == [("", 0), ("", PAGE), ("", 2 * PAGE)]
        desk.answers[ReadLots] = lambda ask: figured.lot_page(ask, held[:700])
        await session.poll(EVERY_US)
        await session.until(lambda: "Open lots 700" in session.text)
        assert skips(session)[3:] == [("", 0), ("", PAGE)]


async def test_a_page_that_does_not_come_leaves_the_older_list_in_place() -> None:
    desk = answering(boards.busy())
    held = many(PAGE + 1)
    desk.answers[ReadLots] = lambda ask: figured.lot_page(ask, held)
    async with played(desk=desk) as session:
        await session.press("8")
        await session.until(lambda: "Open lots 501" in session.text)

        def broken(ask: ReadLots) -> object:
            return Unavailable("engine", "gone") if ask.skip else figured.lot_page(ask, held[:600])

        desk.answers[ReadLots] = broken
        await session.poll(EVERY_US)
        assert "Open lots 501" in session.text


async def test_more_lots_than_are_read_are_told_and_narrowed_by_the_filter() -> None:
    desk = answering(boards.busy())
    held = many(MOST + 900)
    desk.answers[ReadLots] = lambda ask: figured.lot_page(ask, held)
    async with played(desk=desk) as session:
        await session.press("8")
        await session.until(lambda: f"of {MOST + 900:,}, / ASSET narrows them" in session.text)
        assert f"Open lots {MOST:,}" in session.text
        await session.press("/", *"eth", "enter")
        await session.until(lambda: "Open lots 290" in session.text)
        assert skips(session)[-1] == ("ETH", 0)
        before = len(skips(session))
        await session.press("/", *"kraken eth", "enter")
        await session.poll(EVERY_US)
        assert {asset for asset, _ in skips(session)[before:]} == {"ETH"}  # still narrowed
        await session.press("escape")
        await session.until(lambda: f"of {MOST + 900:,}" in session.text)


# The way down


async def test_a_lot_leads_to_its_part_of_the_figure() -> None:
    async with played() as session:
        await session.press("8", "down", "enter")
        assert "short; a sale is long from 2026-12-02" in session.text
        await session.press("enter")
        (ask,) = session.desk.asked_for(Explain)
        assert (ask.figure, ask.asset) == ("unrealised", "BTC")
        await session.press("enter")
        assert "out of   fill K60417" in session.text  # the second of three


async def test_the_page_asks_for_what_it_shows_and_for_which_prices_are_old() -> None:
    async with played() as session:
        await session.press("8")
        assert skips(session) == [("", 0)]
        assert [ask.limit for ask in session.desk.asked_for(ReadNav)] == [1]
        assert [ask.limit for ask in session.desk.asked_for(ReadAllocations)] == [1]
        await session.press("9")
        await session.poll(2 * EVERY_US)
        assert skips(session) == [("", 0)]
