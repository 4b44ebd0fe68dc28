"""The demo exchanges behind the venue ports: Market, AccountReader and Trader.

The one rule: a request travels (latency, faults), happens at one instant at the exchange, is
kept, and only then travels back; whatever can be lost on a real wire can be lost here.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import NoReturn

from domain.errors import InDoubt, Unavailable
from domain.instruments import Account, Instrument
from domain.market import Balances, History, Price, Sought
from domain.money import exactly
from domain.orders import Amendment, Order, OrderState, VenueOrder
from domain.ports import Clock, Hear, Placement
from domain.sightings import DepthSeen, Heartbeat, PriceSeen, Sighting
from venues.demo_dialect import DIALECTS, Objection
from venues.demo_exchange import Exchange
from venues.demo_faults import Faults
from venues.demo_wire import ACCOUNT, DEPTH, PRICES, Switchboard


@dataclass(frozen=True, slots=True)
class Connection:
    """What every port of one venue shares. `keep` writes what changed, then tells it."""

    exchange: Exchange
    switchboard: Switchboard
    faults: Faults
    clock: Clock
    keep: Callable[[], None]

    @property
    def venue(self) -> str:
        """The venue's id."""
        return self.exchange.profile.venue

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
        await self.faults.there()
        with self.switchboard.listening(feed, wants) as channel:
            self._beat(feed, hear)
            for sighting in first():
                hear(sighting)
            while True:
                messages = await channel.next(self.exchange.profile.traits.heartbeat_us)
                for message in messages:
                    hear(message)
                if not messages:
                    self._beat(feed, hear)

    def _beat(self, feed: str, hear: Hear) -> None:
        if not self.switchboard.silent:
            hear(Heartbeat(venue=self.venue, feed=feed, at_us=self.clock.now_us()))


class DemoMarket:
    """The Market port."""

    def __init__(self, connection: Connection) -> None:
        self._to = connection
        self._exchange = connection.exchange

    async def instruments(self) -> Sequence[Instrument]:
        """Every pair that the venue lists."""
        await self._to.faults.there()
        profile = self._exchange.profile
        listed = [
            listing.instrument(profile.venue, profile.fees.taker)
            for listing in profile.listings.values()
        ]
        await self._to.faults.back()
        return listed

    async def prices(self, symbols: Sequence[str]) -> Sequence[Price]:
        """The newest prices of those symbols that are listed."""
        await self._to.faults.there()
        prices = self._prices(symbols)
        await self._to.faults.back()
        return prices

    async def clock_us(self) -> int:
        """The venue's own time, which is a little off ours."""
        await self._to.faults.there()
        venue_us = self._to.clock.now_us() + self._exchange.profile.skew_us
        await self._to.faults.back()
        return venue_us

    async def stream_prices(self, symbols: Sequence[str], hear: Hear) -> None:
        """Every listed symbol's price at once, then whenever it moves."""
        listed = [symbol for symbol in symbols if symbol in self._exchange.pits]

        def newest() -> list[Sighting]:
            return [PriceSeen(price=price) for price in self._prices(listed)]

        await self._to.carry(PRICES, listed, newest, hear)

    async def stream_depth(self, symbol: str, hear: Hear) -> None:
        """The book's top at once, then several times a second."""
        pit = self._exchange.pits.get(symbol)
        if pit is None:
            self._to.cannot(f"book of {symbol}")

        def newest() -> list[Sighting]:
            with exactly():
                return [DepthSeen(depth=pit.depth(self._to.clock.now_us()))]

        await self._to.carry(DEPTH, [symbol], newest, hear)

    def _prices(self, symbols: Sequence[str]) -> list[Price]:
        at_us = self._to.clock.now_us()
        pits = (self._exchange.pits.get(symbol) for symbol in symbols)
        with exactly():
            return [pit.price(at_us) for pit in pits if pit is not None]


class DemoReader:
    """The AccountReader port of one account."""

    def __init__(self, connection: Connection, account: Account) -> None:
        self._to = connection
        self._till = connection.exchange.till
        self._account = account

    async def balances(self) -> Balances:
        """Totals and what is held for orders."""
        asked_us = self._to.clock.now_us()
        await self._request("balances")
        assets = self._till.balances(self._account.name)
        await self._to.faults.back()
        return Balances(
            account=self._account,
            assets=assets,
            asked_us=asked_us,
            at_us=self._to.clock.now_us(),
        )

    async def open_orders(self) -> Sequence[VenueOrder]:
        """Every order that rests, oldest first."""
        await self._request("open orders")
        rows = [row for row in self._till.working.values() if row.account == self._account]
        await self._to.faults.back()
        return rows

    async def find(self, state: OrderState) -> Sought:
        """One order, by the venue's id or ours, with its fills."""
        await self._request("one order")
        row = self._till.find(venue_order_id=state.venue_order_id, client_id=state.client_id)
        if row is not None and row.account != self._account:
            row = None
        known = row.venue_order_id if row else ""
        fills = tuple(fill for fill in self._till.fills if known == fill.venue_order_id)
        await self._to.faults.back()
        return Sought(found=row, fills=fills, complete=True)

    async def history(self, since_us: int) -> History:
        """What the venue remembers of the account since then."""
        await self._request("history")
        until_us = self._to.clock.now_us()
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
        await self._to.faults.back()
        return history

    async def stream(self, hear: Hear) -> None:
        """Fills, orders and totals as they happen."""
        if not self._to.exchange.profile.traits.account_stream:
            self._to.cannot("account stream")
        await self._to.carry(ACCOUNT, [self._account.name], list, hear)

    async def _request(self, what: str) -> None:
        await self._to.faults.there()
        self._to.faults.check_readable(what)
        self._to.keep()  # nothing is told that has not been written


class DemoTrader:
    """The Trader port of one account."""

    def __init__(self, connection: Connection, account: Account) -> None:
        self._to = connection
        self._exchange = connection.exchange
        self._account = account
        self._dialect = DIALECTS[connection.venue]

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
        if not self._exchange.profile.traits.cancel_all:
            self._to.cannot("request that cancels everything")
        accepted = await self._send("cancel-all", self._cancel_all)
        if not accepted.accepted:
            raise Unavailable(self._to.venue, f"cancel-all refused: {accepted.reason}")

    async def dead_man(self, timeout_s: int) -> None:
        """Cancel everything by itself after `timeout_s`, unless this is called again; 0: never."""
        if not self._exchange.profile.traits.dead_man:
            self._to.cannot("dead man's switch")
        await self._send("dead-man", lambda at_us: self._dead_man(timeout_s, at_us))

    async def _send(self, reference: str, act: Callable[[int], Placement]) -> Placement:
        """There, happen, be kept, and back. It happens at most once."""
        await self._to.faults.there()
        await self._to.faults.lose_request(reference)
        with exactly():
            placement = act(self._to.clock.now_us())
        try:
            self._to.keep()
        except Unavailable as error:
            raise InDoubt(reference, error.why) from error
        await self._to.faults.lose_reply(reference)
        await self._to.faults.back()
        return placement

    def _place(self, order: Order, at_us: int) -> Placement:
        known = self._exchange.till.find(client_id=order.client_id)
        if known is not None and known.final is None:
            raise InDoubt(order.client_id, f"{self._to.venue} has an open order of that id")
        return self._exchange.place(order, at_us)

    def _amend(self, state: OrderState, amendment: Amendment, at_us: int) -> Placement:
        if not self._exchange.profile.traits.amends:
            return self._dialect.refusal(Objection.AMENDMENT)
        row = self._found(state)
        return self._exchange.amend(
            self._account.name, row, amendment.quantity, amendment.price, at_us
        )

    def _cancel(self, state: OrderState, at_us: int) -> Placement:
        if self._to.faults.refuses_cancel():
            return self._dialect.refusal(Objection.UNKNOWN_ORDER)
        return self._exchange.cancel(self._account.name, self._found(state), at_us)

    def _cancel_all(self, at_us: int) -> Placement:
        if self._to.faults.refuses_cancel():
            return self._dialect.refusal(Objection.UNKNOWN_ORDER)
        self._exchange.cancel_all(self._account.name, at_us)
        return Placement(accepted=True)

    def _dead_man(self, timeout_s: int, at_us: int) -> Placement:
        due_us = at_us + timeout_s * 1_000_000 if timeout_s else 0
        self._exchange.till.set_dead_man(self._account.name, due_us)
        return Placement(accepted=True)

    def _found(self, state: OrderState) -> VenueOrder | None:
        till = self._exchange.till
        return till.find(venue_order_id=state.venue_order_id, client_id=state.client_id)
