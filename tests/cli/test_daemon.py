"""What the daemon tells systemd, and that telling it can never hold the engine up."""

import asyncio
import socket
from collections.abc import Generator
from pathlib import Path

import pytest

from cli.daemon import feeding, notify, watchdog_s


@pytest.fixture
def systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[socket.socket]:
    path = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(path))
        listener.setblocking(False)
        monkeypatch.setenv("NOTIFY_SOCKET", str(path))
        yield listener


def heard(listener: socket.socket) -> list[str]:
    told = []
    while True:
        try:
            told.append(listener.recv(4096).decode())
        except BlockingIOError:
            return told


def test_a_message_is_one_datagram(systemd: socket.socket) -> None:
    notify("READY=1\nSTATUS=DEMO ready")
    assert heard(systemd) == ["READY=1\nSTATUS=DEMO ready"]


def test_an_abstract_socket_is_understood(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    name = f"quarterdeck-{tmp_path.name}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(f"\0{name}")
        listener.setblocking(False)
        monkeypatch.setenv("NOTIFY_SOCKET", f"@{name}")
        notify("WATCHDOG=1")
        assert heard(listener) == ["WATCHDOG=1"]


def test_a_listener_that_reads_nothing_cannot_hold_us_up(systemd: socket.socket) -> None:
    for _ in range(2_000):  # more than any queue of datagrams holds
        notify("WATCHDOG=1")
    assert 0 < len(heard(systemd)) < 2_000


def test_without_a_listener_nothing_happens(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    notify("READY=1")
    assert not caplog.records
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "gone"))
    notify("READY=1\nSTATUS=x")
    assert "systemd was not told READY" in caplog.text


@pytest.mark.parametrize(
    ("environ", "every_s"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "30000000"}, 10),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "42"}, 10),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "41"}, None),
        ({"WATCHDOG_USEC": ""}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({"WATCHDOG_USEC": "-5"}, None),
    ],
)
def test_the_pace_is_a_third_of_what_systemd_allows_this_process(
    environ: dict[str, str], every_s: float | None
) -> None:
    assert watchdog_s(environ, 42) == every_s


async def test_the_watchdog_is_fed_from_the_loop_and_starves_while_the_loop_hangs(
    systemd: socket.socket,
) -> None:
    async with feeding(0.01):
        async with asyncio.timeout(5):
            while len(heard(systemd)) < 3:  # noqa: ASYNC110 - a datagram sets no event here
                await asyncio.sleep(0.05)
        heard(systemd)
        latest = asyncio.get_running_loop().time() + 0.2
        while asyncio.get_running_loop().time() < latest:
            pass  # the loop hangs: no await
        assert heard(systemd) == []
    await asyncio.sleep(0.05)
    fed_at_the_end = len(heard(systemd))
    assert fed_at_the_end <= 1


async def test_without_a_watchdog_nothing_is_fed(systemd: socket.socket) -> None:
    async with feeding(None):
        await asyncio.sleep(0.02)
    assert heard(systemd) == []
