"""The program in processes of its own, LIVE against a loopback venue in another process."""

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from tests.wire.admin import AdminClient
from tests.wire.demo import home, surroundings, venue
from tests.wire.factor import Factor, enrolled

TOP = Path(__file__).parent.parent.parent
READY_S = 30
QUICK = """\
engine:
  resume_hold_s: 1
  settle_grace_s: 1
"""


@dataclass
class Home:
    """A throw-away home of the program, and the venue it is pointed at."""

    folder: Path
    found: Mapping[str, Any]
    factor: Factor | None = None
    mode: str = "--live"

    @property
    def admin(self) -> AdminClient:
        return AdminClient(self.found["admin"])

    def command(self, *words: str) -> list[str]:
        run = [sys.executable, "-m", "tests.wire.run", "--port-file"]
        run += [str(self.folder / "port.json"), "quarterdeck"]
        config, data = str(self.folder / "trading_config.yaml"), str(self.folder / "data")
        return [*run, *words, self.mode, "--config", config, "--data-dir", data]

    def run(self, *words: str, text: str = "", within_s: float = 90) -> tuple[int, str]:
        """Run a command to its end: (exit status, what it said)."""
        done = subprocess.run(
            self.command(*words),
            cwd=TOP,
            env=surroundings(self.folder, self.found),
            input=text,
            capture_output=True,
            text=True,
            timeout=within_s,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    def json(self, *words: str) -> Any:
        """A command's JSON answer."""
        status, told = self.run(*words, "--json")
        assert status == 0, told
        return json.loads(told)

    def start(self) -> subprocess.Popen[bytes]:
        """Start the daemon and wait until it answers."""
        with (self.folder / "daemon.log").open("ab") as log:
            daemon = subprocess.Popen(
                self.command("--daemon"),
                cwd=TOP,
                env=surroundings(self.folder, self.found),
                stdout=log,
                stderr=log,
            )
        latest = time.monotonic() + READY_S
        while b"ready: " not in (self.folder / "daemon.log").read_bytes():
            assert daemon.poll() is None, self.log()
            assert time.monotonic() < latest, self.log()
            time.sleep(0.1)
        return daemon

    def log(self) -> str:
        return (self.folder / "daemon.log").read_text(encoding="utf-8", errors="replace")[-4000:]

    def enrol(self) -> None:
        """Enrol a second factor over standard input, as a script would."""
        environ = surroundings(self.folder, self.found)
        self.factor = enrolled(self.command("totp", "enrol", "--json"), environ, self.folder)

    @property
    def recovery(self) -> tuple[str, ...]:
        assert self.factor is not None
        return self.factor.recovery

    def code(self) -> str:
        assert self.factor is not None
        return self.factor.code()

    def arm(self) -> None:
        status, told = self.run("arm", "kraken/main", "--code", self.code())
        assert status == 0, told

    def open_orders(self) -> list[Any]:
        """What rests at the venue, by its own word."""
        orders: list[Any] = cast("Any", self.admin.ask("truth"))["orders"]
        return [order for order in orders if order["status"] == "open"]


@contextmanager
def at_home() -> Generator[Home]:
    """A home with a quiet venue, without rate limits; gone afterwards."""
    options = argparse.Namespace(seed=7, step_ms=250)
    with home(keep=False) as folder, venue(folder, options) as found:
        place = Home(folder, found)
        place.admin.ask("limits", calls=None, orders=None)
        config = folder / "trading_config.yaml"
        config.write_text(config.read_text(encoding="utf-8") + QUICK, encoding="utf-8")
        yield place


@contextmanager
def running_daemon(place: Home) -> Generator[subprocess.Popen[bytes]]:
    """A daemon that is certainly gone afterwards."""
    daemon = place.start()
    try:
        yield daemon
    finally:
        if daemon.poll() is None:
            os.kill(daemon.pid, signal.SIGCONT)
            daemon.terminate()
            try:
                daemon.wait(timeout=30)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()
