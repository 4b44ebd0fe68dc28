"""The review before an order is sent, and what is told of the answer."""

import pytest

from domain.asks import (
    SubmitOrder,
    Submitted,
)
from domain.errors import Corrupt, InDoubt, Misconfigured, Refused, Unavailable
from domain.orders import Kind, Side, Status
from tests.console import boards
from tests.console.fakes import Hang
from tests.console.ordering import GUARD_OVER, reviewed, submitted, typed_order
from tests.console.screens import played


async def test_the_review_repeats_the_mode_and_the_terms_and_cancel_has_the_keys() -> None:
    async with played() as session:
        await reviewed(session)
        for piece in (
            "DEMO · review order",
            "BUY 0.05 BTC/USDT @ 62,000 limit GTC",
            "kraken/main",
            "✓ every one of 12 rules would pass",
            "62% of max_order_value",
            "▸ Cancel ◂",
        ):
            assert piece in session.text
        await session.press("enter")
        assert "review order" not in session.text
        assert submitted(session) == []


async def test_the_arrows_go_from_button_to_button() -> None:
    async with played() as session:
        await reviewed(session)
        await session.press("right")
        assert "▸ Place order ◂" in session.text
        await session.press("left")
        assert "▸ Cancel ◂" in session.text


async def test_in_the_first_400_ms_no_key_confirms_or_cancels() -> None:
    async with played() as session:
        await typed_order(session)
        await session.press("enter", "tab", "enter")
        assert "review order" in session.text
        assert submitted(session) == []
        session.clock.advance(GUARD_OVER)
        await session.press("enter")
        assert len(submitted(session)) == 1


async def test_a_confirmed_order_is_sent_once_and_expires_after_ten_seconds() -> None:
    async with played() as session:
        await reviewed(session)
        await session.press("tab", "enter", "enter", "enter")
        (ask,) = submitted(session)
        assert (ask.draft.side, ask.draft.kind) == (Side.BUY, Kind.LIMIT)
        assert ask.expires_us == session.clock.now + 10_000_000
        assert "order QDA700NEW000000000 OPEN" in session.text


async def test_in_live_a_large_order_needs_its_side_typed() -> None:
    async with played(boards.live(armed=True)) as session:
        await reviewed(session)
        assert "A large order: type its side" in session.text
        await session.press("tab", "enter")
        assert submitted(session) == []
        assert "nothing was placed: type BUY first" in session.text
        await session.press(*"sell", "enter", "enter")
        assert submitted(session) == []
        await session.press(*(["backspace"] * 4), *"buy", "enter")
        assert submitted(session) == []
        await session.press("enter")
        assert len(submitted(session)) == 1


async def test_in_live_a_small_order_needs_a_look_only() -> None:
    async with played(boards.live(armed=True)) as session:
        await typed_order(session)
        await session.press("shift+tab", *"0.01")
        await session.rested()
        await session.press("tab", "enter")
        session.clock.advance(GUARD_OVER)
        assert "A large order" not in session.text
        await session.press("tab", "enter")
        assert len(submitted(session)) == 1


async def test_a_review_that_was_quicker_than_the_gate_asks_the_gate() -> None:
    async with played(boards.live(armed=True)) as session:
        await session.press("2", "n", "tab")
        session.console.host.focused.choose("kraken/main")  # type: ignore[union-attr]
        await session.press("tab", *"btc/usdt", "tab", *"0.01", "tab", *"62000", "ctrl+r")
        assert "would pass" in session.text
        assert "A large order" not in session.text


async def test_live_disarmed_and_killed_say_that_the_order_will_be_refused() -> None:
    async with played(boards.live()) as session:
        await reviewed(session)
        assert "LIVE is DISARMED: this will be refused" in session.text
    async with played(boards.killed()) as session:
        await reviewed(session)
        assert "The desk is KILLED: this will be refused" in session.text


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (Refused("halt", "HALTED: the kill switch is engaged"), "Refused by halt: HALTED"),
        (Unavailable("kraken", "no byte left"), "Reconnecting: kraken is not available"),
        (InDoubt("QD1", "no answer"), "Unconfirmed: QD1 is being looked up"),
        (Misconfigured("venues.kraken", "give it a trade key"), "Set-up: venues.kraken: give it"),
        (Corrupt("two fills, one id"), "A fact contradicts a fact"),
        (KeyError("secret=hunter2"), "The desk failed with KeyError"),
    ],
)
async def test_each_failure_is_told_as_its_family(error: Exception, told: str) -> None:
    async with played() as session:
        session.desk.answers[SubmitOrder] = error
        await reviewed(session)
        await session.press("tab", "enter")
        assert told in session.text
        assert "hunter2" not in session.text


async def test_an_order_without_an_answer_is_unconfirmed_not_failed() -> None:
    async with played(ask_timeout_ms=50) as session:
        session.desk.answers[SubmitOrder] = Hang
        await reviewed(session)
        await session.press("tab", "enter")
        await session.pilot.pause(0.1)
        assert "Unconfirmed: no answer to SubmitOrder in time" in session.text


@pytest.mark.parametrize(
    ("status", "told"),
    [
        (Status.UNKNOWN, "being looked up, do not send it again"),
        (Status.REJECTED, "REJECTED: post-only would take"),
    ],
)
async def test_the_first_answer_is_told_with_its_reason(status: Status, told: str) -> None:
    async with played() as session:
        session.desk.answers[SubmitOrder] = Submitted(
            client_id="QD1", status=status, reason="post-only would take"
        )
        await reviewed(session)
        await session.press("tab", "enter")
        assert told in session.text.replace("\n", " ") or told[:30] in session.text


# Orders that are there
