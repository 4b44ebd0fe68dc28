"""`quarterdeck export` on ledgers that are written fact by fact, and import with bad rows."""

import csv
import io
import json
import sqlite3
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from domain.bookings import FillReversed, OpeningBalance
from domain.events import FillAdopted, OrderApproved
from domain.instruments import Account
from domain.orders import Kind, Order, Side
from domain.snapshots import SnapshotTaken
from domain.verdicts import Verdict
from tests.cli.kept_ledger import KRAKEN, Kept, buy, kept, moved, on, sell
from tests.cli.typed import Run

__all__ = ["kept"]
HERE = Path(__file__).parent
ODD = Account("kraken", "2nd_desk")


def exported(run: Run, *words: str) -> Any:
    status, told = run("export", *words, "--json")
    assert status == 0, told
    return json.loads(told)


def table(run: Run, *words: str) -> list[dict[str, str]]:
    status, told = run("export", *words, "--format", "csv")
    assert status == 0, told
    return list(csv.DictReader(io.StringIO(told)))


def approved(client_id: str, strategy: str) -> OrderApproved:
    order = Order(
        client_id=client_id,
        account=KRAKEN,
        symbol="BTC/USD",
        side=Side.BUY,
        kind=Kind.LIMIT,
        quantity=Decimal(1),
        price=Decimal(1),
        strategy=strategy,
    )
    return OrderApproved(
        at_us=on("2025-01-01"), actor="me", order=order, verdict=Verdict(approved=True)
    )


# Trades


def test_every_trade_has_its_digits_its_worth_and_its_strategy(kept: Kept, run: Run) -> None:
    """R-C10: time, venue, order, side, asset, quantity, price, fee, total, strategy, notes."""
    early = buy("2", "2025-01-03", "0.5", "7", venue_order_id="O-2")
    kept.append(
        approved("QD1", "dca"),
        approved("QD2", "grid"),
        sell("1", "2025-02-01", "0.123456789012345678", "61234.56", client_id="QD1", fee="0.1"),
        early,
        FillAdopted(at_us=on("2025-01-04"), actor="e", client_id="QD2", fill=early.fill),
        buy("3", "2025-03-01", "2", "0.05", symbol="ETH/BTC", fee="1", fee_asset="BNB"),
    )
    rows = table(run, "trades")
    assert [(row["trade_id"], row["strategy"], row["client_id"]) for row in rows] == [
        ("2", "grid", "QD2"),
        ("1", "dca", "QD1"),
        ("3", "", ""),
    ]
    first, second, third = rows
    assert first["time"] == "2025-01-03T12:00:00.000000Z"
    assert (first["venue"], first["account"], first["order_id"]) == ("kraken", "kraken/main", "O-2")
    assert second["quantity"] == "0.123456789012345678"
    assert second["cost"] == second["total"] == "7559.82215418382216023168"
    assert (second["fee"], second["fee_value"], second["notes"]) == ("0.1", "0.1", "history")
    assert (third["total"], third["fee_value"]) == ("", ""), "nobody knows: empty, not zero"
    document = exported(run, "trades")
    assert [row["total"] for row in document][2] is None
    assert [str(row["quantity"]) for row in document] == [row["quantity"] for row in rows]


def test_a_fill_that_was_taken_back_is_no_trade(kept: Kept, run: Run) -> None:
    wrong = buy("W", "2025-01-02", "1", "1")
    kept.append(
        wrong, FillReversed(at_us=on("2025-01-03"), actor="t", fill=wrong.fill, reason="inferred")
    )
    assert table(run, "trades") == []
    assert exported(run, "trades") == []


@pytest.mark.parametrize("hostile", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "＝1"])  # noqa: RUF001
def test_no_text_runs_as_a_formula_and_numbers_stay_numbers(
    kept: Kept, run: Run, hostile: str
) -> None:
    kept.append(
        sell(hostile, "2025-01-02", "1", "5", venue_order_id=hostile, client_id=hostile, fee="-0.5")
    )
    (row,) = table(run, "trades")
    assert row["trade_id"] == row["order_id"] == row["client_id"] == f"'{hostile}"
    assert (row["fee"], row["fee_value"]) == ("-0.5", "-0.5")
    assert exported(run, "trades")[0]["trade_id"] == hostile, "JSON runs nothing: as it is"


# What is left, and what it was worth day by day


def test_open_lots_have_what_is_left_and_empty_cells_where_nobody_knows(
    kept: Kept, run: Run
) -> None:
    kept.append(
        OpeningBalance(
            at_us=on("2024-06-01"), actor="t", account=KRAKEN, assets={"ETH": Decimal(3)}
        ),
        buy("1", "2025-01-02", "3", "10", fee="1"),
        sell("2", "2025-02-02", "1", "10"),
    )
    btc, eth = table(run, "lots")
    assert (btc["quantity"], btc["basis"], btc["acquired"]) == (
        *("2", "20.66666667"),
        "2025-01-02T12:00:00.000000Z",
    )
    assert (eth["quantity"], eth["basis"], eth["acquired"], eth["local_date"]) == ("3", "", "", "")
    assert [row["basis"] for row in exported(run, "lots")] == ["20.66666667", None]


def snapshot(day: str, nav: str, account: str = "", **more: Any) -> SnapshotTaken:
    told: dict[str, Any] = {"assets": {}, "values": {}, "prices": {}, **more}
    return SnapshotTaken(
        at_us=on(day, 0) + 300_000_000,
        actor="engine",
        account=account,
        local_date=day,
        time_zone="UTC",
        planned_us=on(day, 0) + 300_000_000,
        nav=Decimal(nav),
        **told,
    )


def test_daily_balances_and_returns_come_from_the_snapshots(kept: Kept, run: Run) -> None:
    """R-E6; flows are taken out of the return, and one without a value leaves it empty."""
    kept.append(
        snapshot(
            "2025-01-01",
            "1000",
            assets={"BTC": Decimal("0.01"), "XYZ": Decimal(5)},
            values={"BTC": Decimal(1000)},
            prices={"BTC": Decimal(100_000)},
            doubts=("XYZ has no price",),
        ),
        moved("in", "2025-01-01", "100", "USD"),
        snapshot("2025-01-02", "1210"),
        moved("coin", "2025-01-02", "1", "XYZ"),
        snapshot("2025-01-03", "1300"),
        snapshot("2025-01-03", "7", "kraken/main"),
    )
    rows = table(run, "balances")
    assert [(row["account"], row["local_date"], row["asset"]) for row in rows] == [
        ("all", "2025-01-01", "BTC"),
        ("all", "2025-01-01", "XYZ"),
        ("all", "2025-01-02", ""),
        ("all", "2025-01-03", ""),
        ("kraken/main", "2025-01-03", ""),
    ]
    assert [row["value"] for row in rows[:2]] == ["1000", ""]
    assert rows[1]["doubts"] == "XYZ has no price"
    first, second = exported(run, "returns")
    assert (first["gain"], first["fraction"], first["inflow"]) == ("110", "0.1", "100")
    assert (second["gain"], second["fraction"]) == (None, None)
    assert second["without_value"].endswith(":coin:XYZ")
    assert first["partial"] == "yes"


# The ledger, and journals


def journal_facts() -> list[Any]:
    return [
        OpeningBalance(
            at_us=on("2024-12-31"),
            actor="t",
            account=KRAKEN,
            assets={"USD": Decimal(1000), "1INCH": Decimal("7.5"), "stETH": Decimal("0.1")},
        ),
        buy("1", "2025-01-02", "0.015", "64123.1", fee="0.1"),
        buy("2", "2025-01-03", "2", "3", symbol="X.1INCH/USD", fee="-0.25", account=ODD),
        sell("3", "2025-01-04", "0.005", "70000", fee="0.00001", fee_asset="BTC"),
        moved('tx:"1" ; a|b', "2025-01-05", "-0.002", fee=Decimal("0.0001")),
    ]


def test_the_journals_are_these_files_to_the_last_byte(kept: Kept, run: Run) -> None:
    """beancount 3.2.3 (bean-check) and hledger 1.25 (check -s) accept both as they stand."""
    kept.append(*journal_facts())
    for form in ("beancount", "hledger"):
        status, told = run("export", "ledger", "--format", form, "--output", f"l.{form}")
        assert (status, told) == (0, f"5 rows written to l.{form}\n")
        golden = (HERE / f"journal.{form}").read_text(encoding="utf-8")
        made = Path(f"l.{form}").read_text(encoding="utf-8")
        assert made.replace(kept.head[1], "HEAD") == golden


def test_a_journal_of_the_trades_asserts_no_balance(kept: Kept, run: Run) -> None:
    kept.append(*journal_facts())
    status, told = run("export", "trades", "--format", "beancount")
    assert (status, told.count(" * "), "balance" in told) == (0, 3, False)
    status, told = run("export", "trades", "--format", "hledger")
    assert (status, told.count(" * "), "what every account holds" in told) == (0, 3, False)


def test_names_that_a_tool_would_not_take_stay_apart(kept: Kept, run: Run) -> None:
    names = ("X.A-B", "a/b", "A/B", "é", "ë", "V", "A" * 30)
    kept.append(
        OpeningBalance(
            at_us=on("2025-01-01"),
            actor="t",
            account=KRAKEN,
            assets={name: Decimal(place + 1) for place, name in enumerate(names)},
        )
    )
    for form in ("beancount", "hledger"):
        told = run("export", "ledger", "--format", form)[1]
        used = {
            line.partition("  ")[2].split(" ", 1)[1]
            for line in map(str.strip, told.splitlines())
            if line.lower().startswith("assets:kraken:main  ") and "=" not in line
        }
        assert len(used) == len(names), told


def test_a_number_that_beancount_would_round_is_told(kept: Kept, run: Run) -> None:
    long = "12345678901234567890.123456789"
    kept.append(moved("in", "2025-01-01", long, "USD"))
    status, told = run("export", "ledger", "--format", "beancount", "--output", "l")
    assert (status, "2 amounts have more than the 28 digits" in told) == (0, True)
    text = Path("l").read_text(encoding="utf-8")
    assert (f"  {long} USD" in text, "balance" in text) == (True, False)
    status, told = run("export", "ledger", "--format", "hledger")
    assert (status, f"= {long} USD" in told, "28 digits" in told) == (0, True, False)


def test_the_ledger_itself_goes_out_row_by_row(kept: Kept, run: Run) -> None:
    kept.append(*journal_facts())
    status, told = run("export", "ledger", "--format", "json")
    assert status == 0
    assert [json.loads(line)["seq"] for line in told.splitlines()] == [1, 2, 3, 4, 5, 6]
    assert [row["seq"] for row in table(run, "ledger")] == ["1", "2", "3", "4", "5", "6"]


def test_an_empty_book_is_exported_as_nothing(kept: Kept, run: Run) -> None:
    for what in ("trades", "lots", "balances", "returns"):
        assert exported(run, what) == []
    for form in ("beancount", "hledger"):
        assert run("export", "ledger", "--format", form)[0] == 0


@pytest.mark.parametrize(
    ("words", "status", "told"),
    [
        (("lots", "--format", "hledger"), 64, "a journal has transactions"),
        (("trades", "--format", "csv", "--json"), 64, "name a file with --output"),
        (("trades", "--format", "xml"), 64, "invalid choice"),
        (("prices",), 64, "invalid choice"),
        ((), 64, "required: what"),
        (("trades", "--output", "there.csv"), 64, "is there already; name a new file"),
        (("trades", "--output", "no/such.csv"), 69, "No such file or directory"),
    ],
)
def test_a_mistake_is_answered_with_what_to_write(
    kept: Kept, run: Run, words: tuple[str, ...], status: int, told: str
) -> None:
    Path("there.csv").write_text("mine", encoding="utf-8")
    left, said = run("export", *words)
    assert (left, told in said) == (status, True), said
    assert Path("there.csv").read_text(encoding="utf-8") == "mine"


def test_nothing_stays_of_an_export_that_failed(kept: Kept, run: Run) -> None:
    kept.append(*journal_facts())
    with closing(sqlite3.connect(kept.places.ledger, isolation_level=None)) as connection:
        connection.execute("DROP TRIGGER event_unchanged")
        connection.execute("UPDATE event SET payload = x'ff' WHERE seq = 6")
    for words in (("ledger", "--format", "csv"), ("trades",), ("ledger", "--format", "hledger")):
        status, told = run("export", *words, "--output", "out")
        assert (status, "row 6" in told) == (70, True), told
        assert not Path("out").exists()


def test_without_a_ledger_there_is_nothing_to_export(run: Run) -> None:
    status, told = run("export", "trades")
    assert (status, "there is none yet" in told) == (69, True)
