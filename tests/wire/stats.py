"""Ticker figures of a session: volume, range and average since the venue opened."""

from dataclasses import dataclass
from decimal import Decimal

from domain.money import ZERO, exactly
from tests.wire.orders import PublicTrade


@dataclass(slots=True)
class DayStats:
    """One pair's session. Before the first trade the opening price stands for all prices."""

    open: Decimal
    last: Decimal
    high: Decimal
    low: Decimal
    last_quantity: Decimal = ZERO
    volume: Decimal = ZERO
    value: Decimal = ZERO
    trades: int = 0

    @staticmethod
    def opening(price: Decimal) -> "DayStats":
        """A session that has not traded yet."""
        return DayStats(price, price, price, price)

    def add(self, trade: PublicTrade) -> None:
        """Count a trade."""
        with exactly():
            self.volume += trade.quantity
            self.value += trade.quantity * trade.price
        self.trades += 1
        self.last, self.last_quantity = trade.price, trade.quantity
        self.high, self.low = max(self.high, trade.price), min(self.low, trade.price)

    @property
    def average(self) -> Decimal:
        """Volume-weighted price."""
        with exactly():
            return self.value / self.volume if self.volume else self.open
