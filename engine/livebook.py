"""The lot book that follows the ledger: rows go in as they come, figures come out at any time.

The one rule: rows one by one give the same lots as all of them at once. A fill that is newer
than everything before costs O(log n); whatever else comes (an older fill, a reversal, an opening
balance, an election, a claim) makes the book anew from all rows. A value that a fact carries
belongs to that fact alone: no entry depends on when another was learnt.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from operator import itemgetter

from accounting.book import LotBook
from accounting.charges import charges_of
from accounting.elections import Elections
from accounting.entries import (
    Departure,
    Entry,
    Income,
    Problem,
    Receipt,
    Spending,
    Trade,
    order_of,
)
from accounting.ledger_entries import Read, Row, entries_of, trade_of, unsorted_of
from accounting.marks import OLDEST_US, MarkHistory
from accounting.pnl import Results
from accounting.recorded import Recorded, valued
from domain import bookings, elections
from domain.adjustments import BalanceAdopted, PricesRecorded
from domain.events import Fact
from domain.money import MONEY
from engine.elected import about, claims_of, elections_of

HEARD: frozenset[type[Fact]] = frozenset(
    {
        bookings.FillBooked,
        bookings.FillReversed,
        bookings.MovementBooked,
        bookings.OpeningBalance,
        PricesRecorded,
        BalanceAdopted,
        elections.LotsElected,
        elections.TransferMatched,
        elections.BasisSupplied,
        elections.MovementClassed,
        elections.ClaimsWithdrawn,
    }
)


class LiveBook:
    """Lots and results of every row that was taken in; it belongs to one thread at a time."""

    def __init__(self, base_currency: str, tax_time_zone: str) -> None:
        self.base_currency = base_currency
        self.tax_time_zone = tax_time_zone
        self.rows: list[Row] = []
        self.replays = 0
        self.claimed: set[str] = set()  # keys that a claim is about
        self.recorded = Recorded(base_currency)
        self.whole = True  # False: a job failed half-way, and `take` makes all anew
        self._made(Read(), elections_of((), base_currency, tax_time_zone))

    @property
    def elections(self) -> Elections:
        """Those that the rows hold."""
        return self.book.elections

    @property
    def problems(self) -> list[Problem]:
        """What could not be taken as it is, of the ledger and of the lots."""
        return [*self._unread, *self.book.problems]

    def take(self, rows: Sequence[Row]) -> None:
        """Take further rows in, in the order of the ledger."""
        self.rows.extend(rows)
        # If this fails half-way, the next call begins anew from the rows, which are all there.
        whole, self.whole = self.whole, False
        fresh = self._plain(rows) if whole else None
        if fresh is None or (fresh and not self.book.follows(fresh[0])):
            self._replay()
        elif fresh:
            self._follow(fresh)
        self.whole = True

    def until(self, now_us: int) -> None:
        """Let the elections up to a moment take effect."""
        self.book.until(now_us)

    def rows_to(self, seq: int) -> Sequence[Row]:
        """The rows up to a row of the ledger."""
        return self.rows[: bisect_right(self.rows, seq, key=itemgetter(0))]

    def _plain(self, rows: Sequence[Row]) -> list[Entry] | None:
        """The entries of rows that say all of it themselves, in order; None: make all anew."""
        entries: list[Entry] = []
        marks = MarkHistory(self.base_currency)
        for seq, fact in rows:
            if isinstance(fact, bookings.FillBooked) and not fact.before_opening:
                trade = trade_of(seq, fact, self.elections, marks)
                entries.append(valued(_with_own_value(trade, fact), self.recorded))
            elif (
                isinstance(fact, bookings.MovementBooked)
                and not fact.before_opening
                and fact.key() not in self.claimed
            ):
                (entry,) = entries_of([(seq, fact)], self.elections, marks).entries
                entries.append(valued(_with_own_value(entry, fact), self.recorded))
            elif isinstance(fact, PricesRecorded) and self._is_later(fact, entries):
                self.recorded.add(fact)
            else:
                return None
        entries.sort(key=order_of)
        return entries

    def _is_later(self, fact: PricesRecorded, entries: Sequence[Entry]) -> bool:
        """Whether prices are of a time that no entry of the book is of."""
        newest_us = max((entry.at_us for entry in entries), default=0)
        return fact.since_us > max(newest_us, self.book.last_us)

    def _replay(self) -> None:
        self.replays += 1
        self.recorded = recorded_in(self.rows, self.base_currency)
        rules = elections_of(self.rows, self.base_currency, self.tax_time_zone)
        self.claimed = {key for claim in claims_of(self.rows) for key in about(claim)}
        self._made(read_rows(self.rows, rules), rules)

    def _made(self, read: Read, rules: Elections) -> None:
        self._unread = read.problems
        self.book = LotBook(rules)
        self.results = Results()
        self._by_account: dict[str, Results] = {}
        self._follow(read.entries)

    def results_of(self, account: str) -> Results:
        """What was sold and charged in an account ("": in all of them)."""
        if not account:
            return self.results
        known = self._by_account.get(account)
        if known is None:
            known = self._by_account[account] = Results(account)
            known.follow(self.book)
            known.charge(charges_of(read_rows(self.rows, self.elections).entries, self.elections))
        return known

    def _follow(self, entries: list[Entry]) -> None:
        self.book.extend(entries)
        for results in (self.results, *self._by_account.values()):
            results.follow(self.book)
            results.charge(charges_of(entries, self.elections))


def read_rows(rows: Sequence[Row], rules: Elections) -> Read:
    """The entries of ledger rows, each with the value that its own fact carries."""
    read = unsorted_of(rows, rules, MarkHistory(rules.base_currency), claims_of(rows))
    carrying = {
        fact.key(): fact
        for _, fact in rows
        if isinstance(fact, bookings.FillBooked | bookings.MovementBooked)
        and _rate(fact) is not None
    }
    opened_us, recorded = openings_of(rows), recorded_in(rows, rules.base_currency)
    if carrying or opened_us:
        read.entries = [
            _placed(entry, carrying.get(entry.key), opened_us) for entry in read.entries
        ]
    if recorded:
        read.entries = [valued(entry, recorded) for entry in read.entries]
    read.entries.sort(key=order_of)
    return read


def recorded_in(rows: Iterable[Row], base_currency: str) -> Recorded:
    """The prices that were written down in some rows."""
    told = (fact for _, fact in rows if isinstance(fact, PricesRecorded))
    return Recorded(base_currency, told)


def openings_of(rows: Sequence[Row]) -> dict[str, int]:
    """When each opening balance was there, by its account: before all that has moved it since.

    It is written down when the account is first seen, and is what the venue held then less what
    the venue's own history tells: so it is of the time before that history.
    """
    opened = {fact.account: at for at, fact in _opened(rows)}
    for _, fact in rows if opened else ():
        if isinstance(fact, bookings.FillBooked | bookings.MovementBooked):
            what = fact.fill if isinstance(fact, bookings.FillBooked) else fact.movement
            if not fact.before_opening and what.account in opened:
                opened[what.account] = min(opened[what.account], what.at_us - 1)
    return {str(account): at_us for account, at_us in opened.items()}


def book_of(rows: Sequence[Row], base_currency: str, tax_time_zone: str, until_us: int) -> LotBook:
    """The lot book of some rows, with the elections that were in force by a moment."""
    rules = elections_of(rows, base_currency, tax_time_zone)
    book = LotBook(rules)
    book.extend(read_rows(rows, rules).entries)
    book.until(until_us)
    return book


Carrying = bookings.FillBooked | bookings.MovementBooked


def _opened(rows: Sequence[Row]) -> Iterable[tuple[int, bookings.OpeningBalance]]:
    return ((fact.at_us, fact) for _, fact in rows if isinstance(fact, bookings.OpeningBalance))


def _placed(entry: Entry, fact: Carrying | None, opened_us: Mapping[str, int]) -> Entry:
    """An entry with its own fact's value, or at its opening's own time."""
    if fact is not None:
        return _with_own_value(entry, fact)
    if isinstance(entry, Receipt) and entry.key.startswith("opening:"):
        # Adopted units whose acquisition is stated came then, if not before the first fact.
        acquired_us = max((part.acquired_us for part in entry.known), default=0)
        opened = opened_us.get(entry.account, entry.at_us)
        stated_us = acquired_us if ":adopted:" in entry.key else 0
        return entry._replace(at_us=max(opened, stated_us))
    return entry


def _rate(fact: Carrying) -> Decimal | None:
    """What one unit was worth when it was booked; nothing for what happened long before."""
    if isinstance(fact, bookings.FillBooked):
        rate, happened_us = fact.fee_rate, fact.fill.at_us
    else:
        rate, happened_us = fact.movement.base_rate, fact.movement.at_us
    return None if rate is None or fact.at_us - happened_us > OLDEST_US else rate


def _with_own_value(entry: Entry, fact: Carrying) -> Entry:
    rate = _rate(fact)
    if rate is None:
        return entry
    if isinstance(entry, Trade) and entry.fee_value is None and entry.fee:
        return entry._replace(fee_value=MONEY.multiply(entry.fee.copy_abs(), rate))
    if isinstance(entry, Departure) and entry.fee_value is None:
        return entry._replace(fee_value=MONEY.multiply(entry.fee, rate))
    if isinstance(entry, Income | Spending) and entry.value is None:
        return entry._replace(value=MONEY.multiply(entry.quantity, rate))
    return entry
