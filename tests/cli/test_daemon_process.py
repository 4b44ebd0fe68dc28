"""`quarterdeck --daemon` as systemd sees it: a real process and a real notify socket."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest

from storage.database import open_reader
from storage.places import Places

TOP = Path(__file__).parents[2]
WATCHDOG_S = 0.9
pytestmark = [pytest.mark.slow, pytest.mark.timeout(90)]


@dataclass
class Service:
    """A daemon, and what it tells its notify socket."""

    process: subprocess.Popen[str]
    listener: socket.socket
    data: Path

    def hear(self, within_s: float) -> str:
        """The next message. TimeoutError when none comes in time."""
        self.listener.settimeout(within_s)
        return self.listener.recv(4096).decode()

    def until(self, word: str, within_s: float = 40) -> float:
        """Wait for a message that begins so; when it came."""
        latest = time.monotonic() + within_s
        while not self.hear(latest - time.monotonic()).startswith(word):
            assert self.process.poll() is None
        return time.monotonic()

    def emptied(self) -> None:
        """Forget what was said until now."""
        self.listener.setblocking(False)
        while True:
            try:
                self.listener.recv(4096)
            except BlockingIOError:
                return

    def kinds(self) -> list[str]:
        """The kinds of the ledger's newest rows, newest first."""
        with open_reader(Places(self.data, "demo").ledger) as reader:
            rows = reader.execute("SELECT kind FROM event ORDER BY seq DESC LIMIT 5").fetchall()
        return [kind for (kind,) in rows]


@contextmanager
def service(folder: Path) -> Generator[Service]:
    """A demo daemon under a watchdog; certainly gone afterwards."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(folder / "notify"))
        environ = {
            **os.environ,
            "NOTIFY_SOCKET": str(folder / "notify"),
            "WATCHDOG_USEC": str(int(WATCHDOG_S * 1_000_000)),
            "XDG_RUNTIME_DIR": str(folder),
            "PYTHONPATH": str(TOP),
            "QUARTERDECK_MONITORING__PROMETHEUS_PORT": "0",
        }
        environ.pop("WATCHDOG_PID", None)
        command = [sys.executable, "-m", "cli.main", "--daemon", "--demo"]
        with subprocess.Popen(
            [*command, "--data-dir", str(folder / "data")],
            cwd=folder,
            env=environ,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            try:
                yield Service(process, listener, folder / "data")
            finally:
                process.kill()


def test_systemd_is_told_ready_alive_and_stopping(tmp_path: Path) -> None:
    with service(tmp_path) as daemon:
        daemon.until("READY=1\nSTATUS=DEMO ready")
        beats = [daemon.until("WATCHDOG=1", within_s=5) for _ in range(5)]
        gaps = [later - earlier for earlier, later in pairwise(beats)]
        assert max(gaps) < WATCHDOG_S
        daemon.process.send_signal(signal.SIGTERM)
        daemon.until("STOPPING=1", within_s=10)
        assert daemon.process.wait(timeout=40) == 0
        assert daemon.kinds()[0] == "engine_stopped"
        assert not list(tmp_path.rglob("*.sock"))


def test_an_engine_that_hangs_feeds_no_watchdog(tmp_path: Path) -> None:
    with service(tmp_path) as daemon:
        daemon.until("WATCHDOG=1")
        os.kill(daemon.process.pid, signal.SIGSTOP)
        daemon.emptied()
        with pytest.raises(TimeoutError):
            daemon.hear(2 * WATCHDOG_S)
        os.kill(daemon.process.pid, signal.SIGCONT)
        daemon.until("WATCHDOG=1", within_s=10)


def test_a_second_signal_leaves_at_once(tmp_path: Path) -> None:
    with service(tmp_path) as daemon:
        daemon.until("READY=1")
        os.kill(daemon.process.pid, signal.SIGSTOP)
        for number in (signal.SIGINT, signal.SIGTERM):  # both wait until it goes on
            os.kill(daemon.process.pid, number)
        os.kill(daemon.process.pid, signal.SIGCONT)
        second = daemon.process.wait(timeout=10) - 128  # whichever came second
        assert second in (signal.SIGINT, signal.SIGTERM)
        assert "engine_stopped" not in daemon.kinds()


def test_a_second_engine_is_told_to_attach(tmp_path: Path) -> None:
    with service(tmp_path) as daemon:
        daemon.until("READY=1")
        (tmp_path / "second").mkdir()
        done = subprocess.run(
            daemon.process.args,
            cwd=tmp_path,
            env={**os.environ, "XDG_RUNTIME_DIR": str(tmp_path), "PYTHONPATH": str(TOP)},
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        assert (done.returncode, "attach instead" in done.stderr) == (69, True)
