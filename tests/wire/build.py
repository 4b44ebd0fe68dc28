"""Building a loopback venue: for a thread in a test, or for a process of its own."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from tests.wire.admin import Commands
from tests.wire.clock import Clock
from tests.wire.host import VenueThread
from tests.wire.server import VenueServer

S = TypeVar("S", bound=VenueServer[Any])


@dataclass(frozen=True)
class Builder(Generic[S]):
    """The parts of one family: its venue, the server around it, and its admin commands."""

    venue: Callable[..., Any]
    server: Callable[..., S]
    controls: Callable[[S], object]

    def build(
        self,
        *,
        seed: int = 1,
        step_ms: int = 0,
        limits: object | None = None,
        clock: Clock | None = None,
        balances: Mapping[str, str] | None = None,
    ) -> tuple[S, Commands]:
        """A server that is not started yet, and its commands; `limits` are the family's own."""
        venue = self.venue(seed=seed, clock=clock, limits=limits, balances=balances)
        server = self.server(venue, step_ms=step_ms)
        return server, Commands(self.controls(server))

    def hosted(
        self,
        *,
        seed: int = 1,
        step_ms: int = 0,
        limits: object | None = None,
        clock: Clock | None = None,
        balances: Mapping[str, str] | None = None,
    ) -> VenueThread[S]:
        """The same on a thread of its own."""
        return VenueThread(
            lambda: self.build(
                seed=seed, step_ms=step_ms, limits=limits, clock=clock, balances=balances
            )
        )
