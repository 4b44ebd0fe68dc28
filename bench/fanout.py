"""Goal 6: what happens to the board, told to eight, against eight asyncio queues.

Three ways in which eight hear of it: the engine's own parts are called (`Desk.observe`);
watchers take the newest board when they come to it, so a burst costs them one; and, for
comparison, watchers that are let run after every single board, where both must wake a task.
"""

import asyncio
import time
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import Any

from bench.harness import Row, at_least, in_turns, rate
from cli.clock import SystemClock
from domain.board import Board, Mode
from domain.events import Fact
from domain.sightings import Heartbeat, Sighting
from engine.desk import Desk

Work = Callable[[int, int], Coroutine[Any, Any, float]]
LISTENERS = 8
ROUNDS = 7
FASTER = 2.5
BURST = 100


class Counter:
    """An observer that counts."""

    def __init__(self) -> None:
        self.heard = 0

    def fact(self, _: Fact, __: Board) -> None:
        """One more."""
        self.heard += 1

    def sighting(self, _: Sighting, __: Board) -> None:
        """One more."""
        self.heard += 1


def called(times: int) -> float:
    """Seconds to tell eight observers of `times` sightings."""
    desk = Desk(Board(mode=Mode.DEMO), SystemClock())
    counters = [Counter() for _ in range(LISTENERS)]
    for counter in counters:
        desk.observe(counter)
    seen = Heartbeat(venue="kraken", feed="prices", at_us=1)
    begin = time.perf_counter()
    for _ in range(times):
        desk.see(seen)
    spent = time.perf_counter() - begin
    assert all(counter.heard == times for counter in counters)
    return spent


async def watched(times: int, burst: int) -> float:
    """Seconds until eight watchers have the newest of `times` boards, shown in bursts."""
    desk = Desk(Board(mode=Mode.DEMO), SystemClock())
    newest = [-1] * LISTENERS

    async def watch(place: int) -> None:
        async for board in desk.watch():
            newest[place] = board.version

    tasks = [asyncio.ensure_future(watch(place)) for place in range(LISTENERS)]
    await asyncio.sleep(0)
    begin = time.perf_counter()
    for number in range(times):
        desk.show(version=number)
        if not (number + 1) % burst:
            await asyncio.sleep(0)
    await asyncio.sleep(0)
    spent = time.perf_counter() - begin
    await _ended(tasks)
    assert newest == [times - 1] * LISTENERS, newest
    return spent


async def queued(times: int, burst: int) -> float:
    """The same through a queue for each."""
    queues: list[asyncio.Queue[Board]] = [asyncio.Queue() for _ in range(LISTENERS)]
    newest, board = [-1] * LISTENERS, Board(mode=Mode.DEMO)

    async def watch(place: int) -> None:
        while True:
            newest[place] = (await queues[place].get()).version

    tasks = [asyncio.ensure_future(watch(place)) for place in range(LISTENERS)]
    await asyncio.sleep(0)
    begin = time.perf_counter()
    for number in range(times):
        board = board.but(version=number)
        for queue in queues:
            queue.put_nowait(board)
        if not (number + 1) % burst:
            await asyncio.sleep(0)
    await asyncio.sleep(0)
    spent = time.perf_counter() - begin
    await _ended(tasks)
    assert newest == [times - 1] * LISTENERS, newest
    return spent


async def _ended(tasks: Sequence["asyncio.Future[None]"]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def main(full: bool) -> list[Row]:  # noqa: FBT001 - the one argument of every benchmark
    """What eight hear of in a second; only the first two are the goal's."""
    times = 20_000 if full else 5_000
    rows = []
    for what, ours, burst, least in (
        ("sightings to 8 observers", partial(called, times), 1, FASTER),
        (f"boards to 8 watchers, bursts of {BURST}", _run(watched, times, BURST), BURST, FASTER),
        ("boards to 8 watchers, one by one", _run(watched, times, 1), 1, 0),
    ):
        mine, peer = in_turns(ours, _run(queued, times, burst), ROUNDS)
        told = (rate(times * LISTENERS, mine), rate(times * LISTENERS, peer))
        rows.append(at_least("6", f"{what} / asyncio.Queue each", *told, peer / mine, least))
    return rows


def _run(work: Work, times: int, burst: int) -> Callable[[], float]:
    return lambda: asyncio.run(work(times, burst))
