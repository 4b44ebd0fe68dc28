"""A real Prometheus server scrapes the real exporter, where one is installed."""

import asyncio
import shutil
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from cli.clock import SystemClock
from domain.board import Board, Break, LedgerView, Mode, Phase
from prometheus.metrics import Metrics
from tests.prometheus.scrapes import KRAKEN, denied
from web.app import application, listening

SERVER = shutil.which("prometheus")
pytestmark = [
    pytest.mark.timeout(60),
    pytest.mark.skipif(SERVER is None, reason="needs the program prometheus (apt)"),
]
CONFIG = """\
global: {{scrape_interval: 1s}}
scrape_configs:
  - job_name: quarterdeck
    static_configs: [{{targets: ["127.0.0.1:{port}"]}}]
"""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as made:
        return int(made.getsockname()[1])


@asynccontextmanager
async def scraping(port: int, folder: Path) -> AsyncGenerator[str]:
    """A Prometheus that scrapes this port every second; its API's address."""
    assert SERVER is not None
    config, own = folder / "prometheus.yml", free_port()
    config.write_text(CONFIG.format(port=port), encoding="utf-8")
    process = await asyncio.create_subprocess_exec(
        SERVER,
        f"--config.file={config}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{own}",
        "--log.level=error",
    )
    try:
        yield f"http://127.0.0.1:{own}"
    finally:
        process.terminate()
        await process.wait()


async def asked(session: aiohttp.ClientSession, expression: str) -> list[Any]:
    """What the server answers; an empty list until it is up and has scraped."""
    try:
        async with session.get("/api/v1/query", params={"query": expression}) as answer:
            told = await answer.json(content_type=None) if answer.status == 200 else {}
    except aiohttp.ClientError:
        return []
    result: list[Any] = told.get("data", {}).get("result", [])
    return result


async def test_prometheus_scrapes_every_series_as_we_mean_it(tmp_path: Path) -> None:
    kinds = ("OVERFILL", 'x"} 1\ntrading_evil 1')
    breaks = tuple(
        Break(break_id=kind, kind=kind, account=KRAKEN, detail="", at_us=1) for kind in kinds
    )
    board = Board(
        mode=Mode.DEMO, phase=Phase.READY, breaks=breaks, ledger=LedgerView(head_seq=8_812)
    )
    metrics = Metrics(lambda: board)
    metrics.answered("kraken", "place", 80_000)
    metrics.fact(denied("max_order_value"), board)
    app = application(lambda: board, metrics.registry, SystemClock())
    async with (
        listening(app, "127.0.0.1", 0) as port,
        scraping(port, tmp_path) as address,
        aiohttp.ClientSession(address) as session,
        asyncio.timeout(40),
    ):
        head = await asked(session, "trading_ledger_head_seq")
        for _ in range(150):
            if head:
                break
            await asyncio.sleep(0.2)
            head = await asked(session, "trading_ledger_head_seq")
        assert head[0]["value"][1] == "8812"
        (up,) = await asked(session, "up")
        assert up["value"][1] == "1"
        (no,) = await asked(session, "trading_orders_denied > 0")
        assert no["metric"]["rule"] == "max_order_value"
        open_kinds = await asked(session, "trading_recon_breaks > 0")
        assert {one["metric"]["class"] for one in open_kinds} == {"OVERFILL", "other"}
        (slow,) = await asked(session, "trading_api_latency_ms_sum")
        assert slow["value"][1] == "80"
        assert not await asked(session, "trading_evil")
