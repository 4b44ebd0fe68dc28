"""Hostile text made harmless where it enters.

A venue's words may hold escape codes, bidirectional overrides, invisible characters or a
megabyte of filler. `clean` is called once, at ingress; everything behind it is plain,
printable, short, and is still shown as literal text, never as markup.
"""

import unicodedata

LONGEST = 300
# Cc controls, Cf format and bidi, Cs surrogates, Co private use, Cn unassigned,
# Zl and Zp separators: none of them is a word.
_FIRST_PRINTABLE_LATIN = 0xA0
# Also in its full-width forms.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\0", "＝", "＋", "－", "＠")  # noqa: RUF001
_DROPPED = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def clean(raw: object, *, longest: int = LONGEST) -> str:
    r"""One line of printable text, at most `longest` characters, NFC-normalised.

    A dropped control character is shown as `\xNN` (so that a reader sees that it was there);
    other dropped characters vanish. Non-text becomes its short `str`.
    """
    text = raw if isinstance(raw, str) else _described(raw)
    cut = text[: longest * 2]
    shown = "".join(map(_visible, unicodedata.normalize("NFC", cut)))
    shown = " ".join(shown.split())
    return shown if len(shown) <= longest else shown[: longest - 1] + "…"


def _described(raw: object) -> str:
    if raw is None:
        return ""
    if isinstance(raw, bool | int) and abs(raw) < 10**30:
        return str(raw)
    if isinstance(raw, bytes):
        return raw[: LONGEST * 2].decode("utf-8", "replace")
    return type(raw).__name__


def _visible(character: str) -> str:
    if character in "\t\n\r":
        return " "
    if unicodedata.category(character) not in _DROPPED:
        return " " if character.isspace() else character
    return f"\\x{ord(character):02x}" if ord(character) < _FIRST_PRINTABLE_LATIN else ""


def as_cell(text: str) -> str:
    """The text as a cell that no spreadsheet takes for a formula (CWE-1236).

    For words, not for numbers: `-1` becomes `'-1`.
    """
    return f"'{text}" if text.startswith(_FORMULA) else text


def grouped(text: str, size: int = 4) -> str:
    """The text in groups, so that two of them can be compared by eye: `TR7N HqjE KQxG …`."""
    return " ".join(text[start : start + size] for start in range(0, len(text), size))
