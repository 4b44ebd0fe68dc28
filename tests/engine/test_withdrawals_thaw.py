"""A crash between a thaw and the judgement after it: what was approved before a halt is void."""

from dataclasses import replace
from pathlib import Path

from domain import withdrawal_facts as facts
from domain.withdrawals import State
from tests.engine.paying import QUICKLY, active, approved, parts, requested
from tests.engine.rig import Rig
from tests.engine.test_withdrawals import paying


async def _thawed_and_not_judged(rig: Rig, request_id: str) -> None:
    told = {"at_us": rig.clock.now_us(), "actor": "engine", "request_id": request_id}
    await rig.desk.record(
        facts.WithdrawalFrozen(**told, reason="halted"),  # type: ignore[arg-type]
        facts.WithdrawalThawed(**told),  # type: ignore[arg-type]
    )


async def test_an_approval_from_before_a_halt_is_void_after_a_crash_in_the_thaw(
    tmp_path: Path,
) -> None:
    slowly = replace(QUICKLY, cool_off_s=600)
    async with paying(tmp_path, slowly) as (rig, wire):
        await active(rig)
        request = await approved(rig, await requested(rig))
        await _thawed_and_not_judged(rig, request.request_id)
    async with paying(tmp_path, slowly) as (rig, wire):
        rig.clock.jump(700)  # type: ignore[attr-defined]
        await parts(rig).dispatch.look()
        now = rig.board.withdrawals[request.request_id]
        assert now.state in (State.PENDING, State.BLOCKED)
        assert now.body_hash != request.body_hash
        assert not now.standing
        assert wire.calls == []
