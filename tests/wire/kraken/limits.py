"""Kraken's two rate limits: calls per key, and transactions per pair in the engine.

Figures are those of the published guides (REST rate limits; spot trading limits). The one
rule: a counter rises with each call, decays with the venue's time, and never goes below zero.
"""

from dataclasses import dataclass, field
from decimal import Decimal

from domain.money import ZERO, exactly
from tests.wire.clock import SECOND
from tests.wire.kraken.dialect import TOO_MANY_CALLS, TOO_MANY_ORDERS, Denied

HISTORY = frozenset({"Ledgers", "QueryLedgers", "TradesHistory"})
ENGINE = frozenset({"AddOrder", "AmendOrder", "CancelOrder"})
# Age of the order in seconds below which a cancel or an amendment costs so much more.
CANCEL_PENALTY = ((5, 8), (10, 6), (15, 5), (45, 4), (90, 2), (300, 1))
AMEND_PENALTY = ((5, 3), (10, 2), (15, 1))


@dataclass(slots=True)
class Counter:
    """A level that decays by `decay` a second; over `most` the caller is turned away."""

    most: Decimal
    decay: Decimal
    level: Decimal = ZERO
    at_us: int = 0

    def add(self, cost: int, at_us: int) -> bool:
        """Count a call; False when it is one too many (it counts all the same)."""
        with exactly():
            passed = Decimal(max(0, at_us - self.at_us)) / SECOND
            self.level = max(ZERO, self.level - passed * self.decay) + cost
        self.at_us = at_us
        return self.level <= self.most


@dataclass(slots=True)
class Limits:
    """The limits of one tier (Pro by default); `None` as a maximum turns a limit off."""

    calls: Decimal | None = Decimal(20)
    calls_decay: Decimal = Decimal(1)
    orders: Decimal | None = Decimal(180)
    orders_decay: Decimal = Decimal("3.75")
    _keys: dict[str, Counter] = field(default_factory=dict)
    _pairs: dict[tuple[str, str], Counter] = field(default_factory=dict)

    def set(self, calls: str | None, orders: str | None) -> None:
        """New maximums; every counter starts again."""
        self.calls = None if calls is None else Decimal(calls)
        self.orders = None if orders is None else Decimal(orders)
        self._keys.clear()
        self._pairs.clear()

    def call(self, key: str, endpoint: str, at_us: int) -> None:
        """Count a private call of a key."""
        if self.calls is None or endpoint in ENGINE:
            return
        counter = self._keys.setdefault(key, Counter(self.calls, self.calls_decay, at_us=at_us))
        if not counter.add(2 if endpoint in HISTORY else 1, at_us):
            raise Denied(TOO_MANY_CALLS)

    def order(self, owner: str, symbol: str, at_us: int) -> None:
        """Count a new order."""
        self._transaction(owner, symbol, 1, at_us)

    def amend(self, owner: str, symbol: str, touched_us: int, at_us: int) -> None:
        """Count an amendment; a young order costs more."""
        self._transaction(owner, symbol, 1 + _penalty(AMEND_PENALTY, at_us - touched_us), at_us)

    def cancel(self, owner: str, symbol: str, touched_us: int, at_us: int) -> None:
        """Count a cancel, which is never turned away for it."""
        cost = _penalty(CANCEL_PENALTY, at_us - touched_us)
        if self.orders is not None:
            self._counter(owner, symbol, at_us).add(cost, at_us)

    def _transaction(self, owner: str, symbol: str, cost: int, at_us: int) -> None:
        if self.orders is not None and not self._counter(owner, symbol, at_us).add(cost, at_us):
            raise Denied(TOO_MANY_ORDERS)

    def _counter(self, owner: str, symbol: str, at_us: int) -> Counter:
        assert self.orders is not None
        new = Counter(self.orders, self.orders_decay, at_us=at_us)
        return self._pairs.setdefault((owner, symbol), new)


def _penalty(table: tuple[tuple[int, int], ...], age_us: int) -> int:
    return next((cost for below, cost in table if age_us < below * SECOND), 0)
