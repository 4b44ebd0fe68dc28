"""The console: a projector with keys. `tui.run.run_console` is what the wiring calls.

The one rule: every key of `tui/keys.py` that counts everywhere has its action here, and the
kill switch comes first: it works from every screen, dialog and field.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar

from textual import events
from textual.geometry import Size

from domain.halts import GLOBAL, Level
from tui import keys, themes
from tui.options import Graph, Options
from tui.projector import Projector
from tui.screens.host import ONBOARDING, too_small
from tui.signals import Signals
from tui.typeahead import TypeAhead

if TYPE_CHECKING:  # as the projector
    from domain.ports import Desk

HOTKEY_REASON = "kill switch pressed in the console"
_ALWAYS = ("kill", "leave")  # what works even where nothing else has room


class Console(Projector, inherit_bindings=False):
    """The full-screen console over one desk."""

    CSS_PATH = "console.tcss"
    TITLE = "Quarterdeck"
    ENABLE_COMMAND_PALETTE = False
    ALLOW_SELECT = False
    BINDINGS = keys.bindings(keys.GLOBAL)
    KEYS: ClassVar[str] = keys.GLOBAL
    _room = Size(80, 24)  # the terminal's size as the newest resize event told it
    _signals: Signals | None = None

    def __init__(self, desk: "Desk", *, operator: str, options: Options) -> None:
        super().__init__(desk, operator=operator, options=options)
        self._typed = TypeAhead(self, super().on_event, options.monotonic_us, self._overtakes)

    async def on_event(self, event: events.Event) -> None:
        """Keys take turns; everything else comes as it comes."""
        if isinstance(event, events.Key) and not event.is_forwarded:
            await self._typed.take(event)
        else:
            await super().on_event(event)

    def _overtakes(self, key: str) -> bool:
        if len(key) == 1:
            return False  # a letter: in a field it is text, and keeps its place in it
        return any(key in one.keys.split(",") for one in self.key_table if one.action in _ALWAYS)

    def on_mount(self) -> None:
        """Take the signals, choose the layout, begin to poll."""
        if not self.is_headless and self._driver is not None:
            self._signals = Signals(self._driver, self.leave, self._repaint)
        self._room = self.size
        self.host.fit_to(*self._room)
        self._fit()
        self.begin()

    def _repaint(self) -> None:
        self.screen.refresh(layout=True)

    def on_resize(self, event: events.Resize) -> None:
        """Choose the layout; where there is no room for one, say so."""
        self._room = event.size
        self.host.fit_to(*self._room)
        self._fit()
        self.call_after_refresh(self.draw_again)

    @property
    def cramped(self) -> bool:
        """Whether the terminal has no room for a console that can be read."""
        return too_small(*self._room)

    def _fit(self) -> None:
        from tui.screens.too_small import TooSmall  # noqa: PLC0415  rarely needed, never at first

        small = self.cramped
        if small and not isinstance(self.screen, TooSmall):
            self.push_screen(TooSmall(self.kill_switch.left_us))
        elif not small and isinstance(self.screen, TooSmall):
            self.pop_screen()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Where the terminal is too small, only the kill switch and leaving work."""
        if action not in _ALWAYS and self.cramped:
            return False
        return super().check_action(action, parameters)

    def on_descendant_focus(self) -> None:
        """Another widget has the keys: the footer says which ones."""
        self.host.show_footer()

    # Going about

    def visit(self, name: str, *, filter_by: str | None = None) -> None:
        """Go to a screen, filtered if wanted."""
        self.call_later(self._visit, name, filter_by)

    async def _visit(self, name: str, filter_by: str | None) -> None:
        await self.action_go(name)
        if filter_by is not None and self.host.page is not None:
            self.host.page.filter_by(filter_by)

    def open_ticket(self, words: str = "") -> None:
        """Go to the ticket, filled from words."""
        self.call_later(self._open_ticket, words)

    async def _open_ticket(self, words: str) -> None:
        from tui.screens.orders import Orders  # noqa: PLC0415  loaded on the first visit

        await self.action_go("orders")
        if isinstance(self.host.page, Orders):
            self.host.page.open_ticket(words)

    def run_key(self, action: str) -> None:
        """Do what the key with this action does, where the keys go now."""
        self.call_later(self._run_key, action)

    async def _run_key(self, action: str) -> None:
        name = action.partition("(")[0]
        for node in self._key_chain():
            if hasattr(node, f"action_{name}"):
                await self.run_action(action, node)
                return

    def _key_chain(self) -> Iterator[Any]:
        if self.screen.focused is not None:
            yield from self.screen.focused.ancestors_with_self
        if self.host.page is not None:
            yield from (*self.host.page.query("*"), self.host.page)
        yield self

    # Keys

    def action_kill(self) -> None:
        """First press: open the panel. Second press: engage."""
        from tui.screens.kill_panel import KillPanel  # noqa: PLC0415  loaded by the first press

        second = self.kill_switch.press()
        if not self.cramped and not isinstance(self.screen, KillPanel):
            panel = KillPanel(self.engage_kill, self.kill_switch.left_us)
            self.push_screen(panel, lambda _: self.kill_switch.presses.forget())
        if second:
            self.engage_kill(HOTKEY_REASON)
        self.draw_again()

    def engage_kill(
        self, reason: str, scope: str = GLOBAL, level: Level = Level.HALT_CANCEL
    ) -> None:
        """Trip the kill switch now; over everything, unless the operator chose less."""
        self.run_worker(self.kill_switch.trip(reason, scope, level), group="kill")

    async def action_go(self, name: str) -> None:
        """Visit a screen."""
        if self.host.current != ONBOARDING:
            await self.host.visit(name)

    async def action_previous(self) -> None:
        """The screen before this one."""
        if self.host.previous:
            await self.host.visit(self.host.previous)

    async def action_back(self) -> None:
        """Undo one step on the page, else give the keys back to its main table."""
        page = self.host.page
        if page is not None and not page.go_back():
            self.host.set_focus(page.first_focus())

    async def action_palette(self) -> None:
        """Open the command palette, and have it take the keys that follow."""
        from tui.screens.palette import Palette  # noqa: PLC0415  loaded when first wanted

        await self.push_screen(Palette())

    def action_help(self) -> None:
        """Open the help."""
        from tui.screens.help import Help  # noqa: PLC0415  loaded when first wanted

        self.push_screen(Help(self.host.context))

    async def action_ticket(self) -> None:
        """Open the ticket, and have it take the keys that follow."""
        await self._open_ticket("")

    def action_acknowledge(self) -> None:
        """Acknowledge every alarm."""
        from domain.asks import AcknowledgeAlarm  # noqa: PLC0415  as the ports

        if any(not alarm.acknowledged for alarm in self.picture.board.alarms):
            self.send(AcknowledgeAlarm(), lambda _: self.say("alarms acknowledged"))
        else:
            self.say("no alarm is waiting")

    def action_filter(self) -> None:
        """Let a filter be typed for the page's table."""
        if self.host.page is not None:
            self.host.page.start_filter()

    def action_mask(self) -> None:
        """Hide or show amounts."""
        self.draw_again(masked=not self.picture.masked)

    def action_refresh(self) -> None:
        """Ask for the page's data again."""
        if self.host.page is not None:
            self.host.page.refresh_data()

    def action_theme(self) -> None:
        """The next theme."""
        self.theme = themes.after(self.theme)

    def action_graph(self) -> None:
        """Draw charts with the next kind of characters."""
        kinds = list(Graph)
        self.graph = kinds[(kinds.index(self.graph) + 1) % len(kinds)]
        self.draw_again()
        self.say(f"charts are drawn with {self.graph.value}")

    def action_triggers(self) -> None:
        """Show what would halt the desk by itself."""
        from tui.screens.triggers import TriggersDialog  # noqa: PLC0415  loaded when first wanted

        self.show_dialog(TriggersDialog())

    def action_leave(self) -> None:
        """Leave; where the engine would stop with the console, ask first."""
        from tui.screens.quit import Quit  # noqa: PLC0415  loaded when first wanted

        if self.options.attached or self.cramped:
            self.leave("quit")
        elif not isinstance(self.screen, Quit):
            self.push_screen(Quit(), lambda yes: self.leave("quit") if yes else None)
