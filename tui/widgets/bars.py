"""Bars that show how much of a limit is used.

The one rule: a bar is full only when the limit is reached, and empty only when nothing is used.
"""

from decimal import ROUND_DOWN, Decimal

from domain.money import MONEY, ZERO
from tui.format import ratio_pct
from tui.lines import Line, Part

_WARN_PCT = Decimal(75)
_FULL_PCT = Decimal(95)
_FULL, _HALF, _REST = "━", "╸", "─"


def tone_of(used: Decimal, limit: Decimal) -> str:
    """Calm below three quarters of a limit, loud from 95 % on."""
    used_pct = ratio_pct(used, limit) if limit > ZERO else Decimal(100)
    if used_pct >= _FULL_PCT:
        return "bar-full"
    return "bar-warn" if used_pct >= _WARN_PCT else "bar"


def bar(used: Decimal, limit: Decimal, width: int, *, tone: str = "") -> Line:
    """`━━━━╸─────` in exactly `width` cells, by half cells."""
    halves = _halves(used, limit, width)
    full, half = divmod(halves, 2)
    rest = width - full - half
    return (
        Part(_FULL * full + _HALF * half, tone or tone_of(used, limit)),
        Part(_REST * rest, "faint"),
    )


def _halves(used: Decimal, limit: Decimal, width: int) -> int:
    most = 2 * width
    if limit <= ZERO or used >= limit:
        return most
    if used <= ZERO:
        return 0
    halves = int(MONEY.divide(used * most, limit).to_integral_value(ROUND_DOWN))
    return min(max(1, halves), most - 1)
