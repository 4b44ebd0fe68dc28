"""Allocation versions: what a lot book said, as plain data that stays readable for ever.

The one rule: a version is never changed. A new computation, of one asset or of all, makes
version N+1, and a filed tax year names the version it was filed with.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import NamedTuple, TypeVar

from accounting.book import LotBook
from accounting.entries import Problem
from accounting.holdings import OpenLot
from accounting.lots import NO_SALE, UNMATCHED, Acquired, Slice, slices_of
from domain.errors import Refused
from domain.money import MONEY, ZERO


class Sold(NamedTuple):
    """Units that left: the whole that the slices of one (key, asset, kind) add up to."""

    key: str
    asset: str
    account: str
    at_us: int
    kind: str
    quantity: Decimal
    proceeds: Decimal | None


class Sliced(NamedTuple):
    """So much of a disposal out of one lot; `lot` is "" and `acquired_us` None if unmatched."""

    key: str
    asset: str
    account: str
    at_us: int
    kind: str
    lot: str
    acquired_us: int | None
    quantity: Decimal
    proceeds: Decimal | None
    basis: Decimal | None
    flag: str

    @property
    def gain(self) -> Decimal | None:
        """Proceeds less basis; None where one is not known or nothing was sold."""
        if self.proceeds is None or self.basis is None or self.kind in NO_SALE:
            return None
        return MONEY.subtract(self.proceeds, self.basis)


R = TypeVar("R", Sold, Sliced, Acquired, OpenLot)


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """Out of what a version was made: up to which ledger row, by which rules and program."""

    at_us: int
    upto_seq: int
    policy_sha: str
    program: str
    head: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Allocation:
    """Version `number` of all lots. `assets` are those computed anew; () means all of them."""

    number: int
    made: Made
    assets: tuple[str, ...] = ()
    sold: tuple[Sold, ...] = ()
    slices: tuple[Sliced, ...] = ()
    acquired: tuple[Acquired, ...] = ()
    open: tuple[OpenLot, ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def realised(self) -> Decimal:
        """The gains of every slice that has one, in the base currency."""
        return total(row.gain for row in self.slices)

    @property
    def if_zero_basis(self) -> Decimal:
        """What `realised` would be if every basis that is not known were zero."""
        bare = (row for row in self.slices if row.basis is None and row.kind not in NO_SALE)
        return MONEY.add(self.realised, total(row.proceeds for row in bare))

    @property
    def unmatched(self) -> tuple[Sliced, ...]:
        """The slices for which no lot was there."""
        return tuple(row for row in self.slices if row.flag == UNMATCHED)


class Difference(NamedTuple):
    """What changed from one version to another; `realised` is the newer less the older."""

    added: tuple[Sliced, ...]
    removed: tuple[Sliced, ...]
    realised: Decimal


class Summary(NamedTuple):
    """One line of the list of versions."""

    number: int
    made: Made
    assets: tuple[str, ...]
    slices: int
    unmatched: int
    realised: Decimal
    filed: tuple[int, ...]


def compute(
    book: LotBook, made: Made, previous: Allocation | None = None, assets: Iterable[str] = ()
) -> Allocation:
    """The next version. With `assets`, the other assets' rows are those of `previous`."""
    only = frozenset(assets)
    fresh = Allocation(
        number=1 if previous is None else previous.number + 1,
        made=made,
        assets=tuple(sorted(only)),
        sold=tuple(Sold(*told[:7]) for told in book.disposals),
        slices=tuple(_row(part) for told in book.disposals for part in slices_of(told)),
        acquired=tuple(book.acquired),
        open=tuple(book.open_lots()),
        problems=tuple(book.problems),
    )
    return fresh if previous is None or not only else _merged(previous, fresh, only)


def difference(old: Allocation, new: Allocation) -> Difference:
    """Which slices came and went between two versions, and what that does to the gain."""
    before, after = Counter(old.slices), Counter(new.slices)
    added = tuple((after - before).elements())
    removed = tuple((before - after).elements())
    return Difference(added, removed, MONEY.subtract(new.realised, old.realised))


def listed(versions: Sequence[Allocation], filed: dict[int, int]) -> list[Summary]:
    """One line a version, oldest first. `filed` is tax year → the version it was filed with."""
    return [
        Summary(
            number=version.number,
            made=version.made,
            assets=version.assets,
            slices=len(version.slices),
            unmatched=len(version.unmatched),
            realised=version.realised,
            filed=tuple(sorted(year for year, pinned in filed.items() if pinned == version.number)),
        )
        for version in sorted(versions, key=lambda version: version.number)
    ]


def version_for(year: int, versions: Sequence[Allocation], filed: dict[int, int]) -> Allocation:
    """The version that a tax year reads: the filed one, else the newest.

    Raises:
        Refused: there is no version, or the filed one is missing.
    """
    by_number = {version.number: version for version in versions}
    wanted = filed.get(year, max(by_number, default=0))
    if wanted not in by_number:
        raise Refused("allocations", f"version {wanted} for {year} is not there; compute one first")
    return by_number[wanted]


def total(amounts: Iterable[Decimal | None]) -> Decimal:
    """The exact sum of the amounts that are known."""
    result = ZERO
    for amount in amounts:
        if amount is not None:
            result = MONEY.add(result, amount)
    return result


def _row(part: Slice) -> Sliced:
    told, lot = part.disposal, part.lot
    return Sliced(
        told.key,
        told.asset,
        told.account,
        told.at_us,
        told.kind,
        "" if lot is None else lot.key,
        None if lot is None else lot.acquired_us,
        part.quantity,
        part.proceeds,
        part.basis,
        part.flag,
    )


def _merged(old: Allocation, fresh: Allocation, only: frozenset[str]) -> Allocation:
    return replace(
        fresh,
        sold=_of(old.sold, fresh.sold, only),
        slices=_of(old.slices, fresh.slices, only),
        acquired=_of(old.acquired, fresh.acquired, only),
        open=_of(old.open, fresh.open, only),
    )


def _of(old: tuple[R, ...], fresh: tuple[R, ...], only: frozenset[str]) -> tuple[R, ...]:
    kept = tuple(row for row in old if row.asset not in only)
    return kept + tuple(row for row in fresh if row.asset in only)
