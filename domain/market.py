"""What a venue shows: prices, depth, balances, its own lists of orders and history.

The one rule: each carries the time it was true, and a list exists only when it was read whole.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from domain.instruments import Account
from domain.money import ZERO
from domain.orders import Fill, Side, VenueOrder


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """Best bid, best ask and last trade of a symbol at a venue, in quote per base.

    `at_us` is when we last knew it to be true (UTC microseconds): when it came, or when a live
    stream had nothing new to tell. `open_24h` is the price a day before.
    """

    venue: str
    symbol: str
    bid: Decimal | None
    ask: Decimal | None
    last: Decimal | None
    at_us: int
    open_24h: Decimal | None = None
    volume_24h: Decimal | None = None

    @property
    def mid(self) -> Decimal | None:
        """Halfway between bid and ask; the last trade where one of them is missing."""
        if self.bid is None or self.ask is None:
            return self.last
        return (self.bid + self.ask) / 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """What one unit of an asset is worth in the base currency, and where that comes from."""

    asset: str
    value: Decimal
    at_us: int
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """One step of an order book: price in quote per base, quantity in base units."""

    price: Decimal
    quantity: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Depth:
    """The top of an order book, best first on both sides."""

    venue: str
    symbol: str
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]
    at_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicTrade:
    """One trade as everybody sees it; `side` is the taker's, `at_us` the venue's time.

    `number` is the venue's own: a later trade of the symbol has a larger one.
    """

    venue: str
    symbol: str
    number: int
    side: Side
    price: Decimal
    quantity: Decimal
    at_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Printed:
    """Public trades of a symbol since a moment, oldest first; `whole` when none is missing."""

    trades: tuple[PublicTrade, ...]
    whole: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetBalance:
    """One asset in one account. `used` is what the venue holds for orders; None: not told."""

    total: Decimal
    used: Decimal | None = None

    @property
    def free(self) -> Decimal:
        """Total less used; the whole where the venue does not tell what is used."""
        return self.total - (self.used or ZERO)


@dataclass(frozen=True, slots=True, kw_only=True)
class MarginBalance:
    """One asset in a futures wallet: what lies there, and what its open positions have gained.

    No spot order can use it. `unrealised` is below zero where they have lost.
    """

    wallet: Decimal
    unrealised: Decimal = ZERO


@dataclass(frozen=True, slots=True, kw_only=True)
class Balances:
    """All of an account's balances, read in one successful request.

    `asked_us` is when the request left, `at_us` when the answer was here: a fill between the
    two may or may not be inside. Assets with nothing in them may be missing. `assets` are those
    of the spot market. `margins` are futures wallets by name and asset; `unread` tells, by
    wallet, why one that is wanted could not be read: then what it holds is not known.
    """

    account: Account
    assets: Mapping[str, AssetBalance]
    asked_us: int
    at_us: int
    margins: Mapping[str, Mapping[str, MarginBalance]] = field(default_factory=dict)
    unread: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """Money that came from or went outside: `amount` is positive in, negative out.

    `fee` is positive and taken besides: the balance changes by `amount` less `fee`.
    `reference` is unique for the account (the transaction id with its index and asset).
    """

    account: Account
    reference: str
    asset: str
    amount: Decimal
    fee: Decimal
    at_us: int
    base_rate: Decimal | None = None

    @property
    def key(self) -> str:
        """Idempotency key: `venue:account:movement:reference:asset`."""
        venue, name = self.account.venue, self.account.name
        return f"{venue}:{name}:movement:{self.reference}:{self.asset}"


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """A complete, fully paged look back over one account from `since_us` to `until_us`.

    `pending` are movements on their way: what leaves may be out of the balance already.
    """

    account: Account
    since_us: int
    until_us: int
    orders: tuple[VenueOrder, ...] = ()
    fills: tuple[Fill, ...] = ()
    movements: tuple[Movement, ...] = ()
    pending: tuple[Movement, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """The answer to a look-up of one order.

    `complete` is true only when open orders, closed orders and trades were all searched to
    their last page with success; only then does `found is None` count as evidence.
    """

    found: VenueOrder | None
    fills: tuple[Fill, ...] = field(default=())
    complete: bool = False
