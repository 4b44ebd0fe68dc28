"""Cases A to H of semantics 6: the ledger knows the order; what does its venue know?

The real engine on virtual time against the model venue of `tests.sim`: a crash, a change of the
truth behind its back, and the next start.
"""

import asyncio
from dataclasses import replace

import pytest

from domain import asks, events
from domain.errors import Refused
from domain.halts import GLOBAL, HaltState, Level, Marker
from domain.orders import Final, Status
from tests.engine.pasts import (
    PROOF_S,
    D,
    agrees,
    booked,
    breaks,
    cancelled,
    claims,
    draft,
    intended,
    restarted,
    risen,
    submitted,
    traded,
)
from tests.sim.run import staged
from tests.sim.truth import Resting
from tests.sim.world import ME, SETTINGS, Life, World

# A to D: sent, or not, and never heard of


def test_a_an_intent_that_never_left_is_lost_after_the_proof_and_not_before() -> None:
    async def scene(world: World, life: Life) -> None:
        made = await intended(world, life, sent=False)
        life = await restarted(world, life)
        await asyncio.sleep(PROOF_S - 3)
        state = life.desk.board.orders[made.client_id]
        assert (state.status, state.reserved_quantity) == (Status.NEW, made.quantity)
        assert made.client_id in claims(life)
        await asyncio.sleep(30)
        state = life.desk.board.orders[made.client_id]
        assert state.status is Status.LOST
        assert state.reason.startswith("CRASH_BEFORE_SEND")
        assert claims(life) == set()

    staged(scene)


def test_a_an_old_intent_may_have_left_a_moment_before_this_start_for_all_we_know() -> None:
    async def scene(world: World, life: Life) -> None:
        made = await intended(world, life, sent=False)
        await life.crashed()
        await asyncio.sleep(600)
        world.truth.clock._loop.call_later(5, world.truth.place, made)  # its packet is late
        life = world.start()
        await life.engine.ready.wait()
        await asyncio.sleep(60)
        assert life.desk.board.orders[made.client_id].status is Status.OPEN

    staged(scene)


def test_a_an_intent_that_was_sent_after_all_is_found_and_managed() -> None:
    async def scene(world: World, life: Life) -> None:
        made = await intended(world, life, sent=False)
        world.truth.place(made)
        life = await restarted(world, life)
        state = life.desk.board.orders[made.client_id]
        assert state.status is Status.OPEN
        assert state.venue_order_id
        await life.desk.ask(asks.CancelOrder(client_id=made.client_id), ME)
        await asyncio.sleep(2)
        assert world.truth.working() == []

    staged(scene)


def test_b_a_sent_order_that_is_open_is_taken_up() -> None:
    async def scene(world: World, life: Life) -> None:
        made = await intended(world, life, sent=True)
        world.truth.place(made)
        life = await restarted(world, life)
        assert life.desk.board.orders[made.client_id].status is Status.OPEN
        assert claims(life) == {made.client_id}
        assert len(world.truth.orders) == 1

    staged(scene)


def test_b_a_sent_order_that_is_open_is_cancelled_when_the_start_finds_a_halt() -> None:
    async def scene(world: World, life: Life) -> None:
        made = await intended(world, life, sent=True)
        world.truth.place(made)
        await life.crashed()
        world.disk.marker = Marker(
            halt_id="BYHAND", level=Level.HALT_CANCEL, reason="x", actor="x", at_us=0, scope=GLOBAL
        )
        life = world.start()
        await life.engine.ready.wait()
        await asyncio.sleep(30)
        assert world.truth.working() == []
        assert life.desk.board.orders[made.client_id].status is Status.CANCELED
        assert life.desk.board.halts[0].state is HaltState.HALTED

    staged(scene)


@pytest.mark.parametrize(
    ("fills", "cancels", "status", "filled"),
    [
        (["0.5"], False, Status.FILLED, "0.5"),
        (["0.2", "0.3"], False, Status.FILLED, "0.5"),
        (["0.2"], True, Status.CANCELED, "0.2"),
        ([], True, Status.CANCELED, "0"),
    ],
)
def test_c_a_sent_order_that_ended_meanwhile_has_its_end_and_its_fills(
    fills: list[str], cancels: bool, status: Status, filled: str
) -> None:
    async def scene(world: World, life: Life) -> None:
        made = await intended(world, life, sent=True)
        world.truth.place(made)
        await life.crashed()
        for quantity in fills:
            traded(world.truth, made.client_id, quantity)
        if cancels:
            world.truth.cancel_all()
        life = world.start()
        await life.engine.ready.wait()
        state = life.desk.board.orders[made.client_id]
        assert (state.status, state.filled) == (status, D(filled))
        assert len(state.fills) == len(fills)
        assert agrees(world, life)
        await asyncio.sleep(SETTINGS.settle_grace_s + 5)
        assert claims(life) == set()

    staged(scene)


def test_d_a_sent_order_that_is_nowhere_keeps_its_reservation_until_it_is_proven_absent() -> None:
    async def scene(world: World, life: Life) -> None:
        made = await intended(world, life, sent=True)
        life = await restarted(world, life)
        await asyncio.sleep(PROOF_S - 3)
        assert claims(life) == {made.client_id}
        await asyncio.sleep(30)
        state = life.desk.board.orders[made.client_id]
        assert state.status is Status.LOST
        assert "CRASH" not in state.reason
        assert claims(life) == set()

    staged(scene)


# E to H: working, or ended, and otherwise at the venue


def test_e_what_filled_while_nobody_looked_is_booked_and_the_rest_works_on() -> None:
    async def scene(world: World, life: Life) -> None:
        name = (await submitted(life)).client_id
        await life.crashed()
        traded(world.truth, name, "0.2")
        life = world.start()
        await life.engine.ready.wait()
        state = life.desk.board.orders[name]
        assert (state.status, state.filled) == (Status.PARTIAL, D("0.2"))
        assert state.reserved_quantity == D("0.3")
        assert agrees(world, life)
        assert life.desk.board.breaks == ()

    staged(scene)


def test_f_an_order_cancelled_behind_our_back_ends_and_settles_after_its_grace() -> None:
    async def scene(world: World, life: Life) -> None:
        name = (await submitted(life)).client_id
        await life.crashed()
        world.truth.cancel_all()
        life = world.start()
        await life.engine.ready.wait()
        assert life.desk.board.orders[name].status is Status.CANCELED
        assert claims(life) == {name}
        await asyncio.sleep(SETTINGS.settle_grace_s + 1)
        assert claims(life) == set()

    staged(scene)


async def vanished(world: World, life: Life) -> tuple[Life, str, Resting]:
    """An order that worked, and of which its venue knows nothing after a restart."""
    state = await submitted(life)
    await life.crashed()
    gone = world.truth.orders.pop(state.venue_order_id)
    life = world.start()
    await life.engine.ready.wait()
    return life, state.client_id, gone


def test_g_an_order_gone_everywhere_is_searched_for_and_becomes_a_break_not_a_cancel() -> None:
    async def scene(world: World, life: Life) -> None:
        life, name, _ = await vanished(world, life)
        await asyncio.sleep(5)
        assert life.desk.board.breaks == ()  # a list that lags proves nothing
        await asyncio.sleep(60)
        state = life.desk.board.orders[name]
        assert (state.status, state.reserved_quantity) == (Status.OPEN, D("0.5"))
        assert claims(life) == {name}
        (known,) = breaks(life, "ORDER_VANISHED")
        assert "was OPEN and no search of open orders, closed orders and trades" in known.detail
        assert "0.5 stay reserved" in known.detail
        assert "give it up on the order's screen" in known.detail
        with pytest.raises(Refused, match="BREAK: ORDER_VANISHED"):
            await life.desk.ask(asks.SubmitOrder(draft=draft("0.1")), ME)
        await asyncio.sleep(300)
        assert len(breaks(life, "ORDER_VANISHED")) == 1

    staged(scene)


def test_g_a_vanished_order_that_shows_again_closes_its_break_as_often_as_it_happens() -> None:
    async def scene(world: World, life: Life) -> None:
        life, name, gone = await vanished(world, life)
        for _ in range(2):
            await asyncio.sleep(70)
            assert len(breaks(life, "ORDER_VANISHED")) == 1
            world.truth.orders[gone.venue_order_id] = gone
            await asyncio.sleep(70)
            assert life.desk.board.breaks == ()
            assert life.desk.board.orders[name].status is Status.OPEN
            del world.truth.orders[gone.venue_order_id]

    staged(scene)


def test_g_a_person_ends_a_vanished_order_with_a_code_and_its_rest_is_free_after_the_grace() -> (
    None
):
    async def scene(world: World, life: Life) -> None:
        life, name, gone = await vanished(world, life)
        ask = asks.MarkLost(client_id=name, code="000000", reason="the venue says it is over")
        with pytest.raises(Refused, match="neither UNKNOWN nor vanished"):
            await life.desk.ask(ask, ME)
        await asyncio.sleep(70)
        life.parts.authority._codes = Trusting()  # type: ignore[assignment]
        told = await life.desk.ask(ask, ME)
        assert told.status is Status.CANCELED
        assert life.desk.board.breaks == ()
        assert claims(life) == {name}
        await asyncio.sleep(SETTINGS.settle_grace_s + 61)
        assert claims(life) == set()
        world.truth.orders[gone.venue_order_id] = gone  # the person was wrong
        await asyncio.sleep(40)
        assert life.desk.board.orders[name].status is Status.ANOMALY
        assert claims(life) == {name}

    staged(scene)


class Trusting:
    """A second factor that is always right: it has tests of its own."""

    async def allow(self, operator: str, _: str, purpose: str) -> events.Fact:
        return events.EngineStopped(at_us=0, actor=operator, run_id="", reason=purpose)


def test_g_a_search_that_fails_proves_nothing() -> None:
    async def scene(world: World, life: Life) -> None:
        life, name, _ = await vanished(world, life)
        world.wire.faults = replace(world.wire.faults, partial_search=100)
        await asyncio.sleep(200)
        assert life.desk.board.breaks == ()
        assert claims(life) == {name}

    staged(scene)


def test_h_an_order_that_ended_here_and_works_there_is_an_anomaly_that_can_be_cancelled() -> None:
    async def scene(world: World, life: Life) -> None:
        name = (await submitted(life)).client_id
        await cancelled(life, name)
        await life.crashed()
        resting = risen(world.truth, name)
        life = world.start()
        await life.engine.ready.wait()
        await asyncio.sleep(15)
        state = life.desk.board.orders[name]
        assert (state.status, state.reserved_quantity) == (Status.ANOMALY, resting.left)
        assert claims(life) == {name}
        (known,) = breaks(life, "ORDER_REOPENED")
        assert "was CANCELED here and is open at the venue; cancel it" in known.detail
        assert world.truth.working() == [resting]  # nobody cancels it unasked
        await life.desk.ask(asks.CancelOrder(client_id=name), ME)
        await asyncio.sleep(15)
        assert world.truth.working() == []
        assert life.desk.board.orders[name].status in (Status.CANCELED, Status.FILLED)
        await asyncio.sleep(SETTINGS.settle_grace_s + 10)
        assert claims(life) == set()
        assert life.desk.board.breaks == ()
        assert agrees(world, life)

    staged(scene)


def test_h_one_that_rises_and_then_vanishes_is_ended_by_a_person() -> None:
    async def scene(world: World, life: Life) -> None:
        name = (await submitted(life)).client_id
        await cancelled(life, name)
        risen(world.truth, name)
        await asyncio.sleep(15)
        assert life.desk.board.orders[name].status is Status.ANOMALY
        world.truth.orders.clear()
        await asyncio.sleep(70)
        assert len(breaks(life, "ORDER_VANISHED")) == 1
        life.parts.authority._codes = Trusting()  # type: ignore[assignment]
        await life.desk.ask(asks.MarkLost(client_id=name, code="1", reason="asked them"), ME)
        await asyncio.sleep(SETTINGS.settle_grace_s + 61)
        state = life.desk.board.orders[name]
        assert (state.status, state.reserved_quantity) == (Status.CANCELED, D(0))
        assert life.desk.board.breaks == ()

    staged(scene)


def test_h_under_a_halt_it_is_cancelled_at_once_and_the_halt_is_proven_anew() -> None:
    async def scene(world: World, life: Life) -> None:
        name = (await submitted(life)).client_id
        await cancelled(life, name)
        await life.desk.ask(asks.Trip(reason="test", level=Level.HALT_CANCEL), ME)
        await asyncio.sleep(10)
        assert life.desk.board.halts[0].state is HaltState.HALTED
        risen(world.truth, name)
        await asyncio.sleep(60)
        assert world.truth.working() == []
        assert life.desk.board.halts[0].state is HaltState.HALTED
        assert life.desk.board.orders[name].terminal
        assert any(isinstance(fact, events.OrderReopened) for fact in booked(world, events.Fact))

    staged(scene)


def test_h_one_list_that_lags_makes_no_anomaly() -> None:
    async def scene(world: World, life: Life) -> None:
        name = (await submitted(life)).client_id
        await life.desk.ask(asks.CancelOrder(client_id=name), ME)
        await asyncio.sleep(10)
        resting = risen(world.truth, name)
        await life.parts.accounts[0].check_orders()
        resting.final = Final.CANCELED
        world.truth._changed(resting)
        await asyncio.sleep(60)
        assert life.desk.board.breaks == ()
        assert life.desk.board.orders[name].status is Status.CANCELED

    staged(scene)
