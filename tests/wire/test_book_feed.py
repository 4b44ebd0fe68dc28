"""One book subscription: what is told, and what the client must cut off by itself."""

from decimal import Decimal
from typing import Any

from domain.orders import Side
from tests.wire.kraken.assets import LISTINGS
from tests.wire.kraken.book_feed import BookFeed
from venues.matching import OrderBook, Working

LISTING = LISTINGS["BTC/USD"]


def bid(book: OrderBook, name: str, price: int) -> None:
    one = Decimal(1)
    book.submit(Working(name, name, Side.BUY, Decimal(price), one, one))


def told(row: Any) -> list[tuple[int, int]]:
    return [(int(level["price"]), int(level["qty"])) for level in row["data"][0]["bids"]]


def a_book_of(levels: int) -> OrderBook:
    book = OrderBook("BTC/USD")
    for n in range(levels):
        bid(book, f"b{n}", 100 - n)
    return book


def test_nothing_is_told_when_nothing_changed() -> None:
    book, feed = a_book_of(3), BookFeed(LISTING, 10)
    assert told(feed.snapshot(book, 1)) == [(100, 1), (99, 1), (98, 1)]
    assert feed.update(book, 2) is None


def test_a_level_pushed_below_the_depth_is_not_mentioned_and_told_when_it_returns() -> None:
    book, feed = a_book_of(10), BookFeed(LISTING, 10)
    feed.snapshot(book, 1)
    bid(book, "better", 101)  # 91 is the eleventh now
    assert told(feed.update(book, 2)) == [(101, 1)]
    book.cancel("better")
    assert told(feed.update(book, 3)) == [(91, 1), (101, 0)]


def test_a_level_that_left_the_book_is_told_with_quantity_zero() -> None:
    book, feed = a_book_of(3), BookFeed(LISTING, 10)
    feed.snapshot(book, 1)
    book.cancel("b1")
    assert told(feed.update(book, 2)) == [(99, 0)]
