"""Losses with a purchase of the same asset within 30 days: information only.

The one rule: nothing is disallowed and no figure changes. There is no wash-sale rule for
digital assets today (box 1i of the 1099-DA is for tokenised securities); the flag tells what
would be asked if there were one.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

from accounting.allocations import Allocation, Sliced
from accounting.lots import Acquired
from domain.days import local_date
from domain.money import ZERO

WINDOW = timedelta(days=30)


class WashFlag(NamedTuple):
    """A loss, and the lots that came within 30 days before or after it (not its own lot)."""

    row: Sliced
    loss: Decimal
    replacements: tuple[str, ...]


def wash_flags(version: Allocation, time_zone: str) -> list[WashFlag]:
    """The losses of a version that have replacements, dates in the tax time zone."""
    days, lots = _by_day(version, time_zone)
    found = []
    for row in version.slices:
        gain = row.gain
        if gain is None or gain >= ZERO:
            continue
        sold = local_date(row.at_us, time_zone)
        first = bisect_left(days[row.asset], sold - WINDOW)
        past = bisect_right(days[row.asset], sold + WINDOW)
        near = [lot.key for lot in lots[row.asset][first:past] if lot.key != row.lot]
        if near:
            found.append(WashFlag(row, gain.copy_abs(), tuple(near)))
    return found


def _by_day(
    version: Allocation, time_zone: str
) -> tuple[dict[str, list[date]], dict[str, list[Acquired]]]:
    days: dict[str, list[date]] = defaultdict(list)
    lots: dict[str, list[Acquired]] = defaultdict(list)
    known = (lot for lot in version.acquired if lot.acquired_us is not None)
    for lot in sorted(known, key=lambda lot: lot.acquired_us or 0):
        days[lot.asset].append(local_date(lot.acquired_us or 0, time_zone))
        lots[lot.asset].append(lot)
    return days, lots
