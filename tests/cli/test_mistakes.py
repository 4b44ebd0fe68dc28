"""What a new user mistypes, and the words that help; what a program reads stays readable."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from cli.parser import parse
from tests.cli.typed import Run, parsed

TOP = Path(__file__).parents[2]
pytestmark = pytest.mark.timeout(60)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("order", "buy", "BTCUSD", "1", "--venue", "kraken"), "write BASE/QUOTE, like BTC/USD"),
        (("order", "buy", "BTC/USD", "1,5", "--venue", "kraken"), "write it like 0.25"),
        (("cancel", "--all", "--venue", "krakn"), "nothing was cancelled: there is no venue"),
        (("kill", "looks wrong"), 'To stop everything: quarterdeck --kill "REASON"'),
        (("--l", "status"), "unrecognized arguments: --l"),
        (("--daemon", "status"), "--daemon stands alone"),
        (("--kill", "x", "--daemon"), "--kill stands alone"),
        (("arm", "kraken/main"), "give --code"),
        (("kill", "release"), ""),
        (("ledger", "tail", "--kind", "order_fact"), "there is no kind 'order_fact'"),
    ],
)
def test_a_mistake_says_what_to_write(
    run: Run, words: tuple[str, ...], told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())
    if words[0] == "ledger":
        run("status")
    status, answer = run(*words)
    assert status == (64 if told else 0), answer
    assert told in answer


def test_a_reason_needs_no_quotes_in_a_hurry() -> None:
    assert parse(["--kill", "position", "looks", "wrong"]).kill == "position looks wrong"
    told = parse(["--kill", "too late", "--demo"])
    assert (told.kill, told.mode) == ("too late", "DEMO")


def test_a_wrong_command_line_leaves_the_answers_place_empty(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as left:
        parse(["order", "buy", "--json"])
    assert left.value.code == 64
    told = capsys.readouterr()
    assert told.out == ""
    assert "required: SYMBOL, QTY" in told.err
    assert "--config" not in told.err  # what every command has hides what this one wants


def test_venues_and_symbols_are_understood_in_any_case(run: Run) -> None:
    verdict = json.loads(run("check", "buy", "btc/usd", "0.01", "--venue", "Kraken", json_=True)[1])
    assert verdict["reference"] != "0"
    fills = parsed(run("fills", "--symbol", "btc/usd", "--limit", "1", json_=True))
    assert len(fills) == 1


def test_no_fills_are_said_in_words(run: Run) -> None:
    assert run("fills", "--venue", "nope") == (0, "no fills of nope\n")


def test_an_export_never_writes_over_a_file(run: Run, tmp_path: Path) -> None:
    run("status")
    ledger = tmp_path / "data" / "demo" / "ledger.db"
    before = ledger.read_bytes()
    status, told = run("ledger", "export", "--output", str(ledger))
    assert (status, "is there already" in told) == (64, True)
    assert ledger.read_bytes() == before
    out = tmp_path / "out.jsonl"
    made = parsed(run("ledger", "export", "--output", str(out), json_=True))
    assert made["rows"] == len(out.read_text(encoding="utf-8").splitlines())
    assert out.stat().st_mode & 0o777 == 0o600


def test_a_release_answers_a_program_with_json_alone(run: Run) -> None:
    nothing = parsed(run("kill", "release", json_=True))
    assert nothing["detail"] == "nothing is halted"
    assert run("--kill", "a test")[0] == 0
    done = parsed(run("kill", "release", "--scope", "GLOBAL", "--reason", "checked", json_=True))
    assert done["detail"].startswith("released")


def test_a_reader_who_has_seen_enough_is_no_bug(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "cli.main", "status", "--demo", "--data-dir", str(tmp_path)]
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        command,
        cwd=tmp_path,
        env={**os.environ, "XDG_RUNTIME_DIR": str(tmp_path), "PYTHONPATH": str(TOP)},
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        timeout=40,
        check=False,
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, "")
