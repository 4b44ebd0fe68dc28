"""What facts make of a withdrawal: late rows, repeated ones, approvals of one body."""

from dataclasses import replace
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest

from domain import withdrawal_facts as facts
from domain.board import Board, Mode
from domain.fold import fold
from domain.fold_withdrawals import ENDED_REQUESTS
from domain.instruments import Account
from domain.market import Movement
from domain.rulings import Action, Ruling
from domain.withdrawals import (
    Request,
    State,
    Terms,
    VenueStatus,
    VenueWithdrawal,
    amounts_fit,
    request_of,
)

D = Decimal
MAIN = Account("kraken", "main")
TERMS = Terms(
    account=MAIN,
    asset="USDT",
    network="TRX",
    address="T1",
    tag="",
    amount=D(100),
    nonce="0" * 32,
    requester="anna",
    destination="A1",
)
TWO = Ruling(action=Action.REQUIRE, rule="r", approvals=2, cool_off_s=60)
SECOND = 1_000_000


def asked(name: str = "W1", ruling: Ruling = TWO, at_us: int = SECOND) -> facts.WithdrawalRequested:
    return facts.WithdrawalRequested(
        at_us=at_us,
        actor="anna",
        request_id=name,
        terms=TERMS,
        ruling=ruling,
        body_hash=TERMS.hash(1),
        expires_us=at_us + 100 * SECOND,
        value=D(100),
    )


def fact(kind: Any, at_us: int = 2 * SECOND, **told: Any) -> Any:
    return kind(at_us=at_us, actor="x", request_id="W1", **told)


def yes(who: str, body: str = TERMS.hash(1), at_us: int = 2 * SECOND) -> Any:
    return fact(facts.WithdrawalApproved, at_us, operator=who, body_hash=body)


def row(status: VenueStatus = VenueStatus.DONE, **told: Any) -> Any:
    shown = VenueWithdrawal(
        account=MAIN, venue_id="V1", asset="USDT", amount=D(100), at_us=3, status=status, **told
    )
    return fact(facts.WithdrawalReported, row=shown, source="poll")


def after(*told: Any) -> Request:
    board = Board(mode=Mode.DEMO)
    for known in (asked(), *told):
        board = fold(board, known)
    return board.withdrawals["W1"]


SENT = fact(facts.WithdrawalSubmitting, body_hash="")
TAKEN = fact(facts.WithdrawalSubmitted, venue_id="V1", source="kraken")


def test_two_people_are_two_people() -> None:
    assert after(yes("ben"), yes("ben")).state is State.PENDING
    done = after(yes("ben"), yes("cleo", at_us=5 * SECOND))
    assert (done.state, done.ready_us) == (State.APPROVED, 65 * SECOND)
    assert done.state_at(64 * SECOND) is State.APPROVED
    assert done.state_at(65 * SECOND) is State.READY


def test_approvals_of_another_body_do_not_count() -> None:
    again = fact(
        facts.WithdrawalJudged, ruling=TWO, body_hash=TERMS.hash(2), judged=2, reason="policy"
    )
    told = after(yes("ben"), yes("cleo"), again)
    assert (told.state, told.standing, told.missing) == (State.PENDING, (), 2)
    assert after(yes("ben"), yes("cleo"), again, yes("ben")).missing == 2


def test_every_part_of_the_terms_changes_the_hash() -> None:
    changed = [
        replace(TERMS, account=Account("kraken", "b")),
        replace(TERMS, asset="USD"),
        replace(TERMS, network="ETH"),
        replace(TERMS, address="T2"),
        replace(TERMS, tag="1"),
        replace(TERMS, saved_as="x"),
        replace(TERMS, amount=D("100.1")),
        replace(TERMS, nonce="1" * 32),
        replace(TERMS, destination="A2"),
    ]
    hashes = {terms.hash(1) for terms in (TERMS, *changed)} | {TERMS.hash(2)}
    assert len(hashes) == len(changed) + 2
    assert replace(TERMS, amount=D("100.0")).hash(1) == TERMS.hash(1)


@pytest.mark.parametrize(
    "order", list(permutations((SENT, TAKEN, row(VenueStatus.PENDING), row())))
)
def test_the_order_in_which_the_venue_is_heard_does_not_matter(order: tuple[Any, ...]) -> None:
    assert after(*order, *order).state is State.COMPLETED


def test_what_the_venue_shows_beats_what_was_concluded() -> None:
    doubt = fact(facts.WithdrawalInDoubt, reason="timeout")
    given_up = fact(facts.WithdrawalFailed, code="RESOLVED", reason="not there")
    assert after(SENT, doubt, given_up).state is State.FAILED
    assert after(SENT, doubt, given_up, TAKEN).state is State.SUBMITTED
    assert after(SENT, doubt, given_up, row()).state is State.COMPLETED
    assert after(SENT, TAKEN, given_up).state is State.SUBMITTED
    assert after(SENT, TAKEN, row(VenueStatus.FAILED)).state is State.VENUE_FAILED


def test_nothing_is_taken_back_once_it_was_sent() -> None:
    for late in (
        fact(facts.WithdrawalCancelled, reason="late"),
        fact(facts.WithdrawalRejected, reason="late"),
        fact(facts.WithdrawalExpired),
    ):
        assert after(SENT, late).state is State.SUBMITTING
        assert after(SENT, TAKEN, late).state is State.SUBMITTED


def test_timers_stand_still_while_it_is_frozen() -> None:
    frozen = fact(facts.WithdrawalFrozen, 10 * SECOND, reason="halt")
    thawed = fact(facts.WithdrawalThawed, 40 * SECOND)
    told = after(yes("ben"), yes("cleo"), frozen)
    assert told.state_at(10**15) is State.APPROVED
    again = after(yes("ben"), yes("cleo"), frozen, thawed)
    assert (again.ready_us, again.expires_us) == (92 * SECOND, 131 * SECOND)


# Whose is a booked withdrawal?


def moved(reference: str = "V1", amount: str = "-100", fee: str = "1", **told: Any) -> Movement:
    whole = Movement(
        account=MAIN, reference=reference, asset="USDT", amount=D(amount), fee=D(fee), at_us=3
    )
    return replace(whole, **told)


@pytest.mark.parametrize(
    ("facts_so_far", "movement", "ours"),
    [
        ((SENT, TAKEN), moved(), True),
        ((SENT, TAKEN), moved("V2"), False),
        ((SENT, TAKEN), moved(account=Account("kraken", "b")), False),
        ((SENT,), moved("V9"), True),
        ((SENT,), moved("V9", "-99"), True),
        ((SENT,), moved("V9", "-101"), True),
        ((SENT,), moved("V9", "-98"), False),
        ((SENT,), moved("V9", "100"), False),
        ((), moved("V9"), False),
        ((SENT, fact(facts.WithdrawalFailed, code="NO", reason="")), moved("V9"), False),
    ],
)
def test_a_movement_is_ours_by_its_id_or_while_it_is_in_doubt(
    facts_so_far: tuple[Any, ...], movement: Movement, ours: bool
) -> None:
    request = after(*facts_so_far)
    assert request_of([request], movement) is (request if ours else None)


def test_a_venue_may_tell_an_amount_with_its_fee_or_without() -> None:
    assert amounts_fit(D(100), D(100), None)
    assert amounts_fit(D(100), D(99), D(1))
    assert amounts_fit(D(100), D(101), D(1))
    assert not amounts_fit(D(100), D(99), None)


def test_the_board_keeps_what_a_window_counts_and_forgets_the_rest() -> None:
    board = Board(mode=Mode.DEMO)
    blocked = Ruling(action=Action.BLOCK, rule="r")
    for number in range(ENDED_REQUESTS + 50):
        board = fold(board, asked(f"B{number}", blocked, number))
    assert len(board.withdrawals) == ENDED_REQUESTS
    for number in range(ENDED_REQUESTS + 50):
        board = fold(board, asked(f"S{number}", TWO, number))
        sent = replace(SENT, request_id=f"S{number}")
        board = fold(fold(board, sent), replace(row(), request_id=f"S{number}"))
    assert sum(1 for r in board.withdrawals.values() if r.completed) == ENDED_REQUESTS + 50
