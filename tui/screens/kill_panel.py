"""The kill panel: the first press opens it, the second press or the word KILL engages.

The one rule: engaging is the cheap direction. Nothing here asks twice what two presses said.
"""

from collections.abc import Callable, Iterable

from textual.widget import Widget
from textual.widgets import Input

from domain.board import Board
from tui.format import age, counted
from tui.keys import KILL
from tui.lines import Lines, Part
from tui.phases import unread
from tui.screens.kill_parts import progress
from tui.stage import Picture
from tui.widgets.dialog import Dialog, sentence
from tui.widgets.fields import Labelled, typed

WORD = "KILL"


class KillPanel(Dialog):
    """Shows what a kill does, waits for the second press, then shows what has become of it."""

    AUTO_FOCUS = "#word"

    def __init__(self, engage: Callable[[str], None], left_us: Callable[[], int]) -> None:
        super().__init__("kill switch")
        self._engage = engage
        self._left_us = left_us
        self._word = typed(f"or type {WORD} and press enter", id="word")
        self._field = Labelled("word", self._word)

    def show(self, picture: Picture) -> None:
        """As every dialog; once it is engaged there is no word to type any more."""
        super().show(picture)
        if self._field.display and picture.board.killed and self.is_mounted:
            self._field.display = False
            self.query_one("#cancel").focus()

    def fields(self) -> Iterable[Widget]:
        """The word."""
        yield self._field

    def told(self, picture: Picture, width: int) -> Lines:
        """What would happen, or what is happening."""
        board = picture.board
        note = [sentence(picture.kill_note, "halt"), ()] if picture.kill_note else []
        if board.killed:
            halts = board.halts
            return [*note, *(line for halt in halts for line in progress(halt, picture, width))]
        return [*note, *self._offer(board)]

    def _offer(self, board: Board) -> Lines:
        key = next(key for key in self.stage.key_table if key.id == KILL)
        open_orders = [state for state in board.orders.values() if not state.terminal]
        left_us = self._left_us()
        names = key.all_shown.replace(" ", " or ")
        press = f"press {names} again within {age(left_us)}" if left_us else f"press {names} twice"
        hint = Part(press, "halt")
        whose = "every working order cancelled and verified, on every account"
        if not unread(board):
            orders = counted(len(open_orders), "working order")
            whose = f"{orders} cancelled and verified, {counted(len(board.accounts), 'account')}"
        return [
            (hint, Part("  to stop all trading now", "")),
            (),
            sentence("no new order leaves, on any account"),
            sentence(whose),
            sentence("withdrawals frozen; positions stay as they are"),
            sentence("fills and balances are followed on; release needs a code (2FA)", "dim"),
            (),
        ]  # fmt: skip

    def entered(self, field: Input) -> None:
        """Enter in the field: the word engages, anything else does nothing and says so."""
        if field.value.strip().upper() == WORD:
            self._word.value = ""
            self._engage("typed KILL in the console")
        else:
            self.complain(f"nothing happened: type {WORD}, or press the key again")
