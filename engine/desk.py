"""The desk: one board, one way to change it, and the switchboard of asks.

`record` appends facts; when they are durable the ledger calls `committed`, which folds them in
ledger order, then tells the door and the observers. `see` is the same for sightings, without
the ledger. The one rule: nothing else changes the board, and nobody who watches it can slow
the desk.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from domain.asks import Ask
from domain.board import Board
from domain.errors import DeskError, Refused
from domain.events import Fact
from domain.fold import fold, see, trimmed
from domain.ports import Clock, Observer
from domain.sightings import Sighting
from domain.storage_ports import Appended, Ledger
from engine.operators import Operator, Role

R = TypeVar("R")
Handler = Callable[[Any, Operator], Awaitable[Any]]
TRIMMED_EVERY = 512  # folds: each look goes over every order on the board
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Answer:
    handler: Handler
    role: Role | None


class Desk:
    """The engine's middle. Everything in it happens on one event loop."""

    def __init__(self, board: Board, clock: Clock) -> None:
        self._board = board
        self._clock = clock
        self._ledger: Ledger | None = None
        self._keepers: list[Observer] = []
        self._observers: list[Observer] = []
        self._answers: dict[type[Ask[Any]], _Answer] = {}
        self._changed = asyncio.Event()
        self._newest: asyncio.Future[Sequence[Appended]] | None = None
        self._folds = 0
        self.row = 0  # of the ledger: where the fact stands that the keepers hear now
        self.write_lag_us = 0  # from an append to durable and folded, of the newest one
        self.on_ledger_failure: Callable[[str], None] = _ignored

    @property
    def board(self) -> Board:
        """The newest board; immutable, so any thread may keep it."""
        return self._board

    def attach(self, ledger: Ledger) -> None:
        """Use this ledger from now on (its `committed` callback is this desk's)."""
        self._ledger = ledger

    def keep(self, keeper: Observer) -> None:
        """Tell a part of the engine after each change; what it raises is a bug that surfaces."""
        self._keepers.append(keeper)

    def observe(self, observer: Observer) -> None:
        """Tell `observer` after each change, after the keepers; it cannot fail the desk."""
        self._observers.append(observer)

    # Facts and sightings

    async def record(self, *facts: Fact) -> Sequence[Appended]:
        """Append facts as one transaction and wait until they are durable and folded.

        Raises:
            Unavailable: the ledger took nothing; the failure has tripped the stop already.
        """
        return await self._watched(self.append(*facts))

    def append(self, *facts: Fact) -> "asyncio.Future[Sequence[Appended]]":
        """Queue facts now; the awaitable is done when they are durable and folded."""
        assert self._ledger is not None, "attach a ledger first"
        self._newest = asyncio.ensure_future(self._ledger.append(facts))
        began_us = self._clock.monotonic_us()
        self._newest.add_done_callback(lambda _: self._took(began_us))
        return self._newest

    def _took(self, began_us: int) -> None:
        self.write_lag_us = self._clock.monotonic_us() - began_us

    async def flushed(self) -> None:
        """Wait until everything that was appended so far is durable and folded."""
        if self._newest is not None:
            await asyncio.wait([self._newest])

    def post(self, *facts: Fact) -> None:
        """Append facts that nobody waits for; a failure still trips the stop."""
        try:
            future = self.append(*facts)
        except DeskError as error:
            self.on_ledger_failure(str(error))
            return
        future.add_done_callback(self._posted)

    async def _watched(self, appended: Awaitable[Sequence[Appended]]) -> Sequence[Appended]:
        try:
            return await appended
        except Refused:
            raise  # the ledger's own no (a code that was used before): nothing has failed
        except DeskError as error:
            self.on_ledger_failure(str(error))
            raise

    def _posted(self, future: "asyncio.Future[Sequence[Appended]]") -> None:
        error = None if future.cancelled() else future.exception()
        if error is not None and not isinstance(error, Refused):
            self.on_ledger_failure(str(error))

    def committed(self, batch: Sequence[tuple[Appended, Fact]]) -> None:
        """The ledger's callback: these facts survive power loss now, in this order.

        What was stored before the ledger is attached comes with everything else of the past.
        """
        if self._ledger is None:
            return
        for row, fact in batch:
            self._fold(fact, row.seq)
        head = batch[-1][0]
        ledger = replace(self._board.ledger, head_seq=head.seq, head_hash=head.hash)
        self._board = self._board.but(ledger=ledger)
        self._changed.set()

    def replay(self, fact: Fact, row: int = 0) -> None:
        """Fold a fact that the ledger held already, in its row, when the engine started."""
        self._fold(fact, row)

    def _fold(self, fact: Fact, row: int) -> None:
        self.row = row
        self._board = fold(self._board, fact)
        self._folds += 1
        if not self._folds % TRIMMED_EVERY:
            self._board = trimmed(self._board)
        for keeper in self._keepers:
            keeper.fact(fact, self._board)
        for observer in self._observers:
            _told(observer.fact, fact, self._board)

    def see(self, sighting: Sighting) -> None:
        """Show what a stream or a poll told."""
        self._board = see(self._board, sighting)
        for keeper in self._keepers:
            keeper.sighting(sighting, self._board)
        for observer in self._observers:
            _told(observer.sighting, sighting, self._board)
        self._changed.set()

    def show(self, **changes: Any) -> None:
        """Renew fields of the board that are computed, not told (views, usage, marks, nav)."""
        self._board = self._board.but(**changes)
        self._changed.set()

    # Watching

    async def watch(self) -> AsyncIterator[Board]:
        """The newest board whenever it changed; a slow watcher misses the ones between."""
        seen: Board | None = None
        while True:
            if self._board is seen:
                await self._change()
            seen = self._board
            yield seen

    async def _change(self) -> None:
        self._changed.clear()
        await self._changed.wait()

    # Asking

    def answer(self, ask: type[Ask[Any]], handler: Handler, role: Role | None) -> None:
        """Let `handler` answer this ask for callers that have the role (None: anyone)."""
        assert ask not in self._answers, f"{ask.__name__} is answered already"
        self._answers[ask] = _Answer(handler, role)

    @property
    def answered(self) -> frozenset[type[Ask[Any]]]:
        """Every ask that has an answer."""
        return frozenset(self._answers)

    async def ask(self, ask: Ask[R], caller: Operator) -> R:
        """Answer an ask for a caller.

        Raises:
            DeskError: one of the five families, as the ask's handler decides.
        """
        answer = self._answers.get(type(ask))
        if answer is None:
            raise Refused("ask", f"this desk does not answer {type(ask).__name__}")
        caller.must_be(answer.role, type(ask).__name__)
        result: R = await answer.handler(ask, caller)
        return result


class CallerDesk:
    """The desk as one caller sees it: `domain.ports.Desk` on the engine's own loop."""

    def __init__(self, desk: Desk, caller: Operator) -> None:
        self._desk = desk
        self._caller = caller

    @property
    def board(self) -> Board:
        """The newest board."""
        return self._desk.board

    async def ask(self, ask: Ask[R]) -> R:
        """Ask in this caller's name."""
        return await self._desk.ask(ask, self._caller)

    def watch(self) -> AsyncIterator[Board]:
        """The newest board whenever it changed."""
        return self._desk.watch()


def _told(tell: Callable[[Any, Board], None], what: object, board: Board) -> None:
    try:
        tell(what, board)
    except Exception:
        # Boundary: an observer (metrics, alert rules) can never fail the desk.
        log.exception("an observer failed on %s", type(what).__name__)


def _ignored(_: str) -> None:
    """What happens on a ledger failure before the kill switch is wired: nothing more."""
