"""The order book of one symbol, as deep as there is room.

The one rule: it shows whose book it is and how old it is; an old book is marked.
"""

from collections.abc import Sequence
from decimal import Decimal

from textual.app import ComposeResult

from domain.board import Board, at
from domain.market import Depth, Level
from domain.money import MONEY
from tui.format import age, percent, price, quantity, ratio_pct
from tui.freshness import STALE_MARK, prices_are_old
from tui.lines import FILL, Line, Lines, Part
from tui.stage import Picture
from tui.widgets.bars import bar
from tui.widgets.dialog import Dialog
from tui.widgets.panel import Panel, Sheet

_STALE_US = 5_000_000
_LEAST = 3
_PRICE, _QUANTITY = 12, 12


class Book(Panel):
    """Asks above, bids below, the spread between them."""

    def __init__(self) -> None:
        super().__init__("Book", id="book")
        self.venue = ""
        self.symbol = ""
        self._sheet = Sheet()

    def compose(self) -> ComposeResult:
        """One sheet."""
        yield self._sheet

    def watch_symbol(self, venue: str, symbol: str) -> None:
        """Show this book from now on."""
        self.venue, self.symbol = venue, symbol

    def show(self, picture: Picture) -> None:
        """Draw the newest depth."""
        board = picture.board
        depth = board.depths.get(at(self.venue, self.symbol)) if self.symbol else None
        name = f"Book {self.symbol} {self.venue}" if self.symbol else "Book"
        if depth is None:
            self.label(name)
            waiting = "waiting for the book" if self.symbol else "choose an order or a symbol"
            self._sheet.show([[Part(waiting, "dim")]])
            return
        old = is_old(depth, picture)
        self.label(name, f"{age(picture.now_us - depth.at_us)}{STALE_MARK if old else ''}")

        def draw(width: int) -> Lines:
            height = max(_LEAST, self._sheet.size.height)
            return book_lines(depth, board, width, height, old=old)

        self._sheet.draw(draw)


class BookDialog(Dialog):
    """The book over the screen, as deep as it is known."""

    def __init__(self, venue: str, symbol: str) -> None:
        super().__init__(f"book {symbol} {venue}")
        self._venue = venue
        self._symbol = symbol

    def told(self, picture: Picture, width: int) -> Lines:
        """The newest depth."""
        depth = picture.board.depths.get(at(self._venue, self._symbol))
        if depth is None:
            return [[Part("waiting for the book", "dim")]]
        old = is_old(depth, picture)
        height = max(_LEAST, self.app.size.height * 3 // 5)
        when = f"{age(picture.now_us - depth.at_us)} old{STALE_MARK if old else ''}"
        lines = book_lines(depth, picture.board, width, height, old=old)
        return [[Part(when, "stale" if old else "dim")], *lines]


def is_old(depth: Depth, picture: Picture) -> bool:
    """Whether a book is too old to act on, by its own age or its venue's health."""
    elapsed_us = picture.now_us - depth.at_us
    return elapsed_us > _STALE_US or prices_are_old(picture.board, depth.venue)


def book_lines(depth: Depth, board: Board, width: int, height: int, *, old: bool) -> Lines:
    """The book in `height` lines: as many asks as bids, the best next to the spread."""
    rows = max(1, (height - 1) // 2)
    asks, bids = depth.asks[:rows], depth.bids[:rows]
    instrument = board.instrument(depth.venue, depth.symbol)
    tick = instrument.tick if instrument else None
    most = max((level.quantity for level in (*asks, *bids)), default=Decimal(0))

    def side(levels: Sequence[Level], tone: str) -> list[Line]:
        return [_level(level, most, tick, width, "stale" if old else tone) for level in levels]

    return [*reversed(side(asks, "down")), _spread(depth, width), *side(bids, "up")]


def _level(level: Level, most: Decimal, tick: Decimal | None, width: int, tone: str) -> Line:
    room = max(0, width - _PRICE - _QUANTITY - 2)
    filled = bar(level.quantity, most, room, tone=tone)[0] if room and most else Part("")
    return [
        Part(f"{price(level.price, tick):>{_PRICE}}", tone),
        Part(f" {quantity(level.quantity):>{_QUANTITY}} "),
        filled,
    ]


def _spread(depth: Depth, width: int) -> Line:
    if not depth.asks or not depth.bids:
        return [Part("one side is empty", "warn")]
    best_ask, best_bid = depth.asks[0].price, depth.bids[0].price
    gap = MONEY.subtract(best_ask, best_bid)
    share = percent(ratio_pct(gap, best_ask), 3)
    text = f" spread {quantity(gap)} ({share}) "
    return [Part("─" * max(0, _PRICE - 6), "faint"), Part(text, "dim"), FILL] if width else []
