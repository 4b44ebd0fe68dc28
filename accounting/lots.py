"""Lots, what is taken from them, and the one place where money is divided.

The one rule: a part of an amount is rounded to 1e-8 half-even, and the last part is the
remainder, so parts always add up to the whole (accounting.md, golden case G15). A basis or
proceeds that nobody knows is None, and so is every gain made from it; it is never zero.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, NamedTuple

from accounting.postings import EXACT
from domain.money import MONEY, ZERO

QUANTUM = Decimal("1e-8")
UNMATCHED = "UNMATCHED"
BASIS_UNKNOWN = "BASIS_UNKNOWN"
UNVALUED = "UNVALUED"

SALE = "sale"
FEE = "fee"
NETWORK_FEE = "network fee"
FEE_CARRIED = "fee carried"
ADOPTED = "adopted"  # gone before anybody told
NO_SALE = frozenset({FEE_CARRIED, ADOPTED, "gift", "loss"})  # they end a lot without proceeds

# Cells of a lot after the units that are left.
BASIS, SINCE, _FIRST, ACCOUNT, KEY, _ACQUIRED, WIDTH = range(1, 8)

_divide = MONEY.divide
_multiply = MONEY.multiply
_quantize = MONEY.quantize


def share(amount: Decimal, part: Decimal, whole: Decimal) -> Decimal:
    """`amount` times `part` / `whole`, to 1e-8 half-even; all of it, exactly, for the whole."""
    if part == whole:
        return amount
    return _quantize(_divide(_multiply(amount, part), whole), QUANTUM)


class Lots:
    """Units that came together, cell by cell: a lot is the place of its first cell, its row.

    A row's first cells are what remains of it, units and then basis (where nothing is left, no
    basis is: the cell then says nothing). After them come its age, the row as which it first
    came, its account, its key, and when it was acquired (None: nobody knows; its age is then
    when it came). A part that was moved to another account is a row of its own with the same
    key and the same first row. Cells, because objects that hold others
    are walked through by Python's garbage collector again and again: with a million open lots
    as objects every fill took twice as long as with ten thousand.
    """

    __slots__ = ("cells",)

    def __init__(self) -> None:
        self.cells: list[Any] = []

    def add(
        self,
        key: str,
        account: str,
        quantity: Decimal,
        basis: Decimal | None,
        acquired_us: int | None,
        since_us: int,
    ) -> int:
        """A new lot; answers its row. Of two of one age the one that came first is the older."""
        cells = self.cells
        row = len(cells)
        cells += (quantity, basis, since_us, row, account, key, acquired_us)
        return row

    def part(self, row: int, account: str, quantity: Decimal, basis: Decimal | None) -> int:
        """A part that goes elsewhere with its key and dates; answers its own row."""
        cells = self.cells
        new = len(cells)
        since_us, first, _, key, acquired_us = cells[row + SINCE : row + WIDTH]
        cells += (quantity, basis, since_us, first, account, key, acquired_us)
        return new

    def place(self, row: int) -> tuple[int, int]:
        """Where a lot stands among others: the older first."""
        since_us, first = self.cells[row + SINCE : row + ACCOUNT]
        return since_us, first

    def left(self, row: int) -> Decimal:
        """Units that remain."""
        units: Decimal = self.cells[row]
        return units

    def left_basis(self, row: int) -> Decimal | None:
        """The basis of the units that remain."""
        basis: Decimal | None = self.cells[row + BASIS]
        return basis

    def account(self, row: int) -> str:
        """Where it is, or which account bought it where lots are matched over all of them."""
        name: str = self.cells[row + ACCOUNT]
        return name

    def origin(self, row: int) -> "Origin":
        """Its key, and when it was acquired."""
        return Origin(*self.cells[row + KEY : row + WIDTH])


class Take(NamedTuple):
    """Units taken from the lot of a row, with their basis."""

    row: int
    quantity: Decimal
    basis: Decimal | None


# Takes cell by cell: row, quantity, basis, row, quantity, basis, … A sale takes out of several
# lots, and an object for each was a tenth of what matching costs.
Taken = list[Any]


def takes_of(taken: Taken) -> list[Take]:
    """The takes by name, for whoever does more with them than keep them."""
    return list(map(Take._make, each_of(taken)))


def each_of(taken: Taken) -> Iterator[tuple[int, Decimal, Decimal | None]]:
    """Row, quantity and basis of each take."""
    return zip(taken[::3], taken[1::3], taken[2::3], strict=True)


class Acquired(NamedTuple):
    """A lot as it came."""

    key: str
    asset: str
    account: str
    acquired_us: int | None
    quantity: Decimal
    basis: Decimal | None


class Origin(NamedTuple):
    """Which lot something came out of, and when that was acquired (None: not known)."""

    key: str
    acquired_us: int | None


class Part(NamedTuple):
    """A part of a disposal as it is kept. No lot: nothing was there to take from."""

    lot: Origin | None
    quantity: Decimal
    basis: Decimal | None


class Disposal(NamedTuple):
    """Units that left, at what they fetched in the base currency (None: not known)."""

    key: str
    asset: str
    account: str
    at_us: int
    kind: str
    quantity: Decimal
    proceeds: Decimal | None
    takes: tuple[Part, ...]


class Slice(NamedTuple):
    """One row of the result: so much of a disposal, out of this lot, with proceeds and basis."""

    disposal: Disposal
    lot: Origin | None
    quantity: Decimal
    proceeds: Decimal | None
    basis: Decimal | None

    @property
    def gain(self) -> Decimal | None:
        """Proceeds less basis; None when either is not known, or nothing was sold."""
        if self.proceeds is None or self.basis is None or self.disposal.kind in NO_SALE:
            return None
        return MONEY.subtract(self.proceeds, self.basis)

    @property
    def flag(self) -> str:
        """What is missing: UNMATCHED, BASIS_UNKNOWN, UNVALUED, or ""."""
        if self.lot is None:
            return UNMATCHED
        if self.basis is None:
            return BASIS_UNKNOWN
        if self.proceeds is None and self.disposal.kind not in NO_SALE:
            return UNVALUED
        return ""


def slices_of(disposal: Disposal) -> list[Slice]:
    """The disposal's takes, with its proceeds split over them as basis is split."""
    proceeds, rest = disposal.proceeds, disposal.quantity
    made = []
    for take in disposal.takes:
        part = None if proceeds is None else share(proceeds, take.quantity, rest)
        made.append(Slice(disposal, take.lot, take.quantity, part, take.basis))
        if proceeds is not None and part is not None:
            proceeds = MONEY.subtract(proceeds, part)
        rest = EXACT.subtract(rest, take.quantity)
    return made


def gain_of(disposal: Disposal) -> Decimal:
    """What a disposal earned on the parts whose basis and proceeds are known."""
    if disposal.proceeds is None or disposal.kind in NO_SALE:
        return ZERO
    basis = ZERO
    for take in disposal.takes:
        if take.basis is None:
            return _partial_gain(disposal)
        basis = MONEY.add(basis, take.basis)
    return MONEY.subtract(disposal.proceeds, basis)


def _partial_gain(disposal: Disposal) -> Decimal:
    known = [made.gain for made in slices_of(disposal) if made.gain is not None]
    total = ZERO
    for gain in known:
        total = MONEY.add(total, gain)
    return total
