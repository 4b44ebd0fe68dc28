"""The chain rule: which bytes a row is, and which hash follows from them (golden case G28).

The one rule: the hash covers the stored bytes. They are written once by `canonical` and never
serialised again, so that a proof does not depend on anybody's JSON library.

The bytes are those of RFC 8785 for what a payload may hold: objects with text keys, lists, text,
integers below 2^53, true, false and null. Money is text. `DOMAIN` names the version of the rule;
another rule starts another file, whose first row holds the head of the one before.
"""

import json
from collections.abc import Mapping
from hashlib import sha256

DOMAIN = b"ledger-v1\0"
ZERO_HASH = bytes(32)
_LARGEST = 2**53
_JSON = json.JSONEncoder(
    check_circular=False,
    ensure_ascii=False,
    allow_nan=False,
    sort_keys=True,
    separators=(",", ":"),
)


def canonical(payload: Mapping[str, object]) -> bytes:
    """The one spelling of a payload: keys sorted, no spaces, UTF-8.

    Raises:
        TypeError: for a float or any other type that has no exact JSON.
        ValueError: for integers of 2^53 and more and for text that is not Unicode.
    """
    _allow(payload)
    return spelled(payload)


def spelled(payload: Mapping[str, object]) -> bytes:
    """As `canonical`, for data that cannot hold a float or a large integer (domain.codec's)."""
    return _JSON.encode(payload).encode()


def link(previous: bytes, seq: int, payload: bytes) -> bytes:
    """The hash (32 bytes) of row `seq`: SHA-256 of domain, previous hash, seq and payload."""
    return sha256(DOMAIN + previous + seq.to_bytes(8, "big") + payload).digest()


def _allow(value: object) -> None:
    kind = type(value)
    if kind is str or kind is bool or value is None:
        return
    if kind is int:
        if not -_LARGEST < value < _LARGEST:  # type: ignore[operator]
            raise ValueError(f"integer {value} does not survive JSON (2^53 and more)")
    elif kind is dict:
        for key, item in value.items():  # type: ignore[attr-defined]
            if type(key) is not str:
                raise TypeError(f"a payload's keys are text, not {type(key).__name__}")
            _allow(item)
    elif kind is list:
        for item in value:  # type: ignore[attr-defined]
            _allow(item)
    else:
        raise TypeError(f"{kind.__name__} has no place in a payload; money is text")
