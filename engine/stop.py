"""The stop: the halt level in force this instant, by scope, before any store or screen knows.

The one rule: it is raised by plain assignment, from any thread or signal handler, with nothing
that can fail in between; only a release that is already in the ledger lowers it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from domain.halts import GLOBAL, Level, holds_money, level_over, scope_of
from domain.instruments import Account
from domain.scopes import EVERYTHING, Scope


class Tradable(Protocol):
    """What a halt looks at: an order, or the draft of one."""

    @property
    def account(self) -> Account:
        """Where it trades."""
        ...

    @property
    def symbol(self) -> str:
        """What it trades."""
        ...

    @property
    def strategy(self) -> str:
        """Who trades; "" for a person."""
        ...


@dataclass(frozen=True, slots=True)
class _Raised:
    level: int = int(Level.NORMAL)
    reason: str = ""
    trip: int = 0
    held: bool = False


class Stop:
    """Levels that only go up until `lowered`. `level` and `reason` are those over everything.

    Narrower scopes are in a mapping that is replaced and never changed, so that whoever reads
    it meanwhile sees all of the old one or all of the new one.
    """

    __slots__ = ("_held", "_narrow", "_trip", "level", "reason", "releasing", "trips")

    def __init__(self) -> None:
        self.level: int = Level.NORMAL
        self.reason = ""
        self.trips = 0
        self.releasing = False  # a release is in the ledger and its marker is about to go
        self._trip = 0
        self._held = False
        self._narrow: Mapping[Scope, _Raised] = {}

    def trip(self, level: int, reason: str, scope: str = GLOBAL) -> None:
        """Raise a scope's level; its first reason is kept while it stands.

        A scope that cannot be read is everything.
        """
        self.trips += 1
        self._raise(level, reason, scope, self.trips)

    def follow(self, level: int, reason: str, scope: str) -> None:
        """Hold a scope at least at this level, as a store says; that is no trip of its own."""
        self._raise(level, reason, scope, None)

    def _raise(self, level: int, reason: str, scope: str, trip: int | None) -> None:
        reach = EVERYTHING if scope == GLOBAL else scope_of(scope)
        if reach == EVERYTHING:
            self._trip = self._trip if trip is None else trip
            self._held = True
            if level > self.level:
                self.level = level
                self.reason = reason
            return
        known = self._narrow.get(reach, _Raised())
        higher = level > known.level
        raised = _Raised(
            level if higher else known.level,
            reason if higher else known.reason,
            known.trip if trip is None else trip,
            held=True,
        )
        self._narrow = {**self._narrow, reach: raised}

    def lowered(self, level: int, scope: str = GLOBAL) -> None:
        """Follow a release that the ledger holds, of this scope and of no other."""
        reach = scope_of(scope)
        if reach == EVERYTHING:
            self._held = False
            self.level = level
            if level == Level.NORMAL:
                self.reason = ""
            return
        known = self._narrow.get(reach, _Raised())
        left = {kept: raised for kept, raised in self._narrow.items() if kept != reach}
        if level != Level.NORMAL:
            left[reach] = _Raised(level, known.reason, known.trip)
        self._narrow = left

    def held(self, scope: str) -> bool:
        """Whether a scope was tripped and nobody has released it since."""
        reach = scope_of(scope)
        return self._held if reach == EVERYTHING else self._narrow.get(reach, _Raised()).held

    def last_trip(self, scope: str) -> int:
        """The number of a scope's newest trip, among all trips of this run; 0 for none."""
        reach = scope_of(scope)
        return self._trip if reach == EVERYTHING else self._narrow.get(reach, _Raised()).trip

    @property
    def levels(self) -> dict[Scope, int]:
        """The level in force by scope, that over everything included."""
        return {EVERYTHING: self.level} | {s: raised.level for s, raised in self._narrow.items()}

    def over(self, order: Tradable) -> int:
        """The strictest level over one order."""
        if not self._narrow:
            return self.level
        return level_over(self.levels, order.account, order.symbol, order.strategy)

    def over_account(self, account: Account) -> int:
        """The strictest level over everything that an account does."""
        return max(level for scope, level in self.levels.items() if holds_money(scope, account))

    def why(self, order: Tradable) -> str:
        """The reason behind `over`."""
        level = self.over(order)
        if level == self.level:
            return self.reason
        return next(
            raised.reason
            for scope, raised in self._narrow.items()
            if raised.level == level and scope.covers(order.account, order.symbol, order.strategy)
        )

    def touched_since(self, trip: int, account: Account) -> bool:
        """Whether anything that touches the account was tripped after that trip."""
        return self._trip > trip or any(
            raised.trip > trip and scope.touches(account) for scope, raised in self._narrow.items()
        )
