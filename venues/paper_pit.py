"""One symbol on paper: the live book, what we took of it, and our orders in front of it.

The one rule: nothing of the live book is ever traded twice. What our orders took of a level is
remembered and left out of every later snapshot, for as long as the level stands: a level that
stands still gives nothing more, one that grew gives what it grew by, and one that went and
came back is a new one.

Where the venue tells its public trades, they alone fill our resting orders (`paper_queue`), and
the live book only shortens queues. Where it tells none, a resting order is filled once the
opposite side stands strictly beyond its price.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

from domain.instruments import Instrument
from domain.market import Depth, Level, PublicTrade
from domain.money import MONEY, ZERO, exactly
from domain.orders import Side, TimeInForce
from venues.matching import OrderBook, Trade, Working
from venues.paper_queue import Queues
from venues.till import STREET

MOST_REMEMBERED = 200  # levels a side: those that were taken first are forgotten first
OWNER = "paper"  # all accounts are one owner in the books, so none trades with another

OPPOSITE: Mapping[Side, Side] = {Side.BUY: Side.SELL, Side.SELL: Side.BUY}


class Incoherent(Exception):
    """A snapshot that no book can be: crossed, unsorted, or with an empty level."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """The newest public trade of a symbol that counted: its number, and when it was."""

    symbol: str
    number: int
    at_us: int


class PaperPit:
    """One symbol's book: our resting orders, and the live levels as orders of the STREET.

    Prices in quote per base, quantities in base units. With `tape` public trades fill our
    resting orders, and newcomers meet every live level. Without it a live level that only
    touches a resting order of ours is not shown to them: at that price we are in their way.
    """

    def __init__(self, instrument: Instrument, *, tape: bool = False) -> None:
        self.instrument = instrument
        self.book = OrderBook(instrument.symbol)
        self.queues = Queues()
        self.cursor: Cursor | None = None
        self._tape = tape
        self._seen = False
        self._shown: dict[Side, dict[Decimal, Decimal]] = {side: {} for side in Side}
        self._taken: dict[Side, dict[Decimal, Decimal]] = {side: {} for side in Side}
        self._street: list[str] = []
        self.took = False  # whether anything was taken that nobody has written down yet
        self.faded = False  # whether some of what was taken counts no more

    def see(self, depth: Depth) -> list[Trade]:
        """Take up a newer snapshot; the trades with our resting orders that it went through.

        Without a tape a resting order trades, at its own price, with levels that stand
        strictly beyond it: the market has traded through its price. A level at its price
        trades nothing, because nobody knows who of those waiting there would have had it.

        Raises:
            Incoherent: when the snapshot cannot be a book; the one before stays.
        """
        _check(depth)
        with exactly():
            for order_id in self._street:
                self.book.cancel(order_id)
            self._street.clear()
            for side, levels in ((Side.BUY, depth.bids), (Side.SELL, depth.asks)):
                self._shown[side] = {level.price: level.quantity for level in levels}
                still_taken = dict(self._still_taken(side))
                self.faded = self.faded or still_taken != self._taken[side]
                self._taken[side] = still_taken
            self._seen = True
            if self._tape:
                self._queue_up(depth.at_us)
                self.queues.shorten(self._displayed, depth.at_us)
                self._show()
                return []
            trades = [trade for side in Side for trade in self._swept(side)]
            ours = {side: self.book.best(side) for side in Side}
            for side in Side:
                self._quote(side, ours[OPPOSITE[side]])
        return trades

    def printed(self, trades: Iterable[PublicTrade], now_us: int) -> list[Trade]:
        """Let public trades fill our resting orders, each trade once, in the venue's order.

        One that is not newer than the newest that counted changes nothing.
        """
        fills: list[Trade] = []
        with exactly():
            for trade in sorted(trades, key=lambda trade: trade.number):
                if self._counts(trade, now_us):
                    self._queue_up(now_us)  # the trade before may have filled somebody
                    fills += self._served(trade, now_us)
        return fills

    def rests_since_us(self) -> int | None:
        """Since when public trades matter; None when nothing rests here."""
        places = self.queues.places.values()
        since = [place.since_us for place in places if self.book.find(place.order_id)]
        if not since:
            return None
        return max(min(since), self.cursor.at_us if self.cursor else 0)

    def note(self, trades: Iterable[Trade], at_us: int) -> None:
        """Remember what a newcomer of ours took of the live levels, and let its rest queue up."""
        with exactly():
            for trade in trades:
                if trade.maker.owner == STREET:
                    self._take(trade.maker.side, trade.price, trade.quantity)
            if self._tape:
                self._queue_up(at_us)

    def remembered(self, at_us: int) -> Depth:
        """All that was taken of the live book, in the shape of one, for the state file."""
        bids, asks = (
            tuple(Level(price=price, quantity=taken) for price, taken in self._taken[side].items())
            for side in (Side.BUY, Side.SELL)
        )
        symbol, venue = self.instrument.symbol, self.instrument.venue
        return Depth(venue=venue, symbol=symbol, bids=bids, asks=asks, at_us=at_us)

    def remember(self, taken: Depth) -> None:
        """Take up what was taken in an earlier life."""
        for side, levels in ((Side.BUY, taken.bids), (Side.SELL, taken.asks)):
            self._taken[side] = {level.price: level.quantity for level in levels}

    def _ours(self) -> dict[str, Working]:
        return {order.order_id: order for order in self.book.working(OWNER)}

    def _queue_up(self, at_us: int) -> None:
        self.queues.settle(self._ours(), self._displayed, at_us)

    def _displayed(self, side: Side, price: Decimal) -> Decimal | None:
        """What the live book shows at a price; None where it is too deep to be seen."""
        shown = self._shown[side]
        if price in shown:
            return shown[price]
        is_deeper = bool(shown) and _beyond(side, price, next(reversed(shown)))
        return ZERO if self._seen and not is_deeper else None

    def _counts(self, trade: PublicTrade, now_us: int) -> bool:
        if self.cursor is not None and trade.number <= self.cursor.number:
            return False
        # A venue's clock that is ahead must not make us ask for trades of the future.
        at_us = max(min(trade.at_us, now_us), self.cursor.at_us if self.cursor else 0)
        self.cursor = Cursor(symbol=self.instrument.symbol, number=trade.number, at_us=at_us)
        return True

    def _served(self, trade: PublicTrade, now_us: int) -> Iterator[Trade]:
        for order, quantity in self.queues.serve(trade, self._ours(), now_us):
            taker = Working("live", STREET, trade.side, trade.price, quantity, quantity)
            yield self.book.meet(order, taker)

    def _take(self, side: Side, price: Decimal, quantity: Decimal) -> None:
        self.took = True
        taken = self._taken[side]
        taken[price] = taken.get(price, ZERO) + quantity
        if len(taken) > MOST_REMEMBERED:
            del taken[next(iter(taken))]

    def _still_taken(self, side: Side) -> Iterator[tuple[Decimal, Decimal]]:
        """What is taken of the levels that are shown now, or are too deep to be shown."""
        shown = self._shown[side]
        for price, quantity in self._taken[side].items():
            if price in shown:
                yield price, min(quantity, shown[price])
            elif not shown or _beyond(side, price, list(shown)[-1]):
                yield price, quantity

    def _left(self, side: Side) -> Iterator[tuple[Decimal, Decimal]]:
        for price, quantity in self._shown[side].items():
            left = quantity - self._taken[side].get(price, ZERO)
            if left > ZERO:
                yield price, left

    def _swept(self, side: Side) -> Iterator[Trade]:
        """Let the live levels of a side trade with our orders that they went through."""
        for price, left in list(self._left(side)):
            # The nearest number behind the level's price: an order at that price is not met.
            limit = MONEY.next_minus(price) if side is Side.BUY else MONEY.next_plus(price)
            taker = Working("live", STREET, side, limit, left, left)
            for trade in self.book.submit(taker, time_in_force=TimeInForce.IOC).trades:
                self._take(side, price, trade.quantity)
                yield trade

    def _show(self) -> None:
        """Put what is left of the live levels into the book: they stood there before us."""
        for side in Side:
            for price, left in self._left(side):
                order_id = f"live {side.value} {price}"
                self.book.display(Working(order_id, STREET, side, price, left, left))
                self._street.append(order_id)

    def _quote(self, side: Side, facing: Decimal | None) -> None:
        """Put what is left of a side's live levels into the book, short of our best order."""
        for price, left in self._left(side):
            if facing is None or _beyond(side, price, facing):
                order_id = f"live {side.value} {price}"
                self.book.submit(Working(order_id, STREET, side, price, left, left))
                self._street.append(order_id)


def _beyond(side: Side, price: Decimal, edge: Decimal) -> bool:
    """Whether a price of a side is worse for the market than an edge."""
    return price < edge if side is Side.BUY else price > edge


def _check(depth: Depth) -> None:
    for side, levels in ((Side.BUY, depth.bids), (Side.SELL, depth.asks)):
        if not _in_order(side, levels):
            raise Incoherent(f"the {side.value} side of {depth.symbol} is not in order")
    if depth.bids and depth.asks and depth.bids[0].price >= depth.asks[0].price:
        raise Incoherent(
            f"{depth.symbol} is crossed: bid {depth.bids[0].price}, ask {depth.asks[0].price}"
        )


def _in_order(side: Side, levels: tuple[Level, ...]) -> bool:
    positive = all(level.price > ZERO and level.quantity > ZERO for level in levels)
    pairs = pairwise(level.price for level in levels)
    return positive and all(_beyond(side, worse, better) for better, worse in pairs)
