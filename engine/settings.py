"""What the engine can be told: intervals, timeouts and graces, each with its unit in the name.

The one rule: a default here is the value of semantics.md; tests shorten, operators rarely do.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from accounting.benchmark import BTC_ETH


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineSettings:
    """Timers of the engine (semantics 1.3, 1.5, 3, 6, 7). Seconds as `_s`, else `_ms`."""

    base_currency: str = "USD"
    time_zone: str = "UTC"
    ack_timeout_s: int = 10
    settle_grace_s: int = 30
    search_gap_s: int = 10
    price_stale_s: int = 5
    mark_stale_s: int = 15
    balance_stale_s: int = 90
    stream_silent_s: int = 15
    open_orders_every_s: int = 30
    open_orders_degraded_every_s: int = 5
    fills_every_s: int = 60
    balances_every_s: int = 60
    balances_degraded_every_s: int = 15
    clock_every_s: int = 300
    reconnect_first_ms: int = 1_000
    reconnect_last_ms: int = 60_000
    first_try_s: int = 20
    history_overlap_s: int = 600
    history_first_days: int = 30
    markets_cache_hours: int = 24
    marker_every_ms: int = 250
    kill_in_flight_wait_ms: int = 2_000
    kill_deadline_s: int = 30
    kill_retry_s: int = 5
    kill_list_gap_ms: int = 1_000
    release_clean_s: int = 60
    resume_hold_s: int = 60
    release_two_person: bool = False
    limits_cool_down_s: int = 3_600
    drain_cancels_orders: bool = False
    dead_man_s: int = 60
    drawdown_samples: int = 3
    drawdown_span_s: int = 10
    equity_blind_s: int = 60
    failed_orders: int = 10
    failed_orders_window_s: int = 300
    unknown_order_s: int = 300
    feeds_dead_s: int = 60
    publish_hz: int = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class PerformanceSettings:
    """When snapshots are taken, and what the accounts are compared with (R-D2, R-E1).

    `snapshot_at` is a local time `HH:MM` in `time_zone`, None: none are taken. One that would
    lack something waits `snapshot_wait_s` for it. With `pegged` a stablecoin is always worth one
    base unit, else only where no market tells. `weights` add up to one; `rebalance_day` 0 is
    Monday.
    """

    snapshot_at: str | None = None
    time_zone: str = "UTC"
    snapshot_wait_s: int = 900
    pegged: bool = False
    weights: Mapping[str, Decimal] = field(default_factory=lambda: dict(BTC_ETH))
    rebalance_day: int = 0
    rebalance_at: str = "00:00"


RESOLVE_AFTER_MS = (500, 1_000, 2_000, 4_000, 8_000, 15_000, 30_000, 60_000)
