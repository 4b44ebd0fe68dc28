"""Tables in a console: filter, sort, marks, pause, follow, copies, exports, pages of history."""

import json
from pathlib import Path

import pytest

from domain.board import Board
from tests.console import boards, views
from tests.console.screens import Played, played
from tui.widgets.table import LiveTable
from tui.widgets.table_paint import MORE
from tui.widgets.table_panel import TablePanel


def table(session: Played) -> LiveTable[object]:
    page = session.console.host.page
    assert page is not None
    panel = page.main_table()
    assert panel is not None
    return panel.table


async def test_a_filter_shows_how_many_of_how_many_and_escape_takes_it_back() -> None:
    async with played() as session:
        await session.press("/", *"kraken")
        assert "Positions 3/11" in session.text
        await session.press("enter")
        assert "/kraken" in session.text
        await session.press("2", "1")
        assert "Positions 3/11" in session.text
        await session.press("escape")
        assert "Positions 11" in session.text


async def test_digits_and_letters_typed_into_a_filter_are_not_keys() -> None:
    async with played() as session:
        await session.press("/", "2", "q", "n", "escape", "escape")
        assert session.console.host.current == "dashboard"


async def test_a_filter_without_a_match_says_so() -> None:
    async with played() as session:
        await session.press("/", *"zzz")
        assert "no row matches the filter" in session.text


async def test_sorting_steps_through_the_columns_and_turns_around() -> None:
    async with played() as session:
        await session.press("s")
        assert "by asset ↑" in session.text
        assert table(session).rows.view[0].asset == "ADA"  # type: ignore[attr-defined]
        await session.press("S")
        assert "by asset ↓" in session.text
        assert table(session).rows.view[0].asset == "USDT"  # type: ignore[attr-defined]
        await session.press("s", "s")
        assert "↓TOTAL" in session.text


async def test_a_click_on_a_header_sorts_and_on_a_row_chooses_it() -> None:
    async with played() as session:
        await session.pilot.click(LiveTable, offset=(2, 0))
        await session.settle()
        assert "by asset" in session.text
        await session.pilot.click(LiveTable, offset=(2, 4))
        await session.settle()
        assert table(session).rows.cursor == 3


async def test_a_second_click_on_a_row_opens_it() -> None:
    async with played() as session:
        await session.press("2")
        for _ in range(2):
            await session.pilot.click("#orders LiveTable", offset=(3, 3))
            await session.settle()
        assert "DEMO · order" in session.text


async def test_a_click_in_the_navigation_goes_there() -> None:
    async with played() as session:
        place = session.text.split("\n")[1].index("Risk")
        await session.pilot.click("#navigation", offset=(place, 0))
        await session.settle()
        assert session.console.host.current == "risk"


async def test_a_pause_freezes_the_table_but_not_the_clock_and_is_told() -> None:
    async with played() as session:
        await session.press("space")
        await session.show(with_more_btc(boards.later(session.desk.board)))
        assert "PAUSED 1.0 s" in session.text
        assert "0.521 " in session.text
        assert "12:00:08Z" in session.text
        await session.press("space")
        assert "PAUSED" not in session.text
        assert "9.521 " in session.text


async def test_in_live_a_pause_ends_by_itself() -> None:
    async with played(boards.live()) as session:
        await session.press("space")
        await session.show(with_more_btc(boards.later(session.desk.board)))
        await session.poll(58 * views.SECOND)
        assert "PAUSED 59 s" in session.text
        await session.poll(3 * views.SECOND)
        assert "PAUSED" not in session.text
        assert "9.521 " in session.text


def with_more_btc(board: Board) -> Board:
    from dataclasses import replace  # noqa: PLC0415

    account = views.ACCOUNTS["kraken"]
    view = board.accounts[account]
    assert view.balances is not None
    held = dict(view.balances.assets)
    held["BTC"] = replace(held["BTC"], total=held["BTC"].total + 9)
    changed = replace(view, balances=replace(view.balances, assets=held))
    return board.but(accounts=board.accounts.put(account, changed))


async def test_all_columns_can_be_reached_with_the_first_one_in_place() -> None:
    async with played(size=(80, 24)) as session:
        await session.press("3")
        assert "LIQ" not in session.text
        assert MORE in session.text
        await session.press(*(["right"] * 9))
        assert "LIQ" in session.text
        assert "LEDGER" in session.text
        assert table(session).every_column
        await session.press(*(["left"] * 10))
        assert not table(session).every_column


async def test_rows_are_copied_as_text_or_json_by_osc_52() -> None:
    async with played() as session:
        await session.press("y")
        assert session.console.clipboard.startswith("BTC\tkraken/main\t0.521\t")
        assert "copied row (if your terminal allows OSC 52)" in session.text
        await session.press("*", "*", "Y")
        made = json.loads(session.console.clipboard)
        assert [row["asset"] for row in made] == ["BTC", "ETH"]
        assert made[0]["total"] == "0.521"


def only_file(folder: Path) -> list[str]:
    (path,) = folder.iterdir()
    return path.read_text(encoding="utf-8").splitlines()


async def test_rows_in_view_are_exported_and_the_file_is_named(tmp_path: Path) -> None:
    async with played(export_dir=tmp_path) as session:
        await session.press("/", *"btc", "enter", "e")
        await session.pilot.pause(0.1)
        await session.settle()
        rows = only_file(tmp_path)
        assert rows[0].startswith("ASSET,ACCOUNT,TOTAL")
        assert len(rows) == 3
        assert "2 rows written" in session.text.replace("\n", " ")


async def test_an_export_that_fails_or_has_no_folder_says_so(tmp_path: Path) -> None:
    async with played() as session:
        await session.press("e")
        assert "no folder to export to is configured" in session.text
    blocked = tmp_path / "file"
    blocked.write_text("")
    async with played(export_dir=blocked) as session:
        await session.press("e")
        await session.pilot.pause(0.1)
        await session.settle()
        assert "not exported" in session.text


async def test_masked_amounts_are_masked_in_the_table_too() -> None:
    async with played() as session:
        await session.press("2", ".")
        assert "62,000.0" in session.text
        assert "0.05 " not in session.text


# Pages of history


async def test_ten_thousand_orders_are_shown_sorted_and_searched() -> None:
    async with played(boards.crowded(10_000)) as session:
        await session.press("2")
        assert "Working orders 10,000" in session.text
        await session.press("end")
        assert table(session).rows.cursor == 9_999
        await session.press("/", *"kraken", "enter")
        assert "Working orders 2,500/10,000" in session.text


async def test_only_rows_that_changed_are_drawn_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async with played() as session:
        drawn: list[int] = []
        whole = LiveTable.render_line

        def counting(self: LiveTable[object], y: int) -> object:
            drawn.append(y)
            return whole(self, y)

        monkeypatch.setattr(LiveTable, "render_line", counting)
        panel = session.console.query_one("#positions", TablePanel)
        rows = list(panel.table.rows.view)
        changed = rows[4]._replace(total=rows[4].total + 1)
        panel.table.show([*rows[:4], changed, *rows[5:]])
        await session.settle()
        assert drawn == [5]
