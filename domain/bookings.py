"""Facts about money: fills, movements, opening balances, checkpoints, marks of value.

The one rule: balances, positions and P&L are computed from these and never stored beside them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from domain.events import Fact
from domain.instruments import Account
from domain.market import Movement
from domain.orders import Fill

IMPORTED = "import"
# Of a time before the account's opening balance, which therefore contains it already.
IMPORTED_EARLIER = "import, before the opening"


@dataclass(frozen=True, slots=True, kw_only=True)
class FillBooked(Fact):
    """An execution entered the book. `base_rate` is one quote unit in the base currency.

    `fee_rate` is the same of the fee's asset, where that is neither base nor quote.
    """

    fill: Fill
    source: str
    base_rate: Decimal | None = None
    fee_rate: Decimal | None = None

    def key(self) -> str:
        """The venue's trade makes it unique, whoever tells it and how often."""
        return self.fill.key

    @property
    def before_opening(self) -> bool:
        """Whether the account's opening balance contains it: it moves no balance of today."""
        return self.source == IMPORTED_EARLIER


@dataclass(frozen=True, slots=True, kw_only=True)
class FillReversed(Fact):
    """A booked fill is taken back (an inferred one whose real fills arrived)."""

    fill: Fill
    reason: str
    base_rate: Decimal | None = None

    def key(self) -> str:
        """A fill is reversed once."""
        return f"reversal:{self.fill.key}"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpeningBalance(Fact):
    """What an account held before the first fact we have of it; basis unknown."""

    account: Account
    assets: Mapping[str, Decimal]

    def key(self) -> str:
        """An account opens once."""
        return f"opening:{self.account}"


@dataclass(frozen=True, slots=True, kw_only=True)
class MovementBooked(Fact):
    """A deposit or a withdrawal entered the book."""

    movement: Movement
    source: str

    def key(self) -> str:
        """The venue's reference makes it unique."""
        return self.movement.key

    @property
    def before_opening(self) -> bool:
        """Whether the account's opening balance contains it: it moves no balance of today."""
        return self.source == IMPORTED_EARLIER


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint(Fact):
    """Where reconciliation stands for an account: history is complete up to `watermark_us`."""

    account: Account
    watermark_us: int
    balances: Mapping[str, Decimal]


@dataclass(frozen=True, slots=True, kw_only=True)
class NavMarked(Fact):
    """The desk's net asset value and its high-water mark, in the base currency.

    The first mark of a `local_date` opens that day's P&L; the high-water mark has been shifted
    by every flow, and survives a restart through these marks. `counted` are the assets inside
    it, `left_out` those that had no price, `accounts` those that it covers (older rows: ()).
    """

    local_date: str
    nav: Decimal
    high_water: Decimal
    counted: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    accounts: tuple[Account, ...] = ()
