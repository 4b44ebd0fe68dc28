"""Asks about what it is worth and what it earned, and how lots are matched.

The one rule: a figure that is not known is None and is named, never zero; every answer is
bounded and says whether there is more. Money is in the base currency, times are UTC
microseconds.
"""

from dataclasses import dataclass
from decimal import Decimal

from domain.asks import Ask

# Profit and loss


@dataclass(frozen=True, slots=True, kw_only=True)
class RealisedPnl:
    """What sales of an asset in a window earned; `fees` are in `gain` already.

    `unknown` is the quantity that was sold without a known gain. `percent` is of `basis`.
    """

    window: str
    gain: Decimal
    basis: Decimal
    proceeds: Decimal
    unknown: Decimal
    fees: Decimal
    funding: Decimal
    percent: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetPnl:
    """An asset's open lots and what its sales earned, window by window.

    `unknown` of `quantity` has no known basis: it is in `value` and not in `unrealised`. Both
    are None without a price; `price_at_us` is how old the price is (0: there is none).
    """

    asset: str
    quantity: Decimal
    basis: Decimal
    unknown: Decimal
    value: Decimal | None
    unrealised: Decimal | None
    price_at_us: int
    realised: tuple[RealisedPnl, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PnlTotal:
    """The sum of a window over the assets that were asked for; `unknown` names those with gaps."""

    window: str
    gain: Decimal
    fees: Decimal
    funding: Decimal
    unknown: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pnl:
    """Profit and loss as of `as_of_us`, by facts up to ledger row `upto_seq`.

    `unrealised` is the sum of what is known; `unpriced` are assets without a price,
    `without_basis` those with lots whose basis nobody knows. `problems` counts entries that
    could not be taken as they are, the newest few are in `problem`.
    """

    as_of_us: int
    upto_seq: int
    base_currency: str
    assets: tuple[AssetPnl, ...]
    totals: tuple[PnlTotal, ...]
    unrealised: Decimal
    unpriced: tuple[str, ...] = ()
    without_basis: tuple[str, ...] = ()
    problems: int = 0
    problem: tuple[str, ...] = ()
    older: bool = False
    account: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadPnl(Ask[Pnl]):
    """Realised and unrealised gain by asset and window: 24h, 7d, 30d, day, all. Role: viewer.

    No `windows` means all of them, no `assets` every asset that was ever held. With an `account`
    it is what was sold there, and what is left of lots there (where lots are universal: of lots
    that were acquired there); over all accounts that adds up to the whole.
    """

    windows: tuple[str, ...] = ()
    assets: tuple[str, ...] = ()
    account: str = ""


# Lots


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldLot:
    """What is left of a lot. `acquired_us` 0 and `basis` None: nobody knows.

    `unit_basis` is the basis of one unit. A sale from `long_us` on is LONG (0: not
    known), `price_at_us` is how old the price behind `value` is (0: there is none).
    """

    key: str
    asset: str
    account: str
    acquired_us: int
    quantity: Decimal
    basis: Decimal | None
    value: Decimal | None
    unrealised: Decimal | None
    unit_basis: Decimal | None = None
    price_at_us: int = 0
    long_us: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LotPage:
    """Open lots by asset and place, oldest first; `method` is in force for each asset."""

    lots: tuple[HeldLot, ...]
    total: int
    more: bool
    scope: str
    method: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadLots(Ask[LotPage]):
    """Open lots after the first `skip`, of one asset or account if named. Role: viewer."""

    asset: str = ""
    account: str = ""
    skip: int = 0
    limit: int = 200


# Net asset value


@dataclass(frozen=True, slots=True, kw_only=True)
class NavLine:
    """So much of an asset in an account; without a price `value` is None, `price_at_us` 0."""

    account: str
    asset: str
    kind: str
    quantity: Decimal
    value: Decimal | None
    price: Decimal | None
    price_at_us: int
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A part of the total by asset, venue or account; `percent` is of the total.

    `quantity` is that of an asset over all accounts; None for a venue or an account.
    """

    name: str
    value: Decimal
    percent: Decimal | None
    quantity: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NavReport:
    """Net asset value. `total` holds what has a price; `unpriced` is apart and in no sum.

    `missing` are accounts whose balances are not known, `stale` assets whose price is old.
    """

    at_us: int
    base_currency: str
    total: Decimal
    partial: bool
    oldest_price_us: int
    lines: tuple[NavLine, ...]
    by_asset: tuple[Share, ...]
    by_venue: tuple[Share, ...]
    by_account: tuple[Share, ...]
    unpriced: tuple[NavLine, ...] = ()
    missing: tuple[str, ...] = ()
    stale: tuple[str, ...] = ()
    more: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadNav(Ask[NavReport]):
    """Balances at marks, by asset, venue and account, with the age of prices. Role: viewer."""

    limit: int = 500


# Explaining


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a lot or a sale comes from: ledger row `seq` (0: it has none) and the venue's ids.

    `valued_by` is whose recorded price gave it its value, "" where it carries its own.
    """

    key: str
    seq: int
    kind: str
    venue: str
    venue_id: str
    order_id: str
    valued_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One part of a figure; `amount` None is not known, and `flag` says why."""

    amount: Decimal | None
    quantity: Decimal
    proceeds: Decimal | None
    basis: Decimal | None
    flag: str
    sold: Origin | None
    lot: Origin | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """A figure and its parts, which add up to it exactly; `steps` is one page of `total`."""

    figure: str
    asset: str
    window: str
    amount: Decimal
    price: Decimal | None
    steps: tuple[Step, ...]
    total: int
    more: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Explain(Ask[Explanation]):
    """What `realised` or `unrealised` of an asset is made of. Role: viewer.

    With an `account` it is the figure that `ReadPnl` tells of it.
    """

    figure: str
    asset: str
    window: str = "all"
    account: str = ""
    skip: int = 0
    limit: int = 200
