"""API keys of version 2: signature, passphrase, clock window and permissions.

KC-API-SIGN = base64(HMAC-SHA256(secret, timestamp + method + path?query + body)); the
passphrase is signed with the same secret (KuCoin's authentication guide). There is no nonce:
the same request may come twice. The one rule: what is refused is refused before it is read.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

from tests.marks import HEX, WORD
from tests.wire import keyring
from tests.wire.clock import SECOND
from tests.wire.keyring import IssuedKey
from tests.wire.kucoin.dialect import Denied, missing_header

GENERAL, SPOT, WITHDRAWAL, TRANSFER = "General", "Spot", "Withdrawal", "InnerTransfer"
PURPOSES: dict[str, frozenset[str]] = {
    "read": frozenset({GENERAL}),
    "trade": frozenset({GENERAL, SPOT}),
    "withdraw": frozenset({GENERAL, WITHDRAWAL}),
    "full": frozenset({GENERAL, SPOT}),
}
WINDOW_US = 5 * SECOND
KEY, SIGN, TIMESTAMP = "KC-API-KEY", "KC-API-SIGN", "KC-API-TIMESTAMP"
PASSPHRASE, VERSION = "KC-API-PASSPHRASE", "KC-API-KEY-VERSION"


@dataclass(slots=True, kw_only=True)
class ApiKey(IssuedKey):
    """One key of one account; the passphrase is the customer's own word for it."""

    passphrase: str

    def parts(self) -> dict[str, str]:
        """Three parts: key, secret, passphrase."""
        return {"key": self.key, "secret": self.secret, "passphrase": self.passphrase}

    def require(self, permission: str) -> None:
        """Raise unless the key has the permission."""
        if permission not in self.permissions:
            raise Denied("400007", "Access denied, require more permission")

    def sign(self, text: str) -> str:
        """The signature that belongs to a text."""
        mac = hmac.new(self.secret.encode(), text.encode(), hashlib.sha256)
        return base64.b64encode(mac.digest()).decode()

    def row(self) -> dict[str, object]:
        """As `/api/v1/user/api-key` tells it."""
        return {
            "remark": f"{self.owner} {self.purpose}",
            "apiKey": self.key,
            "apiVersion": 2,
            "permission": ",".join(sorted(self.permissions)),
            "ipWhitelist": ",".join(self.addresses),
            "createdAt": self.created_us // 1000,
            "uid": uid_of(self.owner),
            "isMaster": True,
        }


def uid_of(owner: str) -> int:
    """The account's own number at the venue: the same for every key of one account."""
    return 100_000_000 + int(hashlib.sha256(owner.encode()).hexdigest()[:6], 16)


def user_id_of(owner: str) -> str:
    """The account's id on the private socket."""
    return hashlib.sha256(owner.encode()).hexdigest()[:24]


class KeyRing(keyring.KeyRing[ApiKey]):
    """Every key that the venue has given out."""

    def __init__(self, dice: Random) -> None:
        super().__init__(dice, PURPOSES)

    def made(self, owner: str, purpose: str, permissions: frozenset[str], at_us: int) -> ApiKey:
        """A key of 24 hexadecimal digits, a secret like a UUID."""
        digits = self.dice.randbytes(16).hex()[: -len(HEX)] + HEX
        parts = (digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:])
        return ApiKey(
            key=HEX + self.dice.randbytes(12).hex()[len(HEX) :],
            secret="-".join(parts),
            passphrase=f"{WORD}-{self.dice.randbytes(6).hex()}",
            owner=owner,
            purpose=purpose,
            permissions=permissions,
            created_us=at_us,
        )

    def accept(
        self, headers: Mapping[str, str], method: str, path: str, body: str, now_us: int
    ) -> ApiKey:
        """The key of a request, once header, clock, passphrase and signature are right."""
        told = [headers.get(name, "") for name in (KEY, SIGN, TIMESTAMP, PASSPHRASE)]
        if not all(told):
            raise missing_header()
        name, signature, timestamp, passphrase = told
        stamped = timestamp.isascii() and timestamp.isdigit()
        if not stamped or abs(int(timestamp) * 1000 - now_us) > WINDOW_US:
            raise Denied("400002", "Invalid KC-API-TIMESTAMP")
        key = self.known(name)
        if key is None:
            raise Denied("400003", "KC-API-KEY not exists")
        if headers.get(VERSION) != "2" or not hmac.compare_digest(
            key.sign(key.passphrase), passphrase
        ):
            raise Denied("400004", "Invalid KC-API-PASSPHRASE")
        if not hmac.compare_digest(key.sign(timestamp + method + path + body), signature):
            raise Denied("400005", "Invalid KC-API-SIGN")
        key.used_us = now_us
        return key
