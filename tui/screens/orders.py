"""Screen 2: working orders, the ticket, the book, and the order under the cursor.

The one rule: cancels are cheap and immediate; what creates risk is reviewed.
"""

from collections.abc import Callable

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.timer import Timer
from textual.widget import Widget

from domain.asks import Done, SubmitOrder, Submitted, WatchDepth
from domain.instruments import Instrument
from domain.orders import Draft, OrderState
from tui.chrome import MEDIUM, NARROW
from tui.keys import ORDERS, TABLE, bindings
from tui.screens.book import Book, BookDialog
from tui.screens.cancel_all import CancelEverything
from tui.screens.modify import Modify
from tui.screens.order_acts import cancel, requery, tell
from tui.screens.order_detail import OrderDetail
from tui.screens.order_parts import order_columns, order_key, selected_lines
from tui.screens.page import Page
from tui.screens.review import Review
from tui.screens.ticket import Ticket
from tui.stage import Picture, stage_of
from tui.widgets.panel import Panel, Sheet, holds_keys
from tui.widgets.table import LiveTable
from tui.widgets.table_panel import TablePanel
from tui.working import WorkingOrders

ORDER_LIVES_US = 10_000_000  # an ask to place waits at most this long (decisions.md)
_BOOK_PAUSE_S = 0.3


class OrdersPanel(TablePanel[OrderState]):
    """The table of orders with the keys that act on its rows."""

    BINDINGS = [*bindings(TABLE), *bindings(ORDERS)]  # noqa: RUF012  Textual's own form
    KEYS = ORDERS

    def __init__(self, rearrange: Callable[[], None]) -> None:
        columns = order_columns(self._instrument, lambda: stage_of(self).picture.now_us)
        empty = "no order is working · n opens the ticket"
        super().__init__("Orders", columns, key=order_key, empty=empty, id="orders")
        self.every = False
        self._rearrange = rearrange
        self.heading = "Working orders"

    def _instrument(self, state: OrderState) -> Instrument | None:
        board = stage_of(self).picture.board
        return board.instrument(state.order.account.venue, state.order.symbol)

    def action_every(self) -> None:
        """Show finished orders too, or not."""
        self.every = not self.every
        self.heading = "All orders" if self.every else "Working orders"
        self._rearrange()

    def action_cancel(self) -> None:
        """Cancel the marked orders, else the one under the cursor."""
        working = [state for state in self.table.rows.marked if not state.terminal]
        if not working:
            stage_of(self).say("no working order is selected")
        for state in working:
            cancel(self, state)

    def action_cancel_all(self) -> None:
        """Cancel every working order, after a typed word."""
        stage_of(self).show_dialog(CancelEverything())

    def action_modify(self) -> None:
        """Change the order under the cursor."""
        state = self.table.rows.current
        if state is None or state.terminal:
            stage_of(self).say("no working order is selected")
        else:
            stage_of(self).show_dialog(Modify(state))

    def action_book(self) -> None:
        """The book of the order under the cursor."""
        state = self.table.rows.current
        if state is not None:
            venue, symbol = state.order.account.venue, state.order.symbol
            stage_of(self).send(WatchDepth(venue=venue, symbol=symbol), _nothing, group="depth")
            stage_of(self).show_dialog(BookDialog(venue, symbol))

    def action_requery(self) -> None:
        """Look the order under the cursor up at its venue."""
        if self.table.rows.current is not None:
            requery(self, self.table.rows.current)


class Orders(Page):
    """Ticket left; orders, book and the selected order right."""

    KEYS = ORDERS

    def __init__(self) -> None:
        super().__init__()
        self._ticket = Ticket()
        self._panel = OrdersPanel(self._rearrange)
        self._book = Book()
        self._selected = Panel("Selected order", id="selected")
        self._selection = Sheet()
        self._working = WorkingOrders()
        self._rows: list[OrderState] = []
        self._timer: Timer | None = None
        self._right = Vertical(id="orders-right")
        self._ticketing = False

    def compose(self) -> ComposeResult:
        """Left and right."""
        with Horizontal():
            yield self._ticket
            with self._right:
                yield self._panel
                with Horizontal(id="orders-below"):
                    yield self._book
                    with self._selected:
                        yield self._selection

    def show(self, picture: Picture) -> None:
        """Draw what changed."""
        if self._working.follow(picture.board.orders):
            self._rows = self._working.newest_first(every=self._panel.every)
        self._panel.note = (
            f"· {len(self._working.unknown)} UNKNOWN" if self._working.unknown else ""
        )
        self._panel.show(self._rows, picture)
        self._ticket.show(picture)
        self._book.show(picture)
        self._show_selected(picture)

    def _show_selected(self, picture: Picture) -> None:
        state = self._panel.table.rows.current
        self._selection.draw(
            lambda width: selected_lines(state, picture, width) if state is not None else ()
        )

    def main_table(self) -> TablePanel[OrderState]:
        """The orders."""
        return self._panel

    def open_ticket(self, words: str = "") -> None:
        """Open the ticket, filled from words."""
        self._ticketing = True
        self._arrange()
        if words:
            self._ticket.fill_in(words)
        elif not self._ticket.symbol.value:
            self._fill_from_cursor()
        self.screen.set_focus(self._ticket.side)

    def _arrange(self) -> None:
        # Set here and not by classes: a hidden field could not take the keys that follow `n`.
        width = self.app.size.width
        self._ticket.display = self._ticketing or width >= MEDIUM
        self._right.display = not (self._ticketing and width < NARROW)

    def on_mount(self) -> None:
        """Show what has room from the first paint on, not from the first resize on."""
        self._arrange()

    def on_resize(self) -> None:
        """Show what has room."""
        self._arrange()

    def _fill_from_cursor(self) -> None:
        state = self._panel.table.rows.current
        if state is not None:
            self._ticket.fill_in(f"{state.order.symbol} {state.order.account}")

    def go_back(self) -> bool:
        """Close the ticket's field first, then the ticket, then the filter."""
        if holds_keys(self._ticket):
            self._ticketing = False
            self._arrange()
            self.screen.set_focus(self._panel.table)
            return True
        return super().go_back()

    def _rearrange(self) -> None:
        self._rows = self._working.newest_first(every=self._panel.every)
        self.show(self.stage.picture)

    @on(LiveTable.Opened)
    def _opened(self, message: LiveTable.Opened) -> None:
        message.stop()
        self.stage.show_dialog(OrderDetail(message.row))

    @on(LiveTable.Moved)
    def _moved(self, message: LiveTable.Moved) -> None:
        message.stop()
        self._show_selected(self.stage.picture)
        state = self._panel.table.rows.current
        if state is not None and not holds_keys(self._ticket):
            self._want_book(state.order.account.venue, state.order.symbol)

    @on(Ticket.Symbol)
    def _symbol(self, message: Ticket.Symbol) -> None:
        message.stop()
        self._want_book(message.venue, message.symbol)

    def _want_book(self, venue: str, symbol: str) -> None:
        if (venue, symbol) == (self._book.venue, self._book.symbol):
            return
        self._book.watch_symbol(venue, symbol)
        self._book.show(self.stage.picture)
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(_BOOK_PAUSE_S, self._ask_for_book)

    def _ask_for_book(self) -> None:
        ask = WatchDepth(venue=self._book.venue, symbol=self._book.symbol)
        self.stage.send(ask, _nothing, group="depth")

    def entered(self) -> None:
        """Watch the book again that was watched before."""
        if self._book.symbol:
            self._ask_for_book()

    def first_focus(self) -> Widget:
        """The table; the ticket is one key away."""
        return self._panel.table

    @on(Ticket.Reviewed)
    def _reviewed(self, message: Ticket.Reviewed) -> None:
        message.stop()
        draft = message.draft
        review = Review(draft, message.verdict)
        self.stage.show_dialog(review, lambda yes: self._place(draft) if yes else None)

    def _place(self, draft: Draft) -> None:
        expires_us = self.stage.options.now_us() + ORDER_LIVES_US
        self.stage.send(SubmitOrder(draft=draft, expires_us=expires_us), self._placed)

    def _placed(self, answer: Submitted) -> None:
        tell(self, answer, "order")
        self._ticket.action_clear()


def _nothing(_: Done) -> None:
    """The book arrives on the board; the answer itself says nothing more."""
