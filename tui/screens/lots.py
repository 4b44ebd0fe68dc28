"""Screen 8: tax lots as they are open now, how they are matched, and when they become long.

The one rule: the list is read page by page and shown whole; a newer list takes the older one's
place at once, so that no lot is in it twice or missing half-way.
"""

from collections.abc import Iterable
from functools import partial

from textual import on
from textual.app import ComposeResult
from textual.widget import Widget

from domain.figures import HeldLot, LotPage, NavReport, ReadLots, ReadNav
from domain.versions import ReadAllocations, VersionPage
from tui.keys import LOTS, bindings
from tui.lines import Lines, Part
from tui.phases import NOT_READ
from tui.repeats import Repeated
from tui.screens.explain import ExplainDialog
from tui.screens.lot_parts import (
    Lot,
    columns,
    head_lines,
    lot_key,
    lot_lines,
    lots_of,
    tally,
    version_line,
    version_lines,
)
from tui.screens.page import Page
from tui.stage import Picture
from tui.widgets.dialog import Dialog, Reading
from tui.widgets.fields import Push
from tui.widgets.panel import Sheet
from tui.widgets.table import LiveTable
from tui.widgets.table_panel import TablePanel

PAGE = 500
MOST = 2_000


class Lots(Page):
    """One line of how, then the lots."""

    KEYS = LOTS
    BINDINGS = bindings(LOTS)

    def __init__(self) -> None:
        super().__init__()
        self._head = Sheet(id="lots-head")
        self._panel: TablePanel[Lot] = TablePanel("Open lots", columns(), key=lot_key, id="lots")
        self._pages: Repeated[LotPage] = Repeated("lots", self._next_page, self._paged)
        self._versions: Repeated[VersionPage] = Repeated(
            "versions", lambda: ReadAllocations(limit=1), self._redraw
        )
        self._nav: Repeated[NavReport] = Repeated(
            "lots nav", lambda: ReadNav(limit=1), self._redraw
        )
        self._lots: tuple[HeldLot, ...] = ()
        self._coming: tuple[HeldLot, ...] = ()
        self._asset = self._wanted = ""
        self._drawn: object = None
        self._rows: list[Lot] = []

    def compose(self) -> ComposeResult:
        """How, lots."""
        yield self._head
        yield self._panel

    def entered(self) -> None:
        """Read the lots, the newest version, and which prices are old."""
        for asked in (self._pages, self._versions, self._nav):
            asked.ask(self.stage)

    @property
    def _stale(self) -> tuple[str, ...]:
        """Assets whose price the engine calls old."""
        return self._nav.answer.stale if self._nav.answer is not None else ()

    def _next_page(self) -> ReadLots:
        if not self._coming:
            self._asset = self._wanted
        return ReadLots(asset=self._asset, skip=len(self._coming), limit=PAGE)

    def _paged(self) -> None:
        """A page came, or none did: go on until the list is whole."""
        page = self._pages.answer
        if page is None or self._pages.problem:
            self._coming = ()
        else:
            self._coming += page.lots
            if page.more and page.lots and len(self._coming) < MOST:
                self._pages.ask(self.stage)
            else:
                self._lots, self._coming = self._coming, ()
                if self._asset != self._wanted:
                    self._pages.ask(self.stage)
        self._redraw()

    def _redraw(self) -> None:
        self.show(self.stage.picture)

    def show(self, picture: Picture) -> None:
        """Ask again when it is time; draw what was told."""
        if self.display:
            for asked in (self._pages, self._versions, self._nav):
                asked.due(self.stage)
        lots = self._lots or self._coming  # the first list is shown while it comes
        wanted = (lots, self._stale, picture.now_us // 1_000_000)
        if wanted != self._drawn:
            self._drawn = wanted
            self._rows = lots_of(lots, self._stale, picture.now_us)
        self._head.draw(lambda width: self._told(picture, width))
        self._panel.empty = self._pages.empty("no lot is open")
        self._panel.note = self._note()
        self._panel.show(self._rows, picture)

    def _told(self, picture: Picture, width: int) -> Lines:
        versions = self._versions
        aged = self._pages.age(self.stage)
        if aged.text == NOT_READ:
            return [[Part(f" {NOT_READ}", "dim")]]
        told = version_line(versions.answer, versions.problem and "not told", picture)
        return head_lines(self._pages.answer, told, aged, width)

    def _note(self) -> str:
        page = self._pages.answer
        beyond = page is not None and page.total > len(self._rows)
        count = f"of {page.total:,}, / ASSET narrows them" if page is not None and beyond else ""
        told = tally(self._panel.table.rows.view or self._rows)
        return " · ".join(["", *(part for part in (count, told) if part)]).lstrip(" ")

    @on(TablePanel.Searched)
    def _searched(self, message: TablePanel.Searched) -> None:
        """Where not every lot is here, an asset's name in the filter has its lots read alone."""
        message.stop()
        page = self._pages.answer
        beyond = page is not None and page.total > len(self._rows)
        self._wanted = self._asset_in(message.text) if beyond or self._asset else ""
        if self._wanted != self._asset:
            self._pages.ask(self.stage)

    def _asset_in(self, words: str) -> str:
        report = self._nav.answer
        known = {lot.asset for lot in self._lots}
        known |= {share.name for share in report.by_asset} if report is not None else set()
        return next((word for word in words.upper().split() if word in known), "")

    @on(LiveTable.Opened)
    def _opened(self, message: LiveTable.Opened) -> None:
        message.stop()
        self.stage.show_dialog(LotDetail(message.row))

    def action_version(self) -> None:
        """The newest allocation version in full."""
        page = self._versions.answer
        if page is None:
            self.stage.say(self._versions.problem or "the engine has not told it yet")
        else:
            newest = page.versions[0] if page.versions else None
            self.stage.show_dialog(Reading("allocation version", partial(version_lines, newest)))


class LotDetail(Dialog):
    """One lot in full, and the way to what it is made of."""

    AUTO_FOCUS = "Push"

    def __init__(self, lot: Lot) -> None:
        super().__init__(f"lot of {lot.of.asset}")
        self._lot = lot

    def fields(self) -> Iterable[Widget]:
        """The way down."""
        yield Push("Where it comes from", "key", id="explain")

    def told(self, picture: Picture, width: int) -> Lines:
        """The lot, its ages as of now."""
        stale = (self._lot.of.asset,) if self._lot.old else ()
        (lot,) = lots_of([self._lot.of], stale, picture.now_us)
        return [*lot_lines(lot, picture.board.base_currency, picture, width), ()]

    @on(Push.Pushed, "#explain")
    def _explain(self, message: Push.Pushed) -> None:
        message.stop()
        message.prevent_default()
        of = self._lot.of
        self.stage.show_dialog(ExplainDialog(of.asset, "unrealised", "all", lot=of.key))
