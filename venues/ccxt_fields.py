"""Reading one field of a row that a venue sent, which may hold anything at all.

The one rule: a field is exact and plausible, or it is None because the venue left it out, or
the row is Malformed; nothing is guessed, and nothing else is ever raised.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any

from domain.money import MONEY, ZERO, NotANumber, exactly, number
from domain.text import clean

Row = Mapping[str, Any]
_ID = re.compile(r"[!-~]{1,64}")
_NOT_IN_NAMES = frozenset(" /:[]")  # separators of keys and symbols, and what opens markup
_LONGEST_NAME = 32
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_LATEST_US = 4_102_444_800_000_000  # the year 2100
_LONGEST_TIME = 40


class Malformed(ValueError):
    """A row whose `field` cannot be what it must be; the row is not used."""

    def __init__(self, row: str, field: str, raw: object) -> None:
        self.row = row
        self.field = field
        super().__init__(f"{row}: {field} is {clean(raw, longest=60) or 'missing'}")


class Fields:
    """One row, read field by field; `kind` names it in errors."""

    __slots__ = ("kind", "row")

    def __init__(self, kind: str, row: object) -> None:
        if not isinstance(row, Mapping):
            raise Malformed(kind, "row", type(row).__name__)
        self.kind = kind
        self.row: Row = row

    def bad(self, field: str) -> Malformed:
        """The error that names the field."""
        return Malformed(self.kind, field, self.row.get(field))

    def number(self, field: str) -> Decimal | None:
        """An exact finite number; None where the venue left it out."""
        raw = self.row.get(field)
        if raw is None or raw == "":
            return None
        try:
            value = number(raw)
        except NotANumber:
            raise self.bad(field) from None
        return value or ZERO  # minus zero is zero

    def required(self, field: str) -> Decimal:
        """A number that must be there."""
        value = self.number(field)
        if value is None:
            raise self.bad(field)
        return value

    def positive(self, field: str) -> Decimal:
        """A number above zero that must be there."""
        value = self.required(field)
        if value <= ZERO:
            raise self.bad(field)
        return value

    def price(self, field: str) -> Decimal | None:
        """A price; a venue that says zero has none."""
        value = self.number(field)
        if value is not None and value < ZERO:
            raise self.bad(field)
        return value or None

    def size(self, field: str) -> Decimal | None:
        """A quantity that is not below zero, None where it is left out."""
        value = self.number(field)
        if value is not None and value < ZERO:
            raise self.bad(field)
        return value

    def identity(self, field: str) -> str:
        """A venue's id: printable, without spaces, at most 64 characters."""
        raw = self.row.get(field)
        if isinstance(raw, int) and not isinstance(raw, bool) and 0 <= raw < 10**18:
            raw = str(raw)
        if not isinstance(raw, str) or not _ID.fullmatch(raw):
            raise self.bad(field)
        return raw

    def own_id(self, field: str) -> str:
        """Our id, where it is one; whatever else stands there belongs to somebody else."""
        raw = self.row.get(field)
        return raw if isinstance(raw, str) and _ID.fullmatch(raw) else ""

    def symbol(self, field: str) -> str:
        """`BASE/QUOTE`."""
        raw = self.row.get(field)
        base, _, quote = raw.partition("/") if isinstance(raw, str) else ("", "", "")
        if not is_asset(base) or not is_asset(quote):  # a second slash is in no name
            raise self.bad(field)
        return f"{base}/{quote}"

    def asset(self, field: str) -> str:
        """An asset's code."""
        raw = self.row.get(field)
        if not is_asset(raw):
            raise self.bad(field)
        return str(raw)

    def word(self, field: str) -> str:
        """A short word in lower case, for comparing; "" where it is left out or no such word."""
        raw = self.row.get(field)
        return raw[:32].lower() if isinstance(raw, str) and raw.isprintable() else ""

    def rows(self, field: str) -> list[Any]:
        """A list, [] where it is left out."""
        raw = self.row.get(field)
        if raw is None:
            return []
        if not isinstance(raw, list):
            raise self.bad(field)
        return raw

    def inner(self, field: str) -> "Fields | None":
        """An object within the row, None where it is left out."""
        raw = self.row.get(field)
        if raw is None:
            return None
        if not isinstance(raw, Mapping):
            raise self.bad(field)
        return Fields(f"{self.kind} {field}", raw)

    def seconds_us(self, field: str) -> int:
        """UTC seconds with fractions as UTC microseconds; 0 where they are left out or zero."""
        value = self.number(field)
        return 0 if value is None else self._plausible(field, MONEY.multiply(value, 10**6))

    def milliseconds_us(self, field: str) -> int:
        """UTC milliseconds as UTC microseconds; 0 where they are left out."""
        value = self.number(field)
        return 0 if value is None else self._plausible(field, MONEY.multiply(value, 1000))

    def iso_us(self, field: str) -> int:
        """An RFC 3339 time as UTC microseconds; 0 where it is left out."""
        raw = self.row.get(field)
        if raw is None or raw == "":
            return 0
        if not isinstance(raw, str) or len(raw) > _LONGEST_TIME:
            raise self.bad(field)
        # A leap second is shown as :60, which datetime does not know: the moment before it.
        text = re.sub(r":60(?=[.Z+-]|$)", ":59", raw)
        try:
            told = datetime.fromisoformat(text)
        except ValueError:
            raise self.bad(field) from None
        aware = told if told.tzinfo is not None else told.replace(tzinfo=UTC)
        return self._plausible(field, Decimal((aware - _EPOCH) // _MICROSECOND))

    def _plausible(self, field: str, at_us: Decimal) -> int:
        if not 0 <= at_us < _LATEST_US:
            raise self.bad(field)
        return round(at_us)


def is_asset(raw: object) -> bool:
    """Whether this can be the code of an asset: short, printable, in one piece."""
    return isinstance(raw, str) and 0 < len(raw) <= _LONGEST_NAME and _is_code(raw)


@lru_cache(maxsize=8_192)  # the same few names in every row
def _is_code(text: str) -> bool:
    return _NOT_IN_NAMES.isdisjoint(text) and clean(text) == text


def total(values: Iterable[Decimal]) -> Decimal:
    """The exact sum, whatever ccxt has made of the thread's decimal context."""
    with exactly():
        return sum(values, ZERO)


def whole_ms(at_us: int) -> int:
    """The time cut to milliseconds: REST and streams agree on those, not on what follows."""
    return at_us - at_us % 1000
