"""What a terminal shows that is too small for the console: one page, and two keys.

The one rule: no key but the kill switch and leaving does anything here.
"""

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

from tui.chrome import LEAST_HEIGHT, LEAST_WIDTH, kill_word
from tui.format import TIMES, age
from tui.keys import KILL
from tui.lines import Line, Lines, Part, wrapped
from tui.stage import Picture, stage_of
from tui.widgets.panel import Sheet


class TooSmall(ModalScreen[None]):
    """Covers everything until there is room."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("q,ctrl+c", "app.leave", show=False)]

    def __init__(self, left_us: Callable[[], int]) -> None:
        super().__init__()
        self._left_us = left_us
        self._sheet = Sheet()

    def compose(self) -> ComposeResult:
        """One sheet over the whole terminal."""
        yield self._sheet

    def on_mount(self) -> None:
        """Say it."""
        self.show(stage_of(self).picture)

    def show(self, picture: Picture) -> None:
        """Say it for the newest board: the mode and the kill switch stay in sight."""
        self._sheet.draw(lambda width: self._lines(picture, width))

    def _lines(self, picture: Picture, width: int) -> Lines:
        board, size = picture.board, self.app.size
        key = next(key for key in stage_of(self).key_table if key.id == KILL).all_shown
        pending = self._left_us()
        press = f"press {key} again within {age(pending)} to KILL" if pending else f"{key} kill"
        lines: list[Line] = [
            (Part(f" {board.mode.value} ", board.mode.value.lower()), Part(" "),
             Part(f" {kill_word(board)} ", "killed" if board.killed else "strong")),
            (),
        ]  # fmt: skip
        has, needs = f"{size.width}{TIMES}{size.height}", f"{LEAST_WIDTH}{TIMES}{LEAST_HEIGHT}"
        wanted = f"{has} is too small: {needs} is needed"
        for text, tone in ((wanted, "strong"), (press, "danger"), ("q quit", "key")):
            lines.extend((Part(row, tone),) for row in wrapped(text, width))
        if picture.kill_note:
            lines.extend((Part(row, "halt"),) for row in wrapped(picture.kill_note, width))
        return lines
