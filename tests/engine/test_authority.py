"""Arming, limits, enrolment: tightening is free, loosening takes a second factor."""

from pathlib import Path

import pytest

from cli.clock import SystemClock, SystemDice
from domain import asks, controls
from domain.board import Mode, Phase
from domain.errors import Refused
from domain.halts import HaltState
from domain.orders import Status
from engine.operators import Operator, Role
from risk.codes import code_at, step_at
from risk.limits import Limits
from tests.engine.rig import KRAKEN, ME, WIDE, D, Rig, Secrets, quick, running
from venues.demo import DemoDesk, open_demo


def now_us() -> int:
    return SystemClock().now_us()


def venues() -> DemoDesk:
    return open_demo(SystemClock(), SystemDice(), seed=7, instant=True)


async def enrol(rig: Rig) -> asks.Enrolment:
    made = await rig.ask(asks.BeginEnrolment())
    step = step_at(now_us())
    # The step before last and the last one, so that the present code stays unused.
    first, second = code_at(made.secret, step - 2), code_at(made.secret, step - 1)
    await rig.ask(asks.ConfirmEnrolment(first=first, second=second))
    return made


def code(seed: str) -> str:
    return code_at(seed, step_at(now_us()))


async def test_live_starts_disarmed_and_denies_until_it_is_armed(tmp_path: Path) -> None:
    async with running(tmp_path, mode=Mode.LIVE) as rig:
        assert (rig.board.phase, rig.board.armed) == (Phase.READY, False)
        with pytest.raises(Refused, match="NOT_ARMED"):
            await rig.submit()
        with pytest.raises(Refused, match="totp enrol"):
            await rig.ask(asks.Arm(code="123456", account=KRAKEN))
        made = await enrol(rig)
        with pytest.raises(Refused, match="type one of the accounts"):
            await rig.ask(asks.Arm(code=code(made.secret), account="kraken"))
        with pytest.raises(Refused, match="second_factor"):
            await rig.ask(asks.Arm(code="000000", account=KRAKEN))
        await rig.ask(asks.Arm(code=code(made.secret), account=KRAKEN))
        assert rig.board.phase is Phase.ARMED
        assert (await rig.submit()).status is Status.OPEN
        await rig.ask(asks.Disarm())
        with pytest.raises(Refused, match="NOT_ARMED"):
            await rig.submit()


async def test_a_restart_disarms_and_leaves_open_orders_alone(tmp_path: Path) -> None:
    demo, secrets = venues(), Secrets()
    async with running(tmp_path, mode=Mode.LIVE, demo=demo, secrets=secrets) as rig:
        made = await enrol(rig)
        await rig.ask(asks.Arm(code=code(made.secret), account=KRAKEN))
        name = (await rig.submit()).client_id
    async with running(tmp_path, mode=Mode.LIVE, demo=demo, secrets=secrets) as rig:
        assert not rig.board.armed
        assert rig.order(name).status is Status.OPEN
        with pytest.raises(Refused, match="NOT_ARMED"):
            await rig.submit(rig.draft(quantity="0.02"))
        done = await rig.ask(asks.CancelOrder(client_id=name))
        assert done.status in (Status.PENDING_CANCEL, Status.CANCELED)


async def test_only_live_is_armed(tmp_path: Path) -> None:
    async with running(tmp_path, moving=False) as rig:
        with pytest.raises(Refused, match="DEMO needs no arming"):
            await rig.ask(asks.Arm(code="1", account=KRAKEN))


async def test_two_acts_cannot_share_one_code(tmp_path: Path) -> None:
    async with running(tmp_path, mode=Mode.LIVE, moving=False) as rig:
        made = await enrol(rig)
        good = code(made.secret)
        await rig.ask(asks.Arm(code=good, account=KRAKEN))
        await rig.ask(asks.Disarm())
        with pytest.raises(Refused, match=r"used already|wrong"):
            await rig.ask(asks.Arm(code=good, account=KRAKEN))


async def test_a_used_code_stays_used_after_a_restart(tmp_path: Path) -> None:
    demo, secrets = venues(), Secrets()
    async with running(tmp_path, mode=Mode.LIVE, demo=demo, secrets=secrets) as rig:
        made = await enrol(rig)
        good = code(made.secret)
        await rig.ask(asks.Arm(code=good, account=KRAKEN))
    async with running(tmp_path, mode=Mode.LIVE, demo=demo, secrets=secrets) as rig:
        with pytest.raises(Refused, match=r"used already|wrong"):
            await rig.ask(asks.Arm(code=good, account=KRAKEN))


async def test_a_recovery_code_works_once(tmp_path: Path) -> None:
    async with running(tmp_path, mode=Mode.LIVE, moving=False) as rig:
        made = await enrol(rig)
        await rig.ask(asks.Arm(code=made.recovery[0], account=KRAKEN))
        await rig.ask(asks.Disarm())
        with pytest.raises(Refused, match="recovery code was used"):
            await rig.ask(asks.Arm(code=made.recovery[0], account=KRAKEN))
        await rig.ask(asks.Arm(code=made.recovery[1].lower(), account=KRAKEN))


async def test_enrolling_again_needs_proof_and_raises_an_alarm(tmp_path: Path) -> None:
    async with running(tmp_path, mode=Mode.LIVE, moving=False) as rig:
        made = await enrol(rig)
        with pytest.raises(Refused, match="as proof"):
            await rig.ask(asks.BeginEnrolment())
        with pytest.raises(Refused, match="second_factor"):
            await rig.ask(asks.BeginEnrolment(proof="000000"))
        again = await rig.ask(asks.BeginEnrolment(proof=made.recovery[0]))
        assert again.secret != made.secret
        step = step_at(now_us())
        await rig.ask(
            asks.ConfirmEnrolment(
                first=code_at(again.secret, step - 1), second=code_at(again.secret, step)
            )
        )
        assert any(alarm.alarm == "enrolment me" for alarm in rig.board.alarms)


@pytest.mark.parametrize("which", ["wrong", "apart"])
async def test_enrolment_needs_two_codes_in_a_row(tmp_path: Path, which: str) -> None:
    async with running(tmp_path, mode=Mode.LIVE, moving=False) as rig:
        made = await rig.ask(asks.BeginEnrolment())
        step = step_at(now_us())
        first = "000000" if which == "wrong" else code_at(made.secret, step - 3)
        with pytest.raises(Refused, match="in a row"):
            await rig.ask(asks.ConfirmEnrolment(first=first, second=code_at(made.secret, step)))
        assert not (await rig.ask(asks.WhoAmI())).enrolled


async def test_the_seed_is_in_the_secret_store_and_in_no_row_of_the_ledger(
    tmp_path: Path,
) -> None:
    secrets = Secrets()
    async with running(tmp_path, mode=Mode.LIVE, moving=False, secrets=secrets) as rig:
        made = await enrol(rig)
        assert list(secrets.kept.values()) == [made.secret]
        await rig.desk.flushed()
    stored = (tmp_path / "live" / "ledger.db").read_bytes()
    stored += (
        (tmp_path / "live" / "ledger.db-wal").read_bytes()
        if (tmp_path / "live" / "ledger.db-wal").exists()
        else b""
    )
    assert made.secret.encode() not in stored
    assert not any(recovery.encode() in stored for recovery in made.recovery)


# Limits


def limits(value: int) -> Limits:
    return Limits(
        max_order_value=D(value),
        max_daily_volume=D(10_000_000),
        max_position_size={"default": D(10_000_000)},
    )


async def test_a_stricter_file_applies_at_once_and_a_looser_one_waits(tmp_path: Path) -> None:
    demo = venues()
    async with running(tmp_path, demo=demo, limits=limits(5_000)) as rig:
        assert rig.board.limits["max_order_value"] == "5000"
    async with running(tmp_path, demo=demo, limits=limits(400)) as rig:
        assert rig.board.limits["max_order_value"] == "400"
        with pytest.raises(Refused, match=r"over 400\.00"):
            await rig.submit()
    async with running(tmp_path, demo=demo, limits=limits(100_000)) as rig:
        assert rig.board.limits["max_order_value"] == "400"
        assert rig.board.limits_pending["max_order_value"] == "100000"
        assert any(alarm.alarm == "limits differ" for alarm in rig.board.alarms)
        with pytest.raises(Refused, match=r"over 400\.00"):
            await rig.submit()
        good = (await rig.ask(asks.DemoCode())).detail
        await rig.ask(asks.ApproveLimits(code=good))
        assert rig.board.limits["max_order_value"] == "100000"
        assert (await rig.submit()).status is Status.OPEN


async def test_looser_limits_wait_for_their_cool_down(tmp_path: Path) -> None:
    demo = venues()
    async with running(tmp_path, demo=demo, limits=limits(400)):
        pass
    slow = quick(limits_cool_down_s=3_600)
    async with running(tmp_path, demo=demo, limits=limits(500), settings=slow) as rig:
        good = (await rig.ask(asks.DemoCode())).detail
        with pytest.raises(Refused, match=r"cooling down: 3[56]"):
            await rig.ask(asks.ApproveLimits(code=good))


async def test_the_same_looser_file_is_proposed_once(tmp_path: Path) -> None:
    demo = venues()
    for value in (400, 500, 500, 500):
        async with running(tmp_path, demo=demo, limits=limits(value), moving=False) as rig:
            facts = [fact async for _, fact in rig.ledger.facts()]
    assert sum(isinstance(fact, controls.LimitsProposed) for fact in facts) == 1


async def test_no_limit_waits_on_an_ordinary_desk(tmp_path: Path) -> None:
    async with running(tmp_path, limits=WIDE, moving=False) as rig:
        with pytest.raises(Refused, match="no looser limits"):
            await rig.ask(asks.ApproveLimits(code="1"))


# Attention


async def test_an_acknowledged_alarm_is_acknowledged_in_the_ledger(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        rig.demo.venues["mexc"].faults.unreachable = True
        await rig.ask(asks.Trip(reason="test"))
        await rig.until(lambda b: b.halts and b.halts[0].state is HaltState.HALTED_UNVERIFIED)
        assert any(not alarm.acknowledged for alarm in rig.board.alarms)
        await rig.ask(asks.AcknowledgeAlarm())
        assert all(alarm.acknowledged for alarm in rig.board.alarms)
        facts = [fact async for _, fact in rig.ledger.facts()]
        assert any(isinstance(fact, controls.AlarmAcknowledged) for fact in facts)
        assert facts[-1].actor in (ME.name, "engine")


async def test_a_viewer_cannot_acknowledge_alarms_away(tmp_path: Path) -> None:
    viewer = Operator(name="guest", roles=frozenset({Role.VIEWER}))
    async with running(tmp_path) as rig:
        with pytest.raises(Refused, match="trader"):
            await rig.ask(asks.AcknowledgeAlarm(), viewer)


async def test_an_order_that_no_search_can_settle_is_given_up_with_a_code(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        rig.demo.venues["kraken"].faults.lost_requests = 1
        name = (await rig.submit()).client_id
        assert rig.order(name).status is Status.UNKNOWN
        with pytest.raises(Refused, match="second_factor"):
            await rig.ask(asks.MarkLost(client_id=name, code="000000", reason="checked"))
        good = (await rig.ask(asks.DemoCode())).detail
        lost = await rig.ask(asks.MarkLost(client_id=name, code=good, reason="checked by eye"))
        assert lost.status is Status.LOST
        assert name not in rig.door.view.exposure.claims
