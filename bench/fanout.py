"""Goal 6: one new board to eight watchers, against eight queues.

Each round publishes a board and lets every watcher take it, so that nothing is conflated: both
deliver the same number of boards.
"""

import asyncio
import time

from bench.harness import Row, at_least, in_turns, rate
from cli.clock import SystemClock
from domain.board import Board, Mode
from engine.desk import Desk

WATCHERS = 8
ROUNDS = 7
FASTER = 2.5


async def _ours(times: int) -> float:
    desk = Desk(Board(mode=Mode.DEMO), SystemClock())
    taken = 0

    async def watch() -> None:
        nonlocal taken
        async for _ in desk.watch():
            taken += 1

    tasks = [asyncio.ensure_future(watch()) for _ in range(WATCHERS)]
    await asyncio.sleep(0)
    begin = time.perf_counter()
    for number in range(times):
        desk.show(version=number)
        await asyncio.sleep(0)
    await asyncio.sleep(0)
    spent = time.perf_counter() - begin
    await _ended(tasks)
    assert taken >= times * WATCHERS, (taken, times)
    return spent


async def _queues(times: int) -> float:
    queues: list[asyncio.Queue[Board]] = [asyncio.Queue() for _ in range(WATCHERS)]
    taken, board = 0, Board(mode=Mode.DEMO)

    async def watch(queue: asyncio.Queue[Board]) -> None:
        nonlocal taken
        while True:
            await queue.get()
            taken += 1

    tasks = [asyncio.ensure_future(watch(queue)) for queue in queues]
    await asyncio.sleep(0)
    begin = time.perf_counter()
    for number in range(times):
        board = board.but(version=number)
        for queue in queues:
            queue.put_nowait(board)
        await asyncio.sleep(0)
    await asyncio.sleep(0)
    spent = time.perf_counter() - begin
    await _ended(tasks)
    assert taken >= times * WATCHERS, (taken, times)
    return spent


async def _ended(tasks: list["asyncio.Future[None]"]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def main(full: bool) -> list[Row]:  # noqa: FBT001 - the one argument of every benchmark
    """Boards delivered in a second."""
    times = 20_000 if full else 5_000
    ours, peer = in_turns(
        lambda: asyncio.run(_ours(times)), lambda: asyncio.run(_queues(times)), ROUNDS
    )
    count = times * WATCHERS
    what = f"a board to {WATCHERS} watchers / asyncio.Queue each"
    return [at_least("6", what, rate(count, ours), rate(count, peer), peer / ours, FASTER)]
