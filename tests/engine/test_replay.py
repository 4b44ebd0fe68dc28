"""What a start makes of the ledger: the end counts, and not each step on the way to it."""

import asyncio
import gc
from pathlib import Path

from cli.clock import SystemClock, SystemDice
from domain.asks import CancelOrder
from domain.orders import Status
from tests.engine.rig import running
from venues.demo import open_demo


async def test_what_rests_is_claimed_and_what_ended_is_not_followed(tmp_path: Path) -> None:
    demo = open_demo(SystemClock(), SystemDice(), seed=7, instant=True)
    async with running(tmp_path, demo=demo, moving=False) as rig:
        resting = (await rig.submit(rig.draft(away_pct=-4))).client_id
        gone = (await rig.submit(rig.draft(away_pct=-3))).client_id
        await rig.ask(CancelOrder(client_id=gone))
        await rig.until(lambda board: board.orders[gone].status is Status.CANCELED)
        await rig.until(lambda board: board.orders[gone].settled)
        claimed = dict(rig.door.view.exposure.claims)
        held = rig.door.view.exposure.value
        assert resting in claimed
        assert gone not in claimed
    async with running(tmp_path, demo=demo, moving=False, ready=False) as rig:
        async with asyncio.timeout(10):
            await rig.engine.ready.wait()
        assert rig.door.view.exposure.claims.keys() == claimed.keys()
        assert rig.door.view.exposure.value == held
        assert rig.engine.parts is not None
        assert gone not in rig.engine.parts.lookups._trails
        assert gc.isenabled()
