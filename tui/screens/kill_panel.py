"""The kill panel: the first press opens it, the second press or the word KILL engages.

The second press stops everything; the word stops what is chosen beside it. The way to FLATTEN,
which sells, is offered to those who may, before and after. The one rule: engaging is the cheap
direction. Nothing here asks twice what two presses said, and no kill waits for an answer.
"""

from collections.abc import Callable, Iterable

from textual import on
from textual.widget import Widget
from textual.widgets import Input

from domain.board import Board
from domain.halts import GLOBAL, Level
from domain.instruments import Account
from domain.scopes import Reach
from tui.caller import TRADER, Caller
from tui.format import age, counted
from tui.keys import KILL
from tui.lines import Lines, Part, wrapped
from tui.phases import unread
from tui.screens.kill_parts import progress
from tui.stage import Picture
from tui.widgets.dialog import Dialog, sentence
from tui.widgets.fields import Choice, Labelled, Push, typed

WORD = "KILL"
LEVELS = (Level.HALT_CANCEL, Level.HALT, Level.REDUCE_ONLY)
Engage = Callable[[str, str, Level], None]


def scopes(board: Board) -> list[str]:
    """What can be stopped: everything, each venue and account, and what works there now."""
    accounts = sorted(board.accounts)
    working = [state.order for state in board.orders.values() if not state.terminal]
    ours = [s.order for s in board.orders.values() if not s.terminal and not s.foreign]
    return [
        GLOBAL,
        *dict.fromkeys(f"{Reach.VENUE}:{Account.parse(account).venue}" for account in accounts),
        *(f"{Reach.ACCOUNT}:{account}" for account in accounts),
        *sorted({f"{Reach.STRATEGY}:{order.strategy}" for order in ours}),
        *sorted({f"{Reach.SYMBOL}:{order.symbol}" for order in working}),
    ]


class KillPanel(Dialog):
    """Shows what a kill does, waits for the second press, then shows what has become of it."""

    AUTO_FOCUS = "#word"

    def __init__(self, engage: Engage, left_us: Callable[[], int]) -> None:
        super().__init__("kill switch")
        self._engage = engage
        self._left_us = left_us
        self._word = typed(f"or type {WORD} and press enter", id="word")
        self._scope = Choice([GLOBAL], id="scope")
        self._level = Choice([level.name for level in LEVELS], id="level")
        self._fields = [
            Labelled("word", self._word),
            Labelled("scope", self._scope),
            Labelled("level", self._level),
        ]
        self._caller = Caller()
        self._flatten = Labelled("and sell", Push("FLATTEN: show what is held", id="flatten"))
        self._flatten.display = False

    def on_mount(self) -> None:
        """Once it is painted, see whether there is more to offer than the kill."""
        super().on_mount()
        self.call_after_refresh(self._caller.ask, self.stage, self._offer_flatten)

    def _offer_flatten(self) -> None:
        if self.is_attached:
            self._flatten.display = self._caller.may(TRADER)
            self.show(self.stage.picture)

    def show(self, picture: Picture) -> None:
        """As every dialog; once it is engaged there is no word to type any more."""
        super().show(picture)
        self._scope.offer(scopes(picture.board))
        if self._fields[0].display and picture.board.killed and self.is_mounted:
            for field in self._fields:
                field.display = False
            self.query_one("#cancel").focus()

    def fields(self) -> Iterable[Widget]:
        """The word; what it stops, and how far; the way to what sells."""
        yield from self._fields
        yield self._flatten

    @on(Push.Pushed, "#flatten")
    def _to_flatten(self, message: Push.Pushed) -> None:
        """Show what FLATTEN would sell; nothing happens by coming here."""
        from tui.screens.flatten import FlattenDialog  # noqa: PLC0415  loaded when first wanted

        message.stop()
        message.prevent_default()
        if not self.guarded:
            board = self.stage.picture.board
            self.stage.show_dialog(FlattenDialog(scopes(board), self._scope.value))

    def told(self, picture: Picture, width: int) -> Lines:
        """What would happen, or what is happening."""
        board = picture.board
        rows = wrapped(picture.kill_note, width) if picture.kill_note else []
        note = [*(sentence(row, "halt") for row in rows), *([()] if rows else [])]
        lines = [line for halt in board.halts for line in (*progress(halt, picture, width), ())]
        offer = [] if board.killed else self._offer(board)
        return [*note, *lines, *offer, *self._no_flatten(picture, width)]

    def _no_flatten(self, picture: Picture, width: int) -> Lines:
        """Why there is no FLATTEN, where nobody could tell whether there is."""
        silent = "the engine does not respond" if picture.engine_silent else ""
        why = self._caller.problem or silent
        if self._caller.known or not why:
            return []
        told = f"no FLATTEN now: {why}. The kill needs no engine."
        return [*([Part(row, "dim")] for row in wrapped(told, width)), ()]

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
            sentence(f"{WORD} below stops no more than is chosen there", "dim"),
            (),
        ]  # fmt: skip

    def entered(self, field: Input) -> None:
        """Enter in the field: the word engages, anything else does nothing and says so."""
        if field.value.strip().upper() == WORD:
            self._word.value = ""
            self._engage("typed KILL in the console", self._scope.value, Level[self._level.value])
        else:
            self.complain(f"nothing happened: type {WORD}, or press the key again")
