"""One withdrawal: what is asked for, what is known of it, and the ports that carry it.

The one rule: asset, network, address and tag are sent as they stand here, to the byte; the
venue is told nothing that was not approved. A request's state is read off its facts (semantics
4.2) and is never stored.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from domain.instruments import Account
from domain.market import Movement
from domain.money import canonical
from domain.rulings import Action, Ruling

FEE_POLICY = "the venue's own"


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawal:
    """What leaves, and where to.

    `reference` is ours: 32 hexadecimal digits in lower case, one for each request for ever.
    `network` is the venue's own word for it ("TRX"); "" where the venue has only one. `tag` is
    a memo or destination tag, "" for none. `saved_as` is the name under which the venue keeps
    the address, where it withdraws to saved ones only (Kraken). `amount` is in the asset; whether
    the venue's fee comes out of it or on top is the venue's rule.
    """

    account: Account
    reference: str
    asset: str
    network: str
    address: str
    tag: str
    amount: Decimal
    saved_as: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """A venue's parsed verdict on a withdrawal: taken under its id, or refused."""

    accepted: bool
    venue_id: str = ""
    code: str = ""
    reason: str = ""


class VenueStatus(StrEnum):
    """How far the venue says a withdrawal has come."""

    PENDING = "PENDING"
    DONE = "DONE"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueWithdrawal:
    """One row of the venue's list of withdrawals; what it does not tell is "" or None.

    `reference` is ours, where the venue gives it back. `amount` is as the venue tells it: with
    its fee or without. Its movement, once booked, has `venue_id` as its reference.
    """

    account: Account
    venue_id: str
    asset: str
    amount: Decimal
    at_us: int
    status: VenueStatus
    reference: str = ""
    network: str = ""
    address: str = ""
    tag: str = ""
    txid: str = ""
    fee: Decimal | None = None


class Withdrawer(Protocol):
    """Withdrawals of one account, with a key that does nothing else: a port of the venue.

    `InDoubt` is raised for anything but a verdict parsed from the venue's own answer;
    `Unavailable` only when provably nothing was asked for.
    """

    async def withdraw(self, request: Withdrawal) -> Submission:
        """Send one withdrawal, and never a second one."""
        ...


class WithdrawalLister(Protocol):
    """The venue's own list of an account's withdrawals, pending ones too; a port that reads."""

    async def withdrawals(self, since_us: int) -> Sequence[VenueWithdrawal]:
        """Every withdrawal since then, every page. Unavailable when any could not be read."""
        ...


# A request


class State(StrEnum):
    """Where a request stands (semantics 4.2); DRAFT and EVALUATING last no time here."""

    BLOCKED = "BLOCKED"
    PENDING = "PENDING"
    APPROVED = "APPROVED"
    READY = "READY"
    SUBMITTING = "SUBMITTING"
    SUBMITTED = "SUBMITTED"
    SUBMIT_UNKNOWN = "SUBMIT_UNKNOWN"
    CONFIRMING = "CONFIRMING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    VENUE_FAILED = "VENUE_FAILED"
    REJECTED = "REJECTED"
    EXPIRED = "EXPIRED"
    CANCELLED = "CANCELLED"


OPEN = frozenset(
    {
        State.PENDING,
        State.APPROVED,
        State.READY,
        State.SUBMITTING,
        State.SUBMITTED,
        State.SUBMIT_UNKNOWN,
        State.CONFIRMING,
    }
)
# Until the venue has it nothing has left: it can be cancelled, frozen, judged again.
WAITING = frozenset({State.PENDING, State.APPROVED, State.READY})
# The amount is promised: no order may spend it.
PROMISED = OPEN - {State.PENDING, State.CONFIRMING}


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What was asked for. `nonce` is the `reference` that the venue is told: one for ever.

    `destination` is the id of the address book's entry, "" where the book has none.
    """

    account: Account
    asset: str
    network: str
    address: str
    tag: str
    amount: Decimal
    nonce: str
    requester: str
    saved_as: str = ""
    destination: str = ""
    destination_name: str = ""
    note: str = ""

    @property
    def withdrawal(self) -> Withdrawal:
        """The same as the venue is asked for it, to the byte."""
        return Withdrawal(
            account=self.account,
            reference=self.nonce,
            asset=self.asset,
            network=self.network,
            address=self.address,
            tag=self.tag,
            amount=self.amount,
            saved_as=self.saved_as,
        )

    def hash(self, judged: int) -> str:
        """SHA-256 of all that a person approves; another judgement makes it another one."""
        told = (
            self.account,
            self.asset,
            self.network,
            self.address,
            self.tag,
            self.saved_as,
            canonical(self.amount),
            FEE_POLICY,
            self.destination,
            self.nonce,
            str(judged),
        )
        text = json.dumps([str(part) for part in told], ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """One person's yes, good for one `body_hash` alone."""

    operator: str
    body_hash: str
    at_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Everything known of one withdrawal. Built only by `domain.fold_withdrawals`.

    `judged` counts the policy's rulings; each makes a new `body_hash`, and approvals count for
    the present one only. `value` is in the base currency when it was asked for, None: unknown.
    `ready_us` is when its cool-off ends; `frozen_us` since when its timers stand still, 0: they
    run. `unresolved` says that only a person can settle whether it was sent. `fee` and `txid`
    are the venue's. Times are UTC microseconds, 0: not (yet).
    """

    request_id: str
    terms: Terms
    ruling: Ruling
    body_hash: str
    requested_us: int
    expires_us: int
    judged: int = 1
    judged_us: int = 0
    value: Decimal | None = None
    approvals: tuple[Approval, ...] = ()
    approved_us: int = 0
    ready_us: int = 0
    frozen_us: int = 0
    rejected: bool = False
    cancelled: bool = False
    expired: bool = False
    submitting: bool = False
    in_doubt: bool = False
    unresolved: bool = False
    failed: bool = False
    submitted: bool = False
    confirming: bool = False
    completed: bool = False
    venue_failed: bool = False
    venue_id: str = ""
    txid: str = ""
    fee: Decimal | None = None
    sent_us: int = 0
    doubt_us: int = 0
    ended_us: int = 0
    problem: str = ""

    @property
    def state(self) -> State:
        """The first row that matches; READY is told by the clock, see `state_at`."""
        for matches, state in STATES:
            if matches(self):
                return state
        raise AssertionError("the last row matches everything")

    def state_at(self, now_us: int) -> State:
        """As `state`, and READY once the cool-off is over and nothing is frozen."""
        state = self.state
        rests = self.frozen_us or now_us < self.ready_us
        return State.READY if state is State.APPROVED and not rests else state

    @property
    def open(self) -> bool:
        """Whether anything can still come of it."""
        return self.state in OPEN

    @property
    def standing(self) -> tuple[Approval, ...]:
        """The approvals that count: of this body, one a person."""
        named = {a.operator: a for a in self.approvals if a.body_hash == self.body_hash}
        return tuple(named.values())

    @property
    def missing(self) -> int:
        """How many approvals it still needs."""
        return max(0, self.ruling.approvals - len(self.standing))


# The first row that matches is the state. What the venue shows beats what we concluded.
STATES: tuple[tuple[Callable[[Request], bool], State], ...] = (
    (lambda r: r.completed, State.COMPLETED),
    (lambda r: r.venue_failed, State.VENUE_FAILED),
    (lambda r: r.confirming, State.CONFIRMING),
    (lambda r: r.submitted, State.SUBMITTED),
    (lambda r: r.failed, State.FAILED),
    (lambda r: r.in_doubt, State.SUBMIT_UNKNOWN),
    (lambda r: r.submitting, State.SUBMITTING),
    (lambda r: r.rejected, State.REJECTED),
    (lambda r: r.cancelled, State.CANCELLED),
    (lambda r: r.expired, State.EXPIRED),
    (lambda r: r.ruling.action is Action.BLOCK, State.BLOCKED),
    (lambda r: r.ruling.action is Action.AUTO or r.approved_us > 0, State.APPROVED),
    (lambda _: True, State.PENDING),
)


def request_of(requests: Iterable[Request], movement: Movement) -> Request | None:
    """The request that made a booked withdrawal, None: none of ours did (or it is a deposit).

    By the venue's id; while a request's own is not known yet, by account, asset and amount.
    """
    for request in requests:
        terms = request.terms
        if (terms.account, terms.asset) != (movement.account, movement.asset):
            continue
        if request.venue_id:
            if request.venue_id == movement.reference:
                return request
        elif request.in_doubt or request.state is State.SUBMITTING:
            fits = amounts_fit(terms.amount, -movement.amount, movement.fee)
            if fits:
                return request
    return None


def amounts_fit(asked: Decimal, told: Decimal, fee: Decimal | None) -> bool:
    """Whether a venue's amount is what was asked for: venues tell it with or without their fee."""
    return asked == told or (fee is not None and asked in (told + fee, told - fee))
