"""The loopback Kraken as one object: what it fixes, and what only Kraken does.

The one rule: everything runs on one event loop's thread. Other threads go through
`tests.wire.host.VenueThread`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from random import Random

from domain.money import ZERO, exactly
from tests.wire.clock import Clock
from tests.wire.kraken.assets import LISTINGS
from tests.wire.kraken.keys import ApiKey, KeyRing
from tests.wire.kraken.limits import Limits
from tests.wire.venue import Quirks, Setting, Venue

BALANCES = {
    "USD": "100000",
    "BTC": "1.5",
    "ETH": "20",
    "SOL": "100",
    "XRP": "5000",
    "USDT": "10000",
}
TOKEN_LIFE_S = 900
MODES = ("online", "maintenance", "cancel_only", "post_only", "limit_only")
SETTING = Setting(
    pairs={symbol: listing.terms() for symbol, listing in LISTINGS.items()},
    opening={symbol: Decimal(listing.open_price) for symbol, listing in LISTINGS.items()},
    arrived="Success",
    leaving="Initial",
    token_life_s=TOKEN_LIFE_S,
)


@dataclass(slots=True)
class KrakenQuirks(Quirks):
    """Kraken's own: whether orders and trades come in one snapshot frame of executions."""

    one_snapshot_frame: bool = True


class KrakenVenue(Venue[ApiKey]):
    """One loopback Kraken; `volumes` are in USD."""

    keys: KeyRing
    quirks: KrakenQuirks

    def __init__(
        self,
        *,
        seed: int = 1,
        clock: Clock | None = None,
        limits: Limits | None = None,
        balances: Mapping[str, str] | None = None,
    ) -> None:
        self.limits = limits or Limits()
        self.dead_man: dict[str, int] = {}  # owner -> when everything is canceled
        given = BALANCES if balances is None else balances
        ring = KeyRing(Random(seed + 1))
        super().__init__(SETTING, ring, seed=seed, clock=clock, balances=given)
        self.quirks = KrakenQuirks()

    def fees(self, owner: str, symbol: str) -> tuple[Decimal, Decimal]:
        """(maker, taker) rates of an owner as fractions, by its 30-day volume."""
        volume = self.volumes.get(owner, ZERO)
        with exactly():
            maker, taker = (
                next(Decimal(p) for least, p in reversed(tiers) if volume >= least) / 100
                for tiers in LISTINGS[symbol].tiers()
            )
        return maker, taker

    def tick(self) -> None:
        """Do what time alone makes due: expiries and dead-man's switches."""
        super().tick()
        now = self.now_us()
        for owner in [o for o, due in self.dead_man.items() if due <= now]:
            del self.dead_man[owner]
            for ticket in self.exchange.open_tickets(owner):
                self.exchange.cancel(ticket, "Cancel all orders after timeout")
