"""Every acquisition and every disposal, in columns: a million of them are twenty objects.

The one rule: a row is made when it is read. Objects that hold others are what Python's garbage
collector walks through again and again; kept as objects, history made the book slower with
every fill (growth exponent 1.2, for 1.0 to 1.1 like this), and a half larger.
"""

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import TypeVar, overload

from accounting.lots import Acquired, Disposal, Origin, Part, Take

R = TypeVar("R")


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

    __slots__ = ("_accounts", "_assets", "_bases", "_keys", "_moments", "_quantities")

    def __init__(self) -> None:
        self._keys: list[str] = []
        self._assets: list[str] = []
        self._accounts: list[str] = []
        self._moments: list[int | None] = []
        self._quantities: list[Decimal] = []
        self._bases: list[Decimal | None] = []

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
        self._keys.append(key)
        self._assets.append(asset)
        self._accounts.append(account)
        self._moments.append(acquired_us)
        self._quantities.append(quantity)
        self._bases.append(basis)

    def __len__(self) -> int:
        return len(self._keys)

    def _row(self, number: int) -> Acquired:
        return Acquired(
            self._keys[number],
            self._assets[number],
            self._accounts[number],
            self._moments[number],
            self._quantities[number],
            self._bases[number],
        )


class Disposals(Rows[Disposal]):
    """Disposals in the order in which they came; `add` is all that changes it."""

    __slots__ = ("_bases", "_columns", "_ends", "_lots", "_moments", "_quantities")

    def __init__(self) -> None:
        # key, asset, account, at_us, kind, quantity, proceeds
        self._columns: tuple[list[str | int | Decimal | None], ...] = tuple([] for _ in range(7))
        self._ends: list[int] = []
        self._lots: list[str | None] = []
        self._moments: list[int | None] = []
        self._quantities: list[Decimal] = []
        self._bases: list[Decimal | None] = []

    def add(
        self,
        key: str,
        asset: str,
        account: str,
        at_us: int,
        kind: str,
        quantity: Decimal,
        proceeds: Decimal | None,
        takes: Iterable[Take],
    ) -> None:
        """Keep one more disposal with what it took; what is over was not there to take."""
        keys, assets, accounts, moments, kinds, quantities, fetched = self._columns
        keys.append(key)
        assets.append(asset)
        accounts.append(account)
        moments.append(at_us)
        kinds.append(kind)
        quantities.append(quantity)
        fetched.append(proceeds)
        for lot, taken, basis in takes:
            self._part(lot.key, lot.acquired_us, taken, basis)
            quantity = quantity - taken
        if quantity:
            self._part(None, None, quantity, None)
        self._ends.append(len(self._lots))

    def __len__(self) -> int:
        return len(self._ends)

    def _part(
        self, lot: str | None, acquired_us: int | None, quantity: Decimal, basis: Decimal | None
    ) -> None:
        self._lots.append(lot)
        self._moments.append(acquired_us)
        self._quantities.append(quantity)
        self._bases.append(basis)

    def _row(self, number: int) -> Disposal:
        first = self._ends[number - 1] if number else 0
        told = [column[number] for column in self._columns]
        parts = tuple(self._read(place) for place in range(first, self._ends[number]))
        return Disposal._make([*told, parts])

    def _read(self, place: int) -> Part:
        key = self._lots[place]
        lot = None if key is None else Origin(key, self._moments[place])
        return Part(lot, self._quantities[place], self._bases[place])
