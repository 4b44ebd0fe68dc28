"""The account beside its benchmark, day by day.

The one rule: both are time-weighted over the same days with the same flows, so the difference
is skill or luck and never a deposit.
"""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from accounting.returns import linked
from domain.money import MONEY


class DayBeside(NamedTuple):
    """A day's two returns, as fractions; None where there was no capital."""

    day: date
    account: Decimal | None
    benchmark: Decimal | None

    @property
    def outperformance(self) -> Decimal | None:
        """The account's return less the benchmark's; None where one of them is missing."""
        if self.account is None or self.benchmark is None:
            return None
        return MONEY.subtract(self.account, self.benchmark)


class Beside(NamedTuple):
    """Both TWRs over some days, and their difference."""

    account: Decimal
    benchmark: Decimal
    outperformance: Decimal
    days: tuple[DayBeside, ...]


def beside(days: Iterable[DayBeside]) -> Beside:
    """The TWRs of days that both have; a day that one of them lacks is in neither."""
    both = tuple(day for day in days if day.outperformance is not None)
    account = linked(day.account for day in both)
    benchmark = linked(day.benchmark for day in both)
    return Beside(account, benchmark, MONEY.subtract(account, benchmark), both)
