"""The lot book: entries in order go in, lots and disposals come out; one more is O(log n).

The one rule: the same entries and elections give the same lots, one by one or all at once.
An entry that belongs before what was already taken is refused (`Late`): the caller replays.
"""

from collections.abc import Callable, Iterable
from decimal import Decimal, localcontext
from typing import Any

from accounting.elections import Elections, Policy
from accounting.entries import (
    LARGEST,
    Arrival,
    Departure,
    Entry,
    Income,
    Problem,
    Receipt,
    Spending,
    Trade,
    order_of,
    wrong_basis,
    wrong_with,
)
from accounting.holdings import Holdings, OpenLot
from accounting.lots import NO_SALE, SALE, UNVALUED
from accounting.postings import EXACT
from accounting.records import Acquisitions, Disposals
from accounting.trades import legs_of
from accounting.transfers import arrive, depart
from domain.money import ZERO

_NEVER = 2**62


class Late(ValueError):
    """An entry that belongs before one that the book already took."""


class LotBook:
    """Lots by asset and account under dated elections; `problems` are entries to look at."""

    def __init__(self, elections: Elections) -> None:
        self.elections = elections
        self.problems: list[Problem] = []
        self._cash = elections.base_currency
        self._last: Entry | None = None
        self._last_us = -_NEVER
        self._next_us = -_NEVER
        self._holdings = Holdings(elections.at(-_NEVER))
        self._turn(-_NEVER)

    @property
    def disposals(self) -> Disposals:
        """What left, in order."""
        return self._holdings.disposals

    @property
    def acquired(self) -> Acquisitions:
        """Every lot that ever came, in order."""
        return self._holdings.acquired

    def extend(self, entries: Iterable[Entry]) -> None:
        """Take entries in their order (`entries.order_of`).

        Raises:
            Late: an entry belongs before the last one; what came before it was taken.
        """
        trade = self._trade
        with localcontext(EXACT):
            for entry in entries:
                at_us = entry.at_us
                if at_us <= self._last_us:
                    self._in_order(entry)
                if at_us >= self._next_us:
                    self._turn(at_us)
                self._last, self._last_us = entry, at_us
                if type(entry) is Trade:
                    trade(entry)
                else:
                    self._other(entry)

    def add(self, entry: Entry) -> None:
        """Take one entry."""
        self.extend((entry,))

    @property
    def last_us(self) -> int:
        """When the last entry was."""
        return self._last_us

    def until(self, now_us: int) -> None:
        """Let the elections up to a moment take effect, though no entry has come since."""
        with localcontext(EXACT):
            if now_us >= self._next_us:
                self._turn(now_us)

    def follows(self, entry: Entry) -> bool:
        """Whether an entry can be added as it is, or a replay is needed."""
        return self._last is None or order_of(entry) >= order_of(self._last)

    def open_lots(self) -> list[OpenLot]:
        """Every lot with something left, by asset and place, the oldest first."""
        with localcontext(EXACT):
            return list(self._holdings.open_lots())

    def _in_order(self, entry: Entry) -> None:
        if self._last is not None and not self.follows(entry):
            raise Late(f"{entry.key} belongs before {self._last.key}: replay from the start")

    def _turn(self, at_us: int) -> None:
        while self._next_us <= at_us:
            policy: Policy = self.elections.at(self._next_us)
            self._holdings.use(policy)
            self._plain = not policy.fees_apart
            change = self.elections.next_change(self._next_us)
            self._next_us = _NEVER if change is None else change

    def _trade(self, trade: Trade) -> None:
        # One slice of a tuple costs a quarter of what its fields cost by name.
        key, at_us, account, base, quote, buys, quantity, cost, fee, fee_asset = trade[:10]
        if quote != self._cash or not self._plain or (fee and fee_asset != quote):
            self._legs(trade)
        elif not (quantity > ZERO and ZERO <= cost <= LARGEST and base != quote):
            self._refuse(trade)
        elif buys:
            self._holdings.put(key, base, account, quantity, cost + fee, at_us, at_us)
        else:
            self._holdings.dispose(key, base, account, at_us, SALE, quantity, cost - fee)

    def _legs(self, trade: Trade) -> None:
        if wrong_with(trade):
            self._refuse(trade)
            return
        key, account, at_us = trade.key, trade.account, trade.at_us
        got, given, wrong = legs_of(trade, self._holdings.policy, self._cash)
        if wrong:
            self.problems.append(Problem(key, at_us, wrong))
        for leg in got:
            self._valued(key, at_us, leg.asset, leg.basis)
            self._holdings.put(key, leg.asset, account, leg.quantity, leg.basis, at_us, at_us)
        for out in given:
            told = (at_us, out.kind, out.quantity, out.proceeds)
            self._holdings.dispose(key, out.asset, account, *told)

    def _valued(self, key: str, at_us: int, asset: str, value: Decimal | None) -> None:
        if value is None:
            self.problems.append(Problem(key, at_us, f"{UNVALUED}: no price values this {asset}"))

    def _refuse(self, entry: Entry) -> None:
        self.problems.append(Problem(entry.key, entry.at_us, wrong_with(entry)))

    def _other(self, entry: Entry) -> None:
        if wrong_with(entry):
            self._refuse(entry)
            return
        if isinstance(entry, Receipt) and wrong_basis(entry):
            # The claim is wrong, the units are there: they stand without a basis.
            self.problems.append(Problem(entry.key, entry.at_us, wrong_basis(entry)))
            entry = entry._replace(known=())
        if isinstance(entry, Trade) or entry.asset != self._cash:
            _STEPS[type(entry)](self._holdings, entry)


def replay(entries: Iterable[Entry], elections: Elections) -> LotBook:
    """A book of all entries, whatever order they come in."""
    book = LotBook(elections)
    book.extend(sorted(entries, key=order_of))
    return book


def _income(holdings: Holdings, entry: Income) -> None:
    told = (entry.quantity, entry.value, entry.at_us, entry.at_us)
    holdings.put(entry.key, entry.asset, entry.account, *told)


def _receipt(holdings: Holdings, entry: Receipt) -> None:
    rest = entry.quantity
    for part in entry.known:
        told = (part.quantity, part.value, part.acquired_us, entry.at_us)
        holdings.put(entry.key, entry.asset, entry.account, *told)
        rest = rest - part.quantity
    if rest:
        holdings.put(entry.key, entry.asset, entry.account, rest, None, None, entry.at_us)


def _spending(holdings: Holdings, entry: Spending) -> None:
    value = None if entry.kind in NO_SALE else entry.value
    told = (entry.at_us, entry.kind, entry.quantity, value)
    holdings.dispose(entry.key, entry.asset, entry.account, *told)


_STEPS: dict[type, Callable[[Holdings, Any], None]] = {
    Income: _income,
    Receipt: _receipt,
    Spending: _spending,
    Departure: depart,
    Arrival: arrive,
}
