"""Building the loopback Kraken: for a thread in a test, or for a process of its own."""

from collections.abc import Mapping

from tests.wire.admin import Commands
from tests.wire.clock import Clock
from tests.wire.host import VenueThread
from tests.wire.kraken.controls import Controls
from tests.wire.kraken.limits import Limits
from tests.wire.kraken.server import KrakenServer
from tests.wire.kraken.venue import KrakenVenue

Loopback = VenueThread[KrakenServer]


def build(
    *,
    seed: int = 1,
    step_ms: int = 0,
    limits: Limits | None = None,
    clock: Clock | None = None,
    balances: Mapping[str, str] | None = None,
) -> tuple[KrakenServer, Commands]:
    """A server that is not started yet, and its commands."""
    venue = KrakenVenue(seed=seed, clock=clock, limits=limits, balances=balances)
    server = KrakenServer(venue, step_ms=step_ms)
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
