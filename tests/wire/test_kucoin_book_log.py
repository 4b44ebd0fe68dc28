"""Numbered changes of a book: none is lost, none is told twice, whoever looks in between."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from domain.orders import Side
from tests.wire.kucoin.book_log import BookLog, Change
from venues.matching import OrderBook, Working

Acts = st.lists(
    st.tuples(st.sampled_from(["place", "cancel", "look", "drain"]), st.integers(1, 9)), max_size=40
)


def place(book: OrderBook, name: str, price: int, side: Side) -> None:
    one = Decimal(1)
    book.submit(Working(name, name, side, Decimal(price), one, one))


def applied(levels: dict[Decimal, Decimal], changes: list[Change]) -> None:
    for price, quantity, _ in changes:
        levels[price] = quantity
        if not quantity:
            del levels[price]


def test_nothing_is_told_when_nothing_changed() -> None:
    book, log = OrderBook("BTC/USDT"), BookLog()
    place(book, "a", 100, Side.BUY)
    log.catch_up(book)
    first = log.drain()
    log.catch_up(book)
    assert first is not None
    assert (first.start, first.end, first.bids) == (1001, 1001, [(Decimal(100), Decimal(1), 1001)])
    assert log.drain() is None


def test_a_level_that_left_is_told_with_quantity_zero() -> None:
    book, log = OrderBook("BTC/USDT"), BookLog()
    place(book, "a", 100, Side.SELL)
    log.catch_up(book)
    log.drain()
    book.cancel("a")
    log.catch_up(book)
    changes = log.drain()
    assert changes is not None
    assert [(price, quantity) for price, quantity, _ in changes.asks] == [
        (Decimal(100), Decimal(0))
    ]


@given(Acts)
def test_whoever_applies_every_change_has_the_book_as_it_is(acts: list[tuple[str, int]]) -> None:
    book, log, last = OrderBook("BTC/USDT"), BookLog(), 1000
    copy: tuple[dict[Decimal, Decimal], ...] = ({}, {})
    for n, (act, price) in enumerate([*acts, ("drain", 1)]):
        if act == "place":  # bids below 10, asks above: nothing trades
            side = Side.BUY if n % 2 else Side.SELL
            place(book, f"o{n}", price if side is Side.BUY else price + 10, side)
        elif act == "cancel":
            book.cancel(f"o{price}")
        elif act == "look":
            log.catch_up(book)
        else:
            log.catch_up(book)
            changes = log.drain()
            if changes is not None:
                assert changes.start == last + 1
                last = changes.end
                applied(copy[0], changes.bids)
                applied(copy[1], changes.asks)
    assert last == log.sequence
    assert tuple(dict(side) for side in book.depth(1000)) == copy
