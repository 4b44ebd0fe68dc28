"""The screen that holds all pages: mode bar, navigation, banners, the page, footer.

The one rule: the lines around a page are the same on every page, and are drawn first.
"""

from importlib import import_module
from typing import TYPE_CHECKING, cast

from textual import events
from textual.app import ComposeResult
from textual.containers import Container
from textual.screen import Screen
from textual.widget import Widget

from domain.board import Board
from tui.chrome import (
    LEAST_HEIGHT,
    LEAST_WIDTH,
    LOW,
    MEDIUM,
    NARROW,
    SHORT,
    WIDE,
    banners,
    footer,
    mode_bar,
    navigation,
)
from tui.keys import GLOBAL
from tui.keys import footer as footer_keys
from tui.lines import Line, Lines, Part, part_at, wrapped
from tui.screens.registry import SCREENS, screen
from tui.stage import Picture, stage_of
from tui.widgets.dialog import mode_class
from tui.widgets.fields import OneLine
from tui.widgets.panel import Sheet

if TYPE_CHECKING:  # pages and their tables come behind the first paint
    from tui.screens.page import Page

ONBOARDING = "onboarding"
_MODES = ("demo", "paper", "observe", "live", "killed")


class Bar(OneLine):
    """One line around the page; its parts answer to clicks."""

    def __init__(self, *, id: str) -> None:  # noqa: A002  Textual's own name
        super().__init__(id=id)
        self.line: Line = ()

    def put(self, line: Line) -> None:
        """Show this line, if it is another one."""
        if line != self.line:
            self.line = line
            self.refresh()

    def parts(self) -> Line:
        """The line."""
        return self.line

    def on_click(self, event: events.Click) -> None:
        """Run what the clicked part is for."""
        part = part_at(self.line, event.x, self.size.width)
        if part is not None and part.act:
            stage_of(self).run_key(part.act)


class Host(Screen[None]):
    """The only screen below the dialogs."""

    AUTO_FOCUS = ""

    def __init__(self, first: str) -> None:
        super().__init__()
        self.current = first
        self.previous = ""
        self._pages: dict[str, Page] = {}
        self._focused: dict[str, Widget | None] = {}
        self._mode_bar = Bar(id="mode")
        self._navigation = Bar(id="navigation")
        self._banner = Sheet(id="banner")
        self._footer = Bar(id="footer")
        self._holder = Container(id="pages")

    def compose(self) -> ComposeResult:
        """Top to bottom."""
        yield self._mode_bar
        yield self._navigation
        yield self._banner
        yield self._holder
        yield self._footer

    def on_mount(self) -> None:
        """Paint mode, kill switch and clock at once; the first page comes right behind them."""
        self.show(stage_of(self).picture)
        self.call_after_refresh(self._enter_first)

    async def _enter_first(self) -> None:
        await self.visit(self.current)

    @property
    def page(self) -> "Page | None":
        """The page in sight."""
        return self._pages.get(self.current)

    async def visit(self, name: str) -> "Page":
        """Bring a page into sight, making it on the first visit."""
        leaving = self.page
        if name != self.current:
            if leaving is not None:
                self._focused[self.current] = self.focused
                leaving.display = False
            self.previous, self.current = self.current or name, name
        page = self._pages.get(name)
        if page is None:
            page = self._pages[name] = _load(name)()
            await self._holder.mount(page)
        page.display = name == self.current
        if not page.display:
            return page  # meanwhile the console went on to another page
        page.show(stage_of(self).picture)
        page.entered()
        self.set_focus(self._focused.get(name) or page.first_focus())
        self.show(stage_of(self).picture)
        return page

    async def begin_at(self, name: str) -> None:
        """Begin anew: this page is the first one, and there is none to go back to."""
        await self.visit(name)
        self.previous = ""

    def show(self, picture: Picture) -> None:
        """Draw the lines around the page, then the page."""
        width = self.app.size.width
        self._colour(picture.board)
        self._mode_bar.put(mode_bar(picture, width))
        self._navigation.put(navigation(self.current, width))
        self._show_banners(picture)
        self.show_footer()
        if self.page is not None:
            self.page.show(picture)

    def show_footer(self) -> None:
        """Draw the footer for what has the keys."""
        stage, page = stage_of(self), self.page
        board = stage.picture.board
        table = [key for key in stage.key_table if page is None or page.offers(key, board)]
        self._footer.put(footer(footer_keys(self.context, table), self.app.size.width))

    @property
    def context(self) -> str:
        """Whose keys count: the innermost widget that names a context, else the page's."""
        nodes = self.focused.ancestors_with_self if self.focused is not None else ()
        for node in nodes:
            named = getattr(node, "KEYS", "")
            if named and named != "Tables":
                return str(named)
        return self.page.KEYS if self.page is not None else GLOBAL

    def fit_to(self, width: int, height: int) -> None:
        """Set the classes that layouts depend on."""
        self.set_class(width < NARROW, "-narrow")
        self.set_class(width < MEDIUM, "-medium")
        self.set_class(width >= WIDE, "-wide")
        self.set_class(height < SHORT, "-short")
        self.set_class(height < LOW, "-low")

    def restyle(self) -> None:
        """Draw everything in the colours of another theme."""
        for widget in self.query("*").results(Widget):
            if hasattr(widget, "restyle"):
                widget.restyle()
            widget.refresh()

    def _colour(self, board: Board) -> None:
        mode = mode_class(board)
        for name in _MODES:
            self._mode_bar.set_class(name == mode, f"-{name}")

    def _show_banners(self, picture: Picture) -> None:
        told = banners(picture)
        self._banner.display = bool(told)

        def draw(width: int) -> Lines:
            tone = {"-halt": "banner-halt", "-stale": "banner-stale"}
            return [
                (Part(f" {row}".ljust(width), tone[kind]),)
                for kind, text in told
                for row in wrapped(text, width - 2)[:2]
            ]

        self._banner.draw(draw)


def too_small(width: int, height: int) -> bool:
    """Whether a terminal has no room for a console that can be read."""
    return width < LEAST_WIDTH or height < LEAST_HEIGHT


def _load(name: str) -> "type[Page]":
    where = "onboarding:Onboarding" if name == ONBOARDING else screen(name).where
    module, _, made = where.partition(":")
    return cast("type[Page]", getattr(import_module(f"tui.screens.{module}"), made))


PAGES = tuple(line.name for line in SCREENS)
