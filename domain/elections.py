"""Facts about how the book is counted: elections, claims about movements, allocation versions.

The one rule: none of these changes a fill or a movement. They say how lots are matched and what
a movement was, with who said it and when; `accounting` computes the lots from all of it, so a
version of the past can be computed again and proven to be the same.
"""

from dataclasses import dataclass
from decimal import Decimal

from domain.events import Fact


@dataclass(frozen=True, slots=True, kw_only=True)
class LotsElected(Fact):
    """From `effective_us` on, what is not empty here holds (`accounting.elections`).

    `asset` narrows `method` to one asset. `method` is FIFO, LIFO, HIFO or ACB; `scope` is
    `universal` or `per account`, where `accounts` get the oldest lots in that order.
    """

    effective_us: int
    asset: str = ""
    method: str = ""
    scope: str = ""
    accounts: tuple[str, ...] = ()
    transfer_fee: str = ""
    swap_fee: str = ""
    fees_apart: bool | None = None
    pegged: tuple[str, ...] | None = None

    @property
    def retroactive(self) -> bool:
        """Whether it was made after the moment from which it holds."""
        return self.at_us > self.effective_us


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferMatched(Fact):
    """The withdrawal `departure` and the deposit `arrival` are one transfer between own accounts.

    Both are keys of movements. `rate` is one unit in the base currency when it left.
    """

    departure: str
    arrival: str
    rate: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BasisSupplied(Fact):
    """What `quantity` of a deposit or an opening balance cost, and when it was acquired.

    `reference` is the movement's key, or `opening:<venue>/<account>:<asset>`. `value` is the
    whole cost in the base currency. `quantity` None: all of it.
    """

    reference: str
    value: Decimal
    acquired_us: int
    quantity: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MovementClassed(Fact):
    """What a movement was: income, staking, airdrop, interest; payment, gift, loss; funding.

    `value` is its worth in the base currency at that time.
    """

    reference: str
    kind: str
    value: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimsWithdrawn(Fact):
    """What was said of a movement so far (match, basis, kind) no longer counts."""

    reference: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AllocationMade(Fact):
    """Version `number` of all lots, computed from the facts up to row `upto_seq`.

    The rows of a version are not kept: they are computed again from those facts, and `digest`
    (SHA-256 of every row of it) proves that they are the same. `assets` are those that were
    computed anew, () means all. `realised` and the counts are what it said then.
    """

    number: int
    upto_seq: int
    head: str
    elections_sha: str
    base_currency: str
    tax_time_zone: str
    program: str
    digest: str
    assets: tuple[str, ...] = ()
    slices: int = 0
    unmatched: int = 0
    realised: Decimal = Decimal(0)

    def key(self) -> str:
        """A number is given once."""
        return f"allocation:{self.number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxYearFiled(Fact):
    """A tax year was filed with this version of the allocations, which it reads from now on."""

    year: int
    version: int

    def key(self) -> str:
        """A year is filed once; what differs later is told beside it."""
        return f"filed:{self.year}"
