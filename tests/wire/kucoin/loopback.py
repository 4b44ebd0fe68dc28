"""Building the loopback KuCoin: for a thread in a test, or for a process of its own."""

from collections.abc import Mapping

from tests.wire.admin import Commands
from tests.wire.clock import Clock
from tests.wire.host import VenueThread
from tests.wire.kucoin.controls import Controls
from tests.wire.kucoin.limits import Limits
from tests.wire.kucoin.server import KucoinServer
from tests.wire.kucoin.venue import KucoinVenue

Loopback = VenueThread[KucoinServer]


def build(
    *,
    seed: int = 1,
    step_ms: int = 0,
    limits: Limits | None = None,
    clock: Clock | None = None,
    balances: Mapping[str, str] | None = None,
) -> tuple[KucoinServer, Commands]:
    """A server that is not started yet, and its commands."""
    venue = KucoinVenue(seed=seed, clock=clock, limits=limits, balances=balances)
    server = KucoinServer(venue, step_ms=step_ms)
    return server, Commands(Controls(server))


def hosted(
    *,
    seed: int = 1,
    step_ms: int = 0,
    limits: Limits | None = None,
    clock: Clock | None = None,
    balances: Mapping[str, str] | None = None,
) -> Loopback:
    """The same on a thread of its own."""
    return Loopback(
        lambda: build(seed=seed, step_ms=step_ms, limits=limits, clock=clock, balances=balances)
    )
