"""A venue on a thread with an event loop of its own: hanging the client cannot hang it.

The one rule: the venue's objects are touched on its own thread only; `do` and `ask` go there
and wait for the answer.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from threading import Event, Thread
from typing import Any, Generic, Protocol, Self, TypeVar

from tests.wire.admin import AdminPort, Commands

WAIT_S = 15
R = TypeVar("R")


class Served(Protocol):
    """What a venue family offers to be hosted."""

    @property
    def routes(self) -> dict[str, str]:
        """Real host → address here."""
        ...

    async def start(self) -> None:
        """Open the ports."""
        ...

    async def stop(self) -> None:
        """Close everything."""
        ...


V = TypeVar("V", bound=Served)


class VenueThread(Generic[V]):
    """Runs a venue; use as a context manager. `build` is called on the venue's thread."""

    def __init__(self, build: Callable[[], tuple[V, Commands]]) -> None:
        self._build = build
        self._ready = Event()
        self._failure: BaseException | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._served: V | None = None
        self._commands: Commands | None = None
        self._thread = Thread(target=self._main, name="venue", daemon=True)
        self.routes: dict[str, str] = {}
        self.admin_url = ""

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait(WAIT_S)
        if self._failure is not None:
            raise self._failure
        return self

    def __exit__(self, *_exc: object) -> None:
        if self._loop is not None and self._stop is not None:
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(WAIT_S)

    def ask(self, command: str, **arguments: object) -> Any:
        """Carry an admin command out; see the venue family's controls."""
        assert self._commands is not None
        return self._run(self._commands.run(command, arguments))

    def do(self, act: Callable[[V], R]) -> R:
        """Do something with the venue itself, on its own thread."""

        async def done() -> R:
            assert self._served is not None
            return act(self._served)

        return self._run(done())

    def _run(self, work: Coroutine[Any, Any, R]) -> R:
        assert self._loop is not None
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(WAIT_S)

    def _main(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        try:
            served, self._commands = self._build()
            self._served = served
            port = AdminPort(self._commands)
            await served.start()
            await port.start()
        except BaseException as error:  # noqa: BLE001  # handed to the thread that waits
            self._failure = error
            self._ready.set()
            return
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        self.routes = served.routes
        self.admin_url = f"http://127.0.0.1:{port.port}"
        self._ready.set()
        await self._stop.wait()
        await _in_turn(port.stop, served.stop)


async def _in_turn(*works: Callable[[], Awaitable[None]]) -> None:
    for work in works:
        await work()
