"""Tax-loss harvesting: which lots are under water, and what a sale would realise.

The one rule: a what-if changes nothing. It takes from copies of the open lots, by the method
that is in force, exactly as the book would.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, localcontext

from accounting.allocations import total
from accounting.elections import Elections, Scope
from accounting.holding import Term, long_from, term_at
from accounting.holdings import IN_TRANSIT, OpenLot
from accounting.lots import SALE, Lots, Slice, slices_of
from accounting.pools import Pool
from accounting.postings import EXACT
from accounting.records import Disposals
from accounting.wash import WINDOW, first_of
from domain.days import local_date
from domain.market import Mark
from domain.money import MONEY, ZERO


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An open lot that is worth less than it cost; `loss` is above zero, in the base currency.

    `long_in_days` is how long until it is LONG (0: it is). `recent` are the first of the
    `recent_count` lots of the asset that came within 30 days (information only, see
    `accounting.wash`).
    """

    lot: OpenLot
    value: Decimal
    loss: Decimal
    held: Term
    long_in_days: int
    recent: tuple[str, ...]
    recent_count: int
    price_at_us: int


def candidates(
    lots: Iterable[OpenLot],
    marks: Mapping[str, Mark],
    now_us: int,
    time_zone: str,
    least: Decimal = ZERO,
) -> list[Candidate]:
    """Lots whose loss at today's marks is over `least`, the largest first."""
    listed = [lot for lot in lots if not lot.account.startswith(IN_TRANSIT)]
    recent = _recent(listed, local_date(now_us, time_zone), time_zone)
    made = [_candidate(lot, recent[lot.asset], marks, now_us, time_zone) for lot in listed]
    found = [one for one in made if one is not None and one.loss > least]
    return sorted(found, key=lambda one: (-one.loss, one.lot.key))


def _recent(lots: Iterable[OpenLot], today: date, time_zone: str) -> dict[str, Counter[str]]:
    """Asset → keys of lots that came within the window, with how many have each."""
    recent: dict[str, Counter[str]] = defaultdict(Counter)
    for lot in lots:
        born = lot.acquired_us
        if born is not None and local_date(born, time_zone) >= today - WINDOW:
            recent[lot.asset][lot.key] += 1
    return recent


def _candidate(
    lot: OpenLot,
    recent: Counter[str],
    marks: Mapping[str, Mark],
    now_us: int,
    time_zone: str,
) -> Candidate | None:
    mark = marks.get(lot.asset)
    if mark is None or lot.basis is None or lot.acquired_us is None:
        return None
    value = MONEY.multiply(lot.quantity, mark.value)
    loss = MONEY.subtract(lot.basis, value)
    if loss <= ZERO:
        return None
    today, born = local_date(now_us, time_zone), local_date(lot.acquired_us, time_zone)
    return Candidate(
        lot=lot,
        value=value,
        loss=loss,
        held=term_at(lot.acquired_us, now_us, time_zone),
        long_in_days=max((long_from(born) - today) // timedelta(days=1), 0),
        recent=first_of(recent, lot.key),
        recent_count=recent.total() - recent[lot.key],
        price_at_us=mark.at_us,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIf:
    """What a sale would do: its slices, and the gain by term; None where a basis is missing."""

    slices: tuple[Slice, ...]
    short: Decimal
    long: Decimal
    unknown: Decimal

    @property
    def gain(self) -> Decimal:
        """Short and long together."""
        return MONEY.add(self.short, self.long)


def what_if(
    lots: Iterable[OpenLot],
    elections: Elections,
    *,
    asset: str,
    account: str,
    quantity: Decimal,
    price: Decimal,
    now_us: int,
    fee: Decimal = ZERO,
) -> WhatIf:
    """What selling `quantity` at `price` (base currency per unit, `fee` in all) would realise."""
    policy = elections.at(now_us)
    everywhere = policy.scope is Scope.UNIVERSAL
    copies = Lots()
    pool = Pool(copies)
    for lot in lots:
        if lot.asset == asset and (everywhere or lot.account == account):
            told = (lot.quantity, lot.basis, lot.acquired_us, lot.since_us)
            pool.add(copies.add(lot.key, lot.account, *told))
    with localcontext(EXACT):
        takes, missing = pool.take(quantity, policy.method_of(asset))
        proceeds = quantity * price - fee
        kept = Disposals(copies)
        sold = ("what if", asset, account, now_us, SALE, quantity, proceeds)
        kept.add(sold, takes, missing)
    rows = slices_of(kept[0])
    zone = elections.tax_time_zone
    return WhatIf(
        slices=tuple(rows),
        short=_gain(rows, Term.SHORT, now_us, zone),
        long=_gain(rows, Term.LONG, now_us, zone),
        unknown=total(row.quantity for row in rows if row.gain is None),
    )


def _gain(rows: Iterable[Slice], held: Term, now_us: int, time_zone: str) -> Decimal:
    return total(
        row.gain
        for row in rows
        if row.lot is not None
        and row.lot.acquired_us is not None
        and term_at(row.lot.acquired_us, now_us, time_zone) is held
    )
