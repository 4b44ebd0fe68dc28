"""The hard limits: what they are, their defaults, and which of two sets is looser.

The one rule: a limit is a finite positive number or it is missing, and LIVE refuses to start
while one without a default is missing. Values are in the base currency unless the name ends
in a unit of its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from decimal import Decimal
from typing import Any

from domain.money import NotANumber, canonical, number
from domain.scopes import NotAScope
from risk.pace import LONGEST_S
from risk.scoped import AT, DEFAULT, POSITION, ScopedLimits, scoped_from


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Every limit that the gate enforces; equality passes, one unit more does not.

    `max_position_size` maps an asset, or `default`, to the largest worst-case position. A pct
    is a percentage (5 = 5 %), `_s` are seconds. `max_daily_loss` None means off. `by_scope` are
    the limits of parts of the desk, beside these.
    """

    max_order_value: Decimal
    max_daily_volume: Decimal
    max_position_size: Mapping[str, Decimal]
    max_drawdown_pct: Decimal = Decimal(15)
    max_daily_loss: Decimal | None = None
    price_collar_pct: Decimal = Decimal(5)
    max_open_orders: Decimal = Decimal(200)
    max_identical_orders: Decimal = Decimal(3)
    identical_window_s: Decimal = Decimal(10)
    max_orders_per_second: Decimal = Decimal(10)
    max_executions_per_minute: Decimal = Decimal(60)
    max_denials_per_5min: Decimal = Decimal(50)
    by_scope: tuple[ScopedLimits, ...] = ()
    version: int = field(default=0, compare=False)

    def position_limit(self, asset: str) -> Decimal:
        """The position limit of an asset, in the base currency; zero when none is given."""
        sizes = self.max_position_size
        known = sizes.get(asset)
        return known if known is not None else sizes.get(DEFAULT, Decimal(0))

    def values(self) -> dict[str, str]:
        """Setting name → canonical text, as the ledger keeps them.

        `max_position_size.BTC`, and within a scope `max_position_size.BTC@VENUE:kraken`.
        """
        told: dict[str, str] = {}
        for item in fields(self):
            value = getattr(self, item.name)
            if isinstance(value, Mapping):
                told |= {f"{item.name}.{asset}": canonical(v) for asset, v in value.items()}
            elif isinstance(value, Decimal):
                told[item.name] = canonical(value)
        for scoped in self.by_scope:
            told |= {name: canonical(value) for name, value in scoped.values()}
        return dict(sorted(told.items()))

    @staticmethod
    def from_values(values: Mapping[str, str], *, version: int = 0) -> "Limits":
        """The limits that `values` told.

        Raises:
            NotANumber: when a value is not a finite positive number, a limit is missing, or
                a name is none of a limit.
        """
        told = {name: _positive(name, text) for name, text in values.items()}
        desk = {name: value for name, value in told.items() if AT not in name}
        sizes = {
            name.partition(".")[2]: value
            for name, value in desk.items()
            if name.startswith(f"{POSITION}.")
        }
        plain: dict[str, Any] = {n: value for n, value in desk.items() if "." not in n}
        for name in ("max_order_value", "max_daily_volume"):
            if name not in plain:
                raise NotANumber(f"{name} has no default: it cannot be missing, or off")
        try:
            scoped = scoped_from({name: told[name] for name in told.keys() - desk.keys()})
            return Limits(max_position_size=sizes, by_scope=scoped, version=version, **plain)
        except (TypeError, NotAScope) as error:
            raise NotANumber(f"limits: {error}") from None


def _positive(name: str, text: str) -> Decimal:
    value = number(text)
    if value <= 0:
        raise NotANumber(f"{name} is {text}; a limit is over zero")
    return value


def checked(values: Mapping[str, str]) -> Limits:
    """The limits that a person typed, within the bounds of the configuration's.

    Raises:
        NotANumber: naming the limit that is none, and what it has to be.
    """
    known = {item.name for item in fields(Limits)} - {"by_scope", "version"}
    for name, text in values.items():
        setting = name.partition(AT)[0].partition(".")[0]
        if setting not in known or (setting == POSITION) is not ("." in name.partition(AT)[0]):
            raise NotANumber(f"{name} is no limit; `quarterdeck limits` lists their names")
        value = _positive(name, text)
        if setting in _COUNTS and value != value.to_integral_value():
            raise NotANumber(f"{name} is {text}; it is a whole number")
        if setting.endswith("_pct") and value >= _HUNDRED:
            raise NotANumber(f"{name} is {text}; it is under 100 percent")
        if setting in _LONGER_IS_STRICTER and value > LONGEST_S:
            raise NotANumber(f"{name} is {text} s; it is a day ({LONGEST_S} s) at most")
    return Limits.from_values(values)


_COUNTS = frozenset(
    {
        "max_open_orders",
        "max_identical_orders",
        "max_executions_per_minute",
        "max_denials_per_5min",
    }
)
_HUNDRED = Decimal(100)

# A window in which identical orders are counted is stricter when it is longer.
_LONGER_IS_STRICTER = frozenset({"identical_window_s"})


def looser(old: Mapping[str, str], new: Mapping[str, str]) -> tuple[str, ...]:
    """The settings in which `new` allows more than `old` (both as `Limits.values`)."""
    found = []
    for name in sorted(old.keys() | new.keys()):
        before, after = old.get(name), new.get(name)
        # A first limit for one asset replaces the default one for it, in the same scope.
        if before is None:
            before = old.get(_for_all(name), _UNSAID if _is_of_the_desk(name) else None)
        if after is None:
            after = new.get(_for_all(name))
        if _allows_more(name, before, after):
            found.append(name)
    return tuple(found)


def _for_all(name: str) -> str:
    """The setting that holds for an asset without one of its own; "" for other settings."""
    setting, at, scope = name.partition(AT)
    return f"{POSITION}.{DEFAULT}{at}{scope}" if setting.startswith(f"{POSITION}.") else ""


_UNSAID = "0"  # what the whole desk may hold of an asset that no limit of it names


def _is_of_the_desk(name: str) -> bool:
    return name.startswith(f"{POSITION}.") and AT not in name


def _allows_more(name: str, before: str | None, after: str | None) -> bool:
    if before is None:
        return False  # there was no such limit: any limit is stricter
    if after is None:
        return True
    if name in _LONGER_IS_STRICTER:
        return number(after) < number(before)
    return number(after) > number(before)


def strictest(old: Mapping[str, str], new: Mapping[str, str]) -> dict[str, str]:
    """Each setting from whichever of the two allows less: what may apply without a code."""
    chosen = dict(new)
    for name in looser(old, new):
        stricter = old.get(name, old.get(_for_all(name)))
        if stricter is None:
            del chosen[name]  # nothing was said of it: that allows nothing
        else:
            chosen[name] = stricter
    return dict(sorted(chosen.items()))
