"""The part of the P&L page that shows value over time: a chart, and day by day.

The one rule: it asks rarely, because days come rarely, and draws the chart only when a day, the
range or its size has changed.
"""

from textual.app import ComposeResult
from textual.containers import Vertical

from domain.days import SECOND_US
from domain.performance import Comparison, ReadBenchmark, ReadReturns, Returns
from tui.lines import Lines
from tui.repeats import Repeated
from tui.screens.performance_parts import (
    DAYS,
    Day,
    columns,
    days_of,
    head_lines,
    nav_lines,
    title_note,
)
from tui.stage import Picture, Stage, stage_of
from tui.widgets.panel import Panel, Sheet
from tui.widgets.table_panel import TablePanel

EVERY_US = 60 * SECOND_US


class Performance(Vertical):
    """NAV beside its benchmark, and the returns of each day."""

    def __init__(self) -> None:
        super().__init__(id="performance")
        self._frame = Panel("NAV", id="value-chart")
        self._head = Sheet(id="returns")
        self._chart = Sheet(id="value-lines")
        self.days: TablePanel[Day] = TablePanel(
            "Daily returns", columns(), key=lambda day: day.result.local_date, id="days"
        )
        self._limit = self._asked = DAYS["24h"]
        self._returns: Repeated[Returns] = Repeated(
            "returns", self._ask_returns, self._told, every_us=EVERY_US
        )
        self._beside: Repeated[Comparison] = Repeated(
            "benchmark", lambda: ReadBenchmark(limit=self._limit), self._redraw, every_us=EVERY_US
        )
        self._drawn: object = None
        self._rows: list[Day] = []

    def compose(self) -> ComposeResult:
        """Chart, days."""
        with self._frame:
            yield self._head
            yield self._chart
        yield self.days

    def ask(self, stage: Stage) -> None:
        """Ask for both now."""
        self._returns.ask(stage)
        self._beside.ask(stage)

    def due(self, stage: Stage) -> None:
        """Ask for what it is time for."""
        self._returns.due(stage)
        self._beside.due(stage)

    def reach(self, window: str, stage: Stage) -> None:
        """Show as many days as the range of the page means."""
        if DAYS[window] != self._limit:
            self._limit = DAYS[window]
            self.ask(stage)

    def _ask_returns(self) -> ReadReturns:
        self._asked = self._limit
        return ReadReturns(limit=self._limit)

    def _told(self) -> None:
        if self._asked != self._limit and not self._returns.problem:
            self.ask(stage_of(self))  # the range was changed meanwhile
        self._redraw()

    def _redraw(self) -> None:
        self.show(stage_of(self).picture)

    def show(self, picture: Picture) -> None:
        """Draw what was told."""
        stage = stage_of(self)
        returns, beside = self._returns.answer, self._beside.answer
        self._frame.label(
            f"NAV, {self._limit} days", title_note(returns, picture), self._returns.age(stage).text
        )
        wanted = (returns, beside, stage.graph, picture.masked)
        if wanted != self._drawn:
            self._drawn = wanted
            self._rows = [] if returns is None else days_of(returns, beside)
            self._head.show(head_lines(returns, beside))
            self._chart.draw(self._lines)
        self.days.empty = self._returns.empty("no day has ended yet")
        more = returns is not None and returns.total > len(returns.days)
        self.days.note = f"of {returns.total:,}" if returns is not None and more else ""
        self.days.show(self._rows, picture)

    def _lines(self, width: int) -> Lines:
        stage = stage_of(self)
        if self._returns.answer is None or stage.picture.masked:
            return []
        height = self._chart.size.height
        return nav_lines(self._returns.answer, self._beside.answer, stage.graph, width, height)
