"""The format of an encrypted secrets file, as pure functions over bytes.

The one rule: a wrong passphrase is never mistaken for a damaged file, nor a damaged file for
an empty one.

    {"format": "quarterdeck-secrets", "version": 1,
     "kdf": {"n": 32768, "r": 8, "p": 3, "salt": base64},
     "check": base64, "nonce": base64, "box": base64, "sha256": hex}

scrypt makes 64 bytes of passphrase and salt: 32 are the AES-256-GCM key, a hash of the others
is `check`, which tells a wrong passphrase. `sha256` is that of all other fields and tells
damage. `box` holds a JSON object of entry → text; the fields before it are authenticated too.
"""

import base64
import hashlib
import hmac
import json
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from domain.errors import Corrupt, Misconfigured

FORMAT = "quarterdeck-secrets"
VERSION = 1
SALT_BYTES = 16
NONCE_BYTES = 12
_SCRYPT_MEMORY = 2**28
_LARGEST = {"n": 2**18, "r": 16, "p": 16}
_LEAST_N = 2**14


@dataclass(frozen=True, slots=True)
class Cost:
    """scrypt's parameters. The default is OWASP's, in 32 MB, so that a small server has them."""

    n: int = 2**15
    r: int = 8
    p: int = 3


@dataclass(frozen=True, slots=True, repr=False)
class Key:
    """What a passphrase became for one salt; `check` proves it without the passphrase."""

    salt: bytes
    cost: Cost
    key: bytes
    check: bytes


class WrongPassphrase(Misconfigured):
    """The passphrase does not open the file; the file itself is sound."""


def derived(passphrase: str, salt: bytes, cost: Cost) -> Key:
    """The key of a passphrase (RFC 7914); it takes about 0.3 s and 32 MB."""
    text = unicodedata.normalize("NFC", passphrase).encode(errors="surrogatepass")
    made = hashlib.scrypt(
        text, salt=salt, n=cost.n, r=cost.r, p=cost.p, dklen=64, maxmem=_SCRYPT_MEMORY
    )
    return Key(salt, cost, made[:32], hashlib.sha256(b"check" + made[32:]).digest())


def seal(entries: Mapping[str, str], key: Key, nonce: bytes) -> bytes:
    """The file's bytes. A nonce is used once; 12 random bytes are."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415 -- 20 ms

    cost = key.cost
    told: dict[str, Any] = {
        "format": FORMAT,
        "version": VERSION,
        "kdf": {"n": cost.n, "r": cost.r, "p": cost.p, "salt": _coded(key.salt)},
        "check": _coded(key.check),
        "nonce": _coded(nonce),
    }
    box = AESGCM(key.key).encrypt(nonce, _canonical(entries), _canonical(told))
    told["box"] = _coded(box)
    told["sha256"] = _digest(told)
    return json.dumps(told, indent=1).encode() + b"\n"


@dataclass(frozen=True, slots=True, repr=False)
class Sealed:
    """A file's bytes taken apart, found whole, and not opened yet."""

    name: str
    salt: bytes
    cost: Cost
    check: bytes
    nonce: bytes
    box: bytes
    header: bytes

    def opened(self, key: Key) -> dict[str, str]:
        """Entry → secret.

        Raises:
            WrongPassphrase: when the key is not that of the file.
            Corrupt: when somebody changed what is inside.
        """
        from cryptography.exceptions import InvalidTag  # noqa: PLC0415 -- as above
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415

        if not hmac.compare_digest(key.check, self.check):
            raise WrongPassphrase(self.name, "the passphrase does not open it; try again")
        try:
            entries = json.loads(AESGCM(key.key).decrypt(self.nonce, self.box, self.header))
        except InvalidTag:
            raise Corrupt(f"{self.name} was tampered with: its seal does not fit") from None
        return {str(entry): str(text) for entry, text in entries.items()}


def taken_apart(raw: bytes, name: str) -> Sealed:
    """Read the file's outer form; `name` is for messages.

    Raises:
        Corrupt: when it is damaged.
        Misconfigured: when it is another kind of file, or of a newer version.
    """
    try:
        told = json.loads(raw)
    except (ValueError, RecursionError):
        raise Corrupt(f"{name} is damaged: it is not readable; restore a backup") from None
    if not isinstance(told, dict) or told.get("format") != FORMAT:
        raise Misconfigured(name, "is no file of secrets; name another, or remove it")
    if told.get("version") != VERSION:
        raise Misconfigured(name, "was written by another version of this program")
    digest = told.pop("sha256", "")
    if not isinstance(digest, str) or not hmac.compare_digest(digest, _digest(told)):
        raise Corrupt(f"{name} is damaged: its checksum does not fit; restore a backup")
    try:
        return _parts(told, name)
    except (KeyError, TypeError, ValueError):
        raise Corrupt(f"{name} is damaged: a field is missing or garbled") from None


def _parts(told: dict[str, Any], name: str) -> Sealed:
    box, kdf = _decoded(told.pop("box")), told["kdf"]
    cost = Cost(*(kdf[letter] for letter in _LARGEST))
    for letter, most in _LARGEST.items():
        # A file must not be able to ask for all of the memory, or for no work at all.
        if type(kdf[letter]) is not int or not 1 <= kdf[letter] <= most:
            raise ValueError(letter)
    if cost.n < _LEAST_N or cost.n & (cost.n - 1) or 128 * cost.n * cost.r >= _SCRYPT_MEMORY:
        raise ValueError("cost")
    salt, check, nonce = (_decoded(text) for text in (kdf["salt"], told["check"], told["nonce"]))
    if len(salt) != SALT_BYTES or len(nonce) != NONCE_BYTES:
        raise ValueError("length")
    return Sealed(name, salt, cost, check, nonce, box, _canonical(told))


def _digest(told: Mapping[str, Any]) -> str:
    return hashlib.sha256(_canonical(told)).hexdigest()


def _canonical(told: Mapping[str, Any]) -> bytes:
    return json.dumps(told, sort_keys=True, separators=(",", ":")).encode()


def _coded(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _decoded(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
