"""What a stream or a poll shows: true for a moment, replaced by the next, not journalled."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from domain.instruments import Account
from domain.market import Balances, Depth, Price, PublicTrade
from domain.orders import Fill, VenueOrder


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """Something a stream or a poll showed; the newest replaces the one before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceSeen(Sighting):
    """A price moved."""

    price: Price


@dataclass(frozen=True, slots=True, kw_only=True)
class DepthSeen(Sighting):
    """The top of a book moved."""

    depth: Depth


@dataclass(frozen=True, slots=True, kw_only=True)
class TradesSeen(Sighting):
    """Somebody traded; of one symbol, oldest first."""

    trades: tuple[PublicTrade, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BalancesSeen(Sighting):
    """A complete balance request succeeded."""

    balances: Balances


@dataclass(frozen=True, slots=True, kw_only=True)
class TotalsSeen(Sighting):
    """A stream told new totals of some assets; what is used is asked for afterwards."""

    account: Account
    totals: Mapping[str, Decimal]
    at_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FillSeen(Sighting):
    """A stream told an execution; it becomes a fact once."""

    fill: Fill


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderSeen(Sighting):
    """A stream told an order's state; it becomes a fact where it tells something new."""

    report: VenueOrder


@dataclass(frozen=True, slots=True, kw_only=True)
class Heartbeat(Sighting):
    """A stream is alive though nothing happened."""

    venue: str
    feed: str
    at_us: int
