"""Asks about withdrawals and the address book.

The one rule: an approval names the `body_hash` of what its person saw; whatever has changed
since then is not approved.
"""

from dataclasses import dataclass
from decimal import Decimal

from domain.addresses import Address, AddressState
from domain.asks import Ask, Done
from domain.instruments import Account
from domain.rulings import Ruling
from domain.withdrawals import Request, State

# Requests


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestWithdrawal(Ask[Request]):
    """Ask for a withdrawal; the policy says what becomes of it. Role: trader.

    `destination` names an entry of the address book; or network, address and tag do. The same
    `idempotency_key` with the same body is the same request, with another body it is Refused.
    """

    account: Account
    asset: str
    amount: Decimal
    destination: str = ""
    network: str = ""
    address: str = ""
    tag: str = ""
    note: str = ""
    idempotency_key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawalVerdict:
    """What the policy would say now; `value` in the base currency, None: not known."""

    ruling: Ruling
    value: Decimal | None
    address_id: str = ""
    address_name: str = ""
    address_state: AddressState | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckWithdrawal(Ask[WithdrawalVerdict]):
    """What would the policy say? Nothing is written. Role: viewer."""

    account: Account
    asset: str
    amount: Decimal
    destination: str = ""
    network: str = ""
    address: str = ""
    tag: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApproveWithdrawal(Ask[Request]):
    """Approve what `body_hash` stands for. Role: approver, with a code.

    Refused when the request has changed since it was shown, and for its own requester where
    two persons are asked for.
    """

    request_id: str
    body_hash: str
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectWithdrawal(Ask[Request]):
    """Say no to a request that nothing was sent of. Role: approver."""

    request_id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelWithdrawal(Ask[Request]):
    """Take a request back before it is sent. Role: trader or approver."""

    request_id: str
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolveWithdrawal(Ask[Request]):
    """Say whether a request that no search settles was sent. Role: approver, with a code.

    `sent` needs the venue's id of it. Refused before the time and the searches are over.
    """

    request_id: str
    sent: bool
    code: str
    reason: str
    venue_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawalRow:
    """A request as it stands at the page's moment: READY once its cool-off is over."""

    request: Request
    state: State


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawalPage:
    """Requests newest first, `total` of them in all.

    `policy` is the policy's version in force, `rules` its rules in their order, in words.
    """

    requests: tuple[WithdrawalRow, ...]
    total: int
    now_us: int
    policy: str = ""
    rules: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadWithdrawals(Ask[WithdrawalPage]):
    """The newest requests, those that are open first. Role: viewer."""

    limit: int = 50
    only_open: bool = False
    account: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadWithdrawal(Ask[Request]):
    """One request. Role: viewer."""

    request_id: str


# The policy


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyPage:
    """The policy in force since `since_us`, its rules and terms in words, and the settings file's.

    Where the two differ, `told` is the version of the file's ("": they are the same), with its
    rules and terms; `differences` says in what, `looser` what of it may be looser. `waits` tells
    whether it can be approved, in `wait_s` seconds; `problem` why nothing at all is withdrawn.
    """

    version: str
    since_us: int
    rules: tuple[str, ...]
    now_us: int
    terms: str = ""
    told: str = ""
    told_rules: tuple[str, ...] = ()
    told_terms: str = ""
    differences: tuple[str, ...] = ()
    looser: tuple[str, ...] = ()
    waits: bool = False
    wait_s: int = 0
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadWithdrawalPolicy(Ask[PolicyPage]):
    """The policy in force, and how the settings file's differs. Role: viewer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApproveWithdrawalPolicy(Ask[Done]):
    """Put the settings file's policy in force after its cool-down. Role: admin, with a code.

    `version` is the policy that was shown; another one is refused.
    """

    version: str
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelWithdrawalPolicy(Ask[Done]):
    """Let the policy that waits wait no more; what is in force stays. Role: trader."""

    reason: str = ""


# The address book


@dataclass(frozen=True, slots=True, kw_only=True)
class AddAddress(Ask[Address]):
    """Propose an entry; it is NEW until somebody confirms it. Role: trader.

    `address` is checked where its format has a checksum. `saved_as` is the venue's own name of
    it, where the venue withdraws to saved addresses only (Kraken).
    """

    name: str
    venue: str
    asset: str
    network: str
    address: str
    tag: str = ""
    saved_as: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmAddress(Ask[Address]):
    """Begin the quarantine of a NEW entry. Role: approver, with a code."""

    address_id: str
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokeAddress(Ask[Address]):
    """Let nothing more go there, at once. Role: trader or approver."""

    address_id: str
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressRow:
    """An entry as it stands at the page's moment; `sent` counts what has gone there."""

    address: Address
    state: AddressState
    sent: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressPage:
    """The whole book, by name."""

    addresses: tuple[AddressRow, ...]
    now_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadAddresses(Ask[AddressPage]):
    """Every entry of the address book, revoked ones only when asked for. Role: viewer."""

    revoked: bool = False
