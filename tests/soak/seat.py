"""A seat at the desk: attached over its socket, again and again, whatever happens to the engine.

The one rule: nobody who sits here ever waits for an engine that is gone; an ask is answered, or
refused, or unavailable.
"""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import TypeVar

from cli.clock import SystemClock
from domain.asks import Ask
from domain.board import Board, Phase
from domain.errors import Unavailable
from engine.remote import RemoteDesk, attached
from risk.codes import seconds_left, step_at
from tests.soak.home import Home

R = TypeVar("R")
AGAIN_S = 0.2
HZ = 4


class Seat:
    """The desk as this process sees it; `board` is the last one that was shown."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._desk: RemoteDesk | None = None
        self.board: Board | None = None
        self.attachments = 0

    @property
    def at_desk(self) -> bool:
        """Whether an engine answers."""
        return self._desk is not None

    @property
    def ready(self) -> bool:
        """Whether the engine has started up."""
        board = self.board
        return self.at_desk and board is not None and board.phase in (Phase.READY, Phase.ARMED)

    async def run(self) -> None:
        """Stay attached, for ever."""
        while True:
            async with AsyncExitStack() as stack:
                try:
                    await self._sit(stack)
                except Unavailable:
                    pass
                finally:
                    self._desk = None
            await asyncio.sleep(AGAIN_S)

    async def _sit(self, stack: AsyncExitStack) -> None:
        sockets = self._home.sockets
        if not sockets:
            raise Unavailable("engine", "nothing listens")
        desk = await stack.enter_async_context(attached(sockets[0], hz=HZ))
        self._desk = desk
        self.attachments += 1
        async for board in desk.watch():
            self.board = board

    async def ask(self, ask: Ask[R]) -> R:
        """The engine's answer. Unavailable while there is none."""
        if self._desk is None:
            raise Unavailable("engine", "not attached")
        return await self._desk.ask(ask)

    async def until(self, true: Callable[[Board], bool], within_s: float) -> bool:
        """Whether the board makes it true in time."""
        for _ in range(round(within_s * 10)):
            if self._desk is not None and self.board is not None and true(self.board):
                return True
            await asyncio.sleep(0.1)
        return False


class Codes:
    """Codes that still count: each time step is spent once, in the order of asking."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._spent = -1
        self._lock = asyncio.Lock()

    async def fresh(self) -> str:
        """A code of a step that was not used; waits for the next one (30 s at most)."""
        assert self._home.factor is not None
        async with self._lock:
            now_us = SystemClock().now_us()
            if step_at(now_us) <= self._spent:
                await asyncio.sleep(seconds_left(now_us) + 0.1)
            self._spent = step_at(SystemClock().now_us())
            return self._home.factor.code()
