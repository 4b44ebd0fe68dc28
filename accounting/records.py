"""Every acquisition and every disposal, cell by cell: a million of them are three lists.

The one rule: a row is made when it is read (why: `accounting.lots.Lots`). The cells of a row
stand one after another in one list, for adding them all at once costs what two columns do.
"""

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any, TypeVar, overload

from accounting.lots import Acquired, Disposal, Lots, Origin, Part, Take

R = TypeVar("R")
_ACQUIRED = len(Acquired._fields)
_DISPOSAL = len(Disposal._fields)  # the end of its parts stands where the parts do in the row
_PART = 4
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
    ) -> int:
        """Keep one more lot as it came; answers its number."""
        cells = self._cells
        number = len(cells) // _ACQUIRED
        cells += (key, asset, account, acquired_us, quantity, basis)
        return number

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
        self._parts: list[Any] = []  # key of the lot, acquired_us, quantity, basis

    def add(self, told: Told, takes: Iterable[Take], missing: Decimal) -> None:
        """Keep one more disposal with its takes; `missing` was not there to take."""
        lots, parts, cells = self._lots, self._parts, self._cells
        keys, moments = lots.key, lots.acquired_us
        for row, taken, basis in takes:
            parts += (keys[row], moments[row], taken, basis)
        if missing:
            parts += (None, None, missing, None)
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
        key, acquired_us, quantity, basis = self._parts[place : place + _PART]
        return Part(None if key is None else Origin(key, acquired_us), quantity, basis)
