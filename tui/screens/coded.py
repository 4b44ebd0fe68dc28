"""Dialogs whose act needs a code.

The one rule: a code is never shown but on the demo desk, so that a new user can try it.
"""

from domain.asks import DemoCode, Done
from domain.board import Mode
from tui.lines import Lines, Part
from tui.widgets.dialog import Dialog
from tui.widgets.fields import typed


class Coded(Dialog):
    """A dialog with a code; the demo desk shows one that is good."""

    def __init__(self, title: str, *, confirm: str, tone: str = "halt") -> None:
        super().__init__(title, confirm=confirm, tone=tone)
        self._code = typed("6 digits", id="code", secret=True)
        self._demo = ""

    def on_mount(self) -> None:
        """In DEMO ask for a code to try it with."""
        super().on_mount()
        if self.stage.picture.board.mode is Mode.DEMO:
            self.stage.send(DemoCode(), self._demo_code, group="demo-code")

    def _demo_code(self, answer: Done) -> None:
        self._demo = answer.detail
        self.show(self.stage.picture)

    def demo_lines(self) -> Lines:
        """The demo desk's code, where there is one."""
        shown = [Part("demo code ", "dim"), Part(self._demo, "accent")] if self._demo else []
        return [shown] if shown else []
