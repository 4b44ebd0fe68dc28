"""Addresses whose format carries a checksum: is it right, and what is the one way to write it?

Known: Ethereum's (EIP-55), Bitcoin's and Litecoin's segwit ones (BIP-173, BIP-350), and
base58check as Bitcoin, Litecoin, Dogecoin and Tron use it. The one rule: a format that is not
known is kept byte for byte, and nobody claims that it was checked.
"""

import hashlib
import re

from risk.keccak import keccak_256

LONGEST = 120
_ETHEREUM = re.compile(r"0x[0-9a-fA-F]{40}")
_SEGWIT = re.compile(r"(bc|tb|ltc|tltc)1[02-9ac-hj-np-z]{8,90}")
_BASE58 = re.compile(r"[13TDLM][1-9A-HJ-NP-Za-km-z]{25,34}")
_BASE58_DIGITS = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_BECH32_DIGITS = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_BECH32_PARTS = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_BECH32, _BECH32M = 1, 0x2BC830A3
_VERSION_AND_HASH = 21  # bytes of what base58check wraps in an address
_SHORTEST_PROGRAM, _LONGEST_PROGRAM = 2, 40


class BadAddress(ValueError):
    """A text that cannot be an address; the message says why."""


def canonical_address(text: str) -> str:
    """The address as it is kept and sent: with EIP-55's capitals, in lower case for segwit.

    Raises:
        BadAddress: a checksum is wrong, or no address could look like this.
    """
    if not text or len(text) > LONGEST or not text.isascii() or not text.isprintable():
        raise BadAddress(f"an address has 1 to {LONGEST} plain characters")
    if " " in text:
        raise BadAddress("an address has no spaces")
    if text[:2].lower() == "0x" and len(text) == 42:  # noqa: PLR2004 - 0x and 20 bytes
        return _ethereum(text)
    lower = text.lower()
    if _SEGWIT.fullmatch(lower):
        return _segwit(text, lower)
    if _BASE58.fullmatch(text):
        _base58check(text)
    return text


def is_checkable(text: str) -> bool:
    """Whether the address has a checksum that this file knows."""
    shapes = (_ETHEREUM.fullmatch(text), _SEGWIT.fullmatch(text.lower()), _BASE58.fullmatch(text))
    return any(shapes)


def _ethereum(text: str) -> str:
    if not _ETHEREUM.fullmatch(text):
        raise BadAddress("after 0x come 40 hexadecimal digits")
    digits = text[2:]
    lower = digits.lower()
    digest = keccak_256(lower.encode()).hex()
    made = "".join(c.upper() if int(h, 16) > 7 else c for c, h in zip(lower, digest, strict=False))  # noqa: PLR2004 - EIP-55
    if digits not in (lower, digits.upper(), made):
        raise BadAddress("the checksum in its capitals is wrong (EIP-55): compare it again")
    return f"0x{made}"


def _segwit(text: str, lower: str) -> str:
    if text not in (lower, text.upper()):
        raise BadAddress("a segwit address has small letters or capitals, not both")
    prefix, _, data = lower.rpartition("1")
    values = [_BECH32_DIGITS.index(digit) for digit in data]
    spread = [*(ord(c) >> 5 for c in prefix), 0, *(ord(c) & 31 for c in prefix)]
    wanted = _BECH32 if values[0] == 0 else _BECH32M
    if _polymod([*spread, *values]) != wanted:
        raise BadAddress("its checksum is wrong (BIP-173, BIP-350): compare it again")
    length = len(values[1:-6]) * 5 // 8
    if not _SHORTEST_PROGRAM <= length <= _LONGEST_PROGRAM or (
        values[0] == 0 and length not in (20, 32)
    ):
        raise BadAddress("it is too short or too long for a segwit address")
    return lower


def _polymod(values: list[int]) -> int:
    check = 1
    for value in values:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ value
        for place, part in enumerate(_BECH32_PARTS):
            check ^= part if top >> place & 1 else 0
    return check


def _base58check(text: str) -> None:
    number = 0
    for digit in text:
        number = number * 58 + _BASE58_DIGITS.index(digit)
    size = _VERSION_AND_HASH + 4
    zeros = len(text) - len(text.lstrip("1"))
    raw = number.to_bytes((number.bit_length() + 7) // 8, "big")
    whole = bytes(zeros) + raw
    body, check = whole[:-4], whole[-4:]
    digest = hashlib.sha256(hashlib.sha256(body).digest()).digest()
    if len(whole) != size or digest[:4] != check:
        raise BadAddress("its checksum is wrong (base58check): compare it again")
