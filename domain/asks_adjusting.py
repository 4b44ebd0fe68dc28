"""Asks that fill in what no venue tells: prices of the past, a balance that nothing explains.

The one rule: whoever answers checks what can be meant, and says what was written down.
"""

from dataclasses import dataclass
from decimal import Decimal

from domain.asks import Ask
from domain.instruments import Account


@dataclass(frozen=True, slots=True, kw_only=True)
class PastPrice:
    """What one unit of an asset was worth from `since_us` up to (not at) `until_us`."""

    asset: str
    since_us: int
    until_us: int
    price: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class PricesTaken:
    """How many prices were new, and how many were known already."""

    recorded: int
    known: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordPrices(Ask[PricesTaken]):
    """Write prices of the past down; they value what carries no value of its own. Role: admin."""

    prices: tuple[PastPrice, ...]
    source: str
    dry_run: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Adopted:
    """The venue told `theirs`, the facts gave `ours`; `amount` is what is adopted."""

    asset: str
    ours: Decimal
    theirs: Decimal
    amount: Decimal
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AdoptBalance(Ask[Adopted]):
    """Take the difference of a BALANCE_UNEXPLAINED break into the books. Role: admin, with code.

    `value` is what units that came had cost in all, acquired on the date `acquired_on`. With
    `wallet` it was moved from or to that futures wallet. A dry run needs no code.
    """

    account: Account
    asset: str
    reason: str
    code: str = ""
    value: Decimal | None = None
    acquired_on: str = ""
    wallet: str = ""
    dry_run: bool = False
