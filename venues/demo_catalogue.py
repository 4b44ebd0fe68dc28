"""The demo world on paper: assets, four venues, what they list, charge and cannot do.

The one rule: everything invented about the demo world stands here; the code elsewhere would
run another world just as well. The venues differ on purpose, so that each way of the engine
is walked: mexc tells no account stream, kucoin cannot amend, gate cannot cancel all at once,
kraken can do everything and quotes in USD; LINK is not listed at mexc, KCS only at kucoin.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from domain.instruments import Instrument
from domain.money import ZERO
from domain.ports import VenueTraits
from venues.fees import FeeKind, Fees


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoAsset:
    """An asset: its price in USD at level zero, and how it moves (see `demo_prices`).

    `beta_pct` is its share of the market's moves, `own_shake` its own in a calm second
    (nano-log). A stable asset is pulled back to its price whatever the scenario.
    """

    name: str
    usd: Decimal
    beta_pct: int = 0
    own_shake: int = 0
    stable: bool = False


ASSETS: Mapping[str, DemoAsset] = {
    name: DemoAsset(
        name=name, usd=Decimal(usd), beta_pct=beta, own_shake=shake, stable=name in ("USD", "USDT")
    )
    for name, usd, beta, shake in (
        ("USD", "1", 0, 0),
        ("USDT", "1", 1, 2_000),
        ("BTC", "62100", 100, 40_000),
        ("ETH", "3120", 120, 60_000),
        ("SOL", "141.50", 150, 90_000),
        ("XRP", "0.5830", 110, 90_000),
        ("ADA", "0.4210", 130, 90_000),
        ("DOGE", "0.1180", 150, 120_000),
        ("LINK", "14.20", 130, 90_000),
        ("KCS", "8.90", 60, 60_000),
    )
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A spot pair at a venue, and how its simulated makers quote it.

    `half_spread` and `spacing` are millionths of the price; `level_usd` is the middling value
    of one resting order.
    """

    symbol: str
    tick: Decimal
    lot: Decimal
    min_quantity: Decimal
    min_value: Decimal
    half_spread: int
    spacing: int
    level_usd: int

    def instrument(self, venue: str, taker: Decimal | None = None) -> Instrument:
        """The listing as the Market port tells it."""
        return Instrument(
            venue=venue,
            symbol=self.symbol,
            tick=self.tick,
            lot=self.lot,
            min_quantity=self.min_quantity,
            min_value=self.min_value,
            fee_rate=taker,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One venue: what it lists, charges and can do, how it is off the others, who has what.

    `premium` is in millionths of the price, `latency_us` one way and back, `skew_us` how far
    its clock is ahead; `opening` is what each account held when the generated history began.
    """

    traits: VenueTraits
    fees: Fees
    listings: Mapping[str, Listing]
    premium: int
    latency_us: int
    skew_us: int
    opening: Mapping[str, Mapping[str, Decimal]] = field(default_factory=dict)

    @property
    def venue(self) -> str:
        """The venue's id, `kraken`."""
        return self.traits.venue


def _listings(min_value: str, *rows: str) -> dict[str, Listing]:
    """Rows of `symbol tick lot min_quantity half_spread spacing level_usd`."""
    listings = {}
    for row in rows:
        symbol, tick, lot, least, half_spread, spacing, level_usd = row.split()
        value = min_value if not symbol.endswith("/BTC") else "0.00002"
        listings[symbol] = Listing(
            symbol=symbol,
            tick=Decimal(tick),
            lot=Decimal(lot),
            min_quantity=Decimal(least),
            min_value=Decimal(value),
            half_spread=int(half_spread),
            spacing=int(spacing),
            level_usd=int(level_usd),
        )
    return listings


def _holds(text: str) -> dict[str, Decimal]:
    """`USD 25000, BTC 0.3` as balances."""
    pairs = (pair.split() for pair in text.split(","))
    return {asset: Decimal(amount) for asset, amount in pairs}


_KRAKEN = Profile(
    traits=VenueTraits(venue="kraken", dead_man=True),
    fees=Fees(maker=Decimal("0.0016"), taker=Decimal("0.0026")),
    listings=_listings(
        "0.5",
        "BTC/USD  0.1       0.00000001 0.00005 12  60 14000",
        "ETH/USD  0.01      0.00000001 0.001   18  70 9000",
        "SOL/USD  0.01      0.00000001 0.02    40 120 5000",
        "XRP/USD  0.00001   0.00000001 2       45 130 4000",
        "ADA/USD  0.000001  0.00000001 4.4     70 160 2500",
        "DOGE/USD 0.0000001 0.00000001 13      80 180 2500",
        "LINK/USD 0.00001   0.00000001 0.2     80 180 2000",
        "USDT/USD 0.00001   0.00000001 5       12  25 15000",
        "ETH/BTC  0.00001   0.00000001 0.001  150 250 5000",
    ),
    premium=0,
    latency_us=36_000,
    skew_us=4_000,
    opening={
        "main": _holds("USD 28500, BTC 0.21, ETH 2.4, USDT 1500, SOL 18"),
        "treasury": _holds("USD 12000, BTC 0.35, ETH 3.1, LINK 150, DOGE 9000"),
    },
)
_KUCOIN = Profile(
    traits=VenueTraits(venue="kucoin", amends=False),
    fees=Fees(
        maker=Decimal("0.001"),
        taker=Decimal("0.001"),
        kind=FeeKind.TOKEN,
        token="KCS",  # noqa: S106 - a coin, not a password
        token_pct=80,
    ),
    listings=_listings(
        "0.1",
        "BTC/USDT  0.1     0.00000001 0.00001 10  55 11000",
        "ETH/USDT  0.01    0.0000001  0.0001  14  60 8000",
        "SOL/USDT  0.001   0.0001     0.01    30 100 5000",
        "XRP/USDT  0.00001 0.0001     0.1     40 120 4000",
        "ADA/USDT  0.0001  0.0001     0.1    120 240 2500",
        "DOGE/USDT 0.00001 0.0001     1       50 130 2500",
        "LINK/USDT 0.0001  0.0001     0.01    60 150 2000",
        "KCS/USDT  0.001   0.0001     0.01   120 220 900",
    ),
    premium=140,
    latency_us=70_000,
    skew_us=-11_000,
    opening={"main": _holds("USDT 21500, BTC 0.12, ETH 1.8, SOL 42, ADA 3200, KCS 60")},
)
_GATE = Profile(
    traits=VenueTraits(venue="gate", cancel_all=False),
    fees=Fees(maker=Decimal("0.0018"), taker=Decimal("0.002"), kind=FeeKind.RECEIVED),
    listings=_listings(
        "3",
        "BTC/USDT  0.1      0.000001 0.000001 14  65 7000",
        "ETH/USDT  0.01     0.0001   0.0001   20  80 5000",
        "SOL/USDT  0.01     0.001    0.001    45 140 3000",
        "XRP/USDT  0.0001   0.1      0.1      90 220 2500",
        "ADA/USDT  0.0001   0.01     0.01    130 260 1500",
        "DOGE/USDT 0.00001  0.1      0.1      60 150 1500",
        "LINK/USDT 0.001    0.01     0.01     70 170 1500",
    ),
    premium=-110,
    latency_us=90_000,
    skew_us=23_000,
    opening={"main": _holds("USDT 17000, BTC 0.08, ETH 1.2, XRP 6500, LINK 90")},
)
_MEXC = Profile(
    traits=VenueTraits(venue="mexc", account_stream=False),
    fees=Fees(maker=ZERO, taker=Decimal("0.0005")),
    listings=_listings(
        "1",
        "BTC/USDT  0.01    0.000001 0.000001 16  75 6000",
        "ETH/USDT  0.01    0.00001  0.0001   22  90 4000",
        "SOL/USDT  0.01    0.001    0.01     50 150 2500",
        "XRP/USDT  0.0001  0.01     0.1      95 230 2000",
        "ADA/USDT  0.0001  0.01     1       140 280 1200",
        "DOGE/USDT 0.00001 0.1      1        70 160 1200",
    ),
    premium=230,
    latency_us=110_000,
    skew_us=-38_000,
    opening={"main": _holds("USDT 14500, BTC 0.05, SOL 25, DOGE 14000, XRP 2200")},
)

PROFILES: Mapping[str, Profile] = {
    profile.venue: profile for profile in (_KRAKEN, _KUCOIN, _GATE, _MEXC)
}
