"""Fields of one line: a choice among few, a row of chips, a button, a labelled row.

The one rule: every field says with its own shape whether the keys go to it.
"""

from collections.abc import Sequence
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Input

from tui.lines import FILL, Line, Part, part_at, strip_of
from tui.stage import stage_of


class OneLine(Widget):
    """A widget of one line that is drawn from parts."""

    def parts(self) -> Line:
        """What the line shows now."""
        raise NotImplementedError

    def render_line(self, y: int) -> Strip:
        """The line, on the widget's own background."""
        line = self.parts() if y == 0 else ()
        return strip_of(line, self.size.width, self.rich_style, stage_of(self).tones)


class Choice(OneLine, can_focus=True):
    """One of a few values: left and right step through them, a letter jumps to one."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "step(-1)", show=False),
        Binding("right,space", "step(1)", show=False),
    ]

    class Changed(Message):
        """Another value was chosen by the operator."""

        def __init__(self, choice: "Choice") -> None:
            super().__init__()
            self.choice = choice

        @property
        def control(self) -> "Choice":
            """The field, for `@on` selectors."""
            return self.choice

    def __init__(self, values: Sequence[str], *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.values: Sequence[str] = values
        self.value = values[0] if values else ""
        self.tones: dict[str, str] = {}

    def offer(self, values: Sequence[str]) -> None:
        """Offer these values; the chosen one stays if it is among them."""
        if list(values) == list(self.values):
            return
        self.values = values
        if self.value not in values:
            self.value = values[0] if values else ""
        self.refresh()

    def choose(self, value: str) -> None:
        """Choose a value, if it is offered."""
        if value in self.values and value != self.value:
            self.value = value
            self.refresh()
            self.post_message(self.Changed(self))

    def parts(self) -> Line:
        """`◂ limit ▸`; the arrows only where the keys go and there is a choice."""
        several = len(self.values) > 1
        arrows = ("◂", " ▸") if self.has_focus and several else (" ", " ▾" if several else "")
        tone = self.tones.get(self.value, "strong")
        return (Part(arrows[0], "accent"), Part(self.value, tone), Part(arrows[1], "dim"))

    def action_step(self, step: int) -> None:
        """The next or previous value."""
        if self.values:
            place = list(self.values).index(self.value) if self.value in self.values else 0
            self.choose(self.values[(place + step) % len(self.values)])

    def on_key(self, event: events.Key) -> None:
        """Jump to the next value that begins with the letter."""
        letter = event.character or ""
        if not letter.isalnum():
            return
        values = list(self.values)
        place = values.index(self.value) if self.value in values else -1
        for value in values[place + 1 :] + values[: place + 1]:
            if value.lower().startswith(letter.lower()):
                event.stop()
                self.choose(value)
                return

    def on_click(self) -> None:
        """A click chooses the next value."""
        self.action_step(1)


class Push(OneLine, can_focus=True):
    """A button of one line. It answers only to enter and clicks while it has the focus."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter,space", "push", show=False)]

    class Pushed(Message):
        """The button was pushed."""

        def __init__(self, push: "Push") -> None:
            super().__init__()
            self.push = push

        @property
        def control(self) -> "Push":
            """The button, for `@on` selectors."""
            return self.push

    def __init__(self, label: str, tone: str = "strong", *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.label = label
        self.tone = tone
        self.styles.width = len(label) + 6

    def parts(self) -> Line:
        """`▸ Cancel ◂` where the keys go, else `[ Cancel ]`."""
        left, right = ("▸ ", " ◂") if self.has_focus else ("  ", "  ")
        return (Part(f" {left}"), Part(self.label, self.tone), Part(f"{right} "))

    def action_push(self) -> None:
        """Tell that it was pushed."""
        self.post_message(self.Pushed(self))

    def on_click(self) -> None:
        """A click pushes."""
        self.action_push()


class Chips(OneLine):
    """A row of words that the field above takes: typed there, or clicked here."""

    class Picked(Message):
        """A word was clicked."""

        def __init__(self, value: str) -> None:
            super().__init__()
            self.value = value

    def __init__(self, values: Sequence[str]) -> None:
        super().__init__()
        self._line: Line = [FILL, *(Part(f"{value}  ", "key") for value in values)]

    def parts(self) -> Line:
        """The words at the right."""
        return self._line

    def on_click(self, event: events.Click) -> None:
        """A click picks the word under it."""
        part = part_at(self._line, event.x, self.size.width)
        if part is not None and part.text.strip():
            self.post_message(self.Picked(part.text.strip()))


class Labelled(Horizontal):
    """Fields with their label to the left of them."""

    def __init__(self, label: str, *fields: Widget) -> None:
        super().__init__()
        self._label = label
        self._fields = fields

    def compose(self) -> ComposeResult:
        """Label, fields."""
        yield Label(self._label)
        yield from self._fields


class Label(OneLine):
    """A word that names a field."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text

    def parts(self) -> Line:
        """The word, faint."""
        return (Part(self._text, "dim"),)


def typed(placeholder: str, *, id: str, secret: bool = False, restrict: str | None = None) -> Input:  # noqa: A002
    """A compact text field."""
    return Input(placeholder=placeholder, id=id, compact=True, password=secret, restrict=restrict)
