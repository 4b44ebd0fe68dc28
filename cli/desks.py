"""A desk to ask: the one that runs already, or an engine of our own for as long as we need it.

The one rule: attached or own, a command cannot tell the difference.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from cli.engines import own_engine
from cli.ground import Ground
from domain.errors import Unavailable
from domain.ports import Desk
from engine.remote import attached


def is_running(ground: Ground) -> bool:
    """Whether somebody has left a socket where this book's engine listens."""
    return ground.places.socket().exists()


@asynccontextmanager
async def some_desk(ground: Ground, *, boards: bool = True) -> AsyncGenerator[Desk]:
    """The book's desk. An engine of our own is stopped at the end of the block.

    Raises:
        Unavailable: an engine has the book and does not answer.
    """
    if is_running(ground):
        try:
            async with attached(ground.places.socket(), hz=10 if boards else 0) as desk:
                yield desk
        except Unavailable as error:
            if error.who != "engine" or "nobody answers" not in error.why:
                raise
        else:
            return
    async with own_engine(ground, serve=False) as own:
        yield own.desk
