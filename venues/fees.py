"""What a simulated venue charges, in which asset, and what a resting order holds.

The one rule: a fee is never more than what was held for it. Fees are rounded down to 10^-8,
so the fees of many small executions never sum to more than the fee of one large.
"""

from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal
from enum import StrEnum
from typing import Protocol

from domain.instruments import base_of, quote_of
from domain.money import MONEY, ZERO
from domain.orders import Side

_STEP = Decimal("0.00000001")
_HUNDRED = Decimal(100)


class Tariff(Protocol):
    """What a till asks of fees; every amount comes with the asset that it is in."""

    def held(
        self, side: Side, symbol: str, quantity: Decimal, price: Decimal
    ) -> tuple[str, Decimal]:
        """What an order of this quantity at this price holds."""
        ...

    def charge(
        self, side: Side, symbol: str, quantity: Decimal, price: Decimal, liquidity: str
    ) -> tuple[str, Decimal]:
        """The fee of one execution."""
        ...


class FeeKind(StrEnum):
    """Which asset pays the fee: the quote, whatever was received, or the venue's own token."""

    QUOTE = "quote"
    RECEIVED = "received"
    TOKEN = "token"  # noqa: S105 - a coin, not a password


@dataclass(frozen=True, slots=True, kw_only=True)
class Fees:
    """Fractions of the value. With TOKEN, `token_pct` percent of it is paid in `token`."""

    maker: Decimal
    taker: Decimal
    kind: FeeKind = FeeKind.QUOTE
    token: str = ""
    token_pct: int = 100

    @property
    def hold(self) -> Decimal:
        """What a resting buy holds for its fee, as a fraction of its value."""
        return ZERO if self.kind is FeeKind.RECEIVED else max(self.maker, self.taker)

    def held(
        self, side: Side, symbol: str, quantity: Decimal, price: Decimal
    ) -> tuple[str, Decimal]:
        """What an order of this quantity at this price holds: (asset, amount)."""
        if side is Side.SELL:
            return base_of(symbol), quantity
        value = MONEY.multiply(quantity, price)
        return quote_of(symbol), MONEY.add(value, MONEY.multiply(value, self.hold))

    def charge(
        self, side: Side, symbol: str, quantity: Decimal, price: Decimal, liquidity: str
    ) -> tuple[str, Decimal]:
        """The fee of one execution, token or no token: (asset, amount)."""
        received = self.kind is FeeKind.RECEIVED and side is Side.BUY
        value = quantity if received else MONEY.multiply(quantity, price)
        rate = self.maker if liquidity == "maker" else self.taker
        return (base_of(symbol) if received else quote_of(symbol)), _rounded(value, rate)

    def in_token(self, fee: Decimal, token_price: Decimal) -> Decimal:
        """A quote fee as it is charged in the token, at a price in the same quote."""
        share = MONEY.divide(Decimal(self.token_pct), _HUNDRED)
        return _rounded(fee, MONEY.divide(share, token_price))


def _rounded(value: Decimal, rate: Decimal) -> Decimal:
    return MONEY.multiply(value, rate).quantize(_STEP, ROUND_DOWN, MONEY)
