"""The drill of the kill switch: a real halt over canaries alone, measured and written down."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from domain import asks
from domain.board import Alarm, Board, Mode
from domain.controls import AlarmAcknowledged
from domain.drills import DAY_US, SCOPE, DrillCompleted, ReadDrills, RunDrill, days_since, overdue
from domain.errors import Refused
from domain.events import LedgerOpened
from domain.halts import HaltState, Level
from domain.instruments import Account
from domain.orders import Order, Status
from domain.ports import Placement, Trader
from engine.drill import Drill
from engine.operators import Operator, Role
from tests.engine.rig import KRAKEN, Rig, running
from tests.engine.still import START_US, Still


class Picky:
    """A trader of the demo that rejects every create at one venue."""

    def __init__(self, account: Account, trader: Trader) -> None:
        self._account = account
        self._trader = trader

    def __getattr__(self, name: str) -> Any:
        return getattr(self._trader, name)

    async def place(self, order: Order) -> Placement:
        if self._account.venue == "mexc":
            return Placement(accepted=False, code="X", reason="no post-only here")
        return await self._trader.place(order)


async def release(rig: Rig) -> None:
    good = (await rig.ask(asks.DemoCode())).detail
    await rig.ask(asks.Release(code=good, reason="the drill is over", scope=SCOPE))
    await rig.until(lambda b: not b.halts)


async def test_a_drill_cancels_its_canaries_and_leaves_every_other_order_alone(
    tmp_path: Path,
) -> None:
    async with running(tmp_path) as rig:
        mine = (await rig.submit()).client_id
        foreign = [s.client_id for s in rig.board.orders.values() if s.foreign and not s.terminal]
        done = await rig.ask(RunDrill())
        assert done.proven, done.problem
        assert set(done.accounts) == set(rig.board.accounts)
        for name in done.canaries:
            state = rig.order(name)
            assert state.order.strategy == "drill"
            assert state.order.post_only
            assert state.status is Status.CANCELED
        assert rig.order(mine).status is Status.OPEN
        assert all(not rig.order(name).terminal for name in foreign)
        assert rig.stop.level == Level.NORMAL


async def test_the_stages_of_a_drill_come_one_after_the_other(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        done = await rig.ask(RunDrill(venue="kraken"))
        assert {account.venue for account in done.accounts} == {"kraken"}
        assert 0 <= done.gate_us <= done.verified_us
        assert 0 <= done.first_cancel_us <= done.cancelled_us <= done.verified_us


async def test_others_trade_while_the_drills_halt_stands_and_it_takes_a_code_to_release(
    tmp_path: Path,
) -> None:
    async with running(tmp_path) as rig:
        await rig.ask(RunDrill(venue="kraken"))
        assert [halt.scope for halt in rig.board.halts] == [SCOPE]
        assert (await rig.submit()).status is Status.OPEN
        with pytest.raises(Refused, match="HALTED"):
            await rig.submit(replace(rig.draft(quantity="0.02"), strategy="drill"))
        with pytest.raises(Refused, match="release it first"):
            await rig.ask(RunDrill())
        with pytest.raises(Refused) as wrong:
            await rig.ask(asks.Release(code="000000", reason="x", scope=SCOPE))
        assert wrong.value.rule == "second_factor"
        await release(rig)
        assert (await rig.ask(RunDrill(venue="mexc"))).proven


async def test_a_drill_is_in_the_ledger_and_on_the_board_after_a_restart(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        assert rig.board.drilled_us == 0
        done = await rig.ask(RunDrill(venue="kraken"))
        await release(rig)
        second = await rig.ask(RunDrill(venue="mexc"))
        assert await rig.ask(ReadDrills()) == (second, done)
    async with running(tmp_path) as rig:
        assert rig.board.drilled_us == second.at_us
        assert await rig.ask(ReadDrills(limit=1)) == (second,)


async def test_a_drill_that_is_not_proven_is_written_down_as_that_and_counts_for_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.drill.PROVEN_S", 1)
    async with running(tmp_path) as rig:
        faults = rig.demo.venues["kraken"].faults
        faults.refused_cancels = 10_000
        done = await rig.ask(RunDrill(venue="kraken"))
        assert not done.proven
        assert "not proven" in done.problem
        assert done.gate_us >= 0
        assert done.verified_us == -1
        assert rig.board.drilled_us == 0
        assert (await rig.ask(ReadDrills())) == (done,)
        faults.refused_cancels = 0
        await rig.until(lambda b: b.halts[0].state is HaltState.HALTED)


async def test_an_account_without_a_canary_is_named_and_the_others_are_drilled(
    tmp_path: Path,
) -> None:
    async with running(tmp_path, wrap=Picky) as rig:
        done = await rig.ask(RunDrill())
        assert done.proven
        assert Account("mexc", "main") not in done.accounts
        assert done.left_out == ("mexc/main: no post-only here",)


@pytest.mark.parametrize(
    ("mode", "told"), [(Mode.OBSERVE, "places no orders"), (Mode.LIVE, "--live-canaries")]
)
async def test_modes_that_must_not_place_orders_by_themselves_refuse(
    tmp_path: Path, mode: Mode, told: str
) -> None:
    async with running(tmp_path, mode=mode) as rig:
        with pytest.raises(Refused, match=told):
            await rig.ask(RunDrill())
        assert not [s for s in rig.board.orders.values() if not s.foreign]


async def test_a_drill_on_a_halted_desk_places_nothing_and_says_why(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        await rig.ask(asks.Trip(reason="real"))
        with pytest.raises(Refused, match=r"no canary could be placed.*HALTED"):
            await rig.ask(RunDrill())


async def test_a_drill_needs_the_traders_role_and_a_venue_that_exists(tmp_path: Path) -> None:
    viewer = Operator(name="v", roles=frozenset({Role.VIEWER}))
    async with running(tmp_path) as rig:
        with pytest.raises(Refused, match="trader"):
            await rig.ask(RunDrill(), viewer)
        with pytest.raises(Refused, match="no venue nowhere"):
            await rig.ask(RunDrill(venue="nowhere"))


def reminders(board: Board) -> list[Alarm]:
    return [alarm for alarm in board.alarms if alarm.alarm == "drill overdue"]


@pytest.mark.parametrize(
    ("mode", "days", "told"), [(Mode.LIVE, 31, 1), (Mode.LIVE, 30, 0), (Mode.PAPER, 31, 0)]
)
async def test_live_is_reminded_once_when_there_was_no_drill_for_over_thirty_days(
    mode: Mode, days: int, told: int
) -> None:
    opened = LedgerOpened(
        at_us=START_US - days * DAY_US, actor="e", ledger_id="x", book="live", version="0",
        install_tag="T1",
    )  # fmt: skip
    still = Still(mode=mode)
    anything: Any = None
    drill = Drill(still.floor, anything, anything)
    drill.fact(opened, still.board)
    for _ in range(3):
        await drill.remind()
    assert len(reminders(still.board)) == told
    assert all(alarm.count == 1 and "never drilled" in alarm.text for alarm in still.board.alarms)
    still.clock.us += DAY_US
    await drill.remind()
    assert sum(alarm.count for alarm in reminders(still.board)) <= 1  # nobody has seen it yet
    await still.tell(AlarmAcknowledged(at_us=still.clock.us, actor="me", alarm=""))
    still.clock.us += DAY_US
    await drill.remind()
    expected = {(Mode.LIVE, 31): 2, (Mode.LIVE, 30): 2, (Mode.PAPER, 31): 0}[mode, days]
    assert sum(alarm.count for alarm in reminders(still.board)) == expected


def test_days_are_counted_from_the_last_proven_drill_and_thirty_are_not_too_many() -> None:
    now = 100 * DAY_US
    assert days_since(0, now) is None
    assert days_since(now - DAY_US + 1, now) == 0
    assert overdue(now - 30 * DAY_US, now) == ""
    assert "31 days" in overdue(now - 31 * DAY_US, now)
    assert "never" in overdue(0, now)


def test_only_a_proven_drill_is_one() -> None:
    shown = DrillCompleted(
        at_us=1, actor="me", halt_id="h", mode="DEMO", canaries=("a",), accounts=(KRAKEN,)
    )
    assert not shown.proven
    assert replace(shown, verified_us=5).proven
    assert not replace(shown, verified_us=5, problem="1 canaries traded").proven
