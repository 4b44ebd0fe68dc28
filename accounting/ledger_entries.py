"""From the ledger's facts to the entries of the lot book.

The one rule: nothing is dropped in silence. A fill that was reversed is gone because its
reversal says so; a price that nobody knows leaves a value of None; what cannot be read becomes
a problem with its key.

An opening balance holds what was there before the first fact, with unknown basis. Facts imported
from before it explain a part of it: only the rest is a lot without basis.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from accounting.claims import Claim, Claims, claims_about
from accounting.elections import Elections
from accounting.entries import (
    Arrival,
    Basis,
    Departure,
    Entry,
    Income,
    Problem,
    Receipt,
    Spending,
    Trade,
    order_of,
)
from accounting.lots import ADOPTED
from accounting.marks import OLDEST_US, MarkHistory, value_of
from accounting.postings import OPENING, postings_of
from accounting.transfers import sent_for
from domain.adjustments import BalanceAdopted
from domain.bookings import FillBooked, FillReversed, MovementBooked, OpeningBalance
from domain.events import Fact
from domain.market import Movement
from domain.money import MONEY, ZERO, canonical
from domain.orders import Fill

Row = tuple[int, Fact]


@dataclass(slots=True)
class Read:
    """Entries in the order of facts, and what could not be read."""

    entries: list[Entry] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


@dataclass(slots=True)
class _Facts:
    fills: dict[str, tuple[int, FillBooked]] = field(default_factory=dict)
    movements: dict[str, tuple[int, Movement]] = field(default_factory=dict)
    openings: list[tuple[int, OpeningBalance]] = field(default_factory=list)
    adopted: list[tuple[int, BalanceAdopted]] = field(default_factory=list)
    explained: dict[tuple[str, str], Decimal] = field(default_factory=dict)


def entries_of(
    rows: Iterable[Row], elections: Elections, marks: MarkHistory, claims: Iterable[Claim] = ()
) -> Read:
    """The entries that ledger rows (seq, fact) say, valued by marks at their own time."""
    read = unsorted_of(rows, elections, marks, claims)
    read.entries.sort(key=order_of)
    return read


def unsorted_of(
    rows: Iterable[Row], elections: Elections, marks: MarkHistory, claims: Iterable[Claim] = ()
) -> Read:
    """As `entries_of`, for a reader who has more to say before the order of facts is made."""
    facts, about, read = _sorted(rows), claims_about(list(claims)), Read()
    for seq, booked in facts.fills.values():
        read.entries.append(trade_of(seq, booked, elections, marks))
    for key, (seq, movement) in facts.movements.items():
        pegged = elections.at(movement.at_us).pegged
        read.entries.append(_moved(key, seq, movement, facts, about, marks, pegged))
    for seq, opening in facts.openings:
        _opened(seq, opening, facts.explained, about, read)
    read.entries += [_adopted(seq, fact) for seq, fact in facts.adopted if not fact.wallet]
    return read


def trade_of(seq: int, booked: FillBooked, elections: Elections, marks: MarkHistory) -> Trade:
    """A booked fill as a trade, valued by its first leg with a mark at that time."""
    fill = booked.fill
    base, _, quote = fill.symbol.partition("/")
    cost = MONEY.multiply(fill.quantity, fill.price)
    if quote == marks.cash and (fill.fee_asset == quote or not fill.fee):
        # What is paid in the base currency, fee and all, needs nobody's price.
        fee = fill.fee.copy_abs() if fill.fee else None
        return _trade(seq, fill, base, quote, cost, cost, fee)
    pegged = elections.at(fill.at_us).pegged
    value, _ = value_of(((quote, cost), (base, fill.quantity)), fill.at_us, marks, pegged)
    # The rate was looked up when the fill was booked: for an old fill it is today's, not its own.
    fresh = booked.at_us - fill.at_us <= OLDEST_US
    if value is None and booked.base_rate is not None and fresh:
        value = MONEY.multiply(cost, booked.base_rate)
    fee_mark = marks.at(fill.fee_asset, fill.at_us, pegged=pegged) if fill.fee else None
    fee = None if fee_mark is None else MONEY.multiply(fill.fee.copy_abs(), fee_mark.value)
    return _trade(seq, fill, base, quote, cost, value, fee)


def _trade(
    seq: int,
    fill: Fill,
    base: str,
    quote: str,
    cost: Decimal,
    value: Decimal | None,
    fee_value: Decimal | None,
) -> Trade:
    return Trade(
        fill.key,
        fill.at_us,
        fill.account,
        base,
        quote,
        fill.side == "buy",
        fill.quantity,
        cost,
        fill.fee,
        fill.fee_asset,
        value,
        fee_value,
        fill.trade_id,
        seq,
    )


def _sorted(rows: Iterable[Row]) -> _Facts:
    facts = _Facts()
    for seq, fact in rows:
        if isinstance(fact, FillBooked):
            facts.fills[fact.fill.key] = seq, fact
        elif isinstance(fact, FillReversed):
            facts.fills.pop(fact.fill.key, None)
        elif isinstance(fact, MovementBooked):
            facts.movements[fact.key()] = seq, fact.movement
        elif isinstance(fact, OpeningBalance):
            facts.openings.append((seq, fact))
        elif isinstance(fact, BalanceAdopted):
            facts.adopted.append((seq, fact))
        if isinstance(fact, FillBooked | MovementBooked) and fact.before_opening:
            _explain(fact, facts.explained)
    return facts


def _explain(fact: FillBooked | MovementBooked, explained: dict[tuple[str, str], Decimal]) -> None:
    account = fact.fill.account if isinstance(fact, FillBooked) else fact.movement.account
    for line in postings_of(fact):
        if line.account == OPENING:
            place = account, line.asset
            explained[place] = MONEY.add(explained.get(place, ZERO), line.amount)


def _moved(
    key: str,
    seq: int,
    movement: Movement,
    facts: _Facts,
    about: Claims,
    marks: MarkHistory,
    pegged: frozenset[str],
) -> Entry:
    asset, account, at_us = movement.asset, movement.account, movement.at_us
    quantity = movement.amount.copy_abs()
    named = about.classes.get(key)
    mark = marks.at(asset, at_us, pegged=pegged)
    worth = None if mark is None else MONEY.multiply(quantity, mark.value)
    if named is not None:
        value = worth if named.value is None else named.value
        make = Income if movement.amount > ZERO else Spending
        return make(key, at_us, account, asset, quantity, value, named.kind, seq)
    if movement.amount > ZERO:
        came = MONEY.subtract(quantity, movement.fee)
        match = about.arrivals.get(key)
        if match is not None and match.departure in facts.movements:
            return Arrival(key, at_us, account, asset, came, match.departure, seq)
        return Receipt(key, at_us, account, asset, came, _known(key, came, about), seq)
    rate = None if mark is None else mark.value
    return _departed(key, seq, movement, facts, about, rate)


def _departed(
    key: str,
    seq: int,
    movement: Movement,
    facts: _Facts,
    about: Claims,
    rate: Decimal | None,
) -> Departure:
    moved, fee = movement.amount.copy_abs(), movement.fee
    match = about.departures.get(key)
    if match is not None and match.arrival in facts.movements:
        came = facts.movements[match.arrival][1]
        moved, fee = sent_for(MONEY.subtract(came.amount, came.fee), moved, fee)
        rate = rate if match.rate is None else match.rate
    value = None if rate is None else MONEY.multiply(fee, rate)
    told = (movement.at_us, movement.account, movement.asset)
    return Departure(key, *told, moved, fee, value, seq)


def _opened(
    seq: int,
    opening: OpeningBalance,
    explained: Mapping[tuple[str, str], Decimal],
    about: Claims,
    read: Read,
) -> None:
    for asset, told in opening.assets.items():
        key = f"opening:{opening.account}:{asset}"
        rest = MONEY.subtract(told, explained.get((opening.account, asset), ZERO))
        if rest > ZERO:
            known = _known(key, rest, about)
            entry = Receipt(key, opening.at_us, opening.account, asset, rest, known, seq)
            read.entries.append(entry)
        elif rest < ZERO:
            more = f"{canonical(rest.copy_abs())} {asset}"
            what = f"what was imported from before the opening is {more} more than it"
            read.problems.append(Problem(key, opening.at_us, what))


def adopted_key(fact: BalanceAdopted) -> str:
    """The name of the lot, or the loss, that an adopted balance makes."""
    return f"opening:{fact.account}:{fact.asset}:adopted:{fact.at_us}"


def _adopted(seq: int, fact: BalanceAdopted) -> Receipt | Spending:
    key, told = adopted_key(fact), (fact.account, fact.asset, fact.amount.copy_abs())
    if fact.amount < ZERO:
        return Spending(key, fact.at_us, *told, None, ADOPTED, seq)
    known: tuple[Basis, ...] = ()
    if fact.value is not None:
        known = (Basis(fact.amount, fact.value, fact.acquired_us),)
    return Receipt(key, fact.at_us, *told, known, seq)


def _known(key: str, quantity: Decimal, about: Claims) -> tuple[Basis, ...]:
    return tuple(
        Basis(
            quantity if claim.quantity is None else claim.quantity, claim.value, claim.acquired_us
        )
        for claim in about.basis.get(key, [])
    )
