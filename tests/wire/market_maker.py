"""Other participants: a market maker that follows a random walk, and takers that hit it.

The one rule: all chance comes from one seed, so that the same steps give the same market.
Prices are counted in ticks; a pair with a `cross` is priced from two others.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from random import Random

from domain.money import exactly, round_down
from domain.orders import Kind, Side, TimeInForce
from tests.wire.exchange import Exchange
from tests.wire.orders import Ticket, Turned, Wish

MAKER, TAKER = "(maker)", "(taker)"
RICH = Decimal(10) ** 12
LEVELS = 12


@dataclass(frozen=True, slots=True)
class Walk:
    """How a pair moves: `step` and `spread` in basis points, `size` a level's worth in quote.

    `home` pulls the price back to where it began (a stable coin); `cross` names the two pairs
    whose quotient it is.
    """

    start: Decimal
    step: Decimal = Decimal(4)
    spread: Decimal = Decimal(2)
    size: Decimal = Decimal(20_000)
    home: bool = False
    cross: tuple[str, str] | None = None


class MarketMaker:
    """Keeps two-sided books moving; `step` is one move of every pair."""

    def __init__(self, exchange: Exchange, walks: Mapping[str, Walk], seed: int) -> None:
        self._exchange = exchange
        self._walks = walks
        self._dice = Random(seed)
        self.middles = {symbol: walk.start for symbol, walk in walks.items()}
        exchange.crowd.update({MAKER, TAKER})
        for owner in (MAKER, TAKER):
            for asset in sorted({a for s in walks for a in s.split("/")}):
                exchange.move(owner, asset, RICH, kind="deposit")

    def open(self) -> None:
        """Quote every pair at its start and trade once, so that each has a last price."""
        for symbol, walk in self._walks.items():
            self.quote(symbol)
            self._take(symbol, walk)

    def step(self, times: int = 1) -> None:
        """Move every price, quote anew around it, and now and then trade."""
        for _ in range(times):
            for symbol, walk in self._walks.items():
                self.middles[symbol] = self._moved(symbol, walk)
                self.quote(symbol)
                if self._dice.random() < 0.5:
                    self._take(symbol, walk)

    def quote(self, symbol: str, *, passive: bool = False) -> None:
        """Take the maker's orders away and put new ones around the middle.

        `passive` quotes trade with nobody: those that would are left out.
        """
        self.withdraw(symbol)
        walk, middle = self._walks[symbol], self.middles[symbol]
        pair = self._exchange.pairs[symbol]
        with exactly():
            gap = max(pair.tick, middle * walk.spread / 10_000)
            for level in range(LEVELS):
                away = gap * (level + 1) / 2 + gap * level * self._dice.randint(0, 3) / 4
                size = walk.size * self._dice.randint(20, 180) / 100
                ask = middle + away + pair.tick
                self._place(MAKER, Side.BUY, symbol, size, middle - away, passive=passive)
                self._place(MAKER, Side.SELL, symbol, size, ask, passive=passive)

    def withdraw(self, symbol: str) -> None:
        """Leave the book to the others."""
        for ticket in self._exchange.open_tickets(MAKER):
            if ticket.wish.symbol == symbol:
                self._exchange.cancel(ticket)

    def put(self, symbol: str, middle: Decimal) -> None:
        """Jump to a price and quote around it."""
        self.middles[symbol] = middle
        self.quote(symbol)

    def hit(self, ticket: Ticket, quantity: Decimal) -> None:
        """Trade with one resting order, whatever else is in the book."""
        symbol, price = ticket.wish.symbol, ticket.working.price
        self.withdraw(symbol)
        side = Side.SELL if ticket.wish.side is Side.BUY else Side.BUY
        wish = Wish(
            owner=TAKER, symbol=symbol, side=side, kind=Kind.LIMIT, quantity=quantity,
            price=price, time_in_force=TimeInForce.IOC,
        )  # fmt: skip
        self._exchange.submit(wish)
        self.quote(symbol, passive=True)

    def _moved(self, symbol: str, walk: Walk) -> Decimal:
        if walk.cross is not None:
            over, under = walk.cross
            with exactly():
                return self.middles[over] / self.middles[under]
        middle = self.middles[symbol]
        with exactly():
            points = walk.step * self._dice.randint(-100, 100) / 100
            moved = middle * (1 + points / 10_000)
            return (moved * 3 + walk.start) / 4 if walk.home else moved

    def _take(self, symbol: str, walk: Walk) -> None:
        side = self._dice.choice([Side.BUY, Side.SELL])
        with exactly():
            size = walk.size * self._dice.randint(2, 60) / 100
        self._place(TAKER, side, symbol, size, None)

    def _place(
        self,
        owner: str,
        side: Side,
        symbol: str,
        size: Decimal,
        price: Decimal | None,
        *,
        passive: bool = False,
    ) -> None:
        pair = self._exchange.pairs[symbol]
        with exactly():
            worth = size / (price or self.middles[symbol])
            quantity = worth.quantize(pair.lot, ROUND_HALF_EVEN)
        wish = Wish(
            owner=owner,
            symbol=symbol,
            side=side,
            kind=Kind.MARKET if price is None else Kind.LIMIT,
            quantity=max(quantity, pair.min_quantity),
            price=None if price is None else max(pair.tick, round_down(price, pair.tick)),
            post_only=passive,
        )
        with suppress(Turned):  # a passive quote that would trade, or a price of nothing
            self._exchange.submit(wish)
