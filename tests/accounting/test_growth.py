"""One more fill costs the same on a long book as on a short one: counted in calls, not in time."""

import sys
from collections.abc import Callable
from decimal import Decimal
from types import FrameType

import pytest

from accounting.book import LotBook
from accounting.elections import Method
from accounting.entries import Trade
from accounting.pnl import Results, windows
from tests.accounting.ledger_of import KRAKEN, by_account

SHORT, LONG = 300, 4800


def fill(at_us: int, *, buys: bool, quantity: str) -> Trade:
    cost = Decimal(at_us * 7919 % 977 + 1)
    return Trade(f"T{at_us}", at_us, KRAKEN, "BTC", "USD", buys, Decimal(quantity), cost)


def calls_of(work: Callable[[], object]) -> int:
    """How many functions, ours and Python's own, are called while the work is done."""
    count = 0

    def told(_frame: FrameType, event: str, _what: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(told)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count


def cost_on(length: int, method: Method) -> int:
    """Calls for a purchase, two sales and the windows of P&L on a book of `length` lots."""
    book, results = LotBook(by_account(method=method)), Results()
    book.extend(fill(at_us, buys=True, quantity="1") for at_us in range(length))
    book.add(fill(length, buys=False, quantity="0.3"))
    results.follow(book)

    def more() -> None:
        for step, (buys, quantity) in enumerate(((True, "2"), (False, "0.4"), (False, "1.5")), 1):
            book.add(fill(length + step, buys=buys, quantity=quantity))
            results.follow(book)
            for window in windows(length + step):
                results.realised(window, "BTC")

    return calls_of(more)


@pytest.mark.parametrize("method", Method)
def test_one_more_fill_costs_the_same_on_a_book_sixteen_times_as_long(method: Method) -> None:
    """Goal 3: O(1), and for HIFO O(log n) inside one call of the heap."""
    short, long = cost_on(SHORT, method), cost_on(LONG, method)
    assert long <= short + 20
