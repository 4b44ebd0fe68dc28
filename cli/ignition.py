"""The engine beside the screen: in a thread and loop of its own, or attached to another process.

The one rule: the screen never waits for it. Until an engine answers there is a board that says
so, and when the engine is gone the last board stays, growing old in plain sight.
"""

import asyncio
import gc
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any, TypeVar

from domain.board import Board, Mode
from domain.errors import Unavailable
from engine.stop import Stop

if TYPE_CHECKING:  # the configuration is read, and facts are known, after the first screen
    from cli.ground import Ground
    from domain.asks import Ask
    from domain.ports import Clock, Desk

R = TypeVar("R")
REASON = "SIGUSR1"
AGAIN_S = 1  # between two tries to attach again
LEAVE_S = 30  # longer than the engine drains
_WATCHED_HZ = 10


class LateDesk:
    """`domain.ports.Desk` for a screen that is painted before its engine runs."""

    def __init__(self, mode: Mode, clock: "Clock") -> None:
        self._clock = clock
        self._desk: Desk | None = None
        self._last = Board(mode=mode, now_us=clock.now_us())
        self._why = "it is starting"
        self.silent = False  # nobody answers: the board must not look alive

    @property
    def board(self) -> Board:
        """The engine's newest board, the last one it showed, or one that says INIT."""
        if self._desk is not None:
            self._last = self._desk.board
        elif not self.silent:
            self._last = self._last.but(now_us=self._clock.now_us())
        return self._last

    async def ask(self, ask: "Ask[R]") -> R:
        """The engine's answer; Unavailable while there is none."""
        if self._desk is None:
            raise Unavailable("engine", self._why, remedy="wait a moment, then try again")
        return await self._desk.ask(ask)

    async def watch(self) -> AsyncIterator[Board]:
        """The newest board whenever there is another one, looked at ten times a second."""
        seen: Board | None = None
        while True:
            board = self.board
            if board is not seen:
                seen = board
                yield board
            await asyncio.sleep(1 / _WATCHED_HZ)

    def follow(self, desk: "Desk") -> None:
        """From now on this desk answers."""
        self.silent = False
        self._desk = desk

    def lost(self, why: str) -> None:
        """The engine does not answer: keep what it showed last."""
        self._last = self.board
        self._why = why
        self.silent = True
        self._desk = None


class Ignition:
    """Runs the engine's thread. `error` is what ended it, once `ended`.

    `stand` gives the ground of an engine of our own; `socket`, where another process's listens.
    """

    def __init__(
        self, stand: "Callable[[], Ground]", desk: LateDesk, *, socket: Path | None
    ) -> None:
        self._stand = stand
        self._desk = desk
        self._socket = socket
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self._asked_to_stop = False
        self._stop: Stop | None = None
        self._follow_up: Callable[[], None] = lambda: None
        self._thread = Thread(target=self._run, name="engine", daemon=True)
        self.error: BaseException | None = None

    def start(self) -> None:
        """Begin; a second call changes nothing."""
        if self._thread.ident is None:
            self._thread.start()

    @property
    def ended(self) -> bool:
        """Whether the engine has run and runs no more."""
        return self._thread.ident is not None and not self._thread.is_alive()

    def leave(self) -> None:
        """Let the engine drain, and wait for it. Raises what ended it, if that was an error."""
        self._asked_to_stop = True
        if self._thread.ident is not None:
            self._call(self._end)
            self._thread.join(LEAVE_S)
        if self.error is not None:
            raise self.error

    def trip(self) -> None:
        """Close the gate from a signal handler: the flag first, the rest on the engine's loop."""
        from domain.halts import Level  # noqa: PLC0415 - loaded long before a signal comes

        if self._stop is not None:
            self._stop.trip(Level.HALT_CANCEL, REASON)
            self._call(self._follow_up)

    def _call(self, what: Callable[[], None]) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(what)

    def _end(self) -> None:
        if self._stopping is not None:
            self._stopping.set()

    def _run(self) -> None:
        from engine.threads import give_way  # noqa: PLC0415 - after the first screen

        give_way()
        try:
            asyncio.run(self._main())
        except BaseException as error:  # noqa: BLE001 - boundary: the main thread raises it again
            self.error = error

    async def _main(self) -> None:
        self._stopping, self._loop = asyncio.Event(), asyncio.get_running_loop()
        if self._asked_to_stop:
            return
        if self._socket is None:
            await self._own(self._stopping)
            return
        while not self._stopping.is_set():
            await self._attached(self._socket, self._stopping)

    # An engine of our own

    async def _own(self, stopping: asyncio.Event) -> None:
        from cli.engines import own_engine  # noqa: PLC0415 - after the first screen
        from domain.halts import Level  # noqa: PLC0415 - as above
        from engine.threads import ThreadDesk  # noqa: PLC0415 - as above

        assert self._loop is not None
        async with own_engine(self._stand(), wait=False) as own:

            def follow_up() -> None:
                if own.engine.parts is not None:
                    own.engine.parts.kill.trip(Level.HALT_CANCEL, REASON, REASON)

            self._stop, self._follow_up = own.stop, follow_up
            self._desk.follow(ThreadDesk(own.desk, self._loop))
            gc.freeze()  # what lives now lives to the end: never walk through it again
            await stopping.wait()

    # Another process's engine

    async def _attached(self, socket: Path, stopping: asyncio.Event) -> None:
        """Follow it until it goes or we leave; then the caller tries again."""
        from engine.remote import attached  # noqa: PLC0415 - only where one is there
        from engine.threads import ThreadDesk  # noqa: PLC0415 - as above

        assert self._loop is not None
        try:
            async with attached(socket, hz=_WATCHED_HZ) as desk:
                self._desk.follow(ThreadDesk(desk, self._loop))
                await _either(stopping.wait(), _until_gone(desk))
        except Unavailable as error:
            self._desk.lost(error.why)
            await _either(stopping.wait(), asyncio.sleep(AGAIN_S))


async def _until_gone(desk: "Desk") -> None:
    async for _ in desk.watch():
        pass


async def _either(*waits: Coroutine[Any, Any, object]) -> None:
    """Wait for the first of them; its error is ours."""
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
