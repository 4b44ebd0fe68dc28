"""A whole engine for tests: real ledger, real marker file, demo venues, short timers."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

from cli.clock import SystemClock, SystemDice
from domain.asks import Ask, SubmitOrder, Submitted
from domain.board import Board, Mode
from domain.events import LedgerOpened
from domain.instruments import Account
from domain.orders import Draft, Kind, OrderState, Side
from domain.policies import Policy
from domain.ports import Clock, Trader
from engine.approvals import ApprovalPlan
from engine.connections import Connection, Connections
from engine.desk import CallerDesk, Desk
from engine.door import Door
from engine.engine import Engine
from engine.operators import Operator
from engine.parts import Outfit
from engine.settings import EngineSettings, PerformanceSettings
from engine.stop import Stop
from risk.limits import Limits
from risk.proposal import GateSettings
from storage.history import History
from storage.ledger import SqliteLedger
from storage.marker import FileMarker
from storage.places import Places
from venues.demo import DemoDesk, open_demo

R = TypeVar("R")
D = Decimal
ME = Operator(name="me")
KRAKEN = Account("kraken", "main")
LEDGER_ID = "00112233445566778899aabbccddeeff"
QUICK = EngineSettings(
    ack_timeout_s=1,
    settle_grace_s=0,
    search_gap_s=0,
    open_orders_every_s=1,
    open_orders_degraded_every_s=1,
    fills_every_s=1,
    balances_every_s=1,
    balances_degraded_every_s=1,
    reconnect_first_ms=20,
    reconnect_last_ms=100,
    kill_in_flight_wait_ms=200,
    kill_deadline_s=1,
    kill_retry_s=1,
    kill_list_gap_ms=20,
    marker_every_ms=50,
    resume_hold_s=0,
    limits_cool_down_s=0,
)
WIDE = Limits(
    max_order_value=D(100_000),
    max_daily_volume=D(10_000_000),
    max_position_size={"default": D(10_000_000)},
)

TIRELESS = replace(
    WIDE,
    max_orders_per_second=D(10**6),
    max_executions_per_minute=D(10**6),
    max_denials_per_5min=D(10**6),
    max_identical_orders=D(10**6),
    max_open_orders=D(10**6),
)


class Secrets:
    """A secret store in memory: the real ones have tests of their own."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}

    def read(self, reference: str) -> str | None:
        return self.kept.get(reference)

    def write(self, reference: str, value: str) -> None:
        self.kept[reference] = value


@dataclass
class Rig:
    """One running engine and everything around it."""

    places: Places
    venues: DemoDesk | None
    desk: Desk
    engine: Engine
    ledger: SqliteLedger
    marker: FileMarker
    stop: Stop
    me: CallerDesk
    secrets: Secrets
    clock: Clock

    @property
    def board(self) -> Board:
        return self.desk.board

    @property
    def demo(self) -> DemoDesk:
        assert self.venues is not None, "this rig trades on the wire"
        return self.venues

    async def ask(self, ask: Ask[R], caller: Operator = ME) -> R:
        async with asyncio.timeout(10):
            return await self.desk.ask(ask, caller)

    async def until(self, true: Callable[[Board], Any], within_s: float = 8) -> Board:
        """Wait until the board makes it true."""
        try:
            async with asyncio.timeout(within_s):
                async for board in self.desk.watch():
                    if true(board):
                        return board
        except TimeoutError:
            raise AssertionError(f"never came true; halts {self.board.halts}") from None
        raise AssertionError

    @property
    def door(self) -> Door:
        assert self.engine.parts is not None
        return self.engine.parts.floor.door

    def advance(self) -> None:
        """Let the demo market move now."""
        self.demo.advance(self.clock.now_us())

    def price(self, symbol: str = "BTC/USD", venue: str = "kraken") -> Decimal:
        known = self.board.price(venue, symbol)
        assert known is not None
        assert known.mid is not None
        return known.mid

    def draft(
        self,
        side: Side = Side.BUY,
        quantity: str = "0.01",
        away_pct: int | None = -3,
        *,
        account: Account = KRAKEN,
        symbol: str = "BTC/USD",
    ) -> Draft:
        """A limit order some percent away from the middle; None: a market order."""
        limit: Decimal | None = None
        if away_pct is not None:
            known = self.board.instrument(account.venue, symbol)
            assert known is not None
            assert known.tick is not None
            raw = self.price(symbol, account.venue) * (100 + away_pct) / 100
            limit = raw // known.tick * known.tick
        return Draft(
            account=account,
            symbol=symbol,
            side=side,
            kind=Kind.MARKET if limit is None else Kind.LIMIT,
            quantity=D(quantity),
            price=limit,
        )

    async def submit(self, draft: Draft | None = None) -> Submitted:
        return await self.ask(SubmitOrder(draft=draft or self.draft()))

    def order(self, client_id: str) -> OrderState:
        return self.board.orders[client_id]


Wrap = Callable[[Account, Trader], Trader]


def _as_it_is(_: Account, trader: Trader) -> Trader:
    return trader


def connections_of(demo: DemoDesk, wrap: Wrap = _as_it_is, *, prompt: bool = False) -> Connections:
    """The demo's venues; `prompt` ones answer at once or never, so absence is proven sooner."""
    return Connections(
        {
            venue: Connection(
                traits=replace(told.traits, request_timeout_us=200_000, recv_window_us=0)
                if prompt
                else told.traits,
                market=told.market,
                readers={Account(venue, name): reader for name, reader in told.readers.items()},
                traders={
                    Account(venue, name): wrap(Account(venue, name), trader)
                    for name, trader in told.traders.items()
                },
                withdrawers={Account(venue, n): w for n, w in told.withdrawers.items()},
                listers={Account(venue, n): w for n, w in told.withdrawers.items()},
            )
            for venue, told in demo.venues.items()
        }
    )


@asynccontextmanager
async def running(  # noqa: PLR0913 - each is one thing a test may want otherwise
    data_dir: Path,
    *,
    mode: Mode = Mode.DEMO,
    settings: EngineSettings = QUICK,
    limits: Limits = WIDE,
    demo: DemoDesk | None = None,
    connections: Connections | None = None,
    secrets: Secrets | None = None,
    ready: bool = True,
    moving: bool = True,
    wrap: Wrap = _as_it_is,
    prompt: bool = False,
    clock: Clock | None = None,
    performance: PerformanceSettings | None = None,
    triggers: bool = False,
    withdrawals: Policy | None = None,
    approvals: ApprovalPlan | None = None,
    hears: Callable[[Desk, Stop], None] = lambda *_: None,
) -> AsyncGenerator[Rig]:
    """An engine that is READY inside the block and stopped after it.

    Its automatic triggers are off unless a test is about them: the others make what trips them.
    `hears` is given the desk before it reads its past, to observe it.
    """
    clock, dice = clock or SystemClock(), SystemDice()
    places = Places(data_dir, mode.book)
    venues = demo
    if connections is None:
        venues = demo or open_demo(clock, dice, seed=7, instant=True)
        connections = connections_of(venues, wrap, prompt=prompt)
    desk = Desk(Board(mode=mode, base_currency=settings.base_currency), clock)
    stop, marker = Stop(), FileMarker(places.halt)
    hears(desk, stop)
    kept = secrets or Secrets()
    async with AsyncExitStack() as stack:
        ledger = await stack.enter_async_context(
            SqliteLedger(places, _genesis(mode, clock), desk.committed)
        )
        desk.attach(ledger)
        reader = await stack.enter_async_context(History(places.ledger))
        outfit = Outfit(
            mode=mode,
            version="0",
            settings_sha="0" * 64,
            settings=settings,
            limits=limits,
            gate=_gate(settings, connections),
            connections=connections,
            ledger=ledger,
            reader=reader,
            marker=marker,
            secrets=kept,
            clock=clock,
            dice=dice,
            stop=stop,
            performance=performance or PerformanceSettings(),
            triggers=triggers,
            withdrawals=withdrawals or Policy(),
            approvals=approvals,
        )
        engine = Engine(desk, outfit)
        me = CallerDesk(desk, ME)
        rig = Rig(places, venues, desk, engine, ledger, marker, stop, me, kept, clock)
        beside = [venues.run] if moving and venues is not None else []
        async with _at_work(engine, beside, ready=ready):
            yield rig


@asynccontextmanager
async def _at_work(
    engine: Engine, beside: Sequence[Callable[[], Coroutine[Any, Any, None]]], *, ready: bool
) -> AsyncGenerator[None]:
    task = asyncio.create_task(engine.run(beside))
    try:
        if ready:
            await _ready(engine, task)
        yield
    finally:
        engine.stop("test over")
        async with asyncio.timeout(15):
            await task


def _gate(settings: EngineSettings, connections: Connections) -> GateSettings:
    skews = {known.venue: known.traits.skew_limit_us for known in connections}
    return GateSettings(base_currency=settings.base_currency, skew_limits_us=skews)


def _genesis(mode: Mode, clock: Clock) -> LedgerOpened:
    return LedgerOpened(
        at_us=clock.now_us(),
        actor="engine",
        ledger_id=LEDGER_ID,
        book=mode.book,
        version="0",
        install_tag="T1",
    )


async def _ready(engine: Engine, task: "asyncio.Task[None]") -> None:
    waiting = asyncio.ensure_future(engine.ready.wait())
    async with asyncio.timeout(15):
        await asyncio.wait([waiting, task], return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if task.done():
        task.result()


def quick(**changes: Any) -> EngineSettings:
    return replace(QUICK, **changes)
