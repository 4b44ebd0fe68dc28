"""Columns of a table: what a cell says, and which columns fit the width.

The one rule: widths are fixed; a busy table never measures its rows.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Generic, NamedTuple, TypeVar

from domain.money import canonical

T = TypeVar("T")
GAP = 1


class Cell(NamedTuple):
    """What one cell says, in which tone."""

    text: str
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Column(Generic[T]):
    """One column: `width` in cells; numbers stand `right`.

    `drop` orders which columns go first when the width is short (0: it stays), `grow` takes
    what is left over. `sort` is what rows are sorted by; without it the column cannot be.
    `raw` is what an export writes in place of the cell's text; `amount` cells can be masked.
    """

    title: str
    width: int
    cell: Callable[[T], Cell | str]
    right: bool = False
    sort: Callable[[T], Any] | None = None
    raw: Callable[[T], str] | None = None
    drop: int = 0
    grow: bool = False
    amount: bool = False

    def exported(self, row: T) -> str:
        """What a CSV or JSON export writes for this row."""
        return self.raw(row) if self.raw is not None else as_cell(self.cell(row)).text


def figures(
    title: str,
    width: int,
    get: Callable[[T], Decimal | None],
    cell: Callable[[T], Cell | str],
    *,
    drop: int = 0,
    amount: bool = False,
) -> Column[T]:
    """A column of exact numbers: right-aligned, sorted and exported by value, None last."""

    def raw(row: T) -> str:
        value = get(row)
        return "" if value is None else canonical(value)

    def sort(row: T) -> tuple[bool, Decimal]:
        value = get(row)
        return (value is not None, value or Decimal(0))

    return Column(title, width, cell, right=True, sort=sort, raw=raw, drop=drop, amount=amount)


class Placed(NamedTuple):
    """A column that is shown, with the width it has now."""

    column: int
    width: int


def layout(columns: Sequence[Column[Any]], room: int, *, every: bool = False) -> list[Placed]:
    """The columns that fit into `room` cells, left to right; all of them if `every`."""
    chosen = list(range(len(columns)))
    while not every and _width(columns, chosen) > room:
        droppable = [index for index in chosen if columns[index].drop]
        if not droppable:
            break
        chosen.remove(max(droppable, key=lambda index: (columns[index].drop, index)))
    spare = max(0, room - _width(columns, chosen))
    growing = [index for index in chosen if columns[index].grow]
    grown = dict(zip(growing, _shares(spare, len(growing)), strict=True))
    return [Placed(index, columns[index].width + grown.get(index, 0)) for index in chosen]


def _width(columns: Sequence[Column[Any]], chosen: Sequence[int]) -> int:
    return sum(columns[index].width + GAP for index in chosen) - GAP if chosen else 0


def _shares(spare: int, among: int) -> list[int]:
    if not among:
        return []
    each, rest = divmod(spare, among)
    return [each + (place < rest) for place in range(among)]


def as_cell(told: Cell | str) -> Cell:
    """A cell of what a column told."""
    return told if isinstance(told, Cell) else Cell(told)
