"""One order with everything that is known of it, and what can be done to it.

The one rule: it follows the order while it is open; what one reads is what the board shows.
"""

from collections.abc import Iterable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen
from textual.widget import Widget

from domain.asks import MarkLost
from domain.orders import OrderState, Status
from tui.keys import ORDER, TABLE_OF_KEYS, bindings
from tui.lines import Line, Lines, Part
from tui.screens.modify import Modify
from tui.screens.order_acts import cancel, requery
from tui.screens.order_parts import detail_lines
from tui.stage import Picture, Stage, stage_of
from tui.widgets.dialog import Dialog, mode_class, sentence
from tui.widgets.fields import Labelled, typed
from tui.widgets.panel import Panel, Sheet


class OrderDetail(ModalScreen[None]):
    """The order over the screen."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings(ORDER),
        Binding("escape,enter,q", "close", show=False),
        Binding("down,j", "roll(1)", show=False),
        Binding("up,k", "roll(-1)", show=False),
    ]

    def __init__(self, state: OrderState) -> None:
        super().__init__()
        self._state = state
        self._sheet = Sheet()
        self._keys = Sheet(id="keys-line")

    @property
    def stage(self) -> Stage:
        """The console that holds the dialog."""
        return stage_of(self)

    def compose(self) -> ComposeResult:
        """One panel, its keys at the bottom."""
        with Panel(id="dialog") as panel:
            board = self.stage.picture.board
            panel.add_class("-tall", f"-{mode_class(board)}")
            panel.label(f"{board.mode.value} · order", self._state.client_id, "esc close")
            yield self._sheet
            yield self._keys

    def on_mount(self) -> None:
        """Draw it."""
        self._keys.show([_keys_line()])
        self.show(self.stage.picture)

    def show(self, picture: Picture) -> None:
        """Draw the newest state of the order."""
        self._state = picture.board.orders.get(self._state.client_id, self._state)
        self._sheet.draw(lambda width: detail_lines(self._state, picture, width))

    def action_roll(self, step: int) -> None:
        """Scroll."""
        self._sheet.scroll_to(y=self._sheet.scroll_y + step, animate=False)

    def action_close(self) -> None:
        """Back to the screen."""
        self.dismiss(None)

    def action_cancel(self) -> None:
        """Cancel the order."""
        if self._state.terminal:
            self.stage.say("the order is finished already")
        else:
            cancel(self, self._state)

    def action_modify(self) -> None:
        """Change the order."""
        if self._state.terminal:
            self.stage.say("the order is finished already")
        else:
            self.stage.show_dialog(Modify(self._state))

    def action_requery(self) -> None:
        """Look the order up."""
        requery(self, self._state)

    def action_lost(self) -> None:
        """Give up an order that is UNKNOWN, or vanished from its venue."""
        gone = self.stage.picture.board.vanished(self._state.client_id)
        if self._state.status is Status.UNKNOWN or gone is not None:
            self.stage.show_dialog(GiveUp(self._state))
        else:
            self.stage.say("only an UNKNOWN or vanished order can be given up")

    def action_copy(self) -> None:
        """Copy the client order id."""
        self.stage.copy(self._state.client_id, "the order id")


def _keys_line() -> Line:
    line: list[Part] = []
    for key in TABLE_OF_KEYS:
        if key.context == ORDER:
            line += [Part(f" {key.shown} ", "danger" if key.dangerous else "key", key.action),
                     Part(f"{key.label} ", "dim", key.action)]  # fmt: skip
    return line


class GiveUp(Dialog):
    """Mark an order that no search finds lost: released, on the operator's word."""

    def __init__(self, state: OrderState) -> None:
        super().__init__("give up an order", confirm="Mark lost", tone="halt")
        self._state = state
        self._reason = typed("why you are certain", id="reason")
        self._code = typed("6 digits", id="code", secret=True)

    def fields(self) -> Iterable[Widget]:
        """Reason and code."""
        yield Labelled("reason", self._reason)
        yield Labelled("code", self._code)

    def told(self, picture: Picture, width: int) -> Lines:
        """What this means."""
        del picture, width
        return [
            sentence("No search has found this order, and none has proven it absent.", "warn"),
            sentence("Marked lost, it counts against no limit any more. If it lives after all,"),
            sentence("its fills are booked when they come, and it is an ANOMALY."),
            (),
        ]

    def confirmed(self) -> None:
        """Ask for it."""
        ask = MarkLost(
            client_id=self._state.client_id,
            code=self._code.value.strip(),
            reason=self._reason.value.strip(),
        )
        if not ask.reason or not ask.code:
            self.complain("a reason and a code are needed")
            return
        self.attempt(ask, lambda answer: f"order {answer.client_id} {answer.status.value}")
