"""Leaving the console when the engine lives in this process and stops with it.

The one rule: say what stays behind at the venues before one goes.
"""

from tui.format import counted
from tui.lines import Lines
from tui.phases import unread
from tui.stage import Picture
from tui.widgets.dialog import Dialog, sentence


class Quit(Dialog):
    """Are you sure, with what is still open."""

    def __init__(self) -> None:
        super().__init__("quit", confirm="Quit", tone="warn")

    def told(self, picture: Picture, width: int) -> Lines:
        """What stops, what stays."""
        del width
        working = sum(not state.terminal for state in picture.board.orders.values())
        stays = f"{counted(working, 'working order')} stay at the venues, unwatched"
        nothing = "The ledger is not read yet." if unread(picture.board) else "No order is working."
        return [
            sentence("The engine runs in this process and stops with the console."),
            sentence(stays if working else nothing, "warn" if working else "dim"),
            sentence("`quarterdeck --daemon` keeps an engine running without a console.", "dim"),
        ]

    def confirmed(self) -> None:
        """Go."""
        self.finish()
