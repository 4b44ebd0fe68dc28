"""The release of a halt: the dear direction. Scope typed, code, reason.

The one rule: before anyone can release, the dialog says what resumes, what does not happen,
which limits are in force, and what is still unknown.
"""

from collections.abc import Iterable

from textual.widget import Widget

from domain.asks import DemoCode, Done, Release, ReleasePreview
from domain.board import Board, Mode
from domain.orders import Status
from tui.format import short
from tui.lines import Line, Lines, Part, wrapped
from tui.screens.kill_parts import progress
from tui.stage import Picture
from tui.standing import limit_of
from tui.widgets.dialog import Dialog
from tui.widgets.fields import Choice, Labelled, typed

_NO, _YES = "no", "yes, unverified"
_OVER, _STILL = "is over", "still holds, acknowledged"
_KEPT, _RESET = "kept", "reset to today's value"
_NAME = 10
_SHOWN_LIMITS = ("max_order_value", "max_daily_volume", "max_drawdown_pct")


class ReleaseDialog(Dialog):
    """What is known, then who releases what, and why."""

    AUTO_FOCUS = "#scope"

    def __init__(self) -> None:
        super().__init__("release the kill switch", confirm="Release", tone="halt")
        self._scope = typed("type the scope of the halt", id="scope")
        self._code = typed("6 digits", id="code", secret=True)
        self._reason = typed("why it is safe now", id="reason")
        self._accept = Choice([_NO, _YES], id="accept")
        self._cause = Choice([_OVER, _STILL], id="cause")
        self._mark = Choice([_KEPT, _RESET], id="mark")
        self._preview = ""
        self._demo = ""

    def fields(self) -> Iterable[Widget]:
        """Scope, code, reason; the acceptance of a missing proof only where one is missing."""
        yield Labelled("scope", self._scope)
        yield Labelled("code", self._code)
        yield Labelled("reason", self._reason)
        if _unverified(self.stage.picture.board):
            yield Labelled("accept", self._accept)
        yield Labelled("cause", self._cause)
        yield Labelled("high water", self._mark)

    def on_mount(self) -> None:
        """Ask what a release would do; in DEMO ask for a code to try it with."""
        super().on_mount()
        self.stage.send(ReleasePreview(), self._previewed, group="preview")
        if self.stage.picture.board.mode is Mode.DEMO:
            self.stage.send(DemoCode(), self._demo_code, group="demo-code")

    def _previewed(self, answer: Done) -> None:
        self._preview = answer.detail
        self.show(self.stage.picture)
        self.keep_in_sight()

    def _demo_code(self, answer: Done) -> None:
        self._demo = answer.detail
        self.show(self.stage.picture)
        self.keep_in_sight()

    def told(self, picture: Picture, width: int) -> Lines:
        """The halt, what a release does and does not, limits, unknown orders."""
        board = picture.board
        lines: list[Line] = []
        for halt in board.halts:
            if not halt.verified:  # what is proven needs no room: the fields have to be seen
                lines += [*progress(halt, picture, width), ()]
        for row in wrapped(self._preview, width) if self._preview else ["asking the desk …"]:
            lines.append([Part(row, "strong" if self._preview else "dim")])
        lines.extend(_labelled("limits", _limits(board), width))
        lines.append(_unknown(board))
        if self._demo:
            lines.append([Part("demo code ", "dim"), Part(self._demo, "accent")])
        return [*lines, ()]

    def confirmed(self) -> None:
        """Ask for the release."""
        scope, code, reason = (f.value.strip() for f in (self._scope, self._code, self._reason))
        if not (scope and code and reason):
            self.complain("type the scope, a code and a reason")
            return
        accept = _unverified(self.stage.picture.board) and self._accept.value == _YES
        ask = Release(
            code=code,
            reason=reason,
            scope=scope,
            accept_unverified=accept,
            acknowledge=self._cause.value == _STILL,
            reset_high_water=self._mark.value == _RESET,
        )
        self.attempt(ask, lambda done: done.detail or "released: reducing orders first")


def _labelled(name: str, text: str, width: int) -> Lines:
    rows = wrapped(text, max(10, width - _NAME))
    return [[Part(f"{name if not n else '':<{_NAME}}", "dim"), Part(r)] for n, r in enumerate(rows)]


def _unverified(board: Board) -> bool:
    return any(halt.cancels for halt in board.halts)


def _limits(board: Board) -> str:
    told = [f"{name} {short(value)}" for name in _SHOWN_LIMITS
            if (value := limit_of(board, name)) is not None]  # fmt: skip
    return " · ".join(told) or "none approved"


def _unknown(board: Board) -> Line:
    unknown = [s for s in board.orders.values() if s.status is Status.UNKNOWN]
    if not unknown:
        return [Part("unknown   ", "dim"), Part("no order")]
    named = ", ".join(state.client_id for state in unknown[:3])
    more = f" and {len(unknown) - 3} more" if len(unknown) > 3 else ""  # noqa: PLR2004
    return [Part("unknown   ", "dim"), Part(f"{len(unknown)}: {named}{more}", "halt")]
