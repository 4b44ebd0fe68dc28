"""One demo venue: an exchange whose books are quoted by a simulated street.

The one rule: the street moves only with the world's time, and trades by the book's own rules.
"""

from decimal import Decimal

from domain.instruments import quote_of
from domain.orders import VenueOrder
from venues import demo_token
from venues.demo_catalogue import Profile
from venues.demo_dice import SeededDice
from venues.demo_pit import Pit
from venues.demo_prices import Prices
from venues.dialects import DIALECTS
from venues.exchange import Exchange
from venues.matching import Trade
from venues.till import Till


class DemoExchange(Exchange[Pit]):
    """A demo venue's pits and its till."""

    def __init__(self, profile: Profile, till: Till, prices: Prices, dice: SeededDice) -> None:
        pits = {
            symbol: Pit(profile.venue, listing, prices, profile.premium, dice)
            for symbol, listing in profile.listings.items()
        }
        dialect = DIALECTS[profile.venue]
        super().__init__(profile.venue, till, dialect, pits, skew_us=profile.skew_us)
        self.profile = profile
        self.moved: set[str] = set()

    def open(self, at_us: int) -> None:
        """Put the working orders back into the books, then let the street quote around them."""
        for symbol in self.pits:
            self.restore(symbol)
        for pit in self.pits.values():
            self.book(pit, pit.requote(), at_us)
            pit.note((), at_us)
        self.tell_totals(at_us)

    def tick(self, at_us: int) -> None:
        """Let the street act once in every pit; cancel where a dead man's switch is due."""
        for symbol, pit in self.pits.items():
            self.book(pit, pit.tick(at_us), at_us, noted=True)
            if pit.moved():
                self.moved.add(symbol)
        self.cancel_for_the_dead(at_us)
        self.tell_totals(at_us)

    def fee(self, row: VenueOrder, trade: Trade, liquidity: str) -> tuple[str, Decimal]:
        """What the venue charges, in its own token where it has one."""
        fees = self.profile.fees
        token = self.pits.get(f"{fees.token}/{quote_of(row.symbol)}")
        return demo_token.charge(
            self.till,
            fees,
            row,
            trade.quantity,
            trade.price,
            liquidity=liquidity,
            token_mid=token.mid if token else 0,
        )
