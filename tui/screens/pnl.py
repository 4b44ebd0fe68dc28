"""Screen 7: what it is worth, what it earned, and where each figure comes from.

The one rule: no amount is computed here. The engine is asked every few seconds while the page
is in sight; what it tells has its age, and Enter leads from a figure to the ledger.
"""

from functools import partial
from typing import Any

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal

from domain.figures import NavReport, Pnl, ReadNav, ReadPnl
from tui.keys import PNL, bindings
from tui.lines import Lines
from tui.repeats import Repeated
from tui.screens.explain import ExplainDialog
from tui.screens.page import Page
from tui.screens.performance import Performance
from tui.screens.performance_parts import Day, day_lines
from tui.screens.pnl_parts import (
    RANGES,
    Earned,
    columns,
    earned,
    gap_lines,
    gaps,
    head_lines,
    ranges,
    sums,
    worth,
)
from tui.screens.portfolio_parts import BY, Portion, note_of, portion_key, portion_lines, portions
from tui.screens.portfolio_parts import columns as portfolio_columns
from tui.stage import Picture
from tui.widgets.dialog import Reading
from tui.widgets.panel import Sheet, holds_keys
from tui.widgets.table import LiveTable
from tui.widgets.table_panel import TablePanel


class PnlScreen(Page):
    """Sums, profit and loss by asset, the portfolio, value over time."""

    KEYS = PNL
    BINDINGS = bindings(PNL)

    def __init__(self) -> None:
        super().__init__()
        self._head = Sheet(id="pnl-head")
        self._earned: TablePanel[Earned] = TablePanel(
            "Profit and loss", columns(), key=lambda row: row.of.asset, id="earned"
        )
        self._portfolio: TablePanel[Portion] = TablePanel(
            "Portfolio", portfolio_columns(), key=portion_key, id="portfolio"
        )
        self._performance = Performance()
        self._pnl: Repeated[Pnl] = Repeated("pnl", self._asked_of, self._redraw)
        self._nav: Repeated[NavReport] = Repeated("nav", ReadNav, self._redraw)
        self._window = "24h"
        self._account = ""
        self._by = BY[0]
        self._drawn: object = None
        self._rows: list[Earned] = []
        self._portions: list[Portion] = []

    def compose(self) -> ComposeResult:
        """Sums, P&L, portfolio and performance."""
        yield self._head
        yield self._earned
        with Horizontal(id="pnl-below"):
            yield self._portfolio
            yield self._performance

    def entered(self) -> None:
        """Ask for everything that is shown."""
        for asked in (self._pnl, self._nav, self._performance):
            asked.ask(self.stage)

    def _asked_of(self) -> ReadPnl:
        return ReadPnl(account=self._account)

    def _redraw(self) -> None:
        self.show(self.stage.picture)

    def show(self, picture: Picture) -> None:
        """Ask again when it is time; draw what was told."""
        if self.display:
            for asked in (self._pnl, self._nav, self._performance):
                asked.due(self.stage)
        self._arrange(picture)
        self._head.draw(lambda width: self._told(picture, width))
        told = self._pnl.answer
        of = f" of {told.account}" if told is not None and told.account else ""
        self._earned.heading = f"Profit and loss{of}, {RANGES[self._window]}"
        self._earned.empty = self._pnl.empty("no asset was ever held")
        self._earned.show(self._rows, picture)
        report = self._nav.answer
        self._portfolio.heading = f"Portfolio by {self._by}"
        self._portfolio.note = "" if report is None else note_of(report, picture)
        self._portfolio.empty = self._nav.empty("nothing is held")
        self._portfolio.show(self._portions, picture)
        self._performance.show(picture)

    def _arrange(self, picture: Picture) -> None:
        """Make the rows anew when something was told or chosen, or a second has passed."""
        pnl, report = self._pnl.answer, self._nav.answer
        wanted = (pnl, report, self._window, self._by, picture.now_us // 1_000_000)
        if wanted == self._drawn:
            return
        self._drawn = wanted
        stale = report.stale if report is not None else ()
        if pnl is not None:
            self._rows = earned(pnl, self._window, stale, picture.now_us)
        if report is not None:
            self._portions = portions(report, self._by, picture.now_us)

    def _told(self, picture: Picture, width: int) -> Lines:
        pnl, report = self._pnl.answer, self._nav.answer
        return head_lines(
            [*worth(report, picture), *ranges(self._window)],
            sums(pnl, self._window, picture),
            gaps(pnl, report, self._window),
            self._pnl.age(self.stage),
            width,
        )

    def main_table(self) -> TablePanel[Earned]:
        """Profit and loss."""
        return self._earned

    @on(LiveTable.Opened)
    def _opened(self, message: LiveTable.Opened) -> None:
        """A figure leads to its parts, a portion to its holdings."""
        message.stop()
        row = message.row
        if isinstance(row, Earned):
            self._explain(row, row.figure)
        elif isinstance(row, Portion):
            self.stage.show_dialog(Reading(row.name, partial(portion_lines, row)))
        elif isinstance(row, Day):
            self.stage.show_dialog(Reading(row.result.local_date, partial(day_lines, row)))

    def _explain(self, row: Earned, figure: str) -> None:
        told = self._pnl.answer
        account = "" if told is None else told.account
        dialog = ExplainDialog(row.of.asset, figure, self._window, account=account)
        self.stage.show_dialog(dialog)

    def action_unrealised(self) -> None:
        """What the unrealised figure of the asset under the cursor is made of."""
        row = self._earned.table.rows.current
        if row is not None:
            self._explain(row, "unrealised")

    def action_gaps(self) -> None:
        """Everything that the sums leave out."""
        notes = gaps(self._pnl.answer, self._nav.answer, self._window)
        self.stage.show_dialog(
            Reading("what the sums leave out", lambda _, width: gap_lines(notes, width))
        )

    def action_window(self, step: int | str) -> None:
        """A shorter or longer range, or the one of that name."""
        names = list(RANGES)
        if isinstance(step, str):
            self._window = step if step in RANGES else self._window
        else:
            place = names.index(self._window) + step
            self._window = names[min(max(0, place), len(names) - 1)]
        self._performance.reach(self._window, self.stage)
        self._redraw()

    def action_account(self) -> None:
        """Profit and loss of the next account, and after the last one of all together."""
        names = ["", *sorted(self.stage.picture.board.accounts)]
        here = names.index(self._account) if self._account in names else 0
        self._account = names[(here + 1) % len(names)]
        self._pnl.ask(self.stage)
        self._redraw()

    def action_by(self) -> None:
        """The portfolio by the next of asset, venue, account, holding."""
        self._by = BY[(BY.index(self._by) + 1) % len(BY)]
        self._redraw()

    def action_part(self) -> None:
        """From P&L to the portfolio, the days, and back; where room is short, one at a time."""
        parts: tuple[TablePanel[Any], ...] = (
            self._earned,
            self._portfolio,
            self._performance.days,
        )
        here = next((place for place, part in enumerate(parts) if holds_keys(part)), 0)
        place = (here + 1) % len(parts)
        for number, name in enumerate(("-earned", "-portfolio", "-performance")):
            self.set_class(number == place, name)
        self._redraw()
        self.call_after_refresh(parts[place].table.focus)
