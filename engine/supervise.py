"""Tasks with an owner: everything that runs is born in one crew and ends with it.

`spawn` runs something whose answer somebody may await, `run` something for its effect. The one
rule: an error that is not one of the five families is a bug, and a bug takes the desk down,
where start-up is recovery.
"""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any, TypeVar

from domain.errors import DeskError
from domain.ports import Dice

T = TypeVar("T")
log = logging.getLogger(__name__)


class Crew:
    """The tasks of one engine, inside its TaskGroup."""

    def __init__(self, group: asyncio.TaskGroup) -> None:
        self._group = group
        self._tasks: set[asyncio.Task[Any]] = set()

    def spawn(self, work: Coroutine[Any, Any, T], name: str) -> "asyncio.Future[T]":
        """Run `work`; the future carries its result or its DeskError to whoever waits."""
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        if self._start(_delivered(work, answer, name), name).cancelled():
            work.close()
            answer.cancel()
        return answer

    def run(self, work: Coroutine[Any, Any, None], name: str) -> "asyncio.Future[None]":
        """Run `work` for its effect; whatever it raises ends the desk."""
        return self._start(work, name)

    def _start(self, work: Coroutine[Any, Any, None], name: str) -> "asyncio.Future[None]":
        try:
            task = self._group.create_task(work, name=name)
        except RuntimeError as error:
            return self._gone(work, name, error)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    @staticmethod
    def _gone(
        work: Coroutine[Any, Any, None], name: str, error: RuntimeError
    ) -> "asyncio.Future[None]":
        """The group is coming down, over a bug that must stay on top: nothing new begins."""
        if "shutting down" not in str(error):
            raise error
        work.close()
        log.warning("%s is not begun: the engine is coming down", name)
        never: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        never.cancel()
        return never

    def stop(self) -> None:
        """Cancel every task that is under way."""
        for task in list(self._tasks):
            task.cancel()


async def _delivered(work: Coroutine[Any, Any, T], answer: "asyncio.Future[T]", name: str) -> None:
    try:
        result = await work
    except DeskError as error:
        if answer.cancelled():
            log.warning("%s failed and nobody waited: %s", name, error)
            return
        answer.set_exception(error)
        answer.exception()  # retrieved: an asker that went away is no reason for noise
    except BaseException:
        answer.cancel()
        raise
    else:
        if not answer.cancelled():
            answer.set_result(result)


def backoff_ms(attempt: int, first_ms: int, last_ms: int, dice: Dice) -> int:
    """How long to wait before dial number `attempt` (from 1): doubling, with full jitter."""
    ceiling = min(last_ms, first_ms << min(attempt - 1, 20))
    return first_ms // 2 + dice.bits(31) % max(1, ceiling - first_ms // 2 + 1)
