"""Facts about withdrawals and the addresses that they may go to.

The one rule: a request is sent once in its life. `WithdrawalSubmitting` is in the ledger before
anything leaves, under a key that the ledger takes once.
"""

from dataclasses import dataclass
from decimal import Decimal

from domain.addresses import Place
from domain.events import Fact
from domain.policies import Policy
from domain.rulings import Ruling
from domain.withdrawals import Terms, VenueWithdrawal

# The address book and the policy


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressAdded(Fact):
    """Somebody, or the configuration, proposed a place that money may go to."""

    address_id: str
    name: str
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressConfirmed(Fact):
    """A second factor confirmed the entry; it is ACTIVE from `active_us` on."""

    address_id: str
    active_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressRevoked(Fact):
    """Nothing more goes there."""

    address_id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawalPolicyAdopted(Fact):
    """The policy in force from now on; the ledger's is the truth.

    `policy` is the whole of it; None in older rows, which hold its version and words alone.
    """

    version: str
    rules: tuple[str, ...]
    policy: Policy | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawalPolicyProposed(Fact):
    """The settings file has a policy that may be looser; it waits for a second factor.

    `looser` says in what; `cool_down_s` is how long it waits at least, whatever the
    configuration says later.
    """

    version: str
    policy: Policy
    looser: tuple[str, ...]
    cool_down_s: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawalPolicyWithdrawn(Fact):
    """The policy that waited is not asked for any more; what is in force stays."""

    version: str
    reason: str


# Requests


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawalRequested(Fact):
    """Somebody asked for a withdrawal, and the policy has ruled."""

    request_id: str
    terms: Terms
    ruling: Ruling
    body_hash: str
    expires_us: int
    value: Decimal | None = None

    def key(self) -> str:
        """One request an id; the id comes from the idempotency key."""
        return f"withdrawal:{self.request_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawalFact(Fact):
    """A fact about a request that is known by its id."""

    request_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawalJudged(WithdrawalFact):
    """The policy ruled again; earlier approvals are void, for `body_hash` is another."""

    ruling: Ruling
    body_hash: str
    judged: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawalApproved(WithdrawalFact):
    """One person approved one body, with a code that the same transaction spends."""

    operator: str
    body_hash: str

    def key(self) -> str:
        """One approval a person and body."""
        return f"withdrawal_approval:{self.request_id}:{self.body_hash}:{self.operator}"


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawalRejected(WithdrawalFact):
    """An approver said no."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawalCancelled(WithdrawalFact):
    """It was taken back before it was sent."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawalExpired(WithdrawalFact):
    """Its time was over before it was sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawalFrozen(WithdrawalFact):
    """A halt stops its timers."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawalThawed(WithdrawalFact):
    """No halt holds it any more; its timers go on from where they stood."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawalSubmitting(WithdrawalFact):
    """The one request is about to leave. Whoever finds it alone must look at the venue."""

    body_hash: str

    def key(self) -> str:
        """A request is sent once in its life."""
        return f"withdrawal_sent:{self.request_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawalSubmitted(WithdrawalFact):
    """The venue has it, under its own id; `source` is who told."""

    venue_id: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawalFailed(WithdrawalFact):
    """It was definitively not taken, or a person decided so."""

    code: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawalInDoubt(WithdrawalFact):
    """It may have been taken: it is being looked for."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawalUnresolved(WithdrawalFact):
    """No search finds it: a person must decide."""

    scans: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawalReported(WithdrawalFact):
    """What the venue's own list says of it."""

    row: VenueWithdrawal
    source: str
