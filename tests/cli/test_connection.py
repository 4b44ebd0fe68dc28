"""test-connection: what answers, what does not, why, and what to do about it."""

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import pytest

from cli.commands.connection import seen_by
from cli.main import main
from domain.board import Board, Feed, Health, Mode
from domain.table import Table
from tests.cli.wire_home import Home, at_home, running_daemon


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


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_keys_are_audited_without_an_engine_and_the_withdraw_key_only_on_request(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    setting = "QUARTERDECK_EXCHANGES__KRAKEN__ACCOUNTS__MAIN__WITHDRAW"
    monkeypatch.setenv(setting, "env:KRAKEN_WITHDRAW")
    with at_home() as place:
        place.admin.ask("bind", purpose="read", addresses=["203.0.113.7"])
        place.admin.ask("bind", purpose="withdraw", addresses=["203.0.113.7"])
        place.admin.ask("permit", purpose="trade", permissions=["modify-trades", "withdraw-funds"])
        status, told = place.run("test-connection")
        assert status == 69, told
        assert "✓ kraken/main read key" in told
        assert "may read; from 203.0.113.7 only; account AA" in told
        assert "the trade key of kraken/main can place orders and not cancel them" in told
        assert "! kraken/main trade key" in told
        assert "can also withdraw" in told
        assert "withdraw key" not in told
        status, told = place.run("test-connection", "--withdraw-keys")
        assert "✓ kraken/main withdraw key" in told
        assert "may read, withdraw; from 203.0.113.7 only" in told
        place.admin.ask("permit", purpose="trade", permissions=["modify-trades", "close-trades"])
        with running_daemon(place):
            rows = place.json("test-connection")
            keys = {row["what"]: row for row in rows if row["what"].endswith("key")}
            assert keys.keys() == {"read key", "trade key"}
            assert keys["trade key"]["warn"]  # any address may use it
        place.admin.ask("open_account", owner="stranger", balances={"USD": "1"})
        stranger = credentials(place, "read", "stranger")
        place.found["keys"]["kraken"]["read"] = {
            "key": stranger["apiKey"], "secret": stranger["secret"],
        }  # fmt: skip
        status, told = place.run("test-connection")
        assert status == 69
        assert "the read key of kraken/main belongs to account" in told
        with running_daemon(place):
            told, latest = "", time.monotonic() + 30
            while "REFUSED" not in told and time.monotonic() < latest:
                told = place.run("status")[1]
            assert "REFUSED kraken/main: the read key of kraken/main belongs to account" in told
            for arguments in Path("/proc").glob("[0-9]*/cmdline"):
                assert stranger["secret"] not in _arguments(arguments)
        log = "".join(
            path.read_text() for path in (place.folder / "data" / "live" / "logs").iterdir()
        )
        assert "belongs to account" in log
        for purpose in ("read", "trade", "withdraw"):
            for text in credentials(place, purpose).values():
                assert text not in log


def credentials(place: Home, purpose: str, owner: str = "main") -> Mapping[str, str]:
    told: Any = place.admin.ask("credentials", purpose=purpose, owner=owner)
    return cast("Mapping[str, str]", told)


def _arguments(file: Path) -> str:
    try:
        return file.read_text(errors="replace")
    except OSError:
        return ""  # that process has gone
