"""What a person may ask of the automatic triggers.

The one rule: a trigger is shown with what it sees now, not with what it saw when it fired.
"""

from dataclasses import dataclass
from decimal import Decimal

from domain.asks import Ask
from domain.halts import Level


@dataclass(frozen=True, slots=True)
class Gauge:
    """How near one part of the desk is to a trigger's limit; it trips when `used` reaches it."""

    about: str
    used: Decimal
    limit: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class TriggerView:
    """One automatic trigger: what it sees, its limit, and when it last tripped the kill switch.

    `on`: whether it may trip. `holds` are the scopes over which its condition is true now;
    `fired_us` 0: never. `gauges`: each account that something is counted of, where it counts.
    """

    name: str
    meaning: str
    on: bool
    value: str
    limit: str
    level: Level
    holds: tuple[str, ...] = ()
    fired_us: int = 0
    fired_scope: str = ""
    fired_reason: str = ""
    gauges: tuple[Gauge, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadTriggers(Ask[tuple[TriggerView, ...]]):
    """Every automatic trigger with what it sees now. Role: viewer."""
