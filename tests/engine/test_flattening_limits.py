"""Flattening against the desk's own guards: what stops people must not stop the way out."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from cli.clock import SystemClock, SystemDice
from domain import asks
from domain.flatten import FlattenState
from domain.halts import scope_of
from domain.instruments import Account
from risk.flatten import to_sell
from risk.scoped import ScopedLimits, limited_scope
from tests.engine.rig import WIDE, quick, running
from tests.engine.test_flattening import HERE, flatten, slices, until
from venues.demo import open_demo

UNKNOWN = "its balances are not known"

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(autouse=True)
def at_a_quick_pace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.flattening.PAUSE_S", 0.05)
    monkeypatch.setattr("engine.flattening.PACE_S", 0.02)


async def test_many_slices_of_a_flattening_are_no_runaway_strategy(tmp_path: Path) -> None:
    few = replace(
        WIDE,
        max_order_value=Decimal(5_000),
        max_executions_per_minute=Decimal(3),
        max_denials_per_5min=Decimal(3),
    )
    async with running(tmp_path, limits=few, triggers=True) as rig:
        plan = await rig.ask(asks.FlattenPreview(scope=HERE))
        assert sum(sale.slices for sale in plan.sales) > 3
        await rig.ask(flatten())
        told = await until(rig, FlattenState.DONE)
        assert len(slices(rig)) > 3
        assert not [kept for kept in told.left if not kept.why.startswith("dust")]
        assert [halt.scope for halt in rig.board.halts] == [HERE]


async def test_a_tighter_collar_of_a_scope_is_the_one_that_a_sale_keeps_to(tmp_path: Path) -> None:
    tight = ScopedLimits(scope=limited_scope("VENUE:kraken"), price_collar_pct=Decimal(1))
    async with running(tmp_path, limits=replace(WIDE, by_scope=(tight,))) as rig:
        await rig.ask(flatten())
        told = await until(rig, FlattenState.DONE)
        assert told.sold > 0
        assert not [kept for kept in told.left if not kept.why.startswith("dust")]


async def test_an_account_whose_balances_nobody_told_is_not_empty(tmp_path: Path) -> None:
    demo = open_demo(SystemClock(), SystemDice(), seed=7, instant=True)
    async with running(tmp_path, demo=demo, moving=False):
        pass
    demo.venues["kucoin"].faults.unreachable = True
    settings = quick(first_try_s=1)
    async with running(tmp_path, demo=demo, settings=settings, moving=False) as rig:
        scope = "ACCOUNT:kucoin/main"
        plan = await rig.ask(asks.FlattenPreview(scope=scope))
        assert [kept.why for place in plan.left for kept in place.left] == [UNKNOWN]
        view = rig.door.seen()
        assert to_sell(Account("kucoin", "main"), scope_of(scope), view)[1]
