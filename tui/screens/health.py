"""Screen comma: is everything alive? Feeds with their four ages, clocks, budgets, the engine.

The one rule: each sign of life has its own age; a heartbeat is not a message, and neither is a
poll that answered.
"""

from functools import partial

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical

from domain.board import Feed
from tui.keys import GLOBAL
from tui.screens.health_parts import (
    engine_lines,
    feed_columns,
    feed_key,
    feed_lines,
    feed_rows,
    settings_lines,
    venue_lines,
)
from tui.screens.page import Page
from tui.stage import Picture
from tui.widgets.dialog import Reading
from tui.widgets.panel import Panel, Sheet
from tui.widgets.table import LiveTable
from tui.widgets.table_panel import TablePanel


class HealthScreen(Page):
    """Feeds above; venues, engine, settings below."""

    KEYS = GLOBAL

    def __init__(self) -> None:
        super().__init__()
        self._feeds: TablePanel[Feed] = TablePanel(
            "Feeds", feed_columns(lambda: self.stage.picture.now_us), key=feed_key,
            empty="no feed is open", id="feeds",
        )  # fmt: skip
        self._venues = Sheet()
        self._engine = Sheet()
        self._settings = Sheet()

    def compose(self) -> ComposeResult:
        """Above and below."""
        yield self._feeds
        with Horizontal(id="health-below"):
            with Vertical(id="health-left"):
                with Panel("Venues", id="venues"):
                    yield self._venues
                with Panel("Engine", id="engine"):
                    yield self._engine
            with Panel("Console", id="settings"):
                yield self._settings

    def show(self, picture: Picture) -> None:
        """Draw what changed; ages change every second."""
        self._feeds.show(feed_rows(picture.board), picture)
        self._feeds.table.restyle()  # ages grow though no feed has changed
        self._venues.draw(lambda width: venue_lines(picture, width))
        self._engine.show(engine_lines(picture))
        self._settings.draw(lambda width: settings_lines(self.stage, self.app.theme, width))

    @on(LiveTable.Opened)
    def _opened(self, message: LiveTable.Opened) -> None:
        message.stop()
        self.stage.show_dialog(Reading("feed", partial(feed_lines, message.row)))
