"""The wire between an engine and the truth: the venue's ports, with faults drawn from a seed.

The one rule: only what a real wire may do. A request that left may arrive late, but not later
than the venue's receive window; a list may lag, but not for ever; nothing is invented.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import NoReturn

from domain.errors import InDoubt, Unavailable
from domain.instruments import Instrument
from domain.market import Balances, History, Price, Sought
from domain.orders import Amendment, Fill, Final, Order, OrderState, VenueOrder
from domain.ports import Hear, Placement, VenueTraits
from domain.sightings import FillSeen, Heartbeat, OrderSeen, PriceSeen, Sighting, TotalsSeen
from tests.sim.loop import SECOND_US, SeededDice, VirtualClock
from tests.sim.truth import Resting, Truth


@dataclass(slots=True)
class Faults:
    """How often, in percent, and how badly the wire fails. Times in microseconds."""

    lost_request: int = 0  # a create, cancel or amend that never arrives
    late_request: int = 0  # it arrives after its sender stopped waiting
    late_create: int = 0  # the same, of creates alone
    lost_reply: int = 0  # it happened, and nobody is told
    garbled: int = 0  # the answer cannot be read, whatever happened
    not_sent: int = 0  # provably no byte left
    refused_cancel: int = 0
    failed_read: int = 0
    hung_read: int = 0
    partial_search: int = 0  # a look-up that did not read every list
    lost_message: int = 0
    doubled_message: int = 0
    late_message: int = 0
    dead_stream: int = 0  # percent of dials that end within seconds
    mute_stream: int = 0  # percent of dials that go silent and never end
    lag_us: int = 0  # lists show what was true up to so long ago
    trades_late_us: int = 0  # a trade may stay out of every list for so long
    short_final: int = 0  # percent of cancels that first tell less than was filled
    slow_us: int = 50_000
    down: bool = False


def drawn(dice: SeededDice) -> Faults:
    """A venue with its own weaknesses: some faults often, some never."""

    def rate(most: int) -> int:
        return dice.between(1, most) if dice.chance(60) else 0

    return Faults(
        lost_request=rate(20),
        late_request=rate(15),
        lost_reply=rate(30),
        garbled=rate(20),
        not_sent=rate(10),
        refused_cancel=rate(30),
        failed_read=rate(40),
        hung_read=rate(8),
        partial_search=rate(40),
        lost_message=rate(50),
        doubled_message=rate(50),
        late_message=rate(60),
        dead_stream=rate(60),
        mute_stream=rate(30),
        lag_us=rate(20) * 90_000,
        trades_late_us=dice.one_of((0, 0, 2, 6, 25)) * SECOND_US,
        short_final=rate(60),
        slow_us=dice.one_of((2_000, 50_000, 400_000)),
    )


class Watch:
    """Who is told of creates that leave and arrive, and of lists. The invariants listen here."""

    def __init__(self) -> None:
        self.leaves: Callable[[Order], None] = lambda order: None
        self.arrives: Callable[[Order, Placement], None] = lambda order, placement: None
        self.amends: Callable[[OrderState], None] = lambda state: None
        self.listed: Callable[[int], None] = lambda count: None


class Wire:
    """One venue with one account, as the engine's ports; `truth` is behind it."""

    def __init__(
        self,
        truth: Truth,
        traits: VenueTraits,
        faults: Faults,
        clock: VirtualClock,
        dice: SeededDice,
    ) -> None:
        self.truth = truth
        self.traits = traits
        self.faults = faults
        self.watch = Watch()
        self.anonymous = dice.one_of((0, 30, 100))  # percent of fills without our own id
        self.hidden_orders = dice.chance(15)  # a stream that tells of fills alone
        self._clock = clock
        self._dice = dice
        self._listeners: list[_Listener] = []
        self.forgotten_us: dict[str, int] = {}  # orders no list shows until then
        self._visible_us: dict[str, int] = {}
        self._shorts: dict[str, tuple[int, Decimal]] = {}
        truth.on_trade = self._traded
        truth.on_order = self._ordered

    # Requests

    async def ask(self) -> None:
        """A read's way there and back; Unavailable when it fails on the way."""
        faults = self.faults
        if faults.down:
            await self._pass(faults.slow_us)
            self._cannot("it is down")
        if self._dice.chance(faults.hung_read):
            await self._pass(self.traits.request_timeout_us)
            self._cannot("no answer in time")
        await self._pass(self._dice.between(1_000, faults.slow_us))
        if self._dice.chance(faults.failed_read):
            self._cannot("the answer was cut off")

    async def send(self, reference: str, act: Callable[[], Placement], late: int = 0) -> Placement:
        """One write. It happens at the venue at most once, whether or not anybody waits for it."""
        faults, dice = self.faults, self._dice
        if dice.chance(faults.not_sent):
            await self._pass(1_000)
            self._cannot("no connection: nothing left")
        patience_us = self.traits.request_timeout_us
        if faults.down or dice.chance(faults.lost_request):
            await self._pass(dice.one_of((1_000, patience_us)))
            raise InDoubt(reference, "the connection broke")
        answered: asyncio.Future[Placement] = asyncio.get_running_loop().create_future()
        there_us = dice.between(1_000, faults.slow_us)
        if dice.chance(max(late, faults.late_request)):
            there_us = dice.between(SECOND_US, patience_us + self.traits.recv_window_us)

        def arrives() -> None:
            placement = act()
            if not answered.done():
                answered.set_result(placement)

        asyncio.get_running_loop().call_later(there_us / SECOND_US, arrives)
        if dice.chance(faults.garbled):
            await self._pass(dice.between(1_000, there_us * 2))
            raise InDoubt(reference, "the answer cannot be read")
        try:
            async with asyncio.timeout(patience_us / SECOND_US):
                placement = await answered
                await self._pass(dice.between(1_000, faults.slow_us))
        except TimeoutError:
            raise InDoubt(reference, "no answer in time") from None
        if dice.chance(faults.lost_reply):
            await self._pass(dice.one_of((1_000, patience_us)))
            raise InDoubt(reference, "the reply was lost")
        return placement

    def refuses_cancel(self) -> bool:
        """Whether the venue refuses a cancel though the order is open."""
        return self._dice.chance(self.faults.refused_cancel)

    def searches_all(self) -> bool:
        """Whether a look-up reads every list to its end."""
        return not self._dice.chance(self.faults.partial_search)

    def _cannot(self, why: str) -> NoReturn:
        raise Unavailable(self.traits.venue, why)

    async def _pass(self, us: int) -> None:
        await asyncio.sleep(us / SECOND_US)

    # What lists show

    def shown_us(self) -> int:
        """The venue's time up to which its lists are true just now."""
        return self.truth.clock.now_us() - self._dice.between(0, self.faults.lag_us)

    def row(self, order: Resting, shown_us: int) -> VenueOrder | None:
        """What a list of that time says of an order; None before it was there, or forgotten."""
        if self.forgotten_us.get(order.venue_order_id, 0) > self.truth.clock.now_us():
            return None
        known = None
        for at_us, report in order.told:
            if at_us > shown_us:
                break
            known = report
        return known and self._short(known)

    def _short(self, report: VenueOrder) -> VenueOrder:
        """A cancelled order's row, which may count its last trade only after some seconds."""
        until_us, counted = self._shorts.get(report.venue_order_id, (0, report.cumulative))
        if report.final is None or self.truth.clock.now_us() > until_us:
            return report
        return replace(report, cumulative=counted)

    def trades(self, shown_us: int) -> list[Fill]:
        """The trades that lists show by now."""
        now = self.truth.clock.now_us()
        return [
            self.shown(fill)
            for fill in self.truth.trades
            if fill.at_us <= shown_us and self._visible_us.get(fill.trade_id, 0) <= now
        ]

    def shown(self, fill: Fill) -> Fill:
        """The fill as the venue tells it: many name their own order id only."""
        return replace(fill, client_id="") if self._dice.chance(self.anonymous) else fill

    # What streams tell

    def _traded(self, fill: Fill) -> None:
        if self.faults.trades_late_us and self._dice.chance(50):
            late_us = self._dice.between(0, self.faults.trades_late_us)
            self._visible_us[fill.trade_id] = fill.at_us + late_us
        self.tell(FillSeen(fill=self.shown(fill)))
        totals = dict(self.truth.totals)
        self.tell(TotalsSeen(account=fill.account, totals=totals, at_us=fill.at_us))

    def _ordered(self, report: VenueOrder) -> None:
        if report.final is Final.CANCELED and self._dice.chance(self.faults.short_final):
            self._shorten(report)
            report = self._short(report)
        if not self.hidden_orders:
            self.tell(OrderSeen(report=report))

    def _shorten(self, report: VenueOrder) -> None:
        """Its last trade, if it has any, is counted and listed a few seconds late."""
        mine = [t for t in self.truth.trades if t.venue_order_id == report.venue_order_id]
        if mine:
            until_us = report.at_us + self._dice.between(1, 9) * SECOND_US
            self._shorts[report.venue_order_id] = until_us, report.cumulative - mine[-1].quantity
            self._visible_us[mine[-1].trade_id] = until_us

    def tell(self, sighting: Sighting) -> None:
        """Send a message to whoever listens: once, twice, late, out of order or not at all."""
        faults, dice = self.faults, self._dice
        for listener in self._listeners:
            if dice.chance(faults.lost_message):
                continue
            for _ in range(2 if dice.chance(faults.doubled_message) else 1):
                late = dice.chance(faults.late_message)
                delay_us = dice.between(1_000, 8 * SECOND_US if late else faults.slow_us)
                listener.later(sighting, delay_us)

    async def stream(self, feed: str, hear: Hear) -> None:
        """Confirm, beat and deliver until it breaks or goes mute."""
        await self.ask()
        faults, dice = self.faults, self._dice
        dies = dice.chance(faults.dead_stream)
        beats = dice.between(1, 20) if dies or dice.chance(faults.mute_stream) else 1 << 30
        listener = _Listener(hear)
        if feed == "account":
            self._listeners.append(listener)
        try:
            while beats and not self.faults.down:
                beats -= 1
                if feed != "account":
                    self._quote(listener)
                listener.hear(Heartbeat(venue=self.traits.venue, feed=feed, at_us=0))
                await self._pass(2 * SECOND_US)
            if not dies and not self.faults.down:
                listener.mute = True
                await self._pass(3_600 * SECOND_US)
            self._cannot(f"its {feed} stream broke")
        finally:
            listener.mute = True
            if listener in self._listeners:
                self._listeners.remove(listener)

    def _quote(self, listener: "_Listener") -> None:
        for price in self.quotes(tuple(self.truth.prices)):
            listener.hear(PriceSeen(price=price))

    def quotes(self, symbols: Sequence[str]) -> list[Price]:
        """Prices as they are now, marked with our own time."""
        truth = self.truth
        return [
            Price(
                venue=self.traits.venue,
                symbol=symbol,
                bid=truth.bid(symbol),
                ask=truth.ask(symbol),
                last=truth.prices[symbol],
                at_us=self._clock.now_us(),
            )
            for symbol in symbols
            if symbol in truth.prices
        ]

    def now_us(self) -> int:
        """Our own time."""
        return self._clock.now_us()


class _Listener:
    """One open stream; what it is told while mute is lost."""

    def __init__(self, hear: Hear) -> None:
        self._hear = hear
        self.mute = False

    def hear(self, sighting: Sighting) -> None:
        """Deliver now."""
        if not self.mute:
            self._hear(sighting)

    def later(self, sighting: Sighting, delay_us: int) -> None:
        """Deliver after a while, if somebody still listens."""
        asyncio.get_running_loop().call_later(delay_us / SECOND_US, self.hear, sighting)


class SimMarket:
    """The Market port."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def instruments(self) -> Sequence[Instrument]:
        """Every pair."""
        await self._wire.ask()
        return self._wire.truth.instruments()

    async def prices(self, symbols: Sequence[str]) -> Sequence[Price]:
        """Their prices."""
        await self._wire.ask()
        return self._wire.quotes(symbols)

    async def clock_us(self) -> int:
        """The venue's time."""
        await self._wire.ask()
        return self._wire.truth.clock.now_us()

    async def stream_prices(self, symbols: Sequence[str], hear: Hear) -> None:
        """Every price, every two seconds."""
        await self._wire.stream("prices", hear)

    async def stream_depth(self, symbol: str, hear: Hear) -> None:
        """There is no book to stream here."""
        raise Unavailable(self._wire.traits.venue, "it streams no books")


class SimReader:
    """The AccountReader port."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._truth = wire.truth

    async def balances(self) -> Balances:
        """Totals, at most a second and a half old, and what is held."""
        asked_us = self._wire.now_us()
        shown_us = max(self._wire.shown_us(), self._truth.clock.now_us() - 1_500_000)
        await self._wire.ask()
        totals = next(t for at_us, t in reversed(self._truth.past_totals) if at_us <= shown_us)
        return Balances(
            account=self._truth.account,
            assets=self._truth.balances(totals),
            asked_us=asked_us,
            at_us=self._wire.now_us(),
        )

    async def open_orders(self, *, urgent: bool = False) -> Sequence[VenueOrder]:
        """Every order that was open a moment ago."""
        await self._wire.ask()
        shown_us = self._wire.shown_us()
        rows = [self._wire.row(order, shown_us) for order in self._truth.orders.values()]
        found = [row for row in rows if row is not None and row.final is None]
        self._wire.watch.listed(len(found))
        return found

    async def find(self, state: OrderState) -> Sought:
        """One order with the trades that are shown by now."""
        await self._wire.ask()
        whole, shown_us = self._wire.searches_all(), self._wire.shown_us()
        order = self._truth.orders.get(state.venue_order_id)
        if order is None and not state.foreign:
            order = self._truth.by_client_id(state.client_id)
        row = self._wire.row(order, shown_us) if order is not None else None
        if order is None or row is None:
            return Sought(found=None, complete=whole)
        fills = [f for f in self._wire.trades(shown_us) if f.venue_order_id == order.venue_order_id]
        return Sought(found=row, fills=tuple(fills), complete=whole)

    async def history(self, since_us: int) -> History:
        """Ended orders, trades and movements, two pages of them."""
        until_us = self._wire.now_us()
        await self._wire.ask()
        shown_us = self._wire.shown_us()
        await self._wire.ask()
        rows = [self._wire.row(order, shown_us) for order in self._truth.orders.values()]
        return History(
            account=self._truth.account,
            since_us=since_us,
            until_us=until_us,
            orders=tuple(
                r for r in rows if r is not None and r.final is not None and r.at_us >= since_us
            ),
            fills=tuple(f for f in self._wire.trades(shown_us) if f.at_us >= since_us),
            movements=tuple(m for m in self._truth.movements if since_us <= m.at_us <= shown_us),
        )

    async def stream(self, hear: Hear) -> None:
        """Fills, orders and totals."""
        await self._wire.stream("account", hear)


class SimTrader:
    """The Trader port."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._truth = wire.truth

    async def place(self, order: Order) -> Placement:
        """One create."""
        self._wire.watch.leaves(order)

        def act() -> Placement:
            placement = self._truth.place(order)
            self._wire.watch.arrives(order, placement)
            return placement

        return await self._wire.send(order.client_id, act, self._wire.faults.late_create)

    async def amend(self, state: OrderState, amendment: Amendment) -> Placement:
        """One change."""
        self._wire.watch.amends(state)
        return await self._wire.send(
            amendment.client_id,
            lambda: self._truth.amend(
                state.venue_order_id, state.client_id, amendment.quantity, amendment.price
            ),
        )

    async def cancel(self, state: OrderState) -> Placement:
        """One cancel."""

        def act() -> Placement:
            if self._wire.refuses_cancel():
                return Placement(accepted=False, code="EOrder", reason="unknown order")
            return self._truth.cancel(state.venue_order_id, state.client_id)

        return await self._wire.send(state.client_id, act)

    async def cancel_all(self) -> None:
        """Everything at once."""

        def act() -> Placement:
            self._truth.cancel_all()
            return Placement(accepted=True)

        await self._wire.send("cancel-all", act)

    async def dead_man(self, timeout_s: int) -> None:
        """There is no such switch here."""
        raise Unavailable(self._wire.traits.venue, "it has no dead-man's switch")
