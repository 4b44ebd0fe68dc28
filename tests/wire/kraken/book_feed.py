"""One subscription to a book: a snapshot, then what changed, each with a checksum.

The one rule: the client's copy, cut to the depth it asked for, equals ours after every frame.
"""

from decimal import Decimal

from domain.money import ZERO
from tests.wire.encode import stamp
from tests.wire.kraken.assets import Listing
from tests.wire.kraken.frames import Levels, Row, checksum, frame, level_rows
from venues.matching import OrderBook

DEPTHS = (10, 25, 100, 500, 1000)
EVERY_LEVEL = 100_000


class BookFeed:
    """The levels that a client has been told, and how they differ from the book now."""

    def __init__(self, listing: Listing, depth: int) -> None:
        self._listing = listing
        self._depth = depth
        self._told: tuple[Levels, Levels] = ([], [])

    def snapshot(self, book: OrderBook, at_us: int) -> Row:
        """Every level down to the depth."""
        self._told = self._levels(book)
        return self._frame("snapshot", self._told, at_us)

    def update(self, book: OrderBook, at_us: int) -> Row | None:
        """What changed since the last frame; None when nothing did."""
        now = self._levels(book)
        every = book.depth(EVERY_LEVEL)
        bids, asks = (_difference(*sides) for sides in zip(self._told, now, every, strict=True))
        if not bids and not asks:
            return None
        self._told = now
        return self._frame("update", (bids, asks), at_us)

    def _levels(self, book: OrderBook) -> tuple[Levels, Levels]:
        bids, asks = book.depth(self._depth)
        return bids, asks

    def _frame(self, kind: str, levels: tuple[Levels, Levels], at_us: int) -> Row:
        row: Row = {
            "symbol": self._listing.symbol,
            "bids": level_rows(levels[0], self._listing),
            "asks": level_rows(levels[1], self._listing),
            "checksum": checksum(*self._told, self._listing),
            "timestamp": stamp(at_us),
        }
        return frame("book", kind, [row])


def _difference(old: Levels, new: Levels, every: Levels) -> Levels:
    """Levels that are new or changed, then those that left the book, with quantity zero.

    A level that was only pushed below the depth is not mentioned: the client cuts it off.
    """
    before, after, resting = dict(old), dict(new), {price for price, _ in every}
    changed = [(price, quantity) for price, quantity in new if before.get(price) != quantity]
    gone: list[tuple[Decimal, Decimal]] = [
        (price, ZERO) for price, _ in old if price not in after and price not in resting
    ]
    return changed + gone
