"""Double entry: a set of postings is booked whole and balanced, or not at all."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.money import ZERO
from tests.wire.book_keeping import HOUSE, OUTSIDE, Books, Overdrawn, Posting

AMOUNTS = st.integers(-1000, 1000).map(Decimal)
FEES = st.integers(0, 20).map(Decimal)
MOVES = st.lists(st.tuples(st.sampled_from("ab"), AMOUNTS, FEES), max_size=30)


def test_postings_that_do_not_sum_to_zero_are_not_booked() -> None:
    books = Books(lambda: "L")
    with pytest.raises(ValueError, match="sum to zero"):
        books.post("trade", 1, [Posting("ada", "BTC", Decimal(1), "r")])
    assert books.assets() == set()


def test_the_fee_goes_to_the_house_and_the_entry_tells_the_balance_it_left() -> None:
    books = Books(lambda: "L")
    postings = [
        Posting("ada", "BTC", Decimal(5), "r", Decimal(1)),
        Posting(OUTSIDE, "BTC", Decimal(-5), "r"),
    ]
    entry, _ = books.post("deposit", 7, postings)
    assert (entry.balance, entry.fee, entry.at_us) == (Decimal(4), Decimal(1), 7)
    assert books.balance(HOUSE, "BTC") == Decimal(1)


@given(MOVES)
def test_whatever_is_booked_nobody_is_overdrawn_and_all_sums_are_zero(
    moves: list[tuple[str, Decimal, Decimal]],
) -> None:
    books = Books(lambda: "L")
    for owner, amount, fee in moves:
        before = books.balances(owner)
        mine, theirs = (
            Posting(owner, "BTC", amount, "r", fee),
            Posting(OUTSIDE, "BTC", -amount, "r"),
        )
        try:
            books.post("transfer", 1, [mine, theirs])
        except Overdrawn:
            assert books.balances(owner) == before
        assert books.total("BTC") == ZERO
        assert books.balance(owner, "BTC") >= 0
        own = [e for e in books.entries if e.owner == owner]
        assert books.balance(owner, "BTC") == sum((e.amount - e.fee for e in own), ZERO)
