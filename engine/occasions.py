"""Writes down what the benchmark's assets were worth when it needs that: flows, rebalances.

The one rule: fresh prices or none. A flow whose moment had none takes those of the next
snapshot; a rebalance waits for them, and a desk that slept over several does one.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from decimal import Decimal

from accounting.benchmark import rebalance_day
from accounting.snapshots import moment_of
from domain.snapshots import FLOW, REBALANCE, PricesMarked
from engine.floor import Floor
from engine.settings import PerformanceSettings
from engine.snapshots import ALL
from engine.track import Track

TIMELY_US = 3_600_000_000  # a flow that is told later than this takes the next snapshot's prices


class Occasions:
    """Marks the benchmark's prices, once an occasion (R-D2, R-D3)."""

    def __init__(
        self,
        floor: Floor,
        track: Track,
        settings: PerformanceSettings,
        prices: Callable[[], Mapping[str, Decimal]],
    ) -> None:
        self._floor = floor
        self._track = track
        self._settings = settings
        self._prices = prices

    async def look(self) -> None:
        """Mark the prices of every occasion that waits for them.

        Raises:
            Unavailable: the ledger took nothing.
        """
        waiting = list(self._waiting())
        if not waiting:
            return
        known = self._prices()
        prices = {name: known[name] for name in self._settings.weights if name in known}
        if len(prices) < len(self._settings.weights):
            return
        now_us = self._floor.now_us()
        await self._floor.desk.record(
            *(
                PricesMarked(at_us=now_us, actor="engine", occasion=occasion, prices=prices)
                for occasion in waiting
            )
        )

    def _waiting(self) -> Iterator[str]:
        taken = self._track.snapshots(ALL)
        if not taken:
            return  # there is no benchmark yet
        first_us, now_us = taken[0].at_us, self._floor.now_us()
        for row in self._track.unmarked(max(first_us, now_us - TIMELY_US)):
            yield f"{FLOW}:{row.key}"
        day = self._rebalance(now_us)
        if day is not None and self._moment(day) > first_us:
            yield f"{REBALANCE}:{day}"

    def _rebalance(self, now_us: int) -> date | None:
        last, told = self._track.rebalanced, self._settings
        return rebalance_day(
            now_us,
            date.fromisoformat(last) if last else None,
            weekday=told.rebalance_day,
            at=told.rebalance_at,
            time_zone=told.time_zone,
        )

    def _moment(self, day: date) -> int:
        return moment_of(day, self._settings.rebalance_at, self._settings.time_zone)
