"""One simulated world: an engine, its disk, and a venue that fails it (`tests.sim.script` plays).

The one rule: everything is drawn from the seed. The same seed gives the same ledger, row by row.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal

from domain.board import Board, Mode
from domain.events import LedgerOpened
from domain.instruments import Account
from domain.ports import VenueTraits
from engine.connections import Connection, Connections
from engine.desk import Desk
from engine.engine import Engine
from engine.operators import Operator
from engine.parts import Outfit, Parts
from engine.settings import EngineSettings
from engine.stop import Stop
from risk.limits import Limits
from risk.proposal import GateSettings
from tests.sim.disk import Disk, NoSecrets, SimLedger, SimLedgerReader, SimMarker
from tests.sim.loop import SECOND_US, START_US, SeededDice, VirtualClock, VirtualLoop
from tests.sim.truth import Truth
from tests.sim.wire import SimMarket, SimReader, SimTrader, Wire, drawn

D = Decimal
ACCOUNT = Account("model", "main")
ME = Operator(name="me")
SETTINGS = EngineSettings(
    ack_timeout_s=5,
    settle_grace_s=15,
    open_orders_every_s=10,
    open_orders_degraded_every_s=5,
    fills_every_s=15,
    balances_every_s=10,
    balances_degraded_every_s=5,
    stream_silent_s=8,
    reconnect_last_ms=8_000,
    marker_every_ms=1_000,
    kill_deadline_s=20,
    publish_hz=2,
)
SYMBOLS = ("BTC/USD", "ETH/USD")


class SkewedClock(VirtualClock):
    """The venue's own clock: a little off ours, and steady."""

    def __init__(self, loop: asyncio.AbstractEventLoop, skew_us: int) -> None:
        super().__init__(loop)
        self._skew_us = skew_us

    def now_us(self) -> int:
        """The venue's time."""
        return super().now_us() + self._skew_us


class Life:
    """One engine from its start to its stop or crash, on a disk that outlives it."""

    def __init__(self, world: "World") -> None:
        clock, dice = world.clock, world.dice
        self.desk = Desk(Board(mode=Mode.DEMO), clock)
        self.stop = Stop()
        self.ledger = SimLedger(world.disk, self.desk.committed, dice)
        self.desk.attach(self.ledger)
        outfit = Outfit(
            mode=Mode.DEMO,
            version="0",
            settings_sha="0" * 64,
            settings=SETTINGS,
            limits=world.limits,
            gate=GateSettings(skew_limits_us={ACCOUNT.venue: world.traits.skew_limit_us}),
            connections=world.connections(),
            ledger=self.ledger,
            reader=SimLedgerReader(world.disk),
            marker=SimMarker(world.disk),
            secrets=NoSecrets(),
            clock=clock,
            dice=dice,
            stop=self.stop,
            symbols={ACCOUNT.venue: SYMBOLS},
            triggers=False,  # its faults would halt every run for good in the first minutes
        )
        self.engine = Engine(self.desk, outfit)
        self.task = asyncio.ensure_future(self.engine.run())

    @property
    def parts(self) -> Parts:
        """The engine's inside."""
        assert self.engine.parts is not None
        return self.engine.parts

    async def ended(self) -> None:
        """Stop in an orderly way."""
        self.engine.stop("the simulation says so")
        await self.task
        await self.ledger.close()

    async def crashed(self) -> None:
        """Be gone between two instructions."""
        self.ledger.crash()
        self.task.cancel()
        with suppress(asyncio.CancelledError):
            await self.task


class World:
    """Everything of one seed: what outlives an engine, and the engine that lives just now."""

    def __init__(self, loop: VirtualLoop, seed: int) -> None:
        self.seed = seed
        self.dice = dice = SeededDice(seed)
        self.clock = VirtualClock(loop)
        skew_us = dice.between(-400_000, 400_000)
        self.truth = Truth(ACCOUNT, SkewedClock(loop, skew_us), dice)
        self.traits = VenueTraits(
            venue=ACCOUNT.venue,
            account_stream=dice.chance(85),
            cancel_all=dice.chance(70),
            amends=dice.chance(60),
            request_timeout_us=6 * SECOND_US,
            recv_window_us=2 * SECOND_US,
            heartbeat_us=2 * SECOND_US,
        )
        self.wire = Wire(self.truth, self.traits, drawn(dice), self.clock, dice)
        self.make_reader: type[SimReader] = SimReader
        self.make_trader: type[SimTrader] = SimTrader
        self.limits = self._limits()
        self.disk = Disk(
            LedgerOpened(
                at_us=START_US,
                actor="engine",
                ledger_id="00112233445566778899aabbccddeeff",
                book="demo",
                version="0",
                install_tag="S1",
            )
        )
        self.life: Life | None = None
        self.told: list[str] = []
        self.on_tick: Callable[[], None] = lambda: None

    def _limits(self) -> Limits:
        """Limits so tight that a trader who pushes is always at one of them."""
        dice = self.dice
        return Limits(
            max_order_value=D(1_000),
            max_daily_volume=D(dice.one_of((4_000, 12_000, 100_000))),
            max_position_size={"default": D(dice.one_of((7_000, 8_000, 60_000)))},
            max_open_orders=D(dice.one_of((4, 10, 30, 30))),
            max_identical_orders=D(1_000),
            max_orders_per_second=D(1_000),
            max_executions_per_minute=D(100_000),
            max_denials_per_5min=D(100_000),
            max_drawdown_pct=D(90),
        )

    def connections(self) -> Connections:
        """The venue as the engine is given it."""
        connection = Connection(
            traits=self.traits,
            market=SimMarket(self.wire),
            readers={ACCOUNT: self.make_reader(self.wire)},
            traders={ACCOUNT: self.make_trader(self.wire)},
        )
        return Connections({ACCOUNT.venue: connection})

    # Lives

    def start(self) -> Life:
        """A new engine on the same disk."""
        self.life = Life(self)
        return self.life

    def note(self, text: str) -> None:
        """Remember what was done, for whoever reads a failure."""
        self.told.append(f"{self.clock.monotonic_us() / SECOND_US:8.3f}  {text}")
