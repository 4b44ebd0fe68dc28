"""Screen 4: the kill switch in big letters, the limits with their room, what was denied today.

The one rule: this page says what is known. KILLED is not VERIFIED until the venues' own lists
have shown it.
"""

from functools import partial

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical

from domain.asks import Disarm
from domain.board import Board, Break, Denial, Mode
from tui.chrome import SHORT
from tui.keys import RISK, Key, bindings
from tui.lines import Lines
from tui.phases import unread
from tui.screens.arm import ApproveNewLimits, ArmDialog
from tui.screens.breaks import BREAK_COLUMNS, AcceptBreakDialog, break_key
from tui.screens.kill_parts import drawdown_chart, kill_lines, trigger_lines
from tui.screens.page import Page
from tui.screens.release import ReleaseDialog
from tui.screens.risk_parts import (
    DENIAL_COLUMNS,
    Row,
    denial_key,
    limit_columns,
    limit_lines,
    limit_rows,
    waiting,
    why_lines,
)
from tui.stage import Picture
from tui.widgets.dialog import Reading
from tui.widgets.panel import Panel, Sheet, holds_keys
from tui.widgets.table import LiveTable
from tui.widgets.table_panel import TablePanel


class Risk(Page):
    """Kill switch and triggers left, limits and denials right."""

    KEYS = RISK
    BINDINGS = bindings(RISK)

    def __init__(self) -> None:
        super().__init__()
        self._kill = Panel("Kill switch", id="kill")
        self._state = Sheet()
        self._triggers = Panel("Automatic triggers", id="triggers")
        self._watching = Sheet()
        self._limits: TablePanel[Row] = TablePanel(
            "Hard limits",
            limit_columns(),
            key=lambda row: row.name,
            empty="no limit is approved yet",
            id="limits",
        )
        self._denials: TablePanel[Denial] = TablePanel(
            "Denied today", DENIAL_COLUMNS, key=denial_key, empty="nothing was denied", id="denials"
        )
        self._breaks: TablePanel[Break] = TablePanel(
            "Open breaks", BREAK_COLUMNS, key=break_key, empty="no break is open", id="breaks"
        )
        self._fallen = Panel("Drawdown", id="drawdown")
        self._chart = Sheet()
        self._charted: object = None

    def compose(self) -> ComposeResult:
        """Left and right."""
        with Horizontal():
            with Vertical(id="risk-left"):
                with self._kill:
                    yield self._state
                with self._fallen:
                    yield self._chart
                with self._triggers:
                    yield self._watching
            with Vertical(id="risk-right"):
                yield self._limits
                yield self._denials
                yield self._breaks

    def show(self, picture: Picture) -> None:
        """Draw what changed."""
        board = picture.board
        self._kill.set_class(board.killed, "-killed")
        big = self.app.size.height >= SHORT
        self._state.draw(lambda width: kill_lines(picture, width, big=big))
        self._watching.draw(lambda width: trigger_lines(picture, width))
        waits = len(waiting(board))
        pending = f"· {waits} pending, P approves" if waits else ""
        in_force = "" if unread(board) else f"in force, v{board.limits_version} {pending}"
        self._limits.note = in_force
        self._limits.show(limit_rows(board), picture)
        self._denials.show(sorted(board.denials, key=lambda one: -one.at_us), picture)
        self._breaks.show(sorted(board.breaks, key=lambda one: one.at_us), picture)
        if self._charted != (board.nav, self.stage.graph):
            self._charted = (board.nav, self.stage.graph)
            self._chart.draw(self._drawn)

    def _drawn(self, width: int) -> Lines:
        board = self.stage.picture.board
        return drawdown_chart(board, self.stage.graph, width, self._chart.size.height)

    def offers(self, key: Key, board: Board) -> bool:
        """Only what can be done now is in the footer."""
        live = board.mode is Mode.LIVE
        return {
            "risk.release": bool(board.halts),
            "risk.arm": live and not board.armed,
            "risk.disarm": live and board.armed,
            "risk.breaks": bool(board.breaks),
        }.get(key.id, True)

    @on(LiveTable.Opened)
    def _opened(self, message: LiveTable.Opened) -> None:
        message.stop()
        if isinstance(message.row, Row):
            row = message.row
            self.stage.show_dialog(Reading("limit", partial(limit_lines, row)))
        elif isinstance(message.row, Denial):
            denial = message.row
            self.stage.show_dialog(Reading("denied", partial(why_lines, denial)))
        elif isinstance(message.row, Break):
            self.stage.show_dialog(AcceptBreakDialog(message.row))

    def action_denials(self) -> None:
        """To the denials and back; where only one has room, it takes the other's place."""
        to_denials = not holds_keys(self._denials)
        self.set_class(to_denials, "-denials")
        self.remove_class("-breaks")
        self.show(self.stage.picture)
        panel = self._denials if to_denials else self._limits
        self.call_after_refresh(panel.table.focus)

    def action_breaks(self) -> None:
        """To the open breaks, in the place of limits and denials, and back."""
        to_breaks = not self.has_class("-breaks")
        self.set_class(to_breaks, "-breaks")
        self.remove_class("-denials")
        self.show(self.stage.picture)
        panel = self._breaks if to_breaks else self._limits
        self.call_after_refresh(panel.table.focus)

    def action_release(self) -> None:
        """Release the kill switch."""
        if self.stage.picture.board.halts:
            self.stage.show_dialog(ReleaseDialog())
        else:
            self.stage.say("no halt is in force")

    def action_arm(self) -> None:
        """Arm LIVE."""
        board = self.stage.picture.board
        if board.mode is not Mode.LIVE:
            self.stage.say(f"{board.mode.value} needs no arming")
        elif board.armed:
            self.stage.say("LIVE is armed already")
        else:
            self.stage.show_dialog(ArmDialog())

    def action_disarm(self) -> None:
        """Disarm LIVE: the safe direction, so nothing is asked."""
        if self.stage.picture.board.armed:
            self.stage.send(Disarm(reason="asked for in the console"),
                            lambda done: self.stage.say(done.detail or "disarmed"))  # fmt: skip
        else:
            self.stage.say("not armed")

    def action_limits(self) -> None:
        """Approve pending limits."""
        if self.stage.picture.board.limits_pending:
            self.stage.show_dialog(ApproveNewLimits())
        else:
            self.stage.say("no limit is pending")
