"""The command palette: type a name or a code, and words for it.

`risk` goes to the risk screen, `blt kraken` filters the blotter, `buy 0.1 btc/usd @60000` fills
the ticket. The one rule: the palette goes and fills in; it never sends anything by itself.
"""

from collections.abc import Sequence
from typing import ClassVar, NamedTuple

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen
from textual.widgets import Input

from tui.keys import Key
from tui.lines import FILL, Line, Lines, Part
from tui.screens.registry import SCREENS
from tui.stage import Stage, stage_of
from tui.widgets.panel import Panel, Sheet

_TRADES = ("buy", "sell")
_ALSO = {"pos": "DASH", "bl": "BLT", "fills": "BLT", "hlt": "HLTH"}
_MOST = 14
_MEANS_HELP = 3  # a word this long may also be looked for in what a command does


class Command(NamedTuple):
    """One thing the palette can do: its code, its name, the key that does it too."""

    code: str
    label: str
    help: str
    shown: str
    action: str
    screen: str = ""
    dangerous: bool = False


class Palette(ModalScreen[None]):
    """A field above a short list."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "close", show=False),
        Binding("down", "step(1)", show=False),
        Binding("up", "step(-1)", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._field = Input(placeholder="code or name, e.g. risk · blt kraken · buy 0.1 btc/usd",
                            compact=True, id="command")  # fmt: skip
        self._list = Sheet(id="commands")
        self._place = 0
        self._shown: Sequence[Command] = ()

    @property
    def stage(self) -> Stage:
        """The console that holds the palette."""
        return stage_of(self)

    def compose(self) -> ComposeResult:
        """Field, list."""
        with Panel("Command", id="palette"):
            yield self._field
            yield self._list

    def on_mount(self) -> None:
        """Show everything."""
        self.set_focus(self._field)
        self._search("")

    @on(Input.Changed)
    def _typed(self, message: Input.Changed) -> None:
        message.stop()
        self._place = 0
        self._search(message.value)

    def _search(self, text: str) -> None:
        self._shown = matching(text, commands(self.stage.key_table))[:_MOST]
        self._draw()

    def _draw(self) -> None:
        place = self._place
        self._list.draw(lambda _: _lines(self._shown, place))

    def action_step(self, step: int) -> None:
        """Another command of the list."""
        if self._shown:
            self._place = (self._place + step) % len(self._shown)
            self._draw()

    def action_close(self) -> None:
        """Back to the screen."""
        self.dismiss(None)

    @on(Input.Submitted)
    def _entered(self, message: Input.Submitted) -> None:
        message.stop()
        first, _, rest = message.value.strip().partition(" ")
        if first.lower() in _TRADES:
            self._close_and(lambda stage: stage.open_ticket(message.value.strip()))
        elif self._shown:
            self._run(self._shown[self._place], rest.strip())

    def on_click(self, event: events.Click) -> None:
        """A click runs the command under it."""
        if event.widget is self._list and 0 <= event.y < len(self._shown):
            self._run(self._shown[event.y], "")

    def _run(self, command: Command, words: str) -> None:
        if command.screen:
            self._close_and(lambda stage: stage.visit(command.screen, filter_by=words or None))
        else:
            self._close_and(lambda stage: stage.run_key(command.action))

    def _close_and(self, act: object) -> None:
        stage = self.stage
        self.dismiss(None)
        act(stage)  # type: ignore[operator]


def commands(table: Sequence[Key]) -> list[Command]:
    """Every command: screens first, then every key that has a code."""
    screens = {f"go.{line.name}": line.name for line in SCREENS}
    return [
        Command(key.code, key.label, key.help, key.shown if key.keys else "", key.action,
                screens.get(key.id, ""), key.dangerous)
        for key in table
        if key.code
    ]  # fmt: skip


def matching(text: str, every: Sequence[Command]) -> list[Command]:
    """The commands that the first word means, the best first; all when nothing is typed."""
    word = text.strip().partition(" ")[0].lower()
    if not word:
        return list(every)
    wanted = _ALSO.get(word, word).lower()
    ranked = [(rank, command) for command in every if (rank := _rank(wanted, command)) is not None]
    return [command for _, command in sorted(ranked, key=lambda pair: pair[0])]


def _rank(word: str, command: Command) -> int | None:
    code, label = command.code.lower(), command.label.lower()
    if code == word:
        return 0
    if code.startswith(word):
        return 1
    if label.startswith(word):
        return 2
    if any(part.startswith(word) for part in label.split()):
        return 3
    return 4 if len(word) >= _MEANS_HELP and word in command.help.lower() else None


def _lines(shown: Sequence[Command], place: int) -> Lines:
    if not shown:
        return [[Part("no such command · buy and sell fill the ticket", "dim")]]
    return [_line(command, here=number == place) for number, command in enumerate(shown)]


def _line(command: Command, *, here: bool) -> Line:
    tone = "danger" if command.dangerous else "key"
    return [
        Part("▸ " if here else "  ", "accent"),
        Part(f"{command.code:<7}", tone),
        Part(f"{command.label:<15}", "strong" if here else ""),
        Part(command.help, "" if here else "dim"),
        FILL,
        Part(f" {command.shown}", "dim"),
    ]
