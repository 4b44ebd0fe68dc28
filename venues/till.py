"""Who owns what at one simulated venue, and all that its clients ever ordered and traded.

The one rule: money is moved, never made. Each booking takes from one owner what it gives to
another (clients, the street, the venue's fee account, the world outside), so all owners'
balances of an asset always sum to zero. What a client's orders hold is computed from them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from itertools import islice

from domain.instruments import base_of, quote_of
from domain.market import AssetBalance, Movement
from domain.money import MONEY, ZERO
from domain.orders import Fill, Side, VenueOrder
from venues.fees import Tariff

STREET = "street"  # everybody else who trades at the venue
FEES_PAID = "fees"
OUTSIDE = "outside"
LONGEST_MEMORY = 5_000  # fills, movements and orders that a venue remembers, each


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What changed at a venue since it was last told; a whole venue has the same shape.

    Rows are newest states: orders by their venue id, holdings and dead-man timers by owner.
    """

    venue: str
    orders: tuple[VenueOrder, ...] = ()
    fills: tuple[Fill, ...] = ()
    movements: tuple[Movement, ...] = ()
    holdings: Mapping[str, Mapping[str, Decimal]] = field(default_factory=dict)
    dead_man: Mapping[str, int] = field(default_factory=dict)
    counter: int = 0


class Till:
    """One venue's money and memory. Owners are account names, STREET, FEES_PAID, OUTSIDE."""

    def __init__(self, venue: str, fees: Tariff) -> None:
        self.venue = venue
        self.fees = fees
        self.holdings: dict[str, dict[str, Decimal]] = {}
        self.orders: dict[str, VenueOrder] = {}
        self.working: dict[str, VenueOrder] = {}
        self.fills: list[Fill] = []
        self.movements: list[Movement] = []
        self.dead_man: dict[str, int] = {}
        self.counter = 0
        self._by_client_id: dict[str, str] = {}
        self._new = _News()

    # Bookings

    def number(self) -> int:
        """The next running number, for ids."""
        self.counter += 1
        return self.counter

    def endow(self, owner: str, asset: str, amount: Decimal) -> None:
        """Give an account what it starts with."""
        self._move(OUTSIDE, owner, asset, amount)

    def keep(self, order: VenueOrder) -> None:
        """Remember the newest state of a client's order."""
        self._remember_order(order)
        self._new.orders[order.venue_order_id] = order

    def settle(self, fill: Fill) -> None:
        """Exchange base and quote between a client and the street, and take the fee."""
        client = fill.account.name
        giver, taker = (STREET, client) if fill.side is Side.BUY else (client, STREET)
        self._move(giver, taker, base_of(fill.symbol), fill.quantity)
        self._move(taker, giver, quote_of(fill.symbol), MONEY.multiply(fill.quantity, fill.price))
        self._move(client, FEES_PAID, fill.fee_asset, fill.fee)
        self.fills.append(fill)
        self._new.fills.append(fill)

    def transfer(self, movement: Movement) -> None:
        """Book a deposit or withdrawal; its fee is taken besides its amount."""
        client = movement.account.name
        self._move(OUTSIDE, client, movement.asset, movement.amount)
        self._move(client, FEES_PAID, movement.asset, movement.fee)
        self.movements.append(movement)
        self._new.movements.append(movement)

    def set_dead_man(self, client: str, due_us: int) -> None:
        """When to cancel everything of an account by itself; 0 for never."""
        self.dead_man[client] = self._new.dead_man[client] = due_us

    def _move(self, giver: str, taker: str, asset: str, amount: Decimal) -> None:
        for owner, change in ((giver, MONEY.minus(amount)), (taker, amount)):
            purse = self.holdings.setdefault(owner, {})
            purse[asset] = MONEY.add(purse.get(asset, ZERO), change)
            self._new.holdings.setdefault(owner, {})[asset] = purse[asset]

    def _remember_order(self, order: VenueOrder) -> None:
        self.orders[order.venue_order_id] = order
        if order.client_id:
            self._by_client_id[order.client_id] = order.venue_order_id
        if order.final is None:
            self.working[order.venue_order_id] = order
        else:
            self.working.pop(order.venue_order_id, None)

    # What is there

    def find(self, *, venue_order_id: str = "", client_id: str = "") -> VenueOrder | None:
        """An order by the venue's id, else by the client's (the newest one of that name)."""
        known = self.orders.get(venue_order_id)
        return known or self.orders.get(self._by_client_id.get(client_id, ""))

    def balances(self, client: str) -> dict[str, AssetBalance]:
        """All balances of an account."""
        used = self._used(client)
        return {
            asset: AssetBalance(total=total, used=used.get(asset, ZERO))
            for asset, total in self.holdings.get(client, {}).items()
        }

    def free(self, client: str, asset: str) -> Decimal:
        """What an account could still spend of an asset."""
        total = self.holdings.get(client, {}).get(asset, ZERO)
        return MONEY.subtract(total, self._used(client).get(asset, ZERO))

    def held_by(self, order: VenueOrder) -> tuple[str, Decimal]:
        """What a working order holds now: (asset, amount).

        A market buy is over before anybody could ask, so it holds nothing.
        """
        assert order.side is not None
        assert order.quantity is not None
        rest = MONEY.subtract(order.quantity, order.cumulative)
        return self.fees.held(order.side, order.symbol, rest, order.price or ZERO)

    def _used(self, client: str) -> dict[str, Decimal]:
        used: dict[str, Decimal] = {}
        for order in self.working.values():
            if order.account.name == client:
                asset, amount = self.held_by(order)
                used[asset] = MONEY.add(used.get(asset, ZERO), amount)
        return used

    @property
    def balanced(self) -> bool:
        """Whether all owners' balances of every asset sum to zero, as they always must."""
        sums: dict[str, Decimal] = {}
        for purse in self.holdings.values():
            for asset, amount in purse.items():
                sums[asset] = MONEY.add(sums.get(asset, ZERO), amount)
        return not any(sums.values())

    # Changes, for the state file

    def take_change(self) -> Change | None:
        """What changed since the last time; None when nothing did."""
        new = self._new
        if not (new.orders or new.fills or new.movements or new.holdings or new.dead_man):
            return None
        self._new = _News()
        return Change(
            venue=self.venue,
            orders=tuple(new.orders.values()),
            fills=tuple(new.fills),
            movements=tuple(new.movements),
            holdings=new.holdings,
            dead_man=new.dead_man,
            counter=self.counter,
        )

    def whole(self) -> Change:
        """Everything, oldest first."""
        return Change(
            venue=self.venue,
            orders=tuple(self.orders.values()),
            fills=tuple(self.fills),
            movements=tuple(self.movements),
            holdings={owner: dict(purse) for owner, purse in self.holdings.items()},
            dead_man=dict(self.dead_man),
            counter=self.counter,
        )

    def standing(self) -> Change:
        """What is true now, without what is over: working orders, holdings, timers, counter."""
        everything = self.whole()
        return replace(everything, orders=tuple(self.working.values()), fills=(), movements=())

    def apply(self, change: Change) -> None:
        """Take over what a state file tells."""
        for order in change.orders:
            self._remember_order(order)
        self.fills.extend(change.fills)
        self.movements.extend(change.movements)
        for owner, purse in change.holdings.items():
            self.holdings.setdefault(owner, {}).update(purse)
        self.dead_man.update(change.dead_man)
        self.counter = max(self.counter, change.counter)

    def forget_oldest(self) -> None:
        """Drop what is beyond the venue's memory; working orders are never dropped."""
        del self.fills[:-LONGEST_MEMORY]
        del self.movements[:-LONGEST_MEMORY]
        surplus = max(0, len(self.orders) - LONGEST_MEMORY)
        ended = (order for order in self.orders.values() if order.final is not None)
        for order in list(islice(ended, surplus)):
            del self.orders[order.venue_order_id]
            if self._by_client_id.get(order.client_id) == order.venue_order_id:
                del self._by_client_id[order.client_id]


@dataclass(slots=True)
class _News:
    """What the state file has not been told yet."""

    orders: dict[str, VenueOrder] = field(default_factory=dict)
    fills: list[Fill] = field(default_factory=list)
    movements: list[Movement] = field(default_factory=list)
    holdings: dict[str, dict[str, Decimal]] = field(default_factory=dict)
    dead_man: dict[str, int] = field(default_factory=dict)
