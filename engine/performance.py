"""Answers about value over time: snapshots, returns, the benchmark.

The one rule: everything is computed from the track record at the moment of asking, so an answer
can never contradict the ledger.
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal

from accounting.performance import DayBeside, beside
from domain.errors import Refused
from domain.money import MONEY
from domain.performance import (
    BenchmarkDay,
    Comparison,
    DayResult,
    ReadBenchmark,
    ReadReturns,
    ReadSnapshots,
    Returns,
    SnapshotPage,
)
from domain.snapshots import PricesMarked, SnapshotTaken
from engine.benchmarks import Follower, Point, Rebalance, grown
from engine.floor import Floor
from engine.operators import Operator, Role
from engine.results import as_row, day_results, over
from engine.settings import PerformanceSettings
from engine.snapshots import Snapshots
from engine.track import FlowRow, Track

MOST = 1_000


class Performance:
    """Answers ReadSnapshots, ReadReturns and ReadBenchmark."""

    def __init__(
        self, floor: Floor, track: Track, snapshots: Snapshots, settings: PerformanceSettings
    ) -> None:
        self._floor = floor
        self._track = track
        self._snapshots = snapshots
        self._settings = settings
        floor.desk.answer(ReadSnapshots, self.read_snapshots, Role.VIEWER)
        floor.desk.answer(ReadReturns, self.read_returns, Role.VIEWER)
        floor.desk.answer(ReadBenchmark, self.read_benchmark, Role.VIEWER)

    async def read_snapshots(self, ask: ReadSnapshots, _: Operator) -> SnapshotPage:
        """The newest snapshots of an account.

        Raises:
            Refused: for an account that nobody knows.
        """
        self._known(ask.account)
        taken = self._track.snapshots(ask.account)
        return SnapshotPage(
            account=ask.account,
            base_currency=self._floor.desk.board.base_currency,
            snapshots=tuple(map(as_row, reversed(taken[-_bounded(ask.limit) :]))),
            total=len(taken),
            next_us=self._snapshots.next_us(),
            waiting=self._snapshots.waiting,
        )

    async def read_returns(self, ask: ReadReturns, _: Operator) -> Returns:
        """Daily returns, and the named ones over the days shown.

        Raises:
            Refused: for an account that nobody knows.
        """
        self._known(ask.account)
        return await asyncio.to_thread(
            over,
            ask.account,
            self._floor.desk.board.base_currency,
            self._track.snapshots(ask.account),
            self._track.flows(ask.account),
            _bounded(ask.limit),
        )

    async def read_benchmark(self, ask: ReadBenchmark, _: Operator) -> Comparison:
        """The account beside its benchmark.

        Raises:
            Refused: for an account that nobody knows.
        """
        self._known(ask.account)
        track = self._track
        return await asyncio.to_thread(
            self._compared,
            ask,
            track.snapshots(ask.account),
            track.flows(ask.account),
            self._rebalances(),
            dict(track.marks),
        )

    def _compared(
        self,
        ask: ReadBenchmark,
        taken: list[SnapshotTaken],
        flows: list[FlowRow],
        rebalances: list[Rebalance],
        marks: Mapping[str, PricesMarked],
    ) -> Comparison:
        """In a thread of its own: years of it take longer than an order may wait."""
        follower = Follower(self._settings.weights)
        points = follower.follow(taken, flows, rebalances, marks)
        newest = -_bounded(ask.limit)
        shown = _days(points[newest - 1 :], day_results(taken[newest - 1 :], flows))
        told = beside(
            DayBeside(date.fromisoformat(day.local_date), day.account, day.benchmark)
            for day in shown
        )
        state = follower.state
        return Comparison(
            account=ask.account,
            base_currency=self._floor.desk.board.base_currency,
            weights=dict(self._settings.weights),
            days=tuple(reversed(shown)),
            total=max(0, len(taken) - 1),
            twr=told.account if told.days else None,
            benchmark_twr=told.benchmark if told.days else None,
            outperformance=told.outperformance if told.days else None,
            units={} if state is None else dict(state.units),
            rebalanced="" if state is None or not state.rebalanced else str(state.rebalanced),
            flows=0 if state is None else len(state.flows),
            waiting=self._waiting(points),
        )

    def _known(self, account: str) -> None:
        known = {*self._track.accounts, *self._floor.desk.board.accounts} - {""}
        if account and account not in known:
            told = ", ".join(sorted(known)) or "none"
            raise Refused("account", f"there is no account {account} (known: {told})")

    def _rebalances(self) -> list[Rebalance]:
        return [
            Rebalance(marked.at_us, date.fromisoformat(day), marked.prices)
            for day, marked in self._track.rebalances()
        ]

    def _waiting(self, points: Sequence[Point]) -> str:
        """What keeps the benchmark from beginning or from going on."""
        if not points:
            return "there is no snapshot yet"
        newest = points[-1]
        bare = sorted(a for a in self._settings.weights if a not in newest.snapshot.prices)
        if bare:
            return f"the snapshot of {newest.snapshot.local_date} has no price of {', '.join(bare)}"
        if newest.growth is None:
            return "there is no whole snapshot yet that it could begin with"
        return ""


def _days(points: Sequence[Point], results: Sequence[DayResult]) -> list[BenchmarkDay]:
    return [
        _day(opened, closed, result)
        for opened, closed, result in zip(points, points[1:], results, strict=False)
    ]


def _day(opened: Point, closed: Point, result: DayResult) -> BenchmarkDay:
    benchmark = grown(opened, closed)
    nav = closed.snapshot.nav
    return BenchmarkDay(
        local_date=result.local_date,
        days=result.days,
        nav=nav,
        value=closed.value,
        difference=_less(nav, closed.value),
        account=result.fraction,
        benchmark=benchmark,
        outperformance=_less(result.fraction, benchmark),
        partial=result.partial,
    )


def _less(one: Decimal | None, other: Decimal | None) -> Decimal | None:
    return None if one is None or other is None else MONEY.subtract(one, other)


def _bounded(limit: int) -> int:
    return max(1, min(limit, MOST))
