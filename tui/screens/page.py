"""What every screen is: a page that is shown pictures and goes away again.

The one rule: `show` draws from the picture alone. It is called when the board changed or a
second has passed, and only while the page is in sight.
"""

from typing import Any

from textual.containers import Container
from textual.widget import Widget

from domain.board import Board
from tui.keys import GLOBAL, Key
from tui.stage import Picture, Stage, stage_of
from tui.widgets.panel import holds_keys
from tui.widgets.table_panel import TablePanel


class Page(Container):
    """One screen's page."""

    KEYS: str = GLOBAL

    @property
    def stage(self) -> Stage:
        """The console that holds the page."""
        return stage_of(self)

    def show(self, picture: Picture) -> None:
        """Draw the picture."""
        raise NotImplementedError

    def entered(self) -> None:
        """The operator has come to this page: ask for what only this page needs."""

    def refresh_data(self) -> None:
        """Ask for this page's data again."""
        self.entered()

    def offers(self, key: Key, board: Board) -> bool:  # noqa: ARG002  pages look at them
        """Whether a key of this page does something now, so that the footer shows it."""
        return True

    def first_focus(self) -> Widget | None:
        """What has the keys when the page is entered."""
        panel = self.main_table()
        return None if panel is None else panel.table

    def main_table(self) -> TablePanel[Any] | None:
        """The table that the filter is for."""
        return next(iter(self.query(TablePanel)), None)

    def filter_by(self, text: str) -> None:
        """Show only what holds these words."""
        panel = self.main_table()
        if panel is not None:
            panel.filter_by(text)

    def start_filter(self) -> None:
        """Let a filter be typed."""
        panel = self.focused_table() or self.main_table()
        if panel is not None:
            panel.start_filter()

    def go_back(self) -> bool:
        """Undo one step of what was opened on this page; False when there is nothing."""
        panel = self.focused_table() or self.main_table()
        return panel is not None and panel.go_back()

    def focused_table(self) -> TablePanel[Any] | None:
        """The table panel that has the keys."""
        return next((panel for panel in self.query(TablePanel) if holds_keys(panel)), None)
