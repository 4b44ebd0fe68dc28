"""A framed table with its keys, its filter, and a title that says what one looks at.

The one rule: whatever hides or freezes rows (a filter, a pause, a sort) is told in the frame.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from textual import events, on
from textual.app import ComposeResult
from textual.message import Message
from textual.widgets import Input

from domain.board import Mode
from tui.exports import as_json, csv_name, separated, write_csv
from tui.format import age
from tui.keys import TABLE, bindings
from tui.phases import NOT_READ, unread
from tui.stage import Picture, stage_of
from tui.widgets.columns import Column
from tui.widgets.panel import Panel, holds_keys
from tui.widgets.table import LiveTable

T = TypeVar("T")
_PAUSE_IN_LIVE_US = 60_000_000


class FilterField(Input):
    """The one-line field under a table in which a filter is typed."""

    def __init__(self) -> None:
        super().__init__(placeholder="words that must match", compact=True)
        self.display = False


class TablePanel(Panel, Generic[T]):
    """A table in a frame. Screens subclass it to add keys of their own."""

    BINDINGS = bindings(TABLE)
    KEYS = TABLE

    class Searched(Message):
        """A filter was entered (or taken away, then the text is empty)."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    def __init__(
        self,
        title: str,
        columns: Sequence[Column[T]],
        *,
        key: Callable[[T], str],
        empty: str = "nothing yet",
        newest_last: bool = False,
        id: str | None = None,  # noqa: A002  Textual's own name
    ) -> None:
        super().__init__(title, id=id)
        self.heading = title
        self.note = ""
        self.table: LiveTable[T] = LiveTable(
            columns, key=key, empty=empty, newest_last=newest_last, name=title.lower()
        )
        self.field = FilterField()
        self.empty = empty
        self._unread = False

    def compose(self) -> ComposeResult:
        """The table above its filter field."""
        yield self.table
        yield self.field

    def show(self, rows: Sequence[T], picture: Picture) -> None:
        """Show these rows; a pause in LIVE ends after 60 s."""
        paused_us = self.table.paused_us
        live = picture.board.mode is Mode.LIVE
        if paused_us and live and picture.now_us - paused_us > _PAUSE_IN_LIVE_US:
            self.table.pause(picture.now_us)
        self._unread = unread(picture.board)
        self.table.empty = NOT_READ if self._unread else self.empty
        self.table.show(rows, masked=picture.masked)
        self._tell(picture.now_us)

    def filter_by(self, text: str) -> None:
        """Set the filter as if it had been typed and entered."""
        self.field.value = text
        self.field.display = bool(text)
        self.table.search(text)
        self.post_message(self.Searched(text))
        self._retell()

    def start_filter(self) -> None:
        """Open the filter field."""
        self.field.display = True
        self.screen.set_focus(self.field)

    def go_back(self) -> bool:
        """Undo the innermost of: typing a filter, a filter. False when there was neither."""
        if holds_keys(self.field):
            self.screen.set_focus(self.table)
            self.field.display = bool(self.field.value)
            return True
        if self.field.value:
            self.filter_by("")
            return True
        return False

    # The frame

    def _retell(self) -> None:
        self._tell(stage_of(self).picture.now_us)

    def _tell(self, now_us: int) -> None:
        rows = self.table.rows
        count = "" if self._unread and not rows.total else f"{rows.total:,}"
        if self.field.value:
            count = f"{len(rows.view):,}/{rows.total:,}"
        self.label(self.heading, f"{count} {self.note}".rstrip(), " · ".join(self._states(now_us)))
        self.set_class(bool(self.table.paused_us), "-paused")

    def _states(self, now_us: int) -> list[str]:
        table, states = self.table, []
        if table.paused_us:
            states.append(f"PAUSED {age(now_us - table.paused_us)}")
        if self.field.value and not holds_keys(self.field):
            states.append(f"/{self.field.value}")
        if table.sorted_by >= 0:
            arrow = "↓" if table.backwards else "↑"
            states.append(f"by {table.columns[table.sorted_by].title.lower()} {arrow}")
        if table.rows.marks:
            states.append(f"{len(table.rows.marks)} marked")
        if table.rows.follow:
            states.append("follow ●")
        return states

    def on_key(self, event: events.Key) -> None:
        """From the filter, down and up go back to the table; the filter stays."""
        if holds_keys(self.field) and event.key in ("down", "up"):
            event.stop()
            self.screen.set_focus(self.table)

    @on(LiveTable.Settled)
    def _settled(self, message: LiveTable.Settled) -> None:
        message.stop()
        self._retell()

    @on(Input.Changed)
    def _typed(self, message: Input.Changed) -> None:
        message.stop()
        self.table.search(message.value)
        self._retell()

    @on(Input.Submitted)
    def _entered(self, message: Input.Submitted) -> None:
        message.stop()
        self.field.display = bool(self.field.value)
        self.screen.set_focus(self.table)
        self.post_message(self.Searched(message.value))
        self._retell()

    # Keys

    def action_cursor(self, step: int) -> None:
        """Rows up or down."""
        self.table.move_by(step)

    def action_page(self, step: int) -> None:
        """Pages up or down."""
        self.table.move_pages(step)

    def action_edge(self, step: int) -> None:
        """The first or last row."""
        self.table.move_to_edge(step)

    def action_sideways(self, step: int) -> None:
        """Through the columns."""
        self.table.move_sideways(step)

    def action_open(self) -> None:
        """Open the row."""
        self.table.open_row()

    def action_sort(self) -> None:
        """Sort by the next column."""
        self.table.sort_next()

    def action_reverse(self) -> None:
        """Turn the rows around."""
        self.table.turn_around()

    def action_mark(self) -> None:
        """Mark the row."""
        self.table.toggle_mark()

    def action_follow(self) -> None:
        """Stay with the newest row."""
        self.table.toggle_follow()

    def action_pause(self) -> None:
        """Freeze the table."""
        self.table.pause(stage_of(self).picture.now_us)

    def action_copy(self, form: str) -> None:
        """Copy the marked rows, else the one under the cursor."""
        rows = self.table.rows.marked
        if not rows:
            return
        text = as_json if form == "json" else separated
        what = "row" if len(rows) == 1 else f"{len(rows)} rows"
        stage_of(self).copy(text(self.table.columns, rows), what)

    def action_export(self) -> None:
        """Write the rows in view to a CSV file."""
        self.run_worker(self._export(), group="export", exclusive=True, exit_on_error=False)

    async def _export(self) -> None:
        stage = stage_of(self)
        folder = stage.options.export_dir
        if folder is None:
            stage.say("no folder to export to is configured", "warning")
            return
        path = folder / csv_name(self.table.name or "rows", stage.picture.now_us)
        rows = list(self.table.rows.view)
        try:
            await asyncio.to_thread(write_csv, path, self.table.columns, rows)
        except OSError as error:
            stage.say(f"not exported: {error.strerror or 'the file cannot be written'}", "error")
        else:
            stage.say(f"{len(rows):,} rows written to {path}")
