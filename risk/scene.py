"""What the automatic triggers look at and what they answer, as plain values.

The one rule: a scene is one moment; whoever makes it has read every clock already.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from domain.board import Board
from domain.halts import Level
from domain.instruments import Account
from domain.scopes import Scope
from domain.triggers import Gauge
from risk.limits import Limits


@dataclass(frozen=True, slots=True, kw_only=True)
class TriggerSettings:
    """The limits of the triggers that are no trading limits (semantics 3.4); seconds as `_s`."""

    drawdown_samples: int = 3
    drawdown_span_s: int = 10
    equity_blind_s: int = 60
    failed_orders: int = 10
    failed_orders_window_s: int = 300
    unknown_order_s: int = 300
    feeds_dead_s: int = 60


@dataclass(frozen=True, slots=True)
class Fall:
    """The run of consecutive valid samples in which the drawdown has reached its limit.

    `pct` is the newest valid drawdown in percent, None: none was judged yet.
    """

    pct: Decimal | None = None
    samples: int = 0
    since_us: int = 0
    at_us: int = 0

    def after(self, pct: Decimal, limit_pct: Decimal, at_us: int) -> "Fall":
        """With one more valid sample; one below the limit ends the run."""
        if pct < limit_pct:
            return Fall(pct, at_us=at_us)
        since_us = self.since_us if self.samples else at_us
        return Fall(pct, self.samples + 1, since_us, at_us)


@dataclass(frozen=True, slots=True)
class Conduct:
    """What one strategy did: denials and denied repeats in 5 minutes, executions in one."""

    denials: int = 0
    repeats: int = 0
    executions: int = 0


@dataclass(slots=True, kw_only=True)
class Scene:
    """All that the triggers look at, in one moment.

    `blind_us` is for how long no valid equity sample was had; `failures` are orders that a venue
    rejected or left in doubt within the window; `incidents` wait to be acknowledged.
    """

    board: Board
    limits: Limits
    now_us: int
    settings: TriggerSettings = field(default_factory=TriggerSettings)
    fall: Fall = field(default_factory=Fall)
    blind_us: int = 0
    blind_why: str = ""
    equity_error: str = ""
    failures: Mapping[Account, int] = field(default_factory=dict)
    conduct: Mapping[str, Conduct] = field(default_factory=dict)
    incidents: tuple[str, ...] = ()
    skew_limits_us: Mapping[str, int] = field(default_factory=dict)
    break_value: Decimal = Decimal(100)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A halt that a trigger wants; `about` tells two incidents of one scope apart."""

    level: Level
    scope: Scope
    reason: str
    about: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a trigger sees now: its value and limit as text, and the halts it wants.

    `gauges` tell the same of each account as numbers, where a trigger counts.
    """

    value: str
    limit: str
    wanted: tuple[Wanted, ...] = ()
    gauges: tuple[Gauge, ...] = ()
