"""What a broker's Form 1099-DA says, beside what our own rows say of the same sales.

The one rule: proceeds are compared on the broker's own footing. Box 3a says whether 1f is gross
or net of transaction costs; ours are net, so against a gross form our fees are added back.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from accounting.allocations import Allocation, Sliced, total
from accounting.form8949 import Reported
from accounting.lots import FEE, NO_SALE
from domain.days import local_date
from domain.money import MONEY, ZERO

NO_FORM = NO_SALE | {FEE}  # a fee in kind is a disposition that no broker reports apart
HALF_CENT = Decimal("0.005")


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerSale:
    """One row of a 1099-DA: 1a asset, 1c units, 1e sold, 1f proceeds, 1g basis, 3a gross or net."""

    account: str
    asset: str
    sold: str
    quantity: Decimal
    proceeds: Decimal
    gross: bool
    basis: Decimal | None = None


class Compared(NamedTuple):
    """One account, asset and day: theirs and ours on the same footing; `verdict` says what is off.

    A verdict is "same", or names what differs: "units", "proceeds", "basis", "not on the form",
    "not in the ledger".
    """

    account: str
    asset: str
    sold: str
    verdict: str
    their_quantity: Decimal
    our_quantity: Decimal
    their_proceeds: Decimal
    our_proceeds: Decimal | None
    their_basis: Decimal | None
    our_basis: Decimal | None


Day = tuple[str, str, str]


def compare(
    version: Allocation,
    told: Iterable[BrokerSale],
    *,
    time_zone: str,
    fees: Mapping[str, Decimal] | None = None,
    tolerance: Decimal = HALF_CENT,
) -> list[Compared]:
    """Every account, asset and day that either side has, of the brokers' accounts and years.

    `fees` is disposal key → the fee that our proceeds are net of, in the base currency.
    """
    theirs: dict[Day, list[BrokerSale]] = defaultdict(list)
    for sale in told:
        theirs[sale.account, sale.asset, sale.sold].append(sale)
    covered = {(account, sold[:4]) for account, _, sold in theirs}
    ours: dict[Day, list[Sliced]] = defaultdict(list)
    for row in version.slices:
        sold = str(local_date(row.at_us, time_zone))
        if row.kind not in NO_FORM and (row.account, sold[:4]) in covered:
            ours[row.account, row.asset, sold].append(row)
    days = sorted(theirs.keys() | ours.keys())
    return [_compared(day, theirs[day], ours[day], fees or {}, tolerance) for day in days]


def reported(
    version: Allocation, told: Iterable[BrokerSale], time_zone: str
) -> dict[str, Reported]:
    """Disposal key → how a 1099-DA reported it, for the boxes of Form 8949.

    Of a day with a basis for some sales and none for others, none is taken as reported.
    """
    days: dict[Day, bool] = {}
    for sale in told:
        day = sale.account, sale.asset, sale.sold
        days[day] = days.get(day, True) and sale.basis is not None
    made = {}
    for row in version.sold:
        day = row.account, row.asset, str(local_date(row.at_us, time_zone))
        if day in days:
            made[row.key] = Reported.WITH_BASIS if days[day] else Reported.WITHOUT_BASIS
    return made


def _compared(
    day: Day,
    theirs: list[BrokerSale],
    ours: list[Sliced],
    fees: Mapping[str, Decimal],
    tolerance: Decimal,
) -> Compared:
    gross = any(sale.gross for sale in theirs)
    known = all(row.proceeds is not None for row in ours)
    net = total(row.proceeds for row in ours)
    back = total(fees.get(key) for key in {row.key for row in ours}) if gross else ZERO
    made = Compared(
        *day,
        verdict="same",
        their_quantity=total(sale.quantity for sale in theirs),
        our_quantity=total(row.quantity for row in ours),
        their_proceeds=total(sale.proceeds for sale in theirs),
        our_proceeds=MONEY.add(net, back) if known else None,
        their_basis=_all_known([sale.basis for sale in theirs]),
        our_basis=_all_known([row.basis for row in ours]),
    )
    return made._replace(verdict=_verdict(made, bool(theirs), bool(ours), tolerance))


def _verdict(made: Compared, on_form: bool, in_ledger: bool, tolerance: Decimal) -> str:  # noqa: FBT001
    if not on_form:
        return "not on the form"
    if not in_ledger:
        return "not in the ledger"
    if made.their_quantity != made.our_quantity:
        return "units"
    if _differ(made.their_proceeds, made.our_proceeds, tolerance):
        return "proceeds"
    # A form without basis says nothing about ours.
    if made.their_basis is not None and _differ(made.their_basis, made.our_basis, tolerance):
        return "basis"
    return "same"


def _differ(theirs: Decimal, ours: Decimal | None, tolerance: Decimal) -> bool:
    return ours is None or MONEY.subtract(theirs, ours).copy_abs() > tolerance


def _all_known(amounts: list[Decimal | None]) -> Decimal | None:
    return total(amounts) if amounts and None not in amounts else None
