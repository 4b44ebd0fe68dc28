"""The ports: what the engine needs of the world, each with few methods; storage has its own.

Adapters do not inherit from them; `cli/wiring.py` is where the type checker proves the fit.
The one rule for every venue port: an answer is whole and parsed, or an error is raised. There
is no empty list that means "I could not read it".
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Protocol, TypeVar, runtime_checkable

from domain.asks import Ask
from domain.board import Board
from domain.events import Fact
from domain.instruments import Instrument
from domain.market import Balances, History, Price, Printed, Sought
from domain.orders import Amendment, Order, OrderState, VenueOrder
from domain.sightings import Sighting

R = TypeVar("R")
Hear = Callable[[Sighting], None]


class Desk(Protocol):
    """What every client of the desk sees: screens, commands, timers, strategies."""

    async def ask(self, ask: Ask[R]) -> R:
        """Answer, or raise one of the five families."""
        ...

    def watch(self) -> AsyncIterator[Board]:
        """The newest board whenever it changed, conflated: never slower than the desk."""
        ...

    @property
    def board(self) -> Board:
        """The newest board that has arrived here."""
        ...


# Venues


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """A venue's parsed verdict on a create or an amend: accepted with its id, or rejected."""

    accepted: bool
    venue_order_id: str = ""
    code: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueTraits:
    """What one venue can and cannot: every missing capability has a fallback in the engine.

    `amends` says whether an order keeps its id when it is changed; `recv_window_us` bounds how
    late a request may arrive. `cancels_at_once` is how many orders one call can end by their
    ids (0: there is no such call; else its traders are `CancelsMany`). `rounding` is, per
    asset, by how much the venue's balance may differ from the sum of its own rows with every
    posting (Kraken keeps USD to four decimals and tells five).
    """

    venue: str
    account_stream: bool = True
    price_stream: bool = True
    cancel_all: bool = True
    cancels_at_once: int = 0
    amends: bool = True
    dead_man: bool = False
    sandbox: bool = False
    request_timeout_us: int = 10_000_000
    recv_window_us: int = 5_000_000
    skew_limit_us: int = 2_500_000
    heartbeat_us: int = 5_000_000
    rounding: Mapping[str, Decimal] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Vitals:
    """How a venue's calls are going: the tightest budget, the newest latency, rows left out.

    `ban` says why calls are held back for `banned_for_us`; "" when none are.
    `markets_us` is when the venue told the instruments that are known now (0: not yet); they
    may have been read from the disk. None: they do not age.
    """

    budget_left: int
    budget: int
    banned_for_us: int
    latency_us: int
    rejected: int
    ban: str = ""
    markets_us: int | None = None


class Market(Protocol):
    """Public data of one venue."""

    async def instruments(self) -> Sequence[Instrument]:
        """Every spot instrument the venue lists. Unavailable when it could not be read whole."""
        ...

    async def prices(self, symbols: Sequence[str]) -> Sequence[Price]:
        """Prices of the symbols that the venue lists, by request."""
        ...

    async def clock_us(self) -> int:
        """The venue's own time, UTC microseconds."""
        ...

    async def stream_prices(self, symbols: Sequence[str], hear: Hear) -> None:
        """Tell PriceSeen and Heartbeat until it breaks (Unavailable) or is cancelled."""
        ...

    async def stream_depth(self, symbol: str, hear: Hear) -> None:
        """Tell DepthSeen until it breaks (Unavailable) or is cancelled."""
        ...


class Tape(Protocol):
    """What everybody trades at one venue; only paper trading needs to know."""

    async def trades(self, symbol: str, since_us: int) -> Printed:
        """The public trades since then, by request; `whole` only when they reach back to it."""
        ...

    async def stream_trades(self, symbol: str, hear: Hear) -> None:
        """Tell TradesSeen until it breaks or is cancelled; a Heartbeat once it is confirmed."""
        ...


class AccountReader(Protocol):
    """Private data of one account; it cannot place, cancel or withdraw."""

    async def balances(self) -> Balances:
        """All balances of the account. Unavailable when they could not be read whole."""
        ...

    async def open_orders(self, *, urgent: bool = False) -> Sequence[VenueOrder]:
        """Every open order, foreign ones included. A garbled reply raises Unavailable.

        `urgent` is for ending them: it goes before everything else, and through a ban.
        """
        ...

    async def find(self, state: OrderState) -> Sought:
        """Look one order up by our id and the venue's: open, closed, then trades."""
        ...

    async def history(self, since_us: int) -> History:
        """Closed orders, fills and movements since then, every page, or Unavailable."""
        ...

    async def stream(self, hear: Hear) -> None:
        """Tell fills, orders, totals and heartbeats until it breaks or is cancelled.

        Calls `hear` with a Heartbeat once every private channel is confirmed.
        """
        ...


class Trader(Protocol):
    """Orders of one account. Each method sends one request and never a second one.

    `InDoubt` is raised for anything but a verdict parsed from the venue's own answer;
    `Unavailable` only when provably no byte left the process.
    """

    async def place(self, order: Order) -> Placement:
        """Send one create."""
        ...

    async def amend(self, state: OrderState, amendment: Amendment) -> Placement:
        """Send one change of quantity or price."""
        ...

    async def cancel(self, state: OrderState) -> Placement:
        """Send one cancel; a refusal says nothing about the order's state."""
        ...

    async def cancel_all(self) -> None:
        """Ask the venue to cancel every open order of the account."""
        ...

    async def dead_man(self, timeout_s: int) -> None:
        """Have the venue cancel everything by itself after `timeout_s` (0: disarm)."""
        ...


@runtime_checkable
class CancelsMany(Protocol):
    """A trader at a venue that ends several orders with one call."""

    async def cancel_many(self, venue_order_ids: Sequence[str]) -> None:
        """Send one cancel of all of these, `traits.cancels_at_once` at most.

        An answer says nothing of any single order: only a list tells what is still open.
        """
        ...


# The rest of the world


class Clock(Protocol):
    """Time, passed in so that tests and simulations own it."""

    def now_us(self) -> int:
        """Wall clock, UTC microseconds: for records, never for durations."""
        ...

    def monotonic_us(self) -> int:
        """A clock that never steps: for timers and ages."""
        ...


class Dice(Protocol):
    """Randomness, passed in so that a simulation can be repeated."""

    def bits(self, count: int) -> int:
        """`count` random bits."""
        ...


class Observer(Protocol):
    """Something that is told after each change, synchronously; it cannot fail the desk."""

    def fact(self, fact: Fact, board: Board) -> None:
        """A fact is durable and folded."""
        ...

    def sighting(self, sighting: Sighting, board: Board) -> None:
        """Something was seen."""
        ...
