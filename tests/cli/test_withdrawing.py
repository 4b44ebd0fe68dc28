"""`withdraw` and `address` on a desk that runs: from an address to a confirmed withdrawal."""

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from cli.clock import SystemDice
from cli.commands.dispatch import ON_A_DESK
from cli.parser import build
from cli.usage import WrongUsage
from domain.errors import Refused
from domain.withdrawals import State
from tests.engine.paying import ADDRESS, QUICKLY, STEP_S, JumpingClock, active, parts, wired
from tests.engine.rig import Rig, running
from venues.demo import open_demo

Command = Callable[..., Awaitable[tuple[int, str]]]
REQUEST = ("withdraw", "request", "100", "USD", "--from", "kraken", "--to", "cold")


@pytest.fixture
def desk(tmp_path: Path) -> Callable[[], Any]:
    def opened() -> Any:
        clock = JumpingClock()
        demo = open_demo(clock, SystemDice(), seed=7, instant=True)
        connections, _ = wired(demo)
        return running(
            tmp_path, demo=demo, connections=connections, clock=clock, withdrawals=QUICKLY
        )

    return opened


def typed(rig: Rig, capsys: pytest.CaptureFixture[str]) -> Command:
    async def run(*words: str) -> tuple[int, str]:
        assert isinstance(rig.clock, JumpingClock)
        rig.clock.jump(STEP_S)  # a demo code works once
        args = build().parse_args(list(words))
        status = await ON_A_DESK[words[0]](rig.me, args)
        return status, capsys.readouterr().out

    return run


async def test_a_withdrawal_from_its_address_to_its_confirmation(
    desk: Callable[[], Any], capsys: pytest.CaptureFixture[str]
) -> None:
    async with desk() as rig:
        run = typed(rig, capsys)
        status, out = await run(
            "address", "add", "cold", ADDRESS, "--venue", "kraken", "--asset", "USD",
            "--network", "TRX",
        )  # fmt: skip
        assert (status, "NEW" in out, ADDRESS in out) == (0, True, True)
        status, out = await run("address", "confirm", "cold")
        assert "QUARANTINED" in out
        rig.clock.jump(2)
        _, out = await run("address", "list")
        assert "ACTIVE" in out
        status, out = await run(
            "withdraw", "check", "100", "USD", "--from", "kraken", "--to", "cold"
        )
        assert "REQUIRE by one_person, 1 to approve" in out
        status, out = await run(*REQUEST, "--key", "rent", "--note", "rent", "--json")
        request = json.loads(out)
        name, digest = request["request_id"], request["body_hash"]
        _, again = await run(*REQUEST, "--key", "rent", "--note", "rent", "--json")
        assert json.loads(again)["request_id"] == name
        status, out = await run("withdraw", "show", name)
        assert (ADDRESS in out, digest in out, "PENDING" in out) == (True, True, True)
        status, out = await run("withdraw", "approve", name, "--hash", digest[:12])
        assert "APPROVED" in out
        rig.clock.jump(1)
        await rig.until(lambda b: b.withdrawals[name].submitted)
        await parts(rig).tracing.look()
        await rig.until(lambda b: b.withdrawals[name].state is State.COMPLETED)
        status, out = await run("withdraw", "list")
        assert (name in out, "COMPLETED" in out, "1/1" in out) == (True, True, True)
        _, out = await run("withdraw", "list", "--open", "--json")
        assert json.loads(out)["total"] == 0


async def test_a_blocked_request_is_told_and_ends_with_77(
    desk: Callable[[], Any], capsys: pytest.CaptureFixture[str]
) -> None:
    async with desk() as rig:
        status, out = await typed(rig, capsys)(*REQUEST[:-2], "--address", "nowhere")
        assert (status, "BLOCKED" in out, "not on the allow-list" in out) == (77, True, True)


async def test_nothing_is_approved_that_was_not_named(
    desk: Callable[[], Any], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    async with desk() as rig:
        run = typed(rig, capsys)
        await active(rig)
        _, out = await run(*REQUEST, "--json")
        name = json.loads(out)["request_id"]
        with pytest.raises(WrongUsage, match="--hash"):
            await run("withdraw", "approve", name)
        with pytest.raises(Refused, match="another hash"):
            await run("withdraw", "approve", name, "--hash", "0" * 12)
        with pytest.raises(WrongUsage, match="too short"):
            await run("withdraw", "approve", name, "--hash", "0")
        status, out = await run("withdraw", "reject", name, "--reason", "not now")
        assert (status, "REJECTED" in out, "not now" in out) == (0, True, True)


async def test_an_address_can_be_revoked_and_the_policy_read(
    desk: Callable[[], Any], capsys: pytest.CaptureFixture[str]
) -> None:
    async with desk() as rig:
        run = typed(rig, capsys)
        await active(rig)
        status, out = await run("address", "revoke", "cold", "--reason", "moved")
        assert "REVOKED" in out
        assert "empty" in (await run("address", "list"))[1]
        assert "REVOKED" in (await run("address", "list", "--revoked"))[1]
        status, out = await run("withdraw", "policy")
        assert (status, "otherwise → BLOCK" in out) == (0, True)


async def test_an_amount_that_is_no_number_is_wrong_usage(
    desk: Callable[[], Any], capsys: pytest.CaptureFixture[str]
) -> None:
    async with desk() as rig:
        with pytest.raises(WrongUsage, match="is no amount"):
            await typed(rig, capsys)(
                "withdraw", "request", "lots", "USD", "--from", "kraken", "--to", "cold"
            )


async def test_a_mistyped_address_is_refused_when_it_is_added(
    desk: Callable[[], Any], capsys: pytest.CaptureFixture[str]
) -> None:
    async with desk() as rig:
        with pytest.raises(Refused, match="checksum"):
            await typed(rig, capsys)(
                "address", "add", "x", ADDRESS[:-1] + "k", "--venue", "kraken", "--asset", "USDT"
            )
