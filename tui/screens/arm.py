"""Arming LIVE: the account typed, and a code.

The one rule: what arming means is said before the code is typed.
"""

from collections.abc import Iterable

from textual.widget import Widget

from domain.asks import Arm
from tui.freshness import accounts
from tui.lines import Line, Lines, Part
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
