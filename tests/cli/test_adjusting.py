"""import-prices, reconcile adopt, pnl --account, as a person types them on the demo desk."""

from decimal import Decimal
from pathlib import Path

import pytest

from cli.commands.adjusting import read_prices
from cli.usage import WrongUsage
from tests.cli.typed import Run, parsed

D = Decimal
NOW_US = 1_800_000_000_000_000
HOUR_US = 3_600_000_000


@pytest.mark.timeout(90)
def test_prices_of_the_past_are_taken_once_and_bad_rows_are_named(run: Run, tmp_path: Path) -> None:
    good, bad = tmp_path / "prices.csv", tmp_path / "bad.csv"
    good.write_text("date,asset,price\n2024-01-31,usdt,1.0002\n2024-02-01,USDT,0.9998\n")
    bad.write_text("date,asset,price\n2024-01-31,USDT,1\nsoon,USDT,1\n2024-01-31,BTC,-4\n")
    status, told = run("import-prices", str(bad))
    assert status == 77
    assert "line 3: " in told
    assert "line 4: price: -4 is not above zero" in told
    assert "nothing was written down" in told
    assert run("import-prices", str(good), "--dry-run")[1].startswith("2 prices would be")
    assert run("import-prices", str(good))[1] == "2 prices written down, 0 known already\n"
    again = parsed(run("import-prices", str(good), json_=True))
    assert again == {"dry_run": False, "bad": [], "recorded": 0, "known": 2}
    tail = run("ledger", "tail", "--kind", "prices_recorded", "--limit", "2")[1]
    assert "2024-02-01T00:00Z: USDT 0.9998 (prices.csv)" in tail


@pytest.mark.timeout(90)
def test_the_first_figures_of_a_demo_are_whole_and_add_up_over_accounts(run: Run) -> None:
    status, told = run("pnl")
    assert status == 0
    assert "?" not in told, "every unit of a fresh demo has a basis, every sale a gain"
    whole = parsed(run("pnl", json_=True))
    assert whole["problems"] == 0
    names = list(parsed(run("accounts", json_=True)))
    parts = [parsed(run("pnl", "--account", name, json_=True)) for name in names]
    for place, total in enumerate(whole["totals"]):
        assert sum(D(part["totals"][place]["gain"]) for part in parts) == D(total["gain"])
    held = sum(D(row["quantity"]) for part in parts for row in part["assets"])
    assert held == sum(D(row["quantity"]) for row in whole["assets"])
    name, asset, gain = next(
        (name, row["asset"], D(window["gain"]))
        for name, part in zip(names, parts, strict=True)
        for row in part["assets"]
        for window in row["realised"]
        if window["window"] == "all" and D(window["gain"]) and row["asset"] != "USDT"
    )
    why = parsed(run("explain", "realised", asset, "--account", name, json_=True))
    assert D(why["amount"]) == gain == sum(D(step["amount"]) for step in why["steps"])
    status, told = run("pnl", "--account", "nowhere/main")
    assert status == 77
    assert "there is no account nowhere/main (known: gate/main" in told


@pytest.mark.timeout(60)
def test_nothing_is_adopted_where_nothing_is_unexplained(run: Run) -> None:
    terms = ("reconcile", "adopt", "--account", "kraken", "--asset", "btc", "--reason", "old")
    status, told = run(*terms, "--dry-run")
    assert status == 77
    assert "no BALANCE_UNEXPLAINED break of BTC at kraken/main is open" in told
    status, told = run(*terms, "--basis", "many")
    assert status == 64
    assert "--basis:" in told


@pytest.mark.parametrize(
    "text",
    ["", "asset,price\nBTC,1\n", "date,price\n2024-01-01,1\n", "when,asset,price\n"],
)
def test_a_file_without_the_columns_is_refused(text: str) -> None:
    with pytest.raises(WrongUsage, match="the first line names the columns"):
        read_prices(text, "USD", NOW_US)


@pytest.mark.parametrize(
    ("row", "word"),
    [
        ("2024-13-01,,BTC,1", "month"),
        (",2024-01-31T25:00,BTC,1", "hour"),
        ("2024-01-01,,BTC,1e999", "number"),
        ("2024-01-01,,BTC,NaN", "number"),
        ("2024-01-01,,BTC,0", "above zero"),
        ("2024-01-01,,USD,1", "base currency"),
        ("2024-01-01,,=cmd|' /C calc',1", "is no asset"),
        ("2999-01-01,,BTC,1", "of the future"),
        ("2024-01-01,,,1", "is no asset"),
    ],
)
def test_a_row_that_is_no_price_is_named_with_its_line(row: str, word: str) -> None:
    found, bad = read_prices(f"date,time,asset,price\n2024-01-01,,ETH,1\n{row}\n", "USD", NOW_US)
    assert len(found) == 1
    assert [problem.line for problem in bad] == [3]
    assert word in bad[0].why


def test_a_time_holds_for_an_hour_and_a_date_for_its_day_in_utc() -> None:
    text = "time,asset,price,date\n2024-01-31T16:00+02:00,btc,42000.5,\n,eth,2200,2024-01-31\n"
    (hour, day), bad = read_prices(text, "USD", NOW_US)
    assert not bad
    assert (hour.asset, hour.price, hour.until_us - hour.since_us) == ("BTC", D("42000.5"), HOUR_US)
    assert day.until_us - day.since_us == 24 * HOUR_US
    assert hour.since_us - day.since_us == 14 * HOUR_US
