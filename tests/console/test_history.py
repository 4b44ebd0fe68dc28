"""History read by pages: fills, the ledger, logs."""

import json

import pytest

from domain.errors import Unavailable
from domain.orders import Side
from domain.queries import (
    LogLine,
    LogPage,
    ReadFills,
    ReadLedger,
    ReadLogs,
    VerifyLedger,
    VerifyReport,
)
from tests.console import boards, facts, views
from tests.console.screens import played


async def test_older_fills_are_read_when_the_cursor_comes_near_the_end() -> None:
    async with played() as session:
        await session.press("3")
        assert "Fills 49 of 1,204" in session.text
        first = session.desk.asked_for(ReadFills)
        assert [ask.before_seq for ask in first] == [0]
        await session.press("end")
        asks = session.desk.asked_for(ReadFills)
        assert asks[1].before_seq == 8_800 - 3 * 48
        assert len(asks) == 2


async def test_a_filtered_history_is_not_read_to_its_end_by_itself() -> None:
    async with played() as session:
        await session.press("9", "/", *"alarm", "enter")
        asks = session.desk.asked_for(ReadLedger)
        assert len(asks) <= 3
        assert asks[-1].text == "alarm"


async def test_a_new_fill_is_shown_once_though_board_and_ledger_tell_it() -> None:
    async with played() as session:
        await session.press("3")
        fact = facts.filled(
            "", "gate", "ETH/USDT", Side.BUY, "0.7", "3119", ago=-views.SECOND, trade="Z1"
        )
        await session.show(boards.told(session.desk.board, [fact]))
        await session.press("r")
        assert session.text.count("12:00:08.120") == 1
        assert "Fills 50" in session.text


async def test_the_totals_are_of_the_rows_in_view() -> None:
    async with played() as session:
        await session.press("3")
        assert " 49 fills  bought 43.3k  sold 35.6k" in session.text
        await session.press("/", *"sell eth", "enter")
        assert "bought 0 " in session.text
        assert "35.6k" not in session.text


async def test_a_fill_leads_to_its_order() -> None:
    async with played() as session:
        await session.press("3", "down", "enter")
        assert "DEMO · order QDA701" in session.text


async def test_the_ledger_reads_on_when_its_head_moves_once_a_second_at_most() -> None:
    async with played() as session:
        await session.press("9")
        before = len(session.desk.asked_for(ReadLedger))
        for number in range(5):
            ledger = session.desk.board.ledger
            moved = type(ledger)(head_seq=ledger.head_seq + 1, head_hash="x", verified="OK")
            session.desk.board = session.desk.board.but(ledger=moved, version=number + 50)
            await session.poll(100_000)
        assert len(session.desk.asked_for(ReadLedger)) - before <= 2
        await session.press("end")
        assert session.desk.asked_for(ReadLedger)[-1].before_seq == 8_613


@pytest.mark.parametrize(
    ("report", "told"),
    [
        (
            VerifyReport(result="OK", rows=8_812, head_seq=8_812, head_hash="x"),
            "ledger OK: 8,812 rows",
        ),
        (
            VerifyReport(result="FAIL", rows=8_812, head_seq=8_812, head_hash="x",
                         problem="the hash does not match", bad_seq=8_809),
            "row 8,809: the hash does",
        ),
    ],
)  # fmt: skip
async def test_verifying_tells_what_was_proven(report: VerifyReport, told: str) -> None:
    async with played() as session:
        session.desk.answers[VerifyLedger] = report
        await session.press("9", "v")
        assert told in session.text.replace("\n", " ")
        assert len(session.desk.asked_for(VerifyLedger)) == 1


async def test_a_row_of_the_ledger_is_shown_whole() -> None:
    async with played() as session:
        await session.press("9", "down", "down", "enter")
        for piece in ("row 8,810", "previous", "hash", '"approved": true', '"price": "62000"'):
            assert piece in session.text
        await session.press("y")
        assert json.loads(session.console.clipboard)["order"]["price"] == "62000"


# Logs


async def test_logs_are_asked_for_from_where_they_ended() -> None:
    async with played() as session:
        await session.press("0")
        await session.pilot.pause(0.6)
        asks = session.desk.asked_for(ReadLogs)
        assert asks[0].after == 0
        assert asks[-1].after == 240
        assert "follow ●" in session.text


async def test_levels_wrap_and_filter() -> None:
    async with played() as session:
        await session.press("0")
        assert "DEBUG" not in session.text
        assert "Logs 200 ≥ INFO" in session.text
        await session.press("l", "l")
        assert "≥ ERROR" in session.text
        assert "WARNING" not in session.text
        await session.press("l")
        assert "DEBUG" in session.text
        await session.press("z")
        assert "at most 60 s" in session.text


async def test_walking_away_from_the_newest_line_ends_following_and_f_takes_it_up() -> None:
    async with played() as session:
        await session.press("0", "up")
        assert "follow ●" not in session.text
        await session.press("f")
        assert "follow ●" in session.text


async def test_a_log_that_begins_anew_replaces_the_old_one() -> None:
    async with played() as session:
        await session.press("0")
        line = LogLine(
            number=1, at_us=views.NOW_US, level="INFO", logger="engine", text="born again"
        )
        session.desk.answers[ReadLogs] = LogPage(lines=(line,), newest=1)
        await session.press("r")
        assert "born again" in session.text
        assert "engine.streams" not in session.text


async def test_logs_that_cannot_be_read_are_asked_for_again() -> None:
    async with played() as session:
        session.desk.answers[ReadLogs] = Unavailable("the engine", "busy")
        await session.press("0")
        await session.pilot.pause(1.2)
        assert len(session.desk.asked_for(ReadLogs)) >= 2
        toasts = [n for n in session.console._notifications if "busy" in n.message]
        assert len(toasts) == 1


# Many rows
