"""Blocks of the configuration whose settings belong to another room.

The one rule: a limit is defined in `risk.limits` and a timer in `engine.settings`, name, type
and default; here they only get the text that they may be written as.
"""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields
from decimal import Decimal
from typing import Annotated, Any, get_type_hints

from pydantic import BaseModel, BeforeValidator, ConfigDict, model_validator
from pydantic_core import core_schema

from config import kinds
from config.kinds import FLAG, Kind, amount, counted, off_or, whole
from config.names import SCOPE, SIZED_ASSET
from engine.settings import EngineSettings
from risk.limits import Limits
from risk.pace import LONGEST_S
from risk.scoped import DEFAULT, POSITION, SCOPED, ScopedLimits, limited_scope

Flag = Annotated[bool, FLAG]
Percent = Annotated[Decimal, kinds.PERCENT]
Money = Annotated[Decimal, amount("amount in the base currency, over 0")]


def block(raw: object) -> object:
    """An empty block is as good as none."""
    return {} if raw is None else raw


BlockOf = BeforeValidator(block)


def _listed(raw: object) -> object:
    if isinstance(raw, str):
        return [item.strip() for item in raw.split(",") if item.strip()]
    return [] if raw is None else raw


ListOf = BeforeValidator(_listed)


class Block(BaseModel):
    """A block of settings; an empty one is as good as none."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _empty_is_none(cls, raw: object) -> object:
        return block(raw)


@dataclass(frozen=True, slots=True)
class Composed:
    """Annotation of a block whose `kinds` are derived from a dataclass of another room.

    `defaults` are for the manual; the dataclass itself supplies them when the block is made.
    """

    kinds: Mapping[str, Any]
    defaults: Mapping[str, Any]
    make: Callable[[Mapping[str, Any]], Any]

    def __get_pydantic_core_schema__(self, _source: Any, handler: Any) -> Any:
        told = {
            name: core_schema.typed_dict_field(handler.generate_schema(kind), required=False)
            for name, kind in self.kinds.items()
        }
        known = core_schema.typed_dict_schema(told, extra_behavior="forbid")
        filled = core_schema.no_info_before_validator_function(block, known)
        return core_schema.no_info_after_validator_function(self.make, filled)


# Limits


@dataclass(frozen=True, slots=True)
class RiskSettings:
    """The limits that the configuration names, and whether automatic triggers are on."""

    given: Mapping[str, Any]
    kill_switch_enabled: bool = True

    @property
    def told(self) -> Mapping[str, Any]:
        """Every setting of the block by its name, defaults filled in."""
        return {**_DEFAULTS, **self.given, _SWITCH: self.kill_switch_enabled}

    @property
    def missing(self) -> tuple[str, ...]:
        """The limits without a default that the configuration does not name."""
        return tuple(name for name in _REQUIRED if not self.given.get(name))


_LIMITS = {item.name: item for item in fields(Limits) if item.name != "version"}
_REQUIRED = tuple(name for name, item in _LIMITS.items() if item.default is MISSING)
_COUNT = Annotated[Decimal, counted(whole(1, 1_000_000))]


def _sizes(raw: object) -> object:
    return raw if raw is None or isinstance(raw, Mapping) else {DEFAULT: raw}


BY_SCOPE = "by_scope"
_SPECIAL: dict[str, Any] = {
    POSITION: Annotated[
        Mapping[Annotated[str, SIZED_ASSET], Money], BeforeValidator(_sizes), BlockOf
    ],
    "max_daily_loss": Annotated[
        Decimal | None, off_or(amount("amount in the base currency, over 0"))
    ],
    "max_open_orders": _COUNT,
    "max_identical_orders": _COUNT,
    "identical_window_s": Annotated[
        Decimal, amount("seconds, over 0 to a day", below=Decimal(LONGEST_S + 1))
    ],
    "max_orders_per_second": Annotated[Decimal, amount("orders per second, over 0")],
    "max_executions_per_minute": _COUNT,
    "max_denials_per_5min": _COUNT,
}


def _limit_kind(name: str) -> Any:
    return _SPECIAL.get(name, Percent if name.endswith("_pct") else Money)


_SCOPED = Composed({name: _limit_kind(name) for name in SCOPED}, {}, lambda given: given)
_SPECIAL[BY_SCOPE] = Annotated[
    Mapping[Annotated[str, SCOPE], Annotated[Mapping[str, Any], _SCOPED]], BlockOf
]


def _risk(given: Mapping[str, Any]) -> RiskSettings:
    limits = {name: value for name, value in given.items() if name in _LIMITS}
    if BY_SCOPE in limits:
        limits[BY_SCOPE] = tuple(
            ScopedLimits(scope=limited_scope(text), **told)
            for text, told in limits[BY_SCOPE].items()
        )
    return RiskSettings(limits, given.get(_SWITCH, _DEFAULTS[_SWITCH]))


_SWITCH = "kill_switch_enabled"
_DEFAULTS: Mapping[str, Any] = {
    **{name: item.default for name, item in _LIMITS.items() if item.default is not MISSING},
    _SWITCH: True,
}
RISK = Composed({**{name: _limit_kind(name) for name in _LIMITS}, _SWITCH: Flag}, _DEFAULTS, _risk)

PRACTICE_LIMITS: Mapping[str, Any] = {
    "max_order_value": Decimal(10_000),
    "max_daily_volume": Decimal(100_000),
    POSITION: {DEFAULT: Decimal(150_000)},
}

# Timers

_TOLD_ABOVE = ("base_currency", "time_zone")
_TIMERS = {item.name: item for item in fields(EngineSettings) if item.name not in _TOLD_ABOVE}
_TYPES = get_type_hints(EngineSettings)
# The longest that makes sense for each unit at the end of a name: a day, an hour, ten years.
_LONGEST = {"s": 86_400, "ms": 3_600_000, "hours": 720, "days": 3_650, "hz": 30, "pct": 99}
_LONGEST |= {"samples": 60, "orders": 1_000}
_SHORTEST_DEAD_MAN_S, _LONGEST_DEAD_MAN_S = 10, 3_600
_DEAD_MAN_SAYS = f"{_SHORTEST_DEAD_MAN_S} to {_LONGEST_DEAD_MAN_S}"
_UNITS = {"s": "seconds", "ms": "milliseconds", "hz": "times a second", "pct": "percent"}


def _dead_man(text: str) -> int:
    """Shorter than this it would take up the venue's calls; 0 leaves it off."""
    length_s: int = whole(0, _LONGEST_DEAD_MAN_S).parse(text)
    if 0 < length_s < _SHORTEST_DEAD_MAN_S:
        raise ValueError(f"{length_s} is too short; write 0 (off), or {_DEAD_MAN_SAYS}")
    return length_s


def _timer_kind(name: str) -> Any:
    if _TYPES[name] is bool:
        return Flag
    if name == "dead_man_s":
        return Annotated[int, Kind(f"seconds, {_DEAD_MAN_SAYS}, or 0 for off", _dead_man)]
    unit = name.rpartition("_")[2]
    longest = _LONGEST[unit]
    return Annotated[int, whole(1, longest, f"{_UNITS.get(unit, unit)}, 1 to {longest}")]


TIMERS = Composed(
    {name: _timer_kind(name) for name in _TIMERS},
    {name: item.default for name, item in _TIMERS.items()},
    lambda given: EngineSettings(**given),
)
