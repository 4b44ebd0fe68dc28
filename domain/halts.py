"""The kill switch's vocabulary: levels, scopes, and what is known of one halt (semantics 3).

The one rule: nothing but a released second factor lowers a level.
"""

from dataclasses import dataclass
from enum import IntEnum, StrEnum

from domain.instruments import Account


class Level(IntEnum):
    """How much a halt forbids (semantics 3.1); a higher level includes the lower ones."""

    NORMAL = 0
    REDUCE_ONLY = 1
    HALT = 2
    HALT_CANCEL = 3
    FLATTEN = 4


class HaltState(StrEnum):
    """Where one halt stands (semantics 3.2)."""

    HALTING = "HALTING"
    HALTED = "HALTED"
    HALTED_UNVERIFIED = "HALTED_UNVERIFIED"
    RESUMING = "RESUMING"


GLOBAL = "GLOBAL"


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What one account's verified cancel-all saw; `verified` needs two successful empty lists.

    `still_open` is the count in the last successful list (-1: no list was read yet); `error`
    is why the last attempt fell short. Durations in milliseconds since the trip, -1: not yet.
    """

    account: Account
    open_before: int = -1
    cancelled: int = 0
    filled_during: int = 0
    unknown: int = 0
    still_open: int = -1
    attempts: int = 0
    first_cancel_ms: int = -1
    verified_ms: int = -1
    error: str = ""

    @property
    def verified(self) -> bool:
        """Whether this account is proven to hold no order that the halt must cancel."""
        return self.verified_ms >= 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Halt:
    """One halt that is in force. `scope` is `GLOBAL` here; narrower scopes come with Risk."""

    halt_id: str
    level: Level
    reason: str
    actor: str
    at_us: int
    state: HaltState
    scope: str = GLOBAL
    evidence: tuple[Evidence, ...] = ()
    trips: int = 1
    resumed_us: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Marker:
    """What the marker file says. An unreadable file is a GLOBAL HALT_CANCEL, never "no halt"."""

    halt_id: str
    level: Level
    reason: str
    actor: str
    at_us: int
    scope: str = GLOBAL
    readable: bool = True


def effective_level(halts: tuple[Halt, ...]) -> Level:
    """The strictest level in force; a resuming halt still allows reducing orders only."""
    levels = [Level.REDUCE_ONLY if h.state is HaltState.RESUMING else h.level for h in halts]
    return max(levels, default=Level.NORMAL)
