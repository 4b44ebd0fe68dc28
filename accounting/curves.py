"""Sums over time that answer any window at once.

The one rule: amounts are added in the order of time, and a window is the difference of two
running sums, so a new fill costs the same whether there are ten before it or a million.
"""

from bisect import bisect_right
from decimal import Decimal

from domain.money import ZERO


class Curve:
    """Running totals by moment. Adding runs under the caller's exact arithmetic."""

    __slots__ = ("_moments", "_totals")

    def __init__(self) -> None:
        self._moments: list[int] = []
        self._totals: list[Decimal] = []

    def add(self, at_us: int, amount: Decimal) -> None:
        """Add an amount at a moment that is not before the last one."""
        if self._moments and self._moments[-1] == at_us:
            self._totals[-1] = self._totals[-1] + amount
            return
        before = self._totals[-1] if self._totals else ZERO
        self._moments.append(at_us)
        self._totals.append(before + amount)

    def until(self, at_us: int) -> Decimal:
        """The sum of everything up to and including a moment."""
        place = bisect_right(self._moments, at_us)
        return self._totals[place - 1] if place else ZERO
