"""Cancel and replace where a venue cannot amend: parent and child are counted as long as they live.

The real engine on virtual time against the model venue of `tests.sim`.
"""

import asyncio
from decimal import Decimal

import pytest

from domain import asks
from domain.errors import Refused
from domain.orders import Draft, Kind, OrderState, Side, Status
from tests.sim.checks import Invariants
from tests.sim.run import staged
from tests.sim.world import ACCOUNT, ME, SETTINGS, Life, World

D = Decimal


async def resting(life: Life, side: Side, quantity: str, price: str) -> OrderState:
    draft = Draft(
        account=ACCOUNT,
        symbol="BTC/USD",
        side=side,
        kind=Kind.LIMIT,
        quantity=D(quantity),
        price=D(price),
    )
    answer = await life.desk.ask(asks.SubmitOrder(draft=draft), ME)
    return life.desk.board.orders[answer.client_id]


async def replaced(life: Life, name: str, quantity: str) -> OrderState:
    ask = asks.ModifyOrder(client_id=name, quantity=D(quantity))
    answer = await life.desk.ask(ask, ME)
    return life.desk.board.orders[answer.client_id]


def claims(life: Life) -> set[str]:
    return set(life.parts.floor.door.view.exposure.claims)


def test_the_parent_reserves_its_rest_through_the_grace_beside_its_child() -> None:
    async def scene(world: World, life: Life) -> None:
        parent = (await resting(life, Side.BUY, "0.1", "1990")).client_id
        child = await replaced(life, parent, "0.2")
        assert (child.status, child.quantity) == (Status.OPEN, D("0.2"))
        assert claims(life) == {parent, child.client_id}
        assert life.desk.board.orders[parent].reserved_quantity == D("0.1")
        await asyncio.sleep(SETTINGS.settle_grace_s + 2)
        assert claims(life) == {child.client_id}

    staged(scene, amends=False)


def test_a_fill_that_a_cancels_count_left_out_was_reserved_when_it_comes() -> None:
    async def scene(world: World, life: Life) -> None:
        invariants = Invariants(world)
        world.wire.faults.short_final = 100
        parent = (await resting(life, Side.BUY, "0.1", "1990")).client_id
        order = world.truth.by_client_id(parent)
        assert order is not None
        world.wire.faults.lost_message = 100
        world.truth._trade(order, D("0.04"), D(1990))
        late = world.truth.trades[-1]  # no list tells of it before its parent is gone
        world.wire._visible_us[late.trade_id] = late.at_us + 10_000_000
        child = await replaced(life, parent, "0.2")
        for _ in range(30):
            invariants.reserved()
            await asyncio.sleep(1)
        assert invariants.broken == []
        assert life.desk.board.orders[parent].filled == D("0.04")
        assert child.quantity == D("0.2")  # the venue said that nothing was filled
        assert life.desk.board.breaks == ()

    staged(scene, amends=False)


def test_where_there_is_no_room_for_both_the_child_waits_for_the_end_of_the_grace() -> None:
    async def scene(world: World, life: Life) -> None:
        for number in range(int(world.limits.max_open_orders) - 1):
            await resting(life, Side.BUY, f"0.0{number + 10}", "1990")
        parent = (await resting(life, Side.BUY, "0.1", "1990")).client_id
        asking = asyncio.ensure_future(replaced(life, parent, "0.12"))
        await asyncio.sleep(SETTINGS.settle_grace_s - 2)
        order = world.truth.by_client_id(parent)
        assert order is not None
        assert order.final is not None
        assert not asking.done()
        child = await asking
        assert (child.status, child.quantity) == (Status.OPEN, D("0.12"))
        assert parent not in claims(life)

    staged(scene, amends=False)


def test_terms_that_would_not_pass_by_themselves_cancel_nothing() -> None:
    async def scene(world: World, life: Life) -> None:
        parent = (await resting(life, Side.SELL, "0.4", "2010")).client_id
        with pytest.raises(Refused, match="over"):
            await replaced(life, parent, "3")
        assert life.desk.board.orders[parent].status is Status.OPEN
        assert claims(life) == {parent}

    staged(scene, amends=False)
