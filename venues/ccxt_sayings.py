"""What a venue's words mean for us: the verdict on an order, the cause, what a person can do.

The one rule: REJECTED is only said when the venue itself said no; every doubt is IN_DOUBT.
"""

from dataclasses import dataclass
from enum import StrEnum


class Garbled(ValueError):
    """An answer arrived that the venue cannot have meant."""


class Absent(Garbled):
    """An answer arrived that says, by being empty, that there is no such thing."""


class Verdict(StrEnum):
    """What an error says of the order, cancel or amendment that met it (semantics 1.4)."""

    REJECTED = "rejected"
    DUPLICATE = "duplicate"  # an order with our id exists: it is looked up, like a doubt
    IN_DOUBT = "in doubt"


class Cause(StrEnum):
    """Why a call failed, as far as that changes what a person does about it."""

    KEY = "key"
    ADDRESS = "address"
    PERMISSION = "permission"
    ACCOUNT = "account"
    NONCE = "nonce"
    CLOCK = "clock"
    RATE = "rate"
    MAINTENANCE = "maintenance"
    NETWORK = "network"
    TIMEOUT = "timeout"
    GARBLED = "garbled"
    REQUEST = "request"
    FUNDS = "funds"
    NOT_FOUND = "not found"
    CLOSED = "closed"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Saying:
    """One row of a venue's table: an error text that begins like this means that.

    `pause_s` is how long the venue is left alone afterwards: by this key or, with `for_all`,
    by every key, because it counts the requests of an address.
    """

    begins: str
    verdict: Verdict
    cause: Cause
    pause_s: int = 0
    for_all: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """An error understood: `code` and `words` are the venue's own, made harmless.

    `pause_us` is how long to leave the venue alone, `for_all` whether with every key;
    `told_pause` whether the venue itself said for how long.
    """

    verdict: Verdict
    cause: Cause
    code: str
    words: str
    pause_us: int = 0
    for_all: bool = False
    told_pause: bool = False


# Where venues say that they are closed; those that are not here have no page of their own.
STATUS_PAGES = {
    "kraken": "status.kraken.com",
    "coinbase": "status.coinbase.com",
    "gemini": "status.gemini.com",
    "bitfinex": "bitfinex.statuspage.io",
    "alpaca": "status.alpaca.markets",
}
# What to do about it, for a person. `{key}` is the setting that holds the key in question.
REMEDIES: dict[Cause, str] = {
    # Some venues say "invalid key" of an address or a permission as well.
    Cause.KEY: "check key and secret at {key}, its permissions, and which addresses the venue "
    "allows it; make a new key if it was deleted or has expired",
    Cause.ADDRESS: "the venue refuses this machine's address: allow it for the key at {key}",
    Cause.PERMISSION: "give the key at {key} this permission at the venue",
    Cause.ACCOUNT: "log in at the venue: the account is locked or needs an answer",
    Cause.CLOCK: "set this machine's clock (NTP): the venue refuses requests from another time",
    Cause.NONCE: "use the key at {key} in no other program, or make one for each",
    Cause.RATE: "wait; lower exchanges.{venue}.rate_limit if it comes back",
    Cause.MAINTENANCE: "wait for the venue, see its status page{page}; it is tried again",
    Cause.NETWORK: "check the network; it is tried again",
    Cause.TIMEOUT: "it is tried again; check the network if it lasts",
    Cause.GARBLED: "it is tried again; a proxy or the venue's gateway answered",
}
