"""One suite for every way to the desk: on its loop, from another thread, over the socket."""

import asyncio
import os
import threading
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from domain import asks
from domain.board import Board, Phase
from domain.errors import Refused
from domain.halts import HaltState
from domain.orders import Status
from domain.ports import Desk
from domain.queries import ReadFills, ReadLedger, ReadLogs, ReadOrders, VerifyLedger
from engine.operators import EVERY_ROLE, Operator, Operators
from engine.remote import attached
from engine.server import served
from engine.threads import ThreadDesk
from tests.engine.rig import Rig, running

WAYS = ("local", "thread", "attached")


@asynccontextmanager
async def reached(way: str, tmp_path: Path) -> AsyncGenerator[tuple[Desk, Rig]]:
    """A desk reached one of the three ways, and the rig behind it."""
    async with AsyncExitStack() as stack:
        rig = await stack.enter_async_context(running(tmp_path))
        if way == "local":
            yield rig.me, rig
            return
        if way == "attached":
            path = tmp_path / "s"
            operators = Operators((Operator(name="me", roles=EVERY_ROLE, os_uid=os.getuid()),))
            await stack.enter_async_context(served(rig.desk, path, operators))
            yield await stack.enter_async_context(attached(path, hz=10)), rig
            return
        yield ThreadDesk(rig.me, asyncio.get_running_loop()), rig


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def until(desk: Desk, true: object) -> Board:
    assert callable(true)
    async with asyncio.timeout(8):
        async for board in desk.watch():
            if true(board):
                return board
    raise AssertionError


async def test_an_order_goes_through_and_the_board_shows_it(way: str, tmp_path: Path) -> None:
    async with reached(way, tmp_path) as (desk, rig):
        answer = await desk.ask(asks.SubmitOrder(draft=rig.draft()))
        assert answer.status is Status.OPEN
        board = await until(desk, lambda b: answer.client_id in b.orders)
        state = board.orders[answer.client_id]
        assert state == rig.order(answer.client_id)
        assert state.order.actor == "me"


async def test_the_board_that_arrives_equals_the_engines(way: str, tmp_path: Path) -> None:
    async with reached(way, tmp_path) as (desk, rig):
        name = (await desk.ask(asks.SubmitOrder(draft=rig.draft(away_pct=None)))).client_id
        await rig.until(lambda b: b.orders[name].status is Status.FILLED)
        version = rig.board.version
        board = await until(desk, lambda b: b.version > version)
        assert board.phase is Phase.READY
        assert board.orders[name].status is Status.FILLED
        assert board.fills[0].key == rig.board.fills[0].key
        assert set(board.accounts) == set(rig.board.accounts)
        assert board.limits == rig.board.limits


async def test_a_refusal_arrives_as_the_same_error(way: str, tmp_path: Path) -> None:
    async with reached(way, tmp_path) as (desk, _):
        with pytest.raises(Refused) as refused:
            await desk.ask(asks.CancelOrder(client_id="nobody"))
        assert refused.value.rule == "order"
        assert "no order nobody" in refused.value.reason


async def test_the_kill_switch_works_from_everywhere(way: str, tmp_path: Path) -> None:
    async with reached(way, tmp_path) as (desk, rig):
        await desk.ask(asks.SubmitOrder(draft=rig.draft()))
        await desk.ask(asks.Trip(reason=f"from {way}"))
        board = await until(desk, lambda b: b.halts and b.halts[0].state is HaltState.HALTED)
        assert board.halts[0].reason == f"from {way}"
        assert board.killed


async def test_history_is_read_in_pages(way: str, tmp_path: Path) -> None:
    async with reached(way, tmp_path) as (desk, _):
        page = await desk.ask(ReadLedger(limit=5))
        assert [row.seq for row in page.rows] == sorted((r.seq for r in page.rows), reverse=True)
        older = await desk.ask(ReadLedger(limit=5, before_seq=page.rows[-1].seq))
        assert older.rows[0].seq == page.rows[-1].seq - 1
        fills = await desk.ask(ReadFills(limit=7, venue="kraken"))
        assert len(fills.fills) == 7
        assert {booked.fill.account.venue for booked in fills.fills} == {"kraken"}
        assert (await desk.ask(ReadOrders(every=True))).orders
        assert (await desk.ask(VerifyLedger(tail=10))).result == "OK"
        assert (await desk.ask(ReadLogs())).newest >= 0


async def test_who_asks_is_told_by_the_door_and_not_by_the_ask(way: str, tmp_path: Path) -> None:
    async with reached(way, tmp_path) as (desk, _):
        identity = await desk.ask(asks.WhoAmI())
        assert identity.operator == "me"
        assert identity.enrolled


async def test_a_slow_watcher_misses_boards_and_slows_nobody(way: str, tmp_path: Path) -> None:
    async with reached(way, tmp_path) as (desk, rig):
        seen: list[int] = []
        async for board in desk.watch():
            seen.append(board.version)
            if len(seen) == 3:
                break
            before = rig.board.version
            await asyncio.sleep(0.4)
            assert rig.board.version > before + 1  # the desk went on while we slept
        assert seen == sorted(seen)


async def test_a_desk_in_another_thread_answers_without_sharing_a_loop(tmp_path: Path) -> None:
    started, done = threading.Event(), threading.Event()
    found: list[object] = []

    def engine_thread() -> None:
        async def main() -> None:
            async with running(tmp_path) as rig:
                found.extend([rig.me, asyncio.get_running_loop(), rig.draft()])
                started.set()
                while not done.is_set():  # noqa: ASYNC110 - the other thread ends it
                    await asyncio.sleep(0.01)

        asyncio.run(main())

    thread = threading.Thread(target=engine_thread)
    thread.start()
    try:
        assert await asyncio.to_thread(started.wait, 15)
        me, loop, draft = found
        desk = ThreadDesk(me, loop)  # type: ignore[arg-type]
        answer = await desk.ask(asks.SubmitOrder(draft=draft))  # type: ignore[arg-type]
        assert answer.status is Status.OPEN
        assert desk.board.orders[answer.client_id].client_id == answer.client_id
    finally:
        done.set()
        await asyncio.to_thread(thread.join)
