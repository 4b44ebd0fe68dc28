"""Seals: Ed25519 signatures that say which chain was ours, and when (decisions.md).

The one rule: the private key never lies beside the ledger it seals; here it is only held in
memory, by a `Sealer`.

A seal is 72 bytes beside the last row of each commit: when it was made (microseconds UTC, 8
bytes, big endian), then the signature over domain, ledger id, row number, row hash and that
time. Whoever changes a row, appends one, or chains everything anew needs the key.
"""

from collections.abc import Callable
from functools import lru_cache
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from storage.batch import Head

SEAL_DOMAIN = b"TL1-seal\0"
KEY_DOMAIN = b"TL1-key\0"
SEAL_BYTES = 72
KEY_BYTES = 32
ID_BYTES = 16
_TIME_BYTES = 8


class Sealer:
    """Signs with one private key; `public_key` is its other half, 64 hexadecimal digits."""

    def __init__(self, seed: bytes, now_us: Callable[[], int]) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self._now_us = now_us
        self.public_key = self._key.public_key().public_bytes_raw().hex()

    def seal(self, ledger_id: str, head: Head) -> bytes:
        """The seal of a row, 72 bytes."""
        at_us = self._now_us()
        signature = self._key.sign(seal_message(ledger_id, head, at_us))
        return at_us.to_bytes(_TIME_BYTES, "big") + signature

    def vouch(self, ledger_id: str, before: str, own: str) -> str:
        """This key's signature under "after `before` comes `own`", hexadecimal."""
        return self._key.sign(key_message(ledger_id, before, own)).hex()


def seal_message(ledger_id: str, head: Head, at_us: int) -> bytes:
    """What a seal signs.

    Raises:
        ValueError: when the ledger's id is not 32 hexadecimal digits.
    """
    seq, time = head.seq.to_bytes(8, "big"), at_us.to_bytes(_TIME_BYTES, "big")
    return SEAL_DOMAIN + _id_bytes(ledger_id) + seq + head.hash + time


def key_message(ledger_id: str, before: str, own: str) -> bytes:
    """What old and new key sign when one takes over; `before` is "" for the first one."""
    return (
        KEY_DOMAIN
        + _id_bytes(ledger_id)
        + (bytes.fromhex(before) if before else bytes(KEY_BYTES))
        + bytes.fromhex(own)
    )


def sealed_at_us(seal: bytes) -> int:
    """When a seal was made, by its own word."""
    return int.from_bytes(seal[:_TIME_BYTES], "big")


def seal_fits(ledger_id: str, public_key: str, head: Head, seal: bytes) -> bool:
    """Whether the key made this seal for this row."""
    if len(seal) != SEAL_BYTES:
        return False
    message = seal_message(ledger_id, head, sealed_at_us(seal))
    return signed_by(public_key, seal[_TIME_BYTES:], message)


def signed_by(public_key: str, signature: bytes, message: bytes) -> bool:
    """Whether the key signed the message; False for anything that is no key or no signature."""
    try:
        _public(public_key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def fingerprint(public_key: str) -> str:
    """Short enough to be read over the telephone: `1a2b-3c4d-5e6f-7081`."""
    digest = sha256(bytes.fromhex(public_key)).hexdigest()[:16]
    return "-".join(digest[at : at + 4] for at in range(0, 16, 4))


@lru_cache(maxsize=16)
def _public(public_key: str) -> Ed25519PublicKey:
    return Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key))


def _id_bytes(ledger_id: str) -> bytes:
    raw = bytes.fromhex(ledger_id)
    if len(raw) != ID_BYTES:
        raise ValueError(f"the ledger's id is {len(raw)} bytes long, not {ID_BYTES}")
    return raw
