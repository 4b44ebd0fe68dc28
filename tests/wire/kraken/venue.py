"""The loopback Kraken as one object: its truth, its keys, and how it misbehaves.

The one rule: everything runs on one event loop's thread. Other threads go through
`tests.wire.host.VenueThread`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from random import Random

from domain.money import ZERO, exactly
from tests.wire.clock import SECOND, Clock, WallClock
from tests.wire.exchange import Exchange
from tests.wire.faults import Faults
from tests.wire.journal import Journal
from tests.wire.kraken.assets import LISTINGS
from tests.wire.kraken.keys import PURPOSES, KeyRing
from tests.wire.kraken.limits import Limits
from tests.wire.kraken.stats import DayStats
from tests.wire.orders import Execution, PublicTrade, Ticket
from tests.wire.outbox import Tampering

MAIN = "main"
BALANCES = {
    "USD": "100000",
    "BTC": "1.5",
    "ETH": "20",
    "SOL": "100",
    "XRP": "5000",
    "USDT": "10000",
}
TOKEN_LIFE_S = 900
MODES = ("online", "maintenance", "cancel_only", "post_only", "limit_only")


@dataclass(slots=True)
class Transfer:
    """A deposit or a withdrawal. `amount` excludes the fee; `address` and `key` name where."""

    reference: str
    kind: str
    owner: str
    asset: str
    amount: Decimal
    fee: Decimal
    at_us: int
    status: str
    address: str = ""
    key: str = ""
    txid: str = ""


@dataclass(slots=True)
class Quirks:
    """How this venue deviates from its truth or its promise, until told otherwise.

    `lag_us` hides what is younger from REST lists (orders, trades, balances, ledgers);
    `stubborn` refuses every n-th cancel; `hostile` puts text into rows (descr, misc, reason,
    asset); `mode` is what SystemStatus says, and `quiet_mode` hides it there.
    """

    lag_us: dict[str, int] = field(default_factory=dict)
    stubborn: int = 0
    hostile: dict[str, str] = field(default_factory=dict)
    mode: str = "online"
    quiet_mode: bool = False
    one_snapshot_frame: bool = True


class KrakenVenue:
    """One loopback Kraken. `balances` are given to account `main` at the start.

    The same seed, clock and requests give the same ids, prices and trades.
    """

    def __init__(
        self,
        *,
        seed: int = 1,
        clock: Clock | None = None,
        limits: Limits | None = None,
        balances: Mapping[str, str] | None = None,
    ) -> None:
        self.clock = clock or WallClock()
        self.seed = seed
        pairs = {symbol: listing.terms() for symbol, listing in LISTINGS.items()}
        self.exchange = Exchange(self.clock, pairs, self.fees, seed)
        self.limits = limits or Limits()
        self.keys = KeyRing(Random(seed + 1))
        self.faults = Faults()
        self.tampering = {"public": Tampering(), "private": Tampering()}
        self.journal = Journal()
        self.quirks = Quirks()
        self.stats = {s: DayStats.opening(Decimal(x.open_price)) for s, x in LISTINGS.items()}
        self.transfers: list[Transfer] = []
        self.addresses: dict[str, tuple[str, str]] = {}  # withdrawal key -> (asset, address)
        self.tokens: dict[str, tuple[str, int]] = {}  # socket token -> (API key, expires_us)
        self.dead_man: dict[str, int] = {}  # owner -> when everything is canceled
        self.volumes: dict[str, Decimal] = {}  # owner -> 30-day volume in USD
        self._cancels = 0
        self.exchange.settlement.on_trade.append(self._count)
        self.open_account(MAIN, BALANCES if balances is None else balances)

    # Questions

    def now_us(self) -> int:
        """The venue's time."""
        return self.clock.now_us()

    def fees(self, owner: str, symbol: str) -> tuple[Decimal, Decimal]:
        """(maker, taker) rates of an owner as fractions, by its 30-day volume."""
        volume = self.volumes.get(owner, ZERO)
        with exactly():
            maker, taker = (
                next(Decimal(p) for least, p in reversed(tiers) if volume >= least) / 100
                for tiers in LISTINGS[symbol].tiers()
            )
        return maker, taker

    def seen(self, what: str, at_us: int) -> bool:
        """Whether something of that time is visible in REST lists yet."""
        return at_us <= self.now_us() - self.quirks.lag_us.get(what, 0)

    def tickets(self, owner: str) -> list[Ticket]:
        """Every order of an owner that lists may show, oldest first."""
        mine = (t for t in self.exchange.tickets.values() if t.wish.owner == owner)
        return [ticket for ticket in mine if self.seen("orders", ticket.opened_us)]

    def executions(self, owner: str) -> list[Execution]:
        """Every execution of an owner that lists may show, oldest first."""
        mine = (e for e in self.exchange.settlement.executions if e.owner == owner)
        return [execution for execution in mine if self.seen("trades", execution.at_us)]

    # Acts

    def open_account(self, owner: str, balances: Mapping[str, str]) -> None:
        """A new account with a key for each purpose and money from outside."""
        for purpose in PURPOSES:
            self.keys.issue(owner, purpose, self.now_us())
        for asset, amount in balances.items():
            self.deposit(owner, asset, Decimal(amount))

    def deposit(self, owner: str, asset: str, amount: Decimal) -> Transfer:
        """Money arrives from outside."""
        entry = self.exchange.move(owner, asset, amount, kind="deposit")
        transfer = Transfer(
            entry.reference, "deposit", owner, asset, amount, ZERO, entry.at_us, "Success"
        )
        self.transfers.append(transfer)
        return transfer

    def withdraw(
        self, owner: str, asset: str, amount: Decimal, fee: Decimal, *, key: str = ""
    ) -> Transfer:
        """Money leaves, `fee` on top of `amount`. Raises Overdrawn."""
        entry = self.exchange.move(owner, asset, -amount, kind="withdrawal", fee=fee)
        address = self.addresses.get(key, (asset, "an address we never saw"))[1]
        transfer = Transfer(
            entry.reference, "withdrawal", owner, asset, amount, fee, entry.at_us, "Initial",
            address, key,
        )  # fmt: skip
        self.transfers.append(transfer)
        return transfer

    def refuses_cancel(self) -> bool:
        """Whether this cancel is one of those that a stubborn venue refuses."""
        self._cancels += 1
        return bool(self.quirks.stubborn) and self._cancels % self.quirks.stubborn == 0

    def tick(self) -> None:
        """Do what time alone makes due: expiries and dead-man's switches."""
        self.exchange.expire_due()
        now = self.now_us()
        for owner in [o for o, due in self.dead_man.items() if due <= now]:
            del self.dead_man[owner]
            for ticket in self.exchange.open_tickets(owner):
                self.exchange.cancel(ticket, "Cancel all orders after timeout")

    def token(self, key: str) -> str:
        """A new socket token for a key."""
        token = self.exchange.names.mint("W") + self.exchange.names.mint("K")
        self.tokens[token] = (key, self.now_us() + TOKEN_LIFE_S * SECOND)
        return token

    def _count(self, trade: PublicTrade) -> None:
        self.stats[trade.symbol].add(trade)
