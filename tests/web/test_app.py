"""`/metrics` and `/healthz` over a real socket: right, private, and never in the desk's way."""

import asyncio
import json
import logging
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp
import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from domain.board import Alarm, Board, LedgerView, Mode, Phase
from domain.errors import Unavailable
from domain.halts import Halt, HaltState, Level
from prometheus.metrics import Metrics
from web.app import LIVELY_US, application, health, listening

NOW_US = 1_790_000_000_000_000
READY = Board(mode=Mode.DEMO, phase=Phase.READY, now_us=NOW_US)


@dataclass
class Clock:
    """A clock that stands still until it is moved."""

    at_us: int = NOW_US

    def now_us(self) -> int:
        return self.at_us


@dataclass
class Served:
    """A running server and what it shows."""

    board: Board
    clock: Clock
    port: int = 0

    async def get(self, path: str, method: str = "GET", **headers: str) -> tuple[int, str, str]:
        """(status, content type, body)."""
        url = f"http://127.0.0.1:{self.port}{path}"
        async with (
            aiohttp.ClientSession() as session,
            session.request(method, url, headers=headers) as answer,
        ):
            return answer.status, answer.headers["Content-Type"], await answer.text()


@asynccontextmanager
async def serving(
    board: Board = READY, registry: CollectorRegistry | None = None
) -> AsyncGenerator[Served]:
    served = Served(board, Clock())
    seen = registry or Metrics(lambda: served.board).registry
    app = application(lambda: served.board, seen, served.clock)
    async with listening(app, "127.0.0.1", 0) as served.port:
        yield served


async def test_metrics_are_served_in_the_format_prometheus_reads() -> None:
    async with serving(READY.but(ledger=LedgerView(head_seq=42))) as served:
        status, kind, body = await served.get("/metrics")
    assert status == 200
    assert kind.startswith("text/plain; version=")
    samples = {
        sample.name: sample.value
        for family in text_string_to_metric_families(body)
        for sample in family.samples
    }
    assert samples["trading_ledger_head_seq"] == 42


async def test_open_metrics_are_served_to_whoever_asks_for_them() -> None:
    async with serving() as served:
        _, kind, body = await served.get("/metrics", Accept="application/openmetrics-text")
    assert kind.startswith("application/openmetrics-text")
    assert body.endswith("# EOF\n")


async def test_a_ready_desk_is_healthy_and_says_when_it_last_lived() -> None:
    alarm = Alarm(alarm="a", severity="warning", text="secret words", at_us=1)
    async with serving(READY.but(alarms=(alarm,))) as served:
        served.clock.at_us += 1_250_000
        status, kind, body = await served.get("/healthz")
    assert (status, kind) == (200, "application/json; charset=utf-8")
    assert json.loads(body) == {
        "alive": True,
        "mode": "DEMO",
        "phase": "READY",
        "armed": False,
        "halt_level": 0,
        "heartbeat_age_s": 1.25,
        "ledger_head": 0,
        "alarms": 1,
    }


@pytest.mark.parametrize(
    ("phase", "age_us", "status"),
    [
        (Phase.READY, LIVELY_US - 1, 200),
        (Phase.ARMED, 0, 200),
        (Phase.READY, LIVELY_US, 503),
        (Phase.CONNECT, 0, 503),
        (Phase.RECONCILE, 0, 503),
        (Phase.DRAINING, 0, 503),
        (Phase.STOPPED, 0, 503),
    ],
)
async def test_the_engines_own_heartbeat_and_phase_decide(
    phase: Phase, age_us: int, status: int
) -> None:
    async with serving(READY.but(phase=phase)) as served:
        served.clock.at_us += age_us
        got, _, body = await served.get("/healthz")
    assert got == status
    assert json.loads(body)["alive"] is (status == 200)


def test_a_killed_desk_is_alive_and_says_that_it_is_killed() -> None:
    halt = Halt(
        halt_id="h",
        level=Level.HALT_CANCEL,
        reason="r",
        actor="me",
        at_us=NOW_US,
        state=HaltState.HALTED,
    )
    alive, told = health(READY.but(halts=(halt,)), NOW_US)
    assert (alive, told["halt_level"]) == (True, 3)


async def test_nothing_else_is_there_and_nothing_can_be_changed() -> None:
    async with serving() as served:
        for path in ("/", "/metric", "/metrics/x", "/../etc/passwd", "/healthz?x=%00", "/api"):
            status, _, body = await served.get(path)
            assert status == (200 if path.startswith("/healthz") else 404), path
            assert "Traceback" not in body
        for method in ("POST", "PUT", "DELETE"):
            for path in ("/metrics", "/healthz"):
                assert (await served.get(path, method))[0] == 405


@pytest.mark.parametrize(
    ("host", "status"),
    [("localhost:9", 200), ("127.0.0.1", 200), ("[::1]:80", 200), ("evil.example", 421), ("", 421)],
)
async def test_a_web_page_cannot_read_us_under_a_name_of_its_own(host: str, status: int) -> None:
    async with serving() as served:
        for path in ("/metrics", "/healthz"):
            assert (await served.get(path, Host=host))[0] == status


async def test_only_this_machine_can_reach_it() -> None:
    async with serving() as served:
        elsewhere = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        elsewhere.settimeout(2)
        with elsewhere, pytest.raises(OSError, match="refused"):
            elsewhere.connect(("127.0.0.2", served.port))


async def test_no_secret_and_no_text_of_a_person_or_venue_is_shown() -> None:
    halt = Halt(
        halt_id="h",
        level=Level.HALT,
        reason="canary-reason",
        actor="canary-actor",
        at_us=1,
        state=HaltState.HALTED,
    )
    alarm = Alarm(alarm="canary-alarm", severity="info", text="canary-text", at_us=1)
    board = READY.but(halts=(halt,), alarms=(alarm,), gateway="http://canary:canary@gateway")
    async with serving(board) as served:
        shown = (await served.get("/metrics"))[2] + (await served.get("/healthz"))[2]
    assert "canary" not in shown


async def test_a_taken_port_is_unavailable_with_its_number() -> None:
    async with serving() as first:
        app = application(lambda: READY, CollectorRegistry(), Clock())
        with pytest.raises(Unavailable, match=f"port {first.port} is not available"):
            async with listening(app, "127.0.0.1", first.port):
                pytest.fail("two servers on one port")
        assert (await first.get("/healthz"))[0] == 200


async def test_a_gauge_that_fails_costs_the_scrape_and_nothing_else(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fails() -> Board:
        raise ZeroDivisionError

    with caplog.at_level(logging.CRITICAL, "aiohttp.server"):
        async with serving(registry=Metrics(fails).registry) as served:
            status, _, body = await served.get("/metrics")
            assert status == 500
            assert "ZeroDivisionError" not in body
            assert (await served.get("/healthz"))[0] == 200


async def test_closing_waits_for_no_idle_connection() -> None:
    async with asyncio.timeout(5):
        async with serving() as served:
            _, writer = await asyncio.open_connection("127.0.0.1", served.port)
        writer.close()
