"""A full-screen notice for what must not be overlooked: a fact that contradicts a fact.

The one rule: it says what stopped and that the evidence is kept; it offers nothing else.
"""

from tui.keys import KILL
from tui.lines import Lines, Part, wrapped
from tui.stage import Picture
from tui.widgets.dialog import Dialog, sentence


class Notice(Dialog):
    """One grave sentence."""

    def __init__(self, text: str) -> None:
        super().__init__("stopped")
        self._text = text

    def told(self, picture: Picture, width: int) -> Lines:
        """The sentence, and what to do."""
        del picture
        key = next(key for key in self.stage.key_table if key.id == KILL)
        return [
            sentence(
                "A fact contradicts a fact; nothing goes on until a person has looked.", "halt"
            ),
            (),
            *((Part(row, "strong"),) for row in wrapped(self._text, width)),
            (),
            sentence("The evidence is kept. `quarterdeck ledger verify` says what is proven;"),
            sentence(f"{key.all_shown.replace(' ', ' or ')} twice stops all trading."),
        ]
