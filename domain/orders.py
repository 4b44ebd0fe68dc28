"""Orders as growing facts, and their status as a pure function of those facts.

The one rule (semantics 1): nothing here says "last message wins". Facts only grow, so the
order in which a venue's messages arrive, and how often, cannot change where an order ends.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from domain.instruments import Account, base_of, quote_of
from domain.money import ZERO
from domain.table import Table


class Side(StrEnum):
    """Which way the base asset moves for us."""

    BUY = "buy"
    SELL = "sell"


class Kind(StrEnum):
    """Order kinds that are offered; others are refused with a clear word."""

    MARKET = "market"
    LIMIT = "limit"


class TimeInForce(StrEnum):
    """How long an order may rest at the venue."""

    GTC = "GTC"
    IOC = "IOC"
    FOK = "FOK"


class Final(StrEnum):
    """What a venue calls the end of an order."""

    FILLED = "filled"
    CANCELED = "canceled"
    EXPIRED = "expired"


class Status(StrEnum):
    """Where an order stands; the words of semantics 1.2, the same on every screen."""

    NEW = "NEW"
    SUBMITTED = "SUBMITTED"
    OPEN = "OPEN"
    PARTIAL = "PARTIAL"
    PENDING_CANCEL = "PENDING_CANCEL"
    UNKNOWN = "UNKNOWN"
    SETTLING = "SETTLING"
    ANOMALY = "ANOMALY"
    FILLED = "FILLED"
    CANCELED = "CANCELED"
    EXPIRED = "EXPIRED"
    REJECTED = "REJECTED"
    DENIED = "DENIED"
    LOST = "LOST"


TERMINAL = frozenset(
    {
        Status.FILLED,
        Status.CANCELED,
        Status.EXPIRED,
        Status.REJECTED,
        Status.DENIED,
        Status.LOST,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """An order as a person asks for it. `quantity` in base units, `price` in quote per base."""

    account: Account
    symbol: str
    side: Side
    kind: Kind
    quantity: Decimal
    price: Decimal | None = None
    time_in_force: TimeInForce = TimeInForce.GTC
    post_only: bool = False
    strategy: str = "manual"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """An order as it was intended and valued, before anything left the process.

    `reference` is the price (quote per base) it is valued at: its limit, or the worse side of
    the market for a market order. `base_rate` is one quote unit in the base currency,
    `fee_rate` a fraction; all three are fixed at approval, so that a restart rebuilds the same
    reservation. `parent` is the order that this one replaces, if any.
    """

    client_id: str
    account: Account
    symbol: str
    side: Side
    kind: Kind
    quantity: Decimal
    price: Decimal | None
    time_in_force: TimeInForce = TimeInForce.GTC
    post_only: bool = False
    strategy: str = "manual"
    reference: Decimal = ZERO
    base_rate: Decimal = ZERO
    fee_rate: Decimal = ZERO
    parent: str = ""
    actor: str = ""
    at_us: int = 0

    @property
    def base(self) -> str:
        """The asset that is bought or sold."""
        return base_of(self.symbol)

    @property
    def quote(self) -> str:
        """The asset that pays or is received."""
        return quote_of(self.symbol)

    @property
    def value(self) -> Decimal:
        """Notional in the base currency at the price it was valued at."""
        return self.quantity * self.reference * self.base_rate


@dataclass(frozen=True, slots=True, kw_only=True)
class Fill:
    """One execution as the venue told it. Quantity in base units, price in quote per base.

    `trade_id` is the venue's; it is unique per symbol only, hence `key`. `at_us` is the
    venue's time. `client_id` is "" when the order is not ours. A `fee` below zero is a rebate.
    """

    account: Account
    symbol: str
    trade_id: str
    side: Side
    quantity: Decimal
    price: Decimal
    fee: Decimal
    fee_asset: str
    at_us: int
    venue_order_id: str = ""
    client_id: str = ""
    liquidity: str = ""
    leg: str = ""
    inferred: bool = False

    @property
    def key(self) -> str:
        """Idempotency key: `venue:account:symbol:trade_id[:leg]` (decisions.md)."""
        leg = f":{self.leg}" if self.leg else ""
        return f"{self.account.venue}:{self.account.name}:{self.symbol}:{self.trade_id}{leg}"

    @property
    def cost(self) -> Decimal:
        """Quantity times price, in the quote asset, fee not included."""
        return self.quantity * self.price


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueOrder:
    """What a venue says of an order, from a stream or a list.

    `cumulative` is the filled quantity the venue claims, `final` how it ended (None: open).
    `client_id` is "" when the venue's row does not carry it.
    """

    account: Account
    venue_order_id: str
    client_id: str = ""
    symbol: str = ""
    side: Side | None = None
    kind: Kind | None = None
    quantity: Decimal | None = None
    price: Decimal | None = None
    cumulative: Decimal = ZERO
    final: Final | None = None
    at_us: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Amendment:
    """A change that was asked for and is not confirmed yet; `client_id` names the attempt.

    `doubt_us` is when the wait for its answer was given up: no byte of it left after that.
    """

    client_id: str
    quantity: Decimal
    price: Decimal | None
    at_us: int
    in_doubt: bool = False
    doubt_us: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderState:
    """Everything known of one order. Built only by `domain.lifecycle.advance`.

    `quantity` and `price` are those in force (an amendment changes them once confirmed);
    `filled` is the sum of `fills`; `venue_cumulative` the most the venue ever claimed.
    `reopened`: it had ended, and the venue showed it open again. `doubt_us` is when the wait
    for the create's answer was given up: no byte of it left after that. `former_price` is the
    dearest one before an amendment lowered it at `lowered_us`: fills at it may come late.
    """

    order: Order
    quantity: Decimal
    price: Decimal | None
    denied: str = ""
    reason: str = ""
    sent: bool = False
    acked: bool = False
    rejected: bool = False
    outcome_unknown: bool = False
    cancel_requested: bool = False
    absent: bool = False
    settled: bool = False
    reopened: bool = False
    foreign: bool = False
    amendment: Amendment | None = None
    former_price: Decimal | None = None
    lowered_us: int = 0
    venue_order_id: str = ""
    venue_final: Final | None = None
    venue_cumulative: Decimal = ZERO
    fills: Table[str, Fill] = field(default_factory=Table)
    filled: Decimal = ZERO
    doubt_us: int = 0
    acked_us: int = 0
    final_us: int = 0
    updated_us: int = 0

    @property
    def client_id(self) -> str:
        """Our name for the order; `foreign:…` for one that is not ours."""
        return self.order.client_id

    @property
    def seen(self) -> bool:
        """Whether the venue has shown any sign of this order."""
        return (
            self.acked
            or self.filled > ZERO
            or self.venue_final is not None
            or self.venue_cumulative > ZERO
        )

    @property
    def largest_quantity(self) -> Decimal:
        """The quantity in force or the one asked for, whichever could still fill more."""
        wanted = self.amendment.quantity if self.amendment else ZERO
        return max(self.quantity, wanted)

    @property
    def dearest_price(self) -> Decimal | None:
        """The highest price at which it may still trade, or may have traded untold."""
        wanted = self.amendment.price if self.amendment else None
        known = [p for p in (self.price, self.former_price, wanted) if p is not None]
        return max(known, default=None)

    @property
    def status(self) -> Status:
        """The order's status (semantics 1.2; the first row that matches)."""
        for matches, status in STATUS:
            if matches(self):
                return status
        raise AssertionError("the last row matches everything")

    @property
    def terminal(self) -> bool:
        """Whether nothing more is expected; a late fill is accepted all the same."""
        return self.status in TERMINAL

    @property
    def average_price(self) -> Decimal | None:
        """Volume-weighted price of the fills, quote per base."""
        cost = sum((fill.cost for fill in self.fills.values()), ZERO)
        return cost / self.filled if self.filled else None

    @property
    def reserved_quantity(self) -> Decimal:
        """How much of the order still counts against the limits (semantics 1.2, last column)."""
        if self.status in _RESERVES_NOTHING or (self.settled and self.terminal):
            return ZERO
        return max(ZERO, self.largest_quantity - self.filled)


_RESERVES_NOTHING = frozenset({Status.DENIED, Status.REJECTED, Status.LOST})

# Semantics 1.2: the first row that matches is the status. Rows read facts only.
STATUS: tuple[tuple[Callable[[OrderState], bool], Status], ...] = (
    (lambda s: bool(s.denied) and not s.sent and not s.seen, Status.DENIED),
    (lambda s: s.reopened, Status.ANOMALY),
    (lambda s: s.filled >= s.largest_quantity, Status.FILLED),
    (lambda s: s.venue_final is not None and s.venue_cumulative > s.filled, Status.SETTLING),
    (lambda s: s.venue_final is Final.FILLED, Status.FILLED),
    (lambda s: s.venue_final is Final.CANCELED, Status.CANCELED),
    (lambda s: s.venue_final is Final.EXPIRED, Status.EXPIRED),
    (lambda s: s.rejected and not s.seen, Status.REJECTED),
    (lambda s: (bool(s.denied) or s.rejected or s.absent) and s.seen, Status.ANOMALY),
    (lambda s: s.absent, Status.LOST),
    (lambda s: s.outcome_unknown and not s.acked and not s.seen, Status.UNKNOWN),
    (lambda s: s.cancel_requested, Status.PENDING_CANCEL),
    (lambda s: s.filled > ZERO or s.venue_cumulative > ZERO, Status.PARTIAL),
    (lambda s: s.acked, Status.OPEN),
    (lambda s: s.sent, Status.SUBMITTED),
    (lambda _: True, Status.NEW),
)
