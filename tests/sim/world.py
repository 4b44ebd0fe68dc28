"""One simulated world: an engine, a venue that fails it, a trader who pushes, and the end of it.

The one rule: everything is drawn from the seed. The same seed gives the same ledger, row by row.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal

from domain import asks
from domain.board import Board, Mode
from domain.errors import DeskError
from domain.events import LedgerOpened
from domain.halts import GLOBAL, Level, Marker
from domain.instruments import Account
from domain.orders import Draft, Kind, Order, OrderState, Side, TimeInForce
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
from tests.sim.truth import LOT, TICK, Truth
from tests.sim.wire import Faults, SimMarket, SimReader, SimTrader, Wire, drawn

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
    """Everything of one seed. `run` plays it and answers what is wrong in the end."""

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
        if not self.traits.amends:
            # A replacement trusts the venue's final count, and sends what it says is left.
            self.wire.faults.short_final = 0
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
        self._breaks = dice.chance(40)
        self._falls = dice.chance(50)
        self.on_tick: Callable[[], None] = lambda: None
        self._foreign = 0

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

    async def _restart(self) -> None:
        assert self.life is not None
        if self.dice.chance(12):
            self.note("disk full")
            self.life.ledger.full = True
            await self._pass(self.dice.between(0, 8_000))
        if self.life.ledger.full or self.dice.chance(70):
            self.note("crash")
            await self.life.crashed()
        else:
            self.note("stop")
            await self.life.ended()
        self.life = None
        await self._pass(self.dice.between(0, 12_000))
        self.note("start")
        self.start()

    async def _pass(self, ms: int) -> None:
        await asyncio.sleep(ms / 1000)

    # What the trader does

    async def play(self, seconds: int) -> None:
        """Trade, fail, trip and restart for so long; then every fault ends."""
        life = self.start()
        faults, self.wire.faults = self.wire.faults, Faults()
        await life.engine.ready.wait()
        self.wire.faults = faults
        end_us = self.clock.monotonic_us() + seconds * SECOND_US
        trips_us = 0
        if self.dice.chance(35):
            trips_us = end_us - self.dice.between(0, seconds * SECOND_US * 2 // 3)
        market = asyncio.ensure_future(self._market())
        pending: list[asyncio.Future[None]] = []
        while self.clock.monotonic_us() < end_us:
            await self._pass(self.dice.one_of((0, 0, 20, 200, 1_000, 2_000)))
            if trips_us and self.clock.monotonic_us() > trips_us:
                trips_us = 0
                if self.dice.chance(70):
                    if self.dice.chance(60):
                        self.wire.faults.late_request = 60  # trouble comes together
                    pending += [asyncio.ensure_future(self._act()) for _ in range(8)]
                    await self._pass(self.dice.one_of((0, 0, 5, 50)))
                pending.append(asyncio.ensure_future(self._trip()))
            elif self._breaks and self.dice.chance(2):
                for task in pending:
                    task.cancel()  # whoever asked an engine that is gone gives up
                await asyncio.gather(*pending, return_exceptions=True)
                pending.clear()
                await self._restart()
            else:
                burst = self.dice.between(3, 8) if self.dice.chance(5) else 1
                pending += [asyncio.ensure_future(self._act()) for _ in range(burst)]
                if pending and self.dice.chance(4):
                    pending.pop().cancel()  # somebody does not wait for the answer
            pending = [task for task in pending if not self._over(task)]
        market.cancel()
        self.wire.faults = Faults()
        self.note("faults end")
        if self.life is None:
            self.start()
        while pending:
            await self._pass(1_000)
            pending = [task for task in pending if not self._over(task)]

    @staticmethod
    def _over(task: "asyncio.Future[None]") -> bool:
        if not task.done():
            return False
        if not task.cancelled():
            task.result()
        return True

    async def _act(self) -> None:
        life = self.life
        if life is None or not life.engine.ready.is_set():
            return
        dice = self.dice
        kind = dice.between(1, 100)
        # An engine that crashes answers nobody: its askers give up with it.
        with suppress(DeskError, asyncio.CancelledError):
            if kind <= 60:
                await life.desk.ask(asks.SubmitOrder(draft=self._draft()), ME)
            elif kind <= 82:
                await life.desk.ask(asks.CancelOrder(client_id=self._some(life)), ME)
            elif kind <= 92:
                await self._modify(life)
            elif kind <= 95:
                await life.desk.ask(asks.Requery(client_id=self._some(life)), ME)
            elif kind <= 96:
                await life.desk.ask(asks.CancelAll(), ME)

    def _some(self, life: Life) -> str:
        names = sorted(s.client_id for s in life.desk.board.orders.values() if not s.terminal)
        return self.dice.one_of((*names, "nobody"))

    def _draft(self) -> Draft:
        dice, truth = self.dice, self.truth
        symbol = dice.one_of(SYMBOLS)
        side = Side.BUY if dice.chance(60) else Side.SELL
        unit = D(400) / truth.prices[symbol]
        quantity = max(LOT, unit * dice.between(3, 20) / 10 // LOT * LOT)
        kind = Kind.MARKET if dice.chance(15) else Kind.LIMIT
        price = None
        if kind is Kind.LIMIT:
            away = D(dice.between(-20, 8)) / 1000
            away = away if side is Side.BUY else -away
            price = truth.prices[symbol] * (1 + away) // TICK * TICK
        limited = kind is Kind.LIMIT
        time_in_force = TimeInForce.GTC
        if limited and dice.chance(15):
            time_in_force = dice.one_of((TimeInForce.IOC, TimeInForce.FOK))
        return Draft(
            account=ACCOUNT,
            symbol=symbol,
            side=side,
            kind=kind,
            quantity=quantity,
            price=price,
            time_in_force=time_in_force,
            post_only=limited and time_in_force is TimeInForce.GTC and dice.chance(15),
        )

    async def _modify(self, life: Life) -> None:
        name, dice = self._some(life), self.dice
        state = life.desk.board.orders.get(name)
        if state is None:
            return
        factor = D(dice.between(5, 20)) / 10
        quantity = max(LOT, state.quantity * factor // LOT * LOT)
        price = None
        if state.price is not None and dice.chance(40):
            price = state.price * (1 + D(dice.between(-5, 5)) / 1000) // TICK * TICK
        ask = asks.ModifyOrder(client_id=name, quantity=quantity, price=price)
        await life.desk.ask(ask, ME)

    async def _trip(self) -> None:
        life = self.life
        level = Level.HALT_CANCEL if self.dice.chance(80) else Level.HALT
        if life is None or self.dice.chance(30) or life.engine.parts is None:
            self.note(f"marker {level.name}")
            self.disk.marker = Marker(
                halt_id="BYHAND", level=level, reason="by hand", actor="hand", at_us=0, scope=GLOBAL
            )
            return
        self.note(f"trip {level.name}")
        with suppress(DeskError, asyncio.CancelledError):
            await life.desk.ask(asks.Trip(reason="simulated", level=level), ME)

    # What the market and strangers do

    async def _market(self) -> None:
        while True:
            await self._pass(500)
            self.truth.tick()
            self.on_tick()
            if self.dice.chance(3):
                self._stranger()
            if self._falls and self.dice.chance(1):
                self.wire.faults.down = True
                self.note("venue down")
                await self._pass(self.dice.between(500, 8_000))
                self.wire.faults.down = False
                self.note("venue up")

    def _stranger(self) -> None:
        """Somebody else uses the account: an order, a deposit, a withdrawal."""
        dice, truth = self.dice, self.truth
        if dice.chance(40):
            asset = dice.one_of(("USD", "BTC", "ETH"))
            amount = D(dice.between(1, 100)) / (1 if asset == "USD" else 1000)
            truth.move(asset, amount if dice.chance(60) else -amount)
            self.note(f"movement {asset}")
            return
        self._foreign += 1
        symbol = dice.one_of(SYMBOLS)
        side = dice.one_of((Side.BUY, Side.SELL))
        away = D("0.99") if side is Side.BUY else D("1.01")
        order = Order(
            client_id=dice.one_of(("", f"other{self._foreign}")),
            account=ACCOUNT,
            symbol=symbol,
            side=side,
            kind=Kind.LIMIT,
            quantity=D(100) // truth.prices[symbol] / 10 + LOT,
            price=truth.prices[symbol] * away // TICK * TICK,
        )
        truth.place(order)
        self.note(f"foreign {side.value} {symbol}")


def expected_of(state: OrderState) -> str:
    """An order in one line, for failures."""
    return f"{state.client_id} {state.status.value} {state.filled}/{state.quantity}"
