"""Limits: lowered at once, raised with a code after a cool-down; the ledger is the truth."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

import pytest

from cli.clock import SystemClock, SystemDice
from domain import asks, controls
from domain.errors import Misconfigured, Refused
from domain.events import Fact
from domain.orders import Status
from engine.limiting import ALARM, Limiting
from engine.operators import Operator, Role
from risk.limits import Limits
from risk.scoped import ScopedLimits, limited_scope
from tests.engine.rig import ME, D, Rig, quick, running
from venues.demo import DemoDesk, open_demo

KRAKEN = "max_order_value@VENUE:kraken"
TRADER = Operator(name="tina", roles=frozenset({Role.TRADER}))
HOUR_S = 3_600


class HandSetClock(SystemClock):
    """A clock whose wall a hand can move; nothing moves the monotonic one but `waited`."""

    def __init__(self) -> None:
        self.stepped_us = 0
        self.waited_us = 0

    def now_us(self) -> int:
        return super().now_us() + self.stepped_us + self.waited_us

    def monotonic_us(self) -> int:
        return super().monotonic_us() + self.waited_us


def demo() -> DemoDesk:
    return open_demo(SystemClock(), SystemDice(), seed=7, instant=True)


def limits(value: int, **scoped: int) -> Limits:
    told = tuple(
        ScopedLimits(scope=limited_scope(f"VENUE:{venue}"), max_order_value=D(size))
        for venue, size in scoped.items()
    )
    return Limits(
        max_order_value=D(value),
        max_daily_volume=D(10_000_000),
        max_position_size={"default": D(10_000_000)},
        by_scope=told,
    )


def limiting(rig: Rig) -> Limiting:
    assert rig.engine.parts is not None
    return rig.engine.parts.limiting


async def code(rig: Rig) -> str:
    return (await rig.ask(asks.DemoCode())).detail


async def put(rig: Rig, caller: Operator = ME, /, **values: str) -> str:
    return (await rig.ask(asks.SetLimits(values=values), caller)).detail


async def facts_of(rig: Rig, kind: type[Fact]) -> list[Fact]:
    return [fact async for _, fact in rig.ledger.facts() if isinstance(fact, kind)]


def alarms(rig: Rig) -> list[str]:
    return [alarm.text for alarm in rig.board.alarms if alarm.alarm == ALARM]


async def test_lowering_is_instant_and_needs_no_code(tmp_path: Path) -> None:
    async with running(tmp_path, limits=limits(5_000), moving=False) as rig:
        told = await put(rig, TRADER, max_order_value="400")
        assert "version 2" in told
        assert rig.board.limits["max_order_value"] == "400"
        with pytest.raises(Refused, match=r"over 400\.00"):
            await rig.submit()
        (_, approved) = await facts_of(rig, controls.LimitsApproved)
        assert isinstance(approved, controls.LimitsApproved)
        assert (approved.actor, approved.settings_sha) == ("tina", "0" * 64)


async def test_a_raise_waits_for_its_cool_down_and_a_code_that_was_not_used(
    tmp_path: Path,
) -> None:
    clock = HandSetClock()
    slow = quick(limits_cool_down_s=HOUR_S)
    async with running(
        tmp_path, limits=limits(400), settings=slow, clock=clock, moving=False
    ) as rig:
        assert "can be raised in 3" in await put(rig, max_order_value="500")
        assert rig.board.limits["max_order_value"] == "400"
        await rig.until(lambda board: 3_500 < board.engine.limits_wait_s <= HOUR_S)
        good = await code(rig)
        with pytest.raises(Refused, match=r"cooling down: 3[56]"):
            await rig.ask(asks.ApproveLimits(code=good))
        clock.waited_us += HOUR_S * 1_000_000
        await rig.until(lambda board: not board.engine.limits_wait_s)
        with pytest.raises(Refused, match="second_factor"):
            await rig.ask(asks.ApproveLimits(code="000000"))
        good = await code(rig)
        await rig.ask(asks.ApproveLimits(code=good))
        assert rig.board.limits["max_order_value"] == "500"
        assert not rig.board.limits_pending
        await put(rig, max_order_value="600")
        clock.waited_us += HOUR_S * 1_000_000
        with pytest.raises(Refused, match=r"used already|wrong"):
            await rig.ask(asks.ApproveLimits(code=good))
        assert rig.board.limits["max_order_value"] == "500"


async def test_a_wall_clock_that_is_stepped_forward_ends_no_cool_down(tmp_path: Path) -> None:
    clock = HandSetClock()
    slow = quick(limits_cool_down_s=HOUR_S)
    async with running(
        tmp_path, limits=limits(400), settings=slow, clock=clock, moving=False
    ) as rig:
        await put(rig, max_order_value="500")
        for step_us in (10 * HOUR_S * 1_000_000, -10 * HOUR_S * 1_000_000):
            clock.stepped_us = step_us
            with pytest.raises(Refused, match=r"cooling down: 3[56]"):
                await rig.ask(asks.ApproveLimits(code=await code(rig)))


async def test_a_cool_down_goes_on_over_a_restart_by_the_ledgers_time(tmp_path: Path) -> None:
    venues, clock = demo(), HandSetClock()
    slow = quick(limits_cool_down_s=HOUR_S)
    told = {"limits": limits(400), "settings": slow, "clock": clock, "moving": False}
    async with running(tmp_path, demo=venues, **told) as rig:  # type: ignore[arg-type]
        await put(rig, max_order_value="500")
    clock.waited_us += HOUR_S * 500_000
    async with running(tmp_path, demo=venues, **told) as rig:  # type: ignore[arg-type]
        assert rig.board.limits_pending["max_order_value"] == "500"
        with pytest.raises(Refused, match=r"cooling down: 1[78]"):
            await rig.ask(asks.ApproveLimits(code=await code(rig)))
    clock.stepped_us = -5 * HOUR_S * 1_000_000  # set back: it waits from the beginning
    async with running(tmp_path, demo=venues, **told) as rig:  # type: ignore[arg-type]
        with pytest.raises(Refused, match=r"cooling down: 3[56]"):
            await rig.ask(asks.ApproveLimits(code=await code(rig)))
    clock.stepped_us = 0
    clock.waited_us += HOUR_S * 500_000
    async with running(tmp_path, demo=venues, **told) as rig:  # type: ignore[arg-type]
        await rig.ask(asks.ApproveLimits(code=await code(rig)))
        assert rig.board.limits["max_order_value"] == "500"


async def test_a_shorter_cool_down_in_the_file_counts_only_after_an_approval(
    tmp_path: Path,
) -> None:
    venues, clock = demo(), HandSetClock()
    slow, fast = quick(limits_cool_down_s=HOUR_S), quick(limits_cool_down_s=1)
    told = {"demo": venues, "clock": clock, "moving": False}
    async with running(tmp_path, limits=limits(400), settings=slow, **told):  # type: ignore[arg-type]
        pass
    async with running(tmp_path, limits=limits(500), settings=fast, **told) as rig:  # type: ignore[arg-type]
        clock.waited_us += 10_000_000
        with pytest.raises(Refused, match=r"cooling down: 3[56]"):
            await rig.ask(asks.ApproveLimits(code=await code(rig)))
        clock.waited_us += HOUR_S * 1_000_000
        await rig.ask(asks.ApproveLimits(code=await code(rig)))
        await put(rig, max_order_value="600")
        clock.waited_us += 60_000_000
        await rig.ask(asks.ApproveLimits(code=await code(rig)))
        assert rig.board.limits["max_order_value"] == "600"


async def test_a_trader_lowers_and_an_admin_raises(tmp_path: Path) -> None:
    async with running(tmp_path, limits=limits(400), moving=False) as rig:
        with pytest.raises(Refused, match="admin"):
            await put(rig, TRADER, max_order_value="500")
        with pytest.raises(Refused, match="admin"):
            await put(rig, TRADER, max_order_value="300", max_daily_volume="20000000")
        assert rig.board.limits["max_order_value"] == "400"
        assert not rig.board.limits_pending


async def test_a_raise_that_was_asked_for_can_be_cancelled(tmp_path: Path) -> None:
    async with running(tmp_path, limits=limits(400), moving=False) as rig:
        await put(rig, max_order_value="500")
        await rig.ask(asks.CancelLimits(reason="not needed"), TRADER)
        assert not rig.board.limits_pending
        (gone,) = await facts_of(rig, controls.LimitsWithdrawn)
        assert isinstance(gone, controls.LimitsWithdrawn)
        assert (gone.looser, gone.reason, gone.actor) == (
            ("max_order_value",),
            "not needed",
            "tina",
        )
        for ask in (asks.CancelLimits(), asks.ApproveLimits(code=await code(rig))):
            with pytest.raises(Refused, match="no looser limits"):
                await rig.ask(ask)


async def test_of_two_raises_both_wait_and_lowering_one_drops_it_alone(tmp_path: Path) -> None:
    async with running(tmp_path, limits=limits(400), moving=False) as rig:
        await put(rig, max_order_value="500")
        await put(rig, max_daily_volume="20000000", max_open_orders="100")
        pending = rig.board.limits_pending
        assert (pending["max_order_value"], pending["max_daily_volume"]) == ("500", "20000000")
        assert pending["max_open_orders"] == rig.board.limits["max_open_orders"] == "100"
        await put(rig, max_order_value="300")
        pending = rig.board.limits_pending
        assert (pending["max_order_value"], pending["max_daily_volume"]) == ("300", "20000000")
        await rig.ask(asks.ApproveLimits(code=await code(rig)))
        assert rig.board.limits["max_order_value"] == "300"
        assert rig.board.limits["max_daily_volume"] == "20000000"


async def test_what_two_lower_at_once_is_both_lower(tmp_path: Path) -> None:
    async with running(tmp_path, limits=limits(5_000), moving=False) as rig:
        await put(rig, max_daily_volume="20000000")
        good = await code(rig)
        async with asyncio.TaskGroup() as group:
            group.create_task(put(rig, max_order_value="400"))
            group.create_task(put(rig, max_open_orders="7"))
            group.create_task(put(rig, ME, **{KRAKEN: "300"}))
            group.create_task(rig.ask(asks.ApproveLimits(code=good)))
        now = rig.board.limits
        assert (now["max_order_value"], now["max_open_orders"], now[KRAKEN]) == ("400", "7", "300")
        versions = [f.version for f in await facts_of(rig, controls.LimitsApproved)]  # type: ignore[attr-defined]
        assert versions == sorted(set(versions))


async def test_a_limit_of_a_scope_is_put_in_force_felt_and_taken_away_with_a_code(
    tmp_path: Path,
) -> None:
    async with running(tmp_path, limits=limits(100_000)) as rig:
        await put(rig, ME, **{KRAKEN: "400"})
        with pytest.raises(Refused, match=r"over 400\.00 USD \(VENUE:kraken\)"):
            await rig.submit()
        await put(rig, ME, **{KRAKEN: "off"})
        assert KRAKEN in rig.board.limits
        await rig.ask(asks.ApproveLimits(code=await code(rig)))
        assert KRAKEN not in rig.board.limits
        assert (await rig.submit()).status is Status.OPEN


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({}, "say which limit"),
        ({"max_order_value": "400"}, "already"),
        ({"max_order_value": "off"}, "max_order_value"),
        ({"max_order_value": "many"}, "many"),
        ({"max_order_value": "-1"}, "over zero"),
        ({"max_open_orders": "1.5"}, "whole number"),
        ({"max_cheese": "1"}, "is no limit"),
        ({"max_open_orders@VENUE:nowhere": "1"}, "there is no venue nowhere; there are"),
        ({"max_open_orders@ACCOUNT:kraken/nobody": "1"}, "there is no account kraken/nobody"),
        ({"max_open_orders@PLACE:kraken": "1"}, "is no scope"),
        ({"max_daily_loss@VENUE:kraken": "1"}, "whole desk"),
        ({"max_order_value@VENUE:kraken": "off"}, "there is no limit"),
        ({"max_order_value": "off"}, "max_order_value has no default: it cannot be missing"),
    ],
)
async def test_what_is_no_limit_is_refused_in_words(
    tmp_path: Path, values: Mapping[str, str], why: str
) -> None:
    async with running(tmp_path, limits=limits(400), moving=False) as rig:
        with pytest.raises(Refused, match=why):
            await rig.ask(asks.SetLimits(values=values))
        assert rig.board.limits_version == 1


# The settings file


async def test_a_file_without_the_limit_of_a_scope_loosens_nothing(tmp_path: Path) -> None:
    venues = demo()
    async with running(tmp_path, demo=venues, limits=limits(5_000, kraken=400), moving=False):
        pass
    async with running(tmp_path, demo=venues, limits=limits(5_000), moving=False) as rig:
        assert rig.board.limits[KRAKEN] == "400"
        assert KRAKEN not in rig.board.limits_pending
        (text,) = alarms(rig)
        assert f"{KRAKEN} is 400 in the ledger and off in the file" in text
        assert "quarterdeck limits approve" in text
        with pytest.raises(Refused, match=r"\(VENUE:kraken\)"):
            await rig.submit()


async def test_a_stricter_file_counts_at_once_and_is_told(tmp_path: Path) -> None:
    venues = demo()
    for told in (limits(5_000), limits(5_000, kraken=400), limits(5_000, kraken=400)):
        async with running(tmp_path, demo=venues, limits=told, moving=False) as rig:
            seen = alarms(rig)
    assert rig.board.limits[KRAKEN] == "400"
    difference = f"{KRAKEN} is off in the ledger and 400 in the file."
    assert seen == [f"{difference} The file is stricter: it is in force from now on"]


async def test_a_file_that_is_put_right_asks_no_longer(tmp_path: Path) -> None:
    venues = demo()
    for value in (400, 500, 400):
        async with running(tmp_path, demo=venues, limits=limits(value), moving=False) as rig:
            pending = rig.board.limits_pending
    assert not pending
    async with running(tmp_path, demo=venues, limits=limits(400), moving=False) as rig:
        assert len(await facts_of(rig, controls.LimitsWithdrawn)) == 1


async def test_what_a_person_lowered_stays_low_over_a_restart(tmp_path: Path) -> None:
    venues = demo()
    async with running(tmp_path, demo=venues, limits=limits(5_000), moving=False) as rig:
        await put(rig, max_order_value="400")
    async with running(tmp_path, demo=venues, limits=limits(5_000), moving=False) as rig:
        assert rig.board.limits["max_order_value"] == "400"
        assert rig.board.limits_pending["max_order_value"] == "5000"
        with pytest.raises(Refused, match=r"over 400\.00"):
            await rig.submit()


async def test_a_file_changed_behind_the_running_desks_back_alarms_and_changes_nothing(
    tmp_path: Path,
) -> None:
    async with running(tmp_path, limits=limits(400), moving=False) as rig:
        part = limiting(rig)
        await part.look(lambda: None)
        assert not alarms(rig)
        changed = limits(100_000).values()
        await part.look(lambda: changed)
        await part.look(lambda: changed)
        await rig.desk.flushed()
        (text,) = alarms(rig)
        assert "max_order_value is 400 in the ledger and 100000 in the file" in text
        assert (rig.board.limits["max_order_value"], rig.board.limits_pending) == ("400", {})
        assert sum(a.alarm == ALARM and a.count > 1 for a in rig.board.alarms) == 0
        await part.look(lambda: limits(400).values())
        assert len(alarms(rig)) == 1


async def test_a_file_that_cannot_be_read_any_more_alarms(tmp_path: Path) -> None:
    def broken() -> Mapping[str, str]:
        raise Misconfigured("trading_config.yaml line 3", "is missing")

    async with running(tmp_path, limits=limits(400), moving=False) as rig:
        await limiting(rig).look(broken)
        await rig.desk.flushed()
        (text,) = alarms(rig)
        assert "cannot be read any more" in text
        assert "line 3" in text
