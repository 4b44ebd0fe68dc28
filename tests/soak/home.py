"""The throw-away home of a soak: two venues in processes, a configuration, the daemon's lives.

The one rule: every process that is started here is certainly gone afterwards.
"""

import argparse
import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from domain.instruments import Account
from storage.places import Places
from tests.soak.gauges import Life
from tests.soak.program import CLOCK, STEP
from tests.wire.admin import AdminClient
from tests.wire.demo import home, surroundings, venue
from tests.wire.factor import Factor, enrolled

TOP = Path(__file__).parent.parent.parent
CLOCK_FILE = "clock"
READY_S = 90
STOP_S = 40
SYMBOLS = {
    "kraken": ("BTC/USD", "ETH/USD", "SOL/USD", "XRP/USD", "ETH/BTC", "USDT/USD"),
    "kucoin": ("BTC/USDT", "ETH/USDT", "SOL/USDT", "XRP/USDT", "ETH/BTC", "USDC/USDT"),
}
CONFIG = """\
# Written by tests/soak for one run against loopback venues.
version: 1
mode: live
exchanges:
{exchanges}risk:
  max_order_value: 10000
  max_daily_volume: 100000000
  max_position_size: 10000000
  max_drawdown_pct: 90
  price_collar_pct: 20
  max_open_orders: 500
  max_identical_orders: 50
  max_orders_per_second: 50
  max_executions_per_minute: 100000
  max_denials_per_5min: 100000
monitoring:
  prometheus_port: 0
engine:
  stream_silent_s: 8
  settle_grace_s: 5
  open_orders_every_s: 15
  fills_every_s: 30
  balances_every_s: 15
  clock_every_s: 10
  reconnect_last_ms: 8000
  resume_hold_s: 1
  kill_deadline_s: 15
"""
EXCHANGE = "  {venue}:\n    enabled: true\n    sandbox: false\n    symbols: [{symbols}]\n"


@dataclass(slots=True)
class Stall:
    """One loopback venue, and where its admin port is."""

    family: str
    admin: AdminClient

    @property
    def account(self) -> Account:
        """The account that the desk trades there."""
        return Account(self.family, "main")

    async def ask(self, command: str, **arguments: object) -> Any:
        """An admin command, without holding up this loop."""
        return await asyncio.to_thread(self.admin.ask, command, **arguments)


@dataclass(slots=True)
class Home:
    """Everything that a run owns. `lives` are the daemon's, oldest first; `in_service` says that
    one is ready, and that nobody has ended it.
    """

    folder: Path
    stalls: Sequence[Stall]
    found: dict[str, Any]
    plants: Sequence[str] = ()
    lives: list[Life] = field(default_factory=list)
    process: subprocess.Popen[bytes] | None = None
    factor: Factor | None = None
    in_service: bool = False

    # Commands

    def command(self, *words: str) -> list[str]:
        """The product's command line, redirected to the venues, bugs planted."""
        run = [sys.executable, "-m", "tests.soak.program"]
        run += [word for bug in self.plants for word in ("--plant", bug)]
        for stall in self.stalls:
            run += ["--port-file", str(self.folder / f"{stall.family}.json")]
        config, data = str(self.folder / "trading_config.yaml"), str(self.folder / "data")
        return [*run, "quarterdeck", *words, "--live", "--config", config, "--data-dir", data]

    @property
    def environ(self) -> dict[str, str]:
        """The venues' keys in place of every real one."""
        return {**surroundings(self.folder, self.found), CLOCK: str(self.folder / CLOCK_FILE)}

    def step_clock(self, seconds: int) -> None:
        """Put the computer's clock wrong by so much, for the daemon."""
        with (self.folder / CLOCK_FILE).open("r+b") as file:
            file.write(STEP.pack(seconds))

    async def run(self, *words: str, within_s: float = 120) -> tuple[int, str]:
        """A command to its end: (exit status, what it said)."""
        return await asyncio.to_thread(self._run, words, within_s)

    def _run(self, words: Sequence[str], within_s: float) -> tuple[int, str]:
        done = subprocess.run(
            self.command(*words),
            cwd=TOP,
            env=self.environ,
            capture_output=True,
            text=True,
            timeout=within_s,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    async def enrol(self) -> Factor:
        """Enrol a second factor, before any engine runs."""
        command = self.command("totp", "enrol", "--json")
        self.factor = await asyncio.to_thread(enrolled, command, self.environ, self.folder)
        return self.factor

    # The daemon's lives

    @property
    def places(self) -> Places:
        """The live book."""
        return Places(self.folder / "data", "live")

    @property
    def sockets(self) -> list[Path]:
        """Where an engine listens: none or one."""
        return list((self.folder / "run").rglob("*.sock"))

    @property
    def log(self) -> Path:
        """What this life writes to its standard error."""
        return self.folder / f"daemon-{len(self.lives)}.log"

    async def start(self) -> None:
        """Begin a life and wait until it says ready. RuntimeError when it does not."""
        self.lives.append(Life(0))
        self.process = self._born()
        self.lives[-1].pid = self.process.pid
        for _ in range(READY_S * 10):
            if b"ready: " in self.log.read_bytes():
                self.in_service = True
                return
            if self.process.poll() is not None:
                break
            await asyncio.sleep(0.1)
        raise RuntimeError(f"the daemon did not become ready:\n{self.last_words()}")

    def _born(self) -> subprocess.Popen[bytes]:
        with self.log.open("wb") as log:
            return subprocess.Popen(
                self.command("--daemon"), cwd=TOP, env=self.environ, stdout=log, stderr=log
            )

    async def stop(self, how: signal.Signals) -> int:
        """End this life by a signal. Its exit status."""
        assert self.process is not None
        self.in_service = False
        self.lives[-1].end = how.name
        self.process.send_signal(how)
        try:
            return await asyncio.to_thread(self.process.wait, STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return await asyncio.to_thread(self.process.wait)

    def signal(self, number: signal.Signals) -> None:
        """Send the daemon a signal."""
        assert self.process is not None
        self.process.send_signal(number)

    def last_words(self) -> str:
        """The end of this life's log."""
        return self.log.read_text(encoding="utf-8", errors="replace")[-3000:]


@contextmanager
def at_home(
    families: Sequence[str], seed: int, step_ms: int, *, plants: Sequence[str], keep: bool
) -> Generator[Home]:
    """A home with its venues' processes; all of it is gone afterwards, unless `keep`."""
    with ExitStack() as stack:
        folder = stack.enter_context(home(keep=keep))
        found: dict[str, Any] = {"routes": {}, "keys": {}}
        stalls: list[Stall] = []
        for number, family in enumerate(families):
            options = argparse.Namespace(seed=seed + number, step_ms=step_ms)
            told = stack.enter_context(venue(folder, options, family, f"{family}.json"))
            found["routes"] |= told["routes"]
            found["keys"] |= told["keys"]
            stalls.append(Stall(family, AdminClient(told["admin"])))
            if family == "kraken":
                stalls[-1].admin.ask("limits", calls=None, orders=None)
        (folder / CLOCK_FILE).write_bytes(STEP.pack(0))
        (folder / "trading_config.yaml").write_text(_config(families), encoding="utf-8")
        place = Home(folder, stalls, found, plants)
        try:
            yield place
        finally:
            _end(place.process)


def _config(families: Sequence[str]) -> str:
    exchanges = "".join(
        EXCHANGE.format(venue=family, symbols=", ".join(SYMBOLS[family])) for family in families
    )
    return CONFIG.format(exchanges=exchanges)


def _end(process: subprocess.Popen[bytes] | None) -> None:
    if process is None or process.poll() is not None:
        return
    os.kill(process.pid, signal.SIGCONT)
    process.kill()
    process.wait()
