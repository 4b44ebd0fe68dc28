"""`quarterdeck import` as a person types it, on a demo desk of its own."""

import json
from pathlib import Path
from typing import Any

import pytest

from domain.days import iso
from tests.cli.typed import Run
from tests.venues.imports import samples

BAD = samples.PLAIN + "fill,yesterday,BTC/USD,buy,1,1,,,,,,\n"

pytestmark = pytest.mark.timeout(60)


def saved(text: str, name: str = "old.csv") -> str:
    Path(name).write_text(text, encoding="utf-8")
    return name


def imported(run: Run, *words: str) -> dict[str, Any]:
    status, told = run("import", *words, "--json")
    document: dict[str, Any] = json.loads(told)
    return {"status": status, **document}


def test_a_dry_run_tells_what_is_in_the_file_and_books_nothing(run: Run) -> None:
    file = saved(samples.KRAKEN_LEDGERS)
    status, told = run("import", file, "--account", "kraken/main", "--dry-run")
    assert status == 77, told
    assert "old.csv: Kraken ledgers, 7 rows" in told
    assert "deposits        1  2021-04-01 10:00:05  2021-04-01 10:00:05" in told
    assert (
        "left out: a trade: it comes with its price from Kraken's trades.csv (lines 4, 5)" in told
    )
    assert "line 8: type is staking" in told
    assert "2 would be booked, 0 known already" in told
    page = json.loads(run("ledger", "tail", "--json", "--limit", "1000")[1])
    assert not [row for row in page["rows"] if "import" in row["payload"]]


def test_twice_is_once_also_in_another_order(run: Run) -> None:
    file = saved(samples.PLAIN)
    first = imported(run, file, "--account", "kraken/main")
    assert (first["status"], first["booked"], first["known"]) == (0, 4, 0)
    header, *rows = samples.PLAIN.splitlines()
    saved("\n".join([header, *reversed(rows)]))
    second = imported(run, file, "--account", "kraken/main")
    assert (second["status"], second["booked"], second["known"]) == (0, 0, 4)
    status, told = run("ledger", "verify")
    assert (status, told.startswith("OK")) == (0, True)


def test_a_bad_row_keeps_all_out_until_it_may_be_skipped_and_then_it_is_kept(run: Run) -> None:
    file = saved(BAD)
    refused = imported(run, file, "--account", "kraken/main")
    assert (refused["status"], refused["booked"]) == (77, 0)
    assert [row["line"] for row in refused["bad"]] == [6]
    assert not Path("old.csv.rejected.csv").exists()
    for booked, known in ((4, 0), (0, 4)):
        skipped = imported(run, file, "--account", "kraken/main", "--skip-bad")
        assert (skipped["status"], skipped["booked"], skipped["known"]) == (0, booked, known)
    kept = Path("old.csv.rejected.csv").read_text(encoding="utf-8").splitlines()
    assert kept[0] == samples.PLAIN.splitlines()[0] + ",line,why"
    assert kept[1].startswith("fill,yesterday,BTC/USD,buy,1,1,,,,,,,6,time is yesterday")
    assert oct(Path("old.csv.rejected.csv").stat().st_mode)[-3:] == "600"


def test_the_file_of_rejected_rows_can_be_mended_and_imported(run: Run) -> None:
    imported(run, saved(BAD), "--account", "kraken/main", "--skip-bad")
    kept = Path("old.csv.rejected.csv").read_text(encoding="utf-8")
    saved(kept.replace("yesterday", "2020-06-01 00:00:00", 1), "mended.csv")
    words = ("--account", "kraken/main", "--utc-offset", "02:00")
    mended = imported(run, "mended.csv", *words)
    assert (mended["status"], mended["booked"], mended["bad"]) == (0, 1, [])
    assert mended["fills"]["first"] == "2020-05-31T22:00:00.000000Z"


def test_rejected_rows_of_another_import_are_not_written_over(run: Run) -> None:
    saved("something else", "old.csv.rejected.csv")
    status, told = run("import", saved(BAD), "--account", "kraken/main", "--skip-bad")
    assert (status, "is there already" in told) == (64, True)
    assert Path("old.csv.rejected.csv").read_text(encoding="utf-8") == "something else"
    assert imported(run, "old.csv", "--account", "kraken/main", "--dry-run")["known"] == 0


def test_other_numbers_under_a_known_id_exit_1_and_name_the_line(run: Run) -> None:
    file = saved(samples.PLAIN)
    run("import", file, "--account", "kraken/main")
    saved(samples.PLAIN.replace(",7000,", ",7001,", 1))
    status, told = run("import", file, "--account", "kraken/main")
    assert status == 1, told
    assert "known with other numbers, a break is open (line 2)" in told
    assert "FILL_CHANGED" in run("status")[1]


def test_an_import_of_old_history_leaves_balances_and_breaks_as_they_were(run: Run) -> None:
    before = json.loads(run("balance", "--json")[1])
    run("import", saved(samples.KRAKEN_TRADES), "--account", "kraken/main")
    after = json.loads(run("balance", "--json")[1])
    assert [(r["asset"], r["total"]) for r in before] == [(r["asset"], r["total"]) for r in after]
    assert "BALANCE_UNEXPLAINED" not in run("status")[1]
    assert "2021-05-01" not in run("fills", "--venue", "kraken", "--limit", "2")[1]
    oldest = run("fills", "--venue", "kraken", "--limit", "999")[1].splitlines()[-3]
    assert oldest.startswith("2021-05-01"), "fills stand in the order in which they happened"


def test_json_lines_are_taken_too(run: Run) -> None:
    told = imported(run, saved(samples.JSON_LINES, "old.jsonl"), "--account", "kraken/main")
    assert (told["status"], told["format"], told["booked"]) == (0, "plain", 2)


def test_rows_without_an_id_in_the_venues_own_time_are_named_and_not_booked(run: Run) -> None:
    (newest,) = json.loads(run("fills", "--json", "--venue", "kraken", "--limit", "1")[1])
    moment = iso(newest["fill"]["at_us"])
    row = f"fill,{moment},BTC/USD,buy,1,1,,,,,,\n"
    covered = imported(run, saved(samples.PLAIN + row), "--account", "kraken/main")
    assert (covered["status"], covered["booked"], covered["covered"]) == (0, 4, [6])


@pytest.mark.parametrize(
    ("words", "status", "told"),
    [
        (("old.csv",), 64, "required: --account"),
        (("none.csv", "--account", "kraken/main"), 64, "there is no file none.csv"),
        (("old.csv", "--account", "nope/main"), 64, "there is no account nope/main; configured"),
        (("old.csv", "--account", "kucoin"), 64, "is an export of kraken"),
        (("odd.csv", "--account", "kraken"), 64, "Binance trade history"),
        (("old.csv", "--account", "kraken", "--utc-offset", "x"), 64, "write it like 02:00"),
        ((".", "--account", "kraken"), 69, "directory"),
    ],
)
def test_a_mistake_is_answered_with_what_to_write_instead(
    run: Run, words: tuple[str, ...], status: int, told: str
) -> None:
    saved(samples.KRAKEN_TRADES)
    saved("a,b\n1,2\n", "odd.csv")
    answer = run("import", *words)
    assert answer[0] == status, answer[1]
    assert told in answer[1]
    assert "Traceback" not in answer[1]
    assert "bug" not in answer[1]


def test_a_hostile_file_reaches_the_terminal_as_plain_text(run: Run) -> None:
    nasty = "\x1b]0;owned\x07=cmd|' /C calc'!A0\x00\u202e"
    Path("old.csv").write_bytes((samples.PLAIN + f"{nasty},{nasty}\n").encode() + b"\xff,\n")
    status, told = run("import", "old.csv", "--account", "kraken/main", "--skip-bad")
    assert status == 0, told
    assert "2 rows cannot be read" in told
    assert all(shown.isprintable() for shown in told.split("\n"))
    kept = Path("old.csv.rejected.csv").read_bytes()
    assert nasty.encode() in kept
    assert b"\xff," in kept
