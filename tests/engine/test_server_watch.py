"""What a client may write after `watch`: nothing of it ends the desk."""

import asyncio
from pathlib import Path

import pytest

from domain import asks
from engine.remote import attached
from tests.engine.test_server import serving


@pytest.mark.parametrize("told", ["[]", "null", "{}", '"1e9"', "true"])
async def test_an_odd_pace_of_boards_ends_that_connection_alone(tmp_path: Path, told: str) -> None:
    async with serving(tmp_path) as (_, path):
        _, writer = await asyncio.open_unix_connection(path)
        writer.write(f'{{"watch":{told}}}\n'.encode())
        await writer.drain()
        async with attached(path) as desk:
            assert (await desk.ask(asks.WhoAmI())).operator == "me"
        writer.close()
        async with attached(path) as desk:
            assert (await desk.ask(asks.WhoAmI())).operator == "me"
