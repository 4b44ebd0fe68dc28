"""Facts about control: limits, arming, halts, second factors, breaks and alarms.

The one rule: what lowers a guard is in the same transaction as the code that allowed it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from domain.events import Fact
from domain.flatten import Flattening
from domain.halts import Evidence, Level
from domain.instruments import Account
from domain.keys import Finding, KeyReport, Purpose, Right

# Limits and arming


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitsApproved(Fact):
    """The limits in force from now on (setting → canonical text); the ledger's are the truth.

    `settings_sha` is the hash of the configuration that ran when they were approved;
    `cool_down_s` how long looser ones wait at least from now on.
    """

    version: int
    values: Mapping[str, str]
    settings_sha: str = ""
    cool_down_s: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitsProposed(Fact):
    """A file or a person asked for looser limits; they wait for a second factor.

    `cool_down_s` is how long they wait at least, whatever the configuration says later.
    """

    values: Mapping[str, str]
    looser: tuple[str, ...]
    settings_sha: str = ""
    cool_down_s: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitsWithdrawn(Fact):
    """The looser limits that waited are not asked for any more; what is in force stays."""

    looser: tuple[str, ...]
    reason: str
    settings_sha: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Armed(Fact):
    """LIVE may send orders from now on."""

    account: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Disarmed(Fact):
    """LIVE sends no new orders from now on."""

    reason: str


# Kill switch


@dataclass(frozen=True, slots=True, kw_only=True)
class HaltTripped(Fact):
    """Somebody or something tripped the kill switch."""

    halt_id: str
    level: Level
    reason: str
    scope: str

    def key(self) -> str:
        """A trip is booked once, whichever channel brings it first."""
        return f"halt:{self.halt_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class HaltEvidenced(Fact):
    """What a cancel-all saw at one account at the end of an attempt."""

    halt_id: str
    evidence: Evidence


@dataclass(frozen=True, slots=True, kw_only=True)
class HaltVerified(Fact):
    """Every account in scope is proven to hold no order that a halt of `level` must cancel.

    A halt that was raised above that level meanwhile is not proven by it.
    """

    halt_id: str
    verified_ms: int
    level: Level = Level.FLATTEN


@dataclass(frozen=True, slots=True, kw_only=True)
class HaltUnverified(Fact):
    """The deadline passed without proof; it is retried for ever."""

    halt_id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HaltReopened(Fact):
    """An order appeared after the halt; it is being cancelled again."""

    halt_id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HaltFlattened(Fact):
    """How far the sales of a halt at FLATTEN have come at one account."""

    halt_id: str
    flattening: Flattening


@dataclass(frozen=True, slots=True, kw_only=True)
class HaltReleased(Fact):
    """A second factor released the halt; reducing orders only until it resumes.

    `trips` is how many trips of the halt the releasing person had seen: a later one stands.
    """

    halt_id: str
    reason: str
    trips: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class HaltResumed(Fact):
    """The hold after a release is over; what the halt covered trades again.

    `trips` is how many trips of the halt were released: a later one stands. 0: not counted.
    """

    halt_id: str
    trips: int = 0

    def key(self) -> str:
        """A halt ends once; one that was tripped again ends again."""
        return f"resumed:{self.halt_id}:{self.trips}" if self.trips else f"resumed:{self.halt_id}"


# Second factor


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeEnrolled(Fact):
    """An operator enrolled a second factor; `recovery` are digests of the recovery codes."""

    operator: str
    recovery: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeAccepted(Fact):
    """A code was used for one act; its time step can never be used again."""

    operator: str
    step: int
    purpose: str

    def key(self) -> str:
        """A time step is accepted once an operator (RFC 6238 section 5.2)."""
        return f"code:{self.operator}:{self.step}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryCodeUsed(Fact):
    """A recovery code was used; its digest can never be used again."""

    operator: str
    digest: str
    purpose: str

    def key(self) -> str:
        """A recovery code works once."""
        return f"recovery:{self.operator}:{self.digest}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeRefused(Fact):
    """A wrong, replayed or locked-out code was tried."""

    operator: str
    purpose: str
    reason: str


# Evidence


@dataclass(frozen=True, slots=True, kw_only=True)
class SealKeyAdopted(Fact):
    """From this row on, commits are sealed by this key (Ed25519, hexadecimal).

    `by_own` proves that whoever wrote the row has the key; `by_before`, that the key before it
    agreed. Without `by_before` the old key was lost: only a person can vouch for the change.
    """

    public_key: str
    by_own: str
    before: str = ""
    by_before: str = ""

    def key(self) -> str:
        """A key is adopted once."""
        return f"seal_key:{self.public_key}"


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerLossAccepted(Fact):
    """A person goes on with a ledger that its head file does not know: rows were lost or changed.

    `known` is what the head file said (row 0: it could not be read), `found` the ledger's end.
    """

    known_seq: int
    known_hash: str
    found_seq: int
    found_hash: str
    problem: str
    reason: str


# Keys and accounts


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyAudited(Fact):
    """What a venue says of one key, written when it is not what it was.

    `gained` are the rights that the same key has now and had not when it was last audited.
    """

    account: Account
    purpose: Purpose
    report: KeyReport
    findings: tuple[Finding, ...] = ()
    gained: tuple[Right, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountBound(Fact):
    """From now on the configured name means this account of the venue, and no other."""

    account: Account
    uid: str

    def key(self) -> str:
        """A name is bound once."""
        return f"bound:{self.account}"


# Attention


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakOpened(Fact):
    """Two sources contradict each other: `kind` as in accounting.md (BALANCE_UNEXPLAINED, …).

    `value` is its size in the base currency, where that can be told.
    """

    break_id: str
    kind: str
    account: Account
    detail: str
    value: Decimal | None = None

    def key(self) -> str:
        """The same break is opened once."""
        return f"break:{self.break_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakClosed(Fact):
    """A break was explained or accepted."""

    break_id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmRaised(Fact):
    """Something needs a person; stays on every screen until acknowledged."""

    alarm: str
    severity: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmAcknowledged(Fact):
    """A person has seen the alarm."""

    alarm: str
