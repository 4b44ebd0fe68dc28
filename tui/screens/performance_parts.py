"""Value over time as a chart and as days: each return beside the benchmark's.

The one rule: returns are the engine's, named for what they are. A day without one is a dash,
a day that rests on partial data says so, and a benchmark that has not begun says what it lacks.
"""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from domain.days import SECOND_US
from domain.money import MONEY
from domain.performance import BenchmarkDay, Comparison, DayResult, Returns
from tui.format import DASH, counted, direction, exact, grouped, money, short, signed
from tui.lines import FILL, Line, Lines, Part, joined, wrapped
from tui.options import Graph
from tui.stage import Picture
from tui.widgets.columns import Cell, Column, figures
from tui.widgets.plot import Frame, Point, Series, chart

DAYS = {"24h": 7, "7d": 7, "30d": 30, "day": 7, "all": 365}  # a range of the page → days shown
_HUNDRED = Decimal(100)
_DAY_US = 86_400 * SECOND_US
_LEAST_POINTS = 2


class Day(NamedTuple):
    """A day's result with the benchmark's of the same day, where there is one."""

    result: DayResult
    benchmark: BenchmarkDay | None


def days_of(returns: Returns, beside: Comparison | None) -> list[Day]:
    """The days newest first."""
    found = {(day.local_date, day.days): day for day in beside.days} if beside is not None else {}
    return [Day(day, found.get((day.local_date, day.days))) for day in returns.days]


def columns() -> tuple[Column[Day], ...]:
    """The columns of the days."""
    return (
        Column("FROM", 10, lambda d: Cell(d.result.local_date, "dim"),
               sort=lambda d: d.result.local_date),
        figures("RETURN", 9, lambda d: d.result.fraction, lambda d: fraction(d.result.fraction)),
        figures("BENCH", 9, _benchmark, lambda d: fraction(_benchmark(d))),
        figures("AHEAD", 9, _ahead, lambda d: fraction(_ahead(d)), drop=1),
        figures("GAIN", 13, lambda d: d.result.gain, _gain, drop=2, amount=True),
        figures("NAV", 13, lambda d: d.result.closing, lambda d: Cell(money(d.result.closing)),
                drop=3, amount=True),
        figures("IN", 11, lambda d: d.result.inflow, lambda d: _flow(d.result.inflow), drop=5,
                amount=True),
        figures("OUT", 11, lambda d: d.result.outflow, lambda d: _flow(d.result.outflow), drop=5,
                amount=True),
        Column("NOTE", 8, lambda d: Cell(_note(d.result), "stale"), drop=4, grow=True),
    )  # fmt: skip


def fraction(value: Decimal | None) -> Cell:
    """A fraction as a percentage with its sign: `▲ +1.02%`."""
    if value is None:
        return Cell(DASH, "dim")
    return Cell(f"{signed(MONEY.multiply(value, _HUNDRED))}%", direction(value))


def _benchmark(day: Day) -> Decimal | None:
    return None if day.benchmark is None else day.benchmark.benchmark


def _ahead(day: Day) -> Decimal | None:
    return None if day.benchmark is None else day.benchmark.outperformance


def _gain(day: Day) -> Cell:
    gain = day.result.gain
    return Cell(DASH, "dim") if gain is None else Cell(signed(gain), direction(gain))


def _flow(value: Decimal) -> Cell:
    return Cell(money(value) if value else DASH, "dim")


def _note(day: DayResult) -> str:
    if day.unvalued:
        return f"no value: {', '.join(day.unvalued)}"
    told = ["partial"] if day.partial else []
    return ", ".join([*told, *([f"{day.days} days"] if day.days > 1 else [])])


def day_lines(day: Day, picture: Picture, width: int) -> Lines:
    """One day in full: from what it came to what, with the flows between."""
    result, told = day.result, picture.amount
    rows: list[tuple[str, str, str]] = [
        ("from", f"the snapshot of {result.local_date}, {counted(result.days, 'day')}", "strong"),
        ("opening", told(exact(result.opening)), ""),
        ("flows in", told(exact(result.inflow)), ""),
        ("flows out", told(exact(result.outflow)), ""),
        ("closing", told(exact(result.closing)), ""),
        ("gain", DASH if result.gain is None else told(exact(result.gain)), _gain(day).tone),
        ("return", *_told(result.fraction)),
        ("benchmark", *_told(_benchmark(day))),
        ("ahead", *_told(_ahead(day))),
    ]
    lines: list[Line] = [
        [Part(f"{name:<11}", "dim"), Part(text, tone)] for name, text, tone in rows
    ]
    notes = [f"a flow without a value: {name}" for name in result.unvalued]
    notes += ["a snapshot at one of its ends is partial"] if result.partial else []
    return [*lines, *([Part(row, "stale")] for note in notes for row in wrapped(note, width))]


def _told(value: Decimal | None) -> tuple[str, str]:
    cell = fraction(value)
    return cell.text.strip(), cell.tone


# The chart


def weights(beside: Comparison) -> str:
    """`50 BTC/50 ETH`: what the benchmark is made of, in percent."""
    parts = (
        f"{grouped(MONEY.multiply(weight, _HUNDRED), 0)} {asset}"
        for asset, weight in beside.weights.items()
    )
    return "/".join(parts)


def head_lines(returns: Returns | None, beside: Comparison | None) -> Lines:
    """The time-weighted return beside the benchmark's, and the account's others by name."""
    if returns is None:
        return []
    first, second = [_named("TWR", returns.twr)], []
    if beside is not None and beside.waiting:
        first.append([Part(f"benchmark: {beside.waiting}", "stale")])
    elif beside is not None:
        first.append(_named(weights(beside), beside.benchmark_twr))
        second.append(_named("ahead", beside.outperformance))
    second += [_named("XIRR", returns.xirr), _named("Dietz", returns.modified_dietz)]
    return [joined(first), joined(second)]


def _named(name: str, value: Decimal | None) -> Line:
    text, tone = _told(value)
    return [Part(f"{name} ", "dim"), Part(text, tone)]


def nav_lines(
    returns: Returns | None, beside: Comparison | None, graph: Graph, width: int, height: int
) -> Lines:
    """NAV by day, the benchmark's value beside it, and which line is which."""
    if returns is None or not returns.days:
        return [[Part("the chart begins with the second daily snapshot", "dim")]]
    account = _account_points(returns.days)
    series = [Series(account, "series-a")]
    legend: list[Line] = [[Part("■ ", "series-a"), Part("NAV", "dim")]]
    other = _benchmark_points(beside.days) if beside is not None else []
    if beside is not None and len(other) >= _LEAST_POINTS:
        series.insert(0, Series(other, "series-b"))
        legend.append([Part("■ ", "series-b"), Part(weights(beside), "dim")])
    frame = Frame(from_us=account[0][0], until_us=account[-1][0], label=_axis)
    lines = chart(series, frame, width, height - 1, graph)
    if not lines:
        return [[Part("no room for the chart", "faint")]]
    first, last = returns.first_date or DASH, returns.last_date or DASH
    return [*lines, [Part(first, "dim"), Part("  "), *joined(legend), FILL, Part(last, "dim")]]


def _account_points(days: Sequence[DayResult]) -> list[Point]:
    oldest_first = [*reversed(days)]
    points = [(_begin_us(oldest_first[0].local_date), oldest_first[0].opening)]
    return points + [
        (_begin_us(day.local_date) + day.days * _DAY_US, day.closing) for day in oldest_first
    ]


def _benchmark_points(days: Sequence[BenchmarkDay]) -> list[Point]:
    return [
        (_begin_us(day.local_date) + day.days * _DAY_US, day.value)
        for day in reversed(days)
        if day.value is not None
    ]


def _begin_us(local_date: str) -> int:
    return date.fromisoformat(local_date).toordinal() * _DAY_US


def _axis(value: Decimal) -> str:
    return f"{value:,.0f}" if abs(value) < 10**12 else short(value)


def title_note(returns: Returns | None, picture: Picture) -> str:
    """What the frame says: the gain over the days shown, and whether it is partial."""
    if returns is None or returns.gain is None:
        return ""
    about = "≈" if returns.partial else ""
    return f"{about}{picture.amount(signed(returns.gain).strip())} {returns.base_currency}"
