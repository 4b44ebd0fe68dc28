"""Returns, each under its own name, for they differ and people compare them.

    daily return     gain of a day over the capital at work that day
    TWR              time-weighted: sub-periods between flows, linked; what the strategy did
    XIRR             money-weighted: the yearly rate that makes all flows worth nothing,
                     actual/365; what the owner's money did
    modified Dietz   gain over the capital weighted by the days it was there; no search

The one rule: flows in count at the start of their day, flows out at its end; the end is the
valuation date (golden case G19). A span without capital has no return and links as nothing.
All results are fractions: -0.01 is one percent down. After the GIPS formulas.
"""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal, localcontext
from typing import NamedTuple

from domain.money import MONEY, ONE, ZERO, exactly

YEAR_DAYS = Decimal(365)
_CLOSE = Decimal("1e-20")
_LOWEST = Decimal("-0.999999999")
_HIGHEST = Decimal("1e9")
_STEPS = 200
_DIGITS = 34


class Flow(NamedTuple):
    """Money in (above zero) or out (below zero) on a date, in the base currency."""

    day: date
    amount: Decimal


class Valuation(NamedTuple):
    """What everything was worth on a date just before the flow of that moment."""

    day: date
    before: Decimal
    flow: Decimal = ZERO


class Span(NamedTuple):
    """From a date to a date, both valuation dates."""

    start: date
    end: date

    @property
    def days(self) -> int:
        """How many days lie between."""
        return (self.end - self.start) // timedelta(days=1)


class DailyReturn(NamedTuple):
    """A day's gain in the base currency and as a fraction; None where no capital was at work."""

    gain: Decimal
    fraction: Decimal | None


def daily_return(
    opening: Decimal, closing: Decimal, inflow: Decimal = ZERO, outflow: Decimal = ZERO
) -> DailyReturn:
    """The day from one snapshot to the next; `inflow` and `outflow` are both above zero."""
    with exactly():
        capital = opening + inflow
        gain = closing + outflow - capital
        return DailyReturn(gain, gain / capital if capital > ZERO else None)


def linked(fractions: Iterable[Decimal | None]) -> Decimal:
    """The return over several spans; a span without a return changes nothing."""
    with exactly():
        factor = ONE
        for fraction in fractions:
            if fraction is not None:
                factor *= ONE + fraction
        return factor - ONE


def twr(valuations: Sequence[Valuation]) -> Decimal:
    """Time-weighted return over valuations in the order of time, one at every flow.

    The first one opens (`before` is zero where the first flow brings all the money).
    """
    with exactly():
        spans: list[Decimal | None] = []
        after = ZERO
        for place, point in enumerate(valuations):
            if place:
                spans.append(point.before / after - ONE if after > ZERO else None)
            after = point.before + point.flow
        return linked(spans)


def modified_dietz(
    opening: Decimal, closing: Decimal, flows: Iterable[Flow], span: Span
) -> Decimal | None:
    """Gain over day-weighted capital; None where that is not above zero, or no day passed."""
    days = Decimal(span.days)
    if not days:
        return None
    with exactly():
        weighted, moved = opening, ZERO
        for flow in flows:
            left = Decimal((span.end - flow.day) // timedelta(days=1))
            weighted += flow.amount * left / days
            moved += flow.amount
        return (closing - opening - moved) / weighted if weighted > ZERO else None


def xirr(flows: Sequence[Flow], closing: Flow) -> Decimal | None:
    """The money-weighted yearly rate, actual/365.

    `flows` is the money that was put in (above zero) and taken out; `closing` is what it is
    worth on the valuation date. None where no rate between -99.9999999 % and 10^11 % fits.
    """
    first = min((flow.day for flow in flows), default=closing.day)
    by_day: dict[int, Decimal] = {}
    for flow in flows:
        days = (flow.day - first) // timedelta(days=1)
        by_day[days] = MONEY.subtract(by_day.get(days, ZERO), flow.amount)
    end = (closing.day - first) // timedelta(days=1)
    by_day[end] = MONEY.add(by_day.get(end, ZERO), closing.amount)
    rows = sorted(by_day.items())
    if not any(amount < ZERO for _, amount in rows) or not any(a > ZERO for _, a in rows):
        return None
    with localcontext(MONEY) as context:
        context.prec = _DIGITS
        return _root(rows)


def _root(rows: Sequence[tuple[int, Decimal]]) -> Decimal | None:
    """Newton's steps inside a bracket that is halved whenever a step leaves it."""
    low, high = _LOWEST, ONE
    at_low = _worth(rows, low)[0]
    while _same_sign(_worth(rows, high)[0], at_low):
        high *= 10
        if high > _HIGHEST:
            return None
    rate = ZERO
    for _ in range(_STEPS):
        worth, slope = _worth(rows, rate)
        if not worth:
            break
        if _same_sign(worth, at_low):
            low = rate
        else:
            high = rate
        step = rate - worth / slope if slope else low
        guess = step if low < step < high else (low + high) / 2
        moved, rate = abs(guess - rate), guess
        if moved <= _CLOSE * (ONE + abs(rate)):
            break
    return rate


def _worth(rows: Sequence[tuple[int, Decimal]], rate: Decimal) -> tuple[Decimal, Decimal]:
    """(net present value at a rate, its derivative); one root, then whole powers of it."""
    growth = ONE + rate
    daily = (-growth.ln() / YEAR_DAYS).exp()
    worth, slope, discount, before = ZERO, ZERO, ONE, 0
    for day, amount in rows:
        discount *= daily ** (day - before)
        before = day
        worth += amount * discount
        slope -= amount * discount * day / YEAR_DAYS / growth
    return worth, slope


def _same_sign(one: Decimal, other: Decimal) -> bool:
    return (one > ZERO) == (other > ZERO)
