"""The engine beside the screen: before it answers, when it fails, when somebody else's goes."""

import asyncio
import os
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NoReturn

import pytest

from cli.clock import SystemClock
from cli.ground import Ground
from cli.ignition import Ignition, LateDesk
from domain.board import Board, Mode, Phase
from domain.errors import Misconfigured, Unavailable
from domain.queries import ReadOrders
from engine.desk import Desk
from engine.operators import EVERY_ROLE, Operator, Operators
from engine.server import served

CLOCK = SystemClock()


def never() -> NoReturn:
    raise AssertionError("the ground of an engine of our own is not wanted here")


async def eventually(true: object, within_s: float = 8) -> None:
    assert callable(true)
    latest = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < latest
        await asyncio.sleep(0.02)


async def test_before_an_engine_answers_the_board_says_init_in_the_right_mode_and_lives() -> None:
    desk = LateDesk(Mode.LIVE, CLOCK)
    first = desk.board
    await asyncio.sleep(0.01)
    assert (first.mode, first.phase) == (Mode.LIVE, Phase.INIT)
    assert desk.board.now_us > first.now_us
    with pytest.raises(Unavailable, match="starting"):
        await desk.ask(ReadOrders())


async def test_an_engine_that_cannot_start_ends_with_its_own_words() -> None:
    def stand() -> Ground:
        raise Misconfigured("risk.max_order_value", "it is missing")

    ignition = Ignition(stand, LateDesk(Mode.DEMO, CLOCK), socket=None)
    assert not ignition.ended
    ignition.start()
    await eventually(lambda: ignition.ended)
    with pytest.raises(Misconfigured, match="it is missing"):
        ignition.leave()


async def test_leaving_before_the_engine_began_waits_for_nothing() -> None:
    ignition = Ignition(never, LateDesk(Mode.DEMO, CLOCK), socket=None)
    ignition.leave()
    ignition.start()
    ignition.leave()
    assert ignition.ended


@asynccontextmanager
async def somebodys_engine(path: Path) -> AsyncGenerator[Desk]:
    board = Board(mode=Mode.DEMO, phase=Phase.READY, run_id=str(CLOCK.now_us()))
    desk = Desk(board, CLOCK)
    me = Operator(name="me", roles=EVERY_ROLE, os_uid=os.getuid())
    async with served(desk, path, Operators((me,))):
        yield desk


async def test_an_attached_desk_survives_the_engine_and_finds_the_next_one(tmp_path: Path) -> None:
    path = tmp_path / "desk.sock"
    late = LateDesk(Mode.DEMO, CLOCK)
    ignition = Ignition(never, late, socket=path)
    try:
        async with somebodys_engine(path) as first:
            ignition.start()
            await eventually(lambda: late.board.run_id == first.board.run_id)
        await eventually(lambda: late.silent)
        old = late.board
        assert old.run_id == first.board.run_id
        assert late.board.now_us == old.now_us, "a lost engine must look lost"
        with pytest.raises(Unavailable):
            await late.ask(ReadOrders())
        async with somebodys_engine(path) as second:
            await eventually(lambda: late.board.run_id == second.board.run_id)
            assert not late.silent
            await asyncio.to_thread(ignition.leave)
    finally:
        await asyncio.to_thread(ignition.leave)
    assert ignition.ended
