"""A desk to ask: the running engine's, or our own; no refusal while one comes or goes."""

import argparse
import asyncio
from pathlib import Path

import pytest

from cli import desks
from cli.desks import some_desk
from cli.engines import own_engine
from cli.ground import stand
from cli.parser import parse
from domain.errors import Unavailable
from engine.server import served
from storage.lock import BookLock

pytestmark = pytest.mark.timeout(60)


@pytest.fixture
def args(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> argparse.Namespace:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setenv("QUARTERDECK_MONITORING__PROMETHEUS_PORT", "0")
    monkeypatch.chdir(tmp_path)
    return parse(["status", "--demo", "--data-dir", str(tmp_path / "data"), "--seed", "3"])


async def test_a_command_waits_while_another_engine_lets_the_book_go(
    args: argparse.Namespace,
) -> None:
    ground = stand(args)
    ground.places.prepare()
    lock = BookLock(ground.places.lock, ground.places.book)
    lock.acquire()
    asyncio.get_running_loop().call_later(0.5, lock.release)
    async with some_desk(ground) as desk:
        assert desk.board.phase == "READY"


async def test_a_command_attaches_to_an_engine_as_soon_as_it_listens(
    args: argparse.Namespace,
) -> None:
    """It has the book and does not listen yet: a daemon on a machine under load."""
    ground = stand(args)
    ground.places.prepare()
    has_the_book = asyncio.Event()
    listens = asyncio.Event()
    leave = asyncio.Event()

    async def start() -> None:
        async with own_engine(ground, serve=False) as own:
            has_the_book.set()
            await asyncio.sleep(0.5)
            async with served(own.engine.desk, ground.places.socket(), ground.operators):
                listens.set()
                await leave.wait()

    async with asyncio.TaskGroup() as group:
        group.create_task(start())
        await has_the_book.wait()
        async with some_desk(stand(args)) as desk:
            assert listens.is_set()
            assert desk.board.phase == "READY"
        leave.set()


async def test_an_engine_that_keeps_the_book_and_never_listens_is_said(
    args: argparse.Namespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desks, "PATIENCE_S", 0.5)
    ground = stand(args)
    ground.places.prepare()
    with (
        BookLock(ground.places.lock, ground.places.book),
        pytest.raises(Unavailable, match="another engine"),
    ):
        async with some_desk(ground):
            pass
