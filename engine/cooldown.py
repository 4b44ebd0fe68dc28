"""How long a loosening still waits, by a clock that nobody can set.

The one rule: neither a wall clock that is stepped, nor a restart, nor a shorter cool-down in
the settings file ends a wait early.
"""

from engine.floor import Floor

SECOND_US = 1_000_000


class CoolDown:
    """The wait of one thing that was proposed; limits and the withdrawal policy have one each."""

    def __init__(self, floor: Floor) -> None:
        self._floor = floor
        self._proposed_us: int | None = None  # by the ledger's time
        self._told_s = 0  # as it was said when it was proposed
        self._since_us = 0  # monotonic: from when on the rest is counted
        self._waited_us = 0  # what of it was over by then
        self._approved_s = 0  # as the ledger last approved it, with the limits

    def approved(self, cool_down_s: int) -> None:
        """Limits were approved: a shorter cool-down in the file counts from then on."""
        self._approved_s = cool_down_s

    def begun(self, at_us: int, cool_down_s: int) -> None:
        """Something was proposed."""
        self._proposed_us, self._told_s = at_us, cool_down_s
        self._since_us, self._waited_us = self._floor.clock.monotonic_us(), 0

    def resumed(self) -> None:
        """What was proposed in an earlier run has waited as long as the ledger's time says."""
        if self._proposed_us is not None:
            self._waited_us = max(0, self._floor.now_us() - self._proposed_us)
            self._since_us = self._floor.clock.monotonic_us()

    @property
    def longest_s(self) -> int:
        """A shorter cool-down in the file counts when the next limits are approved with a code."""
        return max(self._approved_s, self._floor.settings.limits_cool_down_s)

    def left_us(self) -> int:
        """The rest of the wait, by the monotonic clock; not over zero once it is over."""
        cool_us = max(self._told_s, self.longest_s) * SECOND_US
        running_us = self._floor.clock.monotonic_us() - self._since_us
        # The wall clock must say so still: one that was ahead at the start has proven nothing.
        before_us = max(0, self._floor.now_us() - (self._proposed_us or 0) - running_us)
        return cool_us - min(self._waited_us, before_us) - running_us

    def left_s(self) -> int:
        """The same in whole seconds, rounded up, never under 0."""
        return max(0, -(-self.left_us() // SECOND_US))
