"""Flattening: cancelled and proven first, then sold slice by slice, and only while it stands."""

import asyncio
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from domain import asks, controls
from domain.board import Board
from domain.errors import Refused
from domain.flatten import Flattening, FlattenState
from domain.halts import Level
from domain.instruments import Account
from domain.orders import Order, Side, Status, TimeInForce
from domain.ports import Placement, Trader
from tests.engine.rig import KRAKEN, WIDE, Rig, running
from tests.engine.test_killswitch import code
from tests.engine.test_trading import Spies

HERE = "ACCOUNT:kraken/main"
SMALL = replace(WIDE, max_order_value=Decimal(5_000))


pytestmark = pytest.mark.timeout(120)


@pytest.fixture(autouse=True)
def at_a_quick_pace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.flattening.PAUSE_S", 0.05)
    monkeypatch.setattr("engine.flattening.PACE_S", 0.02)


def flatten(scope: str = HERE, confirm: str | None = None) -> asks.Trip:
    typed = scope if confirm is None else confirm
    return asks.Trip(reason="all out", level=Level.FLATTEN, scope=scope, confirm=typed)


def seen(board: Board, account: Account = KRAKEN) -> Flattening | None:
    found = [f for halt in board.halts for f in halt.flattened if f.account == account]
    return found[0] if found else None


async def until(rig: Rig, state: FlattenState, within_s: float = 60) -> Flattening:
    def there(board: Board) -> bool:
        told = seen(board)
        return told is not None and told.state is state

    told = seen(await rig.until(there, within_s))
    assert told is not None
    return told


def slices(rig: Rig) -> list[Order]:
    return [s.order for s in rig.board.orders.values() if s.order.strategy == "flatten"]


async def test_what_is_held_is_cancelled_proven_and_then_sold_in_slices(tmp_path: Path) -> None:
    spies = Spies(tmp_path)
    async with running(tmp_path, limits=SMALL, wrap=spies) as rig:
        resting = await rig.submit(rig.draft(Side.SELL, away_pct=3))
        plan = await rig.ask(asks.FlattenPreview(scope=HERE))
        assert plan.sales
        assert {sale.account for sale in plan.sales} == {KRAKEN}
        assert plan.value == sum(sale.value for sale in plan.sales)
        spies.placed.clear()
        await rig.ask(flatten())
        told = await until(rig, FlattenState.DONE)
        assert rig.order(resting.client_id).status is Status.CANCELED
        facts = [fact async for _, fact in rig.ledger.facts()]
        kinds = [type(fact).__name__ for fact in facts]
        first = next(
            n for n, f in enumerate(facts) if getattr(f, "client_id", "") in _names(slices(rig))
        )
        assert kinds.index("HaltVerified") < first
        sold = slices(rig)
        assert len(sold) == told.slices >= sum(sale.slices for sale in plan.sales)
        for order in sold:
            assert (order.side, order.time_in_force) == (Side.SELL, TimeInForce.IOC)
            assert order.account == KRAKEN
            assert order.reference is not None
            assert order.quantity * order.reference * order.base_rate <= 5_000
        assert told.sold > plan.value * Decimal("0.9")
        held = rig.board.accounts[KRAKEN].balances
        assert held is not None
        assert all(left.why for left in told.left)


def _names(orders: list[Order]) -> set[str]:
    return {order.client_id for order in orders}


async def test_it_never_sells_below_zero_and_only_the_engine_sells(tmp_path: Path) -> None:
    async with running(tmp_path, limits=SMALL) as rig:
        await rig.ask(flatten())
        await until(rig, FlattenState.SELLING)
        draft = replace(rig.draft(Side.SELL, away_pct=-1), strategy="flatten")
        with pytest.raises(Refused, match="HALTED"):
            await rig.submit(draft)
        await until(rig, FlattenState.DONE)
        balances = await rig.demo.venues["kraken"].readers["main"].balances()
        assert all(balance.total >= 0 for balance in balances.assets.values())
        for asset, balance in balances.assets.items():
            if asset not in ("USD", "USDT", "USDC"):
                left = {kept.asset for kept in (await until(rig, FlattenState.DONE)).left}
                assert not balance.total or asset in left, f"{asset} is left and not named"


@pytest.mark.parametrize("confirm", ["", "yes", "account:kraken/main", "GLOBAL"])
async def test_it_needs_the_scope_typed_once_more(tmp_path: Path, confirm: str) -> None:
    async with running(tmp_path) as rig:
        with pytest.raises(Refused, match="type ACCOUNT:kraken/main once more"):
            await rig.ask(flatten(confirm=confirm))
        assert not rig.board.halts
        assert rig.stop.level == Level.NORMAL


async def test_a_strategy_cannot_be_flattened(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        with pytest.raises(Refused, match="not kept apart"):
            await rig.ask(flatten("STRATEGY:grid"))
        with pytest.raises(Refused, match="not kept apart"):
            await rig.ask(asks.FlattenPreview(scope="STRATEGY:grid"))
        with pytest.raises(Refused, match="nowhere"):
            await rig.ask(asks.FlattenPreview(scope="VENUE:nowhere"))


class Mute:
    """A trader whose creates of the engine are answered by nobody."""

    def __init__(self, trader: Trader) -> None:
        self._trader = trader
        self.mute = False
        self.asked = 0

    def __getattr__(self, name: str) -> object:
        return getattr(self._trader, name)

    async def place(self, order: Order) -> Placement:
        self.asked += 1
        if self.mute:
            await asyncio.Event().wait()
        return await self._trader.place(order)


async def test_a_slice_whose_fate_is_unknown_stops_the_account_until_it_is_settled(
    tmp_path: Path,
) -> None:
    mutes: dict[Account, Mute] = {}

    def wrap(account: Account, trader: Trader) -> Trader:
        mutes[account] = Mute(trader)
        return mutes[account]  # type: ignore[return-value]

    async with running(tmp_path, limits=SMALL, wrap=wrap, prompt=True) as rig:
        mutes[KRAKEN].mute = True
        await rig.ask(flatten())
        await rig.until(lambda b: any(_is_unknown_slice(s, b) for s in b.orders))
        asked = mutes[KRAKEN].asked
        assert asked == 1
        mutes[KRAKEN].mute = False
        # Two searches find nothing: it is proven absent, and the next slice goes out.
        await until(rig, FlattenState.DONE)
        assert mutes[KRAKEN].asked > asked


def _is_unknown_slice(client_id: str, board: Board) -> bool:
    state = board.orders[client_id]
    return state.order.strategy == "flatten" and state.status is Status.UNKNOWN


async def test_a_kill_while_it_sells_stops_the_selling(tmp_path: Path) -> None:
    tiny = replace(WIDE, max_order_value=Decimal(200))
    async with running(tmp_path, limits=tiny) as rig:
        await rig.ask(flatten())
        await rig.until(lambda b: (told := seen(b)) is not None and told.slices > 0, 60)
        await rig.ask(asks.Trip(reason="stop, I said"))
        told = await until(rig, FlattenState.STOPPED)
        assert "tripped again" in told.detail
        sold = len(slices(rig))
        await rig.until(lambda b: all(h.verified for h in b.halts))
        assert len(slices(rig)) == sold
        assert rig.board.level_over(KRAKEN, "BTC/USD") is Level.FLATTEN


async def test_a_restart_in_the_middle_stops_the_selling_and_says_so(tmp_path: Path) -> None:
    tiny = replace(WIDE, max_order_value=Decimal(200))
    async with running(tmp_path, limits=tiny) as rig:
        await rig.ask(flatten())
        await rig.until(lambda b: (told := seen(b)) is not None and told.slices > 0, 60)
    async with running(tmp_path, limits=tiny) as rig:
        sold = len(slices(rig))
        told = await until(rig, FlattenState.STOPPED)
        assert "restarted" in told.detail
        await rig.until(lambda b: all(h.verified for h in b.halts))
        assert len(slices(rig)) == sold
        with pytest.raises(Refused, match="HALTED"):
            await rig.submit(rig.draft(Side.SELL, away_pct=-1))
        await rig.ask(flatten())  # confirmed anew it goes on
        await rig.until(lambda _: len(slices(rig)) > sold, 60)


async def test_a_marker_that_says_flatten_halts_and_sells_nothing(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        rig.places.halt.write_text('{"level": "FLATTEN"}')
        await rig.until(lambda b: any(h.verified for h in b.halts))
        assert rig.board.level is Level.FLATTEN
        assert slices(rig) == []
        assert seen(rig.board) is None


async def test_a_release_ends_the_selling(tmp_path: Path) -> None:
    tiny = replace(WIDE, max_order_value=Decimal(200))
    async with running(tmp_path, limits=tiny) as rig:
        await rig.ask(flatten())
        await rig.until(lambda b: (told := seen(b)) is not None and told.slices > 0, 60)
        told = await until(rig, FlattenState.SELLING)
        await rig.ask(
            asks.Release(code=await code(rig), reason="enough", scope=HERE, accept_unverified=True)
        )
        assert rig.engine.parts is not None
        await rig.until(lambda b: not b.halts)
        placed = await rig.submit(rig.draft(quantity="0.001"))
        assert placed.status is Status.OPEN
        facts = [fact async for _, fact in rig.ledger.facts()]
        ends = [f for f in facts if isinstance(f, controls.HaltFlattened)]
        assert ends[-1].flattening.slices >= told.slices
