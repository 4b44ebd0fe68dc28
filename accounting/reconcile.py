"""Two tellings of one account's history: what differs, and whether that explains the balance.

The one rule: every difference carries what it moves, so that ledger plus differences must give
the venue's balance; what is left over is a difference of its own (golden case G25). A list that
was not read whole proves nothing: it is FETCH_INCOMPLETE, never "the venue has none".
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum

from accounting.allocations import total
from accounting.postings import EXACT, held_at, postings_of
from domain.bookings import FillBooked, MovementBooked
from domain.market import History, Movement
from domain.money import MONEY, ZERO
from domain.orders import Fill

Amounts = dict[str, Decimal]


class Kind(StrEnum):
    """What is wrong; the words of accounting.md."""

    MISSING_TRADE = "MISSING_TRADE"
    PHANTOM_TRADE = "PHANTOM_TRADE"
    QTY_MISMATCH = "QTY_MISMATCH"
    PRICE_MISMATCH = "PRICE_MISMATCH"
    FEE_MISMATCH = "FEE_MISMATCH"
    DUPLICATE = "DUPLICATE"
    MISSING_DEPOSIT = "MISSING_DEPOSIT"
    MISSING_WITHDRAWAL = "MISSING_WITHDRAWAL"
    PHANTOM_MOVEMENT = "PHANTOM_MOVEMENT"
    FETCH_INCOMPLETE = "FETCH_INCOMPLETE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """One difference. `moves` is what must be added to the ledger; `value` is its size.

    `ledger` and `venue` are the two figures that differ, where there are two.
    """

    kind: Kind
    key: str
    asset: str
    value: Decimal | None
    moves: Mapping[str, Decimal]
    ledger: Decimal | None = None
    venue: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All differences, both sums by asset, and what the differences leave unexplained."""

    issues: tuple[Issue, ...]
    ledger: Mapping[str, Decimal]
    venue: Mapping[str, Decimal]
    residual: Mapping[str, Decimal]

    @property
    def discrepancy(self) -> Decimal:
        """The sizes of all differences in the base currency, added up."""
        return total(issue.value for issue in self.issues)


def reconcile(
    fills: Iterable[Fill],
    movements: Iterable[Movement],
    venue: History | None,
    rates: Mapping[str, Decimal],
) -> Report:
    """Ledger against a venue's complete history (None: it could not be read whole).

    `rates` is one unit of an asset in the base currency; without it a difference has no value.
    """
    booked, moved = list(fills), list(movements)
    ours = _sum([*map(_held, booked), *map(_held, moved)])
    if venue is None:
        gap = Issue(kind=Kind.FETCH_INCOMPLETE, key="", asset="", value=None, moves={})
        return Report(issues=(gap,), ledger=ours, venue={}, residual={})
    issues = [*_trades(booked, venue.fills, rates), *_flows(moved, venue.movements, rates)]
    theirs = _sum([*map(_held, venue.fills), *map(_held, venue.movements)])
    explained = _sum([ours, *(issue.moves for issue in issues)])
    residual = _less(theirs, explained)
    return Report(issues=tuple(issues), ledger=ours, venue=theirs, residual=residual)


def _trades(booked: list[Fill], told: Iterable[Fill], rates: Mapping[str, Decimal]) -> list[Issue]:
    theirs = {fill.key: fill for fill in told}
    counts = Counter(fill.key for fill in booked)
    ours = {fill.key: fill for fill in booked}
    issues: list[Issue] = []
    for key in sorted(ours.keys() | theirs.keys()):
        if key not in ours:
            issues.append(_whole(Kind.MISSING_TRADE, theirs[key], rates, {}))
            continue
        fill = ours[key]
        if key not in theirs:
            issues.append(_whole(Kind.PHANTOM_TRADE, fill, rates, _held(fill)))
        else:
            issues += _fields(fill, theirs[key], rates)
        for _ in range(counts[key] - 1):
            issues.append(_whole(Kind.DUPLICATE, fill, rates, _held(fill)))
    return issues


def _whole(kind: Kind, fill: Fill, rates: Mapping[str, Decimal], away: Amounts) -> Issue:
    quote = fill.symbol.partition("/")[2]
    value = _worth(MONEY.multiply(fill.quantity, fill.price), quote, rates)
    moves = _less({}, away) if away else _held(fill)
    return Issue(kind=kind, key=fill.key, asset=quote, value=value, moves=moves)


def _fields(ours: Fill, theirs: Fill, rates: Mapping[str, Decimal]) -> Iterable[Issue]:
    base, _, quote = ours.symbol.partition("/")
    now = ours
    if ours.quantity != theirs.quantity:
        then = replace(now, quantity=theirs.quantity)
        off = MONEY.multiply(_gap(ours.quantity, theirs.quantity), ours.price)
        figures = (ours.quantity, theirs.quantity)
        yield _changed(Kind.QTY_MISMATCH, base, _worth(off, quote, rates), now, then, figures)
        now = then
    if ours.price != theirs.price:
        then = replace(now, price=theirs.price)
        off = MONEY.multiply(_gap(ours.price, theirs.price), theirs.quantity)
        figures = (ours.price, theirs.price)
        yield _changed(Kind.PRICE_MISMATCH, quote, _worth(off, quote, rates), now, then, figures)
        now = then
    if (ours.fee, ours.fee_asset) != (theirs.fee, theirs.fee_asset):
        then = replace(now, fee=theirs.fee, fee_asset=theirs.fee_asset)
        same = ours.fee_asset == theirs.fee_asset
        off = _gap(ours.fee, theirs.fee) if same else theirs.fee
        worth = _worth(off, theirs.fee_asset, rates)
        figures = (ours.fee, theirs.fee)
        yield _changed(Kind.FEE_MISMATCH, theirs.fee_asset, worth, now, then, figures)


def _changed(
    kind: Kind,
    asset: str,
    value: Decimal | None,
    now: Fill,
    then: Fill,
    figures: tuple[Decimal, Decimal],
) -> Issue:
    moves = _less(_held(then), _held(now))
    ledger, venue = figures
    return Issue(
        kind=kind, key=now.key, asset=asset, value=value, moves=moves, ledger=ledger, venue=venue
    )


def _flows(
    booked: list[Movement], told: Iterable[Movement], rates: Mapping[str, Decimal]
) -> Iterable[Issue]:
    ours = {movement.key: movement for movement in booked}
    theirs = {movement.key: movement for movement in told}
    for key in sorted(ours.keys() | theirs.keys()):
        missing = key not in ours
        if not missing and key in theirs:
            yield from _same_movement(ours[key], theirs[key], rates)
            continue
        moved = theirs[key] if missing else ours[key]
        came = moved.amount > ZERO
        lacking = Kind.MISSING_DEPOSIT if came else Kind.MISSING_WITHDRAWAL
        moves = _held(moved) if missing else _less({}, _held(moved))
        yield Issue(
            kind=lacking if missing else Kind.PHANTOM_MOVEMENT,
            key=key,
            asset=moved.asset,
            value=_worth(moved.amount.copy_abs(), moved.asset, rates),
            moves=moves,
        )


def _same_movement(
    ours: Movement, theirs: Movement, rates: Mapping[str, Decimal]
) -> Iterable[Issue]:
    one, other = MONEY.subtract(ours.amount, ours.fee), MONEY.subtract(theirs.amount, theirs.fee)
    if one != other:
        yield Issue(
            kind=Kind.QTY_MISMATCH,
            key=ours.key,
            asset=ours.asset,
            value=_worth(_gap(one, other), ours.asset, rates),
            moves=_less(_held(theirs), _held(ours)),
            ledger=one,
            venue=other,
        )


def _held(what: Fill | Movement) -> Amounts:
    """What a fill or movement changes in its account, by asset."""
    fact = (
        FillBooked(at_us=what.at_us, actor="", fill=what, source="")
        if isinstance(what, Fill)
        else MovementBooked(at_us=what.at_us, actor="", movement=what, source="")
    )
    ours = held_at(what.account)
    return {line.asset: line.amount for line in postings_of(fact) if line.account == ours}


def _sum(parts: Iterable[Mapping[str, Decimal]]) -> Amounts:
    sums: Amounts = {}
    for part in parts:
        for asset, amount in part.items():
            sums[asset] = EXACT.add(sums.get(asset, ZERO), amount)
    return sums


def _less(one: Mapping[str, Decimal], other: Mapping[str, Decimal]) -> Amounts:
    return _sum([one, {asset: amount.copy_negate() for asset, amount in other.items()}])


def _gap(one: Decimal, other: Decimal) -> Decimal:
    return MONEY.subtract(one, other).copy_abs()


def _worth(amount: Decimal, asset: str, rates: Mapping[str, Decimal]) -> Decimal | None:
    rate = rates.get(asset)
    return None if rate is None else MONEY.multiply(amount, rate).copy_abs()
