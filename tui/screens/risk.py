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
from tui.caller import ADMIN, TRADER, Caller
from tui.chrome import SHORT
from tui.keys import RISK, Key, bindings
from tui.lines import Lines
from tui.phases import unread
from tui.screens.arm import ArmDialog
from tui.screens.breaks import BREAK_COLUMNS, AcceptBreakDialog, break_key
from tui.screens.flatten import FlattenDialog
from tui.screens.kill_panel import scopes
from tui.screens.kill_parts import (
    Failed,
    drawdown_chart,
    halts_lines,
    kill_lines,
    trigger_lines,
)
from tui.screens.limit_dialogs import ApproveNewLimits, ChangeLimit, TakeBack
from tui.screens.page import Page
from tui.screens.release import ReleaseDialog
from tui.screens.risk_parts import (
    DENIAL_COLUMNS,
    Row,
    denial_key,
    limit_columns,
    limit_lines,
    limit_rows,
    limits_note,
    waiting,
    why_lines,
)
from tui.screens.triggers import TriggerWatch
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
        self._caller = Caller()
        self._told = TriggerWatch("triggers on screen 4")

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

    def entered(self) -> None:
        """Who this is decides what is offered here."""
        self._caller.ask(self.stage, self._retold)

    def _retold(self) -> None:
        if self.is_attached:
            self.show(self.stage.picture)

    def show(self, picture: Picture) -> None:
        """Draw what changed."""
        board = picture.board
        self._kill.set_class(board.killed, "-killed")
        big = self.app.size.height >= SHORT
        self._state.draw(lambda width: kill_lines(picture, width, big=big))
        if self._triggers.display:
            self._told.look(self.stage, self._retold)
            failed = self._failed()
            self._watching.draw(lambda width: trigger_lines(picture, failed, width))
        approves, takes_back = self._caller.may(ADMIN), self._caller.may(TRADER)
        in_force = limits_note(board, approves=approves, takes_back=takes_back)
        self._limits.note = "" if unread(board) else in_force
        self._limits.show(limit_rows(board), picture)
        self._denials.show(sorted(board.denials, key=lambda one: -one.at_us), picture)
        self._breaks.show(sorted(board.breaks, key=lambda one: one.at_us), picture)
        if self._charted != (board.nav, self.stage.graph):
            self._charted = (board.nav, self.stage.graph)
            self._chart.draw(self._drawn)

    def _failed(self) -> Failed:
        problem = self._told.problem
        return Failed(
            self._told.view("failed_orders"),
            self._told.old_us(self.stage),
            problem.text if problem else "",
        )

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
            "risk.flatten": self._caller.may(TRADER),
            "risk.take_back": bool(waiting(board)) and self._caller.may(TRADER),
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

    def action_halts(self) -> None:
        """Every halt in full, and followed while it is read."""
        self.stage.show_dialog(Reading("halts", halts_lines))

    def action_flatten(self) -> None:
        """Show what FLATTEN would sell; to sell it, its scope is typed there."""
        if self._lacks(TRADER, "FLATTEN"):
            return
        self.stage.show_dialog(FlattenDialog(scopes(self.stage.picture.board)))

    def _lacks(self, role: str, what: str) -> bool:
        """Whether the operator is known to lack a role; who is not known may try: the desk says."""
        lacks = self._caller.known and not self._caller.may(role)
        if lacks:
            told = ", ".join(self._caller.roles) or "nothing"
            self.stage.say(f"{what} needs the role {role}; you are {told}", "warning")
        return lacks

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
        if self._lacks(ADMIN, "approving limits"):
            return
        if self.stage.picture.board.limits_pending:
            self.stage.show_dialog(ApproveNewLimits())
        else:
            self.stage.say("no limit is pending")

    def action_take_back(self) -> None:
        """Ask no longer for the limits that wait."""
        if self._lacks(TRADER, "taking a raise back"):
            return
        if waiting(self.stage.picture.board):
            self.stage.show_dialog(TakeBack())
        else:
            self.stage.say("no limit is pending")

    def action_change(self) -> None:
        """Another value for the selected limit."""
        row = self._limits.table.rows.current
        if self._lacks(TRADER, "changing a limit"):
            return
        if row is None or not holds_keys(self._limits):
            self.stage.say("select a limit first")
        else:
            self.stage.show_dialog(ChangeLimit(row))
