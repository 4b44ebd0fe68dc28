"""Numbered changes of one book, as KuCoin's level-2 feed and snapshots count them.

The one rule: whoever applies every change after a snapshot's number has the book as it is.
"""

from dataclasses import dataclass, field
from decimal import Decimal

from domain.money import ZERO
from venues.matching import OrderBook

EVERY_LEVEL = 100_000
Change = tuple[Decimal, Decimal, int]  # price, quantity (zero: gone), number


@dataclass(frozen=True, slots=True)
class Changes:
    """Changes with the numbers `start` to `end`, by side."""

    start: int
    end: int
    bids: list[Change]
    asks: list[Change]


@dataclass(slots=True)
class BookLog:
    """The levels as last counted; `sequence` is the number of the newest change."""

    sequence: int = 1000
    _told: int = 1000
    _levels: tuple[dict[Decimal, Decimal], ...] = field(default_factory=lambda: ({}, {}))
    _untold: tuple[list[Change], ...] = field(default_factory=lambda: ([], []))

    def catch_up(self, book: OrderBook) -> None:
        """Count what changed since the last time."""
        now = tuple(dict(side) for side in book.depth(EVERY_LEVEL))
        for before, after, untold in zip(self._levels, now, self._untold, strict=True):
            for price in [*after, *(p for p in before if p not in after)]:
                quantity = after.get(price, ZERO)
                if before.get(price, ZERO) != quantity:
                    self.sequence += 1
                    untold.append((price, quantity, self.sequence))
        self._levels = now

    def drain(self) -> Changes | None:
        """What was counted and not told yet; None when there is nothing."""
        if self._told == self.sequence:
            return None
        bids, asks = self._untold
        changes = Changes(self._told + 1, self.sequence, bids, asks)
        self._told, self._untold = self.sequence, ([], [])
        return changes
