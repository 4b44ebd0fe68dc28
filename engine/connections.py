"""What the engine holds of each venue: its traits and its ports, per account.

The one rule: an account without a trader cannot trade; nobody pretends otherwise.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from domain.board import Ability
from domain.errors import Refused
from domain.instruments import Account
from domain.keys import KeyChanger, KeyInspector, Purpose
from domain.ports import AccountReader, Market, Trader, VenueTraits, Vitals
from domain.withdrawals import WithdrawalLister, Withdrawer


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """One venue: public data once, private data and orders per account."""

    traits: VenueTraits
    market: Market
    readers: Mapping[Account, AccountReader]
    traders: Mapping[Account, Trader]
    vitals: Callable[[], Vitals] | None = None  # None: nothing is rationed there
    inspectors: Mapping[Account, Mapping[Purpose, KeyInspector]] = field(default_factory=dict)
    changers: Mapping[Account, Mapping[Purpose, KeyChanger]] = field(default_factory=dict)
    withdrawers: Mapping[Account, Withdrawer] = field(default_factory=dict)
    listers: Mapping[Account, WithdrawalLister] = field(default_factory=dict)
    abilities: tuple[Ability, ...] = ()

    @property
    def venue(self) -> str:
        """The venue's id."""
        return self.traits.venue


class Connections:
    """Every configured venue by its id."""

    def __init__(self, connections: Mapping[str, Connection]) -> None:
        self._connections = connections

    def __iter__(self) -> Iterator[Connection]:
        return iter(self._connections.values())

    @property
    def accounts(self) -> tuple[Account, ...]:
        """Every account of every venue, sorted."""
        return tuple(sorted(account for c in self for account in c.readers))

    def of(self, account: Account) -> Connection:
        """The venue of an account.

        Raises:
            Refused: when no such account is configured.
        """
        connection = self._connections.get(account.venue)
        if connection is None or account not in connection.readers:
            known = ", ".join(self.accounts) or "none"
            raise Refused("account", f"there is no account {account}; configured: {known}")
        return connection

    def by_venue(self, venue: str) -> Connection:
        """A venue by its id.

        Raises:
            Refused: when it is not configured.
        """
        connection = self._connections.get(venue)
        if connection is None:
            raise Refused("venue", f"there is no venue {venue}; see `quarterdeck status`")
        return connection

    def reader(self, account: Account) -> AccountReader:
        """The private data of an account."""
        return self.of(account).readers[account]

    def withdrawer(self, account: Account) -> Withdrawer:
        """The withdrawals of an account.

        Raises:
            Refused: when it has no key for them, or the mode sends none.
        """
        withdrawer = self.of(account).withdrawers.get(account)
        if withdrawer is None:
            raise Refused("withdraw_key", f"{account} has no withdraw key in this mode")
        return withdrawer

    def lister(self, account: Account) -> WithdrawalLister:
        """The venue's list of an account's withdrawals.

        Raises:
            Refused: when it is not read there.
        """
        lister = self.of(account).listers.get(account)
        if lister is None:
            raise Refused("withdrawals", f"the withdrawals of {account} are not listed")
        return lister

    def trader(self, account: Account) -> Trader:
        """The orders of an account.

        Raises:
            Refused: when it has no trade key, or the mode sends no orders.
        """
        trader = self.of(account).traders.get(account)
        if trader is None:
            raise Refused("trade_key", f"{account} has no trade key in this mode")
        return trader
