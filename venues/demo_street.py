"""The rest of the market in one demo book: simulated makers around the mid, and takers.

The one rule: the street trades by the book's own rules, so a client's order fills only when
the market really reaches it. Makers quote on a grid whose rungs are shifted by chance but stay
where they are; as the mid moves, rungs come and go, like the levels of a real book.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from domain.orders import Side, TimeInForce
from venues.demo_catalogue import ASSETS, Listing
from venues.demo_dice import MILLION, SeededDice, mixed
from venues.demo_prices import SCALE
from venues.matching import OrderBook, Outcome, Working
from venues.till import STREET

_NEAR_LEVELS = 9
_FAR_LEVELS = 5
_FAR_SPACING = 18  # how much wider the grid of the large, distant orders is
_FAR_SIZE = 7
_RESIZE_CHANCE = 220_000  # millionths a tick: somebody changes the size of an order
_TAKE_CHANCE = 250_000  # millionths a tick: somebody takes
_MAKER_SHARES = (30, 175)  # makers rest a tenth to three times the middling size
_TAKER_SHARES = (8, 90)  # takers take little at a time
_TAKER_REACH = 2_500  # millionths of the price: how far a taker walks through the book


@dataclass(slots=True)
class _Grid:
    """One side's rungs at one spacing: prices in ticks, and the orders that rest there."""

    side: Side
    spacing: int
    levels: int
    size: int
    salt: int
    resting: dict[int, Working] = field(default_factory=dict)

    def rung(self, place: int) -> int:
        """The price of rung number `place`, in ticks; higher places have higher prices."""
        return place * self.spacing + mixed(place ^ self.salt) % self.spacing

    def places(self, edge: int) -> range:
        """The rungs that should be quoted when the best price allowed is `edge` ticks."""
        place = edge // self.spacing
        if self.side is Side.SELL:
            first = place if self.rung(place) >= edge else place + 1
            return range(first, first + self.levels)
        first = place if self.rung(place) <= edge else place - 1
        return range(first, max(0, first - self.levels), -1)


class Street:
    """Quotes one book and trades on it now and then."""

    def __init__(self, book: OrderBook, listing: Listing, mid: int, dice: SeededDice) -> None:
        self._book = book
        self._listing = listing
        self._dice = dice
        self._tick = int(listing.tick * SCALE)
        self._orders = 0
        self.middling_lots = _lots_worth(listing)
        spacing = max(1, mid // self._tick * listing.spacing // MILLION)
        self._grids = tuple(
            _Grid(side, max(1, spacing * wide), levels, size, dice.bits(64))
            for side in Side
            for levels, wide, size in (
                (_NEAR_LEVELS, 1, 1),
                (_FAR_LEVELS, _FAR_SPACING, _FAR_SIZE),
            )
        )

    def quote(self, mid: int) -> Iterator[Outcome]:
        """Move the makers to a new mid (10^-12 quote): what is out of place goes first."""
        ticks = mid // self._tick
        half = max(1, ticks * self._listing.half_spread // MILLION)
        wanted = [(grid, grid.places(self._edge(grid, ticks, half))) for grid in self._grids]
        for grid, places in wanted:
            self._withdraw(grid, [place for place in grid.resting if place not in places])
        for grid, places in wanted:
            for place in places:
                known = grid.resting.get(place)
                if known is None or not known.remaining:
                    yield self._rest(grid, place)
        if self._dice.chance(_RESIZE_CHANCE):
            yield self._resize()

    def take(self, mid: int) -> Outcome | None:
        """Now and then somebody buys or sells what is there."""
        if not self._dice.chance(_TAKE_CHANCE):
            return None
        side = Side.BUY if self._dice.chance(MILLION // 2) else Side.SELL
        reach = _TAKER_REACH if side is Side.BUY else -_TAKER_REACH
        limit = mid * (MILLION + reach) // MILLION // self._tick
        taker = self._order(side, max(1, limit), self._size(1, _TAKER_SHARES))
        return self._book.submit(taker, time_in_force=TimeInForce.IOC)

    def _edge(self, grid: _Grid, ticks: int, half: int) -> int:
        away = half if grid.size == 1 else half + grid.spacing // 2
        return ticks + away if grid.side is Side.SELL else max(1, ticks - away)

    def _withdraw(self, grid: _Grid, places: list[int]) -> None:
        for place in places:
            self._book.cancel(grid.resting.pop(place).order_id)

    def _rest(self, grid: _Grid, place: int) -> Outcome:
        order = self._order(grid.side, max(1, grid.rung(place)), self._size(grid.size))
        grid.resting[place] = order
        return self._book.submit(order)

    def _resize(self) -> Outcome:
        grid = self._grids[self._dice.below(len(self._grids))]
        places = list(grid.resting)
        place = places[self._dice.below(len(places))]
        self._withdraw(grid, [place])
        return self._rest(grid, place)

    def _order(self, side: Side, ticks: int, lots: int) -> Working:
        self._orders += 1
        quantity = lots * self._listing.lot
        return Working(
            order_id=f"{STREET}{self._orders}",
            owner=STREET,
            side=side,
            price=ticks * self._listing.tick,
            quantity=quantity,
            remaining=quantity,
        )

    def _size(self, times: int, shares: tuple[int, int] = _MAKER_SHARES) -> int:
        """Lots of one order: a share of the middling size, squared so that small ones prevail."""
        share = self._dice.between(*shares) ** 2  # of ten thousand
        lots = max(1, self.middling_lots * times * share // 10_000)
        grain = int(10 ** max(0, len(str(lots)) - 4))  # people type four digits, not nine
        return max(1, lots // grain * grain)


def _lots_worth(listing: Listing) -> int:
    base = ASSETS[listing.symbol.partition("/")[0]]
    return max(1, int(Decimal(listing.level_usd) / base.usd / listing.lot))
