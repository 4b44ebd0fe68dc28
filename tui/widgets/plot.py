"""Charts as text: points in time drawn into cells, with braille, blocks or plain characters.

The one rule: no floats. A value finds its row by integer arithmetic on exact numbers, and a
gap in the data is drawn as the last known value carried on, never as zero.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from domain.money import ONE, ZERO, exactly
from tui.lines import Line, Lines, Part, width_of
from tui.options import Graph

Point = tuple[int, Decimal]  # (UTC microseconds, value)
_LEAST, _LABELS_MIDDLE = 2, 5  # lines and columns of a chart; lines that leave a middle label room
_BRAILLE_BASE = 0x2800
_BRAILLE_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
_BLOCKS = " ▁▂▃▄▅▆▇█"
_DOTS = {Graph.BRAILLE: (2, 4), Graph.BLOCK: (1, 8), Graph.ASCII: (1, 1)}
_LIMIT_DASH = {Graph.BRAILLE: "╌", Graph.BLOCK: "╌", Graph.ASCII: "-"}


@dataclass(frozen=True, slots=True)
class Series:
    """One line of a chart: points oldest first."""

    points: Sequence[Point]
    tone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What a chart shows: a span of time, and how a value is written at the axis.

    `ceiling` is a value to draw a dashed line at (a limit), where it is in sight.
    """

    from_us: int
    until_us: int
    label: Callable[[Decimal], str]
    ceiling: Decimal | None = None
    floor: Decimal | None = None


def chart(series: Sequence[Series], frame: Frame, width: int, height: int, graph: Graph) -> Lines:
    """The chart in `height` lines of at most `width` cells, value axis at the left.

    Empty when there is no point in sight, or no room for one.
    """
    seen = [point for one in series for point in _visible(one.points, frame)]
    if not seen or height < _LEAST:
        return []
    with exactly():
        low, high = _range([value for _, value in seen], frame)
        labels = _labels(low, high, height, frame.label)
        room = width - max(map(width_of, labels)) - 2
        if room < _LEAST:
            return []
        cells = _Cells(room, height, graph)
        for one in series:
            cells.draw(_columns(one.points, frame, cells.dots_wide), low, high, one.tone)
        if frame.ceiling is not None and low <= frame.ceiling <= high:
            cells.dash(frame.ceiling, low, high)
    axis = max(map(width_of, labels))
    return [_line(label, axis, cells.row(y)) for y, label in enumerate(labels)]


def _line(label: str, axis: int, cells: Line) -> Line:
    return [Part(label.rjust(axis), "dim"), Part(" ┤" if label else " │", "faint"), *cells]


def _visible(points: Sequence[Point], frame: Frame) -> list[Point]:
    inside = [point for point in points if frame.from_us <= point[0] <= frame.until_us]
    before = [point for point in points if point[0] < frame.from_us]
    return before[-1:] + inside if before else inside


def _range(values: Sequence[Decimal], frame: Frame) -> tuple[Decimal, Decimal]:
    low, high = min(values), max(values)
    if frame.floor is not None:
        low = min(low, frame.floor)
    if low == high:
        margin = abs(low) / 100 or ONE
        low, high = (
            (low, high + margin) if frame.floor is not None else (low - margin, high + margin)
        )
    return low, high


def _labels(low: Decimal, high: Decimal, height: int, label: Callable[[Decimal], str]) -> list[str]:
    labels = [""] * height
    labels[0], labels[-1] = label(high), label(low)
    if height >= _LABELS_MIDDLE:
        middle = (height - 1) // 2
        labels[middle] = label(high - (high - low) * middle / (height - 1))
    return labels


def _columns(points: Sequence[Point], frame: Frame, count: int) -> list[Decimal | None]:
    """The last value known at the end of each of `count` equal spans of time."""
    span = max(1, frame.until_us - frame.from_us)
    columns: list[Decimal | None] = [None] * count
    carried: Decimal | None = None
    for at_us, value in points:
        if at_us < frame.from_us:
            carried = value
        elif at_us <= frame.until_us:
            columns[min(count - 1, (at_us - frame.from_us) * count // span)] = value
    last_known = max((i for i, value in enumerate(columns) if value is not None), default=-1)
    for place in range(last_known + 1):
        carried = columns[place] = columns[place] if columns[place] is not None else carried
    return columns


class _Cells:
    """A canvas of cells, each with its dots and the tone that drew there last."""

    def __init__(self, width: int, height: int, graph: Graph) -> None:
        across, down = _DOTS[graph]
        self._graph = graph
        self._width = width
        self._across = across
        self._down = down
        self.dots_wide = width * across
        self._dots_high = height * down
        self._cells = [[0] * width for _ in range(height)]
        self._tones = [[""] * width for _ in range(height)]
        self._dashes: set[int] = set()

    def draw(
        self, columns: Sequence[Decimal | None], low: Decimal, high: Decimal, tone: str
    ) -> None:
        """Draw one series; neighbouring columns are joined, blocks are filled to the bottom."""
        before: int | None = None
        for x, value in enumerate(columns):
            if value is None:
                continue
            y = self._dot(value, low, high)
            top, bottom = (y, y) if before is None else (min(y, before), max(y, before))
            if self._graph is Graph.BLOCK:
                top, bottom = y, self._dots_high - 1
            elif before is not None and bottom - top > 1:
                top, bottom = (top, bottom - 1) if y < before else (top + 1, bottom)
            for dot in range(top, bottom + 1):
                self._set(x, dot, tone)
            before = y

    def dash(self, value: Decimal, low: Decimal, high: Decimal) -> None:
        """A dashed line at a value, behind the series."""
        self._dashes.add(self._dot(value, low, high) // self._down)

    def row(self, y: int) -> Line:
        """One line of cells, runs of one tone joined."""
        parts: list[Part] = []
        for cell, tone in zip(self._cells[y], self._tones[y], strict=True):
            text = self._character(cell)
            if not cell and y in self._dashes:
                text, tone = _LIMIT_DASH[self._graph], "limit-line"  # noqa: PLW2901
            if parts and parts[-1].tone == tone:
                parts[-1] = Part(parts[-1].text + text, tone)
            else:
                parts.append(Part(text, tone))
        return parts

    def _dot(self, value: Decimal, low: Decimal, high: Decimal) -> int:
        if high == low:
            return self._dots_high - 1
        share = (high - value) * (self._dots_high - 1) / (high - low)
        place = int(share.to_integral_value(ROUND_HALF_UP))
        return min(max(place, 0), self._dots_high - 1)

    def _set(self, x: int, dot: int, tone: str) -> None:
        cell_x, cell_y = x // self._across, dot // self._down
        if self._graph is Graph.BRAILLE:
            self._cells[cell_y][cell_x] |= _BRAILLE_DOTS[dot % 4][x % 2]
        else:
            self._cells[cell_y][cell_x] += 1
        self._tones[cell_y][cell_x] = tone

    def _character(self, cell: int) -> str:
        if not cell:
            return " "
        if self._graph is Graph.BRAILLE:
            return chr(_BRAILLE_BASE + cell)
        return _BLOCKS[min(cell, 8)] if self._graph is Graph.BLOCK else "*"


def rise(points: Sequence[Point]) -> Decimal:
    """The last value less the first; zero where there are not two."""
    with exactly():
        return points[-1][1] - points[0][1] if len(points) > 1 else ZERO
