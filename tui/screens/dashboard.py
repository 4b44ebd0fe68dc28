"""Screen 1: where the desk stands, in one look.

The one rule: every figure here is on another screen in full; this one only gathers them.
"""

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical

from tui.format import signed
from tui.happenings import happenings
from tui.keys import DASHBOARD, bindings
from tui.lines import Lines
from tui.screens.dashboard_parts import (
    HOLDING_COLUMNS,
    QUOTE_COLUMNS,
    Quote,
    card_drawings,
    happened,
    headroom,
    holding_key,
    nav_chart,
    quote_key,
    quotes,
    summary,
)
from tui.screens.page import Page
from tui.stage import Picture
from tui.standing import Holding, holdings, standing
from tui.widgets.panel import Panel, Sheet, holds_keys
from tui.widgets.table import LiveTable
from tui.widgets.table_panel import TablePanel
from tui.working import WorkingOrders

_MINUTE_US = 60_000_000
SPANS = (
    ("15 min", 15 * _MINUTE_US),
    ("1 h", 60 * _MINUTE_US),
    ("24 h", 24 * 60 * _MINUTE_US),
    ("7 d", 7 * 24 * 60 * _MINUTE_US),
    ("all", 0),
)
_CARDS = ("NAV", "Day P&L", "Drawdown", "Orders", "Volume today")


class Card(Panel):
    """One figure with what explains it."""

    def __init__(self, title: str) -> None:
        super().__init__(title)
        self.add_class("card")
        self.sheet = Sheet()

    def compose(self) -> ComposeResult:
        """Two lines."""
        yield self.sheet


class Dashboard(Page):
    """NAV, day, drawdown, orders, volume; positions; limits; what happened."""

    KEYS = DASHBOARD
    BINDINGS = bindings(DASHBOARD)

    def __init__(self) -> None:
        super().__init__()
        self._cards = [Card(title) for title in _CARDS]
        self._summary = Sheet(id="summary")
        self._chart = Panel(id="nav-chart")
        self._drawing = Sheet()
        self._positions: TablePanel[Holding] = TablePanel(
            "Positions",
            HOLDING_COLUMNS,
            key=holding_key,
            empty="no balance has been read yet",
            id="positions",
        )
        self._markets: TablePanel[Quote] = TablePanel(
            "Markets",
            QUOTE_COLUMNS,
            key=quote_key,
            empty="no price has been seen yet",
            id="markets",
        )
        self._limits = Panel("Limits", id="headroom")
        self._bars = Sheet()
        self._events = Panel("Events", id="events")
        self._happened = Sheet()
        self._working = WorkingOrders()
        self._span = len(SPANS) - 1
        self._drawn: object = None

    def compose(self) -> ComposeResult:
        """Cards above, positions left, limits and events right."""
        yield self._summary
        with Horizontal(id="cards"):
            yield from self._cards
        with Horizontal(id="below"):
            with Vertical(id="left"):
                with self._chart:
                    yield self._drawing
                yield self._positions
                yield self._markets
            with Vertical(id="right"):
                with self._limits:
                    yield self._bars
                with self._events:
                    yield self._happened

    def show(self, picture: Picture) -> None:
        """Draw what changed."""
        board = picture.board
        self._working.follow(board.orders)
        stands = standing(board, self._working)
        for card, drawing in zip(self._cards, card_drawings(stands, picture), strict=True):
            card.sheet.draw(drawing)
        self._cards[0].label("NAV", board.base_currency)
        self._summary.draw(lambda width: summary(stands, picture, width))
        self._positions.show(holdings(board, picture.now_us), picture)
        if self._markets.display:
            self._markets.show(quotes(board), picture)
        self._bars.draw(lambda width: headroom(board, width))
        self._happened.show([happened(one, picture.now_us) for one in happenings(board)])
        self._draw_chart(picture)

    def _draw_chart(self, picture: Picture) -> None:
        nav, graph = picture.board.nav, self.stage.graph
        wanted = (nav, self._span, graph, picture.masked)
        if wanted == self._drawn:
            return
        self._drawn = wanted
        name, span_us = SPANS[self._span]
        rise = signed(nav[-1].nav - nav[0].nav).strip() if len(nav) > 1 else ""
        self._chart.label("NAV", picture.amount(rise), f"[ {name} ]")

        def draw(width: int) -> Lines:
            height = self._drawing.size.height
            return nav_chart([] if picture.masked else nav, span_us, graph, width, height)

        self._drawing.draw(draw)

    def main_table(self) -> TablePanel[Holding]:
        """The positions."""
        return self._positions

    def action_markets(self) -> None:
        """To the markets and back; where only one has room, it takes the other's place."""
        to_markets = not holds_keys(self._markets)
        self.set_class(to_markets, "-markets")
        self.show(self.stage.picture)
        panel = self._markets if to_markets else self._positions
        self.call_after_refresh(panel.table.focus)

    @on(LiveTable.Opened)
    def _opened(self, message: LiveTable.Opened) -> None:
        """A holding leads to its executions, a market to the ticket."""
        message.stop()
        if isinstance(message.row, Quote):
            seen = message.row.price
            self.stage.open_ticket(f"{seen.symbol} {seen.venue}")
        elif isinstance(message.row, Holding):
            words = f"{message.row.asset} {message.row.account.venue}"
            self.stage.visit("blotter", filter_by=words)

    def action_span(self, step: int) -> None:
        """A shorter or longer span of the chart."""
        self._span = min(max(0, self._span + step), len(SPANS) - 1)
        self._draw_chart(self.stage.picture)
