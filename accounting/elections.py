"""How lots are matched, as dated elections; never a switch at the time of a report.

The one rule: which policy holds at a moment is a function of the elections alone, so the same
ledger gives the same allocation whoever asks and when. An election of the past stays readable,
and one that was made after it takes effect says so (`retroactive`).
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from hashlib import sha256
from zoneinfo import ZoneInfo

from domain.days import to_us
from domain.money import canonical

EVERY_ASSET = ""
FIAT = frozenset({"USD", "EUR", "GBP", "CHF", "JPY", "CAD", "AUD", "NZD", "SGD", "SEK"})
STABLECOINS = frozenset({"USDT", "USDC", "DAI", "PYUSD", "TUSD", "FDUSD", "USDP", "GUSD"})


class Method(StrEnum):
    """Which lot a disposition takes first."""

    FIFO = "FIFO"
    LIFO = "LIFO"
    HIFO = "HIFO"
    AVERAGE = "ACB"


class Scope(StrEnum):
    """Whether lots are matched over all accounts or within each (US: from 2025-01-01)."""

    UNIVERSAL = "universal"
    ACCOUNT = "per account"


class TransferFee(StrEnum):
    """What becomes of units that a transfer between own accounts uses up."""

    DISPOSAL = "FEE_IS_DISPOSAL"
    CARRIES_BASIS = "FEE_CARRIES_BASIS"


class SwapFee(StrEnum):
    """Of a fee in the received asset of a swap: it shrinks the lot, or also the value."""

    SHRINKS_LOT = "SHRINKS_LOT"
    REDUCES_VALUE = "REDUCES_VALUE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """A part of a universal lot that belongs to an account (the specific method)."""

    lot: str
    asset: str
    account: str
    quantity: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Reallocation:
    """How universal lots become lots of accounts (Rev. Proc. 2024-28), one irrevocable event.

    First the `assigned` parts, then the oldest lots to `accounts` in that order (others follow
    by name) up to what each held. `holdings` is asset → account → quantity; empty means what
    the book's own entries add up to.
    """

    accounts: tuple[str, ...] = ()
    holdings: Mapping[str, Mapping[str, Decimal]] = field(default_factory=dict)
    assigned: tuple[Assignment, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The rules in force at one moment. `methods` are the assets that differ from `method`.

    `fees_apart` keeps fees out of basis and proceeds (golden case G24); `pegged` are the
    stablecoins that count as exactly one unit of the base currency.
    """

    method: Method = Method.FIFO
    methods: Mapping[str, Method] = field(default_factory=dict)
    scope: Scope = Scope.UNIVERSAL
    reallocation: Reallocation = field(default_factory=Reallocation)
    transfer_fee: TransferFee = TransferFee.DISPOSAL
    swap_fee: SwapFee = SwapFee.SHRINKS_LOT
    fees_apart: bool = False
    pegged: frozenset[str] = frozenset()

    def method_of(self, asset: str) -> Method:
        """The method in force for an asset."""
        return self.methods.get(asset, self.method)


@dataclass(frozen=True, slots=True, kw_only=True)
class Election:
    """From `effective_us` on, what is not None here holds; `asset` narrows `method` to one."""

    effective_us: int
    made_us: int = 0
    asset: str = EVERY_ASSET
    method: Method | None = None
    scope: Scope | None = None
    reallocation: Reallocation | None = None
    transfer_fee: TransferFee | None = None
    swap_fee: SwapFee | None = None
    fees_apart: bool | None = None
    pegged: tuple[str, ...] | None = None

    @property
    def retroactive(self) -> bool:
        """Whether it was made after the moment from which it holds."""
        return self.made_us > self.effective_us


class Elections:
    """The policies over time. `tax_time_zone` is where calendar dates of the tax are read."""

    def __init__(
        self,
        elections: Iterable[Election] = (),
        *,
        base_currency: str = "USD",
        tax_time_zone: str = "UTC",
    ) -> None:
        self.base_currency = base_currency
        self.tax_time_zone = tax_time_zone
        self.elections = tuple(
            sorted(elections, key=lambda made: (made.effective_us, made.made_us))
        )
        self._policies = [Policy()]
        for made in self.elections:
            self._policies.append(_changed(self._policies[-1], made))
        self._starts = [made.effective_us for made in self.elections]

    def at(self, at_us: int) -> Policy:
        """The policy in force at a moment."""
        return self._policies[bisect_right(self._starts, at_us)]

    def next_change(self, at_us: int) -> int | None:
        """When the next election after a moment takes effect; None: never."""
        place = bisect_right(self._starts, at_us)
        return self._starts[place] if place < len(self._starts) else None

    @property
    def sha(self) -> str:
        """The hash that an allocation version keeps of the rules it was made by."""
        told = [self.base_currency, self.tax_time_zone, *map(_spelled, self.elections)]
        return sha256("\n".join(told).encode()).hexdigest()


def us_elections(time_zone: str = "America/New_York") -> tuple[Election, ...]:
    """Universal lots until the end of 2024, per account from 2025-01-01 in the tax time zone."""
    midnight = datetime(2025, 1, 1, tzinfo=ZoneInfo(time_zone))
    return (Election(effective_us=to_us(midnight), scope=Scope.ACCOUNT),)


_PLAIN = ("scope", "reallocation", "transfer_fee", "swap_fee", "fees_apart")


def _changed(policy: Policy, made: Election) -> Policy:
    told = {name: getattr(made, name) for name in _PLAIN}
    changes = {name: value for name, value in told.items() if value is not None}
    if made.pegged is not None:
        changes["pegged"] = frozenset(made.pegged)
    if made.method is not None and made.asset:
        changes["methods"] = {**policy.methods, made.asset: made.method}
    elif made.method is not None:
        changes.update(method=made.method, methods={})
    return replace(policy, **changes)


def _spelled(value: object) -> str:
    if isinstance(value, Decimal):
        return canonical(value)
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{key}:{_spelled(value[key])}" for key in sorted(value)) + "}"
    if isinstance(value, tuple):
        return "[" + ",".join(map(_spelled, value)) + "]"
    if isinstance(value, Election | Reallocation | Assignment):
        told = ",".join(
            f"{item.name}={_spelled(getattr(value, item.name))}" for item in fields(value)
        )
        return f"{type(value).__name__}({told})"
    return repr(value) if value is None or isinstance(value, bool | int) else str(value)
