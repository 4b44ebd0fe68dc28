"""The venue's time. The one rule: everything at a venue asks its clock, and only its clock."""

import time
from dataclasses import dataclass
from typing import Protocol

SECOND = 1_000_000


class Clock(Protocol):
    """UTC microseconds, from wherever a test wants them."""

    def now_us(self) -> int:
        """The time now."""
        ...


@dataclass(slots=True)
class WallClock:
    """The computer's clock; `skew_us` makes the venue's time wrong by that much."""

    skew_us: int = 0

    def now_us(self) -> int:
        """The computer's time plus the skew."""
        return time.time_ns() // 1000 + self.skew_us  # noqa: TID251  # this is the clock


@dataclass(slots=True)
class SteppedClock:
    """A clock that stands still until a test moves it; for runs that must repeat exactly."""

    at_us: int = 1_750_000_000 * SECOND
    skew_us: int = 0

    def now_us(self) -> int:
        """Where the clock was put."""
        return self.at_us + self.skew_us

    def step(self, seconds: int) -> None:
        """Move on."""
        self.at_us += seconds * SECOND
