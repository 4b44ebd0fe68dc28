"""The console as a person meets it: a real process in a real terminal, from key press to ledger."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.cli.wire_home import TOP, Home, at_home, running_daemon
from tests.console.terminal import Terminal
from tests.wire.demo import surroundings

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]
START_S = 40
REST_S = 20
CLEAR, REVIEW, INTERRUPT = "\x15", "\x12", "\x03"  # ctrl+u, ctrl+r, ctrl+c
FIRST_BYTES_OF_A_SCREEN = b"\x1b[?1049h"


@contextmanager
def terminal(arguments: list[str], environ: dict[str, str]) -> Iterator[Terminal]:
    opened = Terminal(arguments, size=(120, 40), environ=environ)
    try:
        yield opened
    finally:
        opened.close()


class AtHome:
    """The demo in a directory of its own."""

    def __init__(self, folder: Path) -> None:
        self.environ = {"XDG_RUNTIME_DIR": str(folder), "XDG_CONFIG_HOME": str(folder)}
        self.flags = ["--demo", "--data-dir", str(folder / "data")]

    def console(self, *flags: str) -> list[str]:
        return ["-m", "cli.main", *self.flags, *flags]

    def run(self, *words: str, **environ: str) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, *self.console(*words)],
            cwd=TOP,
            env={**os.environ, **self.environ, **environ},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    def json(self, *words: str) -> Any:
        status, told = self.run(*words, "--json")
        assert status == 0, told
        return json.loads(told)


@pytest.fixture
def demo(tmp_path: Path) -> AtHome:
    return AtHome(tmp_path)


def confirms(screen: Terminal) -> None:
    """A dialog takes no enter in its first moments, and stands on Cancel."""
    screen.read(0.6)
    screen.press("tab", "enter")


def types_an_order(screen: Terminal, symbol: str, quantity: str, price: str) -> None:
    """Through the ticket and its review."""
    screen.press("n")
    screen.wait_for("Ticket")
    screen.press("tab", "tab", CLEAR, *symbol, "tab", *quantity, "tab", *price)
    screen.wait_for("would pass")
    screen.press(REVIEW)
    screen.wait_for("review order")
    confirms(screen)


def resting_price(home: AtHome | Home, symbol: str, venue: str) -> str:
    """So far below the market that no order there is filled while a test looks at it.

    The reference of a market order is its worst price, 5 % over the market.
    """
    latest = time.monotonic() + START_S
    while time.monotonic() < latest:
        _, words = home.run("check", "buy", symbol, "0.01", "--venue", venue, "--json")
        told, _ = json.JSONDecoder().raw_decode(words)
        if "reference" in told and float(told["reference"]):
            return str(int(float(told["reference"]) * 0.92))
        time.sleep(0.5)
    raise AssertionError(words)


def kills(screen: Terminal) -> None:
    screen.press("ctrl+x")
    screen.wait_for("kill switch")
    screen.read(0.5)
    screen.press("ctrl+x")
    screen.wait_for("KILLED · VERIFIED", REST_S)


def leaves(screen: Terminal) -> None:
    screen.press("escape", pause_s=1)  # alone: followed by a key it would be alt and that key
    screen.press(INTERRUPT)
    screen.wait_for("The engine runs in this process", REST_S)
    confirms(screen)
    assert screen.exit_code(40) == 0


def test_the_demo_from_the_first_key_to_the_kill_and_the_ledger(demo: AtHome) -> None:
    with terminal(demo.console(), demo.environ) as screen:
        screen.wait_for("Positions", START_S)
        screen.wait_for("KILL READY", START_S)
        assert "DEMO" in screen.text.splitlines()[0]
        types_an_order(screen, "btc/usdt", "0.01", resting_price(demo, "BTC/USDT", "gate"))
        screen.wait_for(lambda: "BTC/USDT" in screen.text and "OPEN" in screen.text)
        # Commands of this machine come in through the console's own engine.
        mine = [order for order in demo.json("orders") if not order["foreign"]]
        assert len(mine) == 1
        kills(screen)
        leaves(screen)
    status, told = demo.run("ledger", "verify")
    assert (status, told.startswith("OK")) == (0, True)
    assert demo.json("kill", "status")["level"] > 0, "a kill survives its process"


def test_the_live_desk_from_the_key_press_to_the_ledger_through_the_real_ccxt_class() -> None:
    with at_home() as place:
        place.enrol()
        environ = surroundings(place.folder, place.found)
        with terminal(place.command()[1:], environ) as screen:
            screen.wait_for("DISARMED", START_S)
            screen.wait_for("Positions", START_S)
            screen.wait_for(lambda: place.json("status")["phase"] == "READY", START_S)
            _arms(screen, place)
            types_an_order(screen, "btc/usd", "0.01", resting_price(place, "BTC/USD", "kraken"))
            screen.wait_for(lambda: len(place.open_orders()) == 1, REST_S)
            (placed,) = place.json("orders")
            assert placed["order"]["symbol"] == "BTC/USD"
            kills(screen)
            assert place.open_orders() == []
            leaves(screen)
        assert place.run("ledger", "verify")[0] == 0
        rows = place.json("ledger", "tail", "--limit", "100")["rows"]
        kinds = [row["kind"] for row in rows]
        for kind in ("armed", "order_approved", "order_sent", "order_acked", "halt_tripped"):
            assert kind in kinds, kinds


def _arms(screen: Terminal, place: Home) -> None:
    screen.press("4")
    screen.wait_for("Hard limits")
    screen.press("A")
    screen.wait_for("arm trading")
    screen.press(*"kraken/main", "tab", *place.code(), "enter")
    confirms(screen)
    screen.wait_for(lambda: "DISARMED" not in screen.text.splitlines()[0], REST_S)


def test_a_console_attaches_to_a_daemon_and_leaves_it_running(demo: AtHome) -> None:
    with at_home() as place, running_daemon(place) as daemon:
        environ = surroundings(place.folder, place.found)
        with terminal(place.command()[1:], environ) as screen:
            screen.wait_for("Positions", START_S)
            screen.press("q")
            assert screen.exit_code(20) == 0
        assert daemon.poll() is None
        assert place.run("status")[0] == 0


def test_a_wrong_setting_is_told_before_any_screen(demo: AtHome) -> None:
    wrong = {**demo.environ, "QUARTERDECK_RISK__MAX_ORDER_VALUE": "-1"}
    with terminal(demo.console(), wrong) as screen:
        assert screen.exit_code(30) == 78
        assert FIRST_BYTES_OF_A_SCREEN not in screen.bytes
        assert "QUARTERDECK_RISK__MAX_ORDER_VALUE" in screen.text


def test_without_a_terminal_it_prints_one_report_and_ends(demo: AtHome) -> None:
    status, told = demo.run()
    assert status == 0
    for words in ("DEMO", "KILL READY", "max_order_value", "kraken/main", "Total"):
        assert words in told


def test_a_screen_that_was_painted_first_still_ends_with_the_engines_words(
    demo: AtHome, tmp_path: Path
) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "demo").write_text("a file where the book's directory belongs")
    with terminal(demo.console(), demo.environ) as screen:
        assert screen.exit_code(30) == 78
        assert "demo" in screen.text
