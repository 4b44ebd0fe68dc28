"""Every acquisition and every disposal, cell by cell: a million of them are three lists.

The one rule: a row is made when it is read (why: `accounting.lots.Lots`). The cells of a row
stand one after another in one list, for adding them all at once costs what two columns do.
"""

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any, TypeVar, overload

from accounting.lots import Acquired, Disposal, Lots, Part

R = TypeVar("R")
_ACQUIRED = len(Acquired._fields)
_DISPOSAL = len(Disposal._fields)  # the end of its parts stands where the parts do in the row
_PART = 3
_NO_LOT = -1
# key, asset, account, at_us, kind, quantity, proceeds
Told = tuple[str, str, str, int, str, Decimal, Decimal | None]


class Rows(Sequence[R]):
    """Rows that are made when they are read."""

    __slots__ = ()

    @overload
    def __getitem__(self, place: int) -> R: ...

    @overload
    def __getitem__(self, place: slice) -> list[R]: ...

    def __getitem__(self, place: int | slice) -> R | list[R]:
        if isinstance(place, slice):
            return [self._row(number) for number in range(*place.indices(len(self)))]
        return self._row(range(len(self))[place])

    def __iter__(self) -> Iterator[R]:
        return map(self._row, range(len(self)))

    @abstractmethod
    def _row(self, number: int) -> R: ...


class Acquisitions(Rows[Acquired]):
    """Lots as they came, in order; `add` is all that changes it."""

    __slots__ = ("_cells",)

    def __init__(self) -> None:
        self._cells: list[Any] = []

    def add(
        self,
        key: str,
        asset: str,
        account: str,
        acquired_us: int | None,
        quantity: Decimal,
        basis: Decimal | None,
    ) -> None:
        """Keep one more lot as it came."""
        self._cells += (key, asset, account, acquired_us, quantity, basis)

    def __len__(self) -> int:
        return len(self._cells) // _ACQUIRED

    def _row(self, number: int) -> Acquired:
        first = number * _ACQUIRED
        return Acquired._make(self._cells[first : first + _ACQUIRED])


class Disposals(Rows[Disposal]):
    """Disposals in the order in which they came, out of `lots`; `add` is all that changes it."""

    __slots__ = ("_cells", "_lots", "_parts")

    def __init__(self, lots: Lots) -> None:
        self._lots = lots
        self._cells: list[Any] = []  # key to proceeds, and where its parts end in `_parts`
        self._parts: list[Any] = []  # row of the lot, quantity, basis

    def add(self, told: Told, taken: Iterable[Any], missing: Decimal) -> None:
        """Keep one more disposal with its takes, cell by cell (`accounting.lots.Taken`).

        `missing` was not there to take.
        """
        parts, cells = self._parts, self._cells
        parts += taken
        if missing:
            parts += (_NO_LOT, missing, None)
        cells += told
        cells.append(len(parts))

    def __len__(self) -> int:
        return len(self._cells) // _DISPOSAL

    def _row(self, number: int) -> Disposal:
        first = number * _DISPOSAL
        *told, end = self._cells[first : first + _DISPOSAL]
        begin = self._cells[first - 1] if number else 0
        parts = tuple(self._read(place) for place in range(begin, end, _PART))
        return Disposal._make([*told, parts])

    def _read(self, place: int) -> Part:
        row, quantity, basis = self._parts[place : place + _PART]
        if row == _NO_LOT:
            return Part(None, quantity, basis)
        return Part(self._lots.origin(row), quantity, basis)
