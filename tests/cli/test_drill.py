"""`drill` and `triggers`: the brake tried on the command line, and what brakes by itself."""

import json
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from cli.commands.dispatch import ON_A_DESK
from cli.parser import build
from cli.usage import WrongUsage
from domain.board import Mode
from domain.drills import SCOPE
from domain.errors import Refused
from risk.triggers import NAMES
from tests.engine.rig import Rig, running

Command = Callable[..., Awaitable[tuple[int, str]]]


def typed(rig: Rig, capsys: pytest.CaptureFixture[str]) -> Command:
    async def run(*words: str) -> tuple[int, str]:
        args = build().parse_args(list(words))
        status = await ON_A_DESK[words[0]](rig.me, args)
        return status, capsys.readouterr().out

    return run


async def test_a_drill_says_what_it_does_shows_each_stage_and_releases_with_a_code(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with running(tmp_path) as rig:
        run = typed(rig, capsys)
        status, told = await run("drill", "status")
        assert "never drilled" in told
        status, told = await run("drill", "kill", "--venue", "mexc")
        assert status == 0
        before, _, after = told.partition("STAGE")
        assert "smallest simulated order" in before
        assert "other orders are not touched" in before
        for words in ("gate closed", "first cancel sent", "canaries ended", "verified", "PROVEN"):
            assert words in after
        assert "released STRATEGY:drill" in after
        await rig.until(lambda b: not b.halts)
        status, told = await run("drill", "status")
        assert "0 days ago" in told
        status, told = await run("drill", "history")
        assert "proven" in told


async def test_a_drill_as_json_is_one_document_with_the_row_of_the_ledger(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with running(tmp_path) as rig:
        run = typed(rig, capsys)
        status, told = await run("drill", "kill", "--venue", "mexc", "--json", "--keep-halted")
        assert status == 0
        got = json.loads(told)
        assert (got["proven"], got["released"]) == (True, False)
        assert got["drill"]["accounts"] == ["mexc/main"]
        assert [halt.scope for halt in rig.board.halts] == [SCOPE]
        past = json.loads((await run("drill", "history", "--json"))[1])
        assert past == [got["drill"]]
        newest = json.loads((await run("drill", "status", "--json"))[1])
        assert newest["days_since_proven"] == 0
        assert newest["overdue"] is False


async def test_a_drill_that_is_not_proven_ends_with_75_and_stays_halted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.drill.PROVEN_S", 1)
    async with running(tmp_path) as rig:
        rig.demo.venues["mexc"].faults.refused_cancels = 10_000
        status, told = await typed(rig, capsys)("drill", "kill", "--venue", "mexc")
        assert status == 75
        assert "NOT PROVEN" in told
        assert f"kill release --scope {SCOPE}" in told
        rig.demo.venues["mexc"].faults.refused_cancels = 0
        await rig.until(lambda b: b.halts[0].verified)


async def test_a_drill_that_nobody_could_release_is_not_begun(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with running(tmp_path, mode=Mode.PAPER) as rig:
        run = typed(rig, capsys)
        with pytest.raises(Refused, match="totp enrol"):
            await run("drill", "kill")
        assert not rig.board.halts
        status, _ = await run("drill", "kill", "--keep-halted", "--venue", "mexc")
        assert status == 0


async def test_a_drill_without_anybody_to_ask_for_the_code_is_a_wrong_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(tmp_path, mode=Mode.PAPER) as rig:
        assert rig.engine.parts is not None
        monkeypatch.setattr(rig.engine.parts.codes, "enrolled", lambda _: True)
        with pytest.raises(WrongUsage, match="--code"):
            await typed(rig, capsys)("drill", "kill")
        assert not [s for s in rig.board.orders.values() if not s.foreign]


async def test_every_trigger_is_listed_with_its_value_its_limit_and_whether_it_is_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with running(tmp_path, triggers=True) as rig:
        run = typed(rig, capsys)
        status, told = await run("triggers")
        assert status == 0
        lines = told.splitlines()
        assert [line.split()[0] for line in lines[1:]] == list(NAMES)
        assert all(" on " in line for line in lines[1:])
        assert "10 in 300 s" in told
        got = json.loads((await run("triggers", "--json"))[1])
        assert [view["name"] for view in got] == list(NAMES)
    async with running(tmp_path) as rig:
        _, told = await typed(rig, capsys)("triggers")
        assert "drawdown              HALT_CANCEL  off" in told
