"""What the board shows of the engine itself.

The one rule: these are measured, never told by a venue or a fact.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineView:
    """The engine's own pulse: loop lag (99th percentile of the last minute) and counters.

    `tasks` are all of its loop: ours, those of clients that are attached, the venue library's.
    `limits_wait_s` is what is left of the cool-down of looser limits that wait, 0: nothing.
    """

    lag_us: int = 0
    tasks: int = 0
    memory_bytes: int = 0
    orders_sent: int = 0
    failures_5min: int = 0
    metrics_port: int = 0
    limits_wait_s: int = 0
