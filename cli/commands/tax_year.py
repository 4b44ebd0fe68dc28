"""A tax year, computed from the ledger: the form, what it lacks, and the broker's form beside it.

The one rule: sales are matched on the whole history and then filtered by the year of the sale,
by dates in the tax time zone.
"""

from argparse import Namespace
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from operator import itemgetter
from typing import NamedTuple
from zoneinfo import ZoneInfo

from accounting.allocations import Allocation
from accounting.elections import Elections, Policy
from accounting.entries import Arrival, Departure, Entry, Problem, Trade
from accounting.form1099da import Compared, compare, reported
from accounting.form8949 import Form8949, form_8949
from accounting.ledger_entries import Row
from accounting.lots import SALE
from accounting.wash import WashFlag, wash_flags
from cli.commands.broker_form import Expected, broker_form
from cli.commands.ledger_reading import Counted, counted
from cli.ground import Ground
from domain.controls import BreakClosed, BreakOpened
from domain.days import local_date, to_us
from domain.elections import AllocationMade, TaxYearFiled
from domain.errors import Corrupt
from domain.instruments import Account
from domain.money import MONEY, ZERO
from engine.elected import elections_of
from engine.versions import chain_of, digest_of, of_rows

_BESIDE = (AllocationMade, TaxYearFiled, BreakOpened, BreakClosed)


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxYear:
    """A year's form, and of which rows of the ledger it was made.

    `number` is the allocation version that it reads; 0: it was computed for this answer. `today`
    is the form that all facts of now would give, where a version is read. `problems` are facts
    that could not be taken as they are and could change the year; `wash` is slice id → the lots
    that came within thirty days of that loss; `in_transit` is asset → units that left an account
    and reached none of ours; `breaks` are open: two sources contradict each other.
    """

    form: Form8949
    elections: Elections
    upto_seq: int
    head: str
    number: int
    filed: bool
    today: Form8949 | None
    problems: tuple[Problem, ...]
    wash: Mapping[str, WashFlag]
    compared: tuple[Compared, ...]
    in_transit: Mapping[str, Decimal]
    breaks: tuple[BreakOpened, ...]

    @property
    def policy(self) -> Policy:
        """How lots were matched when the year ended."""
        zone = ZoneInfo(self.elections.tax_time_zone)
        return self.elections.at(to_us(datetime(self.form.year + 1, 1, 1, tzinfo=zone)) - 1)

    @property
    def complete(self) -> bool:
        """Whether every row can be filed, and nothing that concerns the year is in doubt."""
        return not (self.form.incomplete or self.problems)


class _Read(NamedTuple):
    """One allocation with the elections and problems that belong to it."""

    version: Allocation
    elections: Elections
    problems: tuple[Problem, ...]


def tax_year(ground: Ground, args: Namespace) -> TaxYear:
    """The year that `args` name: of the version it was filed with, of `--allocation`, or of now.

    Raises:
        WrongUsage: the broker's form cannot be understood.
        Refused: there is no such version.
        Corrupt: the version, computed again, is not what it was.
    """
    now_us = ground.clock.now_us()
    told = counted(ground, now_us, beside=_BESIDE)
    now = _Read(told.version(now_us), told.elections, told.problems)
    filed = _filed(told, args.year)
    number = args.allocation or filed
    read = _version(told, number) if number else now
    version, zone = read.version, read.elections.tax_time_zone
    theirs = None
    if args.form_1099da is not None:
        theirs = broker_form(args.form_1099da, _expected(version, args, zone))
    boxes = reported(version, theirs.for_boxes, zone) if theirs else None
    sales, fees = theirs.sales if theirs else (), _fees(told, version)
    terms = {"dollars": args.dollars, "reported": boxes}
    return TaxYear(
        form=form_8949(version, args.year, time_zone=zone, **terms),
        elections=read.elections,
        upto_seq=version.made.upto_seq,
        head=version.made.head,
        number=number,
        filed=number != 0 and number == filed,
        today=form_8949(now.version, args.year, time_zone=zone, **terms) if number else None,
        problems=_problems(read, args.year),
        wash=_wash(version, zone),
        compared=tuple(compare(version, sales, time_zone=zone, fees=fees)),
        in_transit=_in_transit(told.entries),
        breaks=_breaks(told),
    )


def _filed(told: Counted, year: int) -> int:
    for _, fact in told.facts.rows:
        if isinstance(fact, TaxYearFiled) and fact.year == year:
            return fact.version
    return 0


def _version(told: Counted, number: int) -> _Read:
    """A version as it was made, out of the facts of then; its digest is the proof."""
    made = {f.number: f for _, f in told.facts.rows if isinstance(f, AllocationMade)}
    chain = chain_of(number, made)
    version = None
    for fact in chain:
        version = of_rows(fact, rows_to(told.facts.rows, fact.upto_seq), version)
    newest = chain[-1]
    if version is None or digest_of(version) != newest.digest:
        raise Corrupt(
            f"allocation version {number}, computed again, is not what it was when it was made; "
            f"it was made by version {newest.program} of this program"
        )
    rows = rows_to(told.facts.rows, newest.upto_seq)
    rules = elections_of(rows, newest.base_currency, newest.tax_time_zone)
    return _Read(version, rules, version.problems)


def rows_to(rows: Sequence[Row], seq: int) -> Sequence[Row]:
    """The rows up to a row of the ledger."""
    return rows[: bisect_right(rows, seq, key=itemgetter(0))]


def _expected(version: Allocation, args: Namespace, zone: str) -> Expected:
    accounts = {row.account for row in version.sold} | {lot.account for lot in version.acquired}
    assets = {row.asset for row in version.sold} | {lot.asset for lot in version.acquired}
    account = Account.parse(args.account.lower()) if args.account else ""
    sold = {row.account for row in version.sold if _year(row.at_us, zone) == args.year}
    if not account and len(sold) == 1:
        (account,) = sold
    return Expected(
        year=args.year, account=account, accounts=frozenset(accounts), assets=frozenset(assets)
    )


def _year(at_us: int, zone: str) -> int:
    return local_date(at_us, zone).year


def _fees(told: Counted, version: Allocation) -> dict[str, Decimal]:
    """Sale → what its proceeds are net of: the value of the trade, less what the lots fetched."""
    fetched = {
        (row.key, row.asset): row.proceeds
        for row in version.sold
        if row.kind == SALE and row.proceeds is not None
    }
    fees = {}
    for entry in told.entries:
        if isinstance(entry, Trade) and not entry.buys:
            net = fetched.get((entry.key, entry.base))
            gross = entry.cost if entry.quote == told.elections.base_currency else entry.value
            if net is not None and gross is not None:
                fees[entry.key] = MONEY.subtract(gross, net)
    return fees


def _problems(read: _Read, year: int) -> tuple[Problem, ...]:
    """What could change the year: of its own sales and lots, or taken by no lot at all."""
    version, zone = read.version, read.elections.tax_time_zone
    concerned = set()
    for row in version.slices:
        if _year(row.at_us, zone) == year:
            concerned |= {row.key, row.lot}
    taken = {row.key for row in version.sold} | {lot.key for lot in version.acquired}
    return tuple(
        found
        for found in read.problems
        if _year(found.at_us, zone) <= year and (found.key in concerned or found.key not in taken)
    )


def _wash(version: Allocation, zone: str) -> dict[str, WashFlag]:
    """Slice id (as `form_8949` names it) → the lots that came within thirty days of a loss."""
    flagged = {flag.row: flag for flag in wash_flags(version, zone)}
    return {
        f"{row.key}#{place}": flagged[row]
        for place, row in enumerate(version.slices)
        if row in flagged
    }


def _breaks(told: Counted) -> tuple[BreakOpened, ...]:
    found: dict[str, BreakOpened] = {}
    for _, fact in told.facts.rows:
        if isinstance(fact, BreakOpened):
            found[fact.break_id] = fact
        elif isinstance(fact, BreakClosed):
            found.pop(fact.break_id, None)
    return tuple(found.values())


def _in_transit(entries: Iterable[Entry]) -> dict[str, Decimal]:
    """What left and did not arrive; lots themselves tell that only where they are per account."""
    sent: dict[str, tuple[str, Decimal]] = {}
    for entry in entries:
        if isinstance(entry, Departure):
            sent[entry.key] = entry.asset, entry.quantity
        elif isinstance(entry, Arrival) and entry.departure in sent:
            asset, quantity = sent[entry.departure]
            left = MONEY.subtract(quantity, min(entry.quantity, quantity))
            sent[entry.departure] = asset, left
    under_way: dict[str, Decimal] = {}
    for asset, quantity in sent.values():
        under_way[asset] = MONEY.add(under_way.get(asset, ZERO), quantity)
    return {asset: quantity for asset, quantity in sorted(under_way.items()) if quantity}
