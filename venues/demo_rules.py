"""What a demo venue checks before it lets an order into a book.

The one rule: the checks are those that a real venue makes for itself (steps, minimums, funds),
whatever our own gate has said before.
"""

from decimal import Decimal
from typing import NamedTuple

from domain.instruments import quote_of
from domain.money import MONEY, ONE, ZERO, is_multiple
from domain.orders import Side, VenueOrder
from domain.ports import Placement
from venues.demo_dialect import Dialect, Objection
from venues.demo_pit import Pit
from venues.demo_till import Till
from venues.matching import Working


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


def objection(dialect: Dialect, till: Till, pit: Pit, request: Request) -> Placement | None:
    """The venue's refusal of a request, in its words; None when it has nothing against it."""
    refused = _steps_and_minimums(dialect, pit, request)
    if refused is None and request.rest > ZERO:
        refused = _funds(dialect, till, pit, request)
    return refused


def _steps_and_minimums(dialect: Dialect, pit: Pit, request: Request) -> Placement | None:
    listing, quantity, price = pit.listing, request.quantity, request.price
    if price is not None and (price <= ZERO or not is_multiple(price, listing.tick)):
        return dialect.refusal(Objection.TICK, limit=listing.tick)
    if not is_multiple(quantity, listing.lot):
        return dialect.refusal(Objection.LOT, limit=listing.lot)
    if quantity < listing.min_quantity:
        return dialect.refusal(Objection.QUANTITY, limit=listing.min_quantity)
    worth = price or pit.book.best(Side.SELL) or pit.book.best(Side.BUY) or ZERO
    if MONEY.multiply(quantity, worth) < listing.min_value:
        asset = quote_of(request.symbol)
        return dialect.refusal(Objection.VALUE, limit=listing.min_value, asset=asset)
    return None


def _funds(dialect: Dialect, till: Till, pit: Pit, request: Request) -> Placement | None:
    asset, needed = _needed(till, pit, request)
    free = till.free(request.client, asset)
    if request.amends is not None:
        free = MONEY.add(free, till.held_by(request.amends)[1])
    if needed <= free:
        return None
    return dialect.refusal(Objection.FUNDS, limit=free, asset=asset)


def _needed(till: Till, pit: Pit, request: Request) -> tuple[str, Decimal]:
    """What the order could cost at most; a market order costs what it would take now."""
    side, symbol, rest = request.side, request.symbol, request.rest
    if request.price is not None or side is Side.SELL:
        return till.fees.held(side, symbol, rest, request.price or ZERO)
    taker = Working("", request.client, side, None, rest, rest)
    return till.fees.held(side, symbol, ONE, pit.book.cost(taker))
