"""Names that we make: client order ids, halt ids, run ids.

The one rule: a client id is `QD`, this install's two characters, and 70 random bits in
Crockford's alphabet: 18 characters, which every venue takes (semantics 1.4).
"""

import re

from domain.ports import Dice

PREFIX = "QD"
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
TAG_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_BITS = 70
CLIENT_ID = re.compile(r"^QD[0-9A-Z]{2}[0-9A-HJKMNP-TV-Z]{14}$")


def client_id(dice: Dice, install_tag: str) -> str:
    """A new client order id, `QD` + tag + 14 characters."""
    return f"{PREFIX}{install_tag}{_text(dice.bits(_BITS), _BITS // 5)}"


def install_tag(dice: Dice) -> str:
    """The two characters that mark the ids of one install, made once and kept in the ledger."""
    bits = dice.bits(32)
    size = len(TAG_ALPHABET)
    return TAG_ALPHABET[bits % size] + TAG_ALPHABET[bits // size % size]


def token(dice: Dice) -> str:
    """A name for a halt, a run or a break: 10 characters, 50 random bits."""
    return _text(dice.bits(50), 10)


def is_ours(identifier: str, install_tag: str) -> bool:
    """Whether a client id was made by this install; any other program's is foreign."""
    return identifier.startswith(PREFIX + install_tag) and bool(CLIENT_ID.match(identifier))


def _text(bits: int, length: int) -> str:
    digits = []
    for _ in range(length):
        digits.append(ALPHABET[bits & 31])
        bits >>= 5
    return "".join(digits)
