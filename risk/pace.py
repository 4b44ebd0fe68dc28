"""How fast things happen: sliding windows over orders, executions and denials.

The one rule: a window forgets by time alone, never because it was asked.
"""

from collections import Counter, deque
from decimal import Decimal

from domain.instruments import Account
from domain.orders import Side

SECOND_US = 1_000_000
MINUTE_US = 60 * SECOND_US
LONGEST_S = 86_400  # the longest window of identical orders that a setting may ask for
KEPT_US = (LONGEST_S + 1) * SECOND_US
Terms = tuple[Account, str, Side, Decimal, Decimal | None]


class Window:
    """Counts what happened in the last `length_us` microseconds."""

    __slots__ = ("_times", "length_us")

    def __init__(self, length_us: int) -> None:
        self.length_us = length_us
        self._times: deque[int] = deque()

    def add(self, at_us: int) -> None:
        """Something happened; what is surely forgotten goes, though nobody asks."""
        times, oldest = self._times, at_us - self.length_us
        while times and times[0] <= oldest:
            times.popleft()
        times.append(at_us)

    def count(self, now_us: int) -> int:
        """How often, in the window that ends now."""
        if not self._times:
            return 0
        times, oldest = self._times, now_us - self.length_us
        while times and times[0] <= oldest:
            times.popleft()
        return len(times)


class Pace:
    """Windows of the gate: identical orders, orders a second, and a strategy's conduct."""

    def __init__(self, identical_window_s: Decimal = Decimal(10)) -> None:
        self.orders = Window(SECOND_US)
        self.failures = Window(5 * MINUTE_US)
        self._identical_us = int(identical_window_s * SECOND_US)
        self._kept: deque[tuple[int, Terms]] = deque()
        self._recent: deque[tuple[int, Terms]] = deque()
        self._alike: dict[Terms, int] = {}
        self._executions: dict[str, Window] = {}
        self._denials: dict[str, Window] = {}

    def within(self, identical_window_s: Decimal) -> None:
        """Count identical orders in a window of this length, also those that passed before."""
        before, self._identical_us = self._identical_us, int(identical_window_s * SECOND_US)
        if self._identical_us > before:
            self._recent = self._kept.copy()
            self._alike = Counter(terms for _, terms in self._recent)

    def submitted(self, terms: Terms, at_us: int) -> None:
        """An order with these terms passed the gate."""
        self.orders.add(at_us)
        self._forget(at_us - self._identical_us)
        while self._kept and self._kept[0][0] <= at_us - KEPT_US:
            self._kept.popleft()
        self._kept.append((at_us, terms))
        self._recent.append((at_us, terms))
        self._alike[terms] = self._alike.get(terms, 0) + 1

    def executed(self, strategy: str, at_us: int) -> None:
        """One of the strategy's orders traded."""
        self._executions.setdefault(strategy, Window(MINUTE_US)).add(at_us)

    def denied(self, strategy: str, at_us: int) -> None:
        """One of the strategy's orders was denied."""
        self._denials.setdefault(strategy, Window(5 * MINUTE_US)).add(at_us)

    def identical(self, terms: Terms, now_us: int) -> int:
        """How many orders with the same account, symbol, side, quantity and price passed."""
        self._forget(now_us - self._identical_us)
        return self._alike.get(terms, 0)

    def _forget(self, oldest_us: int) -> None:
        """Also where nobody asks: a scope without such a limit hears of every order too."""
        while self._recent and self._recent[0][0] <= oldest_us:
            _, old = self._recent.popleft()
            left = self._alike[old] - 1
            if left:
                self._alike[old] = left
            else:
                del self._alike[old]

    def executions(self, strategy: str, now_us: int) -> int:
        """The strategy's executions in the last minute."""
        window = self._executions.get(strategy)
        return 0 if window is None else window.count(now_us)

    def denials(self, strategy: str, now_us: int) -> int:
        """The strategy's denials in the last five minutes."""
        window = self._denials.get(strategy)
        return 0 if window is None else window.count(now_us)
