"""The desk's handling of orders by itself, and a wire that does only what it is told to.

Real parts (trading, look-ups, intake, lists, fold, door, ledger plan) on virtual time; no
markets, no streams, no timers but their own. The one rule: the wire may do what a real one may.
What has left arrives once, late or never, and not after its window; a message is told once,
often or never.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, TypeVar, cast

from domain import bookings, events
from domain.board import Board, Mode, Phase
from domain.errors import Unavailable
from domain.instruments import Account
from domain.market import History, Sought
from domain.money import ZERO
from domain.orders import Fill, Kind, Order, OrderState, Side, Status, VenueOrder
from domain.ports import AccountReader, Market, Placement, Trader, VenueTraits
from domain.sightings import FillSeen, OrderSeen, Sighting
from domain.verdicts import Verdict
from engine.accounts import AccountWatch
from engine.books import Books
from engine.connections import Connection, Connections
from engine.desk import Desk
from engine.door import Door
from engine.floor import Floor
from engine.intake import Intake
from engine.lookups import Lookups
from engine.operators import Operator
from engine.settings import EngineSettings
from engine.stop import Stop
from engine.supervise import Crew
from engine.trading import Trading
from risk.limits import Limits
from risk.proposal import GateSettings
from tests.sim.checks import booked_of
from tests.sim.disk import Disk, SimLedger, SimLedgerReader, SimMarker
from tests.sim.loop import SECOND_US, START_US, SeededDice, VirtualClock, VirtualLoop
from tests.sim.truth import OPENING, Resting, Truth

D = Decimal
ACCOUNT = Account("model", "main")
ME = Operator(name="me")
TRAITS = VenueTraits(venue="model", request_timeout_us=3 * SECOND_US, recv_window_us=3 * SECOND_US)
LATE_US = TRAITS.request_timeout_us + TRAITS.recv_window_us
SETTINGS = EngineSettings(ack_timeout_s=3, settle_grace_s=10, search_gap_s=1, history_overlap_s=1)
T = TypeVar("T")
GENESIS = events.LedgerOpened(
    at_us=START_US,
    actor="engine",
    ledger_id="00112233445566778899aabbccddeeff",
    book="demo",
    version="0",
    install_tag="S1",
)
ENDED = {"filled": Status.FILLED, "canceled": Status.CANCELED}


@dataclass(slots=True, eq=False)
class Request:
    """A create or a cancel. Until it is given up its bytes may leave, and for a while after that
    they may arrive; it arrives once at most, and its answer comes once at most.
    """

    order: Order
    creates: bool
    act: Callable[[], Placement]
    given_up_us: int = 0
    answer: "asyncio.Future[Placement]" = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )
    placement: Placement | None = None


class Wire:
    """Both ports of the account; requests and messages lie here until they are moved."""

    def __init__(self, truth: Truth, clock: VirtualClock) -> None:
        self.truth = truth
        self.requests: list[Request] = []
        self.mail: list[Sighting] = []
        self.left: Counter[str] = Counter()
        self.mode = "ok"
        self.nameless = False
        self._clock = clock
        truth.on_trade = lambda fill: self.mail.append(FillSeen(fill=fill))
        truth.on_order = lambda report: self.mail.append(OrderSeen(report=report))

    def may_arrive(self, request: Request) -> bool:
        late = request.given_up_us and self._clock.now_us() > request.given_up_us + LATE_US
        return request.placement is None and not late

    # What is told to do

    def arrive(self, request: Request, *, refused: bool = False) -> None:
        """It happens at the venue now."""
        if refused:
            request.placement = Placement(accepted=False, code="EOrder", reason="refused")
        else:
            request.placement = request.act()

    def reply(self, request: Request) -> None:
        """Its answer is here now, if anybody still waits for it."""
        if request.placement is not None and not request.answer.done():
            request.answer.set_result(request.placement)

    # Trader

    async def place(self, order: Order) -> Placement:
        self.left[order.client_id] += 1
        return await self._sent(order, lambda: self.truth.place(order), creates=True)

    async def cancel(self, state: OrderState) -> Placement:
        def act() -> Placement:
            return self.truth.cancel(state.venue_order_id, state.client_id)

        return await self._sent(state.order, act, creates=False)

    async def _sent(
        self, order: Order, act: Callable[[], Placement], *, creates: bool
    ) -> Placement:
        request = Request(order, creates, act)
        self.requests.append(request)
        try:
            return await request.answer
        finally:
            request.given_up_us = self._clock.now_us()

    # AccountReader

    def _readable(self) -> bool:
        if self.mode == "broken":
            raise Unavailable("model", "the answer was cut off")
        return self.mode == "ok"

    async def open_orders(self, *, urgent: bool = False) -> Sequence[VenueOrder]:
        del urgent
        self._readable()
        return [order.told[-1][1] for order in self.truth.working()]

    async def find(self, state: OrderState) -> Sought:
        whole = self._readable()
        order = self.truth.orders.get(state.venue_order_id)
        order = order or self.truth.by_client_id(state.client_id)
        if order is None or not whole:
            return Sought(found=None, complete=whole)
        fills = [f for f in self.truth.trades if f.venue_order_id == order.venue_order_id]
        return Sought(found=order.told[-1][1], fills=tuple(fills), complete=True)

    async def history(self, since_us: int) -> History:
        self._readable()
        rows = [order.told[-1][1] for order in self.truth.orders.values()]
        return History(
            account=ACCOUNT,
            since_us=since_us,
            until_us=self._clock.now_us(),
            orders=tuple(row for row in rows if row.final is not None and row.at_us >= since_us),
            fills=tuple(self._shown(f) for f in self.truth.trades if f.at_us >= since_us),
        )

    def _shown(self, fill: Fill) -> Fill:
        return replace(fill, client_id="") if self.nameless else fill

    def told(self, sighting: Sighting) -> Sighting:
        """The message as this venue words it: many name their own order id only."""
        if isinstance(sighting, FillSeen):
            return FillSeen(fill=self._shown(sighting.fill))
        return sighting


class Core:
    """One life of the desk's order handling on a disk that outlives it."""

    def __init__(self, disk: Disk, wire: Wire, clock: VirtualClock, dice: SeededDice) -> None:
        self.desk = Desk(Board(mode=Mode.DEMO), clock)
        self.ledger = SimLedger(disk, self.desk.committed, dice)
        self.desk.attach(self.ledger)
        self._disk, self._wire, self._clock, self._dice = disk, wire, clock, dice
        self.up = asyncio.Event()
        self.task = asyncio.ensure_future(self._live())

    async def _live(self) -> None:
        async with asyncio.TaskGroup() as group:
            self._made(Crew(group))
            self.desk.show(phase=Phase.LOAD)
            async for _, fact in self.ledger.facts():
                self.desk.replay(fact)
            self.door.replayed()
            self.desk.show(phase=Phase.READY)
            self.lookups.replayed()
            now = self._clock.now_us()
            if not self.books.opened:
                opening = bookings.OpeningBalance(
                    at_us=now, actor="engine", account=ACCOUNT, assets=OPENING
                )
                await self.desk.record(opening)
            await self.desk.record(
                events.EngineStarted(
                    at_us=now,
                    actor="engine",
                    run_id=str(now),
                    mode="DEMO",
                    version="0",
                    settings_sha="",
                )
            )
            for state in self.desk.board.orders.values():
                if not state.terminal:
                    self.lookups.follow(state.client_id)
            self.up.set()
            await asyncio.Event().wait()

    def _made(self, crew: Crew) -> None:
        stop = Stop()
        limits = Limits(max_order_value=D(1), max_daily_volume=D(1), max_position_size={})
        self.door = Door(self.desk, stop, self._clock, self._dice, limits, GateSettings())
        connection = Connection(
            traits=TRAITS,
            market=cast("Market", self._wire),
            readers={ACCOUNT: cast("AccountReader", self._wire)},
            traders={ACCOUNT: cast("Trader", self._wire)},
        )
        floor = self.floor = Floor(
            desk=self.desk,
            door=self.door,
            connections=Connections({ACCOUNT.venue: connection}),
            stop=stop,
            marker=SimMarker(self._disk),
            clock=self._clock,
            dice=self._dice,
            settings=SETTINGS,
            crew=crew,
        )
        self.books = Books()
        self.desk.keep(self.books)
        self.intake = Intake(floor, SimLedgerReader(self._disk))
        self.trading = Trading(floor)
        self.lookups = Lookups(floor, self.intake, self.trading)
        self.watch = AccountWatch(ACCOUNT, floor, self.intake, self.lookups, self.books)


class OrderDesk:
    """A venue, a wire, a disk and a desk on a virtual loop, moved by one call at a time."""

    def __init__(self) -> None:
        self.loop = VirtualLoop()
        self.clock = VirtualClock(self.loop)
        self._dice = SeededDice(1)
        self.truth = Truth(ACCOUNT, self.clock, SeededDice(1))
        self.wire = Wire(self.truth, self.clock)
        self.disk = Disk(GENESIS)
        self._over: set[str] = set()
        self.count = 0
        self.core = self._do(self._started())

    def _do(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(work)

    async def _started(self) -> Core:
        core = Core(self.disk, self.wire, self.clock, self._dice)
        await core.up.wait()
        return core

    # What happens to it

    def wait(self, seconds: float) -> None:
        """Let so much time pass."""
        self._do(asyncio.sleep(seconds))
        if self.core.task.done():
            self.core.task.result()
            raise AssertionError("the desk ended")

    def submit(self, quantity: Decimal) -> None:
        """Write an intent, and send it when it is durable."""
        self.count += 1
        order = Order(
            client_id=f"QDS1{self.count:014d}",
            account=ACCOUNT,
            symbol="BTC/USD",
            side=Side.BUY,
            kind=Kind.LIMIT,
            quantity=quantity,
            price=D(1990),
            reference=D(1990),
            base_rate=D(1),
            at_us=self.clock.now_us(),
        )
        trading = self.core.trading
        self._do(self._spawn(trading._launched(order, Verdict(approved=True), ME)))
        self.wait(0.5)

    def cancel(self, name: str) -> None:
        """Ask for the end of an order, and send the cancel when the wish is durable."""
        state = self.core.desk.board.orders.get(name)
        if state is not None and not state.terminal:
            self._do(self._spawn(self.core.trading.cancel(state, "asked", "me")))
            self.wait(0.5)

    async def _spawn(self, work: Coroutine[Any, Any, Any]) -> None:
        self.core.floor.spawn(work, "asked")

    def hear(self, sighting: Sighting) -> None:
        """A message of the stream is here."""
        self._do(self._heard(self.wire.told(sighting)))
        self.wait(0.01)

    async def _heard(self, sighting: Sighting) -> None:
        self.core.watch.stream._hear(sighting)

    def poll(self) -> None:
        """History and the open orders are asked for."""
        for work in (self.core.watch.catch_up, self.core.watch.check_orders):
            with suppress(Unavailable):
                self._do(work())
        self.wait(0.01)

    def crash(self) -> None:
        """Be gone between two instructions, and start again."""
        self._do(self._crashed())
        self.core = self._do(self._started())
        self.wait(0.01)

    async def _crashed(self) -> None:
        self.core.ledger.crash()
        self.core.task.cancel()
        with suppress(asyncio.CancelledError):
            await self.core.task

    def close(self) -> None:
        """Leave nothing running."""
        self._do(self._crashed())
        self.loop.close()

    def rest(self) -> None:
        """Faults end, what has left and can arrive does not; time passes until all is told."""
        self.wire.mode = "ok"
        self.core.ledger.slow_us = 0
        for _ in range(10):
            self.wait(13)
            self.poll()

    # What must be true of it

    def wrong(self) -> list[str]:
        """What must never be, whatever has happened so far."""
        found = [f"{name} left {n} times" for name, n in self.wire.left.items() if n > 1]
        late = {r.order.client_id: r for r in self.wire.requests if r.creates}
        for name, request in late.items():
            state = self.core.desk.board.orders.get(name)
            if state is not None:
                found += self._wrong(state, request)
        return found

    def _wrong(self, state: OrderState, request: Request) -> list[str]:
        name, found = state.client_id, []
        order = self.truth.by_client_id(name)
        alive = self.wire.may_arrive(request) if order is None else True
        if alive and state.status in (Status.LOST, Status.REJECTED):
            found.append(f"{name} is {state.status.value} and can still be at the venue")
        filled = order.filled if order is not None else ZERO
        if state.filled > filled:
            found.append(f"{name} has {state.filled} filled, truly {filled}")
        coming = self._coming(state, order, alive=alive)
        claim = self.core.door.view.exposure.claims.get(name)
        reserved = claim.incoming if claim is not None else ZERO
        if reserved < coming:
            found.append(f"{coming} of {name} is to come and {reserved} is reserved")
        over = state.venue_final is not None
        if name in self._over and not over:
            found.append(f"{name} had ended and is {state.status.value}")
        if over:
            self._over.add(name)
        return found

    def _coming(self, state: OrderState, order: Resting | None, *, alive: bool) -> Decimal:
        """What may yet be filled, or has been and is not known here."""
        if order is None:
            return state.quantity if alive else ZERO
        return order.filled + order.left - state.filled

    def differs(self) -> list[str]:
        """At rest: what the desk and the venue do not agree on."""
        found = []
        board = self.core.desk.board
        for name in self.wire.left:
            state, order = board.orders[name], self.truth.by_client_id(name)
            truly = self._truly(order)
            if state.status not in truly or (order and state.filled != order.filled):
                found.append(f"{name} is {state.status.value} {state.filled}, truly {truly}")
            if state.terminal and state.reserved_quantity:
                found.append(f"{name} is over and reserves {state.reserved_quantity}")
        booked, _ = booked_of(self.disk)
        true = Counter(fill.key for fill in self.truth.trades)
        if booked != true:
            found.append(f"booked and not true {booked - true}, not booked {true - booked}")
        held = self.core.books.held(ACCOUNT)
        if any(held.get(asset, ZERO) != n for asset, n in self.truth.totals.items()):
            found.append(f"{held} here, {self.truth.totals} there")
        return found + [f"{known.kind}: {known.detail}" for known in board.breaks]

    def _truly(self, order: Resting | None) -> tuple[Status, ...]:
        if order is None:
            return (Status.LOST, Status.REJECTED, Status.DENIED)
        if order.final is not None:
            return (ENDED[order.final.value],)
        return (Status.OPEN, Status.PARTIAL, Status.PENDING_CANCEL)
