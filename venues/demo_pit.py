"""Trading in one symbol at one demo venue: its book, its street, and what the public sees.

The one rule: a venue's mid follows the world's price, a little off in its own way; every
price that is shown comes out of the book.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from decimal import Decimal

from domain.market import Depth, Level, Price
from domain.money import ZERO
from domain.orders import Side
from venues.demo_catalogue import Listing
from venues.demo_dice import MILLION, NORMAL_ONE, SeededDice
from venues.demo_prices import SCALE, Prices
from venues.demo_scenarios import HOUR_US
from venues.demo_street import Street
from venues.matching import OrderBook, Trade

DEPTH_LEVELS = 12

_WOBBLE = 6  # millionths a tick: how far a venue strays from the others on its own
_WOBBLE_RETURN = 64  # ticks until it is back
_HOURS = 24
_LEVELS_AN_HOUR = 1_300


class Pit:
    """One symbol at one venue. Prices in quote per base, quantities in base units."""

    def __init__(
        self, venue: str, listing: Listing, prices: Prices, premium: int, dice: SeededDice
    ) -> None:
        self.venue = venue
        self.listing = listing
        self.instrument = listing.instrument(venue)
        self.book = OrderBook(listing.symbol)
        self._prices = prices
        self._premium = premium
        self._wobble = 0
        self._dice = dice
        self._street = Street(self.book, listing, prices.mid(listing.symbol), dice)
        self._last: Decimal | None = None
        self._volumes: deque[Decimal] = deque(self._usual_volumes(), maxlen=_HOURS)
        self._volume_hour = 0
        self._told: tuple[Decimal | None, ...] = ()

    @property
    def mid(self) -> int:
        """Where the simulated makers see the price, in 10^-12 quote."""
        fair = self._prices.mid(self.listing.symbol)
        return fair * (MILLION + self._premium + self._wobble) // MILLION

    def tick(self, at_us: int) -> list[Trade]:
        """Move the makers, let takers take; the trades, clients' among them."""
        stray = _WOBBLE * self._dice.normal() // NORMAL_ONE
        self._wobble += stray - self._wobble // _WOBBLE_RETURN
        trades = self.requote()
        taken = self._street.take(self.mid)
        if taken is not None:
            trades.extend(taken.trades)
        self.note(trades, at_us)
        return trades

    def requote(self) -> list[Trade]:
        """Let the makers quote around the mid; trades with clients' orders in their way."""
        return [trade for outcome in self._street.quote(self.mid) for trade in outcome.trades]

    def note(self, trades: Iterable[Trade], at_us: int) -> None:
        """Count trades into the last price and the day's volume."""
        hour = at_us // HOUR_US
        if hour != self._volume_hour:
            self._volume_hour = hour
            self._volumes.append(ZERO)
        for trade in trades:
            self._last = trade.price
            self._volumes[-1] += trade.quantity

    def moved(self) -> bool:
        """Whether the public prices changed since this was last asked."""
        shown = (self.book.best(Side.BUY), self.book.best(Side.SELL), self._last)
        if shown == self._told:
            return False
        self._told = shown
        return True

    def price(self, at_us: int) -> Price:
        """Best bid and ask, last trade, and the day."""
        bid, ask = self.book.best(Side.BUY), self.book.best(Side.SELL)
        return Price(
            venue=self.venue,
            symbol=self.listing.symbol,
            bid=bid,
            ask=ask,
            last=self._last or bid or ask,
            at_us=at_us,
            open_24h=self._day_open(at_us),
            volume_24h=sum(self._volumes, ZERO),
        )

    def depth(self, at_us: int) -> Depth:
        """The top of the book."""
        bids, asks = self.book.depth(DEPTH_LEVELS)
        return Depth(
            venue=self.venue,
            symbol=self.listing.symbol,
            bids=tuple(Level(price=price, quantity=quantity) for price, quantity in bids),
            asks=tuple(Level(price=price, quantity=quantity) for price, quantity in asks),
            at_us=at_us,
        )

    def _day_open(self, at_us: int) -> Decimal:
        mid = self._prices.mid_a_day_ago(self.listing.symbol, at_us)
        return mid // int(self.listing.tick * SCALE) * self.listing.tick

    def _usual_volumes(self) -> Iterator[Decimal]:
        """What a day trades at the pace of this street, hour by hour."""
        usual = self._street.middling_lots * _LEVELS_AN_HOUR
        for _ in range(_HOURS):
            yield usual * self._dice.between(60, 150) // 100 * self.listing.lot
