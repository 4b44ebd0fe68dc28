"""Settings of reports, daily snapshots and the benchmark.

The one rule: a local time is told with its time zone, and weights are percent that add up to
a hundred; nothing is scaled in silence.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated

from pydantic import Field, model_validator

from config import kinds
from config.composed import Block, BlockOf, Percent
from config.kinds import amount, choice, whole, words
from config.names import ASSET
from domain.money import ZERO, canonical, exactly
from engine.settings import PerformanceSettings

WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
HUNDRED = Decimal(100)
TIME = words("local time HH:MM", r"(?:[01][0-9]|2[0-3]):[0-5][0-9]", "00:05")
Weight = Annotated[Decimal, amount("percent, over 0")]


class ReportSettings(Block):
    """The portfolio report and what it alerts of (R-A4, R-A5, R-A9), and snapshots (R-E1).

    `time_zone` None: that of the desk.
    """

    interval_min: Annotated[int, whole(1, 44_640, "minutes, 1 to 44640")] = 240
    alert_threshold_pct: Percent = Decimal(5)
    cache_ttl_s: Annotated[int, whole(0, 86_400, "seconds, 0 to 86400")] = 30
    snapshot_at: Annotated[str | None, kinds.off_or(TIME)] = "00:05"
    time_zone: Annotated[str | None, kinds.word_or("desk", kinds.ZONE)] = None
    snapshot_wait_s: Annotated[int, whole(0, 43_200, "seconds, 0 to 43200")] = 900
    stablecoins: Annotated[str, choice("market", "pegged")] = "market"


class BenchmarkSettings(Block):
    """What the accounts are compared with (R-D2): percent by asset, rebalanced once a week."""

    weights: Annotated[Mapping[Annotated[str, ASSET], Weight], BlockOf] = Field(
        default_factory=lambda: {"BTC": Decimal(50), "ETH": Decimal(50)}
    )
    rebalance_day: Annotated[str, choice(*WEEK)] = "monday"
    rebalance_at: Annotated[str, TIME] = "00:00"

    @model_validator(mode="after")
    def _whole(self) -> "BenchmarkSettings":
        with exactly():
            told = sum(self.weights.values(), ZERO)
        if told != HUNDRED:
            raise ValueError(f"the weights add up to {canonical(told)} percent; write 100")
        return self


def performance_of(
    reports: ReportSettings, benchmark: BenchmarkSettings, time_zone: str
) -> PerformanceSettings:
    """What the engine is told of snapshots and the benchmark."""
    with exactly():
        weights = {asset: weight / HUNDRED for asset, weight in benchmark.weights.items()}
    return PerformanceSettings(
        snapshot_at=reports.snapshot_at,
        time_zone=reports.time_zone or time_zone,
        snapshot_wait_s=reports.snapshot_wait_s,
        pegged=reports.stablecoins == "pegged",
        weights=weights,
        rebalance_day=WEEK.index(benchmark.rebalance_day),
        rebalance_at=benchmark.rebalance_at,
    )
