"""What simulated venues share behind the ports: the wire, the reader and the trader.

The one rule: a request travels, happens at one instant at the exchange, is kept, and only then
travels back; what one instant has done is told and answered together or not at all.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn, Protocol

from domain.errors import InDoubt, Unavailable
from domain.instruments import Account
from domain.market import Balances, History, Sought
from domain.money import exactly
from domain.orders import Amendment, Order, OrderState, VenueOrder
from domain.ports import Clock, Hear, Placement, VenueTraits
from domain.sightings import Heartbeat, Sighting
from venues.dialects import Dialect, Objection
from venues.exchange import Exchange
from venues.switchboard import ACCOUNT, Switchboard


class Way(Protocol):
    """The way between desk and venue. `reference` names what changes something there."""

    async def there(self, reference: str = "") -> None:
        """A request travels. Unavailable: it never left; InDoubt: it was lost on its way."""
        ...

    async def back(self, reference: str = "") -> None:
        """An answer travels. InDoubt: it was lost on its way."""
        ...


@dataclass(frozen=True, slots=True)
class Link:
    """What every port of one venue shares. `keep` writes what changed, then tells it."""

    exchange: Exchange[Any]
    traits: VenueTraits
    dialect: Dialect
    switchboard: Switchboard
    way: Way
    clock: Clock
    keep: Callable[[], None]

    @property
    def venue(self) -> str:
        """The venue's id."""
        return self.traits.venue

    def cannot(self, what: str) -> NoReturn:
        """Raise Unavailable for something that this venue does not offer."""
        raise Unavailable(self.venue, f"it has no {what}")

    async def carry(
        self,
        feed: str,
        wants: Sequence[str],
        first: Callable[[], Iterable[Sighting]],
        hear: Hear,
    ) -> None:
        """Carry a feed to `hear` until it is cut, with heartbeats whenever it is quiet."""
        await self.way.there()
        with self.switchboard.listening(feed, wants) as channel:
            self._beat(feed, hear)
            for sighting in first():
                hear(sighting)
            while True:
                messages = await channel.next(self.traits.heartbeat_us)
                for message in messages:
                    hear(message)
                if not messages:
                    self._beat(feed, hear)

    def _beat(self, feed: str, hear: Hear) -> None:
        if not self.switchboard.silent:
            hear(Heartbeat(venue=self.venue, feed=feed, at_us=self.clock.now_us()))


class TillReader:
    """The AccountReader port of one account: what the venue's till knows of it."""

    def __init__(self, link: Link, account: Account) -> None:
        self._link = link
        self._till = link.exchange.till
        self._account = account

    async def balances(self) -> Balances:
        """Totals and what is held for orders."""
        asked_us = self._link.clock.now_us()
        await self._request("balances")
        assets = self._till.balances(self._account.name)
        await self._link.way.back()
        return Balances(
            account=self._account,
            assets=assets,
            asked_us=asked_us,
            at_us=self._link.clock.now_us(),
        )

    async def open_orders(
        self,
        *,
        urgent: bool = False,  # noqa: ARG002 - nothing is rationed here
    ) -> Sequence[VenueOrder]:
        """Every order that rests, oldest first."""
        await self._request("open orders")
        rows = [row for row in self._till.working.values() if row.account == self._account]
        await self._link.way.back()
        return rows

    async def find(self, state: OrderState) -> Sought:
        """One order, by the venue's id or ours, with its fills."""
        await self._request("one order")
        row = self._till.find(venue_order_id=state.venue_order_id, client_id=state.client_id)
        if row is not None and row.account != self._account:
            row = None
        known = row.venue_order_id if row else ""
        fills = tuple(fill for fill in self._till.fills if known == fill.venue_order_id)
        await self._link.way.back()
        return Sought(found=row, fills=fills, complete=True)

    async def history(self, since_us: int) -> History:
        """What the venue remembers of the account since then."""
        await self._request("history")
        until_us = self._link.clock.now_us()
        ended = (row for row in self._till.orders.values() if row.final is not None)
        fills = (fill for fill in self._till.fills if fill.account == self._account)
        moved = (move for move in self._till.movements if move.account == self._account)
        history = History(
            account=self._account,
            since_us=since_us,
            until_us=until_us,
            orders=tuple(r for r in ended if r.account == self._account and r.at_us >= since_us),
            fills=tuple(fill for fill in fills if fill.at_us >= since_us),
            movements=tuple(move for move in moved if move.at_us >= since_us),
        )
        await self._link.way.back()
        return history

    async def stream(self, hear: Hear) -> None:
        """Fills, orders and totals as they happen."""
        if not self._link.traits.account_stream:
            self._link.cannot("account stream")
        await self._link.carry(ACCOUNT, [self._account.name], list, hear)

    async def _request(self, what: str) -> None:  # noqa: ARG002 - a faulty venue names it
        await self._link.way.there()
        self._link.keep()  # nothing is told that has not been written


class TillTrader:
    """The Trader port of one account: what the venue's exchange does with its orders."""

    def __init__(self, link: Link, account: Account) -> None:
        self._link = link
        self._exchange = link.exchange
        self._account = account

    async def place(self, order: Order) -> Placement:
        """One create. InDoubt also for a client id that is open already: it may be this order."""
        return await self._send(order.client_id, lambda at_us: self._place(order, at_us))

    async def amend(self, state: OrderState, amendment: Amendment) -> Placement:
        """One change in place; refused where the venue cannot."""
        return await self._send(
            amendment.client_id, lambda at_us: self._amend(state, amendment, at_us)
        )

    async def cancel(self, state: OrderState) -> Placement:
        """One cancel."""
        return await self._send(state.client_id, lambda at_us: self._cancel(state, at_us))

    async def cancel_all(self) -> None:
        """Every order of the account. Unavailable where the venue cannot, or would not."""
        if not self._link.traits.cancel_all:
            self._link.cannot("request that cancels everything")
        accepted = await self._send("cancel-all", self._cancel_all)
        if not accepted.accepted:
            raise Unavailable(self._link.venue, f"cancel-all refused: {accepted.reason}")

    async def dead_man(self, timeout_s: int) -> None:
        """Cancel everything by itself after `timeout_s`, unless this is called again; 0: never."""
        if not self._link.traits.dead_man:
            self._link.cannot("dead man's switch")
        await self._send("dead-man", lambda at_us: self._dead_man(timeout_s, at_us))

    async def _send(self, reference: str, act: Callable[[int], Placement]) -> Placement:
        """There, happen, be kept, and back. It happens at most once."""
        await self._link.way.there(reference)
        with exactly():
            placement = act(self._link.clock.now_us())
        try:
            self._link.keep()
        except Unavailable as error:
            raise InDoubt(reference, error.why) from error
        await self._link.way.back(reference)
        return placement

    def _place(self, order: Order, at_us: int) -> Placement:
        known = self._exchange.till.find(client_id=order.client_id)
        if known is not None and known.final is None:
            raise InDoubt(order.client_id, f"{self._link.venue} has an open order of that id")
        return self._exchange.place(order, at_us)

    def _amend(self, state: OrderState, amendment: Amendment, at_us: int) -> Placement:
        if not self._link.traits.amends:
            return self._link.dialect.refusal(Objection.AMENDMENT)
        return self._exchange.amend(
            self._account.name,
            self._found(state),
            amendment.quantity,
            amendment.price,
            at_us,
            post_only=state.order.post_only,
        )

    def _cancel(self, state: OrderState, at_us: int) -> Placement:
        return self._exchange.cancel(self._account.name, self._found(state), at_us)

    def _cancel_all(self, at_us: int) -> Placement:
        self._exchange.cancel_all(self._account.name, at_us)
        return Placement(accepted=True)

    def _dead_man(self, timeout_s: int, at_us: int) -> Placement:
        due_us = at_us + timeout_s * 1_000_000 if timeout_s else 0
        self._exchange.till.set_dead_man(self._account.name, due_us)
        return Placement(accepted=True)

    def _found(self, state: OrderState) -> VenueOrder | None:
        till = self._exchange.till
        return till.find(venue_order_id=state.venue_order_id, client_id=state.client_id)
