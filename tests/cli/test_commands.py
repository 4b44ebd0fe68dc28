"""Every command as a person types it, on a demo desk of its own."""

import json
from pathlib import Path

import pytest

from cli.main import main
from tests.cli.typed import Run, parsed


@pytest.mark.timeout(60)
def test_a_working_day_from_the_command_line(run: Run) -> None:
    status, told = run("status")
    assert (status, "KILL READY" in told) == (0, True)
    price = _market_price(run)
    terms = ("BTC/USD", "0.01", "--price", price, "--venue", "kraken")
    status, told = run("check", "buy", *terms)
    assert status == 0, told
    assert "would pass" in told
    placed = parsed(run("order", "buy", *terms, json_=True))
    assert placed["status"] == "OPEN"
    name = placed["client_id"]
    orders = parsed(run("orders", json_=True))
    assert name in [order["id"] for order in orders]
    changed = parsed(run("order", "modify", name, "--quantity", "0.02", json_=True))
    assert changed["status"] == "OPEN"
    status, told = run("cancel", name)
    assert status == 0, told
    listed = parsed(run("orders", "--all", json_=True))
    (mine,) = [order for order in listed if order["id"] == name]
    assert (mine["status"], mine["quantity"]) == ("CANCELED", "0.02")
    status, told = run("ledger", "verify")
    assert status == 0, told
    assert told.startswith("OK (sealed by ")
    assert "anchors agree: " in told
    key = parsed(run("ledger", "key", json_=True))[0]["public_key"]
    assert run("ledger", "verify", "--public-key", key, "--require-evidence")[0] == 0
    assert run("ledger", "verify", "--public-key", "0" * 64)[0] == 1
    assert run("ledger", "verify", "--public-key", "x")[0] == 64


def _market_price(run: Run) -> str:
    status = parsed(run("check", "buy", "BTC/USD", "0.01", "--venue", "kraken", json_=True))
    return str(int(float(status["reference"]) * 0.93))


def test_balance_and_fills_are_full_from_the_first_second(run: Run) -> None:
    balances = parsed(run("balance", json_=True))
    assert {row["asset"] for row in balances} >= {"BTC", "ETH", "USD", "USDT"}
    assert all(isinstance(row["total"], str) for row in balances)
    fills = parsed(run("fills", "--limit", "5", "--venue", "kraken", json_=True))
    assert len(fills) == 5
    status, told = run("fills", "--limit", "2")
    assert status == 0
    assert "2 of " in told


def test_a_denied_order_exits_77_and_names_rule_numbers_and_setting(run: Run) -> None:
    status, told = run("order", "buy", "BTC/USD", "5", "--venue", "kraken")
    assert status == 77
    assert "Refused by max_order_value: order value" in told
    answer = run("order", "buy", "BTC/USD", "5", "--venue", "kraken", json_=True)
    assert answer[0] == 77
    assert '"rule": "max_order_value"' in answer[1]


@pytest.mark.parametrize(
    ("words", "status", "told"),
    [
        (("order", "buy", "BTC/USD", "x", "--venue", "kraken"), 64, "QTY: 'x' is not a number"),
        (("order", "buy", "BTC/USD", "nan", "--venue", "kraken"), 64, "not a finite number"),
        (("order", "buy", "BTC/USD", "1", "--price", "1e99", "--venue", "kraken"), 64, "--price"),
        (("order", "buy", "BTC/USD", "1"), 64, "say at which venue"),
        (("order", "buy", "BTC/USD", "1", "--venue", "nope"), 77, "there is no account nope/main"),
        (("cancel",), 64, "one order's id, or --all"),
        (("cancel", "QDXX"), 77, "there is no order QDXX"),
        (("order", "modify", "QDXX"), 77, "there is no order QDXX"),
        (("arm", "kraken/main", "--code", "123456"), 77, "DEMO needs no arming"),
        (("limits", "approve", "--code", "123456"), 77, "no looser limits"),
        (("totp", "enrol"), 77, "second factor of its own"),
        (("nonsense",), 64, "invalid choice"),
        (("order",), 64, "required: ACTION"),
        (("fills", "--limit", "0"), 64, "whole number over 0"),
        (("--kill", "status"), 64, "quarterdeck kill status"),
        (("--kill", ""), 64, "the reason"),
    ],
)
def test_a_mistake_is_answered_with_what_to_write_instead(
    run: Run, words: tuple[str, ...], status: int, told: str
) -> None:
    answer = run(*words)
    assert answer[0] == status, answer[1]
    assert told in answer[1]
    assert "Traceback" not in answer[1]


def test_live_without_the_file_saying_so_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["status", "--live", "--data-dir", str(tmp_path)]) == 78
    assert "asked for twice" in capsys.readouterr().err


@pytest.mark.timeout(60)
def test_the_kill_switch_from_the_command_line_and_back(run: Run) -> None:
    price = _market_price(run)
    run("order", "buy", "BTC/USD", "0.01", "--price", price, "--venue", "kraken")
    status, told = run("--kill", "a test")
    assert status == 0, told
    assert "demo: VERIFIED" in told
    status, told = run("kill", "status")
    assert "KILLED" in told
    assert "a test" in told
    assert "HALTED\n" in told, "what --kill has verified must not look unproven"
    status, told = run("order", "buy", "BTC/USD", "0.01", "--venue", "kraken")
    assert (status, "HALTED" in told) == (77, True)
    wrong = run("kill", "release", "--scope", "GLOBAL", "--reason", "ok", "--code", "000000")
    assert wrong[0] == 77
    status, told = run("kill", "release", "--scope", "GLOBAL", "--reason", "checked")
    assert status == 0, told
    assert "no position is closed" in told


def test_limits_are_shown_with_their_version(run: Run) -> None:
    status, told = run("limits")
    assert status == 0
    assert "max_order_value" in told
    assert "version 1" in told


def test_doctor_finds_nothing_to_mend_on_a_demo_desk(run: Run) -> None:
    status, told = run("doctor")
    assert status == 0, told
    assert "our names are ours alone" in told
    found = json.loads(run("doctor", json_=True)[1])
    assert {finding["state"] for finding in found} <= {"ok", "warn"}


def test_doctor_names_the_account_whose_key_is_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    config = tmp_path / "trading_config.yaml"
    config.write_text(LIVE, encoding="utf-8")
    flags = ["--config", str(config), "--data-dir", str(tmp_path / "data"), "--live"]
    assert main(["doctor", *flags]) == 78
    told = capsys.readouterr().out
    assert "keys of kraken/main" in told
    assert "KRAKEN_API_KEY" in told
    monkeypatch.setenv("KRAKEN_READ_API_KEY", "a-key-of-the-environment")
    monkeypatch.setenv("KRAKEN_READ_API_SECRET", "a-secret-of-the-environment")
    main(["doctor", *flags])
    told = capsys.readouterr().out
    assert "keys of kraken/main: read only: it cannot trade" in told
    assert "for development only" in told
    assert "of-the-environment" not in told
    for part in ("KEY", "SECRET"):
        monkeypatch.setenv(f"KRAKEN_API_{part}", f"a-{part}-for-everything")
    main(["doctor", *flags])
    told = capsys.readouterr().out
    assert "! keys of kraken/main: one key reads and trades" in told
    assert "for-everything" not in told


LIVE = """\
version: 1
mode: live
exchanges:
  kraken:
    enabled: true
risk:
  max_order_value: 100
  max_daily_volume: 1000
  max_position_size: 5000
  max_drawdown_pct: 15
"""


def test_the_ledger_is_read_and_exported_without_an_engine(run: Run, tmp_path: Path) -> None:
    run("status")
    page = parsed(run("ledger", "tail", "--limit", "3", json_=True))
    assert [row["seq"] for row in page["rows"]] == sorted(
        (row["seq"] for row in page["rows"]), reverse=True
    )
    out = tmp_path / "ledger.jsonl"
    status, told = run("ledger", "export", "--output", str(out))
    assert status == 0, told
    lines = out.read_text(encoding="utf-8").splitlines()
    assert len(lines) == page["total"]
    status, told = run("ledger", "verify", "--require-evidence")
    assert (status, told.startswith("INCOMPLETE")) == (3, True)
    assert run("ledger", "export", "--output", str(tmp_path / "no" / "x"))[0] == 69


def test_a_ledger_that_is_not_there_is_said_to_be_not_there(run: Run) -> None:
    status, told = run("ledger", "verify")
    assert (status, "there is none yet" in told) == (69, True)
