"""What a venue knows: pairs, orders, executions, and the events it tells its own sockets.

The one rule: these are the venue's truth. Nothing here knows any venue's dialect.
"""

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from domain.money import ZERO
from domain.orders import Kind, Side, TimeInForce
from venues.matching import Working


@dataclass(frozen=True, slots=True)
class Pair:
    """What may be traded, and how finely. Quantities in base, prices and costs in quote.

    `base_decimals` and `quote_decimals` are the finest amounts a balance can hold.
    """

    symbol: str
    base: str
    quote: str
    tick: Decimal
    lot: Decimal
    min_quantity: Decimal
    min_cost: Decimal
    cost_decimals: int
    quote_decimals: int


class Why(StrEnum):
    """Why the venue refuses an order; each family says it in its own words."""

    UNKNOWN_PAIR = "unknown pair"
    BAD_QUANTITY = "quantity is not a whole number of lots"
    BAD_PRICE = "price is not a whole number of ticks"
    TOO_SMALL = "quantity below the minimum"
    TOO_CHEAP = "cost below the minimum"
    POOR = "insufficient funds"
    DUPLICATE = "client id is in use by an open order"
    WOULD_TRADE = "post only order would trade"
    TOO_MANY = "too many open orders"
    UNKNOWN_ORDER = "no such open order"


class Turned(Exception):
    """The venue turned a request away; nothing was changed."""

    def __init__(self, why: Why) -> None:
        super().__init__(why.value)
        self.why = why


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """An order as it is asked for."""

    owner: str
    symbol: str
    side: Side
    kind: Kind
    quantity: Decimal
    price: Decimal | None = None
    time_in_force: TimeInForce = TimeInForce.GTC
    post_only: bool = False
    client_id: str = ""
    reference: int | None = None
    expires_us: int = 0
    via: str = "api"


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """One party's side of a trade. `trade_id` is shared by both, `exec_id` is the party's."""

    exec_id: str
    trade_id: int
    order_id: str
    owner: str
    symbol: str
    side: Side
    kind: Kind
    price: Decimal
    quantity: Decimal
    cost: Decimal
    fee: Decimal
    maker: bool
    at_us: int
    entries: tuple[str, ...] = ()


@dataclass(slots=True, eq=False)
class Ticket:
    """An order at the venue. `status` is open, closed (filled), canceled or expired.

    `fee_rate` is the taker's rate when it was placed: what it holds is reckoned with it.
    """

    order_id: str
    wish: Wish
    working: Working
    opened_us: int
    fee_rate: Decimal
    touched_us: int
    status: str = "open"
    reason: str = ""
    closed_us: int = 0
    amended: bool = False
    cost: Decimal = ZERO
    fee: Decimal = ZERO
    executions: list[Execution] = field(default_factory=list)

    @property
    def filled(self) -> Decimal:
        """How much of it has traded, in base units."""
        return self.working.filled

    @property
    def average(self) -> Decimal:
        """Volume-weighted price of its executions; zero when there are none."""
        return self.cost / self.filled if self.filled else ZERO


@dataclass(frozen=True, slots=True)
class OrderEvent:
    """pending_new, new, trade, filled, canceled, expired or amended happened to an order."""

    what: str
    ticket: Ticket
    at_us: int
    execution: Execution | None = None


@dataclass(frozen=True, slots=True)
class PublicTrade:
    """A trade as everyone sees it; `side` is the taker's."""

    symbol: str
    trade_id: int
    side: Side
    kind: Kind
    price: Decimal
    quantity: Decimal
    at_us: int
