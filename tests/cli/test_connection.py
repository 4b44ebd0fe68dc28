"""test-connection: what answers, what does not, why, and what to do about it."""

import json
from pathlib import Path

import pytest

from cli.commands.connection import seen_by
from cli.main import main
from domain.board import Board, Feed, Health, Mode
from domain.table import Table
from tests.cli.wire_home import at_home, running_daemon


def test_every_venue_of_the_demo_answers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    flags = ["--demo", "--data-dir", str(tmp_path / "data")]
    assert main(["test-connection", *flags, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert all(row["ok"] for row in told)
    assert {row["who"] for row in told} >= {"kraken", "kraken/main", "mexc", "gate/main"}
    assert main(["test-connection", *flags, "--venue", "mexc"]) == 0
    assert "kraken" not in capsys.readouterr().out
    assert main(["test-connection", *flags, "--venue", "krakn"]) == 64
    assert "configured are gate, kraken, kucoin, mexc" in capsys.readouterr().err


def test_what_an_engine_sees_is_told_with_its_remedy() -> None:
    broken = Feed(
        venue="kraken",
        kind="account",
        account="kraken/main",
        problem="EAPI:Invalid key",
        remedy="make a new key",
    )
    well = Feed(venue="kraken", kind="prices", health=Health.OK, message_us=9_000_000)
    board = Board(mode=Mode.LIVE, now_us=10_000_000, feeds=Table({"a": broken, "b": well}))
    prices, account = sorted(seen_by(board), key=lambda row: row.who)
    assert (prices.ok, prices.found) == (True, "ok, heard 1.0 s ago")
    assert (account.who, account.ok) == ("kraken/main", False)
    assert (account.found, account.remedy) == ("EAPI:Invalid key", "make a new key")


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_a_revoked_key_is_named_with_its_setting_and_the_others_go_on() -> None:
    with at_home() as place:
        status, told = place.run("test-connection")
        assert status == 0, told
        assert "a key that trades is there" in told
        with running_daemon(place):
            status, told = place.run("test-connection")
            assert (status, "heard" in told) == (0, True), told
        place.admin.ask("revoke_key", purpose="read")
        status, told = place.run("test-connection", "--venue", "kraken")
        assert status == 69
        assert "✓ kraken clock" in told
        assert "✗ kraken/main balances" in told
        assert "exchanges.kraken.accounts.main.read" in told
