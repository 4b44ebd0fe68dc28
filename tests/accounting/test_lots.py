"""Lots under the rules that the stories do not reach: ends, ages, elections, problems."""

from decimal import Decimal

import pytest

from accounting.book import Late, LotBook, replay
from accounting.elections import (
    Assignment,
    Election,
    Elections,
    Method,
    Reallocation,
    Scope,
    us_elections,
)
from accounting.entries import (
    Arrival,
    Basis,
    Departure,
    Entry,
    Income,
    Problem,
    Receipt,
    Spending,
)
from accounting.lots import share
from accounting.validation import validate
from tests.accounting.ledger_of import COINBASE, KRAKEN, D, buy, by_account, on, sell, version


def test_a_part_is_rounded_and_the_whole_is_not() -> None:
    assert share(D(10), D(1), D(3)) == D("3.33333333")
    assert share(D("0.123456789123"), D(1), D(1)) == D("0.123456789123")
    assert share(D("0.00000001"), D(1), D(2)) == D(0)
    assert share(D("0.00000003"), D(1), D(2)) == D("0.00000002")


@pytest.mark.parametrize("method", Method)
def test_hundreds_of_lots_are_used_up_to_the_last_one(method: Method) -> None:
    buys = [buy(f"B{n}", "2024-01-01", "1", str(n % 7 + 1)) for n in range(300)]
    sells = [sell(f"S{n}", "2024-02-01", "1.5", "9") for n in range(200)]
    made = version([*buys, *sells], by_account(method=method))
    assert validate(made) == []
    assert made.open == ()
    assert made.unmatched == ()
    assert made.realised == 200 * 9 - sum(n % 7 + 1 for n in range(300))


def test_hifo_goes_on_right_after_lots_were_forgotten_and_others_came() -> None:
    entries = [buy(f"B{n:03}", "2024-01-01", "1", str(n)) for n in range(200)]
    entries += [sell(f"S{n:03}", "2024-02-01", "1", "0") for n in range(150)]
    entries += [buy("late", "2024-03-01", "1", "1000"), sell("last", "2024-03-02", "2", "0")]
    made = version(entries, by_account(method=Method.HIFO))
    assert [row.lot for row in made.slices[-2:]] == ["late", "B049"]
    assert len(made.open) == 49


def test_a_lot_of_unknown_basis_is_the_last_that_hifo_takes() -> None:
    entries: list[Entry] = [
        Receipt("R", on("2024-01-01"), KRAKEN, "BTC", D(1)),
        buy("B", "2024-01-02", "1", "0.01"),
        sell("S", "2024-01-03", "2", "10"),
    ]
    made = version(entries, by_account(method=Method.HIFO))
    assert [(row.lot, row.flag) for row in made.slices] == [("B", ""), ("R", "BASIS_UNKNOWN")]
    assert made.realised == D("4.99")


def test_a_lot_that_another_method_used_up_is_passed_over() -> None:
    elections = by_account(method=Method.HIFO).elections
    later = Election(effective_us=on("2024-02-02"), method=Method.LIFO)
    made = version(
        [
            buy("A", "2024-01-01", "1", "1"),
            buy("B", "2024-01-02", "1", "9"),
            sell("S", "2024-02-01", "1", "5"),
            sell("T", "2024-02-03", "1", "5"),
        ],
        Elections([*elections, later]),
    )
    assert [(row.key, row.lot) for row in made.slices] == [("S", "B"), ("T", "A")]


def test_the_end_of_an_average_leaves_each_lot_its_share() -> None:
    elections = Elections(
        [
            Election(effective_us=0, scope=Scope.ACCOUNT, method=Method.AVERAGE),
            Election(effective_us=on("2024-03-01"), method=Method.FIFO),
        ]
    )
    made = version(
        [
            buy("A", "2024-01-01", "1", "10"),
            buy("B", "2024-01-02", "2", "50"),
            sell("S", "2024-02-01", "1.5", "60"),
            sell("T", "2024-03-02", "0.5", "20"),
        ],
        elections,
    )
    assert [(row.key, row.basis) for row in made.slices if row.key == "T"] == [("T", D(10))]
    assert [(left.key, left.quantity, left.basis) for left in made.open] == [("B", D(1), D(20))]
    assert validate(made) == []


def test_an_average_leaves_out_the_units_whose_basis_is_not_known() -> None:
    made = version(
        [
            Receipt("R", on("2024-01-01"), KRAKEN, "BTC", D(1)),
            buy("A", "2024-01-02", "1", "10"),
            buy("B", "2024-01-03", "1", "20"),
            sell("S", "2024-02-01", "2", "60"),
        ],
        by_account(method=Method.AVERAGE),
    )
    assert [(row.basis, row.flag) for row in made.slices] == [(None, "BASIS_UNKNOWN"), (D(15), "")]
    assert made.open[0].basis == D(15)


def test_fifo_goes_by_the_day_of_acquisition_and_not_of_arrival() -> None:
    entries: list[Entry] = [
        buy("old", "2023-01-01", "1", "10", account=COINBASE),
        buy("new", "2023-06-01", "1", "20"),
        Departure("M", on("2024-01-01"), COINBASE, "BTC", D(1)),
        Arrival("M-in", on("2024-01-02"), KRAKEN, "BTC", D(1), "M"),
        sell("S", "2024-02-01", "1", "100"),
    ]
    assert [row.lot for row in version(entries).slices] == ["old"]


def test_what_is_on_its_way_is_shown_and_cannot_be_sold() -> None:
    entries: list[Entry] = [
        buy("A", "2024-01-01", "1", "10"),
        Departure("M", on("2024-01-02"), KRAKEN, "BTC", D(1)),
        sell("S", "2024-01-03", "1", "100"),
    ]
    made = version(entries)
    assert [left.account for left in made.open] == ["in transit:M"]
    assert [row.flag for row in made.slices] == ["UNMATCHED"]


def test_units_that_arrive_beyond_what_was_sent_have_no_basis() -> None:
    entries: list[Entry] = [
        buy("A", "2024-01-01", "1", "10"),
        Departure("M", on("2024-01-02"), KRAKEN, "BTC", D(1)),
        Arrival("N", on("2024-01-03"), COINBASE, "BTC", D("1.5"), "M"),
        Arrival("O", on("2024-01-04"), COINBASE, "BTC", D(2), "nobody"),
    ]
    made = version(entries)
    told = [(left.key, left.quantity, left.basis) for left in made.open]
    assert told == [("A", D(1), D(10)), ("N", D("0.5"), None), ("O", D(2), None)]
    assert validate(made) == []


def test_a_fee_that_no_lot_pays_is_listed_as_unmatched() -> None:
    entries: list[Entry] = [
        buy("A", "2024-01-01", "1", "10"),
        Departure("M", on("2024-01-02"), KRAKEN, "BTC", D(1), D("0.1"), D(2)),
    ]
    made = version(entries)
    assert [(row.kind, row.flag, row.proceeds) for row in made.slices] == [
        ("network fee", "UNMATCHED", D(2))
    ]
    assert validate(made) == []


def test_a_gift_ends_lots_without_a_gain() -> None:
    entries: list[Entry] = [
        buy("A", "2024-01-01", "1", "10"),
        Spending("G", on("2024-01-02"), KRAKEN, "BTC", D(1), D(500), "gift"),
    ]
    made = version(entries)
    (row,) = made.slices
    assert (row.gain, row.basis, row.flag, made.realised) == (None, D(10), "", D(0))


def test_the_switch_to_accounts_gives_each_what_it_holds_oldest_first() -> None:
    """R-A3: universal lots become lots of accounts at the first midnight of 2025."""
    entries: list[Entry] = [
        buy("A", "2023-01-01", "1", "10", account=KRAKEN),
        buy("B", "2023-02-01", "2", "40", account=COINBASE),
        sell("S", "2023-03-01", "1", "30", account=COINBASE),
        sell("T", "2025-02-01", "1", "50", account=KRAKEN),
    ]
    made = version(entries, Elections(us_elections()))
    # S took A, the oldest anywhere; so Kraken's unit is one of B's.
    assert [(row.key, row.lot) for row in made.slices] == [("S", "A"), ("T", "B")]
    assert [(left.account, left.quantity) for left in made.open] == [(COINBASE, D(1))]
    assert validate(made) == []


def test_named_parts_go_where_they_are_assigned_before_the_rest_is_placed() -> None:
    how = Reallocation(
        assigned=(Assignment(lot="B", asset="BTC", account=KRAKEN, quantity=D("0.5")),),
        accounts=(COINBASE, KRAKEN),
    )
    elections = Elections(
        [
            Election(effective_us=0, method=Method.AVERAGE),
            Election(effective_us=on("2025-01-01"), scope=Scope.ACCOUNT, reallocation=how),
        ]
    )
    entries: list[Entry] = [
        buy("A", "2023-01-01", "1", "10", account=KRAKEN),
        buy("B", "2023-02-01", "2", "50", account=COINBASE),
        sell("S", "2023-03-01", "1.5", "30", account=COINBASE),
    ]
    book = replay(entries, elections)
    book.until(on("2025-01-01"))
    told = [(left.account, left.key, left.quantity, left.basis) for left in book.open_lots()]
    assert told == [
        (COINBASE, "B", D("0.5"), D(10)),
        (KRAKEN, "B", D("0.5"), D(10)),
        (KRAKEN, "B", D("0.5"), D(10)),
    ]


def test_what_no_account_holds_is_shown_as_unplaced() -> None:
    how = Reallocation(holdings={"BTC": {KRAKEN: D("0.25")}})
    elections = Elections(
        [Election(effective_us=on("2025-01-01"), scope=Scope.ACCOUNT, reallocation=how)]
    )
    book = replay([buy("A", "2023-01-01", "1", "10")], elections)
    book.until(on("2024-12-31"))
    assert len(book.open_lots()) == 1
    book.until(on("2025-01-01"))
    told = [(left.account, left.quantity, left.basis) for left in book.open_lots()]
    assert told == [(KRAKEN, D("0.25"), D("2.5")), ("unplaced", D("0.75"), D("7.5"))]


def test_an_entry_that_comes_late_is_refused_and_a_replay_takes_it() -> None:
    """R-B6: a backfill makes another version, it never bends the one that is there."""
    late = buy("A", "2024-01-01", "1", "10")
    book = LotBook(by_account())
    book.add(sell("S", "2024-02-01", "1", "30"))
    assert not book.follows(late)
    with pytest.raises(Late, match="replay"):
        book.add(late)
    assert version([sell("S", "2024-02-01", "1", "30"), late]).realised == D(20)


@pytest.mark.parametrize(
    ("entry", "what"),
    [
        (buy("X", "2024-01-01", "-1", "10"), "a quantity of -1 is not above zero"),
        (buy("X", "2024-01-01", "1", "-10"), "a cost of -10 is below zero"),
        (sell("X", "2024-01-01", "1", "1", quote="BTC"), "BTC is traded for itself"),
        (buy("X", "2024-01-01", "1", "1e41"), "an amount is beyond 10^40"),
        (buy("X", "2024-01-01", "1", "1", quote="ETH", value=D("1e41")), "an amount is beyond"),
        (Income("X", on("2024-01-01"), KRAKEN, "BTC", D(1), D("1e41")), "an amount is beyond"),
        (
            buy("X", "2024-01-01", "1", "10", fee=D(1), fee_asset="BTC"),
            "a fee of 1 is not less than the 1 that was bought",
        ),
        (
            Departure("X", on("2024-01-01"), KRAKEN, "BTC", D(1), D(-1)),
            "a transfer fee of -1 is below zero",
        ),
        (Income("X", on("2024-01-01"), KRAKEN, "BTC", D(0), D(1)), "a quantity of 0 is not above"),
    ],
)
def test_an_entry_that_cannot_be_taken_is_a_problem_with_its_key(entry: object, what: str) -> None:
    book = LotBook(by_account())
    book.add(entry)  # type: ignore[arg-type]
    ((key, _, told),) = book.problems
    assert key == "X"
    assert told.startswith(what)
    assert book.open_lots() == []


@pytest.mark.parametrize(
    ("basis", "what"),
    [
        (Basis(D(2), D(1), 0), "basis is supplied for 2, and only 1 came"),
        (Basis(D(1), D(-1), 0), "a supplied basis has a quantity or a value below zero"),
        (Basis(D(1), D("1e41"), 0), "an amount is beyond 10^40"),
        (Basis(D(1), D(1), 2**60), "a supplied basis is of a day after the units came"),
    ],
)
def test_a_basis_that_cannot_be_is_told_and_the_units_stand_without_one(
    basis: Basis, what: str
) -> None:
    book = LotBook(by_account())
    book.add(Receipt("X", on("2024-01-01"), KRAKEN, "BTC", D(1), (basis,)))
    assert [problem.what for problem in book.problems] == [what]
    assert [(left.quantity, left.basis) for left in book.open_lots()] == [(D(1), None)]


def test_a_fee_without_a_currency_is_told_and_the_trade_is_taken() -> None:
    book = LotBook(by_account())
    trade = buy("X", "2024-01-01", "1", "10", fee=D(1), fee_asset="")
    book.add(trade)
    assert book.problems == [Problem("X", trade.at_us, "a fee of 1 names no asset; it is left out")]
    assert book.open_lots()[0].basis == D(10)


def test_cash_makes_no_lots() -> None:
    book = LotBook(by_account())
    book.add(Receipt("R", 0, KRAKEN, "USD", D(1000)))
    assert book.open_lots() == []
    assert book.problems == []


def test_the_largest_amounts_are_split_without_an_error() -> None:
    entries: list[Entry] = [
        buy("A", "2024-01-01", "3", "1e40", fee=D("1e40"), fee_asset="USD"),
        sell("S", "2024-01-02", "1", "1e40"),
    ]
    made = version(entries)
    assert validate(made) == []
    assert made.slices[0].basis == D("6666666666666666666666666666666666666666.66666667")


def test_quantities_stay_exact_whatever_their_length() -> None:
    small = "0." + "0" * 39 + "1"
    made = version(
        [
            buy("A", "2024-01-01", "1" + "0" * 38, "10"),
            sell("S", "2024-02-01", small, "1"),
        ]
    )
    (left,) = made.open
    assert left.quantity == Decimal("9" * 38 + "." + "9" * 40)
    assert validate(made) == []
