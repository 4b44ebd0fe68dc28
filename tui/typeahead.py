"""Typing ahead: every key arrives where it would have gone had the screen kept up.

The one rule: a key that was pressed after another one waits until that one has had its effect.

Textual hands keys to the widget that has the focus when they are read, and runs what they are
bound to when they have come back up. A burst (a slow machine, a terminal that was stopped) is
read at once, so what follows a tab would still go to the field before it: a digit of the
quantity into the price. The kill switch and leaving wait for nothing.
"""

from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from textual import events
from textual.app import App
from textual.message_pump import MessagePump

PATIENCE_US = 500_000  # a key whose widget vanished under it never comes back up


class TypeAhead:
    """Keys on their way, one at a time, and those that wait for it."""

    def __init__(
        self,
        app: App[Any],
        handle: Callable[[events.Event], Awaitable[None]],
        now_us: Callable[[], int],
        overtakes: Callable[[str], bool],
    ) -> None:
        self._app = app
        self._handle = handle
        self._now_us = now_us
        self._overtakes = overtakes
        self._waiting: deque[events.Key] = deque()
        self._began_us: int | None = None
        self._turn = 0

    async def take(self, key: events.Key) -> None:
        """A key was pressed."""
        if self._overtakes(key.key):
            await self._handle(key)
        elif self._began_us is not None and self._now_us() - self._began_us < PATIENCE_US:
            self._waiting.append(key)
        else:
            self._waiting.append(key)
            await self._next()

    async def _next(self) -> None:
        self._began_us = None
        while self._waiting and self._began_us is None:
            key = self._waiting.popleft()
            target = self._app.focused or self._app.screen
            await self._handle(key)
            if key.is_forwarded:
                self._began_us = self._now_us()
                self._turn += 1
                self._follow(target, self._turn)

    def _follow(self, node: MessagePump | None, turn: int) -> None:
        """Climb behind the key: whatever it does is done before this comes to the same place."""
        while node is not None and node is not self._app:
            if node.call_later(self._follow, node._parent, turn):  # noqa: SLF001 - as it bubbles
                return
            node = node._parent  # noqa: SLF001 - a widget that is closing takes nothing any more
        self._app.call_later(self._arrived, turn)

    async def _arrived(self, turn: int) -> None:
        if turn == self._turn:
            await self._next()
