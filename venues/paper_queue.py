"""Where our resting orders stand in the live queues, and what public trades give them.

The one rule: a maker gets nothing but volume that others have traded, at its price or through
it, and all makers together never more of a trade than was traded.

An order that begins to rest stands behind the whole volume that is displayed at its price: its
queue. A trade at the price, by a taker of the other side, first eats the queue; what is left of
the trade is the order's. A trade beyond the price says that nobody stands there any more: the
queue is gone, and the whole trade is the order's. Who cancels ahead of us is not told, but the
queue is never longer than what is displayed; so a level that shrinks shortens it.

A level also shrinks by the trades themselves, and book and trades come by two streams: a trade
that comes within two seconds behind a book that had shrunk is taken for the reason of that, and
does not shorten the queue a second time. Where the level is deeper than the book that we see,
the queue is not known, and only a trade through the price fills.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from domain.market import PublicTrade
from domain.money import ZERO
from domain.orders import Side
from venues.matching import Working

LATE_US = 2_000_000
# How much is displayed at a price of a side; None where the book that we see does not reach.
Shown = Callable[[Side, Decimal], Decimal | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One order's place: `ahead` in base units, None while it is not known.

    It rests since `since_us` (the desk's clock); `turn` is its age among our orders of the
    symbol. `shrunk` is by how much the book shortened the queue up to `shrunk_us`, as far as
    no trade has explained it.
    """

    order_id: str
    side: Side
    price: Decimal
    quantity: Decimal
    ahead: Decimal | None
    since_us: int
    turn: int
    shrunk: Decimal = ZERO
    shrunk_us: int = 0


class Queues:
    """The places of our orders in one symbol. Call it within `exactly()`."""

    def __init__(self) -> None:
        self.places: dict[str, Place] = {}
        self._news: dict[str, None] = {}

    def restore(self, place: Place) -> None:
        """Take up what a state file tells."""
        self.places[place.order_id] = place

    def take_news(self) -> tuple[Place, ...]:
        """The places that changed and that the state file has not been told of."""
        news, self._news = self._news, {}
        return tuple(self.places[order_id] for order_id in news if order_id in self.places)

    def settle(self, working: Mapping[str, Working], shown: Shown, at_us: int) -> None:
        """Let newcomers queue up; an order that asks for more, or elsewhere, is one again."""
        for order_id in self.places.keys() - working.keys():
            del self.places[order_id]
        for order in working.values():
            assert order.price is not None
            known = self.places.get(order.order_id)
            if known is None or known.price != order.price or order.quantity > known.quantity:
                turns = (place.turn for place in self.places.values())
                place = Place(
                    order_id=order.order_id,
                    side=order.side,
                    price=order.price,
                    quantity=order.quantity,
                    ahead=shown(order.side, order.price),
                    since_us=at_us,
                    turn=max(turns, default=0) + 1,
                )
                self._put(place)
            elif order.quantity < known.quantity:
                self._put(replace(known, quantity=order.quantity))

    def shorten(self, shown: Shown, at_us: int) -> None:
        """A newer book: no queue is longer than what is displayed."""
        for place in list(self.places.values()):
            displayed = shown(place.side, place.price)
            if displayed is None or place.ahead == displayed:
                continue
            if place.ahead is None:
                self._put(replace(place, ahead=displayed))
            elif displayed < place.ahead:
                shrunk = self._unexplained(place, at_us) + place.ahead - displayed
                self._put(replace(place, ahead=displayed, shrunk=shrunk, shrunk_us=at_us))

    def serve(
        self, trade: PublicTrade, working: Mapping[str, Working], now_us: int
    ) -> Iterator[tuple[Working, Decimal]]:
        """What one trade gives to whom: better prices first, then who came first."""
        left = trade.quantity
        for place in self._met_by(trade):
            if place.price == trade.price:
                quantity = self._past(place, left, now_us)
            else:
                self._put(replace(place, ahead=ZERO, shrunk=ZERO))
                quantity = left
            order = working[place.order_id]
            quantity = min(quantity, order.remaining)
            if quantity > ZERO:
                left -= quantity
                yield order, quantity

    def _met_by(self, trade: PublicTrade) -> Iterable[Place]:
        """The orders that its taker's side meets, and that rested when it happened."""
        buys = trade.side is Side.SELL
        met = (
            place
            for place in self.places.values()
            if place.side is not trade.side
            and place.since_us <= trade.at_us
            and (place.price >= trade.price if buys else place.price <= trade.price)
        )
        return sorted(met, key=lambda place: (-place.price if buys else place.price, place.turn))

    def _past(self, place: Place, volume: Decimal, now_us: int) -> Decimal:
        """Let volume eat the queue; what comes past it."""
        if place.ahead is None:
            return ZERO
        shrunk = self._unexplained(place, now_us)
        explaining = min(shrunk, volume)
        eaten = min(place.ahead, volume - explaining)
        self._put(replace(place, ahead=place.ahead - eaten, shrunk=shrunk - explaining))
        return volume - explaining - eaten

    def _unexplained(self, place: Place, now_us: int) -> Decimal:
        return place.shrunk if now_us - place.shrunk_us <= LATE_US else ZERO

    def _put(self, place: Place) -> None:
        if self.places.get(place.order_id) != place:
            self.places[place.order_id] = place
            self._news[place.order_id] = None
