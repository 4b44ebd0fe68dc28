"""Proof of an allocation version: nothing taken twice, nothing lost, every sale accounted for.

The one rule: it recomputes from the version's own rows alone and trusts none of the code that
made them. An empty list of findings is the proof.
"""

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal, localcontext
from typing import NamedTuple

from accounting.allocations import Allocation, Sliced
from accounting.lots import BASIS_UNKNOWN, UNMATCHED
from accounting.postings import EXACT
from domain.money import ZERO, canonical


class Finding(NamedTuple):
    """One thing that is wrong: which check, of what, and the numbers."""

    check: str
    what: str
    detail: str


def validate(version: Allocation, previous: Allocation | None = None) -> list[Finding]:
    """Everything wrong with a version; more unmatched sales than `previous` had is wrong too."""
    with localcontext(EXACT):
        return [
            *_over_allocated(version),
            *_quantity(version),
            *_basis(version),
            *_covered(version),
            *_dates(version),
            *_flags(version),
            *_more_unmatched(version, previous),
        ]


def _over_allocated(version: Allocation) -> Iterable[Finding]:
    came: dict[tuple[str, str], Decimal] = defaultdict(lambda: ZERO)
    gone: dict[tuple[str, str], Decimal] = defaultdict(lambda: ZERO)
    for lot in version.acquired:
        came[lot.asset, lot.key] += lot.quantity
    for row in version.slices:
        if row.lot:
            gone[row.asset, row.lot] += row.quantity
    for left in version.open:
        gone[left.asset, left.key] += left.quantity
        if left.quantity < ZERO:
            yield Finding("over-allocated", left.key, f"{canonical(left.quantity)} is left")
    for (asset, key), quantity in gone.items():
        if quantity > came[asset, key]:
            told = f"{canonical(quantity)} of {canonical(came[asset, key])} {asset}"
            yield Finding("over-allocated", key, f"{told} is allocated or left")


def _quantity(version: Allocation) -> Iterable[Finding]:
    off: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for lot in version.acquired:
        off[lot.asset] += lot.quantity
    for row in version.slices:
        if row.lot:
            off[row.asset] -= row.quantity
    for left in version.open:
        off[left.asset] -= left.quantity
    for asset, rest in off.items():
        if rest:
            yield Finding("quantity", asset, f"{canonical(rest)} came and is neither sold nor left")


def _basis(version: Allocation) -> Iterable[Finding]:
    off: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for lot in version.acquired:
        off[lot.asset] += lot.basis or ZERO
    for row in version.slices:
        off[row.asset] -= row.basis or ZERO
    for left in version.open:
        off[left.asset] -= left.basis or ZERO
    for asset, rest in off.items():
        if rest:
            yield Finding("basis", asset, f"{canonical(rest)} of basis is neither used nor left")


def _covered(version: Allocation) -> Iterable[Finding]:
    rows: dict[tuple[str, str, str], list[Sliced]] = defaultdict(list)
    for row in version.slices:
        rows[row.key, row.asset, row.kind].append(row)
    for sold in version.sold:
        parts = rows.pop((sold.key, sold.asset, sold.kind), [])
        covered = sum((part.quantity for part in parts), ZERO)
        if covered != sold.quantity:
            told = f"{canonical(covered)} of {canonical(sold.quantity)} {sold.asset}"
            yield Finding("covered", sold.key, f"slices cover {told}")
        fetched = sum((part.proceeds or ZERO for part in parts), ZERO)
        if fetched != (sold.proceeds or ZERO):
            yield Finding("proceeds", sold.key, f"slices fetch {canonical(fetched)}")
    for key, asset, _ in rows:
        yield Finding("covered", key, f"slices of {asset} belong to no sale")


def _dates(version: Allocation) -> Iterable[Finding]:
    for row in version.slices:
        if row.acquired_us is not None and row.acquired_us > row.at_us:
            yield Finding("dates", row.key, f"sold before its lot {row.lot} was acquired")


def _flags(version: Allocation) -> Iterable[Finding]:
    for row in version.slices:
        if not row.lot and row.flag != UNMATCHED:
            yield Finding("listed", row.key, "it has no lot and is not listed as unmatched")
        if row.lot and row.basis is None and row.flag != BASIS_UNKNOWN:
            yield Finding("listed", row.key, "its basis is not known and it does not say so")
        if not row.lot and row.basis is not None:
            yield Finding("listed", row.key, "it has a basis without a lot")


def _more_unmatched(version: Allocation, previous: Allocation | None) -> Iterable[Finding]:
    if previous is None or len(version.unmatched) <= len(previous.unmatched):
        return
    told = f"{len(version.unmatched)} sales are unmatched, {len(previous.unmatched)} were before"
    yield Finding("unmatched", f"version {version.number}", told)
