"""Facts about value over time: what an account was worth, and prices that a benchmark needs.

The one rule: one snapshot per account and local date, and one set of prices per occasion,
whatever happens; a snapshot that lacks something says what (`doubts`). Returns and the
benchmark are computed from these and from the flows, and are never stored beside them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from domain.events import Fact
from domain.money import ZERO

FLOW = "flow"
REBALANCE = "rebalance"


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotTaken(Fact):
    """What an account (`venue/name`, "" for all together) held and was worth on a local date.

    `planned_us` is when it should have been taken, `at_us` when it was. `assets` are
    quantities, `values` their worth in the base currency; an asset without a price is in
    `assets` alone. `prices` are those of one unit, also of what the benchmark is made of.
    `margin` is the part of `nav` that lies in futures wallets, with what is open there.
    `doubts` say what is left out or old; without any the snapshot is whole.
    """

    account: str
    local_date: str
    time_zone: str
    planned_us: int
    nav: Decimal
    assets: Mapping[str, Decimal]
    values: Mapping[str, Decimal]
    prices: Mapping[str, Decimal]
    doubts: tuple[str, ...] = ()
    margin: Decimal = ZERO

    def key(self) -> str:
        """One per account and date, for ever."""
        return f"snapshot:{self.account}:{self.local_date}"

    @property
    def partial(self) -> bool:
        """Whether something is left out of it, or rests on old data."""
        return bool(self.doubts)


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotView:
    """The newest daily snapshot of an account ("" for all): its date, moment and worth."""

    account: str
    local_date: str
    at_us: int
    nav: Decimal
    partial: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PricesMarked(Fact):
    """What the benchmark's assets were worth when it needed that, in the base currency.

    `occasion` is `flow:<key of the movement>` or `rebalance:<local date>`.
    """

    occasion: str
    prices: Mapping[str, Decimal]

    def key(self) -> str:
        """One set of prices an occasion."""
        return f"prices:{self.occasion}"
