"""The day's executed volume over all venues, in the base currency.

The one rule: what was executed today counts; what may still be executed is in the exposure, so
an order that stays open over midnight counts again in the new day.
"""

from decimal import Decimal

from domain.days import day_span
from domain.money import ZERO


class Turnover:
    """Executed notional of one local day; a fill of another day does not count."""

    def __init__(self, time_zone: str = "UTC") -> None:
        self._time_zone = time_zone
        self._span = (0, 0)
        self._executed = ZERO
        self._ahead: list[tuple[int, Decimal]] = []

    def executed(self, value: Decimal, at_us: int, now_us: int) -> bool:
        """A fill of this value happened at `at_us` (the venue's time). False: on another day."""
        self._roll(now_us)
        start, end = self._span
        if start <= at_us < end:
            self._executed += value
            return True
        if at_us >= end:  # the venue's clock is past midnight and ours is not yet
            self._ahead.append((at_us, value))
            return True
        return False

    def take_over(self, other: "Turnover") -> None:
        """Add what another has counted of the later of the two days."""
        span, executed, ahead = other._span, other._executed, other._ahead  # noqa: SLF001
        if span[1] > self._span[1]:
            self._span, self._executed = span, ZERO
        if span == self._span:
            self._executed += executed
        for at_us, value in ahead:
            self.executed(value, at_us, self._span[0])

    def today(self, now_us: int) -> Decimal:
        """The executed notional of the local day that contains `now_us`."""
        self._roll(now_us)
        return self._executed

    def _roll(self, now_us: int) -> None:
        # Only ever forwards: a clock that steps back must not clear what was counted.
        if now_us < self._span[1]:
            return
        self._span = day_span(now_us, self._time_zone)
        early, self._ahead = self._ahead, []
        self._executed = ZERO
        for at_us, value in early:
            self.executed(value, at_us, now_us)
