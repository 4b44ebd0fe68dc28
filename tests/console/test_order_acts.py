"""Cancelling, changing, giving up: what is done to an order that exists."""

from decimal import Decimal
from typing import Any

from domain.asks import (
    CancelAll,
    CancelOrder,
    Done,
    MarkLost,
    ModifyOrder,
    Requery,
    Submitted,
)
from domain.controls import BreakOpened
from domain.errors import Refused
from domain.orders import Side, Status
from tests.console import boards, facts
from tests.console.fakes import FakeDesk, answering
from tests.console.ordering import GUARD_OVER
from tests.console.screens import played


def desk_with(answers: dict[type, Any]) -> FakeDesk:
    desk = answering(boards.busy())
    desk.answers |= answers
    return desk


def answered(ask: Any) -> Submitted:
    return Submitted(client_id=ask.client_id, status=Status.PENDING_CANCEL)


async def test_a_cancel_is_one_key_and_asks_nothing_first() -> None:
    async with played(desk=desk_with({CancelOrder: answered})) as session:
        await session.press("2", "down", "x")
        (ask,) = session.desk.asked_for(CancelOrder)
        unknown = next(s for s in session.desk.board.orders.values() if s.outcome_unknown)
        assert ask.client_id == unknown.client_id


async def test_marked_orders_are_cancelled_together() -> None:
    async with played(desk=desk_with({CancelOrder: answered})) as session:
        await session.press("2", "*", "*", "down", "x")
        assert len(session.desk.asked_for(CancelOrder)) == 2
        assert "2 marked" in session.text


async def test_a_finished_order_is_not_cancelled() -> None:
    async with played(desk=desk_with({CancelOrder: answered})) as session:
        await session.press("2", "o", "end", "x")
        assert session.desk.asked_for(CancelOrder) == []
        assert "no working order is selected" in session.text


async def test_cancel_all_needs_its_word_and_can_be_for_one_venue() -> None:
    async with played(desk=desk_with({CancelAll: Done(detail="7 cancels sent")})) as session:
        await session.press("2", "X")
        session.clock.advance(GUARD_OVER)
        assert "8 working orders of ours" in session.text
        await session.press("up", "right", "right")
        assert "3 working orders of ours" in session.text
        await session.press("tab", *"nope", "tab", "tab", "enter")
        assert session.desk.asked_for(CancelAll) == []
        assert "type CANCEL" in session.text
        await session.press(*(["backspace"] * 4), *"cancel", "tab", "tab", "enter")
        assert session.desk.asked_for(CancelAll) == [CancelAll(venue="kraken")]
        assert "7 cancels sent" in session.text


async def test_a_change_sends_only_what_changed() -> None:
    answer = Submitted(client_id="QD1", status=Status.OPEN)
    async with played(desk=desk_with({ModifyOrder: answer})) as session:
        await session.press("2", "m")
        session.clock.advance(GUARD_OVER)
        await session.press("tab", *"61900", "enter", "tab", "enter")
        (ask,) = session.desk.asked_for(ModifyOrder)
        assert ask.price == Decimal(61_900)
        assert ask.quantity is None


async def test_a_change_that_changes_nothing_or_cannot_be_read_is_not_sent() -> None:
    async with played(desk=desk_with({})) as session:
        await session.press("2", "m")
        session.clock.advance(GUARD_OVER)
        await session.press("tab", "tab", "tab", "enter")
        assert "these are the terms in force" in session.text
        await session.press("shift+tab", "shift+tab", *".,.", "enter", "tab", "enter")
        assert "nothing was changed" in session.text
        assert session.desk.asked_for(ModifyOrder) == []


async def test_a_refused_change_stays_open_and_says_why() -> None:
    refused = Refused("max_order_value", "6,200.00 USD is over 5,000.00 USD")
    async with played(desk=desk_with({ModifyOrder: refused})) as session:
        await session.press("2", "m")
        session.clock.advance(GUARD_OVER)
        await session.press(*"0.1", "tab", "tab", "tab", "enter")
        assert "Refused by max_order_value: 6,200.00 USD" in session.text
        assert "modify order" in session.text


async def test_the_detail_follows_its_order() -> None:
    async with played() as session:
        await session.press("2", "enter")
        assert "accepted    2026-11-20" in session.text
        client_id = session.desk.board.orders["QDA700KX9T3VQ2M7WZ"].client_id
        fact = facts.filled(
            client_id, "kraken", "BTC/USDT", Side.BUY, "0.0500", "62000", ago=0, trade="K1"
        )
        await session.show(boards.told(session.desk.board, [fact]))
        assert "FILLED" in session.text
        assert "FILLS 1" in session.text


async def test_an_unknown_order_is_looked_up_or_given_up_with_code_and_reason() -> None:
    answer = Submitted(client_id="QD1", status=Status.LOST)
    async with played(desk=desk_with({Requery: answer, MarkLost: answer})) as session:
        await session.press("2", "down", "enter", "u")
        assert len(session.desk.asked_for(Requery)) == 1
        await session.press("L")
        session.clock.advance(GUARD_OVER)
        await session.press("tab", "enter")
        assert "a reason and a code are needed" in session.text
        await session.press(
            "shift+tab",
            "shift+tab",
            "shift+tab",
            *"gone",
            "enter",
            *"123456",
            "enter",
            "tab",
            "enter",
        )
        (ask,) = session.desk.asked_for(MarkLost)
        assert (ask.reason, ask.code) == ("gone", "123456")


async def test_an_order_that_vanished_from_its_venue_can_be_given_up() -> None:
    async with played() as session:
        await session.press("2", "enter")
        client_id = "QDA700KX9T3VQ2M7WZ"
        vanished = BreakOpened(
            at_us=1,
            actor="engine",
            break_id=f"ORDER_VANISHED:{client_id}:1",
            kind="ORDER_VANISHED",
            account=session.desk.board.orders[client_id].order.account,
            detail="no search finds it",
        )
        await session.show(boards.told(session.desk.board, [vanished]))
        await session.press("L")
        assert "give up an order" in session.text


async def test_only_an_order_that_no_search_finds_can_be_given_up() -> None:
    async with played() as session:
        await session.press("2", "enter", "L")
        assert "only an UNKNOWN or vanished order can be given up" in session.text
