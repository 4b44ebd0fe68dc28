"""Real processes over real sockets: the daemon, commands that attach, and `--kill` three ways."""

import os
import signal
import time
from collections.abc import Generator
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.cli.wire_home import Home, at_home, running_daemon
from tests.wire.demo import CREDENTIAL

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


@pytest.fixture(scope="module")
def place() -> Generator[Home]:
    with at_home() as made:
        yield made


def ordered(place: Home, quantity: str = "0.01") -> str:
    price = str(
        int(place.json("check", "buy", "BTC/USD", "0.01")["reference"].split(".")[0]) * 93 // 100
    )
    placed = place.json("order", "buy", "BTC/USD", quantity, "--price", price)
    assert placed["status"] == "OPEN"
    return str(placed["client_id"])


def test_one_desk_from_the_daemon_to_the_kill(place: Home) -> None:
    with running_daemon(place) as daemon:
        _lives(place)
        _trades(place)
        _tells_no_secret(place, daemon.pid)
        _is_killed_with_an_engine(place)
        _is_released(place)
        _is_killed_with_a_hung_engine(place, daemon.pid)
        daemon.send_signal(signal.SIGTERM)
        assert daemon.wait(timeout=40) == 0, place.log()
    _stays_killed_and_is_killed_without_an_engine(place)
    _tells_no_secret(place, None)


def _lives(place: Home) -> None:
    status, told = place.run("status")
    assert status == 0, told
    assert "LIVE DISARMED" in told
    status, told = place.run("order", "buy", "BTC/USD", "0.01")
    assert (status, "NOT_ARMED" in told) == (77, True)
    status, told = place.run("--daemon")
    assert status == 69, told
    assert "attach instead" in told


def _trades(place: Home) -> None:
    place.enrol()
    place.arm()
    name = ordered(place)
    assert [order["client_id"] for order in place.open_orders()] == [name]
    changed = place.json("order", "modify", name, "--quantity", "0.02")
    assert changed["status"] == "OPEN"
    bought = place.json("order", "buy", "BTC/USD", "0.005")
    assert bought["status"] in ("OPEN", "FILLED", "PARTIAL")
    fills = place.json("fills", "--limit", "5")
    assert fills[0]["fill"]["client_id"] == bought["client_id"]
    assert place.run("ledger", "verify")[0] == 0


def _tells_no_secret(place: Home, daemon: int | None) -> None:
    """Keys, seed, recovery codes and passphrase: in no file of ours, metric or process list."""
    assert place.factor is not None
    passphrase = (place.folder / "credentials" / CREDENTIAL).read_text(encoding="utf-8")
    secrets = [passphrase, place.factor.seed, *place.factor.recovery]
    secrets += [
        text
        for purposes in place.found["keys"].values()
        for parts in purposes.values()
        for text in parts.values()
    ]
    told = {str(path): path.read_bytes() for path in _own_files(place)}
    assert len(told) >= 4, sorted(told)
    if daemon is not None:
        port = place.json("status")["metrics_port"]
        with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
            told["metrics"] = answer.read()
        assert b"trading_orders" in told["metrics"]
        told["process list"] = Path(f"/proc/{daemon}/cmdline").read_bytes()
    leaks = [where for where, raw in told.items() for text in secrets if text.encode() in raw]
    assert not leaks, leaks


def _own_files(place: Home) -> list[Path]:
    log = place.folder / "daemon.log"
    return [log, *(path for path in (place.folder / "data").rglob("*") if path.is_file())]


def _is_killed_with_an_engine(place: Home) -> None:
    status, told = place.run("--kill", "looks wrong")
    assert status == 0, told
    assert "live: VERIFIED" in told
    assert place.open_orders() == []
    status, told = place.run("order", "buy", "BTC/USD", "0.01")
    assert (status, "HALTED" in told) == (77, True)


def _is_released(place: Home) -> None:
    # A code works once and the next one is half a minute away: that is what these are for.
    terms = ("--scope", "GLOBAL", "--reason", "checked", "--code", place.recovery[0])
    status, told = place.run("kill", "release", *terms)
    assert status == 0, told
    latest = time.monotonic() + 90
    while place.json("kill", "status")["level"]:
        assert time.monotonic() < latest
        time.sleep(1)


def _is_killed_with_a_hung_engine(place: Home, daemon: int) -> None:
    ordered(place)
    ordered(place, "0.02")
    assert len(place.open_orders()) == 2
    os.kill(daemon, signal.SIGSTOP)
    status, told = place.run("--kill", "the engine hangs")
    assert status == 0, told
    assert "clients of our own" in told
    assert place.open_orders() == []
    os.kill(daemon, signal.SIGCONT)
    latest = time.monotonic() + 30
    while place.json("kill", "status")["level"] < 3:
        assert time.monotonic() < latest, "the engine woke up and did not notice"
        time.sleep(0.5)
    rows = place.json("ledger", "tail", "--limit", "50", "--kind", "halt_evidenced")["rows"]
    assert any("quarterdeck --kill" in row["payload"] for row in rows)


def _stays_killed_and_is_killed_without_an_engine(place: Home) -> None:
    status, told = place.run("--kill", "nobody is there")
    assert status == 0, told
    assert "clients of our own" in told
    assert "live: VERIFIED" in told
    status, told = place.run("kill", "status")
    assert "KILLED" in told
