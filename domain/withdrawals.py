"""One withdrawal as it is asked for, what the venue says to it, and the port that carries both.

The one rule: asset, network, address and tag are sent as they stand here, to the byte; the
venue is told nothing that was not approved.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from domain.instruments import Account


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


class Withdrawer(Protocol):
    """Withdrawals of one account, with a key that does nothing else: a port of the venue.

    `InDoubt` is raised for anything but a verdict parsed from the venue's own answer;
    `Unavailable` only when provably nothing was asked for.
    """

    async def withdraw(self, request: Withdrawal) -> Submission:
        """Send one withdrawal, and never a second one."""
        ...
