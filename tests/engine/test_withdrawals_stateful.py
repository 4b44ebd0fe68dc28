"""Withdrawals under halts, crashes, lost answers, late rows and every order of events (R-C6).

Hypothesis moves people, time and the venue; the desk's parts are the real ones. What is allowed
is worked out a second time from the ledger (`tests.engine.paying_desk`).
"""

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import Phase
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

import engine.withdrawcase
import engine.withdrawsend
import risk.withdrawals
from domain import asks_withdrawals as asks
from domain import controls, fold_withdrawals
from domain import withdrawal_facts as facts
from domain.policies import Policy
from domain.rulings import Ruling
from domain.withdrawals import PROMISED, Approval, Request, State, Submission, VenueStatus
from engine.secondfactor import SecondFactor
from engine.withdrawcase import Cases
from engine.withdrawing import Withdrawing
from engine.withdrawsend import Dispatch
from risk.standing import Standing
from tests.engine.paying_desk import (
    ACCOUNT,
    LOOSENED,
    PEOPLE,
    PLACES,
    POLICY,
    PayingDesk,
    address_ask,
)
from tests.hunting import hunt

D = Decimal
WHO = st.sampled_from(list(PEOPLE))
WHICH = st.integers(0, 5)
AMOUNT = st.sampled_from(["40", "45", "400", "4000"])
RARELY = st.sampled_from([False, False, False, True])
PLACE = st.sampled_from(["cold", "cold", "cold", "warm"])
MODES = ["ok", "ok", "refused", "no route", "lost on the way", "answer lost", "silent"]
SOUND, PLANTED, STEPS = 60, 400, 30


class Paying(RuleBasedStateMachine):
    """One desk, three people, one venue, and everything that can happen between them."""

    def __init__(self) -> None:
        super().__init__()
        self.desk = PayingDesk()

    @initialize()
    def begin(self) -> None:
        """An address that money may go to."""
        self.desk.ask(address_ask("cold"), "anna")
        self.confirm("cold", "ben", 0)
        self.desk.wait(101)

    # People

    @precondition(lambda self: len(self.desk.requests) < 6)
    @rule(
        amount=AMOUNT,
        who=WHO,
        place=PLACE,
        key=st.sampled_from(["", "", "rent"]),
    )
    def request(self, amount: str, who: str, place: str, key: str) -> None:
        ask = asks.RequestWithdrawal(
            account=ACCOUNT, asset="USD", amount=D(amount), destination=place, idempotency_key=key
        )
        self.desk.ask(ask, who)

    @precondition(lambda self: len(self.desk.requests) < 8)
    @rule(amount=AMOUNT, who=WHO, rest=st.sampled_from([0, 5, 11]))
    def ordered(self, amount: str, who: str, rest: int) -> None:
        """A request that everybody agrees to, and some time for it."""
        ask = asks.RequestWithdrawal(
            account=ACCOUNT, asset="USD", amount=D(amount), destination="cold"
        )
        request = self.desk.ask(ask, who)
        if not isinstance(request, Request) or request.state is not State.PENDING:
            return
        for approver in [who, *(name for name in PEOPLE if name != who)]:
            now = self.desk.board.withdrawals[request.request_id]
            if now.state is State.PENDING:
                approve = asks.ApproveWithdrawal(
                    request_id=now.request_id, body_hash=now.body_hash, code=self.desk.code()
                )
                self.desk.ask(approve, approver)
        if rest:
            self.desk.wait(rest)

    @rule(amount=AMOUNT, who=WHO)
    def ordered_at_once(self, amount: str, who: str) -> None:
        if len(self.desk.requests) < 8:
            self.ordered(amount, who, 11)

    @precondition(lambda self: self.desk.requests)
    @rule(which=WHICH, who=WHO, back=st.sampled_from([0, 0, 0, 1, 9]), old=st.booleans())
    def approve(self, which: int, who: str, back: int, old: bool) -> None:
        """With a good code or a stale one; of what is there now, or of what was once."""
        waiting = [r for r in self.desk.requests if r.state is State.PENDING]
        request = (waiting or self.desk.requests)[which % len(waiting or self.desk.requests)]
        body = request.terms.hash(1) if old else request.body_hash
        ask = asks.ApproveWithdrawal(
            request_id=request.request_id, body_hash=body, code=self.desk.code(back)
        )
        self.desk.ask(ask, who)

    @precondition(lambda self: self.desk.requests)
    @rule(which=WHICH, who=WHO, no=st.booleans(), really=RARELY)
    def give_up(self, which: int, who: str, no: bool, really: bool) -> None:
        if not really:
            return
        name = self.desk.requests[which % len(self.desk.requests)].request_id
        reject = asks.RejectWithdrawal(request_id=name, reason="no")
        self.desk.ask(reject if no else asks.CancelWithdrawal(request_id=name), who)

    @precondition(lambda self: any(r.unresolved for r in self.desk.requests))
    @rule(who=WHO, sent=st.booleans())
    def settle(self, who: str, sent: bool) -> None:
        """As people do who have looked: by what the venue has."""
        request = next(r for r in self.desk.requests if r.unresolved)
        taken = [r for r in self.desk.venue.rows if r.amount == request.terms.amount]
        if sent != bool(taken):
            return
        ask = asks.ResolveWithdrawal(
            request_id=request.request_id,
            sent=sent,
            venue_id=taken[-1].venue_id if taken else "",
            code=self.desk.code(),
            reason="looked",
        )
        self.desk.ask(ask, who)

    @rule(place=PLACE, who=WHO, back=st.sampled_from([0, 0, 1]))
    def confirm(self, place: str, who: str, back: int) -> None:
        entry = next(
            (a for a in self.desk.board.addresses.values() if a.name == place and not a.revoked_us),
            None,
        )
        if entry is None:
            self.desk.ask(address_ask(place), who)
            return
        ask = asks.ConfirmAddress(address_id=entry.address_id, code=self.desk.code(back))
        self.desk.ask(ask, who)

    @rule(place=st.sampled_from(list(PLACES)), who=WHO, really=RARELY)
    def revoke(self, place: str, who: str, really: bool) -> None:
        if really:
            self.desk.ask(asks.RevokeAddress(address_id=place), who)

    # The world

    @rule(seconds=st.sampled_from([1, 8, 11, 31, 101, 2_000, 90_000]))
    def wait(self, seconds: int) -> None:
        self.desk.wait(seconds)

    @rule(seconds=st.sampled_from([11, 31]))
    def wait_a_little(self, seconds: int) -> None:
        self.desk.wait(seconds)

    @rule(mode=st.sampled_from(MODES), listing=st.sampled_from(["ok", "late", "broken"]))
    def venue(self, mode: str, listing: str) -> None:
        self.desk.venue.mode, self.desk.venue.listing = mode, listing

    @rule(which=WHICH)
    def moved(self, which: int) -> None:
        self.desk.moved(which)

    @rule(really=RARELY)
    def halt(self, really: bool) -> None:
        if really:
            self.desk.halt()

    @rule(seconds=st.sampled_from([1, 31]))
    def halt_and_release(self, seconds: int) -> None:
        self.desk.halt()
        self.desk.wait(seconds)
        self.desk.release()
        self.desk.wait(11)

    @rule()
    def release(self) -> None:
        self.desk.release()

    @rule()
    def crash(self) -> None:
        self.desk.crash()

    @rule(file=st.sampled_from([POLICY, *LOOSENED]))
    def edited(self, file: Policy) -> None:
        """Somebody changes the settings file, and the desk starts again."""
        self.desk.file = file
        self.desk.crash()

    @rule()
    def crash_while_sending(self) -> None:
        """Gone when the intent is durable, the venue was asked and has not answered."""
        self.ordered("400", "anna", 0)
        self.desk.venue.mode = "silent"
        self.desk.send(11)
        self.desk.crash()
        self.desk.venue.mode = "ok"
        self.desk.wait(1)

    @rule()
    def revoked_meanwhile(self) -> None:
        """Approved, and before it has rested its address is good no more."""
        self.ordered("400", "anna", 0)
        self.desk.ask(asks.RevokeAddress(address_id="cold"), "ben")
        self.desk.wait(11)

    @invariant()
    def nothing_is_wrong(self) -> None:
        wrong = self.desk.wrong()
        assert not wrong, wrong

    def teardown(self) -> None:
        try:
            self._rest()
        finally:
            self.desk.close()

    def _rest(self) -> None:
        """Faults end, the venue says of all that it is done, and of some of it once more."""
        venue = self.desk.venue
        venue.mode, venue.listing = "ok", "ok"
        venue.rows = [replace(row, status=VenueStatus.DONE) for row in venue.rows]
        self.desk.release()
        self.desk.wait(70)
        for number in range(len(self.desk.venue.rows)):
            self.desk.moved(number)
        self.desk.wait(1)
        wrong = [*self.desk.wrong(), *self.desk.differs()]
        assert not wrong, wrong


def played(examples: int, *phases: Phase) -> None:
    """Let the machine try so many lives."""
    run_state_machine_as_test(Paying, settings=hunt(examples, *phases, steps=STEPS))


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.timeout(180)
def test_nothing_leaves_that_was_not_allowed_and_nothing_leaves_twice() -> None:
    played(SOUND, Phase.generate, Phase.shrink)


# Planted bugs

Patch = pytest.MonkeyPatch


def approvals_of_another_body_count(patch: Patch) -> None:
    """What was approved before a halt still counts after it."""
    whole = Dispatch._judged

    async def kept(self: Dispatch, request: Request, reason: str) -> None:
        if not request.approved_us:
            await whole(self, request, reason)

    steps = fold_withdrawals._STEPS
    thawed = steps[facts.WithdrawalThawed]

    def ruled_still(request: Request, fact: Any) -> Request:
        return replace(thawed(request, fact), ruling=request.ruling)

    patch.setattr(Dispatch, "_judged", kept)
    patch.setitem(steps, facts.WithdrawalThawed, ruled_still)


def any_hash_is_approved(patch: Patch) -> None:
    """An approval of an older body is taken for one of this, and nobody looks at the count."""

    def standing(self: Request) -> tuple[Approval, ...]:
        return self.approvals * 2

    patch.setattr(Request, "standing", property(standing))


def no_last_look(patch: Patch) -> None:
    """A revoked address is still sent to."""
    patch.setattr(Cases, "guard", lambda self, request: None)


def sent_again_after_a_crash(patch: Patch) -> None:
    """Whoever finds SUBMITTING at the start sends it."""

    async def started(self: Dispatch) -> None:
        for request in list(self._floor.desk.board.withdrawals.values()):
            if request.state is State.SUBMITTING:
                self._floor.run(self._send(request), "again")

    patch.setattr(Dispatch, "started", started)


def asked_again_when_in_doubt(patch: Patch) -> None:
    """No answer? Once more."""
    whole = engine.withdrawsend.verdict_of

    async def twice(withdraw: Any, asked: Any) -> Submission | str:
        answer = await whole(withdraw, asked)
        return await whole(withdraw, asked) if isinstance(answer, str) else answer

    patch.setattr(engine.withdrawsend, "verdict_of", twice)


def approves_ones_own(patch: Patch) -> None:
    """The requester is one of the two."""
    whole = Withdrawing._may_approve

    def lax(self: Withdrawing, ask: asks.ApproveWithdrawal, caller: Any) -> Request:
        return whole(self, ask, replace(caller, name=f"{caller.name} "))

    patch.setattr(Withdrawing, "_may_approve", lax)


def a_code_works_twice(patch: Patch) -> None:
    """The second factor forgets the last step."""

    async def allow(self: SecondFactor, operator: str, code: str, purpose: str) -> Any:
        if code not in (self._code_now(), ""):  # type: ignore[attr-defined]
            await self._refuse(operator, purpose, "wrong")
        self._uses = getattr(self, "_uses", 0) + 1  # type: ignore[attr-defined]
        return controls.CodeRefused(
            at_us=self._floor.now_us(),
            actor=operator,
            operator=operator,
            purpose=purpose,
            reason="",
        )

    def now(self: SecondFactor) -> str:
        from risk.codes import code_at, step_at  # noqa: PLC0415 - the bug's own

        return code_at(self._demo_seed(), step_at(self._floor.now_us()))

    patch.setattr(SecondFactor, "_code_now", now, raising=False)
    patch.setattr(SecondFactor, "allow", allow)


def pending_does_not_count(patch: Patch) -> None:
    """Only what is completed counts against the day's bound: splitting helps."""
    whole = risk.withdrawals.counted

    def completed(requests: Any, since_us: int) -> Any:
        return [r for r in whole(requests, since_us) if r.state is State.COMPLETED]

    patch.setattr(risk.withdrawals, "counted", completed)


def a_halt_freezes_nothing(patch: Patch) -> None:
    """Withdrawals go on while trading is halted."""
    patch.setattr(Cases, "frozen", lambda self, account: "")


def no_cool_off(patch: Patch) -> None:
    """What is approved is sent at once."""

    def ready(self: Request, now_us: int) -> State:
        del now_us
        return State.READY if self.state is State.APPROVED else self.state

    patch.setattr(Request, "state_at", ready)


def doubt_frees_the_amount(patch: Patch) -> None:
    """An amount that may have left is spendable again."""
    patch.setattr(engine.withdrawcase, "PROMISED", PROMISED - {State.SUBMIT_UNKNOWN})


def a_files_policy_is_in_force_at_once(patch: Patch) -> None:
    """Whoever writes the settings file and waits for a restart decides."""

    def judge(self: Standing, case: risk.withdrawals.Case) -> Ruling:
        return replace(risk.withdrawals.judge(self.told, case), policy=self.version)

    patch.setattr(Standing, "judge", judge)


def a_looser_policy_is_taken_for_a_tighter_one(patch: Patch) -> None:
    """The ledger adopts at the start what should wait for a code."""
    patch.setattr(Standing, "looser", ())


PLANTS: tuple[Callable[[Patch], None], ...] = (
    approvals_of_another_body_count,
    any_hash_is_approved,
    no_last_look,
    sent_again_after_a_crash,
    asked_again_when_in_doubt,
    approves_ones_own,
    a_code_works_twice,
    pending_does_not_count,
    a_halt_freezes_nothing,
    no_cool_off,
    doubt_frees_the_amount,
    a_files_policy_is_in_force_at_once,
    a_looser_policy_is_taken_for_a_tighter_one,
)


@pytest.mark.timeout(120)
@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: plant.__name__)
def test_a_planted_bug_is_found(
    plant: Callable[[Patch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch)
    with pytest.raises(AssertionError):
        played(PLANTED, Phase.generate)
