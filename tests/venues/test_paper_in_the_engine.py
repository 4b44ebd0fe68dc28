"""A whole engine in PAPER: the same gate, ledger and reconciliation over simulated orders."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path

from cli.clock import SystemClock, SystemDice
from domain.asks import CancelOrder
from domain.board import Mode
from domain.orders import Side, Status
from engine.connections import Connection, Connections
from tests.engine.rig import KRAKEN, LEDGER_ID, Rig, running
from venues.demo import open_demo
from venues.paper import PaperVenue, open_paper
from venues.paper_desk import PaperSettings

PURSE = {"USD": Decimal(100_000), "BTC": Decimal(1)}


@asynccontextmanager
async def engine_on_paper(directory: Path) -> AsyncGenerator[tuple[Rig, PaperVenue]]:
    """The demo's public market stands for the live one."""
    clock, dice = SystemClock(), SystemDice()
    demo = open_demo(clock, dice, seed=7, instant=True)
    live = demo.venues["kraken"]
    opening = open_paper(
        live.traits,
        live.market,
        ["main"],
        clock=clock,
        dice=dice,
        state_dir=directory,
        book=LEDGER_ID,
        settings=PaperSettings(balances=PURSE, latency_least_ms=1, latency_most_ms=20),
    )
    async with opening as paper, asyncio.TaskGroup() as beside:
        work = [beside.create_task(demo.run()), beside.create_task(paper.run())]
        connection = Connection(
            traits=paper.traits,
            market=paper.market,
            readers=paper.readers,
            traders=paper.traders,
        )
        connections = Connections({"kraken": connection})
        async with running(directory, mode=Mode.PAPER, connections=connections) as rig:
            yield rig, paper
        for task in work:
            task.cancel()


async def test_orders_are_filled_rest_and_survive_a_restart_without_a_break(tmp_path: Path) -> None:
    async with engine_on_paper(tmp_path) as (rig, paper):
        bought = await rig.submit(rig.draft(away_pct=None))
        await rig.until(lambda b: b.orders[bought.client_id].status is Status.FILLED)
        resting = await rig.submit(rig.draft(away_pct=-3))
        gone = await rig.submit(rig.draft(Side.SELL, away_pct=3))
        await rig.ask(CancelOrder(client_id=gone.client_id))
        await rig.until(lambda b: b.orders[gone.client_id].status is Status.CANCELED)
        await rig.until(lambda b: b.orders[resting.client_id].status is Status.OPEN)
        before = paper.desk.till.balances("main")
    async with engine_on_paper(tmp_path) as (rig, paper):
        assert paper.fresh == ""
        assert paper.desk.till.balances("main") == before
        assert rig.order(bought.client_id).status is Status.FILLED
        assert rig.order(resting.client_id).status is Status.OPEN
        assert not rig.board.breaks
        view = rig.board.accounts[KRAKEN].balances
        assert view is not None
        assert view.assets["BTC"].total == Decimal("1.01")
        await rig.ask(CancelOrder(client_id=resting.client_id))
        await rig.until(lambda b: b.orders[resting.client_id].status is Status.CANCELED)
