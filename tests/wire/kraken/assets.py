"""Kraken's own names: assets with their X and Z prefixes, pairs with three names each.

The one rule: nothing outside this file knows that BTC is XXBT in REST, XBT in pair names and
BTC on the socket. Shapes and figures follow `/0/public/Assets` and `/0/public/AssetPairs`.
"""

from dataclasses import dataclass
from decimal import Decimal

from domain.money import canonical
from tests.wire.orders import Pair

TAKER_TIERS = (
    (0, "0.4"), (10_000, "0.35"), (50_000, "0.24"), (100_000, "0.22"), (250_000, "0.2"),
    (500_000, "0.18"), (1_000_000, "0.16"), (2_500_000, "0.14"), (10_000_000, "0.1"),
)  # fmt: skip
MAKER_TIERS = (
    (0, "0.25"), (10_000, "0.2"), (50_000, "0.14"), (100_000, "0.12"), (250_000, "0.08"),
    (500_000, "0.06"), (1_000_000, "0.04"), (2_500_000, "0.02"), (10_000_000, "0"),
)  # fmt: skip
STABLE_TAKER_TIERS = ((0, "0.2"), (50_000, "0.16"), (500_000, "0.1"), (10_000_000, "0.02"))
STABLE_MAKER_TIERS = ((0, "0.2"), (50_000, "0.16"), (500_000, "0.1"), (10_000_000, "0"))


@dataclass(frozen=True, slots=True)
class Asset:
    """One asset: `code` is the market's name for it, `rest` is Kraken's."""

    code: str
    rest: str
    altname: str
    decimals: int
    display: int
    network: str
    withdrawal_fee: Decimal

    def row(self) -> dict[str, object]:
        """As `/0/public/Assets` lists it."""
        return {
            "aclass": "currency",
            "altname": self.altname,
            "decimals": self.decimals,
            "display_decimals": self.display,
            "status": "enabled",
        }


ASSETS: dict[str, Asset] = {
    asset.code: asset
    for asset in (
        Asset("BTC", "XXBT", "XBT", 10, 5, "Bitcoin", Decimal("0.0001")),
        Asset("ETH", "XETH", "ETH", 10, 5, "Ethereum", Decimal("0.0015")),
        Asset("SOL", "SOL", "SOL", 8, 5, "Solana", Decimal("0.01")),
        Asset("XRP", "XXRP", "XRP", 8, 5, "Ripple", Decimal("0.2")),
        Asset("USDT", "USDT", "USDT", 8, 4, "Ethereum", Decimal(5)),
        Asset("USD", "ZUSD", "USD", 4, 2, "Fedwire", Decimal(4)),
    )
}
BY_REST = {name: asset for asset in ASSETS.values() for name in (asset.rest, asset.altname)}


@dataclass(frozen=True, slots=True)
class Listing:
    """One pair under its three names: `rest` XXBTZUSD, `altname` XBTUSD, `wsname` XBT/USD."""

    symbol: str
    rest: str
    altname: str
    wsname: str
    pair_decimals: int
    cost_decimals: int
    order_min: str
    cost_min: str
    open_price: str
    stable: bool = False
    lot_decimals: int = 8

    @property
    def base(self) -> Asset:
        """The asset that is bought and sold."""
        return ASSETS[self.symbol.partition("/")[0]]

    @property
    def quote(self) -> Asset:
        """The asset that pays."""
        return ASSETS[self.symbol.partition("/")[2]]

    @property
    def tick(self) -> Decimal:
        """The price step."""
        return Decimal(1).scaleb(-self.pair_decimals)

    def tiers(self) -> tuple[tuple[tuple[int, str], ...], tuple[tuple[int, str], ...]]:
        """(maker, taker) fee tiers: 30-day volume in USD, percent."""
        if self.stable:
            return STABLE_MAKER_TIERS, STABLE_TAKER_TIERS
        return MAKER_TIERS, TAKER_TIERS

    def terms(self) -> Pair:
        """What may be traded, without Kraken's words."""
        return Pair(
            symbol=self.symbol,
            base=self.base.code,
            quote=self.quote.code,
            tick=self.tick,
            lot=Decimal(1).scaleb(-self.lot_decimals),
            min_quantity=Decimal(self.order_min),
            min_cost=Decimal(self.cost_min),
            cost_decimals=self.cost_decimals,
            quote_decimals=self.quote.decimals,
        )

    def row(self, status: str) -> dict[str, object]:
        """As `/0/public/AssetPairs` lists it."""
        maker, taker = self.tiers()
        return {
            "altname": self.altname,
            "wsname": self.wsname,
            "aclass_base": "currency",
            "base": self.base.rest,
            "aclass_quote": "currency",
            "quote": self.quote.rest,
            "lot": "unit",
            "cost_decimals": self.cost_decimals,
            "pair_decimals": self.pair_decimals,
            "lot_decimals": self.lot_decimals,
            "lot_multiplier": 1,
            "leverage_buy": [],
            "leverage_sell": [],
            "fees": [[volume, Decimal(percent)] for volume, percent in taker],
            "fees_maker": [[volume, Decimal(percent)] for volume, percent in maker],
            "fee_volume_currency": "ZUSD",
            "margin_call": 80,
            "margin_stop": 40,
            "ordermin": self.order_min,
            "costmin": self.cost_min,
            "tick_size": canonical(self.tick),
            "status": status,
        }


LISTINGS: dict[str, Listing] = {
    listing.symbol: listing
    for listing in (
        Listing("BTC/USD", "XXBTZUSD", "XBTUSD", "XBT/USD", 1, 5, "0.00005", "0.5", "64000"),
        Listing("ETH/USD", "XETHZUSD", "ETHUSD", "ETH/USD", 2, 5, "0.001", "0.5", "3200"),
        Listing("SOL/USD", "SOLUSD", "SOLUSD", "SOL/USD", 2, 5, "0.02", "0.5", "150"),
        Listing("XRP/USD", "XXRPZUSD", "XRPUSD", "XRP/USD", 5, 8, "2", "0.5", "0.6"),
        Listing("ETH/BTC", "XETHXXBT", "ETHXBT", "ETH/XBT", 5, 10, "0.001", "0.00002", "0.05"),
        Listing("USDT/USD", "USDTZUSD", "USDTUSD", "USDT/USD", 4, 9, "5", "0.5", "1", stable=True),
    )
}
BY_NAME = {
    name: listing
    for listing in LISTINGS.values()
    for name in (listing.rest, listing.altname, listing.wsname, listing.symbol)
}
