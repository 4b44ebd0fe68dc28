"""What the gate answers: a decision, the rule that decided, and every rule's figures."""

from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from domain.money import ZERO


class RuleResult(NamedTuple):
    """One rule's figures for one order, in `unit` (USD, BTC, orders, %).

    `used + reserved + this` is compared with `limit`; a rule without a number (mode, halt) has
    `limit` None. `scope` is "" for the limit of the whole desk, else `VENUE:kraken` and the like.
    A tuple, because the gate makes a dozen of them for every order.
    """

    rule: str
    passed: bool
    reason: str = ""
    used: Decimal = ZERO
    reserved: Decimal = ZERO
    this: Decimal = ZERO
    limit: Decimal | None = None
    unit: str = ""
    scope: str = ""

    @property
    def name(self) -> str:
        """The rule, with its scope where it has one: `max_order_value@VENUE:kraken`."""
        return f"{self.rule}@{self.scope}" if self.scope else self.rule

    @property
    def headroom(self) -> Decimal | None:
        """What is left of the limit after this order; negative when it does not fit."""
        if self.limit is None:
            return None
        return self.limit - self.used - self.reserved - self.this


def passes(rule: str) -> RuleResult:
    """The rule has nothing against it, and no figures."""
    return RuleResult(rule, passed=True)


def fails(rule: str, reason: str) -> RuleResult:
    """The rule says no, and no figures would explain more."""
    return RuleResult(rule, passed=False, reason=reason)


def told(rule: str, reason: str) -> RuleResult:
    """A rule without figures: it passes when there is no reason against it."""
    return RuleResult(rule, not reason, reason)


def measured(
    rule: str,
    reason: str,
    used: Decimal,
    reserved: Decimal,
    this: Decimal,
    limit: Decimal,
    unit: str,
) -> RuleResult:
    """A rule with its figures: it passes when there is no reason against it."""
    return _made(RuleResult, (rule, not reason, reason, used, reserved, this, limit, unit, ""))


# A tuple made as such: the generated constructor costs three times as much.
_made = tuple.__new__


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The gate's answer. `rule` and `reason` name the first rule that failed, in policy order.

    `max_quantity` is the largest quantity (base units) that would pass with all else equal;
    None when no quantity would. `value` is in the base currency, `reference` the price it was
    valued at (quote per base), `base_rate` one quote unit in the base currency.
    """

    approved: bool
    rule: str = ""
    reason: str = ""
    results: tuple[RuleResult, ...] = ()
    max_quantity: Decimal | None = None
    value: Decimal = ZERO
    reference: Decimal = ZERO
    base_rate: Decimal = ZERO
    limits_version: int = 0


@dataclass(frozen=True, slots=True)
class Usage:
    """One limit as the screens show it: `used + reserved` of `limit`, in `unit`.

    `subject` is the asset of a position limit, `scope` "" for the whole desk's.
    """

    rule: str
    used: Decimal
    reserved: Decimal
    limit: Decimal
    unit: str
    subject: str = ""
    scope: str = ""

    @property
    def setting(self) -> str:
        """The limit's name as the ledger has it: `max_position_size.BTC@VENUE:kraken`."""
        named = f"{self.rule}.{self.subject}" if self.subject else self.rule
        return f"{named}@{self.scope}" if self.scope else named
