"""The venue in a process of its own, the runner, and the demo's throw-away home."""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from tests.wire import demo
from tests.wire.admin import AdminClient, Unheard
from tests.wire.run import main as run
from tests.wire.run import routes_of

OPTIONS = argparse.Namespace(seed=3, step_ms=0)
PLACE = """
import asyncio, os
from tests.wire.real_ccxt import Kraken
async def main():
    kraken = Kraken({"apiKey": os.environ["KRAKEN_TRADE_API_KEY"],
                     "secret": os.environ["KRAKEN_TRADE_API_SECRET"], "number": str})
    print((await kraken.create_order("BTC/USD", "limit", "buy", "0.01", "50000"))["id"])
    await kraken.close()
asyncio.run(main())
"""


@pytest.fixture
def running(tmp_path: Path) -> Generator[dict[str, Any]]:
    with demo.venue(tmp_path, OPTIONS) as found:
        yield {**found, "folder": tmp_path}


def test_a_venue_of_its_own_is_ruled_over_its_admin_port(running: dict[str, Any]) -> None:
    admin = AdminClient(running["admin"])
    assert admin.ask("routes") == running["routes"]
    order = admin.ask("place", side="buy", symbol="BTC/USD", quantity="0.01", price="50000")
    truth = admin.ask("truth")
    assert isinstance(truth, dict)
    assert [each["order_id"] for each in truth["orders"]] == [order]
    assert set(truth["sums"].values()) == {"0"}
    with pytest.raises(Unheard, match="no command 'explode'"):
        admin.ask("explode")
    with pytest.raises(Unheard, match="place: missing a required argument"):
        admin.ask("place")
    with pytest.raises(Unheard, match="Turned: insufficient funds"):
        admin.ask("place", side="sell", symbol="BTC/USD", quantity="50", price="50000")


@pytest.mark.slow
def test_a_program_run_through_the_runner_trades_at_the_venue(running: dict[str, Any]) -> None:
    command = [sys.executable, "-m", "tests.wire.run"]
    command += ["--port-file", str(running["folder"] / "port.json"), sys.executable, "-c", PLACE]
    environ = demo.surroundings(running["folder"], running)
    done = subprocess.run(
        command, env=environ, capture_output=True, text=True, timeout=15, check=False
    )
    assert done.returncode == 0, done.stderr
    truth = AdminClient(running["admin"]).ask("truth")
    assert isinstance(truth, dict)
    assert [each["order_id"] for each in truth["orders"]] == [done.stdout.strip()]


def test_the_venue_ends_with_its_parent(tmp_path: Path) -> None:
    port_file = tmp_path / "port.json"
    command = [sys.executable, "-m", "tests.wire.kraken", "--with-parent"]
    with subprocess.Popen(
        [*command, "--port-file", str(port_file)], stdin=subprocess.PIPE
    ) as process:
        demo.announced(port_file, process)
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(10) == 0


def test_the_runner_needs_routes_and_a_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("WIRE_ROUTES", raising=False)
    with pytest.raises(SystemExit):
        run(["quarterdeck", "--help"])
    assert "--port-file" in capsys.readouterr().err
    port_file = tmp_path / "port.json"
    port_file.write_text(json.dumps({"routes": {"a": "b"}}))
    assert routes_of(port_file) == {"a": "b"}


def test_the_demo_lets_no_real_key_in_and_keeps_its_own_home(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("KRAKEN_API_KEY", "a real one")
    monkeypatch.setenv("COINBASE_MAIN_TRADE_API_SECRET", "a real one")
    keys = {"kraken": {"read": {"key": "k", "secret": "s"}, "full": {"key": "f", "secret": "f"}}}
    with demo.home(keep=False) as folder:
        environ = demo.surroundings(folder, {"keys": keys, "routes": {"api.kraken.com": "x"}})
        command = demo.program(folder)
        assert oct((folder / "credentials" / demo.CREDENTIAL).stat().st_mode)[-3:] == "600"
    assert "a real one" not in environ.values()
    assert {k: v for k, v in environ.items() if k.endswith(demo.KEY_PARTS)} == {
        "KRAKEN_READ_API_KEY": "k",
        "KRAKEN_READ_API_SECRET": "s",
    }
    assert command[:2] == ["quarterdeck", "--live"]
    assert not folder.exists()
    assert os.environ["KRAKEN_API_KEY"] == "a real one"
