"""Asks about allocation versions, and what a person elects or says about movements.

The one rule: a version never changes; it is computed again from the facts that it was made of,
and its digest proves it. Whoever elects or claims needs a second factor, and is in the ledger.
"""

from dataclasses import dataclass
from decimal import Decimal

from domain.asks import Ask, Done

# Versions


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One allocation version as it was made; `filed` are the tax years that read it."""

    number: int
    at_us: int
    actor: str
    upto_seq: int
    head: str
    elections_sha: str
    program: str
    digest: str
    assets: tuple[str, ...]
    slices: int
    unmatched: int
    realised: Decimal
    filed: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionPage:
    """Versions newest first."""

    versions: tuple[Version, ...]
    total: int
    older: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadAllocations(Ask[VersionPage]):
    """Versions below number `before` (0: from the newest). Role: viewer."""

    before: int = 0
    limit: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class AllocationRow:
    """So much of a disposal out of one lot; `lot` "" is UNMATCHED, `acquired_us` 0 not known."""

    key: str
    asset: str
    account: str
    at_us: int
    kind: str
    lot: str
    acquired_us: int
    quantity: Decimal
    proceeds: Decimal | None
    basis: Decimal | None
    gain: Decimal | None
    flag: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AllocationPage:
    """One page of a version's rows. `proven`: computed again now, it has the same digest."""

    version: Version
    rows: tuple[AllocationRow, ...]
    total: int
    more: bool
    proven: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowAllocation(Ask[AllocationPage]):
    """Rows of a version after the first `skip`, of one asset if named. Role: viewer."""

    number: int
    asset: str = ""
    skip: int = 0
    limit: int = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class AllocationDiff:
    """What changed from one version to another; `realised` is the newer less the older."""

    old: int
    new: int
    realised: Decimal
    added: tuple[AllocationRow, ...]
    removed: tuple[AllocationRow, ...]
    added_total: int
    removed_total: int
    proven: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DiffAllocations(Ask[AllocationDiff]):
    """Which rows came and went between two versions, the first `limit` of each. Role: viewer."""

    old: int
    new: int
    limit: int = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrong:
    """One thing that is wrong with a version: which check, of what, and the numbers."""

    check: str
    what: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Validation:
    """What the checks of a version found, the first few of `total`; nothing is the proof."""

    number: int
    proven: bool
    findings: tuple[Wrong, ...]
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidateAllocation(Ask[Validation]):
    """Check a version: nothing twice, nothing lost, every sale covered or listed. Role: viewer."""

    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ComputeAllocation(Ask[Version]):
    """Make the next version, of some `assets` or of all. Role: admin.

    The rows of the other assets are those of the version before.
    """

    assets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FileTaxYear(Ask[Done]):
    """A tax year was filed with a `version` (0: the newest). Role: admin, with a code.

    A year is filed once; its forms read that version from then on.
    """

    code: str
    year: int
    version: int = 0


# Elections and claims


@dataclass(frozen=True, slots=True, kw_only=True)
class Elect(Ask[Done]):
    """From the date `effective_on` (else now) match lots like this. Role: admin, with a code.

    The date is YYYY-MM-DD in the desk's time zone; what is empty stays as it is. `method`
    is FIFO, LIFO, HIFO or ACB, for one `asset` if named; `scope` `universal` or
    `per account`, where `accounts` get the oldest lots in that order; `transfer_fee`
    FEE_IS_DISPOSAL or FEE_CARRIES_BASIS; `swap_fee` SHRINKS_LOT or REDUCES_VALUE.
    """

    code: str
    effective_on: str = ""
    asset: str = ""
    method: str = ""
    scope: str = ""
    accounts: tuple[str, ...] = ()
    transfer_fee: str = ""
    swap_fee: str = ""
    fees_apart: bool | None = None
    pegged: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Elected:
    """One election as it stands in the ledger; `retroactive`: made after it takes effect."""

    at_us: int
    actor: str
    effective_us: int
    retroactive: bool
    says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ElectionPage:
    """Elections in the order in which they take effect, and the policy of today in words."""

    elections: tuple[Elected, ...]
    now: str
    more: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadElections(Ask[ElectionPage]):
    """How lots are matched, since when, and who said so. Role: viewer."""

    limit: int = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplyBasis(Ask[Done]):
    """What units of a deposit or an opening balance cost, and when. Role: admin, with a code.

    `reference` is the movement's key or `opening:<venue>/<account>:<asset>`, `value` the whole
    cost in the base currency, `quantity` None: all of it, `acquired_on` a date YYYY-MM-DD.
    """

    code: str
    reference: str
    value: Decimal
    acquired_on: str
    quantity: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchTransfer(Ask[Done]):
    """A withdrawal and a deposit, by their keys, are one transfer. Role: admin, with a code.

    `rate` is one unit in the base currency when it left, for the fee.
    """

    code: str
    departure: str
    arrival: str
    rate: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassMovement(Ask[Done]):
    """What a deposit or a withdrawal was, like income or a gift. Role: admin, with a code.

    A deposit: income, staking, airdrop, interest, funding; a withdrawal: payment, gift, loss,
    funding. `value` is its worth in the base currency then.
    """

    code: str
    reference: str
    kind: str
    value: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawClaims(Ask[Done]):
    """What was said of a movement no longer counts. Role: admin, with a code."""

    code: str
    reference: str
    reason: str
