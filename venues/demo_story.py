"""What the owner of the demo accounts remembers: what things cost, and what they were worth.

The one rule: it is told of the demo's own generated past and of nothing else, and enters the
book as any owner's word does: facts with their source, never figures.
"""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal

from domain.adjustments import PricesRecorded
from domain.bookings import MovementBooked, OpeningBalance
from domain.days import moment, to_us
from domain.elections import BasisSupplied
from domain.events import Fact
from domain.instruments import Account
from domain.money import MONEY
from venues.demo_catalogue import ASSETS
from venues.demo_history import Past
from venues.demo_prices import SCALE

ACTOR = "demo"
SOURCE = "demo market, noon"
CASH = "USD"
_DAY_US = 86_400_000_000
# What was paid for a unit, as a share of its price a month ago, and how many days before.
_LONG_HELD: Mapping[str, tuple[str, int]] = {
    "BTC": ("0.62", 640),
    "ETH": ("0.81", 510),
    "SOL": ("0.74", 420),
    "XRP": ("1.12", 230),
    "ADA": ("1.31", 300),
    "DOGE": ("0.93", 150),
    "LINK": ("0.88", 405),
}
_LATELY = ("1", 45)
_CENTS = Decimal("0.01")


class Story:
    """What can be told of a fresh demo world; `actor` is who tells it."""

    actor = ACTOR

    def __init__(self, past: Past) -> None:
        self._past = past

    def prices(self, at_us: int) -> list[PricesRecorded]:
        """What everything was worth at noon of each day of the generated month."""
        first = moment(self._past.began_us).replace(hour=0, minute=0, second=0, microsecond=0)
        days = (first + timedelta(days=n) for n in range(40))
        told = ((to_us(day), to_us(day) + _DAY_US // 2) for day in days)
        return [
            PricesRecorded(
                at_us=at_us,
                actor=ACTOR,
                since_us=since_us,
                until_us=since_us + _DAY_US,
                prices={asset: self._price(asset, noon_us) for asset in ASSETS if asset != CASH},
                source=SOURCE,
            )
            for since_us, noon_us in told
            if since_us < self._past.ended_us
        ]

    def costs(self, fact: Fact, at_us: int) -> list[BasisSupplied]:
        """What the units of an opening balance, or of a deposit, had cost."""
        if isinstance(fact, OpeningBalance):
            held = {a: q for a, q in fact.assets.items() if a in ASSETS and a != CASH and q > 0}
            return [self._opening(fact.account, a, q, at_us) for a, q in held.items()]
        if not isinstance(fact, MovementBooked) or fact.movement.amount <= 0:
            return []
        moved = fact.movement
        if moved.asset == CASH:
            return []
        price = self._price(moved.asset, moved.at_us)
        return [_cost(fact.key(), moved.amount, price, moved.at_us, at_us)]

    def _opening(self, account: Account, asset: str, units: Decimal, at_us: int) -> BasisSupplied:
        share, days = _LONG_HELD.get(asset, _LATELY)
        price = MONEY.multiply(self._price(asset, self._past.began_us), Decimal(share))
        acquired_us = self._past.began_us - days * _DAY_US
        reference = f"opening:{account}:{asset}"
        return _cost(reference, units, price, acquired_us, at_us)

    def _price(self, asset: str, at_us: int) -> Decimal:
        within_us = min(max(at_us, self._past.began_us), self._past.ended_us - 1)
        mid = self._past.mid(f"{asset}/{CASH}", within_us)
        return MONEY.divide(Decimal(mid), Decimal(SCALE))


def _cost(
    reference: str, units: Decimal, price: Decimal, acquired_us: int, at_us: int
) -> BasisSupplied:
    return BasisSupplied(
        at_us=at_us,
        actor=ACTOR,
        reference=reference,
        value=MONEY.multiply(units, price).quantize(_CENTS),
        acquired_us=acquired_us,
    )
