"""Price-time matching of one symbol's order book, in exact numbers.

The demo venues, the paper venue and the loopback venues of the tests all trade on it. The one
rule: better price first, then who came first; a taker pays the maker's price. Every quantity
that leaves an order arrives in a trade: nothing is made or lost here.
"""

from bisect import insort
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from domain.money import ZERO, exactly
from domain.orders import Side, TimeInForce

WOULD_TRADE = "post only order would trade"


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

    def add(self, order: Working, *, first: bool = False) -> None:
        assert order.price is not None
        queue = self.levels.get(order.price)
        if queue is None:
            queue = self.levels[order.price] = deque()
            insort(self.ranked, (self._rank(order.price), order.price))
        if first:
            queue.appendleft(order)
        else:
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
        self_trades: bool = True,
    ) -> Outcome:
        """Match a new order, then let the rest rest or end as its terms say.

        A market order never rests. A post-only order that would trade, and a fill-or-kill
        order that could not trade whole, are refused or canceled without any trade. Without
        `self_trades` the order ends where it would meet an order of its own owner.

        Raises:
            ValueError: when the id rests here already, or nothing remains to trade.
        """
        if order.order_id in self._working or order.remaining <= ZERO:
            raise ValueError(f"order {order.order_id} is not a new one")
        if post_only and next(self._matches(order), None) is not None:
            return Outcome(ended="refused", reason=WOULD_TRADE)
        if (
            time_in_force is TimeInForce.FOK
            and self.available(order, self_trades=self_trades) < order.remaining
        ):
            return Outcome(ended="canceled", reason="could not fill at once")
        with exactly():
            trades = tuple(self._trade(order, self_trades=self_trades))
        if not order.remaining:
            return Outcome(trades, ended="filled")
        if not self_trades and self._meets_itself(order):
            return Outcome(trades, ended="canceled", reason="would trade with itself")
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
        self,
        order_id: str,
        *,
        quantity: Decimal,
        price: Decimal | None,
        post_only: bool = False,
        self_trades: bool = True,
    ) -> tuple[Working, Outcome] | None:
        """Change a resting order in place; None when it does not rest here.

        A smaller quantity keeps its place in the queue; a new price or a larger quantity
        goes to the end of it and may trade at once. A post-only change that would trade is
        refused and leaves the order as it was.
        """
        order = self._working.get(order_id)
        if order is None or quantity <= order.filled:
            return None
        filled, new_price = order.filled, order.price if price is None else price
        if new_price == order.price and quantity <= order.quantity:
            order.quantity, order.remaining = quantity, quantity - filled
            return order, Outcome()
        if post_only and new_price is not None and self._crosses(order.side, new_price):
            return order, Outcome(ended="refused", reason=WOULD_TRADE)
        self.cancel(order_id)
        order.quantity, order.remaining, order.price = quantity, quantity - filled, new_price
        return order, self.submit(order, self_trades=self_trades)

    def display(self, order: Working) -> None:
        """Let an order stand first at its price, whoever is in its way; nothing is matched."""
        self._sides[order.side].add(order, first=True)
        self._working[order.order_id] = order

    def meet(self, maker: Working, taker: Working) -> Trade:
        """Trade all of a taker, who stands outside the book, with one resting order.

        Raises:
            ValueError: the order does not rest here, or less of it remains.
        """
        if self._working.get(maker.order_id) is not maker or taker.remaining > maker.remaining:
            raise ValueError(f"order {maker.order_id} has no {taker.remaining} left here")
        with exactly():
            return self._met(maker, taker)

    def available(self, taker: Working, *, self_trades: bool = True) -> Decimal:
        """How much the taker could trade at once, in base units."""
        reached = self._reached(taker, self_trades=self_trades)
        with exactly():
            return sum((maker.remaining for maker in reached), ZERO)

    def cost(self, taker: Working) -> Decimal:
        """What the taker would pay or receive if it traded now, in quote units, without fee."""
        total, left = ZERO, taker.remaining
        with exactly():
            for maker in self._matches(taker):
                assert maker.price is not None
                quantity = min(left, maker.remaining)
                total, left = total + quantity * maker.price, left - quantity
                if not left:
                    break
        return total

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
        with exactly():
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

    def _reached(self, taker: Working, *, self_trades: bool) -> Iterator[Working]:
        """The matches up to the first one that the taker must not trade with."""
        for maker in self._matches(taker):
            if not self_trades and maker.owner == taker.owner:
                return
            yield maker

    def _meets_itself(self, taker: Working) -> bool:
        maker = next(self._matches(taker), None)
        return maker is not None and maker.owner == taker.owner

    def _crosses(self, side: Side, price: Decimal) -> bool:
        best = self.best(Side.SELL if side is Side.BUY else Side.BUY)
        if best is None:
            return False
        return price >= best if side is Side.BUY else price <= best

    def _trade(self, taker: Working, *, self_trades: bool) -> Iterator[Trade]:
        for maker in self._reached(taker, self_trades=self_trades):
            if not taker.remaining:
                return
            yield self._met(maker, taker)

    def _met(self, maker: Working, taker: Working) -> Trade:
        quantity = min(maker.remaining, taker.remaining)
        maker.remaining -= quantity
        taker.remaining -= quantity
        if not maker.remaining:
            self.cancel(maker.order_id)
        assert maker.price is not None
        return Trade(maker, taker, maker.price, quantity)


def _worse(taker: Working, price: Decimal) -> bool:
    assert taker.price is not None
    return price > taker.price if taker.side is Side.BUY else price < taker.price
