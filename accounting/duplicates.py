"""One fill told twice is one fill; the same key with other numbers is a conflict.

The one rule: the key is venue, account, symbol and trade id (a trade id is unique per symbol
only); the first told stays, and what contradicts it is kept apart, never dropped in silence.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from domain.orders import Fill

CONFLICT = "IDEMPOTENCY_CONFLICT"


@dataclass(slots=True)
class Gathered:
    """Fills by key; how many were told again; and the second version of those that differ."""

    fills: dict[str, Fill] = field(default_factory=dict)
    ignored: int = 0
    conflicts: list[tuple[Fill, Fill]] = field(default_factory=list)


def gathered(told: Iterable[Fill]) -> Gathered:
    """Every fill once, in the order in which it was first told."""
    made = Gathered()
    for fill in told:
        first = made.fills.setdefault(fill.key, fill)
        if first is fill:
            continue
        if _content(first) == _content(fill):
            made.ignored += 1
        else:
            made.conflicts.append((first, fill))
    return made


def _content(fill: Fill) -> tuple[str, int, Decimal, Decimal, Decimal, str]:
    """What makes two fills the same in money and time, whoever tells them."""
    return (fill.side, fill.at_us, fill.quantity, fill.price, fill.fee, fill.fee_asset)
