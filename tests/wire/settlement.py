"""What follows from a match: executions for both parties, bookings, and who is told.

The one rule: a trade is booked whole (base one way, quote the other, fees to the house) before
anyone hears of it.
"""

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from decimal import Decimal

from domain.money import exactly
from domain.orders import Side
from tests.wire.book_keeping import Books, Entry, Posting
from tests.wire.clock import Clock
from tests.wire.encode import places
from tests.wire.names import Names
from tests.wire.orders import Execution, OrderEvent, Pair, PublicTrade, Ticket
from venues.matching import Trade

Fees = Callable[[str, str], tuple[Decimal, Decimal]]  # (owner, symbol) -> (maker, taker)
TAPE = 1000


class Settlement:
    """Turns matches into executions and bookings, and keeps the orders' end states.

    Listeners are called in the order of events: trades before the `filled` that follows.
    """

    def __init__(
        self, clock: Clock, pairs: Mapping[str, Pair], fees: Fees, accounts: Books, names: Names
    ) -> None:
        self.clock = clock
        self.pairs = pairs
        self.accounts = accounts
        self.names = names
        self.crowd: set[str] = set()
        self.tickets: dict[str, Ticket] = {}
        self.open: defaultdict[str, dict[str, Ticket]] = defaultdict(dict)
        self.executions: list[Execution] = []
        self.tape: dict[str, deque[PublicTrade]] = {s: deque(maxlen=TAPE) for s in pairs}
        self.on_order: list[Callable[[OrderEvent], None]] = []
        self.on_entry: list[Callable[[Entry], None]] = []
        self.on_book: list[Callable[[str], None]] = []
        self.on_trade: list[Callable[[PublicTrade], None]] = []
        self._fees = fees
        self._trade_ids = {symbol: 1_000_000 * (n + 1) for n, symbol in enumerate(pairs)}

    def opened(self, ticket: Ticket) -> None:
        """A new order is accepted; it has not met the book yet."""
        self.tickets[ticket.order_id] = self.open[ticket.wish.owner][ticket.order_id] = ticket
        self._tell("pending_new", ticket)
        self._tell("new", ticket)

    def amended(self, ticket: Ticket) -> None:
        """An order has new terms."""
        ticket.amended, ticket.touched_us = True, self.clock.now_us()
        self._tell("amended", ticket)

    def close(self, ticket: Ticket, status: str, reason: str) -> None:
        """An order is over: closed (filled), canceled or expired."""
        ticket.status, ticket.reason, ticket.closed_us = status, reason, self.clock.now_us()
        self.open[ticket.wish.owner].pop(ticket.order_id, None)
        self._tell("filled" if status == "closed" else status, ticket)
        if ticket.wish.owner in self.crowd:
            del self.tickets[ticket.order_id]

    def trade(self, taker: Ticket, match: Trade) -> None:
        """Book one match and tell both parties and the public."""
        symbol, now = taker.wish.symbol, self.clock.now_us()
        maker = self.tickets[match.maker.order_id]
        self._trade_ids[symbol] += 1
        shares = [
            (maker, self._share(maker, match, now, maker=True)),
            (taker, self._share(taker, match, now, maker=False)),
        ]
        entries = self._book(symbol, match, [share for _, share in shares], now)
        for ticket, share in shares:
            ids = tuple(e.entry_id for e in entries if e.reference == share.exec_id)
            self._note(ticket, replace(share, entries=ids))
        self.tell_entries(entries)
        self._print(taker, match, now)
        if not maker.working.remaining:
            self.close(maker, "closed", "")

    def book_changed(self, symbol: str) -> None:
        """The depth of a symbol is another one now."""
        for listener in self.on_book:
            listener(symbol)

    def tell_entries(self, entries: Iterable[Entry]) -> None:
        """Tell the owners of bookings."""
        for entry in entries:
            for listener in self.on_entry:
                listener(entry)

    def _share(self, ticket: Ticket, match: Trade, at_us: int, *, maker: bool) -> Execution:
        wish = ticket.wish
        decimals = self.pairs[wish.symbol].cost_decimals
        rate = self._fees(wish.owner, wish.symbol)[0 if maker else 1]
        with exactly():
            cost = match.price * match.quantity
            fee = cost * rate
        return Execution(
            exec_id=self.names.mint("T"),
            trade_id=self._trade_ids[wish.symbol],
            order_id=ticket.order_id,
            owner=wish.owner,
            symbol=wish.symbol,
            side=wish.side,
            kind=wish.kind,
            price=match.price,
            quantity=match.quantity,
            cost=places(cost, decimals),
            fee=places(fee, decimals),
            maker=maker,
            at_us=at_us,
        )

    def _book(self, symbol: str, match: Trade, shares: list[Execution], at_us: int) -> list[Entry]:
        """Base one way, quote the other; amounts are cut to what a balance can hold."""
        pair = self.pairs[symbol]
        with exactly():
            paid = places(match.price * match.quantity, pair.quote_decimals)
        postings: list[Posting] = []
        for share in shares:
            sign = 1 if share.side is Side.BUY else -1
            fee = places(share.fee, pair.quote_decimals)
            postings += [
                Posting(share.owner, pair.base, sign * match.quantity, share.exec_id),
                Posting(share.owner, pair.quote, -sign * paid, share.exec_id, fee),
            ]
        return self.accounts.post("trade", at_us, postings)

    def _note(self, ticket: Ticket, share: Execution) -> None:
        with exactly():
            ticket.cost += share.cost
            ticket.fee += share.fee
        if ticket.wish.owner not in self.crowd:
            ticket.executions.append(share)
            self.executions.append(share)
        self._tell("trade", ticket, share)

    def _print(self, taker: Ticket, match: Trade, at_us: int) -> None:
        symbol, wish = taker.wish.symbol, taker.wish
        public = PublicTrade(
            symbol=symbol,
            trade_id=self._trade_ids[symbol],
            side=wish.side,
            kind=wish.kind,
            price=match.price,
            quantity=match.quantity,
            at_us=at_us,
        )
        self.tape[symbol].append(public)
        for listener in self.on_trade:
            listener(public)

    def _tell(self, what: str, ticket: Ticket, execution: Execution | None = None) -> None:
        if ticket.wish.owner in self.crowd:
            return
        event = OrderEvent(what, ticket, self.clock.now_us(), execution)
        for listener in self.on_order:
            listener(event)
