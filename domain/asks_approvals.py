"""Asks about the links that approve a withdrawal, and the mail that brings them.

The one rule: a link says who may look at what; it is no factor. Only the page and the mail of
the engine's own process may bring one, and every act needs its approver's code besides.
"""

from dataclasses import dataclass

from domain.addresses import Address
from domain.asks import Ask, Done
from domain.withdrawals import Request, State


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalLink:
    """A fresh link for one approver: good once, until `expires_us` (UTC microseconds)."""

    url: str
    operator: str
    jti: str
    expires_us: int
    request: Request


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueApprovalLink(Ask[ApprovalLink]):
    """Make a link to a request that waits for approval. Role: approver, for oneself.

    `operator` is for the mail alone, which asks in the name of whoever it writes to.
    """

    request_id: str
    operator: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkView:
    """What a link shows; `entry` is the address book's. `demo_code` is "" outside DEMO."""

    request: Request
    state: State
    operator: str
    expires_us: int
    now_us: int
    entry: Address | None = None
    demo_code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadApprovalLink(Ask[LinkView]):
    """What is behind a link; reading changes nothing. For the approval page alone."""

    token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UseApprovalLink(Ask[Request]):
    """Approve or reject what a link shows, with its approver's code. For the page alone.

    A good code ends the link, whichever way; a wrong one counts for the lock-out and ends
    nothing. To reject needs a `reason`.
    """

    token: str
    code: str
    approve: bool
    reason: str = ""


# The mail


@dataclass(frozen=True, slots=True, kw_only=True)
class MailDue:
    """An approver who has not been written to about a request as it stands now."""

    request_id: str
    body_hash: str
    operator: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MailsDue:
    """Whom to write to, oldest request first."""

    due: tuple[MailDue, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadMailsDue(Ask[MailsDue]):
    """Which approvers have to be written to. For the outbox alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteMail(Ask[Done]):
    """A mail was sent, or (with `problem`) could not be: that raises an alarm. Outbox alone."""

    mail: MailDue
    jti: str = ""
    expires_us: int = 0
    problem: str = ""
