"""The loopback KuCoin as a process, beside the Kraken, and repeatable from a seed."""

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from tests.wire import demo
from tests.wire.admin import AdminClient
from tests.wire.clock import SteppedClock
from tests.wire.kucoin.limits import Limits
from tests.wire.kucoin.loopback import Loopback, hosted
from tests.wire.run import routes_of

OPTIONS = argparse.Namespace(seed=3, step_ms=0)
PLACE = """
import asyncio, os
from tests.wire.real_ccxt import Kucoin
async def main():
    client = Kucoin({"apiKey": os.environ["KUCOIN_TRADE_API_KEY"],
                     "secret": os.environ["KUCOIN_TRADE_API_SECRET"],
                     "password": os.environ["KUCOIN_TRADE_API_PASSPHRASE"],
                     "options": {"fetchMarkets": {"types": ["spot"]}}, "number": str})
    print((await client.create_order("BTC/USDT", "limit", "buy", "0.01", "50000"))["id"])
    await client.close()
asyncio.run(main())
"""


@pytest.mark.slow
def test_a_program_run_through_the_runner_trades_at_the_venues_process(tmp_path: Path) -> None:
    with (
        demo.venue(tmp_path, OPTIONS) as kraken,
        demo.venue(tmp_path, OPTIONS, "kucoin", "kucoin.json") as kucoin,
    ):
        files = [tmp_path / "port.json", tmp_path / "kucoin.json"]
        assert routes_of(*files) == {**kraken["routes"], **kucoin["routes"]}
        command = [sys.executable, "-m", "tests.wire.run"]
        for file in files:
            command += ["--port-file", str(file)]
        environ = demo.surroundings(tmp_path, kucoin)
        done = subprocess.run(
            [*command, sys.executable, "-c", PLACE],
            env=environ, capture_output=True, text=True, timeout=15, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        truth = AdminClient(kucoin["admin"]).ask("truth")
    assert isinstance(truth, dict)
    assert [each["order_id"] for each in truth["orders"]] == [done.stdout.strip()]
    assert set(truth["sums"].values()) == {"0"}


def test_every_command_explains_itself(kucoin_venue: Loopback) -> None:
    with urlopen(kucoin_venue.admin_url, timeout=5) as reply:
        told = json.load(reply)
    assert {"fault", "truth", "down", "up", "poison", "deposit", "move", "whitelist"} <= set(told)
    assert all(len(text.partition(")")[2]) > len(" ab") for text in told.values())


def test_a_venue_on_a_stepped_clock_with_a_seed_repeats_itself() -> None:
    def story() -> Any:
        with hosted(seed=9, clock=SteppedClock(), limits=Limits(pool=None)) as running:
            running.ask("step", times=3)
            running.ask("place", side="buy", symbol="ETH/USDT", quantity="0.2")
            running.ask("skew", seconds=5)
            running.ask("place", side="sell", symbol="BTC/USDT", quantity="0.1", price="70000")
            return running.ask("truth"), running.ask("credentials")

    assert story() == story()
