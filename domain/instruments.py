"""Who trades what: accounts, symbols, and what a venue allows of an instrument.

The one rule: an unknown limit is `None`, never zero.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Self

from domain.money import ZERO, is_multiple, round_down


class Account(str):
    """One configured account at one venue, written `kraken/main`.

    It is its own text, so that it hashes and compares at the speed of a string: the gate looks
    up sums by account several times an order.
    """

    __slots__ = ("name", "venue")
    venue: str
    name: str

    def __new__(cls, venue: str, name: str) -> Self:
        """The account `name` at `venue`."""
        account = super().__new__(cls, f"{venue}/{name}")
        account.venue = venue
        account.name = name
        return account

    @staticmethod
    def parse(text: str) -> "Account":
        """`venue/name`; a bare `venue` is its account `main`."""
        venue, _, name = text.partition("/")
        return Account(venue, name or "main")

    def __getnewargs__(self) -> tuple[str, str]:  # type: ignore[override]
        return self.venue, self.name

    def __repr__(self) -> str:
        return f"Account({self.venue!r}, {self.name!r})"


def base_of(symbol: str) -> str:
    """The base asset of `BASE/QUOTE`."""
    return symbol.partition("/")[0]


def quote_of(symbol: str) -> str:
    """The quote asset of `BASE/QUOTE`."""
    return symbol.partition("/")[2]


@dataclass(frozen=True, slots=True)
class Instrument:
    """A spot pair at a venue. Quantities in base units, prices and values in quote units.

    `tick` is the price step, `lot` the quantity step, `fee_rate` the taker's fee and
    `maker_fee_rate` the maker's as a fraction. `None` means the venue did not tell.
    """

    venue: str
    symbol: str
    tick: Decimal | None = None
    lot: Decimal | None = None
    min_quantity: Decimal | None = None
    max_quantity: Decimal | None = None
    min_value: Decimal | None = None
    max_value: Decimal | None = None
    fee_rate: Decimal | None = None
    active: bool = True
    maker_fee_rate: Decimal | None = None

    @property
    def base(self) -> str:
        """The asset that is bought and sold."""
        return base_of(self.symbol)

    @property
    def quote(self) -> str:
        """The asset that pays."""
        return quote_of(self.symbol)

    def fits_lot(self, quantity: Decimal) -> bool:
        """Whether the quantity is a whole number of lots (unknown lot: yes)."""
        return self.lot is None or is_multiple(quantity, self.lot)

    def fits_tick(self, price: Decimal) -> bool:
        """Whether the price is a whole number of ticks (unknown tick: yes)."""
        return self.tick is None or is_multiple(price, self.tick)

    def whole_lots(self, quantity: Decimal) -> Decimal:
        """The quantity rounded down to whole lots, never below zero."""
        if quantity <= ZERO:
            return ZERO
        return quantity if self.lot is None else round_down(quantity, self.lot)
