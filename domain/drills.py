"""The drill of the kill switch: what it proves, and how long each stage took.

A drill is a real halt over `STRATEGY:drill` alone: it cancels its own canaries and nothing else.
The one rule: a drill that did not prove everything is written down as just that.
"""

from dataclasses import dataclass

from domain.asks import Ask
from domain.events import Fact
from domain.instruments import Account
from domain.scopes import Reach, Scope

STRATEGY = "drill"
SCOPE = str(Scope(Reach.STRATEGY, STRATEGY))
DAY_US = 86_400_000_000
REMINDER_DAYS = 30  # semantics 3.5


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillCompleted(Fact):
    """A drill is over. Times in microseconds since the trip was asked for, -1: never.

    `gate_us` is when no further order could leave, `first_cancel_us` when the first cancel had
    been sent (at the latest), `cancelled_us` when every canary had ended at its venue,
    `verified_us` when the halt was proven. `problem` says what fell short, "": nothing.
    """

    halt_id: str
    mode: str
    canaries: tuple[str, ...]
    accounts: tuple[Account, ...]
    left_out: tuple[str, ...] = ()
    gate_us: int = -1
    first_cancel_us: int = -1
    cancelled_us: int = -1
    verified_us: int = -1
    problem: str = ""

    def key(self) -> str:
        """A drill ends once."""
        return f"drill:{self.halt_id}"

    @property
    def proven(self) -> bool:
        """Whether every stage was reached."""
        return not self.problem and self.verified_us >= 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RunDrill(Ask[DrillCompleted]):
    """Place one canary an account, trip the kill switch over them, and measure. Role: trader.

    `venue` narrows it to one; LIVE needs `live_canaries`. The halt stays until it is released
    with a code, as every halt does.
    """

    venue: str = ""
    live_canaries: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadDrills(Ask[tuple[DrillCompleted, ...]]):
    """The newest drills, newest first, at most `limit`. Role: viewer."""

    limit: int = 20


def days_since(drilled_us: int, now_us: int) -> int | None:
    """Whole days since the last proven drill; None: there was none."""
    return max(0, now_us - drilled_us) // DAY_US if drilled_us else None


def overdue(drilled_us: int, now_us: int) -> str:
    """What to say where the last proven drill is too long ago; "" where it is not."""
    days = days_since(drilled_us, now_us)
    if days is None:
        return "the kill switch was never drilled here; run `quarterdeck drill kill`"
    if days > REMINDER_DAYS:
        return f"the last drill of the kill switch is {days} days ago; run `quarterdeck drill kill`"
    return ""
