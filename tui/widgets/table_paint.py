"""How a table's lines are drawn: header, rows, and the place where rows would be.

The one rule: a row's strip is made once and kept until the row, the widths or the tones change.
"""

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from tui.format import MASK
from tui.lines import Tones, fit, plain
from tui.widgets.columns import GAP, Column, Placed, as_cell, layout

T = TypeVar("T")
GUTTER = 1
_MARK, MORE = "◆", "\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}"
_LEAST_KEPT = 256


class Painter(Generic[T]):
    """Draws one table's lines; everything is in cells."""

    def __init__(self, columns: Sequence[Column[T]], key: Callable[[T], str]) -> None:
        self.columns = columns
        self.placed: list[Placed] = []
        self.masked = False
        self._key = key
        self._strips: dict[str, tuple[T, Strip]] = {}

    @property
    def hidden(self) -> int:
        """How many columns did not find room."""
        return len(self.columns) - len(self.placed)

    @property
    def width(self) -> int:
        """The width of the columns that are shown, gutter included."""
        return sum(placed.width + GAP for placed in self.placed) + GUTTER

    def place(self, room: int, *, every: bool) -> None:
        """Choose columns and widths for `room` cells."""
        self._strips.clear()
        self.placed = layout(self.columns, room - GUTTER, every=every)

    def forget(self, key: str) -> None:
        """Draw this row anew next time."""
        self._strips.pop(key, None)

    def column_at(self, x: int) -> int | None:
        """The index of the column under cell `x`."""
        edge = GUTTER
        for placed in self.placed:
            edge += placed.width + GAP
            if x < edge:
                return placed.column
        return None

    def header(self, style: Style, width: int, sorted_by: int, *, backwards: bool) -> Strip:
        """The titles; `MORE` at the right edge when columns are hidden."""
        segments = [Segment(" " * GUTTER, style)]
        for placed in self.placed:
            column = self.columns[placed.column]
            title = column.title
            if placed.column == sorted_by:
                arrow = "↓" if backwards else "↑"
                title = f"{arrow}{title}" if column.right else f"{title}{arrow}"
            text = fit(title, placed.width, right=column.right)
            segments.append(Segment(text + " " * GAP, style))
        room = max(width, self.width)
        strip = Strip(segments).adjust_cell_length(room, style)
        if not self.hidden:
            return strip
        return Strip([*strip.crop(0, room - 1), Segment(MORE, style)], room)

    def row(self, row: T, base: Style, tones: Tones, width: int, *, marked: bool) -> Strip:
        """A row that the cursor is not on."""
        key = self._key(row)
        known = self._strips.get(key)
        if known is not None and (known[0] is row or known[0] == row):
            return known[1]
        strip = self.fresh(row, base, tones, width, marked=marked)
        if len(self._strips) > _LEAST_KEPT:
            self._strips.clear()
        self._strips[key] = (row, strip)
        return strip

    def fresh(self, row: T, base: Style, tones: Tones, width: int, *, marked: bool) -> Strip:
        """A row drawn now, on the style `base`."""
        segments = [Segment(_MARK, base + tones["mark"]) if marked else Segment(" ", base)]
        gap = Segment(" " * GAP, base)
        for placed in self.placed:
            column = self.columns[placed.column]
            text, tone = as_cell(column.cell(row))
            if self.masked and column.amount:
                text, tone = MASK, "dim"
            shown = fit(plain(text), placed.width, right=column.right)
            segments.append(Segment(shown, base + tones[tone] if tone else base))
            segments.append(gap)
        strip = Strip(segments, self.width)
        return strip if self.width >= width else strip.extend_cell_length(width, base)

    def frozen(self, strip: Strip, left: int, width: int, base: Style) -> Strip:
        """The part of a line that is in view, its first column in place."""
        if left and self.placed:
            first = GUTTER + self.placed[0].width + GAP
            strip = Strip.join([strip.crop(0, first), strip.crop(first + left)])
        return strip.adjust_cell_length(width, base)
