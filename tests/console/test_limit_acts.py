"""Limits changed from the risk screen: lowered, raised, taken back, and the wait that is left."""

from dataclasses import replace
from typing import Any

import pytest

from domain.asks import ApproveLimits, CancelLimits, Done, Identity, SetLimits, WhoAmI
from domain.board import Board
from domain.errors import Refused
from tests.console import boards
from tests.console.fakes import FakeDesk, Hang, answering
from tests.console.ordering import GUARD_OVER
from tests.console.screens import Played, assert_snapshot, played
from tui.screens.limit_dialogs import ApproveNewLimits, ChangeLimit, TakeBack

SIZES = pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])


def pending(wait_s: int = 0, **asked: str) -> Board:
    """The busy desk with looser limits that wait, for so long."""
    busy = boards.busy()
    told = asked or {"max_order_value": "9000"}
    engine = replace(busy.engine, limits_wait_s=wait_s)
    return busy.but(limits_pending={**busy.limits, **told}, engine=engine)


def desk_with(
    board: Board | None = None, *, roles: tuple[str, ...] = (), **answers: Any
) -> FakeDesk:
    kinds = {"set": SetLimits, "cancel": CancelLimits, "approve": ApproveLimits}
    desk = answering(board or boards.busy())
    desk.answers |= {kind: Done(detail="it is done") for kind in kinds.values()}
    desk.answers |= {kinds[name]: answer for name, answer in answers.items()}
    if roles:
        desk.answers[WhoAmI] = Identity(operator="eve", roles=roles, enrolled=True)
    return desk


async def selected(session: Played, name: str) -> None:
    """The risk screen with the cursor on this limit."""
    await session.press("4")
    rows = session.console.host.page.main_table().table.rows  # type: ignore[union-attr]
    for _ in range(len(rows.view)):
        if rows.current is not None and rows.current.name == name:
            return
        await session.press("down")
    raise AssertionError(f"no row {name}")


# What waits


async def test_the_wait_that_is_left_is_shown_and_what_can_be_done_about_it() -> None:
    async with played(desk=desk_with(pending(3_540))) as session:
        await session.press("4")
        assert "v14 · 1 pending, 59 m left, C takes back" in session.text
        assert " C Take back" in session.text.split("\n")[-1]
        await session.show(pending(0))
        assert "v14 · 1 pending, P approves, C takes back" in session.text
        await session.show(boards.busy())
        assert "in force, v14 ─" in session.text
        assert "Take back" not in session.text


@pytest.mark.parametrize(
    ("roles", "told"),
    [
        (("viewer",), "1 pending ─"),
        (("viewer", "trader"), "1 pending, C takes back"),
        (("viewer", "admin"), "1 pending, P approves ─"),
    ],
)
async def test_only_what_the_operator_may_do_is_offered(roles: tuple[str, ...], told: str) -> None:
    async with played(desk=desk_with(pending(), roles=roles)) as session:
        await session.press("4")
        assert told in session.text


async def test_who_may_not_is_told_which_role_it_needs_and_no_dialog_opens() -> None:
    async with played(desk=desk_with(pending(), roles=("viewer",))) as session:
        await session.press("4")
        for key, what in (
            ("C", "taking a raise back needs the role trader"),
            ("L", "changing a limit needs the role trader"),
            ("P", "approving limits needs the role admin"),
        ):
            await session.press(key)
            said = [*session.console._notifications][-1].message
            assert said == f"{what}; you are viewer"
            assert not isinstance(session.console.screen, TakeBack | ChangeLimit | ApproveNewLimits)


async def test_one_limit_in_full_says_when_its_raise_can_be_approved() -> None:
    async with played(desk=desk_with(pending(90))) as session:
        await selected(session, "max_order_value")
        await session.press("enter")
        assert "9000  in 90 s: P approves (2FA), C takes back" in session.text


async def test_approving_says_how_long_it_cools_down_and_on_the_demo_desk_shows_a_code() -> None:
    async with played(desk=desk_with(pending(90))) as session:
        await session.press("4", "P")
        assert "cooling down: 90 s left" in session.text
        assert "demo code 492 039" in session.text
        await session.show(pending(0))
        assert "cooling down" not in session.text


# Taking it back


@SIZES
async def test_taking_back_is_as_it_was_looked_at(size: tuple[int, int]) -> None:
    async with played(desk=desk_with(pending(90)), size=size) as session:
        await session.press("4", "C")
        assert_snapshot(session.console, f"limit-back-{size[0]}x{size[1]}")


async def test_a_raise_is_taken_back_after_it_was_shown_with_a_reason() -> None:
    async with played(desk=desk_with(pending(90))) as session:
        await session.press("4", "C")
        assert "5000 → 9000" in session.text
        await session.press("tab", "tab", "enter")
        assert session.desk.asked_for(CancelLimits) == [], "the guard is not over"
        session.clock.advance(GUARD_OVER)
        await session.press("shift+tab", "shift+tab", *"mistyped", "tab", "tab", "enter")
        assert session.desk.asked_for(CancelLimits) == [CancelLimits(reason="mistyped")]
        assert "it is done" in session.text
        assert not isinstance(session.console.screen, TakeBack)


async def test_leaving_the_dialog_takes_nothing_back() -> None:
    async with played(desk=desk_with(pending(90))) as session:
        await session.press("4", "C")
        session.clock.advance(GUARD_OVER)
        await session.press("tab", "enter")
        assert not isinstance(session.console.screen, TakeBack)
        assert session.desk.asked_for(CancelLimits) == []


async def test_without_anything_that_waits_there_is_nothing_to_take_back() -> None:
    async with played(desk=desk_with()) as session:
        await session.press("4", "C")
        assert "no limit is pending" in session.text
    async with played(desk=desk_with(pending())) as session:
        await session.press("4", "C")
        await session.show(boards.busy())
        assert "Nothing waits any more: close this." in session.text


async def test_a_refusal_is_told_in_the_dialog_which_stays() -> None:
    desk = desk_with(pending(), cancel=Refused("limits", "no looser limits are waiting"))
    async with played(desk=desk) as session:
        await session.press("4", "C")
        session.clock.advance(GUARD_OVER)
        await session.press("tab", "tab", "enter")
        assert "Refused by limits: no looser limits are waiting" in session.text
        assert isinstance(session.console.screen, TakeBack)


# Changing one


@SIZES
async def test_changing_is_as_it_was_looked_at(size: tuple[int, int]) -> None:
    async with played(desk=desk_with(pending(90)), size=size) as session:
        await selected(session, "max_order_value")
        await session.press("L", *"8,000")
        assert_snapshot(session.console, f"limit-change-{size[0]}x{size[1]}")


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("", "Lower is instant. Higher waits, and needs a code."),
        ("4000", "This lowers: it is in force at once, without a code."),
        ("6000", "This raises: it waits for its cool-down, then P"),
        ("5,000", "This is in force already."),
        ("abc", "'abc' is not a number"),
        ("off", "max_order_value has no default: it cannot be missing, or off"),
        ("-1", "max_order_value is -1; a limit is over zero"),
    ],
)
async def test_what_a_value_would_do_is_said_while_it_is_typed(typed: str, told: str) -> None:
    async with played(desk=desk_with()) as session:
        await selected(session, "max_order_value")
        await session.press("L", *typed)
        dialog = session.text.split("change a limit")[1]
        assert "risk.max_order_value" in dialog
        assert told in dialog


async def test_the_value_in_force_takes_back_what_waits_for_it() -> None:
    async with played(desk=desk_with(pending(90))) as session:
        await selected(session, "max_order_value")
        await session.press("L", *"5000")
        assert "What waits for this limit is taken back." in session.text


async def test_an_asset_under_the_default_says_so_and_gets_a_limit_of_its_own() -> None:
    async with played(desk=desk_with()) as session:
        await selected(session, "max_position_size.ADA")
        await session.press("L", *"15000")
        assert "20000, the default of assets without a limit" in session.text
        assert "This lowers" in session.text
        session.clock.advance(GUARD_OVER)
        await session.press("tab", "tab", "enter")
        (ask,) = session.desk.asked_for(SetLimits)
        assert ask.values == {"max_position_size.ADA": "15000"}


async def test_the_engine_is_asked_for_the_typed_value_and_its_answer_is_told() -> None:
    async with played(desk=desk_with()) as session:
        await selected(session, "max_order_value")
        await session.press("L", "tab", "tab", "enter")
        session.clock.advance(GUARD_OVER)
        await session.press("enter")
        assert "nothing was changed: type a number, or off" in session.text
        await session.press("tab", *"4,500", "enter", "tab", "enter")
        assert session.desk.asked_for(SetLimits) == [SetLimits(values={"max_order_value": "4500"})]
        assert "it is done" in session.text


async def test_a_change_that_is_refused_or_not_answered_says_so_and_stays() -> None:
    desk = desk_with(set=Refused("role", "eve is not admin; raising a limit needs it"))
    async with played(desk=desk, ask_timeout_ms=50) as session:
        await selected(session, "max_order_value")
        await session.press("L", *"9000")
        session.clock.advance(GUARD_OVER)
        await session.press("tab", "tab", "enter")
        assert "Refused by role: eve is not admin" in session.text
        session.desk.answers[SetLimits] = Hang
        await session.press("enter")
        await session.until(lambda: "Unconfirmed: no answer to SetLimits" in session.text)
        assert isinstance(session.console.screen, ChangeLimit)


async def test_a_limit_must_be_selected_first() -> None:
    async with played(desk=desk_with()) as session:
        await session.press("4", "d", "L")
        assert "select a limit first" in session.text
