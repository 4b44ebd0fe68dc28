"""The console in a real terminal: signals, crashes, bytes on the tty, the kill switch's key."""

import re
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.console.hostile import PAYLOADS
from tests.console.terminal import PLAY, Terminal

pytestmark = [pytest.mark.slow, pytest.mark.timeout(60)]
Start = Callable[..., Terminal]
SECRET = b"hunter2"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log"


@pytest.fixture
def start(log: Path) -> Iterator[Start]:
    started: list[Terminal] = []

    def begin(*flags: str, environ: dict[str, str] | None = None, **options: Any) -> Terminal:
        told = {"QUARTERDECK_PLAY_LOG": str(log), **(environ or {})}
        terminal = Terminal([*PLAY, *flags], environ=told, **options)
        started.append(terminal)
        return terminal

    yield begin
    for terminal in started:
        terminal.close()


def lines(log: Path) -> list[str]:
    return log.read_text(encoding="utf-8").splitlines() if log.exists() else []


@pytest.mark.parametrize(
    ("number", "reason"),
    [(signal.SIGHUP, "hangup"), (signal.SIGTERM, "terminated"), (signal.SIGINT, "interrupted")],
)
def test_a_signal_ends_the_console_cleanly_and_gives_the_terminal_back(
    start: Start, log: Path, number: int, reason: str
) -> None:
    terminal = start()
    terminal.wait_for("Positions")
    terminal.kill(number)
    assert terminal.exit_code() == 0
    assert f"ended {reason}" in lines(log)
    for given_back in (b"\x1b[?1049l", b"\x1b[?1000l", b"\x1b[?25h", b"\x1b[?2004l"):
        assert terminal.bytes.rindex(given_back) > terminal.bytes.rindex(b"\x1b[?1049h")


@pytest.mark.parametrize("ignore_hangup", [False, True], ids=["plain", "nohup"])
def test_a_closed_terminal_ends_the_console_even_under_nohup(
    start: Start, log: Path, ignore_hangup: bool
) -> None:
    terminal = start(ignore_hangup=ignore_hangup)
    terminal.wait_for("Positions")
    terminal.hang_up()
    terminal.exit_code()
    assert "ended hangup" in lines(log)


def test_a_crash_prints_where_it_was_and_no_local_and_no_message(start: Start, log: Path) -> None:
    terminal = start("--crash", "--still")
    assert terminal.exit_code(timeout_s=16) == 1
    assert b"Positions" in terminal.bytes, "it was painted, and fell over the next picture"
    assert b"stopped because of a fault in it: RuntimeError" in terminal.bytes
    assert b"in broken" in terminal.bytes
    assert b"quarterdeck --kill" in terminal.bytes
    assert SECRET not in terminal.bytes
    assert b"api_secret" not in terminal.bytes
    assert "ended crash" in lines(log)
    assert terminal.bytes.rindex(b"\x1b[?1049l") < terminal.bytes.rindex(b"RuntimeError")


def test_no_byte_of_a_payload_reaches_the_terminal(start: Start) -> None:
    terminal = start("hostile", "--still", "--attached", size=(120, 40))
    terminal.wait_for("KILLED")
    pages = ("2 enter escape 3", "4 d enter escape R escape", "9 v enter escape", "0 enter escape")
    for key in " ".join((*pages, ", a ctrl+x escape")).split():
        terminal.press(key, pause_s=0.15)
    terminal.press("escape", "1", "q", pause_s=0.3)
    assert terminal.exit_code() == 0
    for payload in PAYLOADS:
        if any(ord(c) in (0x1B, 0x9B) for c in payload):
            sent = payload.encode("utf-8")
            assert sent not in terminal.bytes
            assert sent[:6] not in terminal.bytes
    assert "\u202e".encode() not in terminal.bytes
    assert b"\x00" not in terminal.bytes


def test_two_presses_kill_while_a_field_of_a_dialog_has_the_keys(start: Start, log: Path) -> None:
    terminal = start()
    terminal.wait_for("Positions")
    terminal.press("2", "X", pause_s=0.3)
    terminal.wait_for("type CANCEL")
    terminal.press("C", "A")
    terminal.press("ctrl+x")
    terminal.wait_for("press ^x or F12 again")
    terminal.read(0.4)
    terminal.press("ctrl+x")
    terminal.wait_for("KILLED")
    assert lines(log).count("Trip") == 1


def test_f12_twice_kills_too_and_a_held_key_does_not(start: Start, log: Path) -> None:
    terminal = start()
    terminal.wait_for("Positions")
    terminal.press(*["f12"] * 15, pause_s=0.03)
    assert "Trip" not in lines(log)
    terminal.read(0.45)
    terminal.press("f12")
    terminal.wait_for("KILLED")


def test_a_hung_engine_is_passed_by_after_two_seconds(start: Start, log: Path) -> None:
    terminal = start("--hang")
    terminal.wait_for("Positions")
    terminal.press("ctrl+x")
    terminal.read(0.4)
    terminal.press("ctrl+x")
    terminal.wait_for("quarterdeck --kill was started")
    assert "spawned --kill kill switch pressed in the console" in lines(log)


def test_the_title_of_the_terminal_says_the_mode(start: Start) -> None:
    terminal = start("live", "--still")
    terminal.wait_for("DISARMED")
    assert "\x1b]2;● LIVE console\x07".encode() in terminal.bytes


@pytest.mark.parametrize("flags", [(), ("--no-mouse",)], ids=["mouse", "no-mouse"])
def test_without_the_mouse_no_sequence_asks_for_it(start: Start, flags: tuple[str, ...]) -> None:
    terminal = start("--attached", *flags)
    terminal.wait_for("Positions")
    terminal.kill(signal.SIGTSTP)  # taking the terminal again would ask again
    terminal.wait_for(lambda: state_of(terminal.pid) == "T")
    terminal.kill(signal.SIGCONT)
    terminal.press("3", "q", pause_s=0.3)
    assert terminal.exit_code() == 0
    asked = re.findall(rb"\x1b\[\?(?:9|1000|1001|1002|1003|1005|1006|1015|1016)h", terminal.bytes)
    assert bool(asked) is not bool(flags)


@pytest.mark.parametrize("number", [signal.SIGTSTP, signal.SIGSTOP], ids=["asked", "forced"])
def test_a_stopped_console_goes_on_where_it_was(start: Start, number: int) -> None:
    terminal = start("--attached")
    terminal.wait_for("Positions")
    terminal.kill(number)
    terminal.wait_for(lambda: state_of(terminal.pid) == "T")
    terminal.bytes = b""
    terminal.kill(signal.SIGCONT)
    terminal.wait_for(lambda: b"\x1b[?1049h" in terminal.bytes)
    terminal.press("3", pause_s=0.3)
    terminal.wait_for("Fills 4")
    terminal.press("q")
    assert terminal.exit_code() == 0


def state_of(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]


@pytest.mark.parametrize(
    "exported", [{}, {"COLUMNS": "80", "LINES": "24"}], ids=["plain", "exported"]
)
def test_the_terminal_can_shrink_and_grow(start: Start, exported: dict[str, str]) -> None:
    terminal = start("--attached", environ=exported)
    terminal.wait_for("Positions")
    terminal.resize(50, 15)
    terminal.wait_for("50\N{MULTIPLICATION SIGN}15 is too small")
    terminal.resize(90, 28)
    terminal.wait_for("Positions")
    terminal.press("q")
    assert terminal.exit_code() == 0
