"""What is served over HTTP: `/metrics` for Prometheus and `/healthz` for whoever watches us.

The one rule: it listens on 127.0.0.1 unless told otherwise, shows no secret, and changes
nothing.
"""

import json
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from ipaddress import ip_address
from typing import Protocol
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

from domain.board import Board, Phase
from domain.errors import Unavailable

LIVELY_US = 5_000_000
SECOND_US = 1_000_000
WORKING = frozenset({Phase.READY, Phase.ARMED})


class Now(Protocol):
    """The clock, as far as health needs it."""

    def now_us(self) -> int:
        """UTC microseconds."""
        ...


def health(board: Board, now_us: int) -> tuple[bool, dict[str, object]]:
    """(alive and ready, what to tell): the engine's own heartbeat decides, not this server's."""
    age_us = now_us - board.now_us
    alive = age_us < LIVELY_US and board.phase in WORKING
    return alive, {
        "alive": alive,
        "mode": board.mode.value,
        "phase": board.phase.value,
        "armed": board.armed,
        "halt_level": int(board.level),
        "heartbeat_age_s": round(age_us / SECOND_US, 3),
        "ledger_head": board.ledger.head_seq,
        "alarms": sum(not alarm.acknowledged for alarm in board.alarms),
    }


def application(
    board: Callable[[], Board], registry: CollectorRegistry, clock: Now
) -> web.Application:
    """The web application; `board` gives the newest board."""

    async def metrics(request: web.Request) -> web.Response:
        encode, kind = choose_encoder(request.headers.get("Accept", ""))
        return web.Response(body=encode(registry), headers={"Content-Type": kind})

    async def healthz(_: web.Request) -> web.Response:
        alive, told = health(board(), clock.now_us())
        return web.json_response(
            told,
            status=200 if alive else 503,
            headers={"Cache-Control": "no-store"},
            dumps=lambda value: json.dumps(value, separators=(",", ":")),
        )

    app = web.Application(client_max_size=4096, middlewares=[_by_address])
    app.router.add_get("/metrics", metrics)
    app.router.add_get("/healthz", healthz)
    return app


@web.middleware
async def _by_address(request: web.Request, handler: Handler) -> web.StreamResponse:
    """On loopback only addresses and localhost are ours: another name is a page's trick.

    A web page can have its own name point to 127.0.0.1 and then read us (DNS rebinding).
    """
    if request.transport is not None:
        here = str(request.transport.get_extra_info("sockname")[0])
        if ip_address(here).is_loopback and not _is_ours(request.host):
            raise web.HTTPMisdirectedRequest(text="ask for 127.0.0.1 or localhost")
    return await handler(request)


def _is_ours(host: str) -> bool:
    name = urlsplit(f"//{host}").hostname or ""
    try:
        return name == "localhost" or bool(ip_address(name))
    except ValueError:
        return False


@asynccontextmanager
async def listening(app: web.Application, bind: str, port: int) -> AsyncGenerator[int]:
    """Serve the application; the port in use is what is yielded (0 asked for a free one).

    Raises:
        Unavailable: when the address is taken.
    """
    runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, bind, port)
    try:
        await site.start()
    except OSError as error:
        await runner.cleanup()
        raise Unavailable(f"port {port}", f"{error.strerror or error}") from None
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()
