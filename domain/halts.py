"""The kill switch's vocabulary: levels, scopes, and what is known of one halt (semantics 3).

The one rule: nothing but a released second factor lowers a level.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from functools import lru_cache

from domain.flatten import Flattening
from domain.instruments import Account
from domain.scopes import EVERYTHING, NotAScope, Scope


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
BY_TRIGGER = "trigger:"  # how the actor of a halt begins that nobody asked for


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
    """One halt that is in force over its `scope`, as `domain.scopes` writes it.

    `verified`: every order that it must cancel is proven gone, since its level was last raised.
    """

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
    verified: bool = False
    flattened: tuple[Flattening, ...] = ()

    @property
    def reach(self) -> Scope:
        """What it covers; a scope that cannot be read covers everything."""
        return scope_of(self.scope)

    @property
    def standing(self) -> Level:
        """The level in force: a resuming halt still allows reducing orders only."""
        return Level.REDUCE_ONLY if self.state is HaltState.RESUMING else self.level

    @property
    def cancels(self) -> bool:
        """Whether orders must still be cancelled, or proven gone, for its sake."""
        return (
            self.level is not Level.HALT
            and not self.verified
            and self.state is not HaltState.RESUMING
        )


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


@lru_cache(maxsize=512)
def scope_of(text: str) -> Scope:
    """The scope that a halt's text names; one that cannot be read is GLOBAL, never nothing."""
    try:
        return Scope.parse(text)
    except (NotAScope, ValueError):
        return EVERYTHING


def tripped_by(actor: str) -> str:
    """Which trigger the actor of a halt is; "" where a person or another part tripped it."""
    return actor.removeprefix(BY_TRIGGER) if actor.startswith(BY_TRIGGER) else ""


def levels_of(halts: Iterable[Halt]) -> dict[Scope, Level]:
    """The level in force by scope."""
    levels: dict[Scope, Level] = {}
    for halt in halts:
        levels[halt.reach] = max(halt.standing, levels.get(halt.reach, Level.NORMAL))
    return levels


def level_over(levels: Mapping[Scope, int], account: Account, symbol: str, strategy: str) -> int:
    """The strictest of `levels` that covers an order of this account, symbol and strategy."""
    return max(
        (level for scope, level in levels.items() if scope.covers(account, symbol, strategy)),
        default=int(Level.NORMAL),
    )


def effective_level(
    halts: Iterable[Halt], account: Account, symbol: str, strategy: str = ""
) -> Level:
    """The strictest level over an order of this account, symbol and strategy (semantics 3.1)."""
    return Level(level_over(levels_of(halts), account, symbol, strategy))


def global_level(halts: Iterable[Halt]) -> Level:
    """The level over every order there could be."""
    return levels_of(halts).get(EVERYTHING, Level.NORMAL)


def holds_money(scope: Scope, account: Account) -> bool:
    """Whether withdrawals of an account are inside a scope."""
    return scope.takes_foreign and scope.touches(account)


def withdrawals_frozen(halts: Iterable[Halt], account: Account) -> Halt | None:
    """The strictest halt that freezes withdrawals from this account (level 2 and above), if any.

    A released halt that is resuming freezes none, nor does one over a strategy or a symbol: a
    withdrawal belongs to an account, and has neither.
    """
    freezing = [h for h in halts if h.standing >= Level.HALT and holds_money(h.reach, account)]
    return max(freezing, key=lambda halt: halt.standing, default=None)
