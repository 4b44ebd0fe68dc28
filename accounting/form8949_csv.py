"""Form 8949 as rows of text for a CSV file.

The one rule: a cell that a spreadsheet would run as a formula is text there too; numbers stay
numbers, and a cell that is not known is empty.
"""

from decimal import Decimal

from accounting.form8949 import Form8949, Row
from domain.money import canonical
from domain.text import as_cell

HEADER = (
    "part",
    "box",
    "(a) description",
    "(b) date acquired",
    "(c) date sold",
    "(d) proceeds",
    "(e) cost or other basis",
    "(f) code",
    "(g) adjustment",
    "(h) gain or loss",
    "account",
    "slice",
    "flag",
)


def table(form: Form8949) -> list[tuple[str, ...]]:
    """The header, one line a row, and one line of totals for each part and box."""
    boxes = sorted({(row.part, row.box) for row in form.rows if row.part})
    return [
        HEADER,
        *(_line(row, dollars=form.dollars) for row in form.rows),
        *(_totals(form, part, box) for part, box in boxes),
    ]


def _line(row: Row, *, dollars: bool) -> tuple[str, ...]:
    d, e, g, h = (_money(amount, dollars=dollars) for amount in row.cells)
    words = (row.part, row.box, as_cell(row.description), row.acquired, row.sold)
    ends = (as_cell(row.account), as_cell(row.slice_id), row.flag)
    return (*words, d, e, row.code, g if row.cells.g else "", h, *ends)


def _totals(form: Form8949, part: str, box: str) -> tuple[str, ...]:
    d, e, g, h = (_money(amount, dollars=form.dollars) for amount in form.totals(part, box))
    return (part, box, "Totals", "", "", d, e, "", g, h, "", "", "")


def _money(amount: Decimal | None, *, dollars: bool) -> str:
    if amount is None:
        return ""
    return canonical(amount) if dollars else f"{amount:.2f}"
