"""What screens and dialogs may ask of the console that holds them.

The one rule: a screen knows this page, never the app itself; so each can be read, and tested,
alone.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast

from rich.style import Style
from textual.screen import Screen
from textual.widget import Widget

from domain.board import Board
from tui.format import MASK
from tui.keys import Key
from tui.options import Graph, Options

if TYPE_CHECKING:  # the asks know every fact: 30 ms that no screen needs
    from domain.asks import Ask
    from tui.outcomes import Failure

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Picture:
    """What is to be drawn: the newest board, the console's own time, how amounts are shown."""

    board: Board
    now_us: int
    masked: bool = False
    engine_silent: bool = False
    kill_note: str = ""

    def amount(self, text: str) -> str:
        """An amount, or dots in its place while amounts are masked."""
        return MASK if self.masked else text


class Stage(Protocol):
    """The console as a screen sees it."""

    picture: Picture
    options: Options
    operator: str
    graph: Graph
    key_table: tuple[Key, ...]
    key_problems: tuple[str, ...]

    @property
    def tones(self) -> Mapping[str, Style]:
        """The styles of the present theme by meaning."""
        ...

    def send(
        self,
        ask: "Ask[R]",
        then: Callable[[R], None],
        *,
        failed: Callable[["Failure"], None] | None = None,
        group: str = "",
    ) -> None:
        """Ask the desk without waiting; a newer ask of the same `group` replaces an older one."""
        ...

    def say(self, text: str, severity: str = "information", *, key: str = "") -> None:
        """Show a toast; one with a `key` at most once in 60 s."""
        ...

    def show_dialog(self, dialog: Screen[Any], then: Callable[[Any], None] | None = None) -> None:
        """Put a dialog over the screen; `then` gets what it is closed with."""
        ...

    def visit(self, name: str, *, filter_by: str | None = None) -> None:
        """Go to a screen, filtered if wanted."""
        ...

    def open_ticket(self, words: str = "") -> None:
        """Go to the ticket, filled from words such as `buy 0.1 BTC/USD @60000 kraken`."""
        ...

    def copy(self, text: str, what: str) -> None:
        """Put text on the terminal's clipboard (OSC 52) and say so."""
        ...

    def run_key(self, action: str) -> None:
        """Do what the key with this action does."""
        ...

    def leave(self, reason: str) -> None:
        """End the console; `reason` is what `run_console` returns."""
        ...


def stage_of(widget: Widget) -> Stage:
    """The console that holds the widget."""
    return cast("Stage", widget.app)
