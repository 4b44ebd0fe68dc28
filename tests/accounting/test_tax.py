"""Form 8949 with its boxes, the broker's form beside it, the wash flag, and harvesting."""

from decimal import Decimal

import pytest

from accounting.book import replay
from accounting.elections import Elections, Method, us_elections
from accounting.entries import Entry, Receipt, Spending
from accounting.form1099da import BrokerSale, compare, reported
from accounting.form8949 import Reported, box, form_8949
from accounting.form8949_csv import HEADER, table
from accounting.harvest import candidates, what_if
from accounting.holding import Term, long_from_us, term_at
from accounting.wash import wash_flags
from domain.text import as_cell
from tests.accounting.ledger_of import KRAKEN, D, buy, by_account, mark, on, sell, version

NEW_YORK = "America/New_York"
TRADES: list[Entry] = [
    buy("A", "2023-01-05", "1", "100.004"),
    buy("B", "2024-12-01", "1", "300"),
    sell("S", "2024-12-20", "0.5", "60.005"),
    sell("T", "2025-03-01", "1", "250"),
]


@pytest.mark.parametrize(
    ("year", "held", "told", "expected"),
    [
        (2024, Term.SHORT, Reported.NOT_AT_ALL, "C"),
        (2024, Term.LONG, Reported.WITH_BASIS, "F"),
        (2025, Term.SHORT, Reported.WITH_BASIS, "G"),
        (2025, Term.SHORT, Reported.WITHOUT_BASIS, "H"),
        (2025, Term.SHORT, Reported.NOT_AT_ALL, "I"),
        (2026, Term.LONG, Reported.WITH_BASIS, "J"),
        (2026, Term.LONG, Reported.WITHOUT_BASIS, "K"),
        (2026, Term.LONG, Reported.NOT_AT_ALL, "L"),
    ],
)
def test_the_box_follows_from_year_term_and_the_brokers_form(
    year: int, held: Term, told: Reported, expected: str
) -> None:
    """R-C10."""
    assert box(year, held, told) == expected


def test_a_year_has_its_own_sales_in_parts_and_boxes() -> None:
    form = form_8949(version(TRADES), 2025, time_zone=NEW_YORK, reported={"T": Reported.WITH_BASIS})
    assert [(row.part, row.box, row.description, row.acquired) for row in form.rows] == [
        ("I", "G", "0.5 BTC", "11/30/2024"),
        ("II", "J", "0.5 BTC", "01/04/2023"),
    ]
    assert [row.cells.h for row in form.rows] == [D("-25.00"), D("75.00")]
    assert form.incomplete == ()
    (before,) = form_8949(version(TRADES), 2024, time_zone=NEW_YORK).rows
    assert (before.box, before.sold, before.cells.d, before.cells.e) == (
        "F",
        "12/19/2024",
        D("60.01"),
        D("50.00"),
    )


def test_the_year_and_the_term_go_by_the_dates_of_the_tax_zone() -> None:
    late = sell("S", "2025-01-01", "1", "5")  # still 2024 in New York
    made = version([buy("A", "2024-01-01", "1", "1"), late])
    assert len(form_8949(made, 2024, time_zone=NEW_YORK).rows) == 1
    assert len(form_8949(made, 2025, time_zone="UTC").rows) == 1
    hour_us = 3_600_000_000
    bought, sold = on("2024-03-01") + 2 * hour_us, on("2025-03-01") + 6 * hour_us
    assert term_at(bought, sold, "UTC") is Term.SHORT
    assert term_at(bought, sold, NEW_YORK) is Term.LONG


@pytest.mark.parametrize("day", ["2024-02-28", "2024-02-29", "2024-03-10", "2024-12-31"])
@pytest.mark.parametrize("zone", ["UTC", NEW_YORK, "Pacific/Auckland"])
def test_a_sale_is_long_from_that_moment_on_and_short_before_it(day: str, zone: str) -> None:
    bought = on(day) + 7 * 3_600_000_000
    moment_us = long_from_us(bought, zone)
    assert term_at(bought, moment_us - 1, zone) is Term.SHORT
    assert term_at(bought, moment_us, zone) is Term.LONG


def test_whole_dollars_round_every_cell_and_derive_the_gain() -> None:
    form = form_8949(version(TRADES), 2024, time_zone="UTC", dollars=True)
    assert tuple(form.rows[0].cells) == (D(60), D(50), D(0), D(10))
    assert form.totals("II", "F").h == D(10)


def test_a_row_without_basis_stays_empty_and_is_listed() -> None:
    made = version([sell("S", "2025-02-01", "1", "70")])
    entries: list[Entry] = [Receipt("R", on("2024-01-01"), KRAKEN, "BTC", D(1))]
    unknown = version([*entries, sell("S", "2025-02-01", "1", "70")])
    for told, flag in ((made, "UNMATCHED"), (unknown, "BASIS_UNKNOWN")):
        form = form_8949(told, 2025, time_zone="UTC")
        (row,) = form.incomplete
        assert (row.part, row.box, row.acquired, row.cells.e, row.cells.h, row.flag) == (
            "",
            "",
            "not known",
            None,
            None,
            flag,
        )
        assert table(form)[1][6:10] == ("", "", "", "")
        assert len(table(form)) == 2


def test_a_sale_that_nobody_can_value_has_a_basis_and_no_proceeds() -> None:
    made = version(
        [buy("A", "2024-01-01", "1", "5"), sell("S", "2025-02-01", "1", "70", quote="XYZ")]
    )
    (row,) = form_8949(made, 2025, time_zone="UTC").incomplete
    assert (row.flag, row.part, row.cells.d, row.cells.e, row.cells.h) == (
        "UNVALUED",
        "II",
        None,
        D("5.00"),
        None,
    )


def test_totals_leave_out_what_is_not_complete_so_that_they_cross_foot() -> None:
    entries: list[Entry] = [
        buy("A", "2024-12-01", "2", "10"),
        sell("S", "2025-02-01", "1", "70"),
        sell("T", "2025-02-02", "1", "70", quote="XYZ"),
    ]
    form = form_8949(version(entries), 2025, time_zone="UTC")
    assert (len(form.rows), len(form.incomplete)) == (2, 1)
    assert tuple(form.totals("I", "I")) == (D(70), D(5), D(0), D(65))


def test_a_fee_in_kind_is_on_no_brokers_form() -> None:
    entries: list[Entry] = [
        buy("A", "2024-12-01", "2", "20"),
        sell("S", "2025-02-01", "1", "70", fee=D("0.1"), fee_asset="BTC"),
    ]
    form = form_8949(version(entries), 2025, time_zone="UTC", reported={"S": Reported.WITH_BASIS})
    assert [(row.description, row.box) for row in form.rows] == [("1 BTC", "G"), ("0.1 BTC", "I")]


def test_money_that_is_no_digital_asset_and_gifts_are_not_on_the_form() -> None:
    made = version(
        [
            buy("A", "2024-01-01", "10", "10", base="EUR"),
            sell("S", "2025-01-05", "10", "11", base="EUR"),
            buy("B", "2024-01-01", "1", "10"),
            Spending("G", on("2025-02-01"), KRAKEN, "BTC", D(1), None, "gift"),
        ]
    )
    form = form_8949(made, 2025, time_zone="UTC")
    assert (form.rows, form.left_out) == ((), 1)


def test_the_csv_has_the_columns_the_rows_and_totals_that_add_up() -> None:
    rows = table(form_8949(version(TRADES), 2025, time_zone="UTC"))
    assert rows[0] == HEADER
    assert rows[1][:10] == (
        "I",
        "I",
        "0.5 BTC",
        "12/01/2024",
        "03/01/2025",
        "125.00",
        "150.00",
        "",
        "",
        "-25.00",
    )
    assert [row[2] for row in rows[-2:]] == ["Totals", "Totals"]
    dollars = table(form_8949(version(TRADES), 2025, time_zone="UTC", dollars=True))
    assert dollars[1][5] == "125"


def test_a_name_that_a_spreadsheet_would_run_is_text() -> None:
    assert as_cell("=HYPERLINK(1)") == "'=HYPERLINK(1)"
    assert as_cell("-1 BTC") == "'-1 BTC"
    assert as_cell("kraken/main") == "kraken/main"
    rows = table(
        form_8949(
            version([sell("@S", "2025-02-01", "1", "1", account="+x/main")]), 2025, time_zone="UTC"
        )
    )
    assert rows[1][10:12] == ("'+x/main", "'@S#0")


# The broker's form


def told_sale(
    proceeds: str, *, gross: bool = False, basis: str = "", sold: str = "2025-03-01"
) -> BrokerSale:
    return BrokerSale(
        account=KRAKEN,
        asset="BTC",
        sold=sold,
        quantity=D(1),
        proceeds=D(proceeds),
        gross=gross,
        basis=D(basis) if basis else None,
    )


NET = [
    buy("A", "2024-01-05", "2", "200"),
    sell("T", "2025-03-01", "1", "250", fee=D(2), fee_asset="USD"),
]


@pytest.mark.parametrize(
    ("sale", "verdict"),
    [
        (told_sale("248"), "same"),
        (told_sale("250", gross=True), "same"),
        (told_sale("250"), "proceeds"),
        (told_sale("248", basis="100"), "same"),
        (told_sale("248", basis="90"), "basis"),
    ],
)
def test_proceeds_are_compared_on_the_brokers_own_footing(sale: BrokerSale, verdict: str) -> None:
    (row,) = compare(version(NET), [sale], time_zone="UTC", fees={"T": D(2)})
    assert row.verdict == verdict


def test_what_only_one_side_has_is_named() -> None:
    rows = compare(version(NET), [told_sale("1", sold="2025-07-01")], time_zone="UTC")
    assert [(row.sold, row.verdict) for row in rows] == [
        ("2025-03-01", "not on the form"),
        ("2025-07-01", "not in the ledger"),
    ]
    others = [
        *NET,
        buy("B", "2025-03-01", "1", "1", account="kucoin/main"),
        sell("V", "2024-03-01", "1", "1"),
    ]
    others.append(sell("U", "2025-03-01", "1", "1", account="kucoin/main"))
    covered = compare(version(others), [told_sale("248")], time_zone="UTC")
    assert [row.verdict for row in covered] == ["same"]
    twice = [told_sale("124"), told_sale("124")]
    assert [row.verdict for row in compare(version(NET), twice, time_zone="UTC")] == ["units"]
    bare = version([sell("T", "2025-03-01", "1", "9", quote="XYZ")])
    (row,) = compare(bare, [told_sale("9")], time_zone="UTC")
    assert (row.verdict, row.our_proceeds) == ("proceeds", None)


def test_what_the_broker_reported_decides_the_boxes() -> None:
    made = version(NET)
    assert reported(made, [told_sale("1", basis="1")], "UTC") == {"T": Reported.WITH_BASIS}
    assert reported(made, [told_sale("1")], "UTC") == {"T": Reported.WITHOUT_BASIS}
    assert reported(made, [told_sale("1", sold="2025-03-02")], "UTC") == {}
    both = [told_sale("1"), told_sale("1", basis="1")]
    for mixed in (both, both[::-1]):
        assert reported(made, mixed, "UTC") == {"T": Reported.WITHOUT_BASIS}


# Wash flag and harvesting


@pytest.mark.parametrize(
    ("day", "flagged"),
    [("2025-01-29", False), ("2025-01-30", True), ("2025-03-31", True), ("2025-04-01", False)],
)
def test_a_loss_is_flagged_when_the_asset_came_within_thirty_days(day: str, flagged: bool) -> None:
    entries: list[Entry] = [
        buy("A", "2024-01-01", "1", "100"),
        sell("S", "2025-03-01", "1", "60"),
        buy("B", day, "1", "61"),
        buy("E", "2025-03-02", "1", "61", base="ETH"),
    ]
    flags = wash_flags(version(entries), "UTC")
    assert [(flag.loss, flag.replacements, flag.in_all) for flag in flags] == (
        [(D(40), ("B",), 1)] if flagged else []
    )


def test_of_many_purchases_the_first_are_named_and_all_are_counted() -> None:
    entries = [
        buy("A", "2025-02-20", "1", "100"),
        sell("S", "2025-03-01", "1", "60"),
        *(buy(f"B{number}", "2025-03-02", "1", "61") for number in range(9)),
    ]
    made = version(entries)
    (flag,) = wash_flags(made, "UTC")
    assert (flag.replacements, flag.in_all) == (("B0", "B1", "B2", "B3", "B4"), 9)
    under = candidates(made.open, {"BTC": mark("BTC", "1")}, on("2025-03-10"), "UTC")
    assert {(len(one.recent), one.recent_count) for one in under} == {(5, 8)}
    assert all(one.lot.key not in one.recent for one in under)


def test_a_gain_is_never_flagged() -> None:
    entries = [buy("A", "2024-01-01", "1", "1"), sell("S", "2025-03-01", "1", "60")]
    assert wash_flags(version([*entries, buy("B", "2025-03-02", "1", "61")]), "UTC") == []


HELD = [
    buy("A", "2024-01-05", "1", "300"),
    buy("B", "2025-02-20", "2", "500"),
    buy("C", "2024-06-01", "1", "50"),
    buy("E", "2024-06-01", "1", "50", base="ETH"),
]
NOW = on("2025-03-01")


def test_lots_under_water_are_listed_the_largest_loss_first() -> None:
    """R-C12."""
    lots = version(HELD).open
    marks = {"BTC": mark("BTC", "200", at_us=7)}
    found = candidates(lots, marks, NOW, "UTC")
    assert [(one.lot.key, one.loss, one.held, one.long_in_days) for one in found] == [
        ("A", D(100), Term.LONG, 0),
        ("B", D(100), Term.SHORT, 357),
    ]
    assert [one.recent for one in found] == [("B",), ()]
    assert found[0].price_at_us == 7
    assert candidates(lots, marks, NOW, "UTC", D(100)) == []


def test_a_what_if_takes_as_the_book_would_and_changes_nothing() -> None:
    lots = version(HELD).open
    for method, gains in ((Method.FIFO, (D(0), D(-100))), (Method.HIFO, (D(-50), D(-100)))):
        elections = by_account(method=method)
        quantity = D(1) if method is Method.FIFO else D(2)
        told = what_if(
            lots,
            elections,
            asset="BTC",
            account=KRAKEN,
            quantity=quantity,
            price=D(200),
            now_us=NOW,
        )
        assert (told.short, told.long, told.unknown) == (*gains, D(0))
        assert told.gain == sum(gains)
        book = replay(
            [*HELD, sell("S", "2025-03-01", str(quantity), str(200 * quantity))], elections
        )
        assert [take.quantity for take in book.disposals[0].takes] == [
            row.quantity for row in told.slices
        ]
    assert version(HELD).open == lots


def test_a_what_if_beyond_what_is_held_says_how_much_is_unknown() -> None:
    lots = version(HELD, Elections(us_elections())).open
    told = what_if(
        lots,
        Elections(us_elections()),
        asset="ETH",
        account=KRAKEN,
        quantity=D(3),
        price=D(40),
        now_us=NOW,
        fee=D(3),
    )
    assert (told.unknown, told.gain) == (D(2), Decimal(-11))
