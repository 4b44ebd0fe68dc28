"""`quarterdeck tax` on ledgers that are written fact by fact: no engine, no network."""

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from cli.commands.ledger_reading import facts_in
from cli.commands.tax_year import rows_to
from domain.bookings import FillReversed, OpeningBalance
from domain.elections import AllocationMade, BasisSupplied, LotsElected, TaxYearFiled
from domain.snapshots import PricesMarked
from engine.livebook import HEARD
from engine.versions import digest_of, of_rows
from tests.cli.kept_ledger import COINBASE, KRAKEN, Kept, buy, kept, moved, on, sell
from tests.cli.typed import Run

__all__ = ["kept"]
GOLDEN = Path(__file__).with_name("form_8949_2025.csv")
PER_ACCOUNT = LotsElected(
    at_us=on("2024-12-20"), actor="me", effective_us=on("2025-01-01", 5), scope="per account"
)
STORY = (
    buy("1", "2023-03-01", "1", "10000.005", fee="10"),
    buy("2", "2024-11-01", "2", "30000", fee="12.345678"),
    sell("3", "2024-12-01", "0.25", "40000", fee="5"),
    PER_ACCOUNT,
    buy("4", "2025-02-01", "0.5", "60000", fee="0.001", fee_asset="BTC"),
    sell("5", "2025-02-14", "1.5", "50000.5", fee="37.5"),
    buy("6", "2025-02-20", "0.3", "45000", account=COINBASE, fee="1"),
    sell("7", "2025-03-03", "0.1", "44000", account=COINBASE, fee="1"),
    buy(
        "8", "2025-04-01", "2", "0.05", symbol="ETH/BTC", fee="0.0001", fee_asset="BTC", rate="5e4"
    ),
)


def answer(run: Run, *words: str, status: int = 0) -> Any:
    left, told = run("tax", *words, "--json")
    assert left == status, told
    return json.loads(told)


def test_the_form_of_a_year_is_this_file_to_the_last_byte(kept: Kept, run: Run) -> None:
    """R-C10; each figure was computed by hand from the rules of accounting.md."""
    kept.append(*STORY)
    status, told = run("tax", "--year", "2025", "--output", "f.csv")
    assert status == 0, told
    assert Path("f.csv").read_bytes() == GOLDEN.read_bytes()
    assert oct(Path("f.csv").stat().st_mode)[-3:] == "600"
    assert "Form 8949, 2025: 4 rows in cents, lots by FIFO, per account, dates in UTC" in told
    assert "1 loss with purchases of the asset within 30 days: information, no rule" in told


def test_the_same_document_for_a_program_names_the_row_it_was_made_of(kept: Kept, run: Run) -> None:
    kept.append(*STORY)
    document = answer(run, "--year", "2025")
    assert (document["upto_seq"], document["head"]) == kept.head
    assert (document["complete"], document["allocation"], document["filed"]) == (True, 0, False)
    assert document["totals"] == [
        {"part": "I", "box": "I", "rows": 3}
        | {"d": "46885.63", "e": "30008.58", "g": "0", "h": "16877.05"},
        {"part": "II", "box": "L", "rows": 1}
        | {"d": "37481.63", "e": "7507.5", "g": "0", "h": "29974.13"},
    ]
    flagged = [row for row in document["rows"] if row["wash"]]
    assert [(row["h"], row["wash"]) for row in flagged] == [
        ("-101.33", ["kraken:main:BTC/USD:4"])
    ], "a wash flag is information: the loss stays whole"


def test_of_many_purchases_near_a_loss_the_first_are_named_and_all_counted(
    kept: Kept, run: Run
) -> None:
    kept.append(
        buy("A", "2025-01-01", "1", "100"),
        sell("S", "2025-02-01", "1", "60"),
        *(buy(f"B{number}", "2025-02-02", "1", "61") for number in range(7)),
    )
    assert answer(run, "--year", "2025")["rows"][0]["wash_count"] == 7
    run("tax", "--year", "2025", "--output", "f.csv")
    line = Path("f.csv").read_text(encoding="utf-8").splitlines()[1]
    assert line.endswith("kraken:main:BTC/USD:B4 and 2 more")


def test_before_2025_the_boxes_are_c_and_f_and_dollars_round_each_cell(
    kept: Kept, run: Run
) -> None:
    kept.append(*STORY)
    (row,) = answer(run, "--year", "2024", "--dollars")["rows"]
    assert (row["part"], row["box"], row["d"], row["e"], row["h"]) == (
        *("II", "F", "9995"),
        *("2503", "7492"),
    )
    status, told = run("tax", "--year", "2024", "--dollars", "--output", "d.csv")
    assert (status, "in whole dollars" in told, ".00" in told) == (0, True, False)
    assert ",9995,2503,,,7492," in Path("d.csv").read_text(encoding="utf-8")


def test_a_file_that_is_there_is_not_written_over(kept: Kept, run: Run) -> None:
    kept.append(*STORY)
    Path("f.csv").write_text("mine", encoding="utf-8")
    status, told = run("tax", "--year", "2025", "--output", "f.csv")
    assert (status, "is there already; name a new file" in told) == (64, True)
    assert Path("f.csv").read_text(encoding="utf-8") == "mine"
    assert run("tax", "--year", "2025", "--output", "no/such/f.csv")[0] == 69


@pytest.mark.parametrize(
    ("words", "status", "told"),
    [
        ((), 64, "say which year: quarterdeck tax --year 2025"),
        (("--year", "25"), 64, "25 is no year"),
        (("--year", "next"), 64, "invalid int value"),
        (("--year", "2025", "--allocation", "3"), 77, "there is no version 3"),
        (("harvest", "--asset", "XYZ"), 64, "--asset: XYZ has no open lot; these have: BTC, ETH"),
        (("harvest", "--account", "x/y"), 64, "--account: x/y has no open lot"),
        (("harvest", "--price", "BTC"), 64, "write it like BTC=61000"),
        (("harvest", "--price", "BTC=-1"), 64, "-1 is not above zero"),
        (("harvest", "--price", "XYZ=1"), 64, "--price: XYZ has no open lot"),
        (("harvest", "--quantity", "1"), 64, "--quantity: of which asset? add --asset BTC"),
        (("harvest", "--asset", "BTC", "--quantity", "1"), 64, "--account coinbase/main or kraken"),
    ],
)
def test_a_mistake_is_answered_with_what_to_write(
    kept: Kept, run: Run, words: tuple[str, ...], status: int, told: str
) -> None:
    kept.append(*STORY)
    left, said = run("tax", *words)
    assert (left, told in said) == (status, True), said


def test_without_a_ledger_there_is_no_form(run: Run) -> None:
    status, told = run("tax", "--year", "2025")
    assert (status, "there is none yet" in told) == (69, True)


def test_a_book_that_counts_in_another_money_has_no_us_form(kept: Kept, run: Run) -> None:
    Path("eur.yaml").write_text("version: 1\nbase_currency: EUR\n", encoding="utf-8")
    status, told = run("tax", "--year", "2025", "--config", "eur.yaml")
    assert (status, "the forms are in USD" in told) == (64, True)


# Bad input: each has an outcome, and nothing is lost


def opening(quantity: str) -> OpeningBalance:
    return OpeningBalance(
        at_us=on("2024-01-01"), actor="test", account=KRAKEN, assets={"BTC": Decimal(quantity)}
    )


def test_unknown_basis_is_incomplete_and_named_and_never_zero(kept: Kept, run: Run) -> None:
    kept.append(opening("1"), sell("S", "2025-02-01", "0.5", "70000"))
    status, told = run("tax", "--year", "2025", "--output", "f.csv")
    assert status == 3, told
    assert "INCOMPLETE: 1 of 1 row, not in the totals" in told
    assert "0.5 BTC sold 02/01/2025" in told
    assert "BASIS_UNKNOWN, nobody said what it cost" in told
    (line,) = Path("f.csv").read_text(encoding="utf-8").splitlines()[1:]
    assert line.startswith(",,0.5 BTC,not known,02/01/2025,35000.00,,,,,kraken/main,")
    assert "BASIS_UNKNOWN" in line
    kept.append(
        BasisSupplied(
            at_us=on("2026-01-05"),
            actor="me",
            reference="opening:kraken/main:BTC",
            value=Decimal(9000),
            acquired_us=on("2020-05-05"),
        )
    )
    document = answer(run, "--year", "2025")
    assert (document["complete"], document["rows"][0]["h"]) == (True, "30500")


def test_a_sale_before_every_purchase_is_unmatched_and_named(kept: Kept, run: Run) -> None:
    kept.append(sell("S", "2025-02-01", "0.5", "70000"), buy("B", "2025-03-01", "1", "1"))
    document = answer(run, "--year", "2025", status=3)
    assert [row["flag"] for row in document["rows"]] == ["UNMATCHED"]
    assert "no purchase covers it: import" in document["incomplete"][0]["why"]
    assert document["totals"] == []


def test_a_missing_price_leaves_the_cell_empty(kept: Kept, run: Run) -> None:
    kept.append(
        buy("B", "2025-01-02", "1", "100"),
        sell("S", "2025-02-01", "1", "3", symbol="BTC/WIF"),
    )
    document = answer(run, "--year", "2025", status=3)
    (row,) = document["rows"]
    assert (row["d"], row["e"], row["h"], row["flag"]) == (None, "100", None, "UNVALUED")
    assert "no price values it" in document["incomplete"][0]["why"]


def test_an_unknown_asset_is_an_asset_like_any_other(kept: Kept, run: Run) -> None:
    kept.append(
        buy("B", "2025-01-02", "3", "5", symbol="1000=X/USD"),
        sell("S", "2025-02-01", "3", "7", symbol="1000=X/USD"),
    )
    (row,) = answer(run, "--year", "2025")["rows"]
    assert (row["a"], row["h"]) == ("3 1000=X", "6")


def test_a_fee_without_a_currency_is_named_and_the_form_is_not_complete(
    kept: Kept, run: Run
) -> None:
    kept.append(
        buy("B", "2025-01-02", "1", "100"),
        sell("S", "2025-02-01", "1", "150", fee="2", fee_asset=""),
    )
    document = answer(run, "--year", "2025", status=3)
    assert [found["what"] for found in document["problems"]] == [
        "a fee of 2 names no asset; it is left out"
    ]
    status, told = run("tax", "--year", "2025")
    assert (status, "TO LOOK AT: 1 fact not taken as told" in told) == (3, True)
    assert answer(run, "--year", "2024")["problems"] == [], "it is none of the year before"


def test_a_negative_amount_is_named_and_moves_no_lot(kept: Kept, run: Run) -> None:
    kept.append(
        buy("A", "2025-01-02", "-1", "100"),
        buy("B", "2025-01-03", "1", "100"),
        sell("S", "2025-02-01", "1", "150"),
    )
    document = answer(run, "--year", "2025", status=3)
    assert [row["h"] for row in document["rows"]] == ["50"]
    assert "a quantity of -1 is not above zero" in document["problems"][0]["what"]


def test_a_fill_that_was_taken_back_is_gone_and_a_problem_elsewhere_is_not_this_years(
    kept: Kept, run: Run
) -> None:
    wrong = sell("W", "2025-01-05", "1", "90")
    kept.append(
        buy("B", "2025-01-02", "1", "100"),
        wrong,
        FillReversed(at_us=on("2025-01-06"), actor="test", fill=wrong.fill, reason="inferred"),
        sell("S", "2025-02-01", "1", "150"),
        buy("C", "2025-03-01", "1", "3", symbol="ETH/WIF"),
    )
    document = answer(run, "--year", "2025", status=3)
    known = [row for row in document["rows"] if row["a"].endswith("BTC")]
    assert [row["h"] for row in known] == ["50"]


def test_a_trade_before_the_start_date_is_counted_in_its_own_year(kept: Kept, run: Run) -> None:
    """`historical_start_date` is 2020-01-01 unless told otherwise."""
    kept.append(buy("B", "2014-01-02", "1", "100"), sell("S", "2015-02-01", "1", "150"))
    (row,) = answer(run, "--year", "2015")["rows"]
    assert (row["b"], row["part"], row["box"], row["h"]) == ("01/02/2014", "II", "F", "50")


def test_what_left_an_account_is_in_transit_and_no_sale(kept: Kept, run: Run) -> None:
    kept.append(buy("B", "2025-01-02", "1", "100"), moved("out", "2025-02-01", "-0.25"))
    document = answer(run, "--year", "2025")
    assert (document["rows"], document["in_transit"]) == ([], {"BTC": "0.25"})
    assert "0.25 BTC left an account and is in transit: no sale" in run("tax", "--year", "2025")[1]


# Elections, and a year that was filed


def test_the_elections_of_the_ledger_decide_and_no_flag_does(kept: Kept, run: Run) -> None:
    kept.append(
        LotsElected(
            at_us=on("2025-01-01"), actor="me", effective_us=on("2025-01-01"), method="LIFO"
        ),
        buy("A", "2025-01-02", "1", "100"),
        buy("B", "2025-01-03", "1", "140"),
        sell("S", "2025-02-01", "1", "150"),
    )
    document = answer(run, "--year", "2025")
    assert (document["rows"][0]["h"], document["lots"]) == (
        "10",
        "lots by LIFO, universal, dates in UTC",
    )
    assert "from 2025 US rules want it per account" in run("tax", "--year", "2025")[1]


def version_of(kept: Kept, number: int = 1, *assets: str) -> AllocationMade:
    """A version as the engine would make it of everything so far; a second one of `assets`."""
    facts = facts_in(kept.places.ledger, HEARD)
    draft = AllocationMade(
        at_us=on("2026-03-01"),
        actor="me",
        number=number,
        upto_seq=facts.upto_seq,
        head=facts.head,
        elections_sha="",
        base_currency="USD",
        tax_time_zone="UTC",
        program="test",
        digest="",
        assets=assets,
    )
    before = None
    if assets:
        rows = facts_in(kept.places.ledger, HEARD | {AllocationMade}).rows
        (first,) = (fact for _, fact in rows if isinstance(fact, AllocationMade))
        before = of_rows(first, rows_to(facts.rows, first.upto_seq), None)
    return replace(draft, digest=digest_of(of_rows(draft, facts.rows, before)))


def test_a_filed_year_reads_the_version_it_was_filed_with(kept: Kept, run: Run) -> None:
    kept.append(buy("A", "2025-01-02", "1", "100"), sell("S", "2025-02-01", "1", "150"))
    made = version_of(kept)
    filed = TaxYearFiled(at_us=on("2026-04-01"), actor="me", year=2025, version=1)
    kept.append(made, filed, buy("older", "2024-06-01", "1", "20"))
    document = answer(run, "--year", "2025")
    assert (document["allocation"], document["filed"], document["upto_seq"]) == (1, True, 3)
    assert (document["rows"][0]["h"], document["today"]["h"]) == ("50", "130")
    status, told = run("tax", "--year", "2025")
    assert (status, "the facts of today give a gain of 130.00 instead of 50.00" in told) == (
        0,
        True,
    )
    assert answer(run, "--year", "2024")["allocation"] == 0
    assert answer(run, "--year", "2024", "--allocation", "1")["filed"] is False


def test_a_version_of_one_asset_has_the_others_as_they_were_before(kept: Kept, run: Run) -> None:
    kept.append(buy("A", "2025-01-02", "1", "100"), sell("S", "2025-02-01", "1", "150"))
    kept.append(version_of(kept))
    kept.append(
        buy("older", "2024-06-01", "1", "20"),
        buy("E", "2025-01-02", "1", "10", symbol="ETH/USD"),
        sell("F", "2025-02-02", "1", "15", symbol="ETH/USD"),
    )
    kept.append(version_of(kept, 2, "ETH"))
    rows = answer(run, "--year", "2025", "--allocation", "2")["rows"]
    assert {row["a"]: row["h"] for row in rows} == {"1 BTC": "50", "1 ETH": "5"}


def test_a_version_that_is_not_what_it_was_is_no_form(kept: Kept, run: Run) -> None:
    kept.append(buy("A", "2025-01-02", "1", "100"))
    kept.append(replace(version_of(kept), digest="0" * 64))
    status, told = run("tax", "--year", "2025", "--allocation", "1", "--output", "f.csv")
    assert (status, "is not what it was" in told) == (70, True)
    assert not Path("f.csv").exists()


# The broker's form


def form_1099da(*rows: str, header: str = "1b,1c,1e,1f,1g,3a,account") -> tuple[str, str]:
    Path("da.csv").write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return "--form-1099da", "da.csv"


FEES = (
    buy("1", "2024-12-01", "2", "100"),
    sell("2", "2025-03-01", "1", "250", fee="2"),
    sell("3", "2025-04-01", "1", "250", fee="2"),
)


@pytest.mark.parametrize(
    ("row", "status", "verdict"),
    [
        ("Bitcoin,1,03/01/2025,248,,Net,", 1, "same"),
        ('BTC,1,2025-03-01,"$1,250.00",,gross,kraken/main', 1, "proceeds"),
        ("4H95J0R2X,1,03/01/2025,250.00,,Gross,", 1, "same"),
        ("BTC,1,03/01/2025,250,,net,", 1, "proceeds"),
        ("BTC,1,03/01/2025,248,90,net,", 1, "basis"),
        ("BTC,0.5,03/01/2025,248,,net,", 1, "units"),
    ],
)
def test_a_brokers_form_is_compared_on_its_own_footing(
    kept: Kept, run: Run, row: str, status: int, verdict: str
) -> None:
    kept.append(*FEES)
    document = answer(run, "--year", "2025", *form_1099da(row), status=status)
    assert [told["verdict"] for told in document["compared"]] == [verdict, "not on the form"]


def test_the_brokers_form_decides_the_boxes_and_agreement_is_0(kept: Kept, run: Run) -> None:
    kept.append(*FEES)
    told = form_1099da(
        "BTC,1,03/01/2025,250,100,gross,Yes",
        "",
        "BTC,1,04/01/2025,248,100,net,no",
        header="1b Name,1c Units,Box 1e: Date sold,1f Proceeds,1g,3a,2 Basis reported",
    )
    document = answer(run, "--year", "2025", *told)
    assert [row["box"] for row in document["rows"]] == ["G", "H"]
    said = run("tax", "--year", "2025", *told)[1]
    assert "1099-DA: 2 days of sales agree, 0 not" in said
    assert [row["box"] for row in answer(run, "--year", "2025")["rows"]] == ["I", "I"]


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("BTC,1,03/01/2025,250,,both,", "line 2: 3a: 'both' is neither gross nor net"),
        ("BTC,1,03/01/2024,250,,net,", "line 2: 1e: sold on 2024-03-01, which is not in 2025"),
        ("BTC,1,1 March,250,,net,", "line 2: 1e: '1 March' is no date"),
        ("BTC,0,03/01/2025,250,,net,", "line 2: 1c: 0 is not above zero"),
        ("BTC,1,03/01/2025,-250,,net,", "line 2: 1f: '-250' is no amount"),
        ("Whatcoin,1,03/01/2025,250,,net,", "line 2: 1a: 'Whatcoin' names no asset"),
        ("BTC,1,03/01/2025,250,,net,gemini", "the ledger has no gemini/main; it has kraken/main"),
    ],
)
def test_a_row_of_the_brokers_form_that_cannot_be_is_named_with_its_line(
    kept: Kept, run: Run, row: str, why: str
) -> None:
    kept.append(*FEES)
    status, told = run("tax", "--year", "2025", *form_1099da(row))
    assert (status, why in told) == (64, True), told


@pytest.mark.parametrize(
    ("header", "why"),
    [
        ("1b,1c,1e,1f,account", "no column for 3a"),
        ("x", "no column for 1a, 1c, 1e, 1f, 3a"),
        ("1b,1c,1c,1e,1f,3a", "two columns are 1c"),
    ],
)
def test_a_form_whose_columns_are_not_known_is_not_guessed_at(
    kept: Kept, run: Run, header: str, why: str
) -> None:
    kept.append(*FEES)
    status, told = run("tax", "--year", "2025", *form_1099da(header=header))
    assert (status, why in told) == (64, True), told
    assert run("tax", "--year", "2025", "--form-1099da", "gone.csv")[0] == 64


# Harvesting


HELD = (
    PER_ACCOUNT,
    buy("1", "2024-02-01", "1", "90"),
    buy("2", "2025-02-01", "1", "100"),
    buy("3", "2025-03-01", "1", "60", account=COINBASE),
    buy("4", "2025-04-01", "7", "2", symbol="WIF/XYZ"),
)


def test_lots_under_water_and_what_selling_them_would_realise(kept: Kept, run: Run) -> None:
    """R-C12: FIFO takes the older lot first, whichever one would like to sell."""
    kept.append(*HELD)
    before = kept.head
    document = answer(run, "harvest", "--price", "BTC=80")
    assert [(one["lot"][-1], one["loss"]) for one in document["candidates"]] == [
        ("2", "20"),
        ("1", "10"),
    ]
    (sale,) = document["sales"]
    assert (sale["account"], sale["quantity"], sale["gain"]) == ("kraken/main", "2", "-30")
    assert document["unpriced"] == ["WIF"]
    one = answer(
        run,
        *("harvest", "--price", "BTC=80", "--asset", "BTC"),
        *("--quantity", "1"),
        *("--account", "kraken/main"),
    )
    assert [(sale["gain"], sale["long"]) for sale in one["sales"]] == [("-10", "-10")]
    assert kept.head == before, "nothing is written"


def test_the_newest_price_in_the_ledger_is_taken_with_its_age(kept: Kept, run: Run) -> None:
    kept.append(*HELD)
    status, told = run("tax", "harvest")
    assert status == 0
    assert "Selling 2 BTC in kraken/main at 60 (2025-03-01 12:00:00, fill coinbase" in told
    assert "no price: WIF (give one: --price WIF=…)" in told
    prices = {"BTC": Decimal(50), "USD": Decimal(1)}
    marked = PricesMarked(at_us=on("2025-05-01"), actor="t", occasion="flow:x", prices=prices)
    kept.append(marked)
    assert "at 50 (2025-05-01 12:00:00, snapshot)" in run("tax", "harvest")[1]
    status, told = run("tax", "harvest", "--asset", "wif", "--quantity", "1")
    assert (status, "WIF has no price in the ledger" in told) == (64, True)


def test_lots_of_unknown_basis_are_named_and_no_candidates(kept: Kept, run: Run) -> None:
    kept.append(opening("1"))
    status, told = run("tax", "harvest", "--price", "BTC=1")
    assert (status, "0 lots are under water" in told) == (0, True)
    assert "lots of unknown basis, no candidates: BTC" in told
