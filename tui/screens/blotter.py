"""Screen 3: every execution, the newest from the board, older ones by pages from the ledger.

The one rule: a fill is shown once, by its key, whoever told it first.
"""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import NamedTuple

from textual import on
from textual.app import ComposeResult

from domain.board import Board
from domain.days import moment
from domain.instruments import quote_of
from domain.money import MONEY, ZERO
from domain.orders import Fill, Side
from domain.queries import BookedFill, FillPage, ReadFills
from tui.format import DASH, counted, exact, money, price, quantity, short, when_ms
from tui.keys import GLOBAL
from tui.lines import FILL, Line, Part
from tui.outcomes import Failure
from tui.paging import Paged, Place
from tui.phases import unread
from tui.screens.page import Page
from tui.stage import Picture
from tui.standing import mark_of
from tui.widgets.columns import Cell, Column, figures
from tui.widgets.panel import Sheet
from tui.widgets.table import LiveTable
from tui.widgets.table_panel import TablePanel
from tui.words import side_tone, side_word

_PAGE = 200
_NEAR_THE_END = 20


class Booked(NamedTuple):
    """A fill with its ledger row (0: not read from it yet), its symbol's tick, its time."""

    seq: int
    fill: Fill
    tick: Decimal | None
    time: str


class Blotter(Page):
    """The table of fills above the sums of what is in view."""

    KEYS = GLOBAL

    def __init__(self) -> None:
        super().__init__()
        empty = "no execution yet"
        self._panel: TablePanel[Booked] = TablePanel(
            "Fills", fill_columns(), key=lambda row: row.fill.key, empty=empty
        )
        self._totals = Sheet(id="totals")
        self._pages: Paged[BookedFill] = Paged()
        self._rows: list[Booked] = []
        self._fills: Sequence[Fill] = ()
        self._total = 0
        self._asking = False

    def compose(self) -> ComposeResult:
        """Table, totals."""
        yield self._panel
        yield self._totals

    def entered(self) -> None:
        """Read the newest page, to know how many fills there are."""
        self._ask(0)

    def _ask(self, before_seq: int) -> None:
        self._asking = True
        ask = ReadFills(before_seq=before_seq, limit=_PAGE)
        self.stage.send(ask, self._read, failed=self._not_read, group="fills")

    def _read(self, page: FillPage) -> None:
        self._asking = False
        self._pages.put(map(_placed, page.fills), older=page.older)
        self._total = page.total
        self._arrange(self.stage.picture.board)
        self.show(self.stage.picture)

    def _not_read(self, told: Failure) -> None:
        self._asking = False
        self.stage.say(told.text, "warning", key=told.text)

    def show(self, picture: Picture) -> None:
        """Take in the newest fills and draw."""
        if picture.board.fills is not self._fills:
            self._arrange(picture.board)
        self._panel.note = f"of {self._total:,}" if self._total > len(self._rows) else ""
        self._panel.show(self._rows, picture)
        view = self._panel.table.rows.view
        unknown = unread(picture.board) and not view
        self._totals.show([()] if unknown else [totals(view, picture)])

    def _arrange(self, board: Board) -> None:
        self._fills = board.fills
        rows = {b.fill.key: _booked(b.seq, b.fill, board) for b in self._pages.rows()}
        for fill in board.fills:
            rows.setdefault(fill.key, _booked(0, fill, board))
        self._rows = sorted(rows.values(), key=lambda row: (-row.fill.at_us, row.fill.key))

    @on(TablePanel.Searched)
    def _searched(self, message: TablePanel.Searched) -> None:
        message.stop()
        if message.text:
            ask = ReadFills(limit=_PAGE, text=message.text)
            self.stage.send(ask, self._found, failed=self._not_read, group="fills")
        else:
            self._found(FillPage(fills=(), total=0, older=False))

    def _found(self, page: FillPage) -> None:
        self._pages.found(map(_placed, page.fills))
        self._arrange(self.stage.picture.board)
        self.show(self.stage.picture)

    @on(LiveTable.Moved)
    def _moved(self, message: LiveTable.Moved) -> None:
        message.stop()
        rows = self._panel.table.rows
        if self._pages.older and not self._asking and rows.cursor >= len(rows.view) - _NEAR_THE_END:
            self._ask(self._pages.oldest)

    @on(LiveTable.Opened)
    def _opened(self, message: LiveTable.Opened) -> None:
        message.stop()
        order = self.stage.picture.board.orders.get(message.row.fill.client_id)
        if order is None:
            self.stage.say("its order is not on the board any more; the ledger (9) has it")
        else:
            from tui.screens.order_detail import OrderDetail  # noqa: PLC0415  when first wanted

            self.stage.show_dialog(OrderDetail(order))


def _placed(booked: BookedFill) -> tuple[Place, BookedFill]:
    """Fills are read in the order in which they happened."""
    return (booked.fill.at_us, booked.seq), booked


def _booked(seq: int, fill: Fill, board: Board) -> Booked:
    return Booked(seq, fill, _tick(fill, board), when_ms(fill.at_us, board.now_us))


def _tick(fill: Fill, board: Board) -> Decimal | None:
    instrument = board.instrument(fill.account.venue, fill.symbol)
    return instrument.tick if instrument else None


def totals(rows: Iterable[Booked], picture: Picture) -> Line:
    """Bought, sold and fees of the rows in view, at today's marks in the base currency."""
    board, told = picture.board, picture.amount
    sums = {Side.BUY: ZERO, Side.SELL: ZERO}
    fees, unvalued, count = ZERO, 0, 0
    for row in rows:
        count += 1
        rate = mark_of(board, quote_of(row.fill.symbol))
        fee_rate = mark_of(board, row.fill.fee_asset)
        if rate is None or (fee_rate is None and row.fill.fee):
            unvalued += 1
        sums[row.fill.side] += MONEY.multiply(row.fill.cost, rate or ZERO)
        fees += MONEY.multiply(row.fill.fee, fee_rate or ZERO)
    line = [
        Part(f" {counted(count, 'fill')}  ", "strong"),
        Part("bought ", "dim"), Part(told(short(sums[Side.BUY])), "up"),
        Part("  sold ", "dim"), Part(told(short(sums[Side.SELL])), "down"),
        Part("  fees ", "dim"), Part(told(money(fees))),
    ]  # fmt: skip
    if unvalued:
        line.append(Part(f"  {unvalued} without a mark", "stale"))
    return [*line, FILL, Part(f"≈ {board.base_currency} at today's marks ", "dim")]


def fill_columns() -> tuple[Column[Booked], ...]:
    """The columns of the blotter."""
    return (
        Column("DATE", 5, lambda b: Cell(f"{moment(b.fill.at_us):%m-%d}", "dim"), drop=7),
        Column("TIME", 12, lambda b: Cell(b.time, "dim"),
               sort=lambda b: b.fill.at_us),
        Column("VENUE", 7, lambda b: b.fill.account.venue, sort=lambda b: b.fill.account),
        Column("ACCOUNT", 8, lambda b: Cell(b.fill.account.name, "dim"), drop=6),
        Column("SYMBOL", 10, lambda b: Cell(b.fill.symbol, "strong"), sort=lambda b: b.fill.symbol),
        Column("SIDE", 4, _side, sort=lambda b: b.fill.side),
        figures("QTY", 12, lambda b: b.fill.quantity, lambda b: quantity(b.fill.quantity),
                amount=True),
        figures("PRICE", 11, lambda b: b.fill.price, lambda b: price(b.fill.price, b.tick)),
        figures("NOTIONAL", 12, lambda b: b.fill.cost, lambda b: money(b.fill.cost), drop=1,
                amount=True),
        figures("FEE", 12, lambda b: b.fill.fee, lambda b: Cell(price(b.fill.fee), "dim"),
                drop=2, amount=True),
        Column("", 5, lambda b: Cell(b.fill.fee_asset, "dim"), drop=2),
        Column("LIQ", 6, lambda b: Cell(_liquidity(b.fill), "dim"), drop=4),
        Column("ORDER", 18, _order, drop=3, grow=True),
        Column("TRADE", 14, lambda b: Cell(b.fill.trade_id, "dim"), drop=5),
        figures("LEDGER", 8, lambda b: Decimal(b.seq), _seq, drop=8),
    )  # fmt: skip


def _side(booked: Booked) -> Cell:
    return Cell(side_word(booked.fill.side), side_tone(booked.fill.side))


def _order(booked: Booked) -> Cell:
    fill = booked.fill
    return Cell(fill.client_id or f"foreign {fill.venue_order_id}", "dim")


def _liquidity(fill: Fill) -> str:
    return "inferred" if fill.inferred else fill.liquidity or DASH


def _seq(booked: Booked) -> Cell:
    return Cell(exact(Decimal(booked.seq)) if booked.seq else DASH, "dim")
