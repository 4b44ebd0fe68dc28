"""Venues for the tests of the kill switch: what truly rests there, and how they fail."""

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence

from domain import events
from domain.errors import InDoubt, Unavailable
from domain.instruments import Account
from domain.orders import Final, Order, OrderState, VenueOrder
from domain.ports import Placement
from engine.desk import Desk
from tests.sim.loop import VirtualClock


class Street:
    """All venues: what truly rests there, since when, and how they fail."""

    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock
        self.resting: dict[str, tuple[Order, bool, int]] = {}
        self.left: list[Order] = []
        self.cancelled: list[tuple[Order, bool]] = []
        self.unreadable: set[Account] = set()
        self.refusing: set[Account] = set()
        self.reads: Counter[Account] = Counter()
        self.read_us: dict[Account, int] = {}
        self.lost = ""
        self.faults: dict[str, Callable[[], Awaitable[None]]] = {}
        self.desk: Desk | None = None

    def arrives(self, order: Order, *, foreign: bool) -> str:
        name = f"V{len(self.resting) + len(self.cancelled)}-{order.client_id}"
        self.resting[name] = (order, foreign, self.clock.now_us())
        return name

    def row(self, name: str, final: Final | None = None) -> VenueOrder:
        order, foreign, _ = self.resting[name]
        return VenueOrder(
            account=order.account,
            venue_order_id=name,
            client_id="" if foreign else order.client_id,
            symbol=order.symbol,
            side=order.side,
            kind=order.kind,
            quantity=order.quantity,
            price=order.price,
            final=final,
            at_us=self.clock.now_us(),
        )

    def end(self, name: str) -> None:
        """It is cancelled, and the stream says so."""
        report = self.row(name, Final.CANCELED)
        order, foreign, _ = self.resting.pop(name)
        self.cancelled.append((order, foreign))
        assert self.desk is not None
        known = self.desk.board.orders.get(order.client_id)
        if known is not None:
            self.desk.post(
                events.OrderReported(
                    at_us=self.clock.now_us(),
                    actor=order.account.venue,
                    client_id=order.client_id,
                    report=report,
                    source="stream",
                )
            )


class Place:
    """Both ports of one account."""

    def __init__(self, account: Account, street: Street) -> None:
        self._account = account
        self._street = street

    async def open_orders(self, *, urgent: bool = False) -> Sequence[VenueOrder]:
        del urgent
        street = self._street
        await self._fault("list")
        if self._account in street.unreadable:
            raise Unavailable(self._account.venue, "502")
        street.reads[self._account] += 1
        street.read_us[self._account] = street.clock.now_us()
        return [street.row(n) for n, (o, _, _) in street.resting.items() if self._is_here(o)]

    async def _fault(self, step: str) -> None:
        """Kraken fails as it was told to; the other venue works."""
        if step in self._street.faults and self._account.venue == "kraken":
            await self._street.faults[step]()

    def _is_here(self, order: Order) -> bool:
        return order.account == self._account

    async def place(self, order: Order) -> Placement:
        street, lost = self._street, self._street.lost
        street.left.append(order)
        street.lost = ""
        if lost == "request":
            raise InDoubt(order.client_id, "no answer")
        name = street.arrives(order, foreign=False)
        if lost == "reply":
            raise InDoubt(order.client_id, "no answer")
        return Placement(accepted=True, venue_order_id=name)

    async def cancel(self, state: OrderState) -> Placement:
        await self._fault("cancel")
        self._take(state.venue_order_id)
        return Placement(accepted=True, venue_order_id=state.venue_order_id)

    async def cancel_all(self) -> None:
        await self._fault("cancel")
        for name, (order, _, _) in list(self._street.resting.items()):
            if self._is_here(order):
                self._take(name)

    def _take(self, name: str) -> None:
        if self._account in self._street.refusing:
            raise Unavailable(self._account.venue, "cancels are refused")
        if name in self._street.resting:
            self._street.end(name)
