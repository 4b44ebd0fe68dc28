"""Lowering guards with a code: arming LIVE, and approving looser limits.

The one rule: what is lowered is said before the code is typed, with its numbers.
"""

from collections.abc import Iterable

from textual.widget import Widget

from domain.asks import ApproveLimits, Arm
from risk.changes import OFF
from tui.freshness import accounts
from tui.lines import Line, Lines, Part
from tui.screens.risk_parts import waiting
from tui.stage import Picture
from tui.widgets.dialog import Dialog, sentence
from tui.widgets.fields import Labelled, typed


class ArmDialog(Dialog):
    """The account typed, and a code."""

    AUTO_FOCUS = "#account"

    def __init__(self) -> None:
        super().__init__("arm trading", confirm="Arm", tone="halt")
        self._account = typed("venue/name", id="account")
        self._code = typed("6 digits", id="code", secret=True)

    def fields(self) -> Iterable[Widget]:
        """Account and code."""
        yield Labelled("account", self._account)
        yield Labelled("code", self._code)

    def told(self, picture: Picture, width: int) -> Lines:
        """What arming means, and who may."""
        del width
        board = picture.board
        lines: list[Line] = [
            sentence("From now on this desk sends REAL orders.", "halt"),
            sentence("Reducing orders only, until reconciliation is clean."),
            [Part("accounts  ", "dim"), Part(", ".join(accounts(board)))],
            [Part("operator  ", "dim"), Part(self.stage.operator)],
        ]
        if self.stage.operator not in board.enrolled:
            text = "No second factor is enrolled: run `quarterdeck totp enrol` first."
            lines.append(sentence(text, "warn"))
        if board.killed:
            lines.append(sentence("The desk is KILLED: arming does not release it.", "warn"))
        return [*lines, ()]

    def confirmed(self) -> None:
        """Ask for it; the account must be one of ours, letter by letter."""
        account, code = self._account.value.strip(), self._code.value.strip()
        if account not in self.stage.picture.board.accounts:
            self.complain("type the account as it is written above")
        elif not code:
            self.complain("type a code")
        else:
            self.attempt(Arm(code=code, account=account), lambda done: done.detail or "ARMED")


class ApproveNewLimits(Dialog):
    """The pending limits beside those in force, and a code."""

    AUTO_FOCUS = "#code"

    def __init__(self) -> None:
        super().__init__("approve pending limits", confirm="Put in force", tone="halt")
        self._code = typed("6 digits", id="code", secret=True)

    def fields(self) -> Iterable[Widget]:
        """The code."""
        yield Labelled("code", self._code)

    def told(self, picture: Picture, width: int) -> Lines:
        """Each change: what is in force, what it becomes."""
        del width
        board = picture.board
        lines: list[Line] = [sentence("These limits change:", "warn")]
        for name, value in waiting(board).items():
            before = board.limits.get(name, OFF)
            lines.append([Part(f"{name:<28} "), Part(f"{before} → ", "dim"), Part(value, "strong")])
        return [*lines, ()]

    def confirmed(self) -> None:
        """Ask for it."""
        code = self._code.value.strip()
        if not code:
            self.complain("type a code")
            return
        self.attempt(ApproveLimits(code=code), lambda done: done.detail or "limits are in force")
