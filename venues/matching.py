"""Price-time matching of one symbol's order book, in exact numbers.

The demo venues, the paper venue and the loopback venues of the tests all trade on it. The one
rule: better price first, then who came first; a taker pays the maker's price.
"""

from bisect import insort
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from domain.money import ZERO
from domain.orders import Side, TimeInForce


@dataclass(slots=True, eq=False)
class Working:
    """An order in the book. `price` None is a market order; `remaining` in base units."""

    order_id: str
    owner: str
    side: Side
    price: Decimal | None
    quantity: Decimal
    remaining: Decimal

    @property
    def filled(self) -> Decimal:
        """How much of it has traded."""
        return self.quantity - self.remaining


@dataclass(frozen=True, slots=True)
class Trade:
    """One match: the taker's order met the maker's at the maker's price."""

    maker: Working
    taker: Working
    price: Decimal
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a new order: its trades, and whether the rest rests, ended or was refused.

    `ended` is "" while the order rests, else `filled`, `canceled` or `refused`.
    """

    trades: tuple[Trade, ...] = ()
    ended: str = ""
    reason: str = ""


@dataclass(slots=True)
class _Ladder:
    """One side of the book: price levels, best first, each a queue in order of arrival."""

    side: Side
    levels: dict[Decimal, deque[Working]] = field(default_factory=dict)
    ranked: list[tuple[Decimal, Decimal]] = field(default_factory=list)  # (rank, price)

    def add(self, order: Working) -> None:
        assert order.price is not None
        queue = self.levels.get(order.price)
        if queue is None:
            queue = self.levels[order.price] = deque()
            insort(self.ranked, (self._rank(order.price), order.price))
        queue.append(order)

    def remove(self, order: Working) -> None:
        assert order.price is not None
        queue = self.levels[order.price]
        queue.remove(order)
        if not queue:
            del self.levels[order.price]
            self.ranked.remove((self._rank(order.price), order.price))

    def in_order(self) -> Iterator[Working]:
        for _, price in list(self.ranked):
            yield from list(self.levels[price])

    def _rank(self, price: Decimal) -> Decimal:
        return -price if self.side is Side.BUY else price


class OrderBook:
    """One symbol's resting orders of every owner."""

    def __init__(self, symbol: str) -> None:
        self.symbol = symbol
        self._sides = {side: _Ladder(side) for side in Side}
        self._working: dict[str, Working] = {}

    def submit(
        self,
        order: Working,
        *,
        time_in_force: TimeInForce = TimeInForce.GTC,
        post_only: bool = False,
    ) -> Outcome:
        """Match a new order, then let the rest rest or end as its terms say.

        A market order never rests. A post-only order that would trade, and a fill-or-kill
        order that could not trade whole, are refused or canceled without any trade.
        """
        if post_only and next(self._matches(order), None) is not None:
            return Outcome(ended="refused", reason="post only order would trade")
        if time_in_force is TimeInForce.FOK and self._available(order) < order.remaining:
            return Outcome(ended="canceled", reason="could not fill at once")
        trades = tuple(self._trade(order))
        if not order.remaining:
            return Outcome(trades, ended="filled")
        if order.price is None or time_in_force is not TimeInForce.GTC:
            return Outcome(trades, ended="canceled", reason="nothing left to trade with")
        self._rest(order)
        return Outcome(trades)

    def cancel(self, order_id: str) -> Working | None:
        """Take an order out of the book; None when it does not rest there."""
        order = self._working.pop(order_id, None)
        if order is not None:
            self._sides[order.side].remove(order)
        return order

    def amend(
        self, order_id: str, *, quantity: Decimal, price: Decimal | None
    ) -> tuple[Working, Outcome] | None:
        """Change a resting order in place; None when it does not rest here.

        A smaller quantity keeps its place in the queue; a new price or a larger quantity
        goes to the end of it and may trade at once.
        """
        order = self._working.get(order_id)
        if order is None or quantity <= order.filled:
            return None
        filled = order.filled
        if price in (None, order.price) and quantity <= order.quantity:
            order.quantity, order.remaining = quantity, quantity - filled
            return order, Outcome()
        self.cancel(order_id)
        order.quantity, order.remaining = quantity, quantity - filled
        order.price = price if price is not None else order.price
        return order, self.submit(order)

    def find(self, order_id: str) -> Working | None:
        """The resting order of that id."""
        return self._working.get(order_id)

    def working(self, owner: str) -> list[Working]:
        """Every resting order of an owner, oldest first."""
        return [order for order in self._working.values() if order.owner == owner]

    def depth(self, levels: int) -> tuple[list[tuple[Decimal, Decimal]], ...]:
        """(bids, asks), each a list of (price, quantity) from the best outwards."""
        return tuple(self._summed(self._sides[side], levels) for side in (Side.BUY, Side.SELL))

    def best(self, side: Side) -> Decimal | None:
        """The best resting price of a side."""
        ranked = self._sides[side].ranked
        return ranked[0][1] if ranked else None

    def _summed(self, ladder: _Ladder, levels: int) -> list[tuple[Decimal, Decimal]]:
        return [
            (price, sum((order.remaining for order in ladder.levels[price]), ZERO))
            for _, price in ladder.ranked[:levels]
        ]

    def _rest(self, order: Working) -> None:
        self._sides[order.side].add(order)
        self._working[order.order_id] = order

    def _matches(self, taker: Working) -> Iterator[Working]:
        """The resting orders that the taker can trade with, in price-time order."""
        opposite = Side.SELL if taker.side is Side.BUY else Side.BUY
        for maker in self._sides[opposite].in_order():
            assert maker.price is not None
            if taker.price is not None and _worse(taker, maker.price):
                return
            yield maker

    def _available(self, taker: Working) -> Decimal:
        return sum((maker.remaining for maker in self._matches(taker)), ZERO)

    def _trade(self, taker: Working) -> Iterator[Trade]:
        for maker in self._matches(taker):
            if not taker.remaining:
                return
            quantity = min(maker.remaining, taker.remaining)
            maker.remaining -= quantity
            taker.remaining -= quantity
            if not maker.remaining:
                self.cancel(maker.order_id)
            assert maker.price is not None
            yield Trade(maker, taker, maker.price, quantity)


def _worse(taker: Working, price: Decimal) -> bool:
    assert taker.price is not None
    return price > taker.price if taker.side is Side.BUY else price < taker.price
