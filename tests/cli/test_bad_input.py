"""Bad input from a file to the forms: each row has an outcome that is named, and none is lost."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.typed import Run

pytestmark = pytest.mark.timeout(60)
HEADER = "kind,time,symbol,side,quantity,price,asset,amount,fee,fee_asset,id\n"
GOOD = """\
fill,2018-05-01T00:00:00Z,BTC/USD,buy,1,100,,,1,USD,OLD
fill,2018-06-01T00:00:00Z,BTC/USD,sell,0.4,150,,,0,USD,SOLD
fill,2018-07-01T00:00:00Z,NEWCOIN/USD,buy,3,2,,,0,USD,=1+1
"""
BAD = """\
fill,2018-08-01T00:00:00Z,BTC/USD,buy,1,100,,,1,,NOFEE
fill,2018-08-01T00:00:00Z,BTC/USD,buy,-1,100,,,0,USD,NEGATIVE
fill,2018-08-01T00:00:00Z,BTC/USD,buy,1,,,,0,USD,NOPRICE
withdrawal,2018-08-01T00:00:00Z,,,,,BTC,-2,0,,MINUS
"""


def told(run: Run, *words: str) -> tuple[int, Any]:
    status, said = run(*words, "--json")
    return status, json.loads(said)


def book(run: Run, text: str, *words: str) -> tuple[int, Any]:
    Path("old.csv").write_text(HEADER + text, encoding="utf-8")
    return told(run, "import", "old.csv", "--account", "kraken/main", *words)


def imported_trades(run: Run) -> dict[str, dict[str, str]]:
    status, said = run("export", "trades", "--format", "csv")
    assert status == 0
    rows = csv.DictReader(io.StringIO(said))
    return {row["trade_id"]: row for row in rows if row["time"] < "2019"}


def test_every_bad_row_is_named_kept_and_none_of_it_reaches_the_forms(run: Run) -> None:
    status, document = book(run, GOOD + BAD)
    assert (status, document["booked"]) == (77, 0), "nothing is booked while a row is bad"
    reasons = {row["line"]: row["why"] for row in document["bad"]}
    assert set(reasons) == {5, 6, 7, 8}
    assert "a fee has an asset" in reasons[5]
    assert reasons[6].startswith("quantity is -1")
    assert reasons[7].startswith("price is empty")
    assert reasons[8].startswith("amount is -2")
    status, document = book(run, GOOD + BAD, "--skip-bad")
    assert (status, document["booked"]) == (0, 3)
    kept = Path("old.csv.rejected.csv").read_text(encoding="utf-8")
    assert all(name in kept for name in ("NOFEE", "NEGATIVE", "NOPRICE", "MINUS"))
    # Before `historical_start_date`, of an asset nobody knows, named like a formula: all there.
    assert set(imported_trades(run)) == {"OLD", "SOLD", "'=1+1"}
    status, form = told(run, "tax", "--year", "2018")
    assert [(row["a"], row["h"]) for row in form["rows"]] == [("0.4 BTC", "19.6")]
    assert status == 0, "what is not booked is no fact: the form rests on the good rows"
    status, document = book(run, GOOD.replace(",1,100,", ",1,101,"))
    assert (status, document["contradicting"], document["known"]) == (1, [2], 2)
    assert imported_trades(run)["OLD"]["price"] == "100", "the first told stays"
    assert "FILL_CHANGED" in run("status")[1], "and a break is open"
    _, form = told(run, "tax", "--year", "2018")
    assert [known["kind"] for known in form["breaks"]] == ["FILL_CHANGED"]
    assert "1 break open, so look first" in run("tax", "--year", "2018")[1]
