"""KuCoin's own names: currencies with their chains, and pairs written with a dash.

Shapes and figures follow recorded rows of `/api/v3/currencies` and `/api/v2/symbols`. The one
rule: numbers are text without trailing zeros, as KuCoin prints them.
"""

from dataclasses import dataclass
from decimal import Decimal

from domain.money import canonical
from tests.wire.orders import Pair

# 30-day volume in BTC, maker, taker: the first rungs of KuCoin's ladder for class A pairs.
TIERS = ((0, "0.001", "0.001"), (50, "0.0009", "0.001"), (200, "0.0007", "0.0009"))
FINEST = 12  # decimals of costs, fees and balances: a fee of 0.1 % keeps every digit
LARGEST = "10000000000"


@dataclass(frozen=True, slots=True)
class Chain:
    """A network that a currency travels on."""

    name: str
    chain_id: str
    fee: str
    least: str

    def row(self) -> dict[str, object]:
        """As `/api/v3/currencies` lists it."""
        return {
            "chainName": self.name,
            "withdrawalMinSize": self.least,
            "depositMinSize": None,
            "withdrawFeeRate": "0",
            "withdrawalMinFee": self.fee,
            "isWithdrawEnabled": True,
            "isDepositEnabled": True,
            "confirms": 3,
            "preConfirms": 1,
            "contractAddress": "",
            "withdrawPrecision": 8,
            "maxWithdraw": None,
            "maxDeposit": None,
            "needTag": self.chain_id == "xrp",
            "chainId": self.chain_id,
        }


@dataclass(frozen=True, slots=True)
class Asset:
    """One currency; the first chain is the one that is meant when none is named."""

    code: str
    full_name: str
    chains: tuple[Chain, ...]

    def row(self) -> dict[str, object]:
        """As `/api/v3/currencies` lists it."""
        return {
            "currency": self.code,
            "name": self.code,
            "fullName": self.full_name,
            "precision": 8,
            "confirms": None,
            "contractAddress": None,
            "isMarginEnabled": False,
            "isDebitEnabled": False,
            "chains": [chain.row() for chain in self.chains],
        }


ASSETS: dict[str, Asset] = {
    asset.code: asset
    for asset in (
        Asset("BTC", "Bitcoin", (Chain("BTC", "btc", "0.00009", "0.00018"),)),
        Asset("ETH", "Ethereum", (Chain("ERC20", "eth", "0.0015", "0.003"),)),
        Asset("SOL", "Solana", (Chain("SOL", "sol", "0.01", "0.02"),)),
        Asset("XRP", "Ripple", (Chain("XRP", "xrp", "0.2", "1"),)),
        Asset(
            "USDT",
            "Tether",
            (Chain("ERC20", "eth", "3", "6"), Chain("TRC20", "trx", "1.5", "3")),
        ),
        Asset("USDC", "USD Coin", (Chain("ERC20", "eth", "3", "6"),)),
    )
}


@dataclass(frozen=True, slots=True)
class Listing:
    """One pair: `symbol` BTC/USDT, `market_id` BTC-USDT."""

    symbol: str
    tick: str
    lot: str
    least: str
    funds_step: str
    least_funds: str
    open_price: str
    stable: bool = False

    @property
    def market_id(self) -> str:
        """KuCoin's name for the pair."""
        return self.symbol.replace("/", "-")

    @property
    def base(self) -> str:
        """The currency that is bought and sold."""
        return self.symbol.partition("/")[0]

    @property
    def quote(self) -> str:
        """The currency that pays, fees included."""
        return self.symbol.partition("/")[2]

    def terms(self) -> Pair:
        """What may be traded, without KuCoin's words."""
        return Pair(
            symbol=self.symbol,
            base=self.base,
            quote=self.quote,
            tick=Decimal(self.tick),
            lot=Decimal(self.lot),
            min_quantity=Decimal(self.least),
            min_cost=Decimal(self.least_funds),
            cost_decimals=FINEST,
            quote_decimals=FINEST,
        )

    def row(self, *, trading: bool) -> dict[str, object]:
        """As `/api/v2/symbols` lists it."""
        return {
            "symbol": self.market_id,
            "name": self.market_id,
            "baseCurrency": self.base,
            "quoteCurrency": self.quote,
            "feeCurrency": self.quote,
            "market": "USDS" if self.quote == "USDT" else self.quote,
            "baseMinSize": self.least,
            "quoteMinSize": self.least_funds,
            "baseMaxSize": LARGEST,
            "quoteMaxSize": "99999999",
            "baseIncrement": self.lot,
            "quoteIncrement": self.funds_step,
            "priceIncrement": self.tick,
            "priceLimitRate": "0.1",
            "minFunds": self.least_funds,
            "isMarginEnabled": False,
            "enableTrading": trading,
            "feeCategory": 1,
            "makerFeeCoefficient": "1.00",
            "takerFeeCoefficient": "1.00",
            "st": False,
        }


LISTINGS: dict[str, Listing] = {
    listing.symbol: listing
    for listing in (
        Listing("BTC/USDT", "0.1", "0.00000001", "0.00001", "0.000001", "0.1", "64000"),
        Listing("ETH/USDT", "0.01", "0.0000001", "0.0001", "0.000001", "0.1", "3200"),
        Listing("SOL/USDT", "0.001", "0.0001", "0.01", "0.000001", "0.1", "150"),
        Listing("XRP/USDT", "0.00001", "0.0001", "0.1", "0.000001", "0.1", "0.6"),
        Listing("ETH/BTC", "0.00001", "0.0000001", "0.0001", "0.00000001", "0.00001", "0.05"),
        Listing("USDC/USDT", "0.0001", "0.01", "1", "0.0001", "0.1", "1", stable=True),
    )
}
BY_ID = {listing.market_id: listing for listing in LISTINGS.values()}


def text(value: Decimal) -> str:
    """A number as KuCoin prints it: every digit, no trailing zeros, no exponent."""
    return canonical(value)
