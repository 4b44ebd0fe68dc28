"""Cancelling every working order, at one venue or at all, after a typed word.

The one rule: this is not the kill switch. It cancels our own orders once, and trading goes on.
"""

from collections.abc import Iterable

from textual.widget import Widget

from domain.asks import CancelAll
from tui.format import counted
from tui.freshness import venues
from tui.lines import Lines
from tui.phases import unread
from tui.stage import Picture
from tui.widgets.dialog import Dialog, sentence
from tui.widgets.fields import Choice, Labelled, typed

WORD = "CANCEL"
_EVERY = "every venue"


class CancelEverything(Dialog):
    """Which venue, and the word."""

    AUTO_FOCUS = "#word"

    def __init__(self) -> None:
        super().__init__("cancel all orders", confirm="Cancel all", tone="halt")
        self._venue = Choice([_EVERY], id="venue")
        self._word = typed(f"type {WORD}", id="word")

    def fields(self) -> Iterable[Widget]:
        """Venue and word."""
        self._venue.offer([_EVERY, *venues(self.stage.picture.board)])
        yield Labelled("venue", self._venue)
        yield Labelled("word", self._word)

    def told(self, picture: Picture, width: int) -> Lines:
        """How many orders this is about."""
        del width
        venue = self._chosen
        count = sum(
            not state.terminal and not state.foreign and venue in ("", state.order.account.venue)
            for state in picture.board.orders.values()
        )
        which = "every order" if unread(picture.board) else counted(count, "working order")
        return [
            sentence(f"{which} of ours will be cancelled.", "strong"),
            sentence("Trading goes on; foreign orders stay. The kill switch stops both.", "dim"),
            (),
        ]

    @property
    def _chosen(self) -> str:
        return "" if self._venue.value == _EVERY else self._venue.value

    def on_choice_changed(self, message: Choice.Changed) -> None:
        """Another venue: another count."""
        message.stop()
        self.show(self.stage.picture)

    def confirmed(self) -> None:
        """Ask for it, if the word was typed."""
        if self._word.value.strip().upper() != WORD:
            self.complain(f"nothing was cancelled: type {WORD}")
            self.set_focus(self._word)
            return
        self.attempt(
            CancelAll(venue=self._chosen),
            lambda answer: answer.detail or "cancels are on their way",
        )
