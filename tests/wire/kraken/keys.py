"""API keys: signature, nonce and permissions, each checked as strictly as the venue does.

API-Sign = HMAC-SHA512(base64 secret, path + SHA256(nonce + body)), base64 (Kraken's REST
authentication guide). The one rule: a nonce counts only once its signature was right.
"""

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass
from random import Random
from urllib.parse import parse_qsl

from tests.marks import RAW
from tests.wire import keyring
from tests.wire.keyring import IssuedKey
from tests.wire.kraken.dialect import (
    INVALID_KEY,
    INVALID_NONCE,
    INVALID_SIGNATURE,
    NOT_PERMITTED,
    Denied,
)

FUNDS = "query-funds"
OPEN = "query-open-trades"
CLOSED = "query-closed-trades"
MODIFY = "modify-trades"
CANCEL = "close-trades"
LEDGER = "query-ledger"
STREAM = "create-ws-token"
WITHDRAW = "withdraw-funds"

READING = frozenset({FUNDS, OPEN, CLOSED, LEDGER, STREAM})
TRADING = frozenset({OPEN, CLOSED, MODIFY, CANCEL})
PURPOSES: dict[str, frozenset[str]] = {
    "read": READING,
    "trade": TRADING,
    "withdraw": frozenset({FUNDS, WITHDRAW}),
    "full": READING | TRADING,
}


@dataclass(slots=True, kw_only=True)
class ApiKey(IssuedKey):
    """One key of one account. `nonce` is the last one that was accepted."""

    nonce: int = 0

    def require(self, *any_of: str) -> None:
        """Raise unless the key has one of these permissions."""
        if not self.permissions.intersection(any_of):
            raise Denied(NOT_PERMITTED)

    def sign(self, path: str, nonce: str, body: str) -> str:
        """The signature that belongs to a request."""
        digest = hashlib.sha256((nonce + body).encode()).digest()
        mac = hmac.new(base64.b64decode(self.secret), path.encode() + digest, hashlib.sha512)
        return base64.b64encode(mac.digest()).decode()

    def accept(self, path: str, body: str, signature: str, at_us: int) -> dict[str, str]:
        """The request's fields, once signature and nonce are right."""
        fields = fields_of(body)
        nonce = fields.get("nonce", "")
        if not hmac.compare_digest(self.sign(path, nonce, body), signature):
            raise Denied(INVALID_SIGNATURE)
        if not nonce.isascii() or not nonce.isdigit() or int(nonce) <= self.nonce:
            raise Denied(INVALID_NONCE)
        self.nonce, self.used_us = int(nonce), at_us
        return fields

    def row(self) -> dict[str, object]:
        """As GetApiKeyInfo tells it."""
        return {
            "apiKeyName": f"{self.owner} {self.purpose}",
            "apiKey": self.key,
            "nonce": str(self.nonce),
            "nonceWindow": 0,
            "permissions": sorted(self.permissions),
            "iban": iban_of(self.owner),
            "validUntil": "0",
            "queryFrom": "0",
            "queryTo": "0",
            "createdTime": str(self.created_us // 1_000_000),
            "modifiedTime": str(self.created_us // 1_000_000),
            "ipAllowlist": list(self.addresses),
            "lastUsed": str(self.used_us // 1_000_000),
        }


def fields_of(body: str) -> dict[str, str]:
    """A form's or a JSON object's fields as text; lists stay JSON."""
    if body.startswith("{"):
        found = json.loads(body)
        return {k: v if isinstance(v, str) else json.dumps(v) for k, v in found.items()}
    return dict(parse_qsl(body, keep_blank_values=True))


def iban_of(owner: str) -> str:
    """The account's own number at the venue: the same for every key of one account."""
    digest = hashlib.sha256(owner.encode()).hexdigest().upper()
    return f"AA{digest[:2]} N84G {digest[2:6]} {digest[6:10]}"


class KeyRing(keyring.KeyRing[ApiKey]):
    """Every key that the venue has given out."""

    def __init__(self, dice: Random) -> None:
        super().__init__(dice, PURPOSES)

    def made(self, owner: str, purpose: str, permissions: frozenset[str], at_us: int) -> ApiKey:
        """A key and a secret of the lengths that Kraken's have."""
        return ApiKey(
            key=_text(RAW + self.dice.randbytes(42)[len(RAW) :]),
            secret=_text(RAW + self.dice.randbytes(64)[len(RAW) :]),
            owner=owner,
            purpose=purpose,
            permissions=permissions,
            created_us=at_us,
        )

    def find(self, key: str) -> ApiKey:
        """The key of that text. Raises Denied when it is unknown or revoked."""
        found = self.known(key)
        if found is None:
            raise Denied(INVALID_KEY)
        return found


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
