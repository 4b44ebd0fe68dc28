"""The stop: the halt level in force this instant, before any store or screen knows.

The one rule: it is raised by plain assignment, from any thread or signal handler, with nothing
that can fail in between; only a release that is already in the ledger lowers it.
"""

from domain.halts import Level


class Stop:
    """A level that only goes up until `lowered`."""

    __slots__ = ("level", "reason", "releasing", "trips")

    def __init__(self) -> None:
        self.level: int = Level.NORMAL
        self.reason = ""
        self.trips = 0
        self.releasing = False  # a release is in the ledger and its marker is about to go

    def trip(self, level: int, reason: str) -> None:
        """Raise the level; the first reason is kept while it stands."""
        self.trips += 1
        if level > self.level:
            self.level = level
            self.reason = reason

    def lowered(self, level: int) -> None:
        """Follow a release that the ledger holds."""
        self.level = level
        if level == Level.NORMAL:
            self.reason = ""
