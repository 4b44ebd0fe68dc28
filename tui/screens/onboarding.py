"""The first screen of a desk without accounts: ways to begin, and what this console is.

The one rule: nothing here writes a setting or takes a secret; it says what to type, and starts
what needs nothing typed.
"""

from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widget import Widget

from domain.board import Board
from tui.keys import KILL, Key
from tui.lines import Line, Lines, Part, wrapped
from tui.options import Start
from tui.screens.page import Page
from tui.stage import Picture
from tui.widgets.dialog import Reading, sentence
from tui.widgets.panel import Panel, Sheet

_CARDS = {
    Start.DEMO: (
        "Try the demo",
        (
            "No keys, no network. Four simulated venues move, an order can be placed and filled, "
            "and the kill switch can be pulled, with nothing at stake."
        ),
    ),
    Start.PAPER: (
        "Paper trading",
        (
            "Live public prices, simulated orders. No keys; the same gate, the same ledger and the "
            "same screens as with real money."
        ),
    ),
    Start.KEYS: (
        "Add an account",
        (
            "Read-only keys first: watch balances, fills and orders of a real account. Keys that "
            "trade come later, one venue at a time."
        ),
    ),
}
_PROMISES = (
    ("ok", "It refuses every order that breaks a limit, and says which one and by how much."),
    ("ok", "One key, pressed twice, stops all trading; nothing restarts by itself."),
    ("warn", "It never sends an order twice and never guesses what became of one."),
    ("warn", "It never shows a key, never writes one down, never trades by default."),
)
_USEFUL = (KILL, "app.help", "app.quit")
_STEPS = (
    "1  In config/trading_config.yaml name the venue under `exchanges` and enable it:",
    "",
    "     exchanges:",
    "       kraken:",
    "         enabled: true",
    "",
    "2  Give it a key that may only read. Where: the keyring, Vault, AWS, or for a try the",
    "   environment: KRAKEN_READ_API_KEY and KRAKEN_READ_API_SECRET.",
    "",
    "3  quarterdeck doctor       says what is still missing",
    "4  quarterdeck --observe    watches, and can place no order",
)


class Onboarding(Page):
    """Cards by number."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("1", "choose(0)", show=False),
        Binding("2", "choose(1)", show=False),
        Binding("3", "choose(2)", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._hello = Sheet(id="hello")
        self._promises = Sheet(id="promises")
        self._cards: list[StartCard] = []

    def compose(self) -> ComposeResult:
        """A greeting, the cards, the promises."""
        yield self._hello
        offers = self.stage.options.offers
        self._cards = [StartCard(number, start) for number, start in enumerate(offers, 1)]
        with Horizontal(id="start-cards"):
            yield from self._cards
        yield self._promises

    def show(self, picture: Picture) -> None:
        """Nothing here changes with the board."""
        del picture
        self._hello.show([
            [Part("Welcome to Quarterdeck.", "strong")],
            [Part("No account is configured yet. Press a number:", "dim")],
        ])  # fmt: skip
        self._promises.draw(_promise_lines)

    def first_focus(self) -> Widget | None:
        """The first card."""
        return self._cards[0] if self._cards else None

    def start_filter(self) -> None:
        """There is nothing to filter."""

    def offers(self, key: Key, board: Board) -> bool:
        """Before there is an account, little else makes sense."""
        del board
        return key.id in _USEFUL

    def action_choose(self, place: int) -> None:
        """Begin as the card says."""
        offers = self.stage.options.offers
        if place >= len(offers):
            return
        if offers[place] is Start.KEYS:
            self.stage.show_dialog(Reading("add an account", step_lines))
        else:
            self.stage.leave(offers[place].value)


class StartCard(Panel, can_focus=True):
    """One way to begin."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,space", "begin", show=False),
        Binding("right,down", "app.focus_next", show=False),
        Binding("left,up", "app.focus_previous", show=False),
    ]

    def __init__(self, number: int, start: Start) -> None:
        self._title, self._text = _CARDS[start]
        super().__init__(f"{number}  {self._title}")
        self._number = number
        self._sheet = Sheet()

    def compose(self) -> ComposeResult:
        """What it is."""
        yield self._sheet

    def on_mount(self) -> None:
        """Draw it."""
        self._sheet.draw(self._lines)

    def _lines(self, width: int) -> Lines:
        text: list[Line] = [[Part(row)] for row in wrapped(self._text, width)]
        return [*text, (), [Part(f" {self._number} ", "key"), Part("or enter", "dim")]]

    def action_begin(self) -> None:
        """Begin."""
        page = next(node for node in self.ancestors if isinstance(node, Onboarding))
        page.action_choose(self._number - 1)

    def on_click(self, event: events.Click) -> None:
        """A click begins too."""
        event.stop()
        self.action_begin()


def step_lines(picture: Picture, width: int) -> Lines:
    """The steps to a first account."""
    del picture, width
    return [sentence(step) for step in _STEPS]


def _promise_lines(width: int) -> Lines:
    lines: list[Line] = [[Part("What this console will do, and what it will never do", "dim")]]
    for tone, text in _PROMISES:
        sign = "✓ " if tone == "ok" else "✗ "
        first, *rest = wrapped(text, max(20, width - 2))
        lines.append([Part(sign, tone), Part(first)])
        lines.extend([Part("  "), Part(row)] for row in rest)
    return lines
