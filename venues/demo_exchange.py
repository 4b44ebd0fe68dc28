"""One demo venue: judges requests by its rules, matches them, books what was traded.

The one rule: everything happens at once and in memory, at a time that is passed in. What the
clients must hear waits in `told` until the desk has kept the change (see `venues.demo`).
"""

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal

from domain.instruments import Account, quote_of
from domain.money import MONEY, ZERO
from domain.orders import Fill, Final, Order, VenueOrder
from domain.ports import Placement
from domain.sightings import FillSeen, OrderSeen, Sighting, TotalsSeen
from venues.demo_catalogue import Profile
from venues.demo_dialect import DIALECTS, Objection
from venues.demo_dice import SeededDice
from venues.demo_pit import Pit
from venues.demo_prices import Prices
from venues.demo_rules import Request, objection
from venues.demo_street import STREET
from venues.demo_till import Till
from venues.matching import Outcome, Trade, Working


class Exchange:
    """A venue's pits and its till. Times are UTC microseconds of the desk's clock."""

    def __init__(self, profile: Profile, till: Till, prices: Prices, dice: SeededDice) -> None:
        self.profile = profile
        self.till = till
        self.told: list[tuple[str, Sighting]] = []
        self.moved: set[str] = set()
        self._dialect = DIALECTS[profile.venue]
        self.pits = {
            symbol: Pit(profile.venue, listing, prices, profile.premium, dice)
            for symbol, listing in profile.listings.items()
        }
        self._touched: dict[tuple[str, str], None] = {}

    def open(self, at_us: int) -> None:
        """Put the working orders back into the books, then let the street quote around them."""
        for row in self.till.working.values():
            assert row.side is not None
            assert row.quantity is not None
            rest = MONEY.subtract(row.quantity, row.cumulative)
            order = Working(
                row.venue_order_id, row.account.name, row.side, row.price, row.quantity, rest
            )
            self.pits[row.symbol].book.submit(order)
        for pit in self.pits.values():
            self._book(pit, pit.requote(), at_us)
            pit.note((), at_us)
        self._tell_totals(at_us)

    def tick(self, at_us: int) -> None:
        """Let the street act once in every pit; cancel where a dead man's switch is due."""
        for symbol, pit in self.pits.items():
            self._book(pit, pit.tick(at_us), at_us, counted=True)
            if pit.moved():
                self.moved.add(symbol)
        for client, due_us in list(self.till.dead_man.items()):
            if 0 < due_us <= at_us:
                self.till.set_dead_man(client, 0)
                self.cancel_all(client, at_us)
        self._tell_totals(at_us)

    # What clients ask

    def place(self, order: Order, at_us: int) -> Placement:
        """Accept and match a new order, or refuse it in the venue's words."""
        pit = self.pits.get(order.symbol)
        if pit is None:
            return self._dialect.refusal(Objection.SYMBOL, asset=order.symbol)
        client, quantity = order.account.name, order.quantity
        request = Request(client, order.symbol, order.side, quantity, order.price)
        refused = objection(self._dialect, self.till, pit, request)
        if refused is not None:
            return refused
        venue_order_id = self._dialect.order_id(self.till.number(), at_us)
        working = Working(venue_order_id, client, order.side, order.price, quantity, quantity)
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
    ) -> Placement:
        """Change a working order in place; what is already filled stays filled."""
        if row is None or row.final is not None or row.account.name != client:
            return self._dialect.refusal(Objection.UNKNOWN_ORDER)
        assert row.side is not None
        pit = self.pits[row.symbol]
        request = Request(client, row.symbol, row.side, quantity, price or row.price, row)
        refused = objection(self._dialect, self.till, pit, request)
        if refused is not None:
            return refused
        changed = pit.book.amend(
            row.venue_order_id, quantity=quantity, price=price, self_trades=False
        )
        if changed is None:
            return self._dialect.refusal(Objection.AMENDMENT)
        working, outcome = changed
        self._keep(replace(row, quantity=quantity, price=working.price, at_us=self._stamp(at_us)))
        return self._accepted(pit, row.venue_order_id, outcome, at_us)

    def cancel(self, client: str, row: VenueOrder | None, at_us: int) -> Placement:
        """Take an order out of the book."""
        if row is None or row.final is not None or row.account.name != client:
            return self._dialect.refusal(Objection.UNKNOWN_ORDER)
        self.pits[row.symbol].book.cancel(row.venue_order_id)
        self._end(row, at_us)
        return Placement(accepted=True, venue_order_id=row.venue_order_id)

    def cancel_all(self, client: str, at_us: int) -> None:
        """Take every order of an account out of the books."""
        for row in list(self.till.working.values()):
            if row.account.name == client:
                self.cancel(client, row, at_us)

    def tell_movement(self, client: str, asset: str, at_us: int) -> None:
        """Money came or went: the account's streams hear the new total."""
        self._touched[client, asset] = None
        self._tell_totals(at_us)

    # Booking

    def _accepted(self, pit: Pit, venue_order_id: str, outcome: Outcome, at_us: int) -> Placement:
        self._book(pit, outcome.trades, at_us)
        if outcome.ended == "canceled":
            self._end(self.till.orders[venue_order_id], at_us)
        self._tell_totals(at_us)
        return Placement(accepted=True, venue_order_id=venue_order_id)

    def _book(
        self, pit: Pit, trades: Iterable[Trade], at_us: int, *, counted: bool = False
    ) -> None:
        clients = [t for t in trades if t.maker.owner != STREET or t.taker.owner != STREET]
        if not counted:
            pit.note(clients, at_us)
        for trade in clients:
            trade_id = self._dialect.trade_id(self.till.number(), at_us)
            for working, liquidity in ((trade.maker, "maker"), (trade.taker, "taker")):
                if working.owner != STREET:
                    self._fill(working, trade, trade_id, liquidity, at_us)

    def _fill(
        self, working: Working, trade: Trade, trade_id: str, liquidity: str, at_us: int
    ) -> None:
        row = self.till.orders[working.order_id]
        assert row.side is not None
        fee_asset, fee = self._fee(row, trade, liquidity)
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

    def _fee(self, row: VenueOrder, trade: Trade, liquidity: str) -> tuple[str, Decimal]:
        token = self.pits.get(f"{self.till.fees.token}/{quote_of(row.symbol)}")
        token_mid = token.mid if token else 0
        return self.till.charge(row, trade.quantity, trade.price, liquidity, token_mid)

    def _end(self, row: VenueOrder, at_us: int) -> None:
        self._keep(replace(row, final=Final.CANCELED, at_us=self._stamp(at_us)))

    def _keep(self, row: VenueOrder) -> None:
        self.till.keep(row)
        self.told.append((row.account.name, OrderSeen(report=row)))

    def _tell_totals(self, at_us: int) -> None:
        touched: dict[str, dict[str, Decimal]] = {}
        for client, asset in self._touched:
            total = self.till.holdings[client].get(asset, ZERO)
            touched.setdefault(client, {})[asset] = total
        self._touched.clear()
        for client, totals in touched.items():
            account = Account(self.profile.venue, client)
            seen = TotalsSeen(account=account, totals=totals, at_us=self._stamp(at_us))
            self.told.append((client, seen))

    def _stamp(self, at_us: int) -> int:
        return at_us + self.profile.skew_us


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
