"""The help: every key, made from `tui/keys.py`, the present screen's keys first.

The one rule: it scrolls, so that its top and its end are in sight in every terminal.
"""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

from tui.keys import sections
from tui.lines import Line, Lines, Part, wrapped
from tui.stage import stage_of
from tui.widgets.dialog import mode_class
from tui.widgets.panel import Panel, Sheet

_KEYS, _CODE = 16, 8
_NOTES = (
    (
        "A second press counts from 0.3 to 3 s after the latest event of the key; a held key does "
        "not engage. Where the engine does not answer within 2 s, `quarterdeck --kill` is started."
    ),
    "To select text with the mouse hold shift (option in iTerm2), or start with --no-mouse.",
    "Copies go to your terminal's clipboard by OSC 52; tmux needs `set -g set-clipboard on`.",
)


class Help(ModalScreen[None]):
    """A scrolling page over the screen."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,question_mark,q,enter", "close", show=False),
        Binding("down,j", "roll(1)", show=False),
        Binding("up,k", "roll(-1)", show=False),
        Binding("pagedown,space", "roll(15)", show=False),
        Binding("pageup", "roll(-15)", show=False),
        Binding("home,g", "roll(-9999)", show=False),
        Binding("end,G", "roll(9999)", show=False),
    ]

    def __init__(self, context: str) -> None:
        super().__init__()
        self._first = context
        self._sheet = Sheet()

    def compose(self) -> ComposeResult:
        """One panel."""
        board = stage_of(self).picture.board
        with Panel(id="dialog") as panel:
            panel.add_class("-tall", f"-{mode_class(board)}")
            panel.label(f"{board.mode.value} · help", "", "↑ ↓ scroll · esc close")
            yield self._sheet

    def on_mount(self) -> None:
        """Draw the keys."""
        self._sheet.draw(self._lines)

    def _lines(self, width: int) -> Lines:
        lines: list[Line] = []
        for name, rows in sections(self._first, stage_of(self).key_table):
            lines.append((Part(name.upper(), "accent"),))
            for key in rows:
                code = f":{key.code}" if key.code else ""
                texts = wrapped(key.help, max(20, width - _KEYS - _CODE))
                tone = "danger" if key.dangerous else "key"
                first = [Part(f"{key.all_shown:<{_KEYS}}", tone), Part(f"{code:<{_CODE}}", "dim")]
                lines.append([*first, Part(texts[0])])
                lines.extend([Part(" " * (_KEYS + _CODE)), Part(text)] for text in texts[1:])
            lines.append(())
        for note in _NOTES:
            lines.extend((Part(text, "dim"),) for text in wrapped(note, width))
        return lines

    def action_roll(self, step: int) -> None:
        """Scroll."""
        self._sheet.scroll_to(y=self._sheet.scroll_y + step, animate=False)

    def action_close(self) -> None:
        """Back to the screen."""
        self.dismiss(None)
