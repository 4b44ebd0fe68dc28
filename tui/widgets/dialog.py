"""What every dialog is: the mode in its frame, Cancel in focus, and a guard of 400 ms.

The one rule: nothing that a dialog does happens by a key that was meant for the screen before
it. Until the guard is over, neither button answers.
"""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, ClassVar, TypeVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Input

from domain.board import Board
from tui.lines import Line, Lines, Part, wrapped
from tui.stage import Picture, Stage, stage_of
from tui.widgets.fields import Push
from tui.widgets.panel import Panel, Sheet

if TYPE_CHECKING:
    from domain.asks import Ask

A = TypeVar("A")
GUARD_US = 400_000


class Dialog(ModalScreen[bool | None]):
    """A question over the screen. Closed with None it changed nothing.

    `confirm` is the word on the button that acts; empty for a dialog that only shows.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "close", show=False)]
    AUTO_FOCUS = "#cancel"

    def __init__(self, title: str, *, confirm: str = "", tone: str = "strong") -> None:
        super().__init__()
        self.heading = title
        self._confirm = confirm
        self._tone = tone
        self._opened_us = 0
        self._finished = False
        self.sheet = Sheet(id="told")
        self.problem = Sheet(id="problem")

    @property
    def stage(self) -> Stage:
        """The console that holds the dialog."""
        return stage_of(self)

    def fields(self) -> Iterable[Widget]:
        """The fields between the text and the buttons."""
        return ()

    def told(self, picture: Picture, width: int) -> Lines:
        """The text at the top, for the width there is."""
        raise NotImplementedError

    def confirmed(self) -> None:
        """The operator confirmed, and the guard is over; nothing, where there is no button."""

    def compose(self) -> ComposeResult:
        """Text, fields, what went wrong, buttons."""
        board = self.stage.picture.board
        with Panel(f"{board.mode.value} · {self.heading}", id="dialog") as panel:
            panel.add_class(f"-{mode_class(board)}")
            with VerticalScroll(can_focus=False):
                yield self.sheet
                yield from self.fields()
                yield self.problem
            with Horizontal(id="buttons"):
                yield Push("Cancel" if self._confirm else "Close", id="cancel")
                if self._confirm:
                    yield Push(self._confirm, self._tone, id="confirm")

    def on_mount(self) -> None:
        """Start the guard."""
        self._opened_us = self.stage.options.monotonic_us()
        self.show(self.stage.picture)

    def show(self, picture: Picture) -> None:
        """Draw the text for the newest board."""
        self.sheet.draw(lambda width: self.told(picture, width))

    @property
    def guarded(self) -> bool:
        """Whether the dialog is so new that a key may not have been meant for it."""
        return self.stage.options.monotonic_us() - self._opened_us < GUARD_US

    def attempt(self, ask: "Ask[A]", told: Callable[[A], str]) -> None:
        """Ask the desk; done, the dialog closes and says so; refused, it stays and says why."""

        def done(answer: A) -> None:
            self.stage.say(told(answer))
            self.finish()

        self.complain("asking …", "dim")
        self.stage.send(ask, done, failed=lambda failed: self.complain(failed.text, failed.tone))

    def finish(self) -> None:
        """Close it as done, unless the operator has closed it meanwhile.

        Below another dialog it waits for its turn: Textual takes away whatever lies on top, and
        that may be the kill panel.
        """
        self._finished = True
        if self.app.screen is self:
            self.dismiss(True)  # noqa: FBT003  the dialog's answer

    def on_screen_resume(self) -> None:
        """What lay over it is gone: close it, if it is done."""
        if self._finished:
            self.finish()

    def complain(self, text: str, tone: str = "warn") -> None:
        """Say what went wrong, inside the dialog."""
        self.problem.draw(lambda width: [[Part(row, tone)] for row in wrapped(text, width)])
        if text:  # below what has no room: a person must not miss why nothing happened
            self.call_after_refresh(self.problem.scroll_visible, animate=False)

    def keep_in_sight(self) -> None:
        """The text above has grown: the field that takes the keys is seen all the same."""
        if self.focused is not None:
            self.call_after_refresh(self.focused.scroll_visible, animate=False)

    def action_close(self) -> None:
        """Close it; nothing has happened."""
        self.dismiss(None)

    @on(Push.Pushed)
    def _pushed(self, message: Push.Pushed) -> None:
        message.stop()
        if self.guarded:
            return
        if message.push.id == "cancel":
            self.dismiss(None)
        else:
            self.confirmed()

    def entered(self, field: Input) -> None:  # noqa: ARG002  subclasses look at it
        """Enter was pressed in a field: go to the next one, to the button but not past it."""
        self.focus_next()

    @on(Input.Submitted)
    def _submitted(self, message: Input.Submitted) -> None:
        message.stop()
        self.entered(message.input)

    def on_key(self, event: events.Key) -> None:
        """Up and down go through the fields as tab does; left and right from button to button.

        Page up and down move a text that is longer than the screen.
        """
        if event.key in ("pageup", "pagedown"):
            text = self.query_one(VerticalScroll)
            (text.scroll_page_up if event.key == "pageup" else text.scroll_page_down)(animate=False)
            return
        forward, back = ["down"], ["up"]
        if isinstance(self.focused, Push):
            forward.append("right")
            back.append("left")
        if event.key in (*forward, *back):
            event.stop()
            (self.focus_next if event.key in forward else self.focus_previous)()


class Reading(Dialog):
    """A dialog that only shows: what a row is about, in full."""

    def __init__(self, title: str, lines: Callable[[Picture, int], Lines]) -> None:
        super().__init__(title)
        self._lines = lines

    def told(self, picture: Picture, width: int) -> Lines:
        """The lines."""
        return self._lines(picture, width)

    def on_key(self, event: events.Key) -> None:
        """Up and down move the text: there is no field to go to."""
        text = self.query_one(VerticalScroll)
        moves: dict[str, Callable[..., None]] = {
            "down": text.scroll_down,
            "up": text.scroll_up,
            "pagedown": text.scroll_page_down,
            "pageup": text.scroll_page_up,
            "home": text.scroll_home,
            "end": text.scroll_end,
        }
        move = moves.get(event.key)
        if move is not None:
            event.stop()
            event.prevent_default()
            move(animate=False)


def mode_class(board: Board) -> str:
    """The class that colours a frame: the mode's, or killed."""
    return "killed" if board.killed else board.mode.value.lower()


def sentence(text: str, tone: str = "") -> Line:
    """One line of one part."""
    return (Part(text, tone),)
