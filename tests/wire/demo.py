"""`python -m tests.wire.demo`: the console in LIVE mode, trading on loopback venues.

It trades on Kraken, or on those that are named (`--venue kraken --venue kucoin`). It starts each
as a process of its own, makes a throw-away home (configuration, data, keys, second-factor file),
and opens `quarterdeck --live` redirected to them. Everything is gone afterwards unless `--keep`.
The one rule: no real key gets in and no real host can be reached.
"""

import argparse
import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from tests.canaries import leaks, pattern_of
from tests.marks import MARKS
from tests.wire.factor import KEPT, enrolled
from tests.wire.redirect import environment

START_S = 20
KEY_PARTS = ("_API_KEY", "_API_SECRET", "_API_PASSPHRASE")
PORT_FILE = "port.json"
CREDENTIAL = "quarterdeck-passphrase"
WORDS = """\
{venues}
The console starts in LIVE, disarmed. To arm it (key A) or to release the kill switch it wants
a code; in another terminal, from this folder:
    python -m tests.wire.factor {folder}
"""
CONFIG = """\
# Written by tests/wire/demo.py for one run against the loopback venue.
version: 1
mode: live
exchanges:
{exchanges}risk:
  max_order_value: 10000
  max_daily_volume: 100000
  max_position_size: 250000
  max_drawdown_pct: 15
monitoring:
  prometheus_port: 0
"""
EXCHANGE = """\
  {family}:
    enabled: true
    sandbox: false
    symbols: [{symbols}]
"""
SYMBOLS = {
    "kraken": "BTC/USD, ETH/USD, SOL/USD, XRP/USD, ETH/BTC, USDT/USD",
    "kucoin": "BTC/USDT, ETH/USDT, SOL/USDT, XRP/USDT, ETH/BTC, USDC/USDT",
}


def main(arguments: list[str] | None = None) -> int:
    """Run the console until it is closed. Its exit status."""
    options, rest = _parser().parse_known_args(arguments)
    families = options.venue or ["kraken"]
    with home(keep=options.keep, families=families) as folder, ExitStack() as stack:
        told = {
            family: stack.enter_context(venue(folder, options, family, f"{family}.json"))
            for family in families
        }
        command = [sys.executable, "-m", "tests.wire.run"]
        for family in families:
            command += ["--port-file", str(folder / f"{family}.json")]
        command += program(folder)
        environ = surroundings(folder, together(told.values()))
        enrolled([*command, "totp", "enrol", "--json"], environ, folder)
        lines = [f"A loopback {f} trades; admin port for faults: {told[f]['admin']}" for f in told]
        print(WORDS.format(venues="\n".join(lines), folder=folder))  # noqa: T201
        if sys.stdin.isatty():
            input("Enter opens the console: ")
        return subprocess.run([*command, *rest], env=environ, check=False).returncode


def together(told: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """What several venues wrote, as one: their routes and their keys."""
    found: dict[str, Any] = {"routes": {}, "keys": {}}
    for each in told:
        found["routes"] |= each["routes"]
        found["keys"] |= each["keys"]
    return found


def program(folder: Path) -> list[str]:
    """The command line of the product, as a user would give it."""
    config, data = str(folder / "trading_config.yaml"), str(folder / "data")
    return ["quarterdeck", "--live", "--config", config, "--data-dir", data]


def surroundings(folder: Path, found: Mapping[str, Any]) -> dict[str, str]:
    """The program's environment: the venue's keys in place of every real one."""
    kept = {k: v for k, v in os.environ.items() if not k.endswith(KEY_PARTS)}
    keys = {
        f"{name.upper()}_{purpose.upper()}_API_{part.upper()}": text
        for name, purposes in found["keys"].items()
        for purpose, parts in purposes.items()
        if purpose != "full"
        for part, text in parts.items()
    }
    return {
        **kept,
        **keys,
        **environment(found["routes"]),
        "CREDENTIALS_DIRECTORY": str(folder / "credentials"),
        "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
        "XDG_RUNTIME_DIR": str(folder / "run"),
        "XDG_CONFIG_HOME": str(folder / "config"),
    }


def kept_beside(folder: Path) -> list[str]:
    """What the program must not write here: the passphrase, the seed, the recovery codes."""
    told = [path.read_text(encoding="utf-8") for path in (folder / "credentials").iterdir()]
    factor = folder / KEPT
    if factor.exists():
        made = json.loads(factor.read_text(encoding="utf-8"))
        told += [made["seed"], *made["recovery"]]
    return told


@contextmanager
def home(*, keep: bool, families: Sequence[str] = ("kraken",)) -> Generator[Path]:
    """A folder with a configuration, and a passphrase for the second factor's file."""
    folder = Path(tempfile.mkdtemp(prefix="quarterdeck-wire-"))
    try:
        for part in ("data", "credentials", "run", "config"):
            (folder / part).mkdir(mode=0o700)
        exchanges = (EXCHANGE.format(family=f, symbols=SYMBOLS[f]) for f in families)
        config = CONFIG.format(exchanges="".join(exchanges))
        (folder / "trading_config.yaml").write_text(config, encoding="utf-8")
        passphrase = folder / "credentials" / CREDENTIAL
        passphrase.write_text(secrets.token_urlsafe(24), encoding="utf-8")
        passphrase.chmod(0o600)
        yield folder
        found = list(leaks(folder, pattern_of((*MARKS, *kept_beside(folder)))))
        assert not found, found
    finally:
        if keep:
            print(f"Kept: {folder}")  # noqa: T201
        else:
            shutil.rmtree(folder)


@contextmanager
def venue(
    folder: Path, options: argparse.Namespace, family: str = "kraken", port_file: str = PORT_FILE
) -> Generator[dict[str, Any]]:
    """A loopback venue in a process of its own, which ends with this one."""
    told = folder / port_file
    command = [sys.executable, "-m", f"tests.wire.{family}", "--with-parent"]
    command += ["--port-file", str(told), "--seed", str(options.seed)]
    command += ["--step-ms", str(options.step_ms)]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        try:
            yield announced(told, process)
        finally:
            process.terminate()


def announced(port_file: Path, process: subprocess.Popen[bytes]) -> dict[str, Any]:
    """What the venue wrote once it was ready. TimeoutError when it never is."""
    latest = time.monotonic() + START_S
    while not port_file.exists():
        if process.poll() is not None or time.monotonic() > latest:
            raise TimeoutError("the loopback venue did not start")
        time.sleep(0.05)
    found: dict[str, Any] = json.loads(port_file.read_text(encoding="utf-8"))
    return found


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.wire.demo", description=__doc__)
    venues = "which to trade on, once for each (kraken)"
    parser.add_argument("--venue", action="append", choices=sorted(SYMBOLS), help=venues)
    parser.add_argument("--seed", type=int, default=7, help="all chance of the market")
    parser.add_argument("--step-ms", type=int, default=250, help="pace of the market")
    parser.add_argument("--keep", action="store_true", help="leave the folder for a look")
    return parser


if __name__ == "__main__":
    sys.exit(main())
