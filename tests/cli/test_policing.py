"""`withdraw policy`: the one in force, what of the settings differs, approve, cancel."""

import json
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from pathlib import Path

import pytest

from cli.clock import SystemDice
from domain.errors import Refused
from domain.policies import Policy
from tests.cli.test_withdrawing import typed
from tests.engine.paying import QUICKLY, JumpingClock
from tests.engine.rig import Rig, quick, running
from venues.demo import open_demo

TWO = replace(QUICKLY, two_person=True)
WAIT_S = 1_000
Started = Callable[[Policy], AbstractAsyncContextManager[Rig]]


@pytest.fixture
def start(tmp_path: Path) -> Started:
    clock = JumpingClock()
    demo = open_demo(clock, SystemDice(), seed=7, instant=True)

    def opened(policy: Policy) -> AbstractAsyncContextManager[Rig]:
        slow = quick(limits_cool_down_s=WAIT_S)
        return running(tmp_path, demo=demo, clock=clock, withdrawals=policy, settings=slow)

    return opened


async def test_what_differs_is_told_and_put_in_force_with_a_code(
    start: Started, capsys: pytest.CaptureFixture[str]
) -> None:
    async with start(TWO) as rig:
        run = typed(rig, capsys)
        _, out = await run("withdraw", "policy")
        assert out.startswith(f"policy {TWO.version}, since ")
        assert "1. one_person: anything → REQUIRE 1\n" in out
        assert "two persons everywhere; an address rests 1 s" in out
        assert "NOT" not in out
        _, out = await run("status")
        assert "POLICY" not in out
        with pytest.raises(Refused, match="nothing waits"):
            await run("withdraw", "policy", "approve")
    async with start(QUICKLY) as rig:
        run = typed(rig, capsys)
        _, out = await run("withdraw", "policy")
        assert f"NOT in force: policy {QUICKLY.version} of the settings" in out
        assert "two_person is on in the ledger and off in the file" in out
        assert "may be looser: two_person" in out
        assert "withdraw policy approve" in out
        _, out = await run("withdraw", "policy", "--json")
        told = json.loads(out)
        assert (told["policy"], told["settings"]) == (TWO.version, QUICKLY.version)
        assert (told["looser"], told["waits"], told["problem"]) == (["two_person"], True, "")
        _, out = await run("status")
        assert f"POLICY {QUICKLY.version} of the settings is NOT in force" in out
        _, out = await run("status", "--json")
        assert "NOT in force" in json.loads(out)["withdrawal policy"]
        with pytest.raises(Refused, match=r"cooling down: [89]\d\d s"):
            await run("withdraw", "policy", "approve", "--code", "-")  # nothing is read for it
        assert isinstance(rig.clock, JumpingClock)
        rig.clock.jump(WAIT_S)
        with pytest.raises(Refused, match="what waits is"):
            await run("withdraw", "policy", "approve", "--version", TWO.version)
        with pytest.raises(Refused, match="second_factor"):
            await run("withdraw", "policy", "approve", "--code", "000000")
        capsys.readouterr()
        _, out = await run("withdraw", "policy", "approve")
        assert "two_person is on in the ledger" in out  # shown before it is approved
        assert f"policy {QUICKLY.version} is in force" in out
        _, out = await run("withdraw", "policy")
        assert (f"policy {QUICKLY.version}" in out, "NOT" in out) == (True, False)


async def test_what_waits_is_cancelled_without_a_code(
    start: Started, capsys: pytest.CaptureFixture[str]
) -> None:
    async with start(TWO):
        pass
    async with start(QUICKLY) as rig:
        run = typed(rig, capsys)
        _, out = await run("withdraw", "policy", "cancel", "--reason", "not mine")
        assert "no other policy waits" in out
        _, out = await run("withdraw", "policy")
        assert "It was cancelled" in out
        with pytest.raises(Refused, match="it was cancelled"):
            await run("withdraw", "policy", "cancel")
