"""API keys as the venue sees them: what one may do, whose it is, what is wrong with it.

The one rule: nothing here holds a key. A fingerprint tells two of them apart, and the venue's
own words for what one may do are kept, so that a key that became wider can be recognised.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from domain.instruments import Account


class Purpose(StrEnum):
    """What a venue key is for: each is used for its own calls alone (R-C1)."""

    READ = "read"
    TRADE = "trade"
    WITHDRAW = "withdraw"


class Right(StrEnum):
    """What a key may do, in the words of this program; a venue's own words stand beside."""

    READ = "read"
    PLACE = "place orders"
    CANCEL = "cancel orders"
    LEVERAGE = "trade on margin or in futures"
    TRANSFER = "move money within the venue"
    ADDRESSES = "change withdrawal addresses"
    WITHDRAW = "withdraw"


class Ill(StrEnum):
    """What can be wrong with a key, the gravest first.

    Those that `disables` names keep the account from what it is configured for.
    """

    OTHER_ACCOUNT = "other account"  # it belongs to another account of the venue than before
    SAME_ACCOUNT = "same account"  # two configured names are one account at the venue
    CANNOT_CANCEL = "cannot cancel"  # it could place what nobody could take back
    TOO_NARROW = "too narrow"
    TOO_WIDE = "too wide"
    UNBOUND = "not bound"  # any machine may use it
    EXPIRES = "expires"
    OLD = "old"
    UNKNOWN = "unknown"  # the venue uses words that are in no table of ours

    @property
    def disables(self) -> bool:
        """Whether it keeps the account from working, or its orders from leaving."""
        return self in (Ill.OTHER_ACCOUNT, Ill.CANNOT_CANCEL, Ill.TOO_NARROW)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something about a key that a person should know: what, and what to do about it."""

    ill: Ill
    text: str
    remedy: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyReport:
    """What a venue tells of one key.

    `rights` is None where the venue does not tell them; `words` are the venue's own, those in
    `unknown` are in no table of ours, and `lacks` are those that the key's purpose needs and
    it does not have. `bound` says whether only some addresses may use it, None: not told;
    `addresses` are they, where they are told. `uid` is the account's own id at the venue, ""
    where it is not told. Times are UTC microseconds, 0: none. `problem` is why something could
    not be told.
    """

    fingerprint: str
    rights: tuple[Right, ...] | None = None
    words: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    bound: bool | None = None
    addresses: tuple[str, ...] = ()
    uid: str = ""
    created_us: int = 0
    expires_us: int = 0
    problem: str = ""

    @property
    def tells(self) -> bool:
        """Whether the venue told anything at all."""
        return self.rights is not None or self.bound is not None or bool(self.uid)

    @property
    def rights_told(self) -> str:
        """What the key may do, in words for a person."""
        if self.rights is None:
            return "its rights are not told"
        return f"may {', '.join(self.rights)}" if self.rights else "may do nothing"

    @property
    def binding_told(self) -> str:
        """From where it may be used, in words for a person; "" where that is not told."""
        if self.bound is None:
            return ""
        if not self.bound:
            return "from any address"
        return f"from {', '.join(self.addresses) or 'its own addresses'} only"


class KeyInspector(Protocol):
    """What a venue says of one of our keys: a port; it asks and changes nothing."""

    @property
    def fingerprint(self) -> str:
        """Tells the key from others, without telling it."""
        ...

    async def inspect(self) -> KeyReport:
        """What the venue says of the key now. Unavailable when it does not answer."""
        ...


class KeyChanger(Protocol):
    """Changes one of our keys while everything runs: a port, safe until `take` is called."""

    @property
    def fingerprint(self) -> str:
        """Tells the key in use from others, without telling it; "" while there is none."""
        ...

    @property
    def missing(self) -> str:
        """Why there is no key to use; "" when there is one."""
        ...

    async def fresh(self) -> KeyReport:
        """Read the key anew, and try it with what changes nothing.

        Raises:
            Unavailable: its store or the venue does not answer, or the venue refuses the key.
            Misconfigured: there is no whole key where it is kept.
        """
        ...

    def take(self) -> None:
        """Use the key that `fresh` read, from the next request on."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyView:
    """One key of one account: the newest report, and what is wrong with it."""

    account: Account
    purpose: Purpose
    report: KeyReport
    findings: tuple[Finding, ...] = ()
    at_us: int = 0


def key_of(account: Account, purpose: Purpose) -> str:
    """The key under which an account's key for a purpose stands on the board."""
    return f"{account} {purpose}"
