"""A framed part of a screen with a title, and a sheet of toned lines to put in it.

The one rule: titles and lines are literal text; nothing here parses markup.
"""

from collections.abc import Callable

from textual import events
from textual.containers import Vertical
from textual.content import Content
from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widget import Widget

from tui.lines import Line, Lines, part_at, plain, strip_of
from tui.stage import stage_of

Draw = Callable[[int], Lines]


def holds_keys(widget: Widget) -> bool:
    """Whether the keys go to this widget or into it, as of now.

    `has_focus` follows by a message, so it may still tell what was before.
    """
    focused = widget.screen.focused
    return focused is not None and widget in focused.ancestors_with_self


class Panel(Vertical):
    """A frame; its title is set with `label`."""

    def __init__(self, title: str = "", *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._labels = ("", "")
        self.label(title)

    def label(self, title: str, note: str = "", corner: str = "") -> None:
        """Set the title, a fainter note beside it, and what stands in the lower corner."""
        if self._labels == (f"{title}\0{note}", corner):
            return
        self._labels = (f"{title}\0{note}", corner)
        noted = [(f" {plain(note)}", "not bold $dim")] if note else []
        self.border_title = Content.assemble((plain(title), "bold"), *noted)
        self.border_subtitle = Content(plain(corner))


class Sheet(ScrollView, can_focus=False):
    """Lines of toned text, drawn for the width there is; scrolls when they do not fit.

    Parts with an `act` run that action when they are clicked.
    """

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, classes=classes)
        self._draw: Draw = _nothing
        self.lines: Lines = ()

    @property
    def room(self) -> int:
        """The width that lines can use: what the scrollbar has is not theirs."""
        return max(1, self.size.width - self.scrollbar_size_vertical)

    def show(self, lines: Lines) -> None:
        """Show these lines, whatever the width."""
        self.draw(lambda _: lines)

    def draw(self, draw: Draw) -> None:
        """Show what `draw` makes for the present width, and again after every resize."""
        self._draw = draw
        self._redraw()

    def _redraw(self) -> None:
        before, self.lines = self.lines, self._draw(self.room)
        if len(before) != len(self.lines):
            self.virtual_size = Size(self.room, len(self.lines))
            self.refresh(layout=bool(self.styles.height and self.styles.height.is_auto))
            return
        for y, (old, new) in enumerate(zip(before, self.lines, strict=True)):
            if old != new:
                self.refresh(Region(0, y - round(self.scroll_y), self.size.width, 1))

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """As many lines as the text takes at this width: known before it is drawn."""
        del container, viewport
        return len(self._draw(max(1, width - self.scrollbar_size_vertical)))

    def on_resize(self) -> None:
        """Draw for the new width."""
        self.lines = self._draw(self.room)
        self.virtual_size = Size(self.room, len(self.lines))
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """One line of the sheet."""
        line = self._line(y)
        return strip_of(line, self.room, self.rich_style, stage_of(self).tones)

    def _line(self, y: int) -> Line:
        place = y + round(self.scroll_y)
        return self.lines[place] if place < len(self.lines) else ()

    def on_click(self, event: events.Click) -> None:
        """Run what the clicked part is for."""
        offset = event.get_content_offset(self)
        if offset is None:
            return
        part = part_at(self._line(offset.y), offset.x, self.room)
        if part is not None and part.act:
            stage_of(self).run_key(part.act)


def _nothing(_: int) -> Lines:
    return ()
