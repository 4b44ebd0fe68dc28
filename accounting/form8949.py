"""Form 8949: the rows of a tax year, with parts, boxes and columns (a) to (h).

The one rule: (d) and (e) are rounded, cell by cell, and (h) is d - e + g of the rounded ones,
so rows and totals cross-foot (golden case G13). A row whose basis or proceeds nobody knows has
an empty cell and says why; it is never filled with zero.

Boxes: since 2025 digital assets have G, H, I (short) and J, K, L (long): on a 1099-DA with basis
reported, without basis, or on none. Until 2024 they are C (short) and F (long), no 1099-B.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import NamedTuple

from accounting.allocations import Allocation, Sliced, total
from accounting.elections import FIAT
from accounting.holding import Term, term_at
from accounting.lots import FEE, NETWORK_FEE, NO_SALE
from domain.days import local_date
from domain.money import MONEY, ZERO, canonical

DIGITAL_ASSET_BOXES_FROM = 2025
CENT = Decimal("0.01")
DOLLAR = Decimal(1)
NOT_KNOWN = "not known"


class Reported(StrEnum):
    """What a broker told of a sale on Form 1099-DA."""

    WITH_BASIS = "basis reported"
    WITHOUT_BASIS = "basis not reported"
    NOT_AT_ALL = "no 1099-DA"


_BOXES = {
    (Term.SHORT, Reported.WITH_BASIS): "G",
    (Term.SHORT, Reported.WITHOUT_BASIS): "H",
    (Term.SHORT, Reported.NOT_AT_ALL): "I",
    (Term.LONG, Reported.WITH_BASIS): "J",
    (Term.LONG, Reported.WITHOUT_BASIS): "K",
    (Term.LONG, Reported.NOT_AT_ALL): "L",
}
_PARTS = {Term.SHORT: "I", Term.LONG: "II"}


class Cells(NamedTuple):
    """The money of a row: proceeds, basis, adjustment, gain or loss; None: not known."""

    d: Decimal | None
    e: Decimal | None
    g: Decimal
    h: Decimal | None


class Row(NamedTuple):
    """One line of the form. `part` and `box` are "" where the date acquired is not known."""

    part: str
    box: str
    description: str
    acquired: str
    sold: str
    cells: Cells
    code: str
    account: str
    slice_id: str
    flag: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Form8949:
    """A year's rows. `left_out` counts dispositions of money that is not a digital asset."""

    year: int
    version: int
    dollars: bool
    rows: tuple[Row, ...]
    left_out: int = 0

    def totals(self, part: str, box: str) -> Cells:
        """The sums of a part's box, of the rounded cells of its complete rows: they cross-foot."""
        place = part, box, ""
        return totals(row.cells for row in self.rows if (row.part, row.box, row.flag) == place)

    @property
    def incomplete(self) -> tuple[Row, ...]:
        """The rows that need a basis, a date or a price before they can be filed."""
        return tuple(row for row in self.rows if row.flag or not row.part)


def form_8949(
    version: Allocation,
    year: int,
    *,
    time_zone: str,
    dollars: bool = False,
    reported: Mapping[str, Reported] | None = None,
) -> Form8949:
    """The form of a tax year, its dates in the tax time zone.

    `reported` is disposal key → what a 1099-DA said; a disposal that is not in it is on none.
    """
    told = reported or {}
    in_year = [
        (place, row)
        for place, row in enumerate(version.slices)
        if row.kind not in NO_SALE and local_date(row.at_us, time_zone).year == year
    ]
    rows = [
        _row(row, place, year, time_zone, _told_of(row, told), dollars=dollars)
        for place, row in in_year
        if row.asset not in FIAT
    ]
    return Form8949(
        year=year,
        version=version.number,
        dollars=dollars,
        rows=tuple(sorted(rows, key=lambda row: (row.part or "Z", row.box))),
        left_out=len(in_year) - len(rows),
    )


def box(year: int, held: Term, reported: Reported = Reported.NOT_AT_ALL) -> str:
    """The box of a digital asset's row in a year."""
    if year < DIGITAL_ASSET_BOXES_FROM:
        return "C" if held is Term.SHORT else "F"
    return _BOXES[held, reported]


def cells(
    proceeds: Decimal | None, basis: Decimal | None, *, dollars: bool, adjustment: Decimal = ZERO
) -> Cells:
    """Rounded (d) and (e), half up, to cents or whole dollars, and (h) made from them."""
    d, e, g = (_rounded(amount, dollars=dollars) for amount in (proceeds, basis, adjustment))
    gain = None if d is None or e is None else MONEY.add(MONEY.subtract(d, e), g or ZERO)
    return Cells(d, e, g or ZERO, gain)


def totals(rows: Iterable[Cells]) -> Cells:
    """The sums of columns d, e, g, h; what is not known adds nothing."""
    listed = list(rows)
    return Cells(
        total(row.d for row in listed),
        total(row.e for row in listed),
        total(row.g for row in listed),
        total(row.h for row in listed),
    )


def _rounded(amount: Decimal | None, *, dollars: bool) -> Decimal | None:
    if amount is None:
        return None
    return amount.quantize(DOLLAR if dollars else CENT, ROUND_HALF_UP, MONEY)


def _row(
    row: Sliced, place: int, year: int, time_zone: str, reported: Reported, *, dollars: bool
) -> Row:
    born = row.acquired_us
    held = None if born is None else term_at(born, row.at_us, time_zone)
    return Row(
        part="" if held is None else _PARTS[held],
        box="" if held is None else box(year, held, reported),
        description=f"{canonical(row.quantity)} {row.asset}",
        acquired=NOT_KNOWN if born is None else _spelled(local_date(born, time_zone)),
        sold=_spelled(local_date(row.at_us, time_zone)),
        cells=cells(row.proceeds, row.basis, dollars=dollars),
        code="",
        account=row.account,
        slice_id=f"{row.key}#{place}",
        flag=row.flag,
    )


def _told_of(row: Sliced, told: Mapping[str, Reported]) -> Reported:
    """A fee in kind has its sale's key, and is a disposition that no broker reports apart."""
    alone = row.kind in (FEE, NETWORK_FEE)
    return Reported.NOT_AT_ALL if alone else told.get(row.key, Reported.NOT_AT_ALL)


def _spelled(day: date) -> str:
    return f"{day:%m/%d/%Y}"
