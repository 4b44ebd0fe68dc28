"""An engine of our own: the book, the venues, the desk, the socket and the metrics, together.

Opened in that order and closed in reverse. The one rule: the book's lock comes first, so
whatever is found after it (a socket, a half-written file) was left by an engine that is dead.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Sequence
from contextlib import AbstractContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from typing import TextIO

from cli.approving import ApprovalByMail
from cli.ground import Ground
from cli.limits_file import LimitsFile
from cli.logs import Logs, logging_to
from cli.remembering import Remembering
from cli.sealing import Seals, sealing
from cli.telling import Telling
from cli.venue_access import Access, Beside, access
from cli.version import __version__
from config.load import Loaded
from config.secrets_environment import DEVELOPMENT_ONLY
from config.secrets_stores import SecretStores
from domain.board import Board, Mode
from domain.errors import Misconfigured, Unavailable
from domain.events import LedgerOpened
from engine.desk import CallerDesk, Desk
from engine.engine import Engine
from engine.names import install_tag
from engine.narrator import Narrator
from engine.parts import Outfit
from engine.server import served
from engine.stop import Stop
from prometheus.metrics import Metrics
from risk.proposal import GateSettings
from storage.history import History
from storage.ledger import SqliteLedger
from storage.loss import KnownRows
from storage.marker import FileMarker

log = logging.getLogger(__name__)
START_S = 60
SECOND_US = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """A running engine of this process, and the desk as its own operator sees it."""

    desk: CallerDesk
    engine: Engine
    stop: Stop
    logs: Logs
    metrics: Metrics


@asynccontextmanager
async def own_engine(
    ground: Ground, *, mirror: TextIO | None = None, serve: bool = True, wait: bool = True
) -> AsyncGenerator[Own]:
    """Run an engine while the block runs.

    `mirror` gets every log line too (the daemon's journal). `serve` opens the socket and the
    metrics port. With `wait` the block begins when the desk is READY, else when it answers.

    Raises:
        Unavailable: another engine has the book; attach instead.
        Misconfigured, Corrupt: as the parts decide.
    """
    try:
        async with _attempt(ground, mirror=mirror, serve=serve, wait=wait) as own:
            yield own
    except _ForgottenMarket as forgotten:
        _put_aside(ground, forgotten.why)
        async with _attempt(ground, mirror=mirror, serve=serve, wait=wait) as own:
            yield own


class _ForgottenMarket(Exception):
    """The simulated accounts have no memory of the book's past."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def _put_aside(ground: Ground, why: str) -> None:
    """Keep the old book beside a new one; only ever done to one with nothing real in it."""
    assert ground.mode in (Mode.DEMO, Mode.PAPER)
    old = ground.places.directory
    aside = old.with_name(f"{old.name}-until-{ground.clock.now_us()}")
    old.rename(aside)
    log.warning("a new book begins (%s); the old one is kept in %s", why, aside)


@asynccontextmanager
async def _attempt(
    ground: Ground, *, mirror: TextIO | None, serve: bool, wait: bool
) -> AsyncGenerator[Own]:
    ground.places.prepare()
    async with AsyncExitStack() as stack:
        logs = stack.enter_context(_logged(ground, mirror))
        _say(ground)
        desk = Desk(_first_board(ground), ground.clock)
        metrics = Metrics(lambda: desk.board)
        desk.observe(metrics)
        desk.observe(Narrator())
        ledger = await stack.enter_async_context(
            SqliteLedger(ground.places, _genesis(ground), desk.committed)
        )
        if ledger.head_problem and ground.mode is Mode.LIVE:
            raise Misconfigured(
                str(ground.places.head),
                f"LIVE is refused: {ledger.head_problem}; restore the ledger. Without a copy: "
                "`quarterdeck --observe ledger accept-loss`",
            )
        reader = await stack.enter_async_context(History(ground.places.ledger))
        secrets = ground.secrets(ledger.genesis.ledger_id)
        has_a_past = ledger.head.seq > 1
        seals = await stack.enter_async_context(sealing(ground, ledger, secrets))
        desk.attach(ledger)
        opened = await stack.enter_async_context(
            access(ground, ledger.genesis.ledger_id, secrets, metrics.answered)
        )
        if opened.fresh and has_a_past:
            raise _ForgottenMarket(opened.fresh)
        approving = ApprovalByMail(ground, secrets)
        outfit = replace(
            _outfit(ground, opened, ledger, reader, secrets, logs),
            seals=seals,
            head=KnownRows(ground.places, ledger, ground.anchor_file),
            accepts_loss=ground.accepts_loss,
            approvals=approving.plan,
        )
        telling = Telling(ground, secrets, desk, outfit.stop)
        engine = _heard_by(opened, Engine(desk, outfit))
        beside, told = _beside(ground, desk, engine, opened, seals)
        beside += (*approving.beside(desk), *telling.beside) if serve else ()
        async with _running(engine, beside) as task:
            if serve:
                await stack.enter_async_context(
                    served(desk, ground.places.socket(), ground.operators)
                )
                await _listen(stack, ground, desk, metrics, engine)
                await approving.listen(stack, desk, engine)
            if wait:
                await _happened(told, task)
            yield Own(
                desk=CallerDesk(desk, ground.me),
                engine=engine,
                stop=outfit.stop,
                logs=logs,
                metrics=metrics,
            )


def _logged(ground: Ground, mirror: TextIO | None) -> AbstractContextManager[Logs]:
    told = ground.loaded.settings.logging
    return logging_to(
        ground.places.logs,
        clock=ground.clock,
        redaction=ground.redaction,
        level=told.level,
        keep_days=told.log_days,
        mirror=mirror,
    )


def _beside(
    ground: Ground, desk: Desk, engine: Engine, opened: Access, seals: Seals | None
) -> tuple[list[Beside], asyncio.Event]:
    """What runs beside the engine, and what says that the desk can be asked."""
    works = [*opened.beside, *(() if seals is None else (seals.anchors.run,))]
    if opened.story is None:
        return works, engine.ready
    remembering = Remembering(desk, engine, opened.story, ground.clock)
    return [*works, remembering.run], remembering.done


def _outfit(
    ground: Ground,
    opened: Access,
    ledger: SqliteLedger,
    reader: History,
    secrets: SecretStores,
    logs: Logs,
) -> Outfit:
    settings = ground.loaded.settings
    return Outfit(
        mode=ground.mode,
        version=__version__,
        settings_sha=ground.loaded.sha,
        settings=settings.engine,
        limits=settings.limits(ground.mode),
        gate=gate_settings(ground.loaded, opened),
        connections=opened.connections,
        ledger=ledger,
        reader=reader,
        marker=FileMarker(ground.places.halt),
        secrets=secrets,
        clock=ground.clock,
        dice=ground.dice,
        stop=Stop(),
        logs=logs,
        symbols=opened.symbols,
        ledger_bytes=lambda: ledger.size_bytes,
        keys=settings.keys,
        triggers=settings.risk.kill_switch_enabled,
        performance=settings.performance,
        withdrawals=settings.withdrawal_policy(ground.mode),
        addresses={
            name: told.place for name, told in settings.withdrawals.recipient_allowlist.items()
        },
        reread_limits=LimitsFile(ground.loaded, ground.reload, ground.mode),
    )


def _heard_by(opened: Access, engine: Engine) -> Engine:
    """The engine, whose facts the venues hear: those of the ledger first."""
    for observer in opened.observers:
        engine.desk.observe(observer)
    return engine


@asynccontextmanager
async def _running(
    engine: Engine, beside: Sequence[Beside]
) -> AsyncGenerator["asyncio.Task[None]"]:
    """The engine's task around the block: if it fails, the block is cancelled with its error."""
    async with asyncio.TaskGroup() as group:
        task = group.create_task(engine.run(beside), name="engine")
        try:
            await _happened(engine.opened, task)
            yield task
        finally:
            engine.stop("asked to stop")


async def _happened(event: asyncio.Event, task: "asyncio.Task[None]") -> None:
    """Wait until the engine is that far, or raise what ended it."""
    waiting = asyncio.ensure_future(event.wait())
    try:
        done, _ = await asyncio.wait(
            [waiting, task], timeout=START_S, return_when=asyncio.FIRST_COMPLETED
        )
    finally:
        waiting.cancel()
    if task in done:
        task.result()
    elif not done:
        raise Unavailable("engine", f"it was not ready in {START_S} s; see the log")


async def _listen(
    stack: AsyncExitStack, ground: Ground, desk: Desk, metrics: Metrics, engine: Engine
) -> None:
    """Open the metrics port; a taken one is said in the log and costs nothing else."""
    from web.app import application, listening  # noqa: PLC0415 - aiohttp comes after the start

    told = ground.loaded.settings.monitoring
    app = application(lambda: desk.board, metrics.registry, ground.clock)
    try:
        port = await stack.enter_async_context(listening(app, told.bind, told.prometheus_port))
    except Unavailable as error:
        log.warning("no metrics: %s (monitoring.prometheus_port)", error)
        return
    if engine.parts is not None:
        engine.parts.views.metrics_port = port


def _first_board(ground: Ground) -> Board:
    return Board(
        mode=ground.mode,
        base_currency=ground.loaded.settings.base_currency,
        gateway="" if ground.mode is Mode.DEMO else ground.loaded.settings.gateway or "",
        now_us=ground.clock.now_us(),
    )


def _genesis(ground: Ground) -> LedgerOpened:
    """Row 1 of a ledger that does not exist yet; an existing one keeps its own."""
    return LedgerOpened(
        at_us=ground.clock.now_us(),
        actor=ground.me.name,
        ledger_id=f"{ground.dice.bits(128):032x}",
        book=ground.places.book,
        version=__version__,
        install_tag=install_tag(ground.dice),
    )


def gate_settings(loaded: Loaded, opened: Access) -> GateSettings:
    """What the gate knows besides limits, from the configuration and the venues' traits."""
    settings = loaded.settings
    engine = settings.engine
    return GateSettings(
        base_currency=settings.base_currency,
        cash=frozenset({settings.base_currency, *GateSettings().cash}),
        price_stale_us=engine.price_stale_s * SECOND_US,
        mark_stale_us=engine.mark_stale_s * SECOND_US,
        balance_stale_us=engine.balance_stale_s * SECOND_US,
        markets_stale_us=engine.markets_cache_hours * 3_600 * SECOND_US,
        break_value=settings.reconciliation.alert_threshold,
        skew_limits_us={c.venue: c.traits.skew_limit_us for c in opened.connections},
        fee_rates={
            venue: known.fee_pct / 100
            for venue, known in settings.exchanges.items()
            if known.fee_pct is not None
        },
    )


def _say(ground: Ground) -> None:
    for warning in ground.loaded.warnings:
        log.warning("%s", warning)
    if ground.environment:
        log.warning("%s", DEVELOPMENT_ONLY)
