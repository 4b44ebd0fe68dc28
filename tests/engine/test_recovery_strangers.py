"""Cases I to O of semantics 6: strangers, fills and money; what the ledger lacks or has too much.

The real engine on virtual time against the model venue of `tests.sim`.
"""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from domain import asks, bookings, events
from domain.errors import Refused
from domain.halts import GLOBAL, Level
from domain.orders import Fill, Side, Status
from tests.engine.pasts import (
    OURS,
    D,
    agrees,
    booked,
    breaks,
    cancelled,
    claims,
    draft,
    order,
    restarted,
    risen,
    submitted,
    traded,
)
from tests.sim.loop import SECOND_US
from tests.sim.run import staged
from tests.sim.world import ACCOUNT, ME, SETTINGS, Life, World

# I and J: the venue holds what the ledger does not


@pytest.mark.parametrize("over", [False, True])
def test_i_an_order_of_ours_without_an_intent_halts_everything(over: bool) -> None:
    async def scene(world: World, life: Life) -> None:
        await life.crashed()
        world.truth.place(order(world))
        if over:
            world.truth.cancel_all()
        life = world.start()
        await life.engine.ready.wait()
        await asyncio.sleep(20)
        (halt,) = life.desk.board.halts
        assert (halt.level, halt.scope) == (Level.HALT_CANCEL, GLOBAL)
        assert f"ORDER_WITHOUT_INTENT: {OURS}" in halt.reason
        assert world.truth.working() == []

    staged(scene)


def forgets(life: Life, name: str) -> None:
    """The board holds the newest finished orders only."""
    life.desk.show(orders=life.desk.board.orders.drop(name))


def test_i_an_intent_that_only_the_ledger_remembers_is_no_orphan_and_is_counted_again() -> None:
    async def scene(world: World, life: Life) -> None:
        name = (await submitted(life)).client_id
        traded(world.truth, name, "0.2")
        await cancelled(life, name)
        forgets(life, name)
        risen(world.truth, name)
        await asyncio.sleep(40)
        assert life.desk.board.halts == ()
        (state,) = [s for s in life.desk.board.orders.values() if not s.terminal]
        assert state.foreign
        (known,) = breaks(life, "ORDER_REOPENED")
        assert f"{name} had ended here" in known.detail
        assert claims(life) == {state.client_id}
        await life.desk.ask(asks.CancelOrder(client_id=state.client_id), ME)
        await asyncio.sleep(60)
        assert (world.truth.working(), life.desk.board.breaks) == ([], ())
        assert claims(life) == set()
        assert agrees(world, life)
        assert not any(fill.inferred for fill in life.desk.board.fills)

    staged(scene)


def test_j_a_foreign_order_is_counted_and_not_managed() -> None:
    async def scene(world: World, life: Life) -> None:
        await life.crashed()
        world.truth.place(order(world, ""))
        life = world.start()
        await life.engine.ready.wait()
        (state,) = life.desk.board.orders.values()
        assert (state.foreign, state.status) == (True, Status.OPEN)
        assert claims(life) == {state.client_id}
        with pytest.raises(Refused, match="not ours"):
            await life.desk.ask(asks.ModifyOrder(client_id=state.client_id, quantity=D(1)), ME)
        await life.desk.ask(asks.CancelAll(), ME)
        assert len(world.truth.working()) == 1
        traded(world.truth, "", "0.2")
        await asyncio.sleep(20)
        state = life.desk.board.orders[state.client_id]
        assert (state.filled, state.reserved_quantity) == (D("0.2"), D("0.3"))
        world.truth.cancel_all()
        await asyncio.sleep(SETTINGS.settle_grace_s + 30)
        assert claims(life) == set()
        assert agrees(world, life)

    staged(scene)


# K to M: fills


def test_k_a_known_fill_with_other_numbers_is_kept_as_it_was_and_is_a_break() -> None:
    async def scene(world: World, life: Life) -> None:
        name = (await submitted(life)).client_id
        traded(world.truth, name, "0.5")
        await asyncio.sleep(20)
        before = life.parts.books.held(ACCOUNT)
        (true,) = world.truth.trades
        world.truth.trades[0] = replace(true, price=true.price + 1)
        life = await restarted(world, life)
        await asyncio.sleep(5)
        (known,) = breaks(life, "FILL_CHANGED")
        assert f"trade {true.trade_id} of BTC/USD came again with other numbers" in known.detail
        assert life.parts.books.held(ACCOUNT) == before
        (fill,) = life.desk.board.fills
        assert fill.price == true.price
        world.truth.trades[0] = true
        await asyncio.sleep(40)
        assert len(breaks(life, "FILL_CHANGED")) == 1  # only a person closes it

    staged(scene)


def test_l_a_fill_that_was_missed_is_booked_by_the_start_at_its_own_time() -> None:
    async def scene(world: World, life: Life) -> None:
        name = (await submitted(life)).client_id
        await life.crashed()
        traded(world.truth, name, "0.5")
        (true,) = world.truth.trades
        await asyncio.sleep(3_000)
        life = world.start()
        await life.engine.ready.wait()
        (fact,) = booked(world, bookings.FillBooked)
        assert isinstance(fact, bookings.FillBooked)
        assert fact.source == "recon"
        assert fact.fill.at_us == true.at_us
        assert fact.at_us > true.at_us + 3_000 * SECOND_US - 2 * SECOND_US
        assert fact.fill.client_id == name

    staged(scene)


def invented(world: World, at_us: int) -> Fill:
    return Fill(
        account=ACCOUNT,
        symbol="BTC/USD",
        trade_id="T-nowhere",
        side=Side.BUY,
        quantity=D("0.001"),
        price=D(2_000),
        fee=D(0),
        fee_asset="USD",
        at_us=at_us,
    )


@pytest.mark.parametrize(("age_s", "kinds"), [(120, {"PHANTOM_TRADE"}), (2_000, set())])
def test_m_a_fill_that_the_venue_lacks_is_a_break_unless_it_is_beyond_its_history(
    age_s: int, kinds: set[str]
) -> None:
    async def scene(world: World, life: Life) -> None:
        await asyncio.sleep(3_000)
        fill = invented(world, world.clock.now_us() - age_s * SECOND_US)
        life.parts.intake.fill(fill, "stream")
        await asyncio.sleep(1)
        await life.parts.accounts[0].checkpoint(world.clock.now_us())
        life = await restarted(world, life)
        assert {known.kind for known in life.desk.board.breaks} - {"BALANCE_UNEXPLAINED"} == kinds

    staged(scene)


# N and O


def test_n_a_withdrawal_made_meanwhile_is_booked_once_and_explains_the_balance() -> None:
    async def scene(world: World, life: Life) -> None:
        await life.crashed()
        world.truth.move("USD", D(-500))
        for _ in range(2):
            life = world.start()
            await life.engine.ready.wait()
            assert agrees(world, life)
            assert life.desk.board.breaks == ()
            (fact,) = booked(world, bookings.MovementBooked)
            assert isinstance(fact, bookings.MovementBooked)
            assert fact.movement.amount == D(-500)
            await life.crashed()
        world.start()

    staged(scene)


def _nothing(_: Life) -> None:
    """The crash comes as it comes."""


def _disk_full(life: Life) -> None:
    life.ledger.full = True


@pytest.mark.parametrize("before", [_nothing, _disk_full])
def test_o_a_reservation_whose_intent_was_never_stored_does_not_outlive_its_engine(
    before: Callable[[Life], None],
) -> None:
    async def scene(world: World, life: Life) -> None:
        before(life)
        asking = asyncio.ensure_future(life.desk.ask(asks.SubmitOrder(draft=draft()), ME))
        await asyncio.sleep(0)
        assert len(claims(life)) == 1  # at the door, and in no ledger yet
        if before is _disk_full:
            with pytest.raises(Refused, match="could not be written"):
                await asking
            assert claims(life) == set()
        asking.cancel()
        life.ledger._queue.clear()
        life = await restarted(world, life)
        stored = {fact.order.client_id for fact in _approved(world)}
        assert claims(life) == stored == set(life.desk.board.orders) == set()
        assert world.truth.orders == {}

    staged(scene)


def _approved(world: World) -> list[events.OrderApproved]:
    facts = booked(world, events.OrderApproved)
    return [fact for fact in facts if isinstance(fact, events.OrderApproved)]
