"""Positions at a venue that is down at the start: what the ledger knows of them counts."""

from dataclasses import replace
from pathlib import Path

from cli.clock import SystemClock, SystemDice
from domain.instruments import Account
from domain.orders import Side
from risk.scoped import ScopedLimits, limited_scope
from tests.engine.rig import WIDE, Rig, quick, running
from venues.demo import open_demo

KUCOIN = Account("kucoin", "main")
SYMBOL = ScopedLimits(
    scope=limited_scope("SYMBOL:BTC/USD"), max_position_size=WIDE.max_position_size
)


def most(rig: Rig) -> tuple[object, ...]:
    view = rig.door.seen()
    lenses = [lens.view.exposure.most("BTC") for lens in rig.door.sums.lenses]
    return (view.exposure.most("BTC"), *lenses)


async def test_what_a_venue_held_counts_while_it_cannot_be_asked(tmp_path: Path) -> None:
    demo = open_demo(SystemClock(), SystemDice(), seed=7, instant=True)
    settings = quick(first_try_s=1)
    limits = replace(WIDE, by_scope=(SYMBOL,))
    async with running(tmp_path, demo=demo, settings=settings, limits=limits, moving=False) as rig:
        held = rig.board.accounts[KUCOIN].balances
        assert held is not None
        assert held.assets["BTC"].total > 0
        before = most(rig)
    demo.venues["kucoin"].faults.unreachable = True
    async with running(tmp_path, demo=demo, settings=settings, limits=limits, moving=False) as rig:
        assert rig.board.accounts[KUCOIN].balances is None
        assert most(rig) == before
        tight = replace(limits, max_position_size={"default": before[0] * rig.price()})  # type: ignore[operator]
        rig.door.view.limits = tight
        verdict = rig.door.verdict(rig.draft(Side.BUY))
        assert verdict.rule == "max_position_size"
        demo.venues["kucoin"].faults.unreachable = False
        await rig.until(lambda b: b.accounts[KUCOIN].balances is not None)
        assert most(rig) == before
