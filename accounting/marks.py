"""What things were worth in the past: marks by time, and the value of a trade.

The one rule: a mark counts for 60 seconds and only forwards; where no leg of a trade has one,
its value is not known. A swap is valued by its first leg with a mark, in the order fiat,
stablecoin, BTC, ETH, other (accounting.md, golden case G06).
"""

from bisect import bisect_right, insort
from collections.abc import Iterable
from decimal import Decimal
from typing import Protocol

from accounting.elections import FIAT, STABLECOINS
from domain.market import Mark
from domain.money import MONEY, ONE

OLDEST_US = 60_000_000
PEGGED = "pegged"


class MarkHistory:
    """Marks of every asset by time, in the base currency `cash`."""

    def __init__(self, cash: str, marks: Iterable[Mark] = ()) -> None:
        self.cash = cash
        self._marks: dict[str, list[tuple[int, int, Mark]]] = {}
        self._count = 0
        for mark in marks:
            self.add(mark)

    def add(self, mark: Mark) -> None:
        """Take a mark in; of two at the same moment the later told one counts."""
        self._count += 1
        insort(self._marks.setdefault(mark.asset, []), (mark.at_us, self._count, mark), key=_place)

    def at(
        self,
        asset: str,
        at_us: int,
        *,
        oldest_us: int = OLDEST_US,
        pegged: frozenset[str] = frozenset(),
    ) -> Mark | None:
        """The newest mark at or before a moment, at most `oldest_us` old; None: not known."""
        if asset == self.cash or asset in pegged:
            source = "base currency" if asset == self.cash else PEGGED
            return Mark(asset=asset, value=ONE, at_us=at_us, source=source)
        marks = self._marks.get(asset, [])
        place = bisect_right(marks, (at_us, self._count + 1), key=_place)
        if not place or at_us - marks[place - 1][0] > oldest_us:
            return None
        return marks[place - 1][2]


class Marks(Protocol):
    """Whatever knows what things were worth: marks of a minute, or recorded prices."""

    cash: str

    def at(self, asset: str, at_us: int, *, pegged: frozenset[str] = ...) -> Mark | None:
        """What one unit was worth at a moment; None: not known."""
        ...


def value_of(
    legs: Iterable[tuple[str, Decimal]], at_us: int, marks: Marks, pegged: frozenset[str]
) -> tuple[Decimal | None, str]:
    """(value of a trade in the base currency, the source of the mark that tells it).

    `legs` are the two sides, each (asset, quantity); both are worth the same.
    """
    for asset, quantity in sorted(legs, key=lambda leg: _rank(leg[0], marks.cash)):
        mark = marks.at(asset, at_us, pegged=pegged)
        if mark is not None:
            return MONEY.multiply(quantity, mark.value), mark.source
    return None, ""


def _rank(asset: str, cash: str) -> int:
    if asset in FIAT or asset == cash:
        return 0 if asset == cash else 1
    return 2 if asset in STABLECOINS else {"BTC": 3, "ETH": 4}.get(asset, 5)


def _place(row: tuple[int, int, Mark] | tuple[int, int]) -> tuple[int, int]:
    return row[0], row[1]
