"""Cancel all: what cannot be cancelled, or an asker that goes away, keeps no other one back."""

import asyncio
from pathlib import Path

from domain import asks
from domain.instruments import Account
from domain.orders import OrderState, Status
from domain.ports import Placement, Trader
from tests.engine.rig import KRAKEN, TIRELESS, Rig, running

GATE = Account("gate", "main")
MANY = 12


async def two_orders(rig: Rig) -> tuple[str, str]:
    here = await rig.submit()
    there = await rig.submit(rig.draft(account=GATE, symbol="BTC/USDT"))
    return here.client_id, there.client_id


async def test_an_account_without_a_trade_key_keeps_no_other_cancel_back(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        _, there = await two_orders(rig)
        assert rig.engine.parts is not None
        del rig.engine.parts.floor.connections.of(KRAKEN).traders[KRAKEN]  # type: ignore[attr-defined]
        told = await rig.ask(asks.CancelAll())
        await rig.until(lambda b: b.orders[there].status is Status.CANCELED)
        assert "has no trade key" in told.detail


class Slow:
    """A trader whose cancels wait until they are let go."""

    def __init__(self, trader: Trader) -> None:
        self._trader = trader
        self.begun, self.go = asyncio.Event(), asyncio.Event()

    def __getattr__(self, name: str) -> object:
        return getattr(self._trader, name)

    async def cancel(self, state: OrderState) -> Placement:
        self.begun.set()
        await self.go.wait()
        return await self._trader.cancel(state)


async def test_all_is_cancelled_though_the_asker_goes_away(tmp_path: Path) -> None:
    slow: dict[Account, Slow] = {}

    def wrap(account: Account, trader: Trader) -> Trader:
        slow[account] = Slow(trader)
        return slow[account]  # type: ignore[return-value]

    async with running(tmp_path, limits=TIRELESS, wrap=wrap) as rig:
        names = [
            (await rig.submit(rig.draft(quantity=f"0.00{n + 10}"))).client_id for n in range(MANY)
        ]
        asking = asyncio.create_task(rig.ask(asks.CancelAll(venue="kraken")))
        async with asyncio.timeout(10):
            await slow[KRAKEN].begun.wait()
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        slow[KRAKEN].go.set()
        await rig.until(lambda b: all(b.orders[n].status is Status.CANCELED for n in names), 20)
