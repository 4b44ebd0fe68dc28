"""The encrypted format: damage and tampering are never read as empty or as something else."""

import base64
import hashlib
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.sealed import Cost, derived, seal, taken_apart
from domain.errors import Corrupt, Misconfigured

CHEAP = Cost(n=2**14, r=1, p=1)
KEY = derived("correct horse battery staple", b"s" * 16, CHEAP)
NONCE = b"n" * 12


def test_every_cut_of_the_file_is_damage() -> None:
    raw = seal({"a": "secret"}, KEY, NONCE)
    for length in range(len(raw) - 1):
        with pytest.raises(Corrupt, match="damaged"):
            taken_apart(raw[:length], "f")


@settings(max_examples=300, deadline=None)
@given(at=st.integers(0, 10_000), bit=st.integers(0, 7))
def test_no_flipped_bit_yields_another_secret(at: int, bit: int) -> None:
    entries = {"a": "secret", "b": "other"}
    raw = bytearray(seal(entries, KEY, NONCE))
    raw[at % len(raw)] ^= 1 << bit
    try:
        read = taken_apart(bytes(raw), "f").opened(KEY)
    except (Corrupt, Misconfigured):
        return
    assert read == entries  # a flipped blank between fields means nothing


def changed(**changes: Any) -> bytes:
    """A sealed file with fields changed and its checksum made to fit again."""
    told = json.loads(seal({"a": "secret"}, KEY, NONCE))
    told.pop("sha256")
    for name, value in changes.items():
        if name in told["kdf"]:
            told["kdf"][name] = value
        else:
            told[name] = value
    plain = json.dumps(told, sort_keys=True, separators=(",", ":")).encode()
    told["sha256"] = hashlib.sha256(plain).hexdigest()
    return json.dumps(told).encode()


def test_the_checksum_in_these_tests_is_that_of_the_format() -> None:
    assert taken_apart(changed(), "f").opened(KEY) == {"a": "secret"}


@pytest.mark.parametrize("field", ["nonce", "box", "extra"])
def test_tampering_with_a_fitting_checksum_is_found_by_the_seal(field: str) -> None:
    other = base64.b64encode(b"x" * 12 if field == "nonce" else b"x" * 40).decode()
    with pytest.raises(Corrupt, match="tampered"):
        taken_apart(changed(**{field: other}), "f").opened(KEY)


@pytest.mark.parametrize(
    "changes",
    [
        {"n": 2**30},
        {"n": 2},
        {"n": 2**15 + 1},
        {"n": "32768"},
        {"n": True},
        {"n": -(2**15)},
        {"r": 0},
        {"r": 1_000},
        {"p": 10**9},
        {"n": 2**18, "r": 16},
        {"salt": "AAAA"},
        {"salt": 5},
        {"nonce": "AAAA"},
        {"box": "not base64!"},
        {"kdf": {}},
        {"kdf": None},
        {"check": None},
    ],
)
def test_a_header_that_asks_for_the_absurd_is_damage(changes: dict[str, Any]) -> None:
    with pytest.raises(Corrupt, match="damaged"):
        taken_apart(changed(**changes), "f")


@pytest.mark.parametrize("raw", [b"", b"\x00" * 100, b"[" * 100_000, b"\xff\xfe", b"NaN["])
def test_what_is_no_json_is_damage(raw: bytes) -> None:
    with pytest.raises(Corrupt, match="damaged"):
        taken_apart(raw, "f")


def test_a_file_of_another_version_is_not_guessed_at() -> None:
    with pytest.raises(Misconfigured, match="another version"):
        taken_apart(changed(version=2), "f")


def test_a_passphrase_typed_on_another_keyboard_is_the_same() -> None:
    composed, decomposed = "pass\u00e9 compos\u00e9", "passe\u0301 compose\u0301"
    assert derived(composed, b"s" * 16, CHEAP).key == derived(decomposed, b"s" * 16, CHEAP).key


def test_no_representation_shows_a_key() -> None:
    file = taken_apart(seal({"a": "secret"}, KEY, NONCE), "f")
    assert str(KEY.key) not in f"{KEY!r}{file!r}"
