"""Asks about value over time: snapshots, returns, and the benchmark beside them.

The one rule: each return is named for what it is, a figure that is not known is None and never
zero, and what rests on partial data says so. Fractions: -0.01 is one percent down.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from domain.asks import Ask
from domain.money import ZERO

# Snapshots


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotRow:
    """One snapshot; `late` is an hour or more after `planned_us`. See `SnapshotTaken`."""

    account: str
    local_date: str
    time_zone: str
    at_us: int
    planned_us: int
    late: bool
    nav: Decimal
    assets: Mapping[str, Decimal]
    values: Mapping[str, Decimal]
    doubts: tuple[str, ...] = ()
    margin: Decimal = ZERO


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotPage:
    """Snapshots newest first, `total` of them in all; the next one is due at `next_us` (0: off).

    `waiting` says why one that is due is not taken yet.
    """

    account: str
    base_currency: str
    snapshots: tuple[SnapshotRow, ...]
    total: int
    next_us: int
    waiting: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadSnapshots(Ask[SnapshotPage]):
    """The newest daily snapshots of an account, or of all together (""). Role: viewer."""

    limit: int = 30
    account: str = ""


# Pulling


@dataclass(frozen=True, slots=True, kw_only=True)
class PulledAccount:
    """How one account was read; `problem` is empty when it was read whole."""

    account: str
    problem: str = ""
    remedy: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulled:
    """What a pull did. `taken` is the date of the snapshot that it took, "": none was.

    `doubts` are what a snapshot that is due waits for, or lacks if it was taken all the same.
    `newest` is the date of the newest snapshot, which was taken at `newest_us`; the next one is
    due at `next_us` (0: off).
    """

    accounts: tuple[PulledAccount, ...]
    breaks: int
    taken: str
    newest: str
    newest_us: int
    next_us: int
    doubts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Pull(Ask[Pulled]):
    """Reconcile every account now, and take the snapshot that is due. Role: trader.

    One that would lack something waits, unless `partial` allows it.
    """

    partial: bool = False


# Returns


@dataclass(frozen=True, slots=True, kw_only=True)
class DayResult:
    """From the snapshot of `local_date` to the next one, `days` later.

    `inflow` and `outflow` are both above zero. `gain` and `fraction` are None where a flow of
    that time has no value (`unvalued` names it); `fraction` also where no capital was at work.
    """

    local_date: str
    days: int
    opening: Decimal
    closing: Decimal
    inflow: Decimal
    outflow: Decimal
    gain: Decimal | None
    fraction: Decimal | None
    partial: bool
    unvalued: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Returns:
    """Daily results newest first (`total` in all), and the returns over the days shown.

    They reach from the snapshot of `first_date` to that of `last_date` ("": not two of them).
    `xirr` is a yearly rate, actual/365. Formulas: `accounting.returns`.
    """

    account: str
    base_currency: str
    days: tuple[DayResult, ...]
    total: int
    first_date: str
    last_date: str
    gain: Decimal | None
    twr: Decimal | None
    xirr: Decimal | None
    modified_dietz: Decimal | None
    partial: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadReturns(Ask[Returns]):
    """Daily returns adjusted for flows, and TWR, XIRR and modified Dietz. Role: viewer."""

    limit: int = 30
    account: str = ""


# The benchmark


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchmarkDay:
    """A day's two returns as fractions and their difference, and both values at its end.

    `nav` and `value` are those of the snapshot that ends it, `difference` is `nav` less
    `value`.
    """

    local_date: str
    days: int
    nav: Decimal
    value: Decimal | None
    difference: Decimal | None
    account: Decimal | None
    benchmark: Decimal | None
    outperformance: Decimal | None
    partial: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """The account's TWR beside its benchmark's, over the days shown that have both.

    `weights` are fractions of one. `rebalanced` is the date of the newest rebalance, `flows`
    counts the deposits and withdrawals inside. `waiting` says what it lacks to begin or go on.
    """

    account: str
    base_currency: str
    weights: Mapping[str, Decimal]
    days: tuple[BenchmarkDay, ...]
    total: int
    twr: Decimal | None
    benchmark_twr: Decimal | None
    outperformance: Decimal | None
    units: Mapping[str, Decimal]
    rebalanced: str
    flows: int
    waiting: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadBenchmark(Ask[Comparison]):
    """The account beside fixed weights of some assets with the same flows. Role: viewer."""

    limit: int = 30
    account: str = ""
