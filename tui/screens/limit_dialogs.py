"""Dialogs about limits: change one, take back what waits, put it in force.

The one rule: what is in force and what it becomes stand side by side before anything is asked
for, and whether that lowers (at once) or raises (a wait, then a code).
"""

from collections.abc import Iterable

from textual import on
from textual.widget import Widget
from textual.widgets import Input

from domain.asks import ApproveLimits, CancelLimits, Done, SetLimits
from domain.board import Board
from domain.money import NotANumber, canonical
from domain.scopes import NotAScope
from risk.changes import OFF, changed
from risk.limits import checked, looser
from tui.format import age
from tui.lines import Line, Lines, Part, wrapped
from tui.screens.coded import Coded
from tui.screens.risk_parts import Row, limit_path, wait_us, waiting
from tui.stage import Picture
from tui.widgets.dialog import Dialog, sentence
from tui.widgets.fields import Labelled, typed

_NAME = 28
_LOWERS = "This lowers: it is in force at once, without a code."
_RAISES = "This raises: it waits for its cool-down, then P on this screen asks for a code."
_SAME = "This is in force already."
_BACK = "What waits for this limit is taken back."
_AGAIN = "What waits already goes on waiting; its cool-down begins anew."


class ApproveNewLimits(Coded):
    """The pending limits beside those in force, and a code."""

    AUTO_FOCUS = "#code"

    def __init__(self) -> None:
        super().__init__("approve pending limits", confirm="Put in force")

    def fields(self) -> Iterable[Widget]:
        """The code."""
        yield Labelled("code", self._code)

    def told(self, picture: Picture, width: int) -> Lines:
        """Each change; the wait, where it is not over."""
        board = picture.board
        lines: list[Line] = [sentence("These limits change:", "warn"), *_pending(board, width)]
        left_us = wait_us(board)
        if left_us:
            told = f"cooling down: {age(left_us)} left; a code given before is refused unused"
            lines += [[Part(row, "halt")] for row in wrapped(told, width)]
        return [*lines, *self.demo_lines(), ()]

    def confirmed(self) -> None:
        """Ask for it."""
        code = self._code.value.strip()
        if not code:
            self.complain("type a code")
            return
        self.attempt(ApproveLimits(code=code), lambda done: done.detail or "limits are in force")


class TakeBack(Dialog):
    """What waits to be approved, and why it is not wanted any more."""

    AUTO_FOCUS = "#reason"

    def __init__(self) -> None:
        super().__init__("take a raise back", confirm="Take back", tone="warn")
        self._reason = typed("asked for in the console", id="reason")

    def fields(self) -> Iterable[Widget]:
        """The reason."""
        yield Labelled("reason", self._reason)

    def told(self, picture: Picture, width: int) -> Lines:
        """What is in force, and stays, beside what is not asked for any more."""
        board = picture.board
        if not waiting(board):
            return [sentence("Nothing waits any more: close this.", "ok"), ()]
        told = "Not asked for any more; what is in force stays as it is:"
        return [*([Part(row, "warn")] for row in wrapped(told, width)), *_pending(board, width), ()]

    def confirmed(self) -> None:
        """Ask for it."""
        reason = self._reason.value.strip() or "asked for in the console"
        self.attempt(CancelLimits(reason=reason), lambda done: done.detail or "nothing waits")


class ChangeLimit(Dialog):
    """One limit, its new value, and what that does."""

    AUTO_FOCUS = "#value"

    def __init__(self, row: Row) -> None:
        super().__init__("change a limit", confirm="Change", tone="warn")
        self._row = row
        self._value = typed(f"a number, or {OFF}", id="value")

    def fields(self) -> Iterable[Widget]:
        """The new value."""
        yield Labelled("new value", self._value)

    def told(self, picture: Picture, width: int) -> Lines:
        """The limit as it is, and what the typed value would do."""
        board, name = picture.board, self._row.name
        lines: list[Line] = [
            [Part(limit_path(name), "strong")],
            [Part("in force  ", "dim"), Part(self._in_force(board))],
        ]
        asked = waiting(board).get(name)
        if asked:
            lines.append([Part("pending   ", "dim"), Part(asked, "warn")])
        lines.append(())
        told, tone = self._effect(board)
        return [*lines, *([Part(row, tone)] for row in wrapped(told, width)), ()]

    def _in_force(self, board: Board) -> str:
        """The limit's value; an asset without one of its own has the default's."""
        text, limit = board.limits.get(self._row.name), self._row.limit
        if text is None and limit is not None:
            return f"{canonical(limit)}, the default of assets without a limit of their own"
        return text or OFF

    def _effect(self, board: Board) -> tuple[str, str]:
        """What the typed value would do, in words; the engine weighs it again."""
        text = self._value.value.strip()
        if not text:
            return "Lower is instant. Higher waits, and needs a code.", "dim"
        try:
            wanted = changed(board.limits, self._typed)
            checked(wanted)
        except (NotANumber, NotAScope) as error:
            return str(error), "halt"
        if wanted == dict(board.limits):
            return (_BACK, "ok") if self._row.name in waiting(board) else (_SAME, "dim")
        if not looser(board.limits, wanted):
            return _LOWERS, "ok"
        return f"{_RAISES} {_AGAIN}" if waiting(board) else _RAISES, "warn"

    @property
    def _typed(self) -> dict[str, str]:
        return {self._row.name: self._value.value.strip().replace(",", "").replace("'", "")}

    @on(Input.Changed)
    def _retold(self, message: Input.Changed) -> None:
        message.stop()
        self.complain("")
        self.show(self.stage.picture)

    def confirmed(self) -> None:
        """Ask for it."""
        if not self._value.value.strip():
            self.complain(f"nothing was changed: type a number, or {OFF}")
            return
        self.attempt(SetLimits(values=self._typed), _said)


def _said(done: Done) -> str:
    return done.detail or "changed"


def _pending(board: Board, width: int) -> Lines:
    """`max_order_value   5000 → 9000`, each change."""
    lines: list[Line] = []
    for name, value in waiting(board).items():
        before = board.limits.get(name, OFF)
        if len(name) > min(_NAME, width - len(f"{before} → {value}") - 1):
            lines += [[Part(name)], [Part(f"  {before} → ", "dim"), Part(value, "strong")]]
        else:
            change = [Part(f"{before} → ", "dim"), Part(value, "strong")]
            lines.append([Part(f"{name:<{_NAME}} "), *change])
    return lines
