"""The signals of a terminal: what ends the console, what stops it for a while.

The one rule: a terminal that is gone ends the console, whatever the shell said of SIGHUP. The
kernel sends SIGCONT right behind it; that must not make Textual take a dead terminal anew.
"""

import asyncio
import os
import signal
from collections.abc import Callable
from typing import Protocol

ENDINGS = {
    signal.SIGHUP: "hangup",
    signal.SIGTERM: "terminated",
    signal.SIGINT: "interrupted",
}


class Screenful(Protocol):
    """A driver that can let go of the terminal and take it again."""

    def suspend_application_mode(self) -> None:
        """Give the terminal back."""
        ...

    def resume_application_mode(self) -> None:
        """Take the terminal again."""
        ...


class Signals:
    """Takes the signals over from Textual, for as long as the loop runs."""

    def __init__(
        self, driver: Screenful, leave: Callable[[str], None], redraw: Callable[[], None]
    ) -> None:
        self._driver = driver
        self._leave = leave
        self._redraw = redraw
        self._leaving = False
        loop = asyncio.get_running_loop()
        for number, reason in ENDINGS.items():
            loop.add_signal_handler(number, self._end, reason)
        loop.add_signal_handler(signal.SIGTSTP, self._stop)
        loop.add_signal_handler(signal.SIGCONT, self._go_on)

    def _end(self, reason: str) -> None:
        self._leaving = True
        self._leave(reason)

    def _stop(self) -> None:
        """Stopped from the shell: it shall have its terminal meanwhile."""
        self._driver.suspend_application_mode()
        os.kill(os.getpid(), signal.SIGSTOP)
        self._driver.resume_application_mode()
        self._redraw()

    def _go_on(self) -> None:
        """Somebody stopped us and let us go on: the shell may have changed the terminal."""
        if not self._leaving:
            self._driver.suspend_application_mode()
            self._driver.resume_application_mode()
            self._redraw()
