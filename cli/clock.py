"""The one place where time and randomness come in from the machine."""

import time


class SystemClock:
    """`domain.ports.Clock` of the machine."""

    def now_us(self) -> int:
        """Wall clock, UTC microseconds."""
        return time.time_ns() // 1000  # noqa: TID251 - the Clock port itself

    def monotonic_us(self) -> int:
        """A clock that never steps, microseconds."""
        return time.monotonic_ns() // 1000


class SystemDice:
    """`domain.ports.Dice` from the operating system's source."""

    def bits(self, count: int) -> int:
        """`count` random bits."""
        import secrets  # noqa: PLC0415 - 9 ms that no first screen needs

        return secrets.randbits(count)
