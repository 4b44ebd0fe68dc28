"""Releasing, arming, approving limits: the dear directions."""

from typing import Any

import pytest

from domain.asks import ApproveLimits, Arm, Disarm, Done, Release
from domain.board import Mode
from domain.errors import Refused
from tests.console import boards, facts
from tests.console.fakes import FakeDesk, answering
from tests.console.ordering import GUARD_OVER
from tests.console.screens import played


def released(desk: FakeDesk, answer: Any) -> FakeDesk:
    desk.answers[Release] = answer
    return desk


async def test_the_release_says_what_resumes_what_stays_and_what_is_unknown() -> None:
    async with played(boards.killed()) as session:
        await session.press("4", "R")
        for piece in ("release the kill switch", "scope GLOBAL", "reducing orders at once",
                      "no position is closed", "max_order_value 5.00k",
                      "1: QDA720KX9T3VQ2M7WZ", "492 039"):  # fmt: skip
            assert piece in session.text


async def test_a_release_needs_scope_code_and_reason() -> None:
    desk = released(answering(boards.killed()), Done(detail="resuming, reducing orders only"))
    async with played(desk=desk) as session:
        await session.press("4", "R")
        session.clock.advance(GUARD_OVER)
        await session.press(*["tab"] * 6, "enter")
        assert "type the scope, a code and a reason" in session.text
        assert session.desk.asked_for(Release) == []
        await session.press("tab", *"GLOBAL", "enter", *"492039", "enter", *"all is well", "enter")
        await session.press("tab", "tab", "tab", "enter")
        (ask,) = session.desk.asked_for(Release)
        assert (ask.acknowledge, ask.reset_high_water) == (False, False)
        assert (ask.scope, ask.code, ask.reason) == ("GLOBAL", "492039", "all is well")
        assert not ask.accept_unverified
        assert "resuming, reducing orders only" in session.text


async def test_a_code_is_never_shown() -> None:
    async with played(boards.killed()) as session:
        await session.press("4", "R", "tab", *"918273")
        assert "918273" not in session.text


async def test_a_refused_release_stays_open_and_says_why() -> None:
    desk = released(answering(boards.killed()), Refused("totp", "the code was used before"))
    async with played(desk=desk) as session:
        await session.press("4", "R")
        session.clock.advance(GUARD_OVER)
        await session.press(*"GLOBAL", "enter", *"1", "enter", *"x", "enter", *["tab"] * 3, "enter")
        assert "Refused by totp: the code was used before" in session.text
        assert "release the kill switch" in session.text


async def test_an_unverified_halt_asks_whether_that_is_accepted() -> None:
    desk = released(answering(boards.unverified()), Done())
    async with played(desk=desk) as session:
        await session.press("4", "R")
        session.clock.advance(GUARD_OVER)
        assert "accept" in session.text
        await session.press(
            *"GLOBAL", "enter", *"1", "enter", *"x", "enter", "right", *["tab"] * 4, "enter"
        )
        (ask,) = session.desk.asked_for(Release)
        assert ask.accept_unverified


async def test_a_cause_is_acknowledged_and_the_high_water_mark_reset_only_when_chosen() -> None:
    desk = released(answering(boards.killed()), Done())
    async with played(desk=desk) as session:
        await session.press("4", "R")
        session.clock.advance(GUARD_OVER)
        await session.press(*"GLOBAL", "enter", *"1", "enter", *"x", "enter")
        await session.press("right", "tab", "right", "tab", "tab", "enter")
        (ask,) = session.desk.asked_for(Release)
        assert (ask.acknowledge, ask.reset_high_water) == (True, True)


async def test_outside_demo_no_code_is_shown_or_asked_for() -> None:
    board = boards.told(boards.live(), facts.trip_facts())
    async with played(board) as session:
        await session.press("4", "R")
        assert "demo code" not in session.text
        assert [type(ask).__name__ for ask in session.desk.asked].count("DemoCode") == 0


async def test_without_a_halt_there_is_nothing_to_release() -> None:
    async with played() as session:
        await session.press("4", "R")
        assert "no halt is in force" in session.text


# Arming and limits


async def test_arming_needs_the_account_letter_by_letter_and_a_code() -> None:
    desk = answering(boards.live())
    desk.answers[Arm] = Done(detail="ARMED")
    async with played(desk=desk) as session:
        await session.press("4")
        assert "DISARMED" in session.text
        await session.press("A")
        session.clock.advance(GUARD_OVER)
        assert "REAL orders" in session.text
        await session.press(*"kraken", "enter", *"123456", "enter", "tab", "enter")
        assert "type the account as it is written above" in session.text
        assert session.desk.asked_for(Arm) == []
        await session.press("tab", *"kraken/main", "enter", "enter", "tab", "enter")
        assert session.desk.asked_for(Arm) == [Arm(code="123456", account="kraken/main")]


async def test_who_is_not_enrolled_is_told_how_to_be() -> None:
    async with played(boards.live().but(enrolled=())) as session:
        await session.press("4", "A")
        assert "quarterdeck totp enrol" in session.text


async def test_disarming_asks_nothing() -> None:
    desk = answering(boards.live(armed=True))
    desk.answers[Disarm] = Done()
    async with played(desk=desk) as session:
        await session.press("4", "D")
        assert len(session.desk.asked_for(Disarm)) == 1


@pytest.mark.parametrize("mode", [Mode.DEMO, Mode.PAPER])
async def test_only_live_is_armed(mode: Mode) -> None:
    async with played(boards.busy(mode)) as session:
        await session.press("4", "A")
        assert f"{mode.value} needs no arming" in session.text
        await session.press("D")
        assert "not armed" in session.text
        assert " A Arm" not in session.text.split("\n")[-1]


async def test_pending_limits_are_shown_beside_those_in_force_and_need_a_code() -> None:
    busy = boards.busy()
    # A whole set of limits waits, for the sake of two.
    asked = {**busy.limits, "max_order_value": "9000"}
    del asked["max_daily_volume"]
    board = busy.but(limits_pending=asked)
    desk = answering(board)
    desk.answers[ApproveLimits] = Done(detail="limits v15 are in force")
    async with played(desk=desk) as session:
        await session.press("4")
        assert "2 pending, P approves" in session.text
        assert "→9000" in session.text
        await session.press("P")
        session.clock.advance(GUARD_OVER)
        assert "5000 → 9000" in session.text
        dialog = session.text.split("These limits change")[1]
        assert "50000 → off" in dialog
        assert "max_drawdown_pct  " not in dialog[:400]
        await session.press("tab", "tab", "enter")
        assert session.desk.asked_for(ApproveLimits) == []
        await session.press("tab", *"123456", "enter", "tab", "enter")
        assert session.desk.asked_for(ApproveLimits) == [ApproveLimits(code="123456")]
        assert "limits v15 are in force" in session.text


async def test_without_pending_limits_there_is_nothing_to_approve() -> None:
    async with played() as session:
        await session.press("4", "P")
        assert "no limit is pending" in session.text
