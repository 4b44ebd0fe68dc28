"""What the gate answers: a decision, the rule that decided, and every rule's figures."""

from dataclasses import dataclass
from decimal import Decimal

from domain.money import ZERO


@dataclass(frozen=True, slots=True)
class RuleResult:
    """One rule's figures for one order, in `unit` (USD, BTC, orders, %).

    `used + reserved + this` is compared with `limit`; a rule without a number (mode, halt) has
    `limit` None.
    """

    rule: str
    passed: bool
    reason: str = ""
    used: Decimal = ZERO
    reserved: Decimal = ZERO
    this: Decimal = ZERO
    limit: Decimal | None = None
    unit: str = ""

    @property
    def headroom(self) -> Decimal | None:
        """What is left of the limit after this order; negative when it does not fit."""
        if self.limit is None:
            return None
        return self.limit - self.used - self.reserved - self.this


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The gate's answer. `rule` and `reason` name the first rule that failed, in policy order.

    `max_quantity` is the largest quantity (base units) that would pass with all else equal;
    None when no quantity would. `value` is in the base currency.
    """

    approved: bool
    rule: str = ""
    reason: str = ""
    results: tuple[RuleResult, ...] = ()
    max_quantity: Decimal | None = None
    value: Decimal = ZERO
    reference: Decimal = ZERO
    limits_version: int = 0


@dataclass(frozen=True, slots=True)
class Usage:
    """One limit as the screens show it: `used + reserved` of `limit`, in `unit`."""

    rule: str
    used: Decimal
    reserved: Decimal
    limit: Decimal
    unit: str
    subject: str = ""
