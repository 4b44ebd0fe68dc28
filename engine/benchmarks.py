"""The benchmark followed through snapshots, flows and rebalances, from the first one on.

The one rule: it is computed again from facts whenever it is asked for. A flow counts once, at
the prices marked for it, else at those of the next snapshot that has all of them; of two things
at one moment the flow comes first, then the rebalance, then the snapshot.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from operator import itemgetter
from typing import NamedTuple

from accounting.benchmark import Benchmark, flowed, rebalanced, started
from domain.money import MONEY, ONE, ZERO
from domain.snapshots import FLOW, PricesMarked, SnapshotTaken
from engine.track import FlowRow

Prices = Mapping[str, Decimal]


class Point(NamedTuple):
    """The benchmark at a snapshot: its worth and growth since the start (1.1: up 10 %)."""

    snapshot: SnapshotTaken
    value: Decimal | None = None
    growth: Decimal | None = None


class Rebalance(NamedTuple):
    """A weekly return to the weights, at the prices of that moment."""

    at_us: int
    day: date
    prices: Prices


class Follower:
    """A benchmark on its way; `state` is None until a whole snapshot with all prices came."""

    def __init__(self, weights: Mapping[str, Decimal]) -> None:
        self._weights = weights
        self._unpriced: list[FlowRow] = []
        self.state: Benchmark | None = None

    def follow(
        self,
        snapshots: Iterable[SnapshotTaken],
        flows: Iterable[FlowRow],
        rebalances: Iterable[Rebalance],
        marks: Mapping[str, PricesMarked],
    ) -> list[Point]:
        """The benchmark at each snapshot, in the order of time."""
        steps: list[tuple[int, int, FlowRow | Rebalance | SnapshotTaken]] = [
            *((row.at_us, 0, row) for row in flows),
            *((row.at_us, 1, row) for row in rebalances),
            *((taken.at_us, 2, taken) for taken in snapshots),
        ]
        return list(self._steps(sorted(steps, key=itemgetter(0, 1)), marks))

    def _steps(
        self,
        steps: list[tuple[int, int, FlowRow | Rebalance | SnapshotTaken]],
        marks: Mapping[str, PricesMarked],
    ) -> Iterator[Point]:
        for _, _, step in steps:
            if isinstance(step, SnapshotTaken):
                yield self._snapshot(step)
            elif self.state is None:
                continue  # what it begins with contains it
            elif isinstance(step, Rebalance):
                self._rebalance(self.state, step)
            else:
                marked = marks.get(f"{FLOW}:{step.key}")
                self._flow(self.state, step, marked.prices if marked else {})

    def _complete(self, prices: Prices) -> bool:
        return all(prices.get(asset, ZERO) > ZERO for asset in self._weights)

    def _flow(self, state: Benchmark, row: FlowRow, prices: Prices) -> None:
        if row.amount is None:
            return  # the day says that it is not known
        if self._unpriced or not self._complete(prices):
            self._unpriced.append(row)
            return
        self.state = flowed(state, row.key, row.amount, prices)

    def _rebalance(self, state: Benchmark, step: Rebalance) -> None:
        if self._complete(step.prices):
            self.state = rebalanced(self._settled(state, step.prices), step.prices, step.day)

    def _settled(self, state: Benchmark, prices: Prices) -> Benchmark:
        """With the flows inside that waited for prices."""
        for row in self._unpriced:
            state = flowed(state, row.key, row.amount or ZERO, prices)
        self._unpriced.clear()
        return state

    def _snapshot(self, taken: SnapshotTaken) -> Point:
        if not self._complete(taken.prices):
            return Point(taken)
        if self.state is None:
            if taken.partial or taken.nav <= ZERO:
                return Point(taken)
            self.state = started(taken.nav, taken.prices, self._weights)
        self.state = self._settled(self.state, taken.prices)
        growth = MONEY.add(ONE, self.state.twr(taken.prices))
        return Point(taken, self.state.value(taken.prices), growth)


def grown(opened: Point, closed: Point) -> Decimal | None:
    """The benchmark's return from one snapshot to the next; None where one of them lacks it."""
    if opened.growth is None or closed.growth is None or opened.growth <= ZERO:
        return None
    return MONEY.subtract(MONEY.divide(closed.growth, opened.growth), ONE)
