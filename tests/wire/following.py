"""Following a stream of trades as an application would, whatever the venue.

The one rule: what is raised is heard too, because a lost socket is part of the story.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from tests.wire.fixtures import until
from tests.wire.host import VenueThread
from tests.wire.real_ccxt import errors


def quiet() -> None:
    """ccxt's receive loop raises into the loop's exception handler; that is the point there."""
    asyncio.get_running_loop().set_exception_handler(lambda _loop, _context: None)


@asynccontextmanager
async def following(
    client: Any, venue: VenueThread[Any], channel: str
) -> AsyncGenerator[list[Any]]:
    """Every trade that watch_my_trades delivers, once the venue knows that `channel` is wanted."""
    heard: list[Any] = []

    async def follow() -> None:
        while True:
            try:
                heard.extend(await client.watch_my_trades())
            except errors.NetworkError as error:
                heard.append(error)
                await asyncio.sleep(0.01)

    task = asyncio.ensure_future(follow())
    await until(lambda: subscribed(venue, channel))
    try:
        yield heard
    finally:
        task.cancel()


def subscribed(venue: VenueThread[Any], channel: str) -> bool:
    """Whether anyone follows a private channel."""
    return any(channel in socket["private"] for socket in venue.ask("sockets"))


def ids(heard: list[Any]) -> list[str]:
    """The trades' ids, without what was raised between them."""
    return [each["id"] for each in heard if isinstance(each, dict)]
