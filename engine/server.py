"""The desk's socket: screens, commands and `--kill` of the same machine come in here.

The directory is 0700, the socket 0600, and the peer's user id decides who is asking. The one
rule: a client that is slow, silent or broken costs the desk nothing.
"""

import asyncio
import contextlib
import logging
import os
import socket
import struct
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from domain.codec import Undecodable
from domain.errors import Corrupt, DeskError, Misconfigured, Refused
from engine import wire
from engine.desk import CallerDesk, Desk
from engine.operators import Operators

SLOW_S = 30
ASKS_AT_ONCE = 64
FASTEST_HZ = 10
log = logging.getLogger(__name__)


@asynccontextmanager
async def served(desk: Desk, path: Path, operators: Operators) -> AsyncGenerator[None]:
    """Serve the desk on a Unix socket while the block runs.

    The caller holds the book's lock, so whatever lies at `path` is a dead engine's.
    """
    _made_ready(path)
    async with asyncio.TaskGroup() as group:
        doorman = _Doorman(desk, operators, group)
        old_mask = os.umask(0o177)
        try:
            server = await asyncio.start_unix_server(doorman.called, path, limit=wire.LONGEST_LINE)
        finally:
            os.umask(old_mask)
        try:
            yield
        finally:
            server.close()
            doorman.close()
            _removed(path)


def _made_ready(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.parent.stat().st_uid != os.getuid():
        raise Misconfigured(str(path.parent), "this directory must belong to you")
    _removed(path)


def _removed(path: Path) -> None:
    path.unlink(missing_ok=True)


class _Doorman:
    """Takes connections; each lives in a task of the server's own group."""

    def __init__(self, desk: Desk, operators: Operators, group: asyncio.TaskGroup) -> None:
        self._desk = desk
        self._operators = operators
        self._group = group
        self._guests: set[asyncio.Task[None]] = set()

    def called(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """A connection came in."""
        task = self._group.create_task(self._host(reader, writer))
        self._guests.add(task)
        task.add_done_callback(self._guests.discard)

    def close(self) -> None:
        """Send everybody home."""
        for guest in self._guests:
            guest.cancel()

    async def _host(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._welcome(reader, writer)
        except* (ConnectionError, TimeoutError, ValueError) as gone:
            # Boundary: a connection that breaks, stalls or talks nonsense ends, alone.
            log.info("a client left: %s", gone.exceptions[0])
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError, TimeoutError):
                async with asyncio.timeout(1):
                    await writer.wait_closed()

    async def _welcome(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            operator = self._operators.by_uid(_peer_uid(writer))
        except Refused as refused:
            writer.write(wire.failed(0, refused))
            return
        await _Guest(CallerDesk(self._desk, operator), reader, writer).serve()


class _Guest:
    """One connection: its asks run side by side, its board comes in differences."""

    def __init__(
        self, desk: CallerDesk, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._desk = desk
        self._reader = reader
        self._writer = writer
        self._room = asyncio.Semaphore(ASKS_AT_ONCE)

    async def serve(self) -> None:
        """Read until the client goes; then drop what it still waited for."""
        async with asyncio.TaskGroup() as group:
            children: set[asyncio.Task[None]] = set()
            while raw := await self._reader.readline():
                told = wire.message(raw)
                if "watch" in told:
                    child = group.create_task(self._boards(_pace(told["watch"])))
                else:
                    await self._room.acquire()
                    child = group.create_task(self._answer(told))
                children.add(child)
                child.add_done_callback(children.discard)
            for child in children:
                child.cancel()

    async def _answer(self, told: dict[str, object]) -> None:
        number = told.get("id", 0)
        try:
            answer = await self._desk.ask(wire.ask_in(told))
            reply = wire.answered(number, answer)
        except DeskError as error:
            reply = wire.failed(number, error)
        except Undecodable as error:
            reply = wire.failed(number, Refused("ask", str(error)))
        except Exception as error:
            # Boundary: whatever one connection asks, the desk goes on; the bug is in the log.
            log.exception("an ask failed in the desk")
            reply = wire.failed(number, Corrupt(f"{type(error).__name__} in the desk: {error}"))
        finally:
            self._room.release()
        await self._send(reply)

    async def _boards(self, hz: int) -> None:
        """The newest board at most `hz` times a second; a slow client misses some."""
        shown = None
        async for board in self._desk.watch():
            if shown is None:
                # Thousands of orders take a while to encode: not on the engine's loop.
                await self._send(await asyncio.to_thread(wire.whole, board))
            else:
                await self._send(wire.changes(shown, board))
            shown = board
            await asyncio.sleep(1 / hz)

    async def _send(self, reply: bytes) -> None:
        self._writer.write(reply)
        async with asyncio.timeout(SLOW_S):
            await self._writer.drain()


def _pace(told: object) -> int:
    """Boards a second; ValueError for what is no whole number."""
    if type(told) is not int:
        raise ValueError("`watch` is how many boards a second")
    return min(FASTEST_HZ, max(1, told))


def _peer_uid(writer: asyncio.StreamWriter) -> int:
    """The user id of the process at the other end (SO_PEERCRED)."""
    sock = writer.get_extra_info("socket")
    raw = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    uid: int = struct.unpack("3i", raw)[1]
    return uid
