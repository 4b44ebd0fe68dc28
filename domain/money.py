"""Exact money. The one rule: a number enters as text and is never a float on its way.

`MONEY` is the arithmetic of every money function (precision 50, half-even, floats trapped).
Foreign libraries change the thread's own context, so a money function runs under `exactly()`
and passes the rounding explicitly where it rounds.
"""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from decimal import (
    ROUND_DOWN,
    ROUND_HALF_EVEN,
    Context,
    Decimal,
    DivisionByZero,
    FloatOperation,
    InvalidOperation,
    Overflow,
    localcontext,
)
from functools import lru_cache

MONEY = Context(
    prec=50,
    rounding=ROUND_HALF_EVEN,
    traps=[InvalidOperation, DivisionByZero, Overflow, FloatOperation],
)
ZERO = Decimal(0)
ONE = Decimal(1)
LONGEST_NUMBER = 80
LARGEST_EXPONENT = 40


class NotANumber(ValueError):
    """A text that was to be an exact, finite number of sensible size and is not."""


def exactly() -> AbstractContextManager[Context]:
    """Run the block under `MONEY`, whatever the thread's own decimal context has become."""
    return localcontext(MONEY)


def number(raw: object) -> Decimal:
    """Parse one exact, finite number from text, an integer or a Decimal.

    Raises:
        NotANumber: for floats, NaN, infinities, texts over 80 characters, and magnitudes
            beyond 10^±40: none of them is money, all of them have been sent by a venue.
    """
    if isinstance(raw, str):
        return number_of(raw)
    if type(raw) is Decimal:
        return _sensible(raw)
    if isinstance(raw, int) and not isinstance(raw, bool):
        return number_of(str(raw) if abs(raw) < 10**LONGEST_NUMBER else "too long")
    raise NotANumber(f"{type(raw).__name__} is not an exact number; give it as text")


def _sensible(value: Decimal) -> Decimal:
    if not value.is_finite():
        raise NotANumber(f"{value} is not a finite number")
    if value and abs(value.adjusted()) > LARGEST_EXPONENT:
        raise NotANumber("a number beyond 10^±40 is not money")
    return value


@lru_cache(maxsize=4096)
def number_of(text: str) -> Decimal:
    """As `number`, for what is known to be text: a ledger has hundreds of thousands of them."""
    stripped = text.strip()
    if len(stripped) > LONGEST_NUMBER or "_" in stripped or not stripped.isascii():
        raise NotANumber(f"{stripped[:20]!r}… is not a plain number")
    try:
        value = Decimal(stripped, MONEY)
    except InvalidOperation:
        raise NotANumber(f"{stripped[:40]!r} is not a number") from None
    return _sensible(value)


def canonical(value: Decimal) -> str:
    """The one text of a number: no exponent, no trailing zeros, `-0` is `0`."""
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def round_down(value: Decimal, step: Decimal) -> Decimal:
    """The largest multiple of `step` that is not over `value` (both positive, same unit)."""
    with exactly():
        return (value / step).to_integral_value(ROUND_DOWN) * step


def is_multiple(value: Decimal, step: Decimal) -> bool:
    """Whether `value` is a whole number of `step`s."""
    with exactly():
        return value % step == 0


@dataclass(frozen=True, slots=True)
class Amount:
    """A quantity of one asset; arithmetic across assets is a TypeError, not a number."""

    value: Decimal
    asset: str

    def __add__(self, other: "Amount") -> "Amount":
        self._same_asset(other)
        return Amount(MONEY.add(self.value, other.value), self.asset)

    def __sub__(self, other: "Amount") -> "Amount":
        self._same_asset(other)
        return Amount(MONEY.subtract(self.value, other.value), self.asset)

    def __neg__(self) -> "Amount":
        return Amount(-self.value, self.asset)

    def __str__(self) -> str:
        return f"{canonical(self.value)} {self.asset}"

    def _same_asset(self, other: "Amount") -> None:
        if self.asset != other.asset:
            raise TypeError(f"cannot combine {self.asset} with {other.asset}: convert one first")
