"""What a fact amounts to for somebody who is not looking: the words, and when there are none."""

from collections.abc import Callable
from decimal import Decimal

import pytest

from alerts.tidings import ALARMS, ARMING, KILL, WITHDRAWALS, tiding, unwritten
from domain import controls
from domain import withdrawal_facts as facts
from domain.board import Board, Mode
from domain.events import EngineStarted, Fact
from domain.fold import fold
from domain.halts import Level
from domain.instruments import Account
from domain.rulings import Action, Ruling
from domain.withdrawals import Terms, VenueStatus, VenueWithdrawal
from tests.engine.paying import ADDRESS

AT = {"at_us": 1_700_000_000_000_000, "actor": "me"}
KRAKEN = Account("kraken", "main")
TERMS = Terms(
    account=KRAKEN,
    asset="USDT",
    network="TRX",
    address=ADDRESS,
    tag="12345",
    amount=Decimal("1000.50"),
    nonce="0" * 32,
    requester="anna",
    destination_name="cold",
    note="<!channel> please",
)
NAMED = "withdrawal W1 of 1000.5 USDT from kraken/main"
WAITS = f"{NAMED} (about 1,000.50 USD) waits for approval, asked for by anna, good until"
TRIP = controls.HaltTripped(
    **AT,  # type: ignore[arg-type]
    halt_id="H1",
    level=Level.HALT_CANCEL,
    reason="enough",
    scope="VENUE:kraken",
)


def asked(action: Action, reason: str = "") -> facts.WithdrawalRequested:
    return facts.WithdrawalRequested(
        **AT,  # type: ignore[arg-type]
        request_id="W1",
        terms=TERMS,
        ruling=Ruling(action=action, rule="large", reason=reason, approvals=1),
        body_hash="h",
        expires_us=1_700_003_600_000_000,
        value=Decimal("1000.50"),
    )


def of_w1(kind: Callable[..., Fact], **more: object) -> Fact:
    return kind(**AT, request_id="W1", **more)


def halt(kind: Callable[..., Fact], **more: object) -> Fact:
    return kind(**AT, halt_id="H1", **more)


def reported(status: VenueStatus) -> Fact:
    row = VenueWithdrawal(
        account=KRAKEN, venue_id="V", asset="USDT", amount=Decimal(1), at_us=1, status=status
    )
    return of_w1(facts.WithdrawalReported, row=row, source="list")


@pytest.mark.parametrize(
    ("fact", "event", "words"),
    [
        (TRIP, KILL, "KILL SWITCH TRIPPED: HALT_CANCEL over VENUE:kraken by me: enough"),
        (
            halt(controls.HaltVerified, verified_ms=412),
            KILL,
            "KILL VERIFIED over VENUE:kraken: proven in 412 ms",
        ),
        (
            halt(controls.HaltUnverified, reason="kraken/main: 2 open"),
            KILL,
            "KILL NOT VERIFIED over VENUE:kraken: kraken/main: 2 open; it goes on",
        ),
        (
            halt(controls.HaltReopened, reason="an order"),
            KILL,
            "KILL NOT VERIFIED ANY MORE over VENUE:kraken: an order",
        ),
        (
            halt(controls.HaltReleased, reason="ok"),
            KILL,
            "kill switch released over VENUE:kraken by me: ok",
        ),
        (halt(controls.HaltResumed), KILL, "trading goes on after halt H1"),
        (asked(Action.REQUIRE), WITHDRAWALS, f"{WAITS} 2023-11-14 23:13 UTC"),
        (
            asked(Action.BLOCK, f"no {ADDRESS}"),
            WITHDRAWALS,
            f"{NAMED} was blocked by large: no [hidden]",
        ),
        (
            of_w1(facts.WithdrawalSubmitted, venue_id="V", source="answer"),
            WITHDRAWALS,
            f"{NAMED} was sent",
        ),
        (
            of_w1(facts.WithdrawalInDoubt, reason=f"at {ADDRESS}, tag 12345 of cold"),
            WITHDRAWALS,
            f"{NAMED} IS IN DOUBT, it may have been sent: at [hidden], tag [hidden] of [hidden]",
        ),
        (of_w1(facts.WithdrawalFrozen, reason="halt"), WITHDRAWALS, f"{NAMED} is frozen: halt"),
        (
            of_w1(facts.WithdrawalFailed, code="NO_FUNDS", reason=""),
            WITHDRAWALS,
            f"{NAMED} was not sent: NO_FUNDS",
        ),
        (
            of_w1(facts.WithdrawalUnresolved, scans=2),
            WITHDRAWALS,
            f"{NAMED} IS NOT FOUND at the venue; somebody must look there",
        ),
        (reported(VenueStatus.FAILED), WITHDRAWALS, f"{NAMED} FAILED at the venue"),
        (
            controls.Disarmed(**AT, reason="the day is over"),  # type: ignore[arg-type]
            ARMING,
            "LIVE disarmed by me: the day is over",
        ),
        (
            controls.AlarmRaised(
                **AT,  # type: ignore[arg-type]
                alarm="limits differ",
                severity="warning",
                text="a file was changed",
            ),
            ALARMS,
            "ALARM: a file was changed",
        ),
    ],
)
def test_a_fact_is_told_in_words_of_our_own(fact: Fact, event: str, words: str) -> None:
    board = Board(mode=Mode.LIVE)
    first = asked(Action.REQUIRE)
    for before in (TRIP, *(() if isinstance(fact, type(first)) else (first,)), fact):
        board = fold(board, before)
    told = tiding(fact, board, 7)
    assert told is not None
    assert (told.event, told.text, told.row, told.at_us) == (event, words, 7, AT["at_us"])


@pytest.mark.parametrize(
    "fact",
    [
        asked(Action.AUTO),
        reported(VenueStatus.DONE),
        reported(VenueStatus.PENDING),
        of_w1(facts.WithdrawalThawed),
        EngineStarted(**AT, run_id="r", mode="LIVE", version="1", settings_sha=""),  # type: ignore[arg-type]
        controls.AlarmRaised(**AT, alarm="a", severity="warning", text="x"),  # type: ignore[arg-type]
        controls.AlarmRaised(**AT, alarm="webhook ops", severity="critical", text="x"),  # type: ignore[arg-type]
    ],
)
def test_what_needs_nobody_is_not_told(fact: Fact) -> None:
    assert tiding(fact, fold(Board(mode=Mode.LIVE), fact), 7) is None


def test_a_request_that_is_judged_again_waits_again() -> None:
    board = fold(Board(mode=Mode.LIVE), asked(Action.REQUIRE))
    for action, words in ((Action.REQUIRE, WAITS), (Action.AUTO, "")):
        again = of_w1(
            facts.WithdrawalJudged,
            ruling=Ruling(action=action, rule="large", approvals=1),
            body_hash="h2",
            judged=2,
            reason="the policy has changed",
        )
        told = tiding(again, fold(board, again), 8)
        assert (told.text if told else "").startswith(words)
        assert (told is None) is (words == "")


def test_a_withdrawal_that_the_board_has_forgotten_is_told_by_its_id() -> None:
    told = tiding(of_w1(facts.WithdrawalFrozen, reason="halt"), Board(mode=Mode.LIVE), 1)
    assert told is not None
    assert told.text == "withdrawal W1 is frozen"


def test_a_halt_that_the_ledger_could_not_take_says_so() -> None:
    assert unwritten("disk\nfull").endswith("has not taken it: disk full")
