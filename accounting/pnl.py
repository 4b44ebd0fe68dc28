"""Profit and loss: realised and unrealised, per asset and per window, fees and funding apart.

The one rule: sales are matched on the whole history and only then filtered by the time of the
sale. A window of 24 hours that forgets older purchases would know no gain at all (golden case
G17). What has no basis or no price is counted apart, never as zero.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, localcontext
from typing import NamedTuple

from accounting.book import LotBook
from accounting.charges import FEES, Charge
from accounting.curves import Curve
from accounting.holdings import OpenLot
from accounting.lots import NO_SALE, Disposal, gain_of, slices_of
from accounting.postings import EXACT
from domain.days import day_span
from domain.market import Mark
from domain.money import MONEY, ZERO

HOUR_US = 3_600_000_000
DAY_US = 24 * HOUR_US
HUNDRED = Decimal(100)


class Window(NamedTuple):
    """A span of time: after `after_us`, up to and including `until_us`; UTC microseconds."""

    name: str
    after_us: int
    until_us: int


def windows(as_of_us: int, start_us: int | None = None) -> tuple[Window, ...]:
    """24 hours, 7 days, 30 days, and since the historical start date (None: since ever)."""
    since_us = -(2**62) if start_us is None else start_us - 1
    spans = (("24h", DAY_US), ("7d", 7 * DAY_US), ("30d", 30 * DAY_US))
    rolling = (Window(name, as_of_us - span_us, as_of_us) for name, span_us in spans)
    return (*rolling, Window("all", since_us, as_of_us))


def calendar_day(at_us: int, time_zone: str) -> Window:
    """The calendar day around a moment in a time zone; it may have 23 or 25 hours."""
    start_us, end_us = day_span(at_us, time_zone)
    return Window("day", start_us - 1, end_us - 1)


class Realised(NamedTuple):
    """What sales in a window earned. `unknown` is the quantity sold without a known gain."""

    asset: str
    gain: Decimal
    basis: Decimal
    proceeds: Decimal
    unknown: Decimal
    fees: Decimal
    funding: Decimal

    @property
    def percent(self) -> Decimal | None:
        """The gain in percent of the basis of what was sold; None where nothing was."""
        return (
            None if not self.basis else MONEY.divide(MONEY.multiply(self.gain, HUNDRED), self.basis)
        )


class Unrealised(NamedTuple):
    """What open lots are worth. `value` and `pnl` are None without a price.

    `pnl` is of the units whose basis is known; `unknown` counts the others. `price_at_us` is
    how old the price is.
    """

    asset: str
    quantity: Decimal
    basis: Decimal
    unknown: Decimal
    value: Decimal | None
    pnl: Decimal | None
    price_at_us: int | None


@dataclass(slots=True)
class _Asset:
    gains: Curve = field(default_factory=Curve)
    bases: Curve = field(default_factory=Curve)
    unknown: Curve = field(default_factory=Curve)
    fees: Curve = field(default_factory=Curve)
    funding: Curve = field(default_factory=Curve)
    quantity: Decimal = ZERO
    basis: Decimal = ZERO
    without: Decimal = ZERO


class Results:
    """Follows a lot book: each new disposal, lot and charge is added once.

    With an `account` it is of what was sold and charged there. What is held there is told by
    the open lots (`unrealised_of`): lots move between accounts, sums of them do not.
    """

    def __init__(self, account: str = "") -> None:
        self._account = account
        self._assets: dict[str, _Asset] = {}
        self._lots = 0
        self._disposals = 0

    def follow(self, book: LotBook) -> None:
        """Take in what the book has got since the last time; O(what is new)."""
        with localcontext(EXACT):
            for lot in book.acquired[self._lots :] if not self._account else ():
                asset = self._of(lot.asset)
                asset.quantity += lot.quantity
                if lot.basis is None:
                    asset.without += lot.quantity
                else:
                    asset.basis += lot.basis
            for disposal in book.disposals[self._disposals :]:
                if self._account in ("", disposal.account):
                    self._sold(disposal)
        self._lots, self._disposals = len(book.acquired), len(book.disposals)

    def charge(self, charges: Iterable[Charge]) -> None:
        """Take fees and funding in, in the order of time; what has no value is counted apart."""
        with localcontext(EXACT):
            for told in charges:
                if told.value is None or self._account not in ("", told.account):
                    continue
                asset = self._of(told.asset)
                curve = asset.fees if told.kind in FEES else asset.funding
                curve.add(told.at_us, told.value)

    def realised(self, window: Window, asset: str) -> Realised:
        """What sales of an asset in a window earned; the fees are already in the gain."""
        of = self._assets.get(asset, _Asset())
        with localcontext(EXACT):
            gain, basis = _in(of.gains, window), _in(of.bases, window)
            return Realised(
                asset=asset,
                gain=gain,
                basis=basis,
                proceeds=gain + basis,
                unknown=_in(of.unknown, window),
                fees=_in(of.fees, window),
                funding=_in(of.funding, window),
            )

    def realised_by_asset(self, window: Window) -> list[Realised]:
        """Every asset that was ever held, by name."""
        return [self.realised(window, asset) for asset in sorted(self._assets)]

    def unrealised(self, marks: Mapping[str, Mark]) -> list[Unrealised]:
        """Every asset with something left, by name; O(assets)."""
        held = ((name, of) for name, of in sorted(self._assets.items()) if of.quantity)
        return [_unrealised(name, of, marks.get(name)) for name, of in held]

    def _of(self, asset: str) -> _Asset:
        known = self._assets.get(asset)
        if known is None:
            known = self._assets[asset] = _Asset()
        return known

    def _sold(self, disposal: Disposal) -> None:
        asset = self._of(disposal.asset)
        basis = unknown = ZERO
        for take in disposal.takes:
            if take.lot is not None:
                asset.quantity -= take.quantity
                if take.basis is None:
                    asset.without -= take.quantity
            if take.basis is None:
                unknown += take.quantity
            else:
                basis += take.basis
        asset.basis -= basis
        if disposal.kind in NO_SALE:
            return
        sold = [row for row in slices_of(disposal) if row.gain is not None] if unknown else None
        if disposal.proceeds is None:
            unknown, basis = disposal.quantity, ZERO
        elif sold is not None:
            basis = sum((row.basis or ZERO for row in sold), ZERO)
        asset.gains.add(disposal.at_us, gain_of(disposal))
        asset.bases.add(disposal.at_us, basis)
        if unknown:
            asset.unknown.add(disposal.at_us, unknown)


def unrealised_of(
    lots: Iterable[OpenLot], account: str, marks: Mapping[str, Mark]
) -> list[Unrealised]:
    """Every asset with open lots in an account, by name; O(lots)."""
    held: dict[str, _Asset] = {}
    with localcontext(EXACT):
        for lot in lots:
            if lot.account != account:
                continue
            of = held.setdefault(lot.asset, _Asset())
            of.quantity += lot.quantity
            if lot.basis is None:
                of.without += lot.quantity
            else:
                of.basis += lot.basis
    return [_unrealised(name, of, marks.get(name)) for name, of in sorted(held.items())]


def _in(curve: Curve, window: Window) -> Decimal:
    return curve.until(window.until_us) - curve.until(window.after_us)


def _unrealised(name: str, of: _Asset, mark: Mark | None) -> Unrealised:
    if mark is None:
        return Unrealised(name, of.quantity, of.basis, of.without, None, None, None)
    value = MONEY.multiply(of.quantity, mark.value)
    known = MONEY.multiply(MONEY.subtract(of.quantity, of.without), mark.value)
    pnl = MONEY.subtract(known, of.basis)
    return Unrealised(name, of.quantity, of.basis, of.without, value, pnl, mark.at_us)
