"""The kill switch's key, and what happens when it was pressed twice (decisions.md).

The one rule: the second press counts from 300 ms to 3 s after the latest event of the key; a
held key repeats, and each repetition starts the wait again. Once engaged, whatever fails leads
to the next step: the engine, then `quarterdeck --kill`, then the operator's own hands.
"""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from domain.board import Board
from domain.errors import Refused, Unavailable
from domain.halts import GLOBAL, Level
from domain.text import clean
from tui.options import Options

if TYPE_CHECKING:  # the ports know every fact: 30 ms that no screen needs
    from domain.ports import Desk

FIRST_US = 300_000
LAST_US = 3_000_000


class DoublePress:
    """Tells the second press from the first, from a bouncing key, and from a held one."""

    def __init__(self) -> None:
        self._latest_us: int | None = None

    def press(self, at_us: int) -> bool:
        """The key said something at `at_us` (monotonic); whether that is the second press."""
        latest, self._latest_us = self._latest_us, at_us
        if latest is None or not FIRST_US <= at_us - latest <= LAST_US:
            return False
        self._latest_us = None
        return True

    def left_us(self, now_us: int) -> int:
        """How long a second press would still count; 0 when the next press is a first one."""
        if self._latest_us is None:
            return 0
        return max(0, self._latest_us + LAST_US - now_us)

    def forget(self) -> None:
        """The panel was closed: the next press is a first one."""
        self._latest_us = None


class KillSwitch:
    """The console's end of the kill switch. `changed` is called when `note` says another thing."""

    def __init__(self, desk: "Desk", options: Options, changed: Callable[[], None]) -> None:
        self.note = ""
        self.presses = DoublePress()
        self._desk = desk
        self._options = options
        self._changed = changed
        self._halts_then = desk.board.halts

    def press(self) -> bool:
        """The key was pressed; whether that engages."""
        return self.presses.press(self._options.monotonic_us())

    def left_us(self) -> int:
        """How long a second press would still count."""
        return self.presses.left_us(self._options.monotonic_us())

    def watch(self, board: Board) -> None:
        """The newest board: once it shows another halt, the note has done its work."""
        if self.note and board.halts != self._halts_then:
            self.note = ""

    async def trip(
        self, reason: str, scope: str = GLOBAL, level: Level = Level.HALT_CANCEL
    ) -> None:
        """Trip the kill switch; without an answer in time start `--kill` in its own process."""
        self._halts_then = self._desk.board.halts
        self._tell("killing: the engine was asked")
        try:
            from domain.asks import Trip  # noqa: PLC0415  as the ports; it fails to the next step

            async with asyncio.timeout(self._options.kill_timeout_ms / 1_000):
                await self._desk.ask(Trip(reason=reason, scope=scope, level=level))
        except Exception as error:  # noqa: BLE001  kill step → next step, whatever failed
            if isinstance(error, Refused) and scope != GLOBAL:
                self._tell(str(error))  # a scope that the desk has not: nothing was asked of it
                return
            if self._desk.board.halts == self._halts_then:
                less = (scope, level) != (GLOBAL, Level.HALT_CANCEL)
                terms = ("--scope", scope, "--level", level.name) if less else ()
                self._tell(self._spawned(reason, error, *terms))
                return
        self._tell("")

    def _tell(self, note: str) -> None:
        self.note = note
        self._changed()

    def _spawned(self, reason: str, error: Exception, *terms: str) -> str:
        if isinstance(error, TimeoutError):
            why = "the engine did not answer"
        elif isinstance(error, Unavailable):
            why = f"the engine cannot answer ({clean(error.why, longest=80)})"
        else:
            why = f"the engine failed ({type(error).__name__})"
        try:
            told = self._options.spawn_kill(reason, *terms)
        except Exception as fault:  # noqa: BLE001  kill step → next step: the operator's own hands
            told = f"--kill could not be started ({type(fault).__name__}): run `quarterdeck --kill`"
        return f"{why}: {told}"
