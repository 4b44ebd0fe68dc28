"""Open breaks on the risk screen: seen, read in full, and accepted with a code."""

from dataclasses import replace

from domain.asks import AcceptBreak, Done
from domain.errors import Refused
from domain.table import Table
from tests.console import boards
from tests.console.fakes import answering
from tests.console.ordering import GUARD_OVER
from tests.console.screens import played
from tests.console.views import ACCOUNTS, NOW_US, SECOND
from tui.lines import Lines
from tui.screens.health_venues import venue_lines
from tui.stage import Picture

NAME = "BALANCE_UNEXPLAINED:kraken/main:BTC:1"


def text(lines: Lines) -> str:
    return "\n".join("".join(part.text for part in line) for line in lines)


async def test_b_goes_to_the_breaks_and_back() -> None:
    async with played(boards.contradicted()) as session:
        await session.press("4")
        assert "Open breaks" not in session.text
        await session.press("b")
        for piece in ("Open breaks", "BALANCE_UNEXPLAINED", "ORDER_VANISHED", "-141"):
            assert piece in session.text
        assert "Hard limits" not in session.text
        await session.press("b")
        assert "Hard limits" in session.text
        await session.press("b", "d")
        assert "Denied today" in session.text
        assert "Open breaks" not in session.text


async def test_enter_tells_all_of_a_break_and_what_to_do_first() -> None:
    async with played(boards.contradicted()) as session:
        await session.press("4", "b", "enter")
        for piece in ("BTC: the facts give 0.8124, kraken says 0.8101", "quarterdeck import",
                      "3 h ago", "-141 USD"):  # fmt: skip
            assert piece in session.text


async def test_a_break_is_accepted_with_a_reason_and_a_code() -> None:
    desk = answering(boards.contradicted())
    desk.answers[AcceptBreak] = Done(detail="the break is closed as accepted")
    async with played(desk=desk) as session:
        await session.press("4", "b", "enter")
        session.clock.advance(GUARD_OVER)
        await session.press("tab", "enter")
        assert "a reason and a code are needed" in session.text
        assert session.desk.asked_for(AcceptBreak) == []
        await session.press("tab", *"a fee", "enter", *"123456", "enter", "tab", "enter")
        (ask,) = session.desk.asked_for(AcceptBreak)
        assert (ask.break_id, ask.reason, ask.code) == (NAME, "a fee", "123456")
        assert "the break is closed as accepted" in session.text
        assert "123456" not in session.text


async def test_a_refused_acceptance_stays_open_and_says_why() -> None:
    desk = answering(boards.contradicted())
    desk.answers[AcceptBreak] = Refused("second_factor", "the code was used already")
    async with played(desk=desk) as session:
        await session.press("4", "b", "enter")
        session.clock.advance(GUARD_OVER)
        await session.press("tab", "tab", *"a fee", "enter", *"123456", "enter", "tab", "enter")
        assert "Refused by second_factor: the code was used already" in session.text
        await session.show(session.desk.board.but(breaks=()))
        assert "It is closed meanwhile." in session.text


def test_a_venue_tells_until_when_its_dead_mans_switch_waits() -> None:
    board, kraken = boards.busy(), ACCOUNTS["kraken"]
    view = replace(board.accounts[kraken], dead_man_us=NOW_US + 52 * SECOND)
    waiting = board.but(accounts=Table({**board.accounts, kraken: view}))
    told = text(venue_lines("kraken", Picture(board=waiting, now_us=NOW_US), 100))
    assert "kraken/main cancels everything at 12:00:59Z, in 52 s, unless told again" in told
    assert "unless told again" not in text(
        venue_lines("kraken", Picture(board=board, now_us=NOW_US), 100)
    )
