"""The board: one immutable picture of the desk, and the fold that redraws it.

The one rule: only `fold` (facts) and `see` (sightings) make a new board; a screen, a rule or
another thread may keep any old one for as long as it likes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any, NamedTuple, Self

from domain.addresses import Address
from domain.engine_view import EngineView
from domain.halts import Halt, Level, effective_level, global_level
from domain.instruments import Account, Instrument
from domain.keys import KeyView
from domain.market import Balances, Depth, Mark, Price
from domain.money import ZERO
from domain.orders import Fill, OrderState
from domain.snapshots import SnapshotView
from domain.table import Table
from domain.verdicts import Usage
from domain.withdrawals import Request

VANISHED = "ORDER_VANISHED"


class Mode(StrEnum):
    """What the process is allowed to be; fixed for its life (semantics 5)."""

    DEMO = "DEMO"
    PAPER = "PAPER"
    OBSERVE = "OBSERVE"
    LIVE = "LIVE"

    @property
    def book(self) -> str:
        """Which ledger the mode writes: OBSERVE and LIVE share the live book."""
        return "live" if self in (Mode.OBSERVE, Mode.LIVE) else self.value.lower()


class Phase(StrEnum):
    """Where the process is between start and stop (semantics 5)."""

    INIT = "INIT"
    LEDGER_VERIFY = "LEDGER_VERIFY"
    LOAD = "LOAD"
    CONNECT = "CONNECT"
    RECONCILE = "RECONCILE"
    READY = "READY"
    ARMED = "ARMED"
    DRAINING = "DRAINING"
    STOPPED = "STOPPED"


class Health(StrEnum):
    """A feed's state: `●` ok, `◐` stale, `○` down."""

    OK = "ok"
    STALE = "stale"
    DOWN = "down"


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """One stream or poll: the age of each sign of life is told apart (semantics 7).

    `kind` is `prices`, `account` or `poll`; times are UTC microseconds, 0 for never.
    `expected_us` is how often a message is normal; `attempt` counts failed dials in a row.
    """

    venue: str
    kind: str
    health: Health = Health.DOWN
    account: str = ""
    message_us: int = 0
    heartbeat_us: int = 0
    poll_us: int = 0
    expected_us: int = 0
    attempt: int = 0
    next_try_us: int = 0
    problem: str = ""
    remedy: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountView:
    """One account as reconciliation sees it. `reconciled_us` is 0 until start-up has finished.

    `refused` says why none of its orders leave, whatever else is well: its key is not to be
    trusted. `dead_man_us`: when the venue cancels everything unless it is told again, 0: never.
    """

    account: Account
    balances: Balances | None = None
    reconciled_us: int = 0
    watermark_us: int = 0
    problem: str = ""
    refused: str = ""
    dead_man_us: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LastError:
    """The newest thing that went wrong with a venue: where, why, what to do about it."""

    who: str
    why: str
    remedy: str
    at_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueView:
    """One venue's clock and calls. `skew_us` is None until it was measured.

    Until `banned_us` (0: no ban) only cancels go out, because of `ban`, in the venue's words.
    `markets_us` is when the venue told its instruments, None where they do not age (demo).
    """

    venue: str
    skew_us: int | None = None
    latency_us: int = 0
    budget_left: int = 0
    budget: int = 0
    banned_us: int = 0
    ban: str = ""
    markets_us: int | None = None
    sandbox: bool = False
    accounts: tuple[str, ...] = ()
    last_error: LastError | None = None


class Ability(NamedTuple):
    """One thing that a venue can or cannot do: how, or what is done here instead."""

    name: str
    can: bool
    how: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """Something that needs a person; `severity` is `critical`, `warning` or `info`."""

    alarm: str
    severity: str
    text: str
    at_us: int
    count: int = 1
    acknowledged: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """A contradiction between two sources; `value` in the base currency, None: not known."""

    break_id: str
    kind: str
    account: Account
    detail: str
    at_us: int
    value: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Denial:
    """An order of today that the gate refused."""

    at_us: int
    client_id: str
    symbol: str
    account: Account
    side: str
    quantity: Decimal
    rule: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerView:
    """The ledger's head and what is proven of it. `verified` is what the last check said.

    `sealed_by` is the fingerprint of the key that seals each commit ("": nobody does);
    `anchored_seq` the newest row that was written outside, at `anchored_us`.
    """

    head_seq: int = 0
    head_hash: str = ""
    size_bytes: int = 0
    verified: str = ""
    verified_seq: int = 0
    verified_us: int = 0
    lag_us: int = 0
    sealed_by: str = ""
    anchored_seq: int = 0
    anchored_us: int = 0
    anchor_problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NavPoint:
    """Net asset value at a moment; `partial` when some balance or price was missing or stale."""

    at_us: int
    nav: Decimal
    partial: bool = False


@dataclass(frozen=True, kw_only=True)
class Board:
    """The whole desk at one moment.

    `abilities` are by venue, `keys` by account and purpose; `uids` are the venues' own ids of
    the accounts that names were bound to. `orders` holds every order that is not settled, and
    the newest settled ones; `fills` the newest fills, newest first; history is read by asks.
    `withdrawals` are by request, `addresses` by id; `withdrawal_policy` is the version in force,
    `withdrawal_policy_told` that of the settings file where it is not in force, else "".
    `drilled_us` is when the last proven drill of the kill switch ended, 0: never.
    `usage` and the views are refreshed when the board is published (10 times a second at most).
    """

    mode: Mode
    base_currency: str = "USD"
    phase: Phase = Phase.INIT
    armed: bool = False
    gateway: str = ""
    ledger_id: str = ""
    install_tag: str = ""
    run_id: str = ""
    version: int = 0
    now_us: int = 0
    started_us: int = 0
    halts: tuple[Halt, ...] = ()
    last_halt: Halt | None = None
    drilled_us: int = 0
    accounts: Table[str, AccountView] = field(default_factory=Table)
    venues: Table[str, VenueView] = field(default_factory=Table)
    abilities: Table[str, tuple[Ability, ...]] = field(default_factory=Table)
    keys: Table[str, KeyView] = field(default_factory=Table)
    uids: Table[str, str] = field(default_factory=Table)
    feeds: Table[str, Feed] = field(default_factory=Table)
    instruments: Table[str, Instrument] = field(default_factory=Table)
    prices: Table[str, Price] = field(default_factory=Table)
    marks: Table[str, Mark] = field(default_factory=Table)
    depths: Table[str, Depth] = field(default_factory=Table)
    orders: Table[str, OrderState] = field(default_factory=Table)
    fills: tuple[Fill, ...] = ()
    denials: tuple[Denial, ...] = ()
    alarms: tuple[Alarm, ...] = ()
    breaks: tuple[Break, ...] = ()
    limits_version: int = 0
    limits: Mapping[str, str] = field(default_factory=dict)
    limits_pending: Mapping[str, str] = field(default_factory=dict)
    usage: tuple[Usage, ...] = ()
    enrolled: tuple[str, ...] = ()
    nav: tuple[NavPoint, ...] = ()
    nav_day_open: Decimal | None = None
    nav_day: str = ""
    high_water: Decimal | None = None
    flows_today: Decimal = ZERO
    snapshots: Table[str, SnapshotView] = field(default_factory=Table)
    withdrawals: Table[str, Request] = field(default_factory=Table)
    addresses: Table[str, Address] = field(default_factory=Table)
    withdrawal_policy: str = ""
    withdrawal_policy_us: int = 0
    withdrawal_policy_told: str = ""
    ledger: LedgerView = field(default_factory=LedgerView)
    engine: EngineView = field(default_factory=EngineView)

    def but(self, **changes: Any) -> Self:
        """This board with some fields changed: `dataclasses.replace` at a tenth of its cost.

        A board has no slots for this reason: its fields are copied as one dictionary.
        """
        if not changes.keys() <= self.__dict__.keys():
            raise TypeError(f"a board has no {changes.keys() - self.__dict__.keys()}")
        board = object.__new__(type(self))
        board.__dict__.update(self.__dict__, **changes)
        return board

    @property
    def level(self) -> Level:
        """The halt level in force over everything; narrower halts are `level_over`'s."""
        return global_level(self.halts)

    def level_over(self, account: Account, symbol: str, strategy: str = "") -> Level:
        """The strictest halt level in force over one order."""
        return effective_level(self.halts, account, symbol, strategy)

    @property
    def killed(self) -> bool:
        """Whether a halt of HALT_CANCEL or above is in force over everything."""
        return self.level >= Level.HALT_CANCEL

    def price(self, venue: str, symbol: str) -> Price | None:
        """The newest price of a symbol at a venue; it may be old, see `at_us`."""
        return self.prices.get(at(venue, symbol))

    def breaks_of(self, client_id: str) -> tuple[Break, ...]:
        """The open breaks about one order: their ids are `KIND:client id[:when]`."""
        return tuple(b for b in self.breaks if f":{client_id}:" in f"{b.break_id}:")

    def vanished(self, client_id: str) -> Break | None:
        """The break of a working order that no search finds at its venue, if it is open."""
        gone = (known for known in self.breaks_of(client_id) if known.kind == VANISHED)
        return next(gone, None)

    def instrument(self, venue: str, symbol: str) -> Instrument | None:
        """What the venue allows of a symbol; None where it does not list it."""
        return self.instruments.get(at(venue, symbol))


def at(venue: str, symbol: str) -> str:
    """The key of everything that a venue has per symbol."""
    return f"{venue} {symbol}"
