"""The projector: reads the newest board a few times a second and draws it; carries the asks.

The one rule: it holds no truth and waits for nobody. `desk.board` is read, never awaited, and
every ask runs beside the keys with a time limit.
"""

import asyncio
from collections.abc import Callable, Mapping
from threading import Thread
from typing import TYPE_CHECKING, Any, TypeVar

from rich.console import RenderableType
from rich.style import Style
from textual.app import App
from textual.screen import Screen
from textual.theme import Theme
from textual.worker import Worker

from domain.board import Board
from tui import keys, themes
from tui.crash import crash_report
from tui.keymap import usable
from tui.kill import KillSwitch
from tui.lines import plain
from tui.notices import AlarmWatch, Pulse, Quiet
from tui.options import Graph, Options
from tui.phases import desk_is_empty, starting
from tui.screens.host import ONBOARDING, Host
from tui.screens.registry import HOME
from tui.stage import Picture
from tui.tones import styles

if TYPE_CHECKING:  # the ports and asks know every fact: 30 ms that no screen needs
    from domain.asks import Ask
    from domain.ports import Desk
    from tui.outcomes import Failure

R = TypeVar("R")
_TOAST_S = 6
_SECOND_US = 1_000_000
TERMINAL_GONE = "hangup"
ENGINE_GONE = "engine"


class Projector(App[str], inherit_bindings=False):
    """Everything of the console but its keys: the stage that screens see."""

    def __init__(self, desk: "Desk", *, operator: str, options: Options) -> None:
        super().__init__()
        self.desk = desk
        self.operator = operator
        self.options = options
        self.graph: Graph = options.graph
        keymap, self.key_problems = usable(options.keymap)
        self.key_table = keys.with_keymap(keymap)
        self.set_keymap(keymap)
        for theme in themes.THEMES:
            self.register_theme(theme)
        # Set without telling: the watcher would parse the style sheet a second time.
        self.set_reactive(
            App.theme, options.theme if options.theme in themes.NAMES else themes.DEFAULT
        )
        self.stylesheet.set_variables(self.get_css_variables())
        self.kill_switch = KillSwitch(desk, options, self.draw_again)
        self.picture = Picture(desk.board, options.now_us(), masked=options.masked)
        self.host = Host(ONBOARDING if desk_is_empty(self.picture.board) else HOME)
        self._tones: Mapping[str, Style] = {}
        self._pulse = Pulse(options.engine_silent_ms)
        self._alarms = AlarmWatch(self.picture.board)
        self._quiet = Quiet()
        self._title = ""
        self._leaving = ""

    def get_default_screen(self) -> Screen[Any]:
        """The one screen below the dialogs."""
        return self.host

    def begin(self) -> None:
        """Poll from now on, and say what is wrong with the user's keys."""
        self.theme_changed_signal.subscribe(self, self._theme_changed)
        self._retitle()
        self.set_interval(1 / self.options.polls_per_second, self.poll)
        self.call_after_refresh(self.options.painted)
        for problem in self.key_problems:
            self.say(f"keymap: {problem}", "warning", key=problem)

    # Drawing

    def poll(self) -> None:
        """Draw the newest board if it is another one, or if a second has passed."""
        if self._terminal_gone:
            self.leave(TERMINAL_GONE)
            return
        if self.options.engine_ended():
            self.leave(ENGINE_GONE)
            return
        board, now_us, before = self.desk.board, self.options.now_us(), self.picture
        silent = self._pulse.silent(board, self.options.monotonic_us())
        same_second = now_us // _SECOND_US == before.now_us // _SECOND_US
        if board is before.board and same_second and silent == before.engine_silent:
            return
        self.kill_switch.watch(board)
        self._follow_phase(before.board, board)
        self._draw(Picture(board, now_us, before.masked, silent, self.kill_switch.note))
        for severity, text, key in self._alarms.fresh(board):
            self.say(text, severity, key=key)
            if self.options.bell and severity == "error":
                self.bell()

    def _follow_phase(self, before: Board, board: Board) -> None:
        onboarding = self.host.current == ONBOARDING
        if desk_is_empty(board) and not onboarding:
            self.call_later(self.host.begin_at, ONBOARDING)
        elif onboarding and board.accounts:
            self.call_later(self.host.begin_at, HOME)
        elif starting(before) and not starting(board) and self.host.page is not None:
            self.host.page.refresh_data()  # what it asked for while nobody could answer

    @property
    def _terminal_gone(self) -> bool:
        # Textual writes in a thread; without it the next frames would fill its queue, and wait.
        writer = getattr(self._driver, "_writer_thread", None)
        return isinstance(writer, Thread) and not writer.is_alive()

    def draw_again(self, *, masked: bool | None = None) -> None:
        """Draw what is known already, because something of ours has changed."""
        before = self.picture
        shown = before.masked if masked is None else masked
        note = self.kill_switch.note
        now_us = self.options.now_us()
        self._draw(Picture(self.desk.board, now_us, shown, before.engine_silent, note))

    def _draw(self, picture: Picture) -> None:
        self.picture = picture
        stack = self.screen_stack
        for screen in stack:
            if hasattr(screen, "show"):
                screen.show(picture)
        for between in stack[1:-1]:
            # Textual keeps what a dialog saw behind itself while another dialog is over it.
            between.refresh()
        self._retitle()

    def _retitle(self) -> None:
        board = self.picture.board
        title = f"● {board.mode.value} console"
        if board.killed:
            title = f"■ KILLED · {board.mode.value} console"
        if title != self._title and self._driver is not None and not self.is_headless:
            self._title = title
            self._driver.write(f"\x1b]2;{title}\x07")

    @property
    def tones(self) -> Mapping[str, Style]:
        """The styles of the present theme by meaning."""
        if not self._tones:
            self._tones = styles(self.theme_variables)
        return self._tones

    def _theme_changed(self, _: Theme) -> None:
        self.call_after_refresh(self._restyle)

    def _restyle(self) -> None:
        self._tones = {}
        self.host.restyle()
        self.draw_again()

    # Asking and telling

    def send(
        self,
        ask: "Ask[R]",
        then: Callable[[R], None],
        *,
        failed: Callable[["Failure"], None] | None = None,
        group: str = "",
    ) -> None:
        """Ask the desk without waiting; a newer ask of the same group replaces an older one."""

        async def work() -> None:
            await self._asked(ask, then, failed or self._tell_failure)

        # A function, not its coroutine: a newer ask may cancel this one before it begins.
        _: Worker[None] = self.run_worker(work, group=group or "asks", exclusive=bool(group))

    async def _asked(
        self, ask: "Ask[R]", then: Callable[[R], None], failed: Callable[["Failure"], None]
    ) -> None:
        try:
            async with asyncio.timeout(self.options.ask_timeout_ms / 1_000):
                answer = await self.desk.ask(ask)
        except Exception as error:  # noqa: BLE001  a boundary: whatever it is, it becomes a Failure
            from tui.outcomes import failure  # noqa: PLC0415  as the ports

            told = failure(error, ask)
            if told.grave:
                self._show_grave(told)
            failed(told)
        else:
            then(answer)

    def _tell_failure(self, told: "Failure") -> None:
        self.say(told.text, "error" if told.tone == "halt" else "warning", key=told.text)

    def _show_grave(self, told: "Failure") -> None:
        from tui.screens.notice import Notice  # noqa: PLC0415  rarely needed, never at first

        self.push_screen(Notice(told.text))

    def say(self, text: str, severity: str = "information", *, key: str = "") -> None:
        """Show a toast; one with a key at most once in 60 s."""
        if not key or self._quiet.may_say(key, self.options.monotonic_us()):
            toast = plain(text)  # a toast is drawn by Textual, which takes out nothing
            self.notify(toast, severity=severity, markup=False, timeout=_TOAST_S)  # type: ignore[arg-type]

    def show_dialog(self, dialog: Screen[Any], then: Callable[[Any], None] | None = None) -> None:
        """Put a dialog over the screen."""
        self.push_screen(dialog, then)

    def copy(self, text: str, what: str) -> None:
        """Put text on the terminal's clipboard and say so."""
        self.copy_to_clipboard(text)
        self.say(f"copied {what} (if your terminal allows OSC 52)")

    def leave(self, reason: str) -> None:
        """End the console; the first reason is the one that is told."""
        if not self._leaving:
            self._leaving = reason
            self.exit(reason)

    def panic(self, *renderables: RenderableType) -> None:
        """End because the terminal cannot be read any more, or because of a fault."""
        if renderables and type(renderables[0]).__name__ == "Traceback":
            self.leave(TERMINAL_GONE)  # Textual's input thread died: there is no terminal
        else:
            super().panic(*renderables)

    def _fatal_error(self) -> None:
        # Textual's own would print every local of every frame, secrets among them.
        error = self._exception
        if error is not None:
            self.options.crashed(error)
            self._exit_renderables.append(crash_report(error, attached=self.options.attached))
        self._close_messages_no_wait()
