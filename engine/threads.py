"""The desk from another thread: the engine has its own loop, the screen has its own.

The one rule: nothing of the screen's loop is awaited by the engine; a board is read as one
attribute, and an ask crosses over as one call.
"""

import asyncio
import gc
import sys
from collections.abc import AsyncIterator, Generator
from contextlib import contextmanager
from typing import TypeVar

from domain.asks import Ask
from domain.board import Board
from domain.ports import Desk

R = TypeVar("R")
GIVE_WAY_S = 0.0005


def give_way() -> None:
    """Let the engine's thread have the interpreter soon while another one draws or counts.

    Python hands it over every 5 ms by itself: a fill would wait that long for a picture.
    """
    sys.setswitchinterval(GIVE_WAY_S)


@contextmanager
def unswept() -> Generator[None]:
    """No search for cycles in the block: a replay makes none, and a fifth of it was the search."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


class ThreadDesk:
    """`domain.ports.Desk` for callers on another loop than the engine's."""

    def __init__(self, desk: Desk, loop: asyncio.AbstractEventLoop, *, hz: int = 10) -> None:
        self._desk = desk
        self._loop = loop
        self._hz = hz

    @property
    def board(self) -> Board:
        """The newest board; immutable, read without a lock."""
        return self._desk.board

    async def ask(self, ask: Ask[R]) -> R:
        """Ask on the engine's loop and wait on ours."""
        return await asyncio.wrap_future(
            asyncio.run_coroutine_threadsafe(self._desk.ask(ask), self._loop)
        )

    async def watch(self) -> AsyncIterator[Board]:
        """The newest board whenever it changed, looked at `hz` times a second."""
        seen: Board | None = None
        while True:
            board = self._desk.board
            if board is not seen:
                seen = board
                yield board
            await asyncio.sleep(1 / self._hz)
