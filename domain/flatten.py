"""Flattening: what a halt at FLATTEN would sell, and how far it has come (semantics 3.1).

The one rule: what is left is named, with the reason; nothing is left in silence.
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from domain.instruments import Account
from domain.money import ZERO

STRATEGY = "flatten"  # whose orders the sales of a halt at FLATTEN are


class FlattenState(StrEnum):
    """Where an account's flattening stands."""

    WAITING = "WAITING"
    SELLING = "SELLING"
    DONE = "DONE"
    STOPPED = "STOPPED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Leftover:
    """What stays in an account, and why: dust, no pair for cash, no price."""

    asset: str
    quantity: Decimal
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedSale:
    """One holding that would be sold: `value` in the base currency, at the bid of now."""

    account: Account
    asset: str
    symbol: str
    quantity: Decimal
    value: Decimal
    slices: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountLeft:
    """What would stay in one account."""

    account: Account
    left: tuple[Leftover, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FlattenPlan:
    """What a halt at FLATTEN over `scope` would sell, and what it would leave."""

    scope: str
    collar_pct: Decimal
    sales: tuple[PlannedSale, ...] = ()
    left: tuple[AccountLeft, ...] = ()
    value: Decimal = ZERO


@dataclass(frozen=True, slots=True, kw_only=True)
class Flattening:
    """How far one account has come: `sold` in the base currency, `slices` that were sent."""

    account: Account
    state: FlattenState
    slices: int = 0
    sold: Decimal = ZERO
    left: tuple[Leftover, ...] = ()
    detail: str = ""
