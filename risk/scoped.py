"""Limits of a part of the desk: a venue, an account, a strategy or a symbol.

They stand beside the limits of the whole desk and take nothing from them: an order has to pass
every limit that covers it. The one rule: what cannot be counted within a scope is refused as a
limit of that scope, never counted over something else.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from decimal import Decimal

from domain.scopes import NotAScope, Reach, Scope

DEFAULT = "default"
POSITION = "max_position_size"
AT = "@"
WHOLE_DESK: Mapping[str, str] = {
    "max_drawdown_pct": "the drawdown is that of the whole desk's value",
    "max_daily_loss": "the day's loss is that of the whole desk's value",
    "identical_window_s": "the window is the same for all",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopedLimits:
    """The limits of one scope; None: this scope has no such limit of its own.

    Units are those of `risk.limits.Limits`. An asset that `max_position_size` does not name,
    without a `default` beside it, has no limit here.
    """

    scope: Scope
    max_order_value: Decimal | None = None
    max_daily_volume: Decimal | None = None
    max_position_size: Mapping[str, Decimal] = field(default_factory=dict)
    price_collar_pct: Decimal | None = None
    max_open_orders: Decimal | None = None
    max_identical_orders: Decimal | None = None
    max_orders_per_second: Decimal | None = None
    max_executions_per_minute: Decimal | None = None
    max_denials_per_5min: Decimal | None = None

    @property
    def given(self) -> dict[str, Decimal | Mapping[str, Decimal]]:
        """The settings that are limited here, by their names."""
        told = {name: getattr(self, name) for name in SCOPED}
        return {name: value for name, value in told.items() if value not in (None, {})}

    def limits_position(self, asset: str) -> bool:
        """Whether a position in the asset is limited here."""
        return asset in self.max_position_size or DEFAULT in self.max_position_size

    def values(self) -> Iterator[tuple[str, Decimal]]:
        """Each limit under its name in the ledger: `max_position_size.BTC@VENUE:kraken`."""
        for name, value in self.given.items():
            if isinstance(value, Mapping):
                for asset, size in value.items():
                    yield f"{name}.{asset}{AT}{self.scope}", size
            else:
                yield f"{name}{AT}{self.scope}", value


SCOPED = tuple(item.name for item in fields(ScopedLimits) if item.name != "scope")


def limited_scope(text: str) -> Scope:
    """The scope that a limit may have, written as the ledger writes it.

    Raises:
        NotAScope: saying what to write instead.
    """
    scope = Scope.parse(text)
    if scope.reach is Reach.GLOBAL:
        raise NotAScope("the limits of the whole desk stand without a scope")
    if str(scope) != text:
        raise NotAScope(f"{text!r} is written {scope}")
    if scope.reach is Reach.SYMBOL and not all(scope.name.partition("/")):
        raise NotAScope(f"{text!r} names no pair; write for example SYMBOL:BTC/USD")
    return scope


def scoped_from(values: Mapping[str, Decimal]) -> tuple[ScopedLimits, ...]:
    """The scopes with their limits, of names like `max_order_value@VENUE:kraken`.

    Raises:
        NotAScope: for a scope that cannot be, or a setting that has no meaning in a scope.
    """
    told: dict[str, dict[str, Decimal | dict[str, Decimal]]] = {}
    for name, value in values.items():
        setting, _, text = name.partition(AT)
        setting, _, asset = setting.partition(".")
        if setting not in SCOPED or bool(asset) is not (setting == POSITION):
            raise NotAScope(f"{setting} cannot be limited at {text}: {unscoped(setting)}")
        limits = told.setdefault(text, {})
        if asset:
            sizes = limits.setdefault(setting, {})
            assert isinstance(sizes, dict)
            sizes[asset] = value
        else:
            limits[setting] = value
    return tuple(
        ScopedLimits(scope=limited_scope(text), **limits)  # type: ignore[arg-type]
        for text, limits in sorted(told.items())
    )


def unscoped(setting: str) -> str:
    """Why a setting has no meaning within a scope."""
    return WHOLE_DESK.get(setting, f"a scope can have {', '.join(SCOPED)}")
