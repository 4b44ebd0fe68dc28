"""One row of a file, read cell by cell, which may hold anything at all.

The one rule: a cell is exact and plausible, or the row is Malformed and says why; a row that is
understood and tells no fill and no movement is LeftOut and says why too.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from decimal import ROUND_HALF_EVEN, Context, Decimal, DivisionByZero, InvalidOperation, Overflow

from domain.days import to_us
from domain.instruments import Account
from domain.market import Movement
from domain.money import MONEY, ZERO, NotANumber, number
from domain.orders import Fill, Side
from domain.text import clean
from venues.ccxt_fields import is_asset

LONGEST_CELL = 200
_ID = re.compile(r"[!-~]{1,64}")
_TIME = re.compile(
    r"(\d{4}|\d{2})-(\d{2})-(\d{2})[ T](\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,9}))?"
    r" ?(Z|UTC|[+-]\d{2}:?\d{2})?"
)
_ZONE = re.compile(r"([+-])(\d{1,2})(?::?(\d{2}))?")
_LAST_HOUR = 14  # no place on earth is further from UTC
_EARLIEST = datetime(2009, 1, 3, tzinfo=UTC)  # before the first block nobody traded any of this
_APART = Decimal("0.001")  # a cost may be rounded; a tenth of a percent is another number
_QUOTIENT = Context(
    prec=30, rounding=ROUND_HALF_EVEN, traps=[InvalidOperation, DivisionByZero, Overflow]
)
_SIDES = {"buy": Side.BUY, "sell": Side.SELL}


class Malformed(ValueError):
    """A row that cannot be what it must be: the text says which cell and why."""


class LeftOut(Exception):
    """A row that was understood and that makes no fill and no movement here, and why."""


def offset_of(text: str) -> timedelta | None:
    """`+08:00`, `-5`, `+0530` or `UTC` as what a clock there is ahead of UTC; None: no offset."""
    if text in ("", "0", "Z", "UTC"):
        return timedelta(0)
    told = _ZONE.fullmatch(text)
    if told is None or int(told[2]) > _LAST_HOUR or int(told[3] or 0) >= 60:  # noqa: PLR2004 - minutes
        return None
    ahead = timedelta(hours=int(told[2]), minutes=int(told[3] or 0))
    return ahead if told[1] == "+" else -ahead


class Row:
    """A row's cells by the names of their columns.

    `zones` holds the offsets that the header states per column, `offset` the one to take where
    neither cell nor header states any (None: such a time is Malformed).
    """

    __slots__ = ("account", "cells", "offset", "zones")

    def __init__(
        self,
        account: Account,
        cells: Mapping[str, str],
        zones: Mapping[str, timedelta],
        offset: timedelta | None,
    ) -> None:
        self.account = account
        self.cells = cells
        self.zones = zones
        self.offset = offset

    def bad(self, name: str, why: str = "") -> Malformed:
        """The error that names the column, what stands there, and why that cannot be."""
        shown = clean(self.cells.get(name, ""), longest=60) or "empty"
        return Malformed(f"{name} is {shown}{f': {why}' if why else ''}")

    def text(self, name: str) -> str:
        """A cell without the spaces around it, "" where there is none."""
        told = self.cells.get(name, "").strip()
        if len(told) > LONGEST_CELL:
            raise self.bad(name, f"longer than {LONGEST_CELL} characters")
        return told

    def number(self, name: str) -> Decimal | None:
        """An exact number, None where the cell is empty."""
        told = self.text(name)
        if not told:
            return None
        try:
            return number(told) or ZERO
        except NotANumber:
            raise self.bad(name, "not a number") from None

    def positive(self, name: str) -> Decimal:
        """A number over zero."""
        value = self.number(name)
        if value is None or value <= ZERO:
            raise self.bad(name, "must be a number over 0")
        return value

    def fee(self, name: str) -> Decimal:
        """A fee that is not below zero; an empty cell is no fee."""
        value = self.number(name) or ZERO
        if value < ZERO:
            raise self.bad(name, "a fee below zero")
        return value

    def identity(self, name: str) -> str:
        """An id, "" where the cell is empty."""
        told = self.text(name)
        if told and not _ID.fullmatch(told):
            raise self.bad(name, "not an id (64 printable characters at most, no spaces)")
        return told

    def asset(self, name: str) -> str:
        """An asset's code."""
        return self.checked_asset(name, self.text(name))

    def checked_asset(self, name: str, told: str) -> str:
        """`told` of the column `name`, if it can be an asset's code."""
        if not is_asset(told) or told[0] in "=+-@":
            raise self.bad(name, "not an asset")
        return told

    def symbol(self, name: str, separator: str = "/") -> str:
        """`BASE/QUOTE` of a cell that separates them so."""
        base, _, quote = self.text(name).partition(separator)
        if base == quote:
            raise self.bad(name, "not a pair")
        return f"{self.checked_asset(name, base)}/{self.checked_asset(name, quote)}"

    def side(self, name: str) -> Side:
        """Buy or sell, in any case."""
        side = _SIDES.get(self.text(name).lower())
        if side is None:
            raise self.bad(name, "neither buy nor sell")
        return side

    def at_us(self, name: str) -> int:
        """A time as UTC microseconds; finer fractions are cut."""
        told = _TIME.fullmatch(self.text(name))
        if told is None:
            raise self.bad(name, "not a time like 2023-05-01 12:00:00")
        zone = offset_of(told[8]) if told[8] else self.zones.get(name, self.offset)
        if zone is None:
            raise self.bad(name, "no time zone is told; give --utc-offset")
        year, month, day, hour, minute, second = map(int, told.group(1, 2, 3, 4, 5, 6))
        year += 2000 if len(told[1]) == 2 else 0  # noqa: PLR2004 - Binance writes 23-05-01
        micros = int((told[7] or "0").ljust(6, "0")[:6])
        try:
            when = datetime(year, month, day, hour, minute, second, micros, tzinfo=timezone(zone))
        except ValueError as error:
            raise self.bad(name, str(error)) from None
        if when < _EARLIEST:
            raise self.bad(name, "too early to be true")
        return to_us(when)

    # What rows become

    def fill(  # noqa: PLR0913 - the parts of a fill
        self,
        *,
        at_us: int,
        symbol: str,
        side: Side,
        quantity: Decimal,
        price: Decimal,
        fee: Decimal,
        fee_asset: str,
        trade_id: str = "",
        order_id: str = "",
        liquidity: str = "",
    ) -> Fill:
        """An execution of this account."""
        return Fill(
            account=self.account,
            symbol=symbol,
            trade_id=trade_id,
            side=side,
            quantity=quantity,
            price=price,
            fee=fee,
            fee_asset=fee_asset,
            at_us=at_us,
            venue_order_id=order_id,
            liquidity=liquidity,
        )

    def movement(
        self, *, at_us: int, asset: str, amount: Decimal, fee: Decimal, reference: str = ""
    ) -> Movement:
        """Money that came (`amount` over 0) or went; `fee` is taken besides."""
        return Movement(
            account=self.account,
            reference=reference,
            asset=asset,
            amount=amount,
            fee=fee,
            at_us=at_us,
        )

    def agree(self, name: str, cost: Decimal, quantity: Decimal, price: Decimal) -> None:
        """Check that the cost in column `name` is quantity times price, as far as rounding goes.

        Raises:
            Malformed: when they are further apart than a tenth of a percent and a last digit.
        """
        made = MONEY.multiply(quantity, price)
        last_digit = Decimal(1).scaleb(int(cost.as_tuple().exponent))
        allowed = MONEY.add(MONEY.multiply(made, _APART), last_digit)
        if MONEY.abs(MONEY.subtract(made, cost)) > allowed:
            raise self.bad(name, "not quantity times price")


def price_from(cost: Decimal, quantity: Decimal, told: Decimal | None = None) -> Decimal:
    """The price that gives the cost; `told` where it does exactly, else to 30 digits."""
    if told is not None and MONEY.multiply(told, quantity) == cost:
        return told
    return _QUOTIENT.divide(cost, quantity)
