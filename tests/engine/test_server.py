"""The socket: who may come in, and what a hostile or broken client can do (nothing)."""

import asyncio
import json
import os
import stat
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from domain import asks
from domain.errors import Refused, Unavailable
from domain.registry import asks_by_name
from engine.operators import EVERY_ROLE, Operator, Operators, Role
from engine.remote import attached
from engine.server import served
from engine.wire import LONGEST_LINE, asked
from tests.engine.rig import Rig, running

ME = Operators((Operator(name="me", roles=EVERY_ROLE, os_uid=os.getuid()),))


@asynccontextmanager
async def serving(tmp_path: Path, operators: Operators = ME) -> AsyncGenerator[tuple[Rig, Path]]:
    async with running(tmp_path, moving=False) as rig:
        path = tmp_path / "run" / "s"
        async with served(rig.desk, path, operators):
            yield rig, path


async def test_only_the_owner_can_reach_the_socket(tmp_path: Path) -> None:
    async with serving(tmp_path) as (_, path):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert not path.exists()


async def test_a_user_who_is_no_operator_is_sent_away(tmp_path: Path) -> None:
    nobody = Operators((Operator(name="someone", os_uid=os.getuid() + 1),))
    async with serving(tmp_path, nobody) as (_, path):
        with pytest.raises((Refused, Unavailable), match=r"no operator|closed"):
            async with attached(path) as desk:
                await desk.ask(asks.WhoAmI())


async def test_the_peers_user_id_decides_the_roles(tmp_path: Path) -> None:
    viewer = Operators(
        (Operator(name="guest", roles=frozenset({Role.VIEWER}), os_uid=os.getuid()),)
    )
    async with serving(tmp_path, viewer) as (rig, path), attached(path) as desk:
        assert (await desk.ask(asks.WhoAmI())).operator == "guest"
        with pytest.raises(Refused, match="guest is not trader"):
            await desk.ask(asks.SubmitOrder(draft=rig.draft()))


async def test_a_stale_socket_of_a_dead_engine_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir(mode=0o700)
    (tmp_path / "run" / "s").write_bytes(b"")
    async with serving(tmp_path) as (_, path), attached(path) as desk:
        assert (await desk.ask(asks.WhoAmI())).operator == "me"


HOSTILE = [
    b"not json\n",
    b"[1,2,3]\n",
    b'{"id":1,"ask":"Nope"}\n',
    b'{"id":1,"ask":"SubmitOrder","with":{"draft":1}}\n',
    b'{"id":1,"ask":"SubmitOrder","with":{"draft":{"quantity":1.5}}}\n',
    b'{"id":1,"ask":"Trip","with":{"reason":1}}\n',
    b'{"id":' + b"9" * 5000 + b"}\n",
    b'{"a":' * 5000 + b"1" + b"}" * 5000 + b"\n",
    b"\xff\xfe\n",
    b'{"watch":"x"}\n',
    b'{"id":null}\n',
]


@pytest.mark.parametrize("raw", HOSTILE)
async def test_a_hostile_line_costs_the_desk_nothing(tmp_path: Path, raw: bytes) -> None:
    async with serving(tmp_path) as (_, path):
        reader, writer = await asyncio.open_unix_connection(path, limit=LONGEST_LINE)
        writer.write(raw)
        await writer.drain()
        async with asyncio.timeout(5):
            reply = await reader.readline()
        writer.close()
        assert not reply or "error" in json.loads(reply)
        async with attached(path) as desk:
            assert (await desk.ask(asks.WhoAmI())).operator == "me"


async def test_a_client_that_never_reads_is_let_go_and_slows_nobody(tmp_path: Path) -> None:
    async with serving(tmp_path) as (rig, path):
        _, writer = await asyncio.open_unix_connection(path)
        writer.write(b'{"watch":10}\n')
        await writer.drain()
        before = rig.board.version
        await asyncio.sleep(0.5)
        assert rig.board.version > before
        writer.close()


async def test_an_ask_whose_client_hung_up_is_answered_to_nobody(tmp_path: Path) -> None:
    async with serving(tmp_path) as (rig, path):
        _, writer = await asyncio.open_unix_connection(path)
        writer.write(asked(1, asks.SubmitOrder(draft=rig.draft())))
        await writer.drain()
        writer.close()
        await rig.until(lambda b: any(not s.foreign for s in b.orders.values()))


async def test_every_ask_has_an_answer_and_a_documented_role(tmp_path: Path) -> None:
    async with running(tmp_path, moving=False) as rig:
        assert {ask.__name__ for ask in rig.desk.answered} == set(asks_by_name())


async def test_nobody_listens_is_said_plainly(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="nobody answers"):
        async with attached(tmp_path / "none"):
            pass


async def test_an_engine_that_goes_away_is_noticed_and_the_last_board_stays(
    tmp_path: Path,
) -> None:
    async with running(tmp_path, moving=False) as rig:
        path = tmp_path / "run" / "s"
        async with served(rig.desk, path, ME):
            context = attached(path)
            desk = await context.__aenter__()
        with pytest.raises(Unavailable):
            await desk.ask(asks.WhoAmI())
        assert desk.board.accounts
        await context.__aexit__(None, None, None)
