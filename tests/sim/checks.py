"""What must be true, whatever the wire did: while it runs, and when the world has come to rest.

The one rule: the truth at the venue is the judge. Nothing here asks the engine whether it is right.
"""

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal

from domain import bookings, controls, events
from domain.board import AccountView
from domain.halts import HaltState, Level
from domain.instruments import base_of
from domain.money import ZERO
from domain.orders import Final, Order, OrderState, Side, Status
from domain.ports import Placement
from engine.names import is_ours
from risk.exposure import Exposure, changes_of, claim_of
from tests.sim.disk import Disk
from tests.sim.loop import SECOND_US
from tests.sim.truth import FIRST_PRICES, OPENING, Resting
from tests.sim.world import ACCOUNT, SETTINGS, Life, World

D = Decimal
LOWEST = D("0.969")  # of its first price: no price is ever lower
STRANGERS_US = 20 * SECOND_US  # an order of somebody else younger than this may be unseen yet
ENDED = {Final.FILLED: Status.FILLED, Final.CANCELED: Status.CANCELED}


class Invariants:
    """Listens to one world; `broken` says what was wrong, with its time, as it happened."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.broken: list[str] = []
        self._left: set[str] = set()
        self._arrived: set[str] = set()
        self._absent: set[str] = set()
        self._bare: set[str] = set()
        self._outside_low: dict[str, Decimal] = {}
        self._tripped = False
        self._verified_us = 0
        self._empty_us: list[int] = []
        watch = world.wire.watch
        watch.leaves = self._leaves
        watch.arrives = self._arrives
        watch.amends = self._amends
        watch.listed = self._listed
        world.on_tick = self.reserved
        world.disk.on_row = self._written

    def _break(self, what: str) -> None:
        self._world.note(f"BROKEN: {what}")
        self.broken.append(what)

    @property
    def halted(self) -> bool:
        """Whether anything that a trip leaves behind stands: flag, marker or ledger row."""
        life = self._world.life
        level = life.stop.level if life is not None else 0
        return self._tripped or self._world.disk.marker is not None or level >= Level.HALT

    # Creates

    def _leaves(self, order: Order) -> None:
        name = order.client_id
        if name in self._left:
            self._break(f"the create {name} left twice")
        self._left.add(name)
        if self.halted:
            self._break(f"the create {name} left after a trip")
        if f"order:{name}" not in self._world.disk.stored:
            self._break(f"the create {name} left before its intent was durable")

    def _amends(self, state: OrderState) -> None:
        if self.halted:
            self._break(f"a change of {state.client_id} left after a trip")

    def _arrives(self, order: Order, placement: Placement) -> None:
        name = order.client_id
        if name in self._arrived:
            self._break(f"the create {name} arrived twice")
        self._arrived.add(name)
        if placement.accepted and name in self._absent:
            self._break(f"{name} was LOST and arrives now")
        if placement.accepted and self._verified_us:
            self._break(f"{name} arrives after the halt was VERIFIED")
        self.limits(name)
        self.reserved()

    def reserved(self) -> None:
        """What can still trade at the venue is reserved here, whatever is known of it."""
        life = self._world.life
        if life is None or not life.engine.ready.is_set():
            return
        claims = life.parts.floor.door.view.exposure.claims
        for order in self._world.truth.orders.values():
            state = life.desk.board.orders.get(order.client_id)
            if state is None or state.foreign:
                continue
            coming = order.filled + order.left - state.filled
            claim = claims.get(order.client_id)
            units = ZERO if claim is None else claim.outgoing
            if claim is not None and order.side is Side.BUY:
                units = claim.incoming
            if units < coming and order.client_id not in self._bare:
                self._bare.add(order.client_id)
                self._break(f"{coming} of {order.client_id} is to come and {units} is reserved")

    def limits(self, name: str) -> None:
        """No limit is passed in truth by what is ours there."""
        truth, limits = self._world.truth, self._world.limits
        mine = [order for order in truth.orders.values() if self._ours(order)]
        count = sum(order.final is None for order in mine)
        if count > limits.max_open_orders:
            self._break(f"{name} makes {count} open orders, over {limits.max_open_orders}")
        buys = [order for order in mine if order.side is Side.BUY]
        coming = sum((o.left * (o.price or truth.prices[o.symbol]) for o in buys), ZERO)
        names = {order.venue_order_id for order in buys}
        bought = sum((f.cost for f in truth.trades if f.venue_order_id in names), ZERO)
        if coming + bought > limits.max_daily_volume:
            self._break(f"{name} makes {coming + bought} bought today")
        for symbol, first in FIRST_PRICES.items():
            units = self._position(symbol, mine)
            if units * first * LOWEST > limits.max_position_size["default"]:
                self._break(f"{name} makes a position of {units} {base_of(symbol)}")

    def _position(self, symbol: str, mine: list[Resting]) -> Decimal:
        """The most of an asset that ours alone could have come to."""
        truth, asset = self._world.truth, base_of(symbol)
        names = {order.venue_order_id for order in mine}
        own = sum(
            (
                change
                for fill in truth.trades
                if fill.venue_order_id in names
                for changed, change in changes_of(fill)
                if changed == asset
            ),
            ZERO,
        )
        outside = truth.totals[asset] - OPENING[asset] - own
        low = min(outside, self._outside_low.get(asset, ZERO))
        self._outside_low[asset] = low
        coming = sum((o.left for o in mine if o.side is Side.BUY and o.symbol == symbol), ZERO)
        return OPENING[asset] + own + low + coming

    @staticmethod
    def _ours(order: Resting) -> bool:
        return is_ours(order.client_id, "S1")

    # Facts

    def _written(self, fact: events.Fact) -> None:
        if isinstance(fact, controls.HaltTripped) and fact.level >= Level.HALT:
            self._tripped = True
            self._empty_us.clear()
        elif isinstance(fact, controls.HaltReopened):
            self._empty_us.clear()
        elif isinstance(fact, controls.HaltVerified):
            self._verified()
        elif isinstance(fact, events.OrderAbsent):
            self._absent.add(fact.client_id)
            if self._world.truth.by_client_id(fact.client_id) is not None:
                self._break(f"{fact.client_id} is LOST here and is at the venue")
        elif isinstance(fact, events.OrderRejected):
            if self._world.truth.by_client_id(fact.client_id) is not None:
                self._break(f"{fact.client_id} is REJECTED here and is at the venue")
        elif isinstance(fact, events.OrderSettled):
            order = self._world.truth.by_client_id(fact.client_id)
            if order is not None and order.final is None:
                self._break(f"{fact.client_id} is settled here and open at the venue")

    def _listed(self, count: int) -> None:
        if not count:
            self._empty_us.append(self._world.clock.monotonic_us())

    def _verified(self) -> None:
        empty = self._empty_us
        if not empty or empty[-1] - empty[0] < SETTINGS.kill_list_gap_ms * 1000:
            self._break(f"VERIFIED on empty lists at {empty}")
        self._verified_us = self._world.clock.now_us()
        truth = self._world.truth
        now = truth.clock.now_us()
        for order in truth.working():
            if self._ours(order) or order.at_us < now - STRANGERS_US:
                self._break(f"VERIFIED while {order.venue_order_id} is open")


# At rest


def unsettled(world: World, life: Life) -> list[str]:
    """What does not agree with the truth; empty when everything does."""
    found = list(_readiness(life))
    if not found:
        found += _orders(world, life)
        found += _money(world, life)
        found += _reservations(life)
        found += _halts(world, life)
        found += [f"break {known.break_id}: {known.detail}" for known in life.desk.board.breaks]
    return found


def _readiness(life: Life) -> Iterator[str]:
    if life.task.done():
        yield f"the engine ended: {life.task}"
    elif not life.engine.ready.is_set():
        yield "the engine is not ready"
    else:
        view = life.desk.board.accounts.get(ACCOUNT) or AccountView(account=ACCOUNT)
        if not view.reconciled_us:
            yield f"the account is not reconciled: {view.problem}"


def _orders(world: World, life: Life) -> Iterator[str]:
    for stored in list(world.disk.stored.values()):
        if not isinstance(stored.fact, events.OrderApproved):
            continue
        name = stored.fact.order.client_id
        state = life.desk.board.orders.get(name)
        if state is None:
            yield f"{name} is not on the board"
            continue
        order = world.truth.by_client_id(name)
        wrong = _absent(state) if order is None else _differs(state, order)
        if wrong:
            yield f"{name} is {state.status.value} {state.filled}/{state.quantity}: {wrong}"


def _absent(state: OrderState) -> str:
    over = {Status.LOST, Status.DENIED, Status.REJECTED}
    return "" if state.status in over else "it never was at the venue"


def _differs(state: OrderState, order: Resting) -> str:
    truth = f"truly {order.final or 'open'} {order.filled}/{order.quantity}"
    if (state.filled, state.quantity) != (order.filled, order.quantity):
        return truth
    if order.final is None:
        working = {Status.OPEN, Status.PARTIAL, Status.PENDING_CANCEL}
        return "" if state.status in working else truth
    if state.status is not ENDED[order.final]:
        return truth
    return "" if not state.reserved_quantity else f"{truth}, {state.reserved_quantity} reserved"


def _money(world: World, life: Life) -> Iterator[str]:
    held = life.parts.books.held(ACCOUNT)
    for asset, total in world.truth.totals.items():
        if held.get(asset, ZERO) != total:
            yield f"{asset}: {held.get(asset)} here, {total} at the venue"
    booked, moved = booked_of(world.disk)
    true = Counter(fill.key for fill in world.truth.trades)
    if booked != true:
        yield f"fills booked and not true {booked - true}, true and not booked {true - booked}"
    if moved != Counter(movement.key for movement in world.truth.movements):
        yield "movements are not those of the venue"


def booked_of(disk: Disk) -> tuple[Counter[str], Counter[str]]:
    """Every fill and movement in the ledger, less those that were taken back."""
    fills: Counter[str] = Counter()
    moved: Counter[str] = Counter()
    for stored in disk.stored.values():
        fact = stored.fact
        if isinstance(fact, bookings.FillBooked):
            fills[fact.fill.key] += 1
        elif isinstance(fact, bookings.FillReversed):
            fills[fact.fill.key] -= 1
        elif isinstance(fact, bookings.MovementBooked):
            moved[fact.movement.key] += 1
    return +fills, moved


def _reservations(life: Life) -> Iterator[str]:
    """The gate's sums are those of the orders that can still trade, and of nothing else."""
    fresh = Exposure()
    for state in life.desk.board.orders.values():
        fresh.claim(state.client_id, claim_of(state))
    kept = life.parts.floor.door.view.exposure
    if kept.claims != fresh.claims:
        names = sorted(kept.claims.keys() ^ fresh.claims.keys())
        yield f"claims differ from those of the orders: {names}"
    for name in ("incoming", "outgoing", "value", "_held"):
        if getattr(kept, name) != getattr(fresh, name):
            yield f"exposure.{name} is {getattr(kept, name)}, not {getattr(fresh, name)}"


def _halts(world: World, life: Life) -> Iterator[str]:
    board = life.desk.board
    if world.disk.marker is None and not world.disk.tripped():
        return
    if board.level < Level.HALT or life.stop.level < Level.HALT:
        yield f"it was tripped and is at level {board.level}, gate {life.stop.level}"
    for halt in board.halts:
        if halt.state is not HaltState.HALTED:
            yield f"the halt is {halt.state.value}: {[e.error for e in halt.evidence]}"
    if board.level >= Level.HALT_CANCEL and world.truth.working():
        yield f"halted with open orders {[o.venue_order_id for o in world.truth.working()]}"
