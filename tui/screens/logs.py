"""Screen 0: what the engine says, as it says it.

The one rule: the newest 5,000 lines are kept here, and asking never runs behind itself: the
next page is asked for when the last one has come.
"""

from collections import deque

from textual import on
from textual.app import ComposeResult
from textual.timer import Timer

from domain.queries import LogLine, LogPage, ReadLogs
from tui.keys import LOGS, bindings
from tui.outcomes import Failure
from tui.screens.log_parts import (
    BESIDE_TEXT,
    LEVELS,
    LOG_COLUMNS,
    Piece,
    line_lines,
    piece_key,
    pieces,
    rank,
)
from tui.screens.page import Page
from tui.stage import Picture
from tui.widgets.dialog import Reading
from tui.widgets.table import LiveTable
from tui.widgets.table_panel import TablePanel

_KEPT = 5_000
_PAGE = 1_000
_EVERY_S = 0.5


class Logs(Page):
    """The table of lines."""

    KEYS = LOGS
    BINDINGS = bindings(LOGS)

    def __init__(self) -> None:
        super().__init__()
        self._panel: TablePanel[Piece] = TablePanel(
            "Logs", LOG_COLUMNS, key=piece_key, empty="no line yet", newest_last=True
        )
        self._panel.table.rows.follow = True
        self._lines: deque[LogLine] = deque(maxlen=_KEPT)
        self._newest = 0
        self._level = 1
        self._wrap = False
        self._asking = False
        self._pieces: list[Piece] = []
        self._timer: Timer | None = None

    def compose(self) -> ComposeResult:
        """The table."""
        yield self._panel

    def on_mount(self) -> None:
        """Ask from time to time while the page is in sight."""
        self._timer = self.set_interval(_EVERY_S, self._ask)

    def entered(self) -> None:
        """Ask now."""
        self._ask()

    def _ask(self) -> None:
        if self.display and not self._asking:
            self._asking = True
            ask = ReadLogs(after=self._newest, limit=_PAGE)
            self.stage.send(ask, self._read, failed=self._not_read, group="logs")

    def _read(self, page: LogPage) -> None:
        self._asking = False
        if page.newest < self._newest:  # another engine: its lines are numbered anew
            self._lines.clear()
        self._newest = page.newest
        if page.lines:
            self._lines.extend(page.lines)
            self._arrange()

    def _not_read(self, told: Failure) -> None:
        self._asking = False
        self.stage.say(told.text, "warning", key=told.text)

    def show(self, picture: Picture) -> None:
        """Draw the lines that are here."""
        self._panel.note = f"≥ {LEVELS[self._level]}{' · wrapped' if self._wrap else ''}"
        self._panel.show(self._pieces, picture)

    def _arrange(self) -> None:
        shown = [line for line in self._lines if rank(line.level) >= self._level]
        room = max(20, self._panel.table.size.width - BESIDE_TEXT) if self._wrap else 0
        self._pieces = [piece for line in shown for piece in pieces(line, room)]
        self.show(self.stage.picture)

    def on_resize(self) -> None:
        """Wrap for the new width."""
        if self._wrap:
            self.call_after_refresh(self._arrange)

    def action_level(self) -> None:
        """The next level."""
        self._level = (self._level + 1) % len(LEVELS)
        self._arrange()

    def action_wrap(self) -> None:
        """Wrap long lines, or do not."""
        self._wrap = not self._wrap
        self._arrange()

    @on(LiveTable.Opened)
    def _opened(self, message: LiveTable.Opened) -> None:
        message.stop()
        line = message.row.line
        self.stage.show_dialog(Reading("log line", lambda _, width: line_lines(line, width)))
