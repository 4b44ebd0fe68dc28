"""What a simulated venue checks before it lets an order into a book.

The one rule: the checks are those that a real venue makes for itself (steps, limits, funds),
whatever our own gate has said before. What the venue did not tell (None) is not checked.
"""

from decimal import Decimal
from typing import NamedTuple

from domain.instruments import Instrument, quote_of
from domain.money import MONEY, ONE, ZERO
from domain.orders import Side, VenueOrder
from domain.ports import Placement
from venues.dialects import Dialect, Objection
from venues.matching import OrderBook, Working
from venues.till import Till


class Request(NamedTuple):
    """What a client wants to have in the book: `amends` is the order that it would change."""

    client: str
    symbol: str
    side: Side
    quantity: Decimal
    price: Decimal | None
    amends: VenueOrder | None = None

    @property
    def rest(self) -> Decimal:
        """How much of it would still have to trade."""
        return self.quantity - (self.amends.cumulative if self.amends else ZERO)


class Rules(NamedTuple):
    """What a request is judged by: the instrument's steps and limits, the book, the till."""

    dialect: Dialect
    till: Till
    instrument: Instrument
    book: OrderBook

    def objection(self, request: Request) -> Placement | None:
        """The venue's refusal, in its words; None when it has nothing against the request."""
        refused = self._steps(request) or self._limits(request)
        if refused is None and request.rest > ZERO:
            refused = self._funds(request)
        return refused

    def _steps(self, request: Request) -> Placement | None:
        known, quantity, price = self.instrument, request.quantity, request.price
        if not known.active:
            return self.dialect.refusal(Objection.CLOSED, asset=request.symbol)
        if price is not None and (price <= ZERO or not known.fits_tick(price)):
            return self.dialect.refusal(Objection.TICK, limit=known.tick)
        if quantity <= ZERO or not known.fits_lot(quantity):
            return self.dialect.refusal(Objection.LOT, limit=known.lot)
        return None

    def _limits(self, request: Request) -> Placement | None:
        known, quantity = self.instrument, request.quantity
        best = self.book.best(Side.SELL) or self.book.best(Side.BUY) or ZERO
        value = MONEY.multiply(quantity, request.price or best)
        asset = quote_of(request.symbol)
        for objection, limit, broken in (
            (Objection.QUANTITY, known.min_quantity, _below(quantity, known.min_quantity)),
            (Objection.MOST_QUANTITY, known.max_quantity, _above(quantity, known.max_quantity)),
            (Objection.VALUE, known.min_value, _below(value, known.min_value)),
            (Objection.MOST_VALUE, known.max_value, _above(value, known.max_value)),
        ):
            if broken:
                return self.dialect.refusal(objection, limit=limit, asset=asset)
        return None

    def _funds(self, request: Request) -> Placement | None:
        asset, needed = self._needed(request)
        free = self.till.free(request.client, asset)
        if request.amends is not None:
            free = MONEY.add(free, self.till.held_by(request.amends)[1])
        if needed <= free:
            return None
        return self.dialect.refusal(Objection.FUNDS, limit=free, asset=asset)

    def _needed(self, request: Request) -> tuple[str, Decimal]:
        """What the order could cost at most; a market order costs what it would take now."""
        side, symbol, rest, fees = request.side, request.symbol, request.rest, self.till.fees
        if request.price is not None or side is Side.SELL:
            return fees.held(side, symbol, rest, request.price or ZERO)
        taker = Working("", request.client, side, None, rest, rest)
        return fees.held(side, symbol, ONE, self.book.cost(taker))


def _below(value: Decimal, least: Decimal | None) -> bool:
    return least is not None and value < least


def _above(value: Decimal, most: Decimal | None) -> bool:
    return most is not None and value > most
