"""Prices of the past that were written down, and the entries that only they can value.

The one rule: a value that an entry carries itself is never replaced. A recorded price holds for
its own span of time; of several the shortest span counts, then the one told last.
"""

from bisect import bisect_right, insort
from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

from accounting.entries import Departure, Entry, Income, Spending, Trade
from accounting.marks import value_of
from domain.adjustments import PricesRecorded
from domain.market import Mark
from domain.money import MONEY

_NO_PEGS: frozenset[str] = frozenset()


class _Span(NamedTuple):
    since_us: int
    until_us: int
    told: int
    price: Decimal
    source: str


class Recorded:
    """Recorded prices by asset, in the base currency `cash`."""

    def __init__(self, cash: str, facts: Iterable[PricesRecorded] = ()) -> None:
        self.cash = cash
        self._spans: dict[str, list[_Span]] = {}
        self._told = 0
        self._longest_us = 0
        for fact in facts:
            self.add(fact)

    def __bool__(self) -> bool:
        return bool(self._spans)

    def add(self, fact: PricesRecorded) -> None:
        """Take prices in."""
        self._told += 1
        self._longest_us = max(self._longest_us, fact.until_us - fact.since_us)
        for asset, price in fact.prices.items():
            span = _Span(fact.since_us, fact.until_us, self._told, price, fact.source)
            insort(self._spans.setdefault(asset, []), span)

    def at(self, asset: str, at_us: int, *, pegged: frozenset[str] = _NO_PEGS) -> Mark | None:
        """What one unit was worth at a moment; None: nobody wrote it down."""
        if asset == self.cash or asset in pegged:
            return None
        found = self._span(asset, at_us)
        if found is None:
            return None
        return Mark(asset=asset, value=found.price, at_us=found.since_us, source=found.source)

    def _span(self, asset: str, at_us: int) -> _Span | None:
        spans = self._spans.get(asset, [])
        best: _Span | None = None
        for place in range(bisect_right(spans, (at_us + 1,)) - 1, -1, -1):
            span = spans[place]
            if at_us - span.since_us >= self._longest_us:
                break
            if at_us < span.until_us and (best is None or _rank(span) < _rank(best)):
                best = span
        return best


def _rank(span: _Span) -> tuple[int, int]:
    return span.until_us - span.since_us, -span.told


def valued(entry: Entry, recorded: Recorded) -> Entry:
    """An entry with what recorded prices say of it, where it does not say it itself."""
    if not recorded:
        return entry
    if isinstance(entry, Trade):
        return _traded(entry, recorded)
    mark = recorded.at(entry.asset, entry.at_us)
    if mark is None:
        return entry
    if isinstance(entry, Departure) and entry.fee_value is None:
        return entry._replace(fee_value=MONEY.multiply(entry.fee, mark.value))
    if isinstance(entry, Income | Spending) and entry.value is None:
        return entry._replace(value=MONEY.multiply(entry.quantity, mark.value))
    return entry


def source_of(trade: Trade, recorded: Recorded) -> str:
    """Whose recorded price values a trade; "" where none is needed or known."""
    if not _needs_value(trade, recorded.cash):
        return ""
    return _value(trade, recorded)[1]


def _traded(trade: Trade, recorded: Recorded) -> Trade:
    if _needs_value(trade, recorded.cash):
        value, _ = _value(trade, recorded)
        trade = trade._replace(value=value)
    if trade.fee and trade.fee_value is None:
        mark = recorded.at(trade.fee_asset, trade.at_us)
        if mark is not None:
            worth = MONEY.multiply(trade.fee.copy_abs(), mark.value)
            trade = trade._replace(fee_value=worth)
    return trade


def _needs_value(trade: Trade, cash: str) -> bool:
    return trade.value is None and cash not in (trade.base, trade.quote)


def _value(trade: Trade, recorded: Recorded) -> tuple[Decimal | None, str]:
    legs = ((trade.quote, trade.cost), (trade.base, trade.quantity))
    return value_of(legs, trade.at_us, recorded, _NO_PEGS)
