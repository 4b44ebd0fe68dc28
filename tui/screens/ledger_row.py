"""One ledger row as it is stored: its JSON, the hash before it, its own.

The one rule: the payload is shown as stored text, indented; no field is left out.
"""

import json
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

from domain.queries import LedgerRow
from tui.format import DASH, stamp
from tui.lines import Line, Lines, Part, wrapped
from tui.stage import stage_of
from tui.widgets.dialog import mode_class
from tui.widgets.panel import Panel, Sheet

_LONGEST = 200_000


class RowDetail(ModalScreen[None]):
    """The row over the screen."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,enter,q", "close", show=False),
        Binding("down,j", "roll(1)", show=False),
        Binding("up,k", "roll(-1)", show=False),
        Binding("pagedown,space", "roll(15)", show=False),
        Binding("pageup", "roll(-15)", show=False),
        Binding("y", "copy", show=False),
    ]

    def __init__(self, row: LedgerRow) -> None:
        super().__init__()
        self._row = row
        self._sheet = Sheet()

    def compose(self) -> ComposeResult:
        """One panel."""
        with Panel(id="dialog") as panel:
            board = stage_of(self).picture.board
            panel.add_class("-tall", f"-{mode_class(board)}")
            panel.label(f"row {self._row.seq:,}", self._row.kind, "y copy · ↑ ↓ scroll · esc close")
            yield self._sheet

    def on_mount(self) -> None:
        """Draw it."""
        self._sheet.draw(lambda width: row_lines(self._row, width))

    def action_roll(self, step: int) -> None:
        """Scroll."""
        self._sheet.scroll_to(y=self._sheet.scroll_y + step, animate=False)

    def action_copy(self) -> None:
        """Copy the payload as stored."""
        stage_of(self).copy(self._row.payload[:_LONGEST], "the row's payload")

    def action_close(self) -> None:
        """Back to the screen."""
        self.dismiss(None)


def row_lines(row: LedgerRow, width: int) -> Lines:
    """The row's fields, its payload indented, the two hashes."""
    lines: list[Line] = []
    for name, text in (
        ("time", stamp(row.at_us)), ("actor", row.actor), ("account", row.account or DASH),
        ("key", row.key or DASH), ("previous", row.previous), ("hash", row.hash),
    ):  # fmt: skip
        first, *rest = wrapped(text, max(10, width - 10))
        lines.append([Part(f"{name:<10}", "dim"), Part(first)])
        lines.extend([Part(" " * 10), Part(more)] for more in rest)
    lines.append([])
    lines.extend([Part(part)] for line in indented(row.payload) for part in _kept(line, width))
    return lines


def indented(payload: str) -> list[str]:
    """The stored JSON, indented; what is not JSON as it is."""
    try:
        data = json.loads(payload[:_LONGEST], parse_float=str)
    except ValueError:
        return [payload[:_LONGEST]]
    return json.dumps(data, ensure_ascii=False, indent=2).split("\n")


def _kept(line: str, width: int) -> list[str]:
    indent = line[: len(line) - len(line.lstrip(" "))]
    parts = wrapped(line.lstrip(" "), max(8, width - len(indent)))
    return [indent + part for part in parts]
