"""Screen comma: is everything alive? Feeds with their four ages, venues, keys, the engine.

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
)
from tui.screens.health_venues import (
    LEGEND,
    VenueLine,
    key_lines,
    venue_columns,
    venue_key,
    venue_lines,
    venue_rows,
)
from tui.screens.page import Page
from tui.stage import Picture
from tui.widgets.dialog import Reading
from tui.widgets.panel import Panel, Sheet
from tui.widgets.table import LiveTable
from tui.widgets.table_panel import TablePanel


class HealthScreen(Page):
    """Feeds above, venues below them; then keys, engine, settings."""

    KEYS = GLOBAL

    def __init__(self) -> None:
        super().__init__()
        self._feeds: TablePanel[Feed] = TablePanel(
            "Feeds", feed_columns(lambda: self.stage.picture.now_us), key=feed_key,
            empty="no feed is open", id="feeds",
        )  # fmt: skip
        self._venues: TablePanel[VenueLine] = TablePanel(
            "Venues", venue_columns(), key=venue_key, empty="no venue", id="venues"
        )
        self._venues.note = LEGEND
        self._keys = Sheet()
        self._engine = Sheet()
        self._settings = Sheet()

    def compose(self) -> ComposeResult:
        """Tables above, sheets below."""
        yield self._feeds
        yield self._venues
        with Horizontal(id="health-below"):
            with Panel("Keys", id="keys"):
                yield self._keys
            with Vertical(id="health-right"):
                with Panel("Engine", id="engine"):
                    yield self._engine
                with Panel("Console", id="settings"):
                    yield self._settings

    def show(self, picture: Picture) -> None:
        """Draw what changed; ages change every second."""
        self._feeds.show(feed_rows(picture.board), picture)
        self._feeds.table.restyle()  # ages grow though no feed has changed
        self._venues.show(venue_rows(picture.board), picture)
        self._keys.draw(lambda width: key_lines(picture, width))
        self._engine.show(engine_lines(picture))
        self._settings.draw(lambda width: settings_lines(self.stage, self.app.theme, width))

    @on(LiveTable.Opened)
    def _opened(self, message: LiveTable.Opened) -> None:
        message.stop()
        row = message.row
        if isinstance(row, VenueLine):
            venue = row.view.venue
            self.stage.show_dialog(Reading(venue, partial(venue_lines, venue)))
        else:
            self.stage.show_dialog(Reading("feed", partial(feed_lines, row)))
