"""Triggers on a whole desk: real orders, a real ledger, real halts, restarts and releases."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from domain import asks, controls
from domain.errors import Refused
from domain.halts import Level
from domain.orders import Status
from risk.triggers import TRIGGERS
from tests.engine.rig import Rig, running
from tests.engine.test_triggers import KRAKEN, MEXC, STOP_KRAKEN, failed

D = Decimal


async def rejected(rig: Rig, number: int) -> None:
    """One more order that the venue rejected, as the ledger has it."""
    assert rig.engine.parts is not None
    now_us = rig.clock.now_us()
    await rig.desk.record(
        *(
            replace(fact, at_us=now_us)
            for fact in failed(range(2 * number + 1, 2 * number + 2), now_us)
        )
    )


async def test_ten_rejected_orders_cancel_the_accounts_orders_and_the_others_trade_on(
    tmp_path: Path,
) -> None:
    async with running(tmp_path, triggers=True) as rig:
        mine = (await rig.submit()).client_id
        for number in range(10):
            await rejected(rig, number)
        board = await rig.until(lambda b: b.halts and b.halts[0].verified)
        (halt,) = board.halts
        assert (halt.level, halt.scope) == STOP_KRAKEN
        assert halt.actor == "trigger:failed_orders"
        assert rig.order(mine).status is Status.CANCELED
        there = rig.draft(account=MEXC, symbol="BTC/USDT", quantity="0.01")
        assert (await rig.submit(there)).status is Status.OPEN
        with pytest.raises(Refused, match="HALTED"):
            await rig.submit()


async def code(rig: Rig) -> str:
    return (await rig.ask(asks.DemoCode())).detail


async def test_a_release_names_the_condition_that_still_holds_and_wants_it_acknowledged(
    tmp_path: Path,
) -> None:
    async with running(tmp_path, triggers=True) as rig:
        broken = controls.BreakOpened(
            at_us=rig.clock.now_us(), actor="engine", break_id="OVERFILL:x", kind="OVERFILL",
            account=KRAKEN, detail="", value=D(5_000),
        )  # fmt: skip
        await rig.desk.record(broken)
        board = await rig.until(lambda b: b.halts and b.halts[0].verified)
        (halt,) = board.halts
        assert (halt.level, halt.scope) == (Level.REDUCE_ONLY, "ACCOUNT:kraken/main")
        assert (await rig.submit(rig.draft(account=MEXC, symbol="BTC/USDT"))).status is Status.OPEN
        told = await rig.ask(asks.ReleasePreview())
        assert "reconciliation_break" in told.detail
        plea = asks.Release(code=await code(rig), reason="looked", scope=halt.scope)
        with pytest.raises(Refused, match=r"OVERFILL of 5000.*acknowledge"):
            await rig.ask(plea)
        await rig.ask(replace(plea, acknowledge=True))
        await rig.until(lambda b: not b.halts)
        assert rig.engine.parts is not None
        rig.engine.parts.triggers.look(TRIGGERS)  # acknowledged: it does not trip again at once
        await rig.desk.flushed()
        assert not rig.board.halts


async def test_wrong_codes_that_lock_the_second_factor_are_an_incident_and_the_brake_still_works(
    tmp_path: Path,
) -> None:
    async with running(tmp_path, triggers=True) as rig:
        await rig.ask(asks.Trip(reason="test", scope="STRATEGY:grid"))
        await rig.until(lambda b: b.halts and b.halts[0].verified)
        for _ in range(5):
            with pytest.raises(Refused):
                await rig.ask(asks.Release(code="000000", reason="x", scope="STRATEGY:grid"))
        board = await rig.until(lambda b: b.killed and all(h.verified for h in b.halts))
        assert "security incident: me's second factor is locked" in board.halts[-1].reason
        assert "no further order" in (await rig.ask(asks.Trip(reason="again"))).detail


async def test_a_halt_of_a_trigger_survives_a_restart_as_one_halt(tmp_path: Path) -> None:
    async with running(tmp_path, triggers=True) as rig:
        for number in range(10):
            await rejected(rig, number)
        await rig.until(lambda b: b.halts and b.halts[0].verified)
    async with running(tmp_path, triggers=True) as rig:
        assert rig.engine.parts is not None
        for _ in range(2):
            rig.engine.parts.triggers.look(TRIGGERS)
            await rig.desk.flushed()
        (halt,) = rig.board.halts
        assert (halt.scope, halt.trips) == ("ACCOUNT:kraken/main", 1)
        assert "failed_orders" in (await rig.ask(asks.ReleasePreview())).detail


async def test_a_strategy_that_is_denied_too_often_is_halted_at_once_and_alone(
    tmp_path: Path,
) -> None:
    async with running(tmp_path, triggers=True) as rig:
        wild = replace(rig.draft(quantity="900"), strategy="wild")
        for _ in range(51):
            with pytest.raises(Refused):
                await rig.submit(wild)
        board = await rig.until(lambda b: b.halts)
        assert (board.halts[0].level, board.halts[0].scope) == (Level.HALT, "STRATEGY:wild")
        assert (await rig.submit()).status is Status.OPEN
        with pytest.raises(Refused, match="HALTED"):
            await rig.submit(replace(rig.draft(), strategy="wild"))
