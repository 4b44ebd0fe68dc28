"""What contradicts what: the open breaks as a table, each in full, and accepting one.

The one rule: a break is accepted by somebody who has read it: its whole text and its remedy
stand above the fields.
"""

from collections.abc import Iterable

from textual.widget import Widget

from domain.asks import AcceptBreak
from domain.board import Break
from domain.breaks import remedy
from tui.format import age, short, stamp
from tui.lines import FILL, Line, Lines, Part, wrapped
from tui.stage import Picture
from tui.widgets.columns import Cell, Column, figures
from tui.widgets.dialog import Dialog
from tui.widgets.fields import Labelled, typed


def _size(known: Break) -> Cell:
    return Cell("not known", "dim") if known.value is None else Cell(short(known.value))


BREAK_COLUMNS: tuple[Column[Break], ...] = (
    Column("KIND", 19, lambda b: Cell(b.kind, "halt"), sort=lambda b: b.kind),
    Column("ACCOUNT", 13, lambda b: Cell(b.account), sort=lambda b: b.account),
    figures("SIZE", 9, lambda b: b.value, _size, amount=True),
    Column("SINCE", 11, lambda b: Cell(stamp(b.at_us)[5:16], "dim"), sort=lambda b: b.at_us),
    Column("WHAT", 20, lambda b: Cell(b.detail), grow=True),
)


def break_key(known: Break) -> str:
    """What names a break."""
    return known.break_id


class AcceptBreakDialog(Dialog):
    """One break in full; closed as accepted with a reason and a code."""

    def __init__(self, known: Break) -> None:
        super().__init__("break", confirm="Accept", tone="halt")
        self._break = known
        self._reason = typed("what you found", id="reason")
        self._code = typed("6 digits", id="code", secret=True)

    def fields(self) -> Iterable[Widget]:
        """Reason and code."""
        yield Labelled("reason", self._reason)
        yield Labelled("code", self._code)

    def told(self, picture: Picture, width: int) -> Lines:
        """What contradicts what, how large it is, since when, and what to do first."""
        known, unit = self._break, picture.board.base_currency
        size = "size not known"
        if known.value is not None:
            size = f"{picture.amount(short(known.value))} {unit}"
        old = age(max(0, picture.now_us - known.at_us))
        lines: list[Line] = [
            [Part(known.kind, "halt"), Part(f" {known.account}", "strong"), FILL, Part(size)],
            [Part(f"open since {stamp(known.at_us)}, {old} ago", "dim")],
            (),
            *([Part(row)] for row in wrapped(known.detail, width)),
            (),
            *([Part(row, "warn")] for row in wrapped(f"First: {remedy(known)}.", width)),
            (),
        ]
        if all(one.break_id != known.break_id for one in picture.board.breaks):
            lines.append([Part("It is closed meanwhile.", "ok")])
        return lines

    def confirmed(self) -> None:
        """Ask for it."""
        ask = AcceptBreak(
            break_id=self._break.break_id,
            code=self._code.value.strip(),
            reason=self._reason.value.strip(),
        )
        if not ask.reason or not ask.code:
            self.complain("a reason and a code are needed")
            return
        self.attempt(ask, lambda done: done.detail or "the break is accepted")
