"""A simulated venue: judges requests by its rules, matches them, books what was traded.

The demo venues and the paper venues are this one, over different pits. The one rule:
everything happens at once and in memory, at a time that is passed in. What the clients must
hear waits in `told` until the change has been kept (see `venues.simulated`).
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Generic, Protocol, TypeVar

from domain.instruments import Account, Instrument
from domain.money import MONEY, ZERO
from domain.orders import Fill, Final, Order, VenueOrder
from domain.ports import Placement
from domain.sightings import FillSeen, OrderSeen, Sighting, TotalsSeen
from venues.dialects import Dialect, Objection
from venues.matching import OrderBook, Outcome, Trade, Working
from venues.order_rules import Request, Rules
from venues.till import STREET, Till


class Pit(Protocol):
    """One symbol's trading floor; everybody but the clients is STREET in its book."""

    @property
    def instrument(self) -> Instrument:
        """The steps and limits of the symbol."""
        ...

    @property
    def book(self) -> OrderBook:
        """The book, with the clients' resting orders in it."""
        ...

    def note(self, trades: Iterable[Trade], at_us: int) -> None:
        """Trades that clients made, before they are booked."""
        ...


P = TypeVar("P", bound=Pit)


class Exchange(Generic[P]):
    """A venue's pits and its till. Times are UTC microseconds of the desk's clock.

    `skew_us` is how far the venue's clock is ahead. With a `desk` name all accounts are one
    owner in the books, so none of them ever trades with another.
    """

    def __init__(
        self,
        venue: str,
        till: Till,
        dialect: Dialect,
        pits: Mapping[str, P],
        *,
        skew_us: int = 0,
        desk: str = "",
    ) -> None:
        self.venue = venue
        self.till = till
        self.pits = pits
        self.told: list[tuple[str, Sighting]] = []
        self._dialect = dialect
        self._skew_us = skew_us
        self._desk = desk
        self._touched: dict[tuple[str, str], None] = {}

    def restore(self, symbol: str) -> None:
        """Put the working orders of a symbol back into its book."""
        for row in self.till.working.values():
            if row.symbol == symbol:
                assert row.side is not None
                assert row.quantity is not None
                rest = MONEY.subtract(row.quantity, row.cumulative)
                owner = self._owner(row.account)
                order = Working(row.venue_order_id, owner, row.side, row.price, row.quantity, rest)
                self.pits[symbol].book.submit(order)

    # What clients ask

    def place(self, order: Order, at_us: int) -> Placement:
        """Accept and match a new order, or refuse it in the venue's words."""
        pit = self.pits.get(order.symbol)
        if pit is None:
            return self._dialect.refusal(Objection.SYMBOL, asset=order.symbol)
        client, quantity = order.account.name, order.quantity
        request = Request(client, order.symbol, order.side, quantity, order.price)
        refused = self._rules(pit).objection(request)
        if refused is not None:
            return refused
        venue_order_id = self._dialect.order_id(self.till.number(), at_us)
        owner = self._owner(order.account)
        working = Working(venue_order_id, owner, order.side, order.price, quantity, quantity)
        outcome = pit.book.submit(
            working,
            time_in_force=order.time_in_force,
            post_only=order.post_only,
            self_trades=False,
        )
        if outcome.ended == "refused":
            return self._dialect.refusal(Objection.POST_ONLY)
        self._keep(_opened(order, venue_order_id, self._stamp(at_us)))
        return self._accepted(pit, venue_order_id, outcome, at_us)

    def amend(
        self,
        client: str,
        row: VenueOrder | None,
        quantity: Decimal,
        price: Decimal | None,
        at_us: int,
        *,
        post_only: bool = False,
    ) -> Placement:
        """Change a working order in place; what is already filled stays filled."""
        if row is None or not _works_for(client, row):
            return self._dialect.refusal(Objection.UNKNOWN_ORDER)
        assert row.side is not None
        pit = self.pits[row.symbol]
        request = Request(client, row.symbol, row.side, quantity, price or row.price, row)
        refused = self._rules(pit).objection(request)
        if refused is not None:
            return refused
        changed = pit.book.amend(
            row.venue_order_id,
            quantity=quantity,
            price=price,
            post_only=post_only,
            self_trades=False,
        )
        if changed is None:
            return self._dialect.refusal(Objection.AMENDMENT)
        working, outcome = changed
        if outcome.ended == "refused":
            return self._dialect.refusal(Objection.POST_ONLY)
        self._keep(replace(row, quantity=quantity, price=working.price, at_us=self._stamp(at_us)))
        return self._accepted(pit, row.venue_order_id, outcome, at_us)

    def cancel(self, client: str, row: VenueOrder | None, at_us: int) -> Placement:
        """Take an order out of the book."""
        if row is None or not _works_for(client, row):
            return self._dialect.refusal(Objection.UNKNOWN_ORDER)
        self.pits[row.symbol].book.cancel(row.venue_order_id)
        self._end(row, at_us)
        return Placement(accepted=True, venue_order_id=row.venue_order_id)

    def cancel_all(self, client: str, at_us: int) -> None:
        """Take every order of an account out of the books."""
        for row in list(self.till.working.values()):
            if row.account.name == client:
                self.cancel(client, row, at_us)

    def cancel_for_the_dead(self, at_us: int) -> None:
        """Cancel everything where a dead man's switch is due."""
        for client, due_us in list(self.till.dead_man.items()):
            if 0 < due_us <= at_us:
                self.till.set_dead_man(client, 0)
                self.cancel_all(client, at_us)

    def tell_movement(self, client: str, asset: str, at_us: int) -> None:
        """Money came or went: the account's streams hear the new total."""
        self._touched[client, asset] = None
        self.tell_totals(at_us)

    # Booking

    def book(self, pit: P, trades: Iterable[Trade], at_us: int, *, noted: bool = False) -> None:
        """Book the clients' part of some trades, and let the pit note it unless it has."""
        clients = [t for t in trades if t.maker.owner != STREET or t.taker.owner != STREET]
        if not noted:
            pit.note(clients, at_us)
        for trade in clients:
            trade_id = self._dialect.trade_id(self.till.number(), at_us)
            for working, liquidity in ((trade.maker, "maker"), (trade.taker, "taker")):
                if working.owner != STREET:
                    self._fill(working, trade, trade_id, liquidity, at_us)

    def tell_totals(self, at_us: int) -> None:
        """Let the accounts' streams hear the new totals of what has moved."""
        touched: dict[str, dict[str, Decimal]] = {}
        for client, asset in self._touched:
            total = self.till.holdings[client].get(asset, ZERO)
            touched.setdefault(client, {})[asset] = total
        self._touched.clear()
        for client, totals in touched.items():
            account = Account(self.venue, client)
            seen = TotalsSeen(account=account, totals=totals, at_us=self._stamp(at_us))
            self.told.append((client, seen))

    def fee(self, row: VenueOrder, trade: Trade, liquidity: str) -> tuple[str, Decimal]:
        """What the venue charges for one execution: (asset, amount)."""
        assert row.side is not None
        fees = self.till.fees
        return fees.charge(row.side, row.symbol, trade.quantity, trade.price, liquidity)

    def _rules(self, pit: P) -> Rules:
        return Rules(self._dialect, self.till, pit.instrument, pit.book)

    def _owner(self, account: Account) -> str:
        return self._desk or account.name

    def _accepted(self, pit: P, venue_order_id: str, outcome: Outcome, at_us: int) -> Placement:
        self.book(pit, outcome.trades, at_us)
        if outcome.ended == "canceled":
            self._end(self.till.orders[venue_order_id], at_us)
        self.tell_totals(at_us)
        return Placement(accepted=True, venue_order_id=venue_order_id)

    def _fill(
        self, working: Working, trade: Trade, trade_id: str, liquidity: str, at_us: int
    ) -> None:
        row = self.till.orders[working.order_id]
        assert row.side is not None
        fee_asset, fee = self.fee(row, trade, liquidity)
        fill = Fill(
            account=row.account,
            symbol=row.symbol,
            trade_id=trade_id,
            side=row.side,
            quantity=trade.quantity,
            price=trade.price,
            fee=fee,
            fee_asset=fee_asset,
            at_us=self._stamp(at_us),
            venue_order_id=row.venue_order_id,
            client_id=row.client_id,
            liquidity=liquidity,
        )
        self.till.settle(fill)
        self.told.append((row.account.name, FillSeen(fill=fill)))
        cumulative = MONEY.add(row.cumulative, trade.quantity)
        final = Final.FILLED if cumulative == row.quantity else None
        self._keep(replace(row, cumulative=cumulative, final=final, at_us=fill.at_us))
        for asset in (*row.symbol.split("/"), fee_asset):
            self._touched[row.account.name, asset] = None

    def _end(self, row: VenueOrder, at_us: int) -> None:
        self._keep(replace(row, final=Final.CANCELED, at_us=self._stamp(at_us)))

    def _keep(self, row: VenueOrder) -> None:
        self.till.keep(row)
        self.told.append((row.account.name, OrderSeen(report=row)))

    def _stamp(self, at_us: int) -> int:
        return at_us + self._skew_us


def _works_for(client: str, row: VenueOrder) -> bool:
    return row.final is None and row.account.name == client


def _opened(order: Order, venue_order_id: str, at_us: int) -> VenueOrder:
    return VenueOrder(
        account=order.account,
        venue_order_id=venue_order_id,
        client_id=order.client_id,
        symbol=order.symbol,
        side=order.side,
        kind=order.kind,
        quantity=order.quantity,
        price=order.price,
        at_us=at_us,
    )
