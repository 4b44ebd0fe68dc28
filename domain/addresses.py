"""The address book of withdrawals: one entry is one exact place that money may go to.

The one rule: venue, asset, network, address, tag and the venue's own name of it are one
identity; whoever changes any of them has made another entry, which begins as NEW.
"""

import hashlib
import json
from dataclasses import dataclass
from enum import StrEnum

_LENGTH = 10
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


class AddressState(StrEnum):
    """Where an entry stands (semantics 4.1). Money goes to ACTIVE ones only."""

    NEW = "NEW"
    QUARANTINED = "QUARANTINED"
    ACTIVE = "ACTIVE"
    REVOKED = "REVOKED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Exactly where money would go, as the venue is told it; see `domain.withdrawals`.

    `address` is in its canonical form where its format has a checksum, else byte for byte.
    """

    venue: str
    asset: str
    network: str
    address: str
    tag: str = ""
    saved_as: str = ""

    @property
    def address_id(self) -> str:
        """`A` and ten characters that only this place has."""
        told = json.dumps(
            [self.venue, self.asset, self.network, self.address, self.tag, self.saved_as],
            ensure_ascii=False,
            separators=(",", ":"),
        )
        return f"A{short_name(f'address {told}')}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """One entry of the book. Times are UTC microseconds, 0: not yet.

    `active_us` is when its quarantine ends; it is known once the entry is confirmed.
    """

    address_id: str
    name: str
    place: Place
    added_by: str
    added_us: int
    confirmed_by: str = ""
    confirmed_us: int = 0
    active_us: int = 0
    revoked_us: int = 0
    revoked_by: str = ""
    reason: str = ""

    def state_at(self, now_us: int) -> AddressState:
        """Where the entry stands at a moment."""
        if self.revoked_us:
            return AddressState.REVOKED
        if not self.confirmed_us:
            return AddressState.NEW
        return AddressState.ACTIVE if now_us >= self.active_us else AddressState.QUARANTINED


def short_name(text: str) -> str:
    """Ten characters of Crockford's alphabet, 50 bits of the text's SHA-256."""
    bits = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
    return "".join(_ALPHABET[bits >> 5 * place & 31] for place in range(_LENGTH))
