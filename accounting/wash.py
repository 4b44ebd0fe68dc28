"""Losses with a purchase of the same asset within 30 days: information only.

The one rule: nothing is disallowed and no figure changes. There is no wash-sale rule for
digital assets today (box 1i of the 1099-DA is for tokenised securities); the flag tells what
would be asked if there were one.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from itertools import islice
from typing import NamedTuple

from accounting.allocations import Allocation, Sliced
from accounting.lots import Acquired
from domain.days import local_date
from domain.money import ZERO

WINDOW = timedelta(days=30)
LISTED = 5  # lots that are named: of a busy desk thousands came within the window


class WashFlag(NamedTuple):
    """A loss, and the lots that came within 30 days before or after it (not its own lot).

    `replacements` are the first of them, `in_all` is how many there are.
    """

    row: Sliced
    loss: Decimal
    replacements: tuple[str, ...]
    in_all: int


def wash_flags(version: Allocation, time_zone: str) -> list[WashFlag]:
    """The losses of a version that have replacements, dates in the tax time zone."""
    known = (lot for lot in version.acquired if lot.acquired_us is not None)
    came: dict[str, _Came] = defaultdict(_Came)
    for lot in sorted(known, key=lambda lot: lot.acquired_us or 0):
        came[lot.asset].add(lot, time_zone)
    found = []
    for row in version.slices:
        gain = row.gain
        if gain is None or gain >= ZERO:
            continue
        sold = local_date(row.at_us, time_zone)
        near, count = came[row.asset].near(sold, row.lot)
        if count:
            found.append(WashFlag(row, gain.copy_abs(), near, count))
    return found


class _Came:
    """The lots of an asset in the order of time."""

    def __init__(self) -> None:
        self.days: list[date] = []
        self.keys: list[str] = []
        self.places: dict[str, list[int]] = defaultdict(list)

    def add(self, lot: Acquired, time_zone: str) -> None:
        self.places[lot.key].append(len(self.keys))
        self.days.append(local_date(lot.acquired_us or 0, time_zone))
        self.keys.append(lot.key)

    def near(self, sold: date, own: str) -> tuple[tuple[str, ...], int]:
        """(the first lots around a date without a sale's own, how many there are)."""
        first = bisect_left(self.days, sold - WINDOW)
        past = bisect_right(self.days, sold + WINDOW)
        mine = self.places.get(own, [])
        count = past - first - (bisect_left(mine, past) - bisect_left(mine, first))
        return first_of((self.keys[place] for place in range(first, past)), own), count


def first_of(keys: Iterable[str], own: str) -> tuple[str, ...]:
    """The first few keys that are not one's own."""
    return tuple(islice((key for key in keys if key != own), LISTED))
