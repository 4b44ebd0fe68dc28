"""Facts by which a person fills in what no venue tells: prices of the past, a balance adopted.

The one rule: each carries who said it and why, and changes no fact that stands already.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from domain.events import Fact
from domain.instruments import Account

SNAPSHOT = "daily snapshot"


@dataclass(frozen=True, slots=True, kw_only=True)
class PricesRecorded(Fact):
    """What one unit was worth from `since_us` up to (not at) `until_us`, in the base currency.

    It values what happened in that time and carries no value of its own. `source` says whose
    prices these are: a file's name, or the daily snapshot.
    """

    since_us: int
    until_us: int
    prices: Mapping[str, Decimal]
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BalanceAdopted(Fact):
    """A person takes `amount` (with its sign) into the books that no fact explains.

    It was there before the first fact, or had left by then: it is no profit and no deposit.
    `value` is the whole cost of units that came, in the base currency, and `acquired_us` when
    they were acquired; None: nobody knows. With `wallet` nothing came or left at all: it was
    moved from or to that wallet of the same account.
    """

    account: Account
    asset: str
    amount: Decimal
    reason: str
    value: Decimal | None = None
    acquired_us: int = 0
    wallet: str = ""
