"""The P&L page: what it asks and when, what it shows of what is not known, and the way down."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from domain.board import Phase
from domain.errors import Unavailable
from domain.figures import Explain, NavReport, Pnl, ReadNav, ReadPnl
from domain.performance import ReadBenchmark, ReadReturns, Returns
from domain.queries import LedgerPage, ReadLedger
from tests.console import boards, figured
from tests.console.fakes import Hang, answering
from tests.console.figured import D
from tests.console.screens import Played, assert_snapshot, played
from tests.console.views import SECOND
from tui.format import DASH
from tui.lines import Lines
from tui.options import Graph
from tui.repeats import AFTER_FAILURE_US, EVERY_US
from tui.screens.performance_parts import days_of, head_lines, nav_lines
from tui.screens.pnl import PnlScreen
from tui.screens.pnl_parts import Earned, columns, earned, gaps
from tui.screens.portfolio_parts import BY, portions
from tui.widgets.columns import as_cell

SHOTS: dict[str, tuple[str, ...]] = {
    "pnl": ("7",),
    "pnl-portfolio": ("7", "b", "m"),
    "pnl-days": ("7", "]", "]", "m", "m"),
    "explain": ("7", "down", "enter"),
    "explain-part": ("7", "down", "enter", "enter"),
}
_READS = (ReadPnl, ReadNav, ReadReturns, ReadBenchmark)


@pytest.mark.parametrize(
    ("name", "size"),
    [(name, size) for name in SHOTS for size in ((80, 24), (120, 40)) if name != "explain-part"]
    + [("explain-part", (80, 24))],
    ids=str,
)
async def test_the_page_is_as_it_was_looked_at(name: str, size: tuple[int, int]) -> None:
    async with played(size=size) as session:
        for key in SHOTS[name]:
            await session.press(key)
        assert_snapshot(session.console, f"{name}-{size[0]}x{size[1]}")


def counts(session: Played) -> list[int]:
    return [len(session.desk.asked_for(kind)) for kind in _READS]


def cells(row: Earned) -> dict[str, str]:
    return {column.title: as_cell(column.cell(row)).text for column in columns()}


def text(lines: Lines) -> str:
    return "\n".join("".join(part.text for part in line) for line in lines)


# Asking


async def test_it_goes_from_account_to_account_and_back_to_all_of_them() -> None:
    """R-D5: each figure of an account is explained as that account's."""

    def told(ask: ReadPnl) -> Pnl:
        return replace(figured.pnl(), account=ask.account)

    async with played() as session:
        session.desk.answers[ReadPnl] = told
        await session.press("7")
        names = sorted(session.desk.board.accounts)
        for _ in range(len(names) + 1):
            await session.press("v")
        asked = [ask.account for ask in session.desk.asked_for(ReadPnl)]
        assert asked == ["", *names, ""]
        await session.press("v")
        assert f"Profit and loss of {names[0]}, 24 h" in session.text
        await session.press("down", "enter")
        (why,) = session.desk.asked_for(Explain)
        assert why.account == names[0]
        assert f"· {names[0]}" in session.text


async def test_it_asks_on_entering_again_every_few_seconds_and_not_out_of_sight() -> None:
    async with played() as session:
        assert counts(session) == [0, 0, 0, 0]
        await session.press("7")
        assert counts(session) == [1, 1, 1, 1]
        await session.poll(EVERY_US - SECOND)
        assert counts(session) == [1, 1, 1, 1]
        await session.poll(SECOND)
        assert counts(session) == [2, 2, 1, 1]  # days come rarely
        await session.press("1")
        for _ in range(3):
            await session.poll(EVERY_US)
        assert counts(session) == [2, 2, 1, 1]
        await session.press("7")
        assert counts(session) == [3, 3, 2, 2]
        await session.press("r")
        assert counts(session) == [4, 4, 3, 3]


async def test_an_engine_that_is_slow_is_asked_once_and_no_queue_grows() -> None:
    desk = answering(boards.busy())
    desk.answers |= dict.fromkeys(_READS, Hang)
    async with played(desk=desk) as session:
        await session.press("7", "r", "r")
        for _ in range(6):
            await session.poll(EVERY_US)
        assert counts(session) == [1, 1, 1, 1]
        assert "asking …" in session.text


async def test_an_engine_that_does_not_answer_is_said_once_and_tried_again_later() -> None:
    desk = answering(boards.busy())
    gone = Unavailable("engine", "it does not know this ask")
    desk.answers |= dict.fromkeys(_READS, gone)
    async with played(desk=desk) as session:
        await session.press("7")
        for _ in range(5):
            await session.poll(EVERY_US)
        assert counts(session) == [1, 1, 1, 1]
        toasts = [n for n in session.console._notifications if "this ask" in n.message]
        assert len(toasts) <= 1  # it may have gone by now
        assert "not told" in session.text
        assert session.text.count("The engine does not answer") >= 2  # where rows would be
        desk.answers |= figured.answers()
        await session.poll(AFTER_FAILURE_US)
        assert "125,708.99" in session.text
        assert "not told" not in session.text


async def test_what_was_told_stays_with_its_age_and_a_mark_when_no_more_comes() -> None:
    async with played() as session:
        await session.press("7")
        session.desk.answers |= dict.fromkeys(_READS, Hang)
        await session.poll(EVERY_US)
        assert "5 s ago" in session.text
        assert "◐" not in session.text
        await session.poll(4 * EVERY_US)
        assert "◐ 25 s ago" in session.text
        assert "125,708.99" in session.text


async def test_nothing_is_asked_before_the_ledger_is_read() -> None:
    async with played(boards.starting(Phase.LOAD)) as session:
        await session.press("7")
        assert counts(session) == [0, 0, 0, 0]
        assert "not read yet" in session.text
        await session.show(boards.busy())
        assert counts(session) == [1, 1, 1, 1]


# What is shown


async def test_a_range_is_shown_from_what_was_told_and_only_the_days_are_asked_anew() -> None:
    async with played() as session:
        await session.press("7", "]")
        assert "Profit and loss, 7 d" in session.text
        assert "▲ +812.10" in session.text
        assert counts(session) == [1, 1, 1, 1]
        await session.press("]")
        await session.press("i")
        assert "sold, basis unknown: SOL" in session.text
        assert "1 entry not taken: kraken:main:SOL/USDT:K77: its fee has no value" in session.text
        await session.press("escape")
        assert [ask.limit for ask in session.desk.asked_for(ReadReturns)] == [7, 30]
        assert [ask.limit for ask in session.desk.asked_for(ReadBenchmark)] == [7, 30]
        await session.press("]", "]", "]")
        assert "[all]" in session.text
        assert "funding -3.10" in session.text
        await session.pilot.click("#pnl-head", offset=(26, 0))
        await session.settle()
        assert "[24 h]" in session.text


async def test_a_range_changed_while_days_are_on_their_way_is_asked_for_behind_them() -> None:
    desk = answering(boards.busy())
    async with played(desk=desk) as session:

        def meanwhile(ask: ReadReturns) -> Returns:
            if ask.limit == 7:
                page = session.console.host.page
                assert isinstance(page, PnlScreen)
                page.action_window("30d")
            return figured.returns(ask)

        desk.answers[ReadReturns] = meanwhile
        await session.press("7")
        assert [ask.limit for ask in session.desk.asked_for(ReadReturns)] == [7, 30]
        assert "NAV, 30 days" in session.text
        assert "Daily returns 30" in session.text


async def test_the_portfolio_is_by_asset_venue_account_and_holding() -> None:
    async with played() as session:
        await session.press("7")
        for by, shown in zip(BY, ("BTC", "kucoin ", "kucoin/main", "BTC"), strict=True):
            below = session.text[session.text.index(f"Portfolio by {by}") :]
            assert shown in below
            assert "no price" in below
            assert "no balance" in below
            await session.press("b")
        await session.press("m", "enter")
        assert "kraken/main spot 0.521 BTC" in session.text
        assert "at 62,100.50, 2.0 s old, from kraken" in session.text


@pytest.mark.parametrize("by", BY)
def test_every_holding_is_in_one_portion_and_nothing_unpriced_has_a_value(by: str) -> None:
    report = figured.nav_report()
    rows = portions(report, by, report.at_us)
    assert len([line for row in rows for line in row.holdings]) == len(report.lines) + 1
    shib = next(row for row in rows if row.name == "SHIB")
    assert (shib.value, shib.percent, shib.note) == (None, None, "no price")
    missing = rows[-1]
    assert (missing.name, missing.value, missing.note) == ("kucoin/sub", None, "no balance")
    assert [row.old for row in rows if any(h.asset == "ADA" for h in row.holdings)] == [True]


def test_an_empty_portfolio_has_no_rows() -> None:
    report = replace(
        figured.nav_report(), lines=(), by_asset=(), by_venue=(), by_account=(), unpriced=(),
        missing=(), stale=(), total=D(0), partial=False, oldest_price_us=0,
    )  # fmt: skip
    assert [portions(report, by, report.at_us) for by in BY] == [[]] * 4
    assert gaps(None, report, "24h") == []


def test_what_is_not_known_is_a_word_or_a_dash_and_never_a_zero() -> None:
    pnl = figured.pnl()
    rows = {row.of.asset: row for row in earned(pnl, "30d", ("ADA",), pnl.as_of_us)}
    shib = cells(rows["SHIB"])
    assert (shib["VALUE"], shib["UNREALISED"], shib["AGE"]) == ("no price", DASH, DASH)
    assert shib["NOT KNOWN"] == "price"
    sol = cells(rows["SOL"])
    assert sol["BASIS"].startswith("≈")
    assert sol["NOT KNOWN"] == "gain, basis"
    ada = cells(rows["ADA"])
    assert ada["VALUE"].endswith("✗")
    assert ada["UNREALISED"].endswith("✗")
    lost = replace(rows["SOL"].of, unknown=rows["SOL"].of.quantity, unrealised=D(0), basis=D(0))
    assert rows["SOL"].sold is not None
    sold = replace(rows["SOL"].sold, gain=D(0), basis=D(0), proceeds=D(0))
    of_none = cells(rows["SOL"]._replace(of=lost, sold=sold))
    assert (of_none["BASIS"], of_none["UNREALISED"], of_none["REALISED"]) == ("unknown", DASH, DASH)
    untold = earned(replace(pnl, assets=pnl.assets[:1]), "1y", (), pnl.as_of_us)
    assert cells(untold[0])["REALISED"] == cells(untold[0])["FEES"] == DASH


async def test_sums_are_the_engine_s_own_and_are_not_added_up_here() -> None:
    told: Pnl = figured.pnl()
    totals = tuple(replace(total, gain=D("777.77")) for total in told.totals)
    report: NavReport = replace(figured.nav_report(), total=D("555.55"), partial=False)
    desk = answering(boards.busy())
    desk.answers |= {ReadPnl: replace(told, totals=totals, unrealised=D("-0.004")), ReadNav: report}
    async with played(desk=desk) as session:
        await session.press("7")
        assert "realised ▲ +777.77" in session.text
        assert "NAV 555.55 USD" in session.text
        assert "unrealised ≈▼ -0.00" in session.text


async def test_amounts_can_be_masked_on_the_page_and_in_its_dialogs() -> None:
    async with played() as session:
        await session.press("7", ".")
        for amount in ("125,708", "386.35", "2,202.65", "37,446", "812.10", "0.603", "373"):
            assert amount not in session.text, amount
        assert "┤" not in session.text  # the chart's axis is an amount
        assert "TWR ▼ -0.30%" in session.text
        await session.press("down", "u")
        for amount in ("3,343", "0.321", "19,934", "17,120"):
            assert amount not in session.text, amount
        await session.press("enter")
        assert "2,813" not in session.text
        assert "K41001" in session.text


# Days


def test_a_day_stands_beside_the_benchmark_of_the_same_day_only() -> None:
    returns = figured.returns(ReadReturns(limit=40))
    beside = figured.comparison(ReadBenchmark(limit=40))
    rows = days_of(returns, beside)
    assert len(rows) == 40
    assert all(row.benchmark is not None for row in rows)
    assert all(r.benchmark.local_date == r.result.local_date for r in rows if r.benchmark)
    assert [row.benchmark for row in days_of(returns, None)] == [None] * 40


def test_a_benchmark_that_has_not_begun_says_what_it_waits_for() -> None:
    returns = figured.returns(ReadReturns(limit=7))
    beside = replace(
        figured.comparison(ReadBenchmark(limit=7)), days=(), benchmark_twr=None,
        outperformance=None, waiting="no price of ETH at its start",
    )  # fmt: skip
    told = text(head_lines(returns, beside))
    assert "benchmark: no price of ETH at its start" in told
    assert "50 BTC" not in told
    assert text(head_lines(None, beside)) == ""


@pytest.mark.parametrize("days", [0, 1, 2])
def test_the_first_days_have_a_chart_or_a_sentence(days: int) -> None:
    returns = replace(figured.returns(ReadReturns(limit=max(1, days))), total=days)
    if not days:
        returns = replace(returns, days=(), first_date="", last_date="", gain=None, twr=None)
    told = text(nav_lines(returns, None, Graph.BRAILLE, 60, 8))
    assert ("begins with the second" in told) == (days == 0)
    assert ("┤" in told) == (days > 0)


# The way down


async def opened(session: Played, keys: Sequence[str]) -> list[Explain]:
    await session.press(*keys)
    return session.desk.asked_for(Explain)


async def test_a_figure_leads_to_its_parts_page_by_page() -> None:
    async with played() as session:
        (first,) = await opened(session, ("7", "]", "down", "enter"))
        assert (first.figure, first.asset, first.window) == ("realised", "BTC", "7d")
        assert "the sum of 430 parts; 200 are read" in session.text
        for _ in range(3):
            await session.press("G")
        asks = session.desk.asked_for(Explain)
        assert [ask.skip for ask in asks] == [0, 200, 400]
        assert "the sum of 430 parts" in session.text
        assert "are read" not in session.text
        await session.press("G")
        assert len(session.desk.asked_for(Explain)) == 3
        await session.press("escape")
        assert "Profit and loss" in session.text


async def test_a_part_leads_to_the_ledger_rows_of_its_sale_and_its_lot() -> None:
    async with played() as session:
        await session.press("7", "down", "enter", "down", "enter")
        assert "sold by  fill K88001" in session.text
        assert "out of   fill K41000" in session.text
        await session.press("enter")
        assert "row 8,001" in session.text
        await session.press("escape", "tab", "enter")
        asks = session.desk.asked_for(ReadLedger)
        assert [(ask.before_seq, ask.limit) for ask in asks] == [(8_002, 1), (4_101, 1)]
        assert "row 4,100" in session.text


async def test_a_sale_that_no_lot_covers_says_so_and_a_row_that_is_gone_too() -> None:
    desk = answering(boards.busy())
    desk.answers[ReadLedger] = LedgerPage(rows=(), total=8_812, older=False)
    async with played(desk=desk) as session:
        await session.press("7", "down", "enter", "down", "down", "down", "enter")
        assert "UNMATCHED: no lot covers these units" in session.text
        assert f"gives    {DASH}" in session.text
        assert "out of   no lot" in session.text
        await session.press("enter")
        assert "the ledger has no such row" in session.text


async def test_the_other_figure_is_one_key_away_and_a_refusal_is_read_in_the_dialog() -> None:
    async with played() as session:
        asks = await opened(session, ("7", "down", "down", "down", "enter"))
        assert (asks[-1].asset, asks[-1].figure) == ("SHIB", "unrealised")  # none was ever sold
        assert "SHIB has no price, so no unrealised figure" in session.text
        await session.press("u")
        assert session.desk.asked_for(Explain)[-1].figure == "realised"
        assert "430 parts" in session.text


async def test_a_figure_that_moves_between_two_pages_says_so() -> None:
    desk = answering(boards.busy())

    def moving(ask: Explain) -> object:
        told = figured.explanation(ask)
        return replace(told, amount=told.amount + 1) if ask.skip else told

    desk.answers[Explain] = moving
    async with played(desk=desk) as session:
        await session.press("7", "down", "enter", "G")
        assert "it has moved between two pages" in session.text
        await session.press("G", "G")
        assert len(session.desk.asked_for(Explain)) == 2
