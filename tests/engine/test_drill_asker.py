"""A drill whose asker goes away: its canaries do not stay behind."""

import asyncio
from pathlib import Path

from domain.drills import SCOPE, STRATEGY, RunDrill
from domain.orders import Status
from tests.engine.rig import running


async def test_a_drill_whose_asker_goes_away_is_ended_all_the_same(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        asking = asyncio.create_task(rig.ask(RunDrill()))
        await rig.until(
            lambda b: any(s.order.strategy == STRATEGY and s.acked for s in b.orders.values())
        )
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        await rig.until(
            lambda b: (
                any(halt.scope == SCOPE and halt.verified for halt in b.halts) and b.drilled_us
            )
        )
        canaries = [s for s in rig.board.orders.values() if s.order.strategy == STRATEGY]
        assert canaries
        assert {state.status for state in canaries} == {Status.CANCELED}
