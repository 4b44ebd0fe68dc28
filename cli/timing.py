"""How long each call to a venue takes, told to whoever counts, without the venue knowing.

The one rule: a port behaves exactly as without this, errors included.
"""

import functools
from collections.abc import Callable
from typing import Any, TypeVar

from domain.ports import Clock

P = TypeVar("P")
Tell = Callable[[str, str, int], None]
TIMED = frozenset(
    {
        "amend",
        "balances",
        "cancel",
        "cancel_all",
        "clock_us",
        "find",
        "history",
        "instruments",
        "open_orders",
        "place",
        "prices",
    }
)


def timed(port: P, venue: str, clock: Clock, tell: Tell) -> P:
    """`port` with its requests timed; streams and everything else pass through."""
    return _Timed(port, venue, clock, tell)  # type: ignore[return-value]


class _Timed:
    def __init__(self, port: object, venue: str, clock: Clock, tell: Tell) -> None:
        self._port = port
        self._venue = venue
        self._clock = clock
        self._tell = tell

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._port, name)
        if name not in TIMED:
            return method

        @functools.wraps(method)
        async def measured(*args: Any, **kwargs: Any) -> Any:
            began = self._clock.monotonic_us()
            try:
                return await method(*args, **kwargs)
            finally:
                self._tell(self._venue, name, self._clock.monotonic_us() - began)

        setattr(self, name, measured)  # the next call finds it without coming here
        return measured
