"""Bugs that the simulation found, each as small as it can be shown (tests/sim finds them again)."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import pytest

from domain.asks import ModifyOrder, SubmitOrder, Submitted, Trip
from domain.board import Board
from domain.controls import BreakClosed
from domain.errors import InDoubt, Refused
from domain.halts import HaltState, Level
from domain.orders import Amendment, Draft, Kind, Order, OrderState, Side, Status, VenueOrder
from domain.ports import Placement
from tests.sim.loop import SECOND_US
from tests.sim.run import staged
from tests.sim.truth import Truth
from tests.sim.wire import SimReader, SimTrader
from tests.sim.world import ACCOUNT, ME, Life, World

D = Decimal


def draft(price: str = "1990", quantity: str = "0.5") -> Draft:
    return Draft(
        account=ACCOUNT,
        symbol="BTC/USD",
        side=Side.BUY,
        kind=Kind.LIMIT,
        quantity=D(quantity),
        price=D(price),
    )


class Deaf(SimTrader):
    """A create happens and its answer is lost, as long as `lost` says so."""

    lost = True

    async def place(self, order: Order) -> Placement:
        placement = await super().place(order)
        if self.lost:
            raise InDoubt(order.client_id, "the reply was lost")
        return placement


def trade_all(truth: Truth) -> None:
    """Whatever rests is filled at its price, in two trades."""
    for order in truth.working():
        assert order.price is not None
        truth._trade(order, order.left / 2, order.price)
        truth._trade(order, order.left, order.price)


def breaks_of(board: Board, kind: str) -> list[str]:
    return [known.detail for known in board.breaks if known.kind == kind]


def test_a_fill_told_before_its_order_is_known_is_the_orders_once_it_is() -> None:
    async def scene(world: World, life: Life) -> None:
        world.wire.anonymous = 100  # its fills name the venue's order id only
        world.wire.faults = replace(world.wire.faults, lost_message=0)
        world.wire.hidden_orders = True  # the stream tells fills, and of orders nothing
        answer = await life.desk.ask(SubmitOrder(draft=draft()), ME)
        assert answer.status is Status.UNKNOWN
        trade_all(world.truth)
        await asyncio.sleep(60)
        state = life.desk.board.orders[answer.client_id]
        assert (state.status, state.filled) == (Status.FILLED, D("0.5"))
        assert not any(fill.inferred for fill in life.desk.board.fills)
        assert life.parts.books.held(ACCOUNT)["BTC"] == world.truth.totals["BTC"]

    staged(scene, trader=Deaf)


def test_one_look_at_a_list_that_lags_does_not_make_an_order_vanish() -> None:
    async def scene(world: World, life: Life) -> None:
        answer = await life.desk.ask(SubmitOrder(draft=draft()), ME)
        state = life.desk.board.orders[answer.client_id]
        order = world.truth.orders.pop(state.venue_order_id)  # no list shows it yet
        life.parts.lookups.follow(answer.client_id)
        await life.parts.trading.cancel(state, "to be followed", "me")
        await asyncio.sleep(3)
        assert breaks_of(life.desk.board, "ORDER_VANISHED") == []
        await asyncio.sleep(40)
        assert len(breaks_of(life.desk.board, "ORDER_VANISHED")) == 1
        world.truth.orders[state.venue_order_id] = order
        await asyncio.sleep(61)
        assert breaks_of(life.desk.board, "ORDER_VANISHED") == []
        kinds = [type(stored.fact) for stored in world.disk.stored.values()]
        assert BreakClosed in kinds

    staged(scene)


def test_a_list_that_tells_nothing_new_does_not_put_off_the_balance_check() -> None:
    async def scene(world: World, life: Life) -> None:
        await life.desk.ask(SubmitOrder(draft=draft()), ME)
        await asyncio.sleep(20)
        touched_us = life.parts.intake.touched_us.get(ACCOUNT)
        await asyncio.sleep(60)
        assert life.parts.intake.touched_us.get(ACCOUNT) == touched_us

    staged(scene)


class DeafToChanges(SimTrader):
    """A change happens and its answer is lost."""

    async def amend(self, state: OrderState, amendment: Amendment) -> Placement:
        await super().amend(state, amendment)
        raise InDoubt(amendment.client_id, "the reply was lost")


def test_a_change_in_doubt_is_settled_though_the_order_ended_meanwhile() -> None:
    async def scene(world: World, life: Life) -> None:
        answer = await life.desk.ask(SubmitOrder(draft=draft()), ME)
        change = ModifyOrder(client_id=answer.client_id, quantity=D("0.4"))
        with pytest.raises(InDoubt):
            await life.desk.ask(change, ME)
        world.truth.cancel_all()
        await asyncio.sleep(100)
        state = life.desk.board.orders[answer.client_id]
        assert (state.status, state.quantity) == (Status.CANCELED, D("0.4"))
        assert state.amendment is None
        assert life.parts.lookups._trails == {}

    staged(scene, trader=DeafToChanges)


class Endless(SimTrader):
    """A change happens, and nobody who asked lives to hear of it."""

    async def amend(self, state: OrderState, amendment: Amendment) -> Placement:
        await super().amend(state, amendment)
        await asyncio.sleep(3_600)
        raise AssertionError("the engine had crashed by then")


def test_a_change_that_was_under_way_in_a_crash_is_looked_up_by_the_next_start() -> None:
    async def scene(world: World, life: Life) -> None:
        answer = await life.desk.ask(SubmitOrder(draft=draft()), ME)
        change = ModifyOrder(client_id=answer.client_id, quantity=D("0.4"))
        asking = asyncio.ensure_future(life.desk.ask(change, ME))
        await asyncio.sleep(1)
        asking.cancel()
        await life.crashed()
        second = world.start()
        await second.engine.ready.wait()
        await asyncio.sleep(5)
        state = second.desk.board.orders[answer.client_id]
        assert (state.status, state.quantity) == (Status.OPEN, D("0.4"))
        assert state.amendment is None

    staged(scene, trader=Endless)


def test_of_two_changes_asked_at_once_one_is_refused() -> None:
    async def scene(world: World, life: Life) -> None:
        answer = await life.desk.ask(SubmitOrder(draft=draft()), ME)
        changes = [
            ModifyOrder(client_id=answer.client_id, quantity=D(text)) for text in ("0.3", "0.4")
        ]
        asked = [life.desk.ask(change, ME) for change in changes]
        first, second = await asyncio.gather(*asked, return_exceptions=True)
        assert isinstance(first, Submitted)
        assert isinstance(second, Refused)
        assert "has a change under way" in second.reason
        again = ModifyOrder(client_id=answer.client_id, quantity=D("0.4"))
        assert (await life.desk.ask(again, ME)).status is Status.OPEN

    staged(scene)


def test_of_two_replacements_asked_at_once_one_is_refused() -> None:
    async def scene(world: World, life: Life) -> None:
        answer = await life.desk.ask(SubmitOrder(draft=draft()), ME)
        changes = [
            ModifyOrder(client_id=answer.client_id, quantity=D(text)) for text in ("0.3", "0.4")
        ]
        asked = [life.desk.ask(change, ME) for change in changes]
        outcomes = await asyncio.gather(*asked, return_exceptions=True)
        assert [type(outcome) for outcome in outcomes] == [Submitted, Refused]
        assert [order.quantity for order in world.truth.working()] == [D("0.3")]

    staged(scene, amends=False)


def test_an_asker_that_goes_away_leaves_no_order_between_intent_and_wire() -> None:
    async def scene(world: World, life: Life) -> None:
        asking = asyncio.ensure_future(life.desk.ask(SubmitOrder(draft=draft()), ME))
        await asyncio.sleep(0)
        asking.cancel()
        await asyncio.sleep(5)
        (state,) = life.desk.board.orders.values()
        assert state.status is Status.OPEN
        change = ModifyOrder(client_id=state.client_id, quantity=D("0.3"))
        asking = asyncio.ensure_future(life.desk.ask(change, ME))
        await asyncio.sleep(0)
        asking.cancel()
        await asyncio.sleep(5)
        state = life.desk.board.orders[state.client_id]
        assert (state.quantity, state.amendment) == (D("0.3"), None)

    staged(scene)


def test_a_change_under_way_in_a_crash_is_settled_though_the_order_was_filled_meanwhile() -> None:
    async def scene(world: World, life: Life) -> None:
        answer = await life.desk.ask(SubmitOrder(draft=draft(quantity="0.3")), ME)
        change = ModifyOrder(client_id=answer.client_id, quantity=D("0.4"))
        asking = asyncio.ensure_future(life.desk.ask(change, ME))
        await asyncio.sleep(1)
        asking.cancel()
        await life.crashed()
        trade_all(world.truth)
        second = world.start()
        await second.engine.ready.wait()
        await asyncio.sleep(5)
        state = second.desk.board.orders[answer.client_id]
        assert (state.status, state.quantity) == (Status.FILLED, D("0.4"))
        assert state.amendment is None

    staged(scene, trader=Endless)


def test_a_full_disk_halts_and_cancels_and_ends_nothing() -> None:
    async def scene(world: World, life: Life) -> None:
        await life.desk.ask(SubmitOrder(draft=draft()), ME)
        life.ledger.full = True
        await asyncio.sleep(30)
        assert not life.task.done()
        assert life.stop.level >= Level.HALT_CANCEL
        assert world.disk.marker is not None
        assert world.truth.working() == []

    staged(scene)


def test_a_disk_that_has_room_again_is_written_on_without_a_restart() -> None:
    async def scene(world: World, life: Life) -> None:
        name = (await life.desk.ask(SubmitOrder(draft=draft()), ME)).client_id
        life.ledger.full = True
        await asyncio.sleep(30)
        assert not life.desk.board.halts
        life.ledger.full = False
        await asyncio.sleep(60)
        (halt,) = life.desk.board.halts
        assert halt.verified
        assert life.desk.board.orders[name].status is Status.CANCELED
        assert not life.ledger.failure

    staged(scene)


class Behind(SimReader):
    """Its list of open orders is empty for the first seconds of every order."""

    async def open_orders(self, *, urgent: bool = False) -> Sequence[VenueOrder]:
        now, rows = self._truth.clock.now_us(), await super().open_orders(urgent=urgent)
        return [row for row in rows if row.at_us < now - 2 * SECOND_US]


def test_a_foreign_order_that_a_stream_told_is_not_verified_away_by_a_list_that_lags() -> None:
    async def scene(world: World, life: Life) -> None:
        await life.desk.ask(Trip(reason="simulated"), ME)
        stranger = Order(
            client_id="",
            account=ACCOUNT,
            symbol="BTC/USD",
            side=Side.BUY,
            kind=Kind.LIMIT,
            quantity=D("0.1"),
            price=D(1_900),
        )
        world.truth.place(stranger)
        for _ in range(40):
            await asyncio.sleep(0.1)
            verified = [halt.state is HaltState.HALTED for halt in life.desk.board.halts]
            assert not (any(verified) and world.truth.working())
        await asyncio.sleep(20)
        assert world.truth.working() == []
        assert life.desk.board.halts[0].state is HaltState.HALTED

    staged(scene, reader=Behind)
