"""Signed links: whose link it is, to which request, for ten minutes.

The one rule: a link proves only that we made it for one person and one body. That it acts once
is the ledger's to know (`LinkUsed`), and that the person is there is proven by a code.

The time comes in; itsdangerous would read the clock by itself.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Any

from itsdangerous import BadData, TimestampSigner, URLSafeTimedSerializer
from itsdangerous.encoding import base64_decode, base64_encode

SALT = "withdrawal-approve-v1"
LIFE_S = 600  # ASVS 6.5.5: what goes out of band is good for ten minutes at most
RENEW_S = 30 * 86_400
KEY_BITS = 256
JTI_BITS = 128
SECOND_US = 1_000_000
_TOKEN = re.compile(r"[A-Za-z0-9_.-]{40,600}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What a link says: request, its body as it was shown, and whose link it is."""

    id: str
    jti: str
    body_hash: str
    operator: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A link that we made; `expired` says that its time is over (or has not come)."""

    claim: Claim
    expires_us: int
    expired: bool


def sign(claim: Claim, key: str, now_us: int) -> str:
    """The link's text, good until `expires(now_us)`."""
    told: str | bytes = _serializer([key], now_us).dumps(asdict(claim))
    return told if isinstance(told, str) else told.decode()


def expires(now_us: int) -> int:
    """When a link that is made now ends; whole seconds, as the signature holds them."""
    return (now_us // SECOND_US + LIFE_S) * SECOND_US


def opened(token: str, keys: Sequence[str], now_us: int) -> Opened | None:
    """What a link says; None for one that none of the keys made, to the last character."""
    if not keys or not _TOKEN.fullmatch(token) or not _canonical(token):
        return None
    try:
        told, signed = _serializer(keys, now_us).loads(token, return_timestamp=True)
    except BadData:
        return None
    claim = _claim(told)
    if claim is None:
        return None
    signed_us = int(signed.timestamp()) * SECOND_US
    young = 0 <= now_us // SECOND_US * SECOND_US - signed_us < LIFE_S * SECOND_US
    return Opened(claim=claim, expires_us=expires(signed_us), expired=not young)


def _claim(told: Any) -> Claim | None:
    if not isinstance(told, dict) or told.keys() != {"id", "jti", "body_hash", "operator"}:
        return None
    return Claim(**told) if all(isinstance(part, str) for part in told.values()) else None


def _canonical(token: str) -> bool:
    """Base64 has several spellings of one text (and skips what it does not know); one is ours."""
    try:
        parts = token.removeprefix(".").split(".")
        return all(base64_encode(base64_decode(part)).decode() == part for part in parts)
    except BadData:
        return False


class _Signer(TimestampSigner):
    """Signs with the time that it was given."""

    def __init__(self, *told: Any, now_s: int, **more: Any) -> None:
        super().__init__(*told, **more)
        self._now_s = now_s

    def get_timestamp(self) -> int:
        """UTC seconds."""
        return self._now_s


def _serializer(keys: Sequence[str], now_us: int) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(
        list(keys),
        salt=SALT,
        signer=_Signer,
        signer_kwargs={
            "digest_method": sha256,
            "key_derivation": "hmac",
            "now_s": now_us // SECOND_US,
        },
    )


# The keys


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkKey:
    """A signing key, hexadecimal; `until_us` is when an old one stops to count, 0: it signs."""

    key: str
    since_us: int
    until_us: int = 0


def keys_of(text: str | None) -> tuple[LinkKey, ...]:
    """The keys that were kept, the one that signs last; none where the text is no such thing."""
    try:
        told = json.loads(text or "[]")
        return tuple(LinkKey(**known) for known in told)
    except (ValueError, TypeError):
        return ()


def kept(keys: Sequence[LinkKey]) -> str:
    """The text that `keys_of` reads."""
    return json.dumps([asdict(key) for key in keys])


def current(keys: Sequence[LinkKey], now_us: int) -> tuple[LinkKey, ...]:
    """Those that still count."""
    return tuple(key for key in keys if not key.until_us or now_us < key.until_us)


def too_old(keys: Sequence[LinkKey], now_us: int) -> bool:
    """Whether a new key is due: there is none that signs, or it has signed for a month."""
    return not keys or bool(keys[-1].until_us) or now_us - keys[-1].since_us > RENEW_S * SECOND_US


def renewed(keys: Sequence[LinkKey], fresh: str, now_us: int) -> tuple[LinkKey, ...]:
    """The keys with a new one that signs; its predecessor counts as long as its links live."""
    old = tuple(
        LinkKey(
            key=key.key,
            since_us=key.since_us,
            until_us=key.until_us or now_us + LIFE_S * SECOND_US,
        )
        for key in current(keys, now_us)
    )
    return (*old, LinkKey(key=fresh, since_us=now_us))
