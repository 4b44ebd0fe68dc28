"""LiveTable: a table that may change ten times a second and stays cheap (screens.md 2).

The one rule: only lines whose row changed are drawn again. Widths are fixed, strips are kept
by row, and a row that is equal to the one painted before costs a comparison.
"""

from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

from rich.segment import Segment
from textual import events
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tui.lines import fit
from tui.stage import stage_of
from tui.widgets.columns import Column, as_cell
from tui.widgets.rows import Rows
from tui.widgets.table_paint import Painter

T = TypeVar("T")
_SIDE_STEP = 12
_NO_MATCH = "no row matches the filter · esc clears it"


class LiveTable(ScrollView, Generic[T], can_focus=True, inherit_bindings=False):
    """Rows of one kind under fixed columns; the first column stays when one moves sideways.

    Keys are bound by the panel that holds it, so that a filter field can stand beside it.
    """

    class Opened(Message):
        """A row was opened (enter, or a second click)."""

        def __init__(self, table: "LiveTable[Any]", row: Any) -> None:
            super().__init__()
            self.table = table
            self.row = row

        @property
        def control(self) -> "LiveTable[Any]":
            """The table, for `@on` selectors."""
            return self.table

    class Moved(Message):
        """The cursor is on another row, or on the same row with other contents."""

        def __init__(self, table: "LiveTable[Any]") -> None:
            super().__init__()
            self.table = table

        @property
        def control(self) -> "LiveTable[Any]":
            """The table, for `@on` selectors."""
            return self.table

    class Settled(Message):
        """Something that the table's title tells has changed: counts, sorting, following."""

    def __init__(
        self,
        columns: Sequence[Column[T]],
        *,
        key: Callable[[T], str],
        empty: str = "nothing yet",
        newest_last: bool = False,
        name: str = "rows",
    ) -> None:
        super().__init__(name=name)
        self.columns = columns
        self.rows: Rows[T] = Rows(key, self._words)
        self.rows.newest_last = newest_last
        self.empty = empty
        self.sorted_by = -1
        self.backwards = False
        self.every_column = False
        self.paused_us = 0
        self._painter: Painter[T] = Painter(columns, key)
        self._fitted_to = 0
        self._held: Sequence[T] | None = None
        self._painted: list[T] = []

    def show(self, rows: Sequence[T], *, masked: bool = False) -> None:
        """Show these rows, unless the table is paused."""
        if masked != self._painter.masked:
            self._painter.masked = masked
            self.restyle()
        if self.paused_us:
            self._held = rows
        else:
            self._change(lambda: self.rows.put(rows))

    def search(self, text: str) -> None:
        """Keep only rows that hold every word."""
        self._change(lambda: self.rows.search(text))

    def restyle(self) -> None:
        """Draw everything again: other tones, widths or masks."""
        self._fitted_to = self.room
        self._painter.place(self.room, every=self.every_column)
        self._measure()
        self.refresh()

    def pause(self, now_us: int) -> None:
        """Freeze the rows, or let go of them again."""
        self.paused_us = 0 if self.paused_us else now_us
        held, self._held = self._held, None
        if held is not None:
            self._change(lambda: self.rows.put(held))
        self.post_message(self.Settled())

    @property
    def room(self) -> int:
        """The width that rows can use: what the scrollbar has is not theirs."""
        return max(1, self.size.width - self.scrollbar_size_vertical)

    def _change(self, change: Callable[[], None]) -> None:
        before, place, count = self.rows.current, self.rows.cursor, len(self.rows.view)
        change()
        if len(self.rows.view) != count:
            self._measure()
            self.post_message(self.Settled())
        if self.rows.cursor != place:
            self._reveal()
        self._repaint()
        # By value: rows that are made anew each time are still the same row.
        if self.rows.current is not before and self.rows.current != before:
            self.post_message(self.Moved(self))

    def _repaint(self) -> None:
        visible = self._visible()
        if len(visible) != len(self._painted) or not visible:
            self.refresh()
        else:
            for place, (old, new) in enumerate(zip(self._painted, visible, strict=True)):
                if old is not new and old != new:
                    self._refresh_row(place)
        self._painted = visible

    def _refresh_row(self, line: int) -> None:
        self.refresh(Region(0, line + 1, self.size.width, 1))

    def _visible(self) -> list[T]:
        top = round(self.scroll_y)
        return self.rows.view[top : top + max(0, self.size.height - 1)]

    # Geometry

    def _measure(self) -> None:
        width = self._painter.width if self.every_column else self.room
        self.virtual_size = Size(max(width, 1), len(self.rows.view) + 1)

    def _reveal(self) -> None:
        top, page = round(self.scroll_y), max(1, self.size.height - 1)
        place = self.rows.cursor
        if place < top:
            self.scroll_to(y=place, animate=False)
        elif place >= top + page:
            self.scroll_to(y=place - page + 1, animate=False)

    def on_resize(self) -> None:
        """Fit the columns into the new width."""
        self.restyle()
        self._reveal()
        self._painted = self._visible()

    def on_focus(self) -> None:
        """The cursor is bright where the keys go."""
        self._refresh_row(self.rows.cursor - round(self.scroll_y))

    def on_blur(self) -> None:
        """The cursor is faint where they do not."""
        self._refresh_row(self.rows.cursor - round(self.scroll_y))

    # Drawing

    def render_line(self, y: int) -> Strip:
        """One line: the header at the top, then rows, then why there are none."""
        base, width = self.rich_style, self.room
        if width != self._fitted_to:
            # The first paint may come before the first resize event.
            self._fitted_to = width
            self._painter.place(width, every=self.every_column)
        left = round(self.scroll_x)
        if y == 0:
            style = base + stage_of(self).tones["head"]
            strip = self._painter.header(style, width, self.sorted_by, backwards=self.backwards)
            return self._painter.frozen(strip, left, width, style)
        place = y - 1 + round(self.scroll_y)
        if place < len(self.rows.view):
            return self._painter.frozen(self._row(place), left, width, base)
        if not self.rows.view and y == 1:
            text = _NO_MATCH if self.rows.total else self.empty
            return Strip([Segment(fit(f" {text}", width), base + stage_of(self).tones["dim"])])
        return Strip.blank(width, base)

    def _row(self, place: int) -> Strip:
        row, base, tones = self.rows.view[place], self.rich_style, stage_of(self).tones
        marked = bool(self.rows.marks) and self.rows.key(row) in self.rows.marks
        if place != self.rows.cursor:
            return self._painter.row(row, base, tones, self.room, marked=marked)
        under_cursor = base + tones["cursor" if self.has_focus else "cursor-away"]
        return self._painter.fresh(row, under_cursor, tones, self.room, marked=marked)

    def _words(self, row: T) -> str:
        return " ".join(as_cell(column.cell(row)).text for column in self.columns)

    # Moving about

    def move_by(self, step: int) -> None:
        """Put the cursor `step` rows further; following ends when one walks away."""
        self._let_go()
        self._move_to(self.rows.cursor + step)

    def move_pages(self, step: int) -> None:
        """Put the cursor `step` pages further."""
        self.move_by(step * max(1, self.size.height - 2))

    def move_to_edge(self, step: int) -> None:
        """Put the cursor on the first (-1) or last (1) row."""
        self.move_by(step * len(self.rows.view))

    def _move_to(self, place: int) -> None:
        before = self.rows.cursor
        self.rows.move_to(place)
        if self.rows.cursor == before:
            return
        top = round(self.scroll_y)
        self._refresh_row(before - top)
        self._refresh_row(self.rows.cursor - top)
        self._reveal()
        self._painted = self._visible()
        self.post_message(self.Moved(self))

    def move_sideways(self, step: int) -> None:
        """Show every column and move through them; back at the left edge they fit again."""
        if step > 0 and not self.every_column:
            self.every_column = self._painter.hidden > 0
            self.restyle()
        elif step < 0 and self.every_column and not round(self.scroll_x):
            self.every_column = False
            self.restyle()
        elif self.every_column:
            x = round(self.scroll_x) + step * _SIDE_STEP
            self.scroll_to(x=x, animate=False, force=True)

    def open_row(self) -> None:
        """Tell that the row under the cursor was opened."""
        if self.rows.current is not None:
            self.post_message(self.Opened(self, self.rows.current))

    def sort_next(self) -> None:
        """Sort by the next column that can be, and after the last one as given."""
        choices = [-1, *(i for i, column in enumerate(self.columns) if column.sort)]
        self.sort_by(choices[(choices.index(self.sorted_by) + 1) % len(choices)])

    def sort_by(self, index: int) -> None:
        """Sort by a column (-1: as given); numbers begin with the largest."""
        self.sorted_by = index
        self.backwards = index >= 0 and self.columns[index].right
        self._sort()

    def turn_around(self) -> None:
        """Turn the order of the rows around."""
        self.backwards = not self.backwards
        self._sort()

    def _sort(self) -> None:
        sort = self.columns[self.sorted_by].sort if self.sorted_by >= 0 else None
        self._change(lambda: self.rows.sort_by(sort, backwards=self.backwards))
        self.refresh()
        self.post_message(self.Settled())

    def toggle_mark(self) -> None:
        """Mark the row and go on to the next one."""
        if self.rows.current is not None:
            self._painter.forget(self.rows.key(self.rows.current))
            self.rows.toggle_mark()
            self.refresh()
            self.post_message(self.Settled())
            self._move_to(self.rows.cursor + 1)

    def toggle_follow(self) -> None:
        """Stay with the newest row, or stop doing so."""
        self.rows.follow = not self.rows.follow
        if self.rows.follow:
            self._move_to(len(self.rows.view) if self.rows.newest_last else 0)
        self.post_message(self.Settled())

    def _let_go(self) -> None:
        if self.rows.follow:
            self.rows.follow = False
            self.post_message(self.Settled())

    def on_click(self, event: events.Click) -> None:
        """The header sorts, a row is chosen, the chosen row is opened."""
        offset = event.get_content_offset(self)
        if offset is None:
            return
        if offset.y == 0:
            self._click_header(offset.x)
            return
        place = offset.y - 1 + round(self.scroll_y)
        if place == self.rows.cursor:
            self.open_row()
        elif place < len(self.rows.view):
            self._let_go()
            self._move_to(place)

    def _click_header(self, x: int) -> None:
        index = self._painter.column_at(x)
        if index is None or self.columns[index].sort is None:
            return
        if index == self.sorted_by:
            self.turn_around()
        else:
            self.sort_by(index)
