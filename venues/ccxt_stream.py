"""One websocket conversation through one fresh ccxt client, from dial to close.

ccxt subscribes, signs and answers pings; every frame is read here as it arrives, before ccxt's
own handler or instead of it. A stream of ccxt can die without a sign (venues.md, traps 5, 13,
14 and 21): a handler that raised, a subscription that nobody answered, a socket that only
pongs, a silent reconnection with a gap. The one rule: each of these raises Unavailable at once
or within seconds, and the next stream starts on a new client.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import localcontext
from functools import partial
from typing import Any, Protocol

from domain.errors import Unavailable
from domain.ports import Clock, Hear
from domain.sightings import Sighting
from venues.budget import Priority
from venues.ccxt_client import Client
from venues.ccxt_errors import VenueUnavailable, saying_of
from venues.ccxt_news import Confirmed, Denied, Lost, News, Rejected
from venues.ccxt_row import Quirks
from venues.ccxt_sayings import Cause, Judgement, Verdict
from venues.ccxt_wire import CURRENT, Call, exact_json

CONFIRM_WITHIN_US = 15_000_000
LOOK_EVERY_S = 1.0
Watch = Callable[[Any], Awaitable[object]]


class FrameReader(Protocol):
    """Reads a frame as the venue sent it.

    `owned` names channels that are read here alone: ccxt is not shown their frames, so that
    its parsers can neither lose a row nor break on one, and its caches stay empty.
    """

    @property
    def owned(self) -> frozenset[str]:
        """The channels whose frames ccxt need not see."""
        ...

    def read(self, message: Any) -> Iterator[News]:
        """What the frame tells, before ccxt has seen it."""
        ...


class CacheReader(Protocol):
    """Reads what ccxt made of the frames."""

    def after(self) -> Iterator[News]:
        """What is new in ccxt's caches, after ccxt has handled a frame."""
        ...

    @property
    def pause_s(self) -> float:
        """How long it is silent after what it told, however much comes; 0: not at all."""
        ...

    def rested(self) -> None:
        """The pause is over: the next look tells all that came meanwhile."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a stream watches and who reads it.

    `watches` are calls that ccxt wants again and again; `channels` must each be confirmed
    within 15 s; `symbols` can be refused one by one until none is left; `silent_us` is how
    long a healthy socket can be without any frame, 0: not known. Where a quiet stream sends
    nothing but pongs, `on_pong` makes of each the sign of life that it is.
    """

    watches: Sequence[Watch]
    channels: frozenset[str]
    frames: FrameReader
    caches: CacheReader | None = None
    symbols: tuple[str, ...] = ()
    silent_us: int = 0
    on_confirmed: Callable[[], Sighting] | None = None
    on_pong: Callable[[], Sighting] | None = None
    on_rejected: Callable[[str], None] = field(default=lambda _: None)


class Stream:
    """Runs one plan on one client until it breaks or is cancelled."""

    def __init__(
        self, client: Client, plan: Plan, quirks: Quirks, clock: Clock, hear: Hear
    ) -> None:
        self._client = client
        self._plan = plan
        self._quirks = quirks
        self._clock = clock
        self._hear = hear
        self._missing = set(plan.channels)
        self._denied: set[str] = set()
        self._broken = asyncio.Event()
        self._error: BaseException | None = None
        self._started_us = self._frame_us = clock.monotonic_us()
        self._pong_ms = 0
        self._later: asyncio.TimerHandle | None = None
        self._sockets: dict[str, Any] = {}
        self._make_socket: Callable[[str], Any] = client.api.client
        self._call = Call(priority=Priority.READ)

    async def run(self) -> None:
        """Tell what comes until it breaks.

        Raises:
            Unavailable: saying how it broke.
        """
        api = self._client.api
        self._make_socket, api.client = api.client, self._socket
        mark = CURRENT.set(self._call)
        try:
            async with asyncio.TaskGroup() as tasks:
                for watch in self._plan.watches:
                    tasks.create_task(self._pump(watch))
                tasks.create_task(self._guard())
        except ExceptionGroup as several:
            raise _worst(several) from None
        finally:
            CURRENT.reset(mark)
            self._broken.set()
            if self._later is not None:
                self._later.cancel()

    # Watching: ccxt wants to be asked again and again

    async def _pump(self, watch: Watch) -> None:
        try:
            with localcontext():
                while True:
                    await watch(self._client.api)
        except asyncio.CancelledError:
            # ccxt cancels its own futures when it closes; only the task's own end is an end.
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            raise self._unavailable(Cause.CLOSED, "ccxt closed the stream") from None
        except Unavailable:
            raise
        except Exception as error:  # boundary: whatever a watch raises is judged
            # Only a refused request (for the stream's token) left words; a cut socket has none.
            call = self._call if self._quirks.codes(self._call.body) else Call()
            raise self._client.broken(self._client.judged(error, call)) from error

    async def _guard(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY_S):
                    await self._broken.wait()
            if self._error is not None:
                raise self._error
            self._hear_pongs()
            now_us = self._clock.monotonic_us()
            if self._missing and now_us - self._started_us > CONFIRM_WITHIN_US:
                waiting = ", ".join(sorted(self._missing))
                raise self._unavailable(Cause.TIMEOUT, f"{waiting} was not confirmed in 15 s")
            silent_us = now_us - self._frame_us
            if self._plan.silent_us and silent_us > self._plan.silent_us:
                words = f"not one frame in {silent_us // 1_000_000} s"
                raise self._unavailable(Cause.NETWORK, words)

    def _hear_pongs(self) -> None:
        newest_ms = max((s.lastPong or 0 for s in self._sockets.values()), default=0)
        # ccxt itself sets the first one, when it begins to ping: that was nobody's answer.
        answered = bool(self._pong_ms) and newest_ms > self._pong_ms
        self._pong_ms = newest_ms
        if self._plan.on_pong is not None and answered and not self._missing:
            self._hear(self._plan.on_pong())

    # Reading: every frame passes here

    def _socket(self, url: str) -> Any:
        """Stands in for ccxt's `client(url)`: its sockets bring their frames to us first."""
        socket = self._make_socket(url)
        known = self._sockets.get(url)
        if known is None:
            self._sockets[url] = socket
            socket.handle_text_or_binary_message = partial(
                self._frame, socket, socket.handle_text_or_binary_message
            )
        elif known is not socket:
            self._break(self._unavailable(Cause.NETWORK, "the socket was cut and dialled anew"))
        return socket

    def _frame(self, socket: Any, handle: Callable[[Any], None], data: Any) -> None:
        self._frame_us = self._clock.monotonic_us()
        self._guarded(self._handled, socket, handle, data)

    def _handled(self, socket: Any, handle: Callable[[Any], None], data: Any) -> None:
        if isinstance(data, str) and data[:1] in ("{", "["):
            message = exact_json(data)
            self._tell(self._plan.frames.read(message))
            if not self._owned(message):
                socket.on_message_callback(socket, message)
        else:
            handle(data)
        self._sweep()

    def _sweep(self) -> None:
        caches = self._plan.caches
        if caches is None:
            return
        self._tell(caches.after())
        if caches.pause_s and self._later is None:
            loop = asyncio.get_running_loop()
            self._later = loop.call_later(caches.pause_s, self._rested, caches)

    def _rested(self, caches: CacheReader) -> None:
        self._later = None
        caches.rested()
        self._guarded(self._sweep)

    def _guarded(self, work: Callable[..., None], *given: Any) -> None:
        if self._broken.is_set():
            return
        try:
            work(*given)
        except ValueError:
            self._break(self._unavailable(Cause.GARBLED, "a frame was garbled"))
        except _Told as problem:
            self._break(problem.error)
        except Exception as error:  # noqa: BLE001 - boundary: ccxt's handler broke; its state is lost
            words = f"a frame could not be handled ({type(error).__name__})"
            self._break(self._unavailable(Cause.GARBLED, words))

    def _owned(self, message: Any) -> bool:
        return isinstance(message, dict) and message.get("channel") in self._plan.frames.owned

    def _tell(self, news: Iterable[News]) -> None:
        for item in news:
            if isinstance(item, Sighting):
                self._heard(item)
            else:
                self._note(item)

    def _heard(self, sighting: Sighting) -> None:
        try:
            self._hear(sighting)
        except Exception as error:
            raise _Told(error) from error  # a bug of the desk, not of the venue: it goes up

    def _note(self, item: "Confirmed | Denied | Lost | Rejected") -> None:
        match item:
            case Confirmed(channel):
                self._confirm(channel)
            case Rejected(words):
                self._plan.on_rejected(words)
            case Lost(words):
                raise _Told(self._unavailable(Cause.NETWORK, words))
            case Denied(words, symbol):
                self._deny(words, symbol)

    def _confirm(self, channel: str) -> None:
        if not self._missing:
            return
        self._missing -= {channel} if channel != "*" else set(self._missing)
        if not self._missing and self._plan.on_confirmed is not None:
            self._heard(self._plan.on_confirmed())

    def _deny(self, words: str, symbol: str) -> None:
        self._denied.add(symbol)
        if symbol in self._plan.symbols and not self._denied.issuperset(self._plan.symbols):
            self._plan.on_rejected(f"{symbol}: {words}")
            return
        saying = saying_of(words, self._quirks)
        raise _Told(self._unavailable(saying.cause if saying else Cause.REQUEST, words))

    # Breaking

    def _break(self, error: BaseException) -> None:
        self._error = self._error or error
        self._broken.set()

    def _unavailable(self, cause: Cause, words: str) -> VenueUnavailable:
        return self._client.broken(
            Judgement(verdict=Verdict.IN_DOUBT, cause=cause, code=cause.value, words=words)
        )


class _Told(Exception):
    """Carries an error of ours out through the frame handling."""

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error


def _worst(several: "ExceptionGroup[Exception]") -> Exception:
    """A bug if there is one among them, else the first Unavailable."""
    bugs = [error for error in several.exceptions if not isinstance(error, Unavailable)]
    return (bugs or list(several.exceptions))[0]
