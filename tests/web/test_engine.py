"""The engine serves its metrics, and goes on without them where the port is taken."""

import argparse
import socket
from decimal import Decimal
from pathlib import Path

import aiohttp
import pytest

from cli.engines import own_engine
from cli.ground import stand
from cli.parser import parse
from domain.asks import SubmitOrder
from domain.instruments import Account
from domain.orders import Draft, Kind, Side
from tests.prometheus.scrapes import one

pytestmark = pytest.mark.timeout(60)


@pytest.fixture
def args(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> argparse.Namespace:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return parse(["--daemon", "--demo", "--data-dir", str(tmp_path / "data"), "--seed", "3"])


async def test_an_engine_serves_its_own_figures(
    args: argparse.Namespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QUARTERDECK_MONITORING__PROMETHEUS_PORT", "0")
    async with own_engine(stand(args)) as own:
        assert own.engine.parts is not None
        port = own.engine.parts.views.metrics_port
        async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as session:
            async with session.get("/healthz") as answer:
                assert answer.status == 200
                assert (await answer.json())["phase"] == "READY"
            async with session.get("/metrics") as answer:
                assert 'trading_balance_usd{account="main",venue="kraken"}' in await answer.text()


async def test_a_taken_port_is_said_and_costs_nothing_else(
    args: argparse.Namespace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        monkeypatch.setenv("QUARTERDECK_MONITORING__PROMETHEUS_PORT", str(port))
        async with own_engine(stand(args)) as own:
            assert own.engine.parts is not None
            assert own.engine.parts.views.metrics_port == 0
            assert own.desk.board.phase == "READY"
    logged = "".join(path.read_text() for path in (tmp_path / "data" / "demo" / "logs").iterdir())
    assert f"no metrics: port {port} is not available" in logged
    assert "monitoring.prometheus_port" in logged


async def test_counts_are_those_of_the_whole_ledger_also_after_a_restart(
    args: argparse.Namespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QUARTERDECK_MONITORING__PROMETHEUS_PORT", "0")
    draft = Draft(
        account=Account("kraken", "main"),
        symbol="BTC/USD",
        side=Side.BUY,
        kind=Kind.MARKET,
        quantity=Decimal("0.01"),
    )
    names = ("trading_orders_total", "trading_orders_filled")
    async with own_engine(stand(args)) as own:
        assert [one(own.metrics, name) for name in names] == [0, 0]
        placed = await own.desk.ask(SubmitOrder(draft=draft))
        async for board in own.desk.watch():
            if board.orders[placed.client_id].status == "FILLED":
                break
        assert [one(own.metrics, name) for name in names] == [1, 1]
    async with own_engine(stand(args)) as own:
        assert [one(own.metrics, name) for name in names] == [1, 1]
