"""A loopback venue as one object: its truth, its keys, and how it misbehaves.

The one rule: everything runs on one event loop's thread. Other threads go through
`tests.wire.host.VenueThread`. A family adds its fees, its names and its private rules.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Generic

from domain.money import ZERO
from tests.wire.clock import SECOND, Clock, WallClock
from tests.wire.exchange import Exchange, HouseRules
from tests.wire.faults import Faults
from tests.wire.journal import Journal
from tests.wire.keyring import K, KeyRing
from tests.wire.orders import Execution, Pair, PublicTrade, Ticket
from tests.wire.outbox import Tampering
from tests.wire.stats import DayStats

MAIN = "main"


@dataclass(slots=True)
class Transfer:
    """A deposit or a withdrawal. `amount` excludes the fee; `address` and `key` name where.

    `touched_us` is when its status last changed; zero while it never did.
    """

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
    tag: str = ""
    network: str = ""
    touched_us: int = 0


@dataclass(slots=True)
class Quirks:
    """How this venue deviates from its truth or its promise, until told otherwise.

    `lag_us` hides what is younger from REST lists (orders, trades, balances, ledgers);
    `stubborn` refuses every n-th cancel; `hostile` puts text into rows (descr, misc, reason,
    asset); `mode` is what the status endpoint says, and `quiet_mode` hides it there.
    """

    lag_us: dict[str, int] = field(default_factory=dict)
    stubborn: int = 0
    hostile: dict[str, str] = field(default_factory=dict)
    mode: str = "online"
    quiet_mode: bool = False


@dataclass(frozen=True, slots=True)
class Setting:
    """What a family fixes: its pairs, their opening prices, and the words for money moved."""

    pairs: Mapping[str, Pair]
    opening: Mapping[str, Decimal]
    arrived: str
    leaving: str
    house: HouseRules = field(default_factory=HouseRules)
    token_life_s: int = 900


class Venue(Generic[K]):
    """One loopback venue. `balances` are given to account `main` at the start.

    The same seed, clock and requests give the same ids, prices and trades.
    """

    def __init__(
        self,
        setting: Setting,
        keys: KeyRing[K],
        *,
        seed: int,
        clock: Clock | None,
        balances: Mapping[str, str],
    ) -> None:
        self.clock = clock or WallClock()
        self.seed = seed
        self.setting = setting
        self.exchange = Exchange(self.clock, setting.pairs, self.fees, seed, house=setting.house)
        self.keys = keys
        self.faults = Faults()
        self.tampering = {"public": Tampering(), "private": Tampering()}
        self.journal = Journal()
        self.quirks = Quirks()
        self.stats = {symbol: DayStats.opening(price) for symbol, price in setting.opening.items()}
        self.transfers: list[Transfer] = []
        self.addresses: dict[str, tuple[str, str]] = {}  # withdrawal key -> (asset, address)
        self.tokens: dict[str, tuple[str, int]] = {}  # socket token -> (API key, expires_us)
        self.volumes: dict[str, Decimal] = {}  # owner -> 30-day volume in the family's unit
        self._cancels = 0
        self.exchange.settlement.on_trade.append(self._count)
        self.open_account(MAIN, balances)

    # Questions

    def now_us(self) -> int:
        """The venue's time."""
        return self.clock.now_us()

    def fees(self, owner: str, symbol: str) -> tuple[Decimal, Decimal]:
        """(maker, taker) rates of an owner as fractions, by its 30-day volume."""
        raise NotImplementedError

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

    def totals(self, owner: str) -> list[tuple[str, Decimal]]:
        """Every balance that lists may show, by asset."""
        accounts, lag_us = self.exchange.accounts, self.quirks.lag_us.get("balances", 0)
        if not lag_us:
            return list(accounts.balances(owner).items())
        then = self.now_us() - lag_us
        return [
            (asset, accounts.balance_at(owner, asset, then)) for asset in accounts.balances(owner)
        ]

    # Acts

    def open_account(self, owner: str, balances: Mapping[str, str]) -> None:
        """A new account with a key for each purpose and money from outside."""
        for purpose in self.keys.purposes:
            self.keys.issue(owner, purpose, self.now_us())
        for asset, amount in balances.items():
            self.deposit(owner, asset, Decimal(amount))

    def deposit(self, owner: str, asset: str, amount: Decimal, *, holder: str = "") -> Transfer:
        """Money arrives from outside; the books give it to `holder`, else to the owner."""
        entry = self.exchange.move(holder or owner, asset, amount, kind="deposit")
        transfer = Transfer(
            entry.reference, "deposit", owner, asset, amount, ZERO, entry.at_us,
            self.setting.arrived,
        )  # fmt: skip
        self.transfers.append(transfer)
        return transfer

    def withdraw(
        self,
        owner: str,
        asset: str,
        amount: Decimal,
        fee: Decimal,
        *,
        key: str = "",
        holder: str = "",
    ) -> Transfer:
        """Money leaves, `fee` on top of `amount`. Raises Overdrawn."""
        entry = self.exchange.move(holder or owner, asset, -amount, kind="withdrawal", fee=fee)
        address = self.addresses.get(key, (asset, "an address we never saw"))[1]
        transfer = Transfer(
            entry.reference, "withdrawal", owner, asset, amount, fee, entry.at_us,
            self.setting.leaving, address, key,
        )  # fmt: skip
        self.transfers.append(transfer)
        return transfer

    def refuses_cancel(self) -> bool:
        """Whether this cancel is one of those that a stubborn venue refuses."""
        self._cancels += 1
        return bool(self.quirks.stubborn) and self._cancels % self.quirks.stubborn == 0

    def tick(self) -> None:
        """Do what time alone makes due."""
        self.exchange.expire_due()

    def token(self, key: str) -> str:
        """A new socket token for a key; an empty key is the public."""
        token = self.exchange.names.mint("W") + self.exchange.names.mint("K")
        self.tokens[token] = (key, self.now_us() + self.setting.token_life_s * SECOND)
        return token

    def _count(self, trade: PublicTrade) -> None:
        self.stats[trade.symbol].add(trade)
