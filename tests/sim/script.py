"""What happens in a world: a trader who pushes, strangers, trips, restarts; then peace.

The one rule: everything is drawn from the world's dice, and what was done is noted for whoever
reads a failure.
"""

import asyncio
from contextlib import suppress
from decimal import Decimal

from domain import asks
from domain.errors import DeskError
from domain.halts import GLOBAL, Level, Marker
from domain.orders import Draft, Kind, Order, Side, TimeInForce
from tests.sim.loop import SECOND_US, SeededDice
from tests.sim.truth import LOT, TICK
from tests.sim.wire import Faults
from tests.sim.world import ACCOUNT, ME, SYMBOLS, Life, World

D = Decimal
TRIPS = 35  # percent of worlds in which the kill switch is tripped


class Script:
    """Plays one world."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._dice = world.dice
        self._pending: list[asyncio.Future[None]] = []
        self._falls = self._dice.chance(50)
        self._breaks = self._dice.chance(40)
        self._trips_us = 0
        self._foreign = 0
        # Dice of their own: worlds without forgetting are what they were before it was invented.
        self._memory = SeededDice(f"memory {world.seed}")
        self._forgets = self._memory.chance(25)

    async def play(self, seconds: int) -> None:
        """Begin in peace, then trade, fail, trip and restart for so long; then faults end."""
        world, dice = self._world, self._dice
        life = world.start()
        faults, world.wire.faults = world.wire.faults, Faults()
        await life.engine.ready.wait()
        world.wire.faults = faults
        end_us = world.clock.monotonic_us() + seconds * SECOND_US
        if dice.chance(TRIPS):
            self._trips_us = end_us - dice.between(0, seconds * SECOND_US * 2 // 3)
        market = asyncio.ensure_future(self._market())
        while world.clock.monotonic_us() < end_us:
            await _pass(dice.one_of((0, 0, 20, 200, 1_000, 2_000)))
            await self._step()
            self._answered()
        market.cancel()
        world.wire.faults = Faults()
        world.note("faults end")
        if world.life is None:
            world.start()
        while self._pending:
            await _pass(1_000)
            self._answered()

    async def _step(self) -> None:
        dice = self._dice
        if self._trips_us and self._world.clock.monotonic_us() > self._trips_us:
            self._trips_us = 0
            await self._trip_amid_orders()
        elif self._breaks and dice.chance(2):
            await self._restart()
        else:
            self._acts(dice.between(3, 8) if dice.chance(5) else 1)
            if dice.chance(4):
                self._pending.pop().cancel()  # somebody does not wait for the answer

    def _acts(self, count: int) -> None:
        self._pending += [asyncio.ensure_future(self._act()) for _ in range(count)]

    def _answered(self) -> None:
        """Forget who has an answer; an error that is no DeskError surfaces here."""
        for task in self._pending:
            if task.done() and not task.cancelled():
                task.result()
        self._pending = [task for task in self._pending if not task.done()]

    # The engine's ends

    async def _restart(self) -> None:
        """Crash or stop, sometimes after the disk was full, and start again.

        A disk that was full may get room while the engine runs, and be looked at after that.
        """
        world, dice, life = self._world, self._dice, self._world.life
        assert life is not None
        for task in self._pending:
            task.cancel()  # whoever asked an engine that is gone gives up
        await asyncio.gather(*self._pending, return_exceptions=True)
        if dice.chance(12):
            world.note("disk full")
            life.ledger.full = True
            await _pass(dice.between(0, 8_000))
            if dice.chance(50):
                world.note("room on the disk")
                life.ledger.full = False
                await _pass(dice.between(0, 30_000))
                return
        if life.ledger.full or dice.chance(70):
            world.note("crash")
            await life.crashed()
        else:
            world.note("stop")
            await life.ended()
        world.life = None
        await _pass(dice.between(0, 12_000))
        world.note("start")
        world.start()

    async def _trip_amid_orders(self) -> None:
        """Trip while orders are on their way, and the wire is at its worst."""
        dice = self._dice
        if dice.chance(70):
            if dice.chance(50):
                self._world.wire.faults.late_create = 80
            elif dice.chance(50):
                self._world.wire.faults.failed_read = 50
            self._acts(8)
            await _pass(dice.one_of((0, 5, 50, 500, 1_500)))
        self._pending.append(asyncio.ensure_future(self._trip()))

    async def _trip(self) -> None:
        world, life = self._world, self._world.life
        level = Level.HALT_CANCEL if self._dice.chance(80) else Level.HALT
        if life is None or self._dice.chance(30) or life.engine.parts is None:
            world.note(f"marker {level.name}")
            world.disk.marker = Marker(
                halt_id="BYHAND", level=level, reason="by hand", actor="hand", at_us=0, scope=GLOBAL
            )
            return
        world.note(f"trip {level.name}")
        with suppress(DeskError, asyncio.CancelledError):
            await life.desk.ask(asks.Trip(reason="simulated", level=level), ME)

    # What the trader does

    async def _act(self) -> None:
        life = self._world.life
        if life is None or not life.engine.ready.is_set():
            return
        kind = self._dice.between(1, 100)
        # An engine that crashes answers nobody: its askers give up with it.
        with suppress(DeskError, asyncio.CancelledError):
            if kind <= 60:
                await life.desk.ask(asks.SubmitOrder(draft=self._draft()), ME)
            elif kind <= 82:
                await life.desk.ask(asks.CancelOrder(client_id=self._some(life)), ME)
            elif kind <= 94:
                await self._modify(life)
            elif kind <= 97:
                await life.desk.ask(asks.Requery(client_id=self._some(life)), ME)
            elif kind <= 98:
                await life.desk.ask(asks.CancelAll(), ME)

    def _some(self, life: Life) -> str:
        names = sorted(s.client_id for s in life.desk.board.orders.values() if not s.terminal)
        return self._dice.one_of((*names, "nobody"))

    def _draft(self) -> Draft:
        dice, truth = self._dice, self._world.truth
        symbol = dice.one_of(SYMBOLS)
        side = Side.BUY if dice.chance(60) else Side.SELL
        unit = D(400) / truth.prices[symbol]
        price, time_in_force = None, TimeInForce.GTC
        limited = not dice.chance(15)
        if limited:
            away = D(dice.between(-20, 8)) / 1000
            away = away if side is Side.BUY else -away
            price = truth.prices[symbol] * (1 + away) // TICK * TICK
        if limited and dice.chance(15):
            time_in_force = dice.one_of((TimeInForce.IOC, TimeInForce.FOK))
        return Draft(
            account=ACCOUNT,
            symbol=symbol,
            side=side,
            kind=Kind.LIMIT if limited else Kind.MARKET,
            quantity=max(LOT, unit * dice.between(3, 20) / 10 // LOT * LOT),
            price=price,
            time_in_force=time_in_force,
            post_only=limited and time_in_force is TimeInForce.GTC and dice.chance(15),
        )

    async def _modify(self, life: Life) -> None:
        name, dice = self._some(life), self._dice
        state = life.desk.board.orders.get(name)
        if state is None:
            return
        quantity = max(LOT, state.quantity * dice.between(5, 20) / 10 // LOT * LOT)
        price = None
        if state.price is not None and dice.chance(40):
            price = state.price * (1 + D(dice.between(-5, 5)) / 1000) // TICK * TICK
        ask = asks.ModifyOrder(client_id=name, quantity=quantity, price=price)
        await life.desk.ask(ask, ME)

    # What the market and strangers do

    async def _market(self) -> None:
        world, dice = self._world, self._dice
        while True:
            await _pass(500)
            world.truth.tick()
            world.on_tick()
            if dice.chance(3):
                self._stranger()
            if self._forgets and self._memory.chance(3):
                self._forget()
            if self._falls and dice.chance(1):
                await self._outage()

    async def _outage(self) -> None:
        world = self._world
        world.note("venue down")
        world.wire.faults.down = True
        await _pass(self._dice.between(500, 8_000))
        world.wire.faults.down = False
        world.note("venue up")

    def _forget(self) -> None:
        """For a while no list of the venue shows an order of ours that it has shown before."""
        world, memory = self._world, self._memory
        if world.life is None or not world.life.engine.ready.is_set():
            return
        orders = world.life.desk.board.orders
        shown = [
            order
            for order in world.truth.working()
            if order.client_id in orders and orders[order.client_id].acked
        ]
        if shown:
            order = memory.one_of(tuple(shown))
            until_us = world.truth.clock.now_us() + memory.between(5, 90) * SECOND_US
            world.wire.forgotten_us[order.venue_order_id] = until_us
            world.note(f"forgets {order.client_id}")

    def _stranger(self) -> None:
        """Somebody else uses the account: an order, a deposit, a withdrawal."""
        dice, world = self._dice, self._world
        if dice.chance(40):
            asset = dice.one_of(("USD", "BTC", "ETH"))
            amount = D(dice.between(1, 100)) / (1 if asset == "USD" else 1000)
            world.truth.move(asset, amount if dice.chance(60) else -amount)
            world.note(f"movement {asset}")
            return
        self._foreign += 1
        symbol = dice.one_of(SYMBOLS)
        side = dice.one_of((Side.BUY, Side.SELL))
        away = D("0.99") if side is Side.BUY else D("1.01")
        price = world.truth.prices[symbol]
        order = Order(
            client_id=dice.one_of(("", f"other{self._foreign}")),
            account=ACCOUNT,
            symbol=symbol,
            side=side,
            kind=Kind.LIMIT,
            quantity=D(100) // price / 10 + LOT,
            price=price * away // TICK * TICK,
        )
        world.truth.place(order)
        world.note(f"foreign {side.value} {symbol}")


async def _pass(ms: int) -> None:
    await asyncio.sleep(ms / 1000)
