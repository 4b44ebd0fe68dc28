"""A desk to ask: the one that runs already, or an engine of our own for as long as we need it.

The one rule: attached or own, a command cannot tell the difference.
"""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager

from cli.engines import own_engine
from cli.ground import Ground
from domain.errors import Unavailable
from domain.ports import Desk
from engine.remote import attached
from storage.lock import owner

PATIENCE_S = 10
AGAIN_S = 0.2
SECOND_US = 1_000_000
_HZ = 10


def is_running(ground: Ground) -> bool:
    """Whether somebody has left a socket where this book's engine listens."""
    return ground.places.socket().exists()


@asynccontextmanager
async def some_desk(ground: Ground, *, boards: bool = True) -> AsyncGenerator[Desk]:
    """The book's desk. An engine of our own is stopped at the end of the block.

    An engine that has the book and does not listen is starting or stopping: it is given
    `PATIENCE_S` to do either.

    Raises:
        Unavailable: an engine has the book and does not answer.
    """
    async with AsyncExitStack() as stack:
        yield await _first_to_answer(ground, stack, hz=_HZ if boards else 0)


async def _first_to_answer(ground: Ground, stack: AsyncExitStack, *, hz: int) -> Desk:
    latest = ground.clock.monotonic_us() + PATIENCE_S * SECOND_US
    while True:
        with _nobody_there():
            if is_running(ground):
                return await stack.enter_async_context(attached(ground.places.socket(), hz=hz))
        try:
            own = await stack.enter_async_context(own_engine(ground, serve=False))
        except Unavailable as error:
            if error.who != owner(ground.places.book) or ground.clock.monotonic_us() > latest:
                raise
            await asyncio.sleep(AGAIN_S)
        else:
            return own.desk


@contextmanager
def _nobody_there() -> Iterator[None]:
    """A socket that a dead engine left behind is no engine."""
    try:
        yield
    except Unavailable as error:
        if error.who != "engine" or "nobody answers" not in error.why:
            raise
