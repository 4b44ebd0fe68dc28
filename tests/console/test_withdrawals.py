"""The withdrawals screen: read, approved with the address's end, denied, asked for, addresses."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from domain import asks_withdrawals as asks
from domain.addresses import Address, Place
from domain.board import Board
from domain.errors import Refused
from domain.instruments import Account
from domain.rulings import Action, Ruling
from domain.table import Table
from domain.withdrawals import Request, Terms
from tests.console import boards
from tests.console.fakes import answering
from tests.console.ordering import GUARD_OVER
from tests.console.screens import Played, assert_snapshot, played
from tests.console.views import NOW_US, SECOND

D = Decimal
ADDRESS = "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t"
PLACE = Place(venue="kraken", asset="USDT", network="TRX", address=ADDRESS)
DAY = 86_400 * SECOND
COLD = Address(
    address_id="A000000001",
    name="cold",
    place=PLACE,
    added_by="ops",
    added_us=NOW_US - 40 * DAY,
    confirmed_by="ops",
    confirmed_us=NOW_US - 31 * DAY,
    active_us=NOW_US - 30 * DAY,
)
NEW = Address(
    address_id="A000000002",
    name="tea",
    place=replace(PLACE, asset="BTC", network="Bitcoin", address="bc1qexample"),
    added_by="ops",
    added_us=NOW_US - DAY,
)


def request(name: str, **changes: Any) -> Request:
    terms = Terms(
        account=Account("kraken", "main"),
        asset="USDT",
        network="TRX",
        address=ADDRESS,
        tag="",
        amount=D("12420.5"),
        nonce="0" * 32,
        requester="api",
        destination=COLD.address_id,
        destination_name="cold",
        note="rent",
    )
    told = Request(
        request_id=name,
        terms=terms,
        ruling=Ruling(action=Action.REQUIRE, rule="large", approvals=2, two_person=True),
        body_hash=terms.hash(1),
        requested_us=NOW_US - 600 * SECOND,
        expires_us=NOW_US + DAY - 600 * SECOND,
        value=D(12_418),
    )
    return replace(told, **changes)


WAITS = request("W000000041")
BLOCKED = request(
    "W000000042",
    ruling=Ruling(action=Action.BLOCK, rule="allow_list", reason="not on the allow-list"),
    problem="not on the allow-list",
)
DONE = request("W000000040", submitting=True, submitted=True, completed=True, venue_id="V1")
LOST = request("W000000039", submitting=True, in_doubt=True, unresolved=True)


def board() -> Board:
    requests = {r.request_id: r for r in (WAITS, BLOCKED, DONE, LOST)}
    addresses = {a.address_id: a for a in (COLD, NEW)}
    return boards.busy().but(
        withdrawals=Table(requests), addresses=Table(addresses), withdrawal_policy="abcdef012345"
    )


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_the_screen_is_what_was_looked_at(size: tuple[int, int]) -> None:
    async with played(board(), size=size) as session:
        await session.press("5")
        assert_snapshot(session.console, f"withdrawals-{size[0]}x{size[1]}")
        await session.press("L")
        assert_snapshot(session.console, f"addresses-{size[0]}x{size[1]}")


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_a_policy_of_the_settings_that_is_not_in_force_is_said(
    size: tuple[int, int],
) -> None:
    told = "the settings' policy is NOT in force: `quarterdeck withdraw policy`"
    async with played(board(), size=size) as session:
        await session.press("5")
        assert told not in session.text
    async with played(board().but(withdrawal_policy_told="0123456789ab"), size=size) as session:
        await session.press("5")
        assert told in session.text


async def _at(session: Played, name: str) -> None:
    """The screen, with the cursor on this request."""
    await session.press("5", "slash", *name, "enter")


async def test_approving_shows_the_whole_address_and_asks_for_its_end() -> None:
    desk = answering(board())
    desk.answers[asks.ApproveWithdrawal] = replace(WAITS, approved_us=NOW_US)
    async with played(desk=desk, size=(80, 24)) as session:
        await _at(session, WAITS.request_id)
        await session.press("A")
        assert "TR7N Hqje KQxG TCi8 q8ZY 4pL8 otSz gjLj 6t" in session.text
        assert_snapshot(session.console, "withdrawal-approve-80x24")
        session.clock.advance(GUARD_OVER)
        await session.press(*"wrong!", "enter", *"123456", "enter", "right", "enter")
        assert desk.asked_for(asks.ApproveWithdrawal) == []
        assert "that is not how the address ends" in session.text
        await session.press("escape", "A")
        session.clock.advance(GUARD_OVER)
        await session.press(*ADDRESS[-6:], "enter", *"123456", "enter", "right", "enter")
        (ask,) = desk.asked_for(asks.ApproveWithdrawal)
        assert (ask.request_id, ask.body_hash, ask.code) == (
            WAITS.request_id, WAITS.body_hash, "123456",
        )  # fmt: skip
        assert "123456" not in session.text


async def test_a_request_that_changes_under_the_dialog_is_said_and_refused() -> None:
    desk = answering(board())
    desk.answers[asks.ApproveWithdrawal] = Refused("withdrawal", "it has changed; look again")
    async with played(desk=desk) as session:
        await _at(session, WAITS.request_id)
        await session.press("A")
        now = replace(WAITS, body_hash="0" * 64, judged=2)
        changed = desk.board.but(withdrawals=desk.board.withdrawals.put(now.request_id, now))
        await session.show(changed)
        assert "It has changed meanwhile" in session.text


async def test_a_request_is_denied_with_a_reason() -> None:
    desk = answering(board())
    desk.answers[asks.RejectWithdrawal] = replace(WAITS, rejected=True)
    async with played(desk=desk) as session:
        await _at(session, WAITS.request_id)
        await session.press("D")
        session.clock.advance(GUARD_OVER)
        await session.press("enter", "right", "enter")
        assert "say why" in session.text
        await session.press("escape", "D")
        session.clock.advance(GUARD_OVER)
        await session.press(*"no", "enter", "right", "enter")
        (ask,) = desk.asked_for(asks.RejectWithdrawal)
        assert (ask.request_id, ask.reason) == (WAITS.request_id, "no")


async def test_what_is_over_is_not_approved() -> None:
    async with played(board()) as session:
        await _at(session, DONE.request_id)
        await session.press("A")
        assert "W000000040 is COMPLETED" in session.text


async def test_a_doubt_is_settled_with_a_reason_and_a_code() -> None:
    desk = answering(board())
    desk.answers[asks.ResolveWithdrawal] = replace(LOST, failed=True)
    async with played(desk=desk) as session:
        await _at(session, LOST.request_id)
        await session.press("U")
        session.clock.advance(GUARD_OVER)
        await session.press("tab", "tab", *"looked", "enter", *"123456", "enter", "right", "enter")
        (ask,) = desk.asked_for(asks.ResolveWithdrawal)
        assert (ask.sent, ask.reason, ask.code) == (False, "looked", "123456")


async def test_a_withdrawal_is_asked_for_from_the_address_book() -> None:
    desk = answering(board())
    desk.answers[asks.RequestWithdrawal] = WAITS
    async with played(desk=desk) as session:
        await session.press("5", "w")
        assert ADDRESS in session.text
        session.clock.advance(GUARD_OVER)
        await session.press("tab", "tab", *"50", "enter", *"rent", "enter", "right", "enter")
        (ask,) = desk.asked_for(asks.RequestWithdrawal)
        assert (ask.asset, ask.amount, ask.destination, ask.note) == (
            "USDT", D(50), COLD.address_id, "rent",
        )  # fmt: skip


async def test_an_address_is_confirmed_by_who_has_read_it() -> None:
    desk = answering(board())
    desk.answers[asks.ConfirmAddress] = NEW
    async with played(desk=desk) as session:
        await session.press("5", "L", "j", "A")
        session.clock.advance(GUARD_OVER)
        await session.press(*"xample", "enter", *"123456", "enter", "right", "enter")
        (ask,) = desk.asked_for(asks.ConfirmAddress)
        assert (ask.address_id, ask.code) == (NEW.address_id, "123456")


async def test_an_address_is_revoked_and_one_is_added() -> None:
    desk = answering(board())
    desk.answers[asks.RevokeAddress] = COLD
    desk.answers[asks.AddAddress] = NEW
    async with played(desk=desk) as session:
        await session.press("5", "L", "D")
        session.clock.advance(GUARD_OVER)
        await session.press(*"gone", "enter", "right", "enter")
        (ask,) = desk.asked_for(asks.RevokeAddress)
        assert (ask.address_id, ask.reason) == (COLD.address_id, "gone")
        await session.press("w")
        session.clock.advance(GUARD_OVER)
        await session.press(*"tea", "enter", "tab", *"BTC", "enter", *"Bitcoin", "enter")
        await session.press(*"bc1qexample", "enter", "enter", "enter", "right", "enter")
        (added,) = desk.asked_for(asks.AddAddress)
        assert (added.name, added.asset, added.address) == ("tea", "BTC", "bc1qexample")
