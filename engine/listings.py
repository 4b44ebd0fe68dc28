"""What a venue lists, compared with what it listed before.

The one rule: an instrument that is gone stays known, as one that does not trade: its orders,
fills and positions do not vanish with it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import fields, replace

from domain.instruments import Instrument
from domain.money import canonical

_RULES = tuple(
    item.name for item in fields(Instrument) if item.name not in ("venue", "symbol", "active")
)


def relisted(
    known: Mapping[str, Instrument], listed: Iterable[Instrument]
) -> tuple[dict[str, Instrument], dict[str, str]]:
    """A venue's instruments by symbol from now on, and in words what changed, by symbol.

    Both are of one venue. What is equal stays the same object, so that nobody redraws it.
    """
    renewed = {new.symbol: new for new in listed}
    changes: dict[str, str] = {}
    for symbol, old in known.items():
        new = renewed.get(symbol)
        if new is None:
            new = renewed[symbol] = replace(old, active=False) if old.active else old
            said = "is no longer listed" if old.active else ""
        else:
            said = _difference(old, new)
        if said:
            changes[symbol] = said
        if new == old:
            renewed[symbol] = old
    return renewed, changes


def _difference(old: Instrument, new: Instrument) -> str:
    words = [
        f"{name} {_told(old, name)} → {_told(new, name)}"
        for name in _RULES
        if getattr(old, name) != getattr(new, name)
    ]
    if old.active != new.active:
        words.insert(0, "trades again" if new.active else "is suspended")
    return ", ".join(words)


def _told(known: Instrument, name: str) -> str:
    value = getattr(known, name)
    return "unknown" if value is None else canonical(value)
