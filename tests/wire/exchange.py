"""The venue's engine room: orders in, trades and bookings out, on one thread.

Everything is synchronous: a request is done or turned away when its method returns, so that
no two requests can see each other half-way. The one rule: an order is only accepted when its
owner can pay for the worst of it; what open orders hold can never be spent twice.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import ROUND_UP, Decimal
from random import Random

from domain.money import ZERO, exactly, is_multiple
from domain.orders import Kind, Side
from tests.wire.book_keeping import OUTSIDE, Books, Entry, Overdrawn, Posting
from tests.wire.clock import Clock
from tests.wire.names import Names
from tests.wire.orders import Pair, Ticket, Turned, Why, Wish
from tests.wire.settlement import Settlement
from venues.matching import OrderBook, Outcome, Working

Fees = Callable[[str, str], tuple[Decimal, Decimal]]  # (owner, symbol) -> (maker, taker)
MOST_OPEN = 225  # Kraken's limit for its highest tier


@dataclass(frozen=True, slots=True)
class HouseRules:
    """Where venues differ in the engine room itself.

    `names` makes the ids; an owner may have `most_open` open orders; `post_only_ends` accepts a
    post-only order that would trade and cancels it at once, instead of turning it away.
    """

    names: Callable[[Random], Names] = Names
    most_open: int = MOST_OPEN
    post_only_ends: bool = False


class Exchange:
    """Books, balances and orders of every participant.

    `fees` gives the maker's and taker's rates as fractions. Owners in `crowd` make the
    market: they are rich, and their orders are forgotten once finished.
    """

    def __init__(
        self,
        clock: Clock,
        pairs: Mapping[str, Pair],
        fees: Fees,
        seed: int,
        *,
        house: HouseRules | None = None,
    ) -> None:
        self.clock = clock
        self.pairs = pairs
        self.house = house or HouseRules()
        self.names = self.house.names(Random(seed))
        self.accounts = Books(lambda: self.names.mint("L"))
        self.books = {symbol: OrderBook(symbol) for symbol in pairs}
        self.settlement = Settlement(clock, pairs, fees, self.accounts, self.names)
        self.tickets = self.settlement.tickets
        self.crowd = self.settlement.crowd
        self.fees = fees
        self._open = self.settlement.open

    # Questions

    def open_tickets(self, owner: str) -> list[Ticket]:
        """The owner's open orders, oldest first."""
        return list(self._open[owner].values())

    def held(self, owner: str) -> dict[str, Decimal]:
        """What the owner's open orders hold, by asset: the worst that their rest can cost."""
        sums: defaultdict[str, Decimal] = defaultdict(Decimal)
        with exactly():
            for ticket in self._open[owner].values():
                asset, amount = self._hold(ticket.wish, ticket.working, ticket.fee_rate)
                sums[asset] += amount
        return dict(sums)

    def free(self, owner: str, asset: str) -> Decimal:
        """Balance less what is held."""
        with exactly():
            return self.accounts.balance(owner, asset) - self.held(owner).get(asset, ZERO)

    def find_open(self, owner: str, *, order_id: str = "", client_id: str = "") -> Ticket:
        """An open order of the owner. Turned away when there is none."""
        for ticket in self._open[owner].values():
            if order_id and ticket.order_id == order_id:
                return ticket
            if client_id and ticket.wish.client_id == client_id:
                return ticket
        raise Turned(Why.UNKNOWN_ORDER)

    # Requests

    def check(self, wish: Wish) -> None:
        """Turn a wish away that could not be placed now; change nothing."""
        pair = self.pairs.get(wish.symbol)
        if pair is None:
            raise Turned(Why.UNKNOWN_PAIR)
        working = _working("", wish)
        self._check_size(wish, working, pair)
        if not self.house.post_only_ends and self._would_trade(wish, working):
            raise Turned(Why.WOULD_TRADE)
        if wish.owner in self.crowd:
            return
        mine = self._open[wish.owner]
        if wish.client_id and any(t.wish.client_id == wish.client_id for t in mine.values()):
            raise Turned(Why.DUPLICATE)
        if len(mine) >= self.house.most_open:
            raise Turned(Why.TOO_MANY)
        asset, amount = self._hold(wish, working, self._taker_rate(wish))
        if amount > self.free(wish.owner, asset):
            raise Turned(Why.POOR)

    def submit(self, wish: Wish) -> Ticket:
        """Place an order; it may have traded or ended when this returns."""
        self.check(wish)
        working = _working(self.names.mint("O"), wish)
        now = self.clock.now_us()
        ticket = Ticket(working.order_id, wish, working, now, self._taker_rate(wish), now)
        unwelcome = self._would_trade(wish, working)
        self.settlement.opened(ticket)
        if unwelcome:
            self.settlement.close(ticket, "canceled", Why.WOULD_TRADE)
            return ticket
        outcome = self.books[wish.symbol].submit(
            working, time_in_force=wish.time_in_force, self_trades=False
        )
        self._settle(ticket, outcome)
        return ticket

    def cancel(self, ticket: Ticket, reason: str = "User requested") -> None:
        """Take an open order out of the book."""
        self.books[ticket.wish.symbol].cancel(ticket.order_id)
        self.settlement.close(ticket, "canceled", reason)
        self.settlement.book_changed(ticket.wish.symbol)

    def amend(
        self, ticket: Ticket, quantity: Decimal, price: Decimal | None, *, post_only: bool = False
    ) -> None:
        """Change an open order in place; not above what is filled, the rest is canceled."""
        wish = ticket.wish
        self._check_steps(self.pairs[wish.symbol], quantity, price)
        if quantity <= ticket.filled:
            self.cancel(ticket)
            return
        self._afford_change(ticket, quantity, price)
        amended = self.books[wish.symbol].amend(
            ticket.order_id,
            quantity=quantity,
            price=price,
            post_only=post_only or wish.post_only,
            self_trades=False,
        )
        if amended is None:
            raise Turned(Why.UNKNOWN_ORDER)
        if amended[1].ended == "refused":
            raise Turned(Why.WOULD_TRADE)
        self.settlement.amended(ticket)
        self._settle(ticket, amended[1])

    def move(
        self, owner: str, asset: str, amount: Decimal, *, kind: str, fee: Decimal = ZERO
    ) -> Entry:
        """Money from outside (positive) or to outside (negative); `fee` in the same asset.

        Raises:
            Overdrawn: when the owner has not enough that is free.
        """
        with exactly():
            if amount < ZERO and fee - amount > self.free(owner, asset):
                raise Overdrawn(f"{owner} has not {fee - amount} {asset} free")
        reference = self.names.mint("Q" if amount > ZERO else "A")
        mine = Posting(owner, asset, amount, reference, fee)
        theirs = Posting(OUTSIDE, asset, -amount, reference)
        entries = self.accounts.post(kind, self.clock.now_us(), [mine, theirs])
        self.settlement.tell_entries(entries)
        return entries[0]

    def expire_due(self) -> None:
        """End the good-till-date orders whose time is over."""
        now = self.clock.now_us()
        due = [
            ticket
            for orders in self._open.values()
            for ticket in orders.values()
            if 0 < ticket.wish.expires_us <= now
        ]
        for ticket in due:
            self.books[ticket.wish.symbol].cancel(ticket.order_id)
            self.settlement.close(ticket, "expired", "")
            self.settlement.book_changed(ticket.wish.symbol)

    # Inside

    def _settle(self, ticket: Ticket, outcome: Outcome) -> None:
        for trade in outcome.trades:
            self.settlement.trade(ticket, trade)
        if outcome.ended == "filled":
            self.settlement.close(ticket, "closed", "")
        elif outcome.ended:
            self.settlement.close(ticket, "canceled", outcome.reason)
        self.settlement.book_changed(ticket.wish.symbol)

    def _would_trade(self, wish: Wish, working: Working) -> bool:
        return wish.post_only and self.books[wish.symbol].available(working) > ZERO

    def _taker_rate(self, wish: Wish) -> Decimal:
        return self.fees(wish.owner, wish.symbol)[1]

    def _hold(self, wish: Wish, working: Working, rate: Decimal) -> tuple[str, Decimal]:
        """The asset and the most of it that the rest of an order can take."""
        pair = self.pairs[wish.symbol]
        if wish.side is Side.SELL:
            return pair.base, working.remaining
        with exactly():
            step = Decimal(1).scaleb(-pair.quote_decimals)
            cost = self._worst_cost(wish.symbol, working) * (1 + rate)
            return pair.quote, cost.quantize(step, ROUND_UP)

    def _worst_cost(self, symbol: str, working: Working) -> Decimal:
        if working.price is None:
            return self.books[symbol].cost(working)
        return working.remaining * working.price

    def _afford_change(self, ticket: Ticket, quantity: Decimal, price: Decimal | None) -> None:
        working = ticket.working
        with exactly():
            left = quantity - ticket.filled
            new = Working("", working.owner, working.side, price or working.price, quantity, left)
            asset, after = self._hold(ticket.wish, new, ticket.fee_rate)
            _, before = self._hold(ticket.wish, working, ticket.fee_rate)
            if after - before > self.free(ticket.wish.owner, asset):
                raise Turned(Why.POOR)

    def _check_size(self, wish: Wish, working: Working, pair: Pair) -> None:
        if wish.kind is Kind.LIMIT and wish.price is None:
            raise Turned(Why.BAD_PRICE)
        self._check_steps(pair, wish.quantity, wish.price)
        if wish.quantity < pair.min_quantity:
            raise Turned(Why.TOO_SMALL)
        with exactly():
            if self._worst_cost(wish.symbol, working) < pair.min_cost and working.price:
                raise Turned(Why.TOO_CHEAP)

    def _check_steps(self, pair: Pair, quantity: Decimal, price: Decimal | None) -> None:
        if quantity <= ZERO or not is_multiple(quantity, pair.lot):
            raise Turned(Why.BAD_QUANTITY)
        if price is not None and (price <= ZERO or not is_multiple(price, pair.tick)):
            raise Turned(Why.BAD_PRICE)


def _working(order_id: str, wish: Wish) -> Working:
    limit = wish.price if wish.kind is Kind.LIMIT else None
    return Working(order_id, wish.owner, wish.side, limit, wish.quantity, wish.quantity)
