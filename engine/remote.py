"""The desk from afar: the same port over a Unix socket, for an attached screen or command.

The one rule: it answers exactly as the desk itself would, errors included; when the engine is
gone it says so and keeps the last board, which grows old in plain sight.
"""

import asyncio
import itertools
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

from domain.asks import Ask
from domain.board import Board
from domain.codec import Undecodable
from domain.errors import DeskError, Unavailable
from engine import wire

R = TypeVar("R")
ANSWER_S = 60
FIRST_BOARD_S = 5


class RemoteDesk:
    """`domain.ports.Desk` over a socket. Made by `attached`."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._board: Board | None = None
        self._changed = asyncio.Event()
        self._gone: DeskError | None = None

    @property
    def board(self) -> Board:
        """The newest board that has arrived.

        Raises:
            Unavailable: before the first one.
        """
        if self._board is None:
            raise self._gone or Unavailable("engine", "it has not shown its board yet")
        return self._board

    async def ask(self, ask: Ask[R]) -> R:
        """Ask over the socket; Unavailable when the engine is gone or does not answer."""
        if self._gone is not None:
            raise self._gone
        number = next(self._numbers)
        answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        try:
            self._writer.write(wire.asked(number, ask))
            async with asyncio.timeout(ANSWER_S):
                await self._writer.drain()
                told = await answer
        except TimeoutError:
            raise Unavailable("engine", f"it did not answer in {ANSWER_S} s") from None
        except ConnectionError as error:
            raise Unavailable("engine", f"the connection broke: {error}") from None
        finally:
            self._waiting.pop(number, None)
        result: R = wire.answer_in(told, ask)
        return result

    async def watch(self) -> AsyncIterator[Board]:
        """The newest board whenever one arrived; ends with Unavailable when the engine goes."""
        seen: Board | None = None
        while True:
            if self._board is not None and self._board is not seen:
                seen = self._board
                yield seen
                continue
            if self._gone is not None:
                raise self._gone
            self._changed.clear()
            await self._changed.wait()

    async def listen(self) -> None:
        """Take in what arrives, until the engine goes."""
        try:
            while raw := await self._reader.readline():
                self._arrived(wire.message(raw))
            self._lost(Unavailable("engine", "it closed the connection"))
        except (ConnectionError, Undecodable, ValueError) as error:
            self._lost(Unavailable("engine", f"the connection broke: {error}"))

    def _arrived(self, told: dict[str, Any]) -> None:
        if "board" in told or "changes" in told:
            self._board = wire.board_in(told, self._board)
            self._changed.set()
            return
        if told.get("id") == 0 and "error" in told:
            self._lost(wire.error_in(told["error"]))
            return
        waiting = self._waiting.get(told.get("id", 0))
        if waiting is not None and not waiting.done():
            waiting.set_result(told)

    def _lost(self, why: DeskError) -> None:
        self._gone = self._gone or why
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(self._gone)
        self._changed.set()

    async def watching(self, hz: int) -> None:
        """Ask for boards and wait for the first one."""
        self._writer.write(wire.line({"watch": hz}))
        try:
            async with asyncio.timeout(FIRST_BOARD_S):
                async for _ in self.watch():
                    return
        except TimeoutError:
            raise Unavailable("engine", f"no board in {FIRST_BOARD_S} s") from None


@asynccontextmanager
async def attached(path: Path, *, hz: int = 10) -> AsyncGenerator[RemoteDesk]:
    """A desk that lives in another process; `hz` 0 asks for no boards.

    Raises:
        Unavailable: when nobody listens there.
    """
    try:
        async with asyncio.timeout(2):
            reader, writer = await asyncio.open_unix_connection(path, limit=wire.LONGEST_LINE)
    except (OSError, TimeoutError) as error:
        raise Unavailable("engine", f"nobody answers at {path.name}: {error}") from None
    desk = RemoteDesk(reader, writer)
    listening = asyncio.ensure_future(desk.listen())
    try:
        if hz:
            await desk.watching(hz)
        yield desk
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
        writer.close()
