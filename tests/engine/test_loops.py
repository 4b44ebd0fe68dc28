"""The loops that keep an account true (semantics 7): when each asks, of what, and what it believes.

The real engine on virtual time against the model venue of `tests.sim`.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise

import pytest

from domain import asks, bookings, events
from domain.board import Break
from domain.errors import Refused, Unavailable
from domain.market import AssetBalance, Balances, History, Sought
from domain.orders import Draft, Kind, Order, OrderState, Side, Status, VenueOrder
from domain.ports import Placement
from domain.verdicts import Verdict
from tests.sim.loop import SECOND_US
from tests.sim.run import staged
from tests.sim.wire import SimReader, SimTrader
from tests.sim.world import ACCOUNT, ME, SETTINGS, Life, World

D = Decimal


class Told:
    """What was asked of the reader, in seconds of virtual time, and what is wrong with it."""

    def __init__(self) -> None:
        self.noted: list[tuple[str, float]] = []
        self.since: list[int] = []
        self.fails: set[str] = set()
        self.hidden: set[str] = set()
        self.extra = D(0)
        self.inside = self.most = 0


class Noting(SimReader):
    """Notes what is asked of it and when; can be made to fail, to hide and to miscount."""

    told = Told()

    def _note(self, what: str) -> None:
        self.told.noted.append((what, self._wire._clock.monotonic_us() / SECOND_US))
        if what in self.told.fails:
            raise Unavailable("model", f"{what} cut off")

    async def open_orders(self, *, urgent: bool = False) -> Sequence[VenueOrder]:
        self._note("list")
        rows = await super().open_orders(urgent=urgent)
        return [row for row in rows if row.venue_order_id not in self.told.hidden]

    async def find(self, state: OrderState) -> Sought:
        self._note(f"find {state.client_id}")
        return await super().find(state)

    async def history(self, since_us: int) -> History:
        self.told.since.append(since_us)
        self._note("history")
        return await super().history(since_us)

    async def balances(self) -> Balances:
        self._note("balances")
        told = await super().balances()
        assets = dict(told.assets)
        assets["BTC"] = AssetBalance(total=assets["BTC"].total + self.told.extra, used=D(0))
        return replace(told, assets=assets)


@pytest.fixture(autouse=True)
def told() -> Told:
    """Fresh for each test."""
    Noting.told = Told()
    return Noting.told


def times(what: str) -> list[float]:
    return [at_s for told, at_s in Noting.told.noted if told == what]


def gaps(what: str) -> list[float]:
    return [later - earlier for earlier, later in pairwise(times(what))]


def draft(quantity: str = "0.5", price: str = "1990") -> Draft:
    return Draft(
        account=ACCOUNT,
        symbol="BTC/USD",
        side=Side.BUY,
        kind=Kind.LIMIT,
        quantity=D(quantity),
        price=D(price),
    )


async def submitted(life: Life, quantity: str = "0.5") -> OrderState:
    answer = await life.desk.ask(asks.SubmitOrder(draft=draft(quantity)), ME)
    return life.desk.board.orders[answer.client_id]


def breaks(life: Life) -> list[Break]:
    return list(life.desk.board.breaks)


# In flight


class Stubborn(SimTrader):
    """Refuses every cancel."""

    sent = 0

    async def cancel(self, state: OrderState) -> Placement:
        Stubborn.sent += 1
        return Placement(accepted=False, code="EOrder", reason="unknown order")


def test_a_cancel_in_flight_is_asked_after_every_five_seconds_and_sent_three_times() -> None:
    async def scene(world: World, life: Life) -> None:
        Stubborn.sent = 0
        name = (await submitted(life)).client_id
        await life.desk.ask(asks.CancelOrder(client_id=name), ME)
        await asyncio.sleep(120)
        assert Stubborn.sent == 3
        assert max(gaps(f"find {name}")) < 5.5
        assert life.desk.board.orders[name].status is Status.PENDING_CANCEL

    staged(scene, reader=Noting, trader=Stubborn)


class Slow(Noting):
    """A look-up takes ten seconds."""

    async def find(self, state: OrderState) -> Sought:
        self._note(f"find {state.client_id}")
        self.told.inside += 1
        self.told.most = max(self.told.most, self.told.inside)
        await asyncio.sleep(10)
        self.told.inside -= 1
        return await SimReader.find(self, state)


def test_at_most_ten_orders_are_looked_up_at_once_and_a_cancel_goes_before_the_queue(
    told: Told,
) -> None:
    async def scene(world: World, life: Life) -> None:
        states = [await submitted(life, f"0.0{number}") for number in range(10, 35)]
        for state in states:
            life.parts.lookups.search(state.client_id)
        await asyncio.sleep(2)
        asked = {what for what, _ in told.noted}
        last = [s.client_id for s in states if f"find {s.client_id}" not in asked][-1]
        await life.desk.ask(asks.CancelOrder(client_id=last), ME)
        await asyncio.sleep(9.5)
        found = [what for what, _ in told.noted if what.startswith("find")]
        assert told.most == 10
        assert f"find {last}" == found[10]

    staged(scene, reader=Slow, trader=Stubborn)


class Hanging(SimReader):
    """Its look-ups never answer."""

    async def find(self, state: OrderState) -> Sought:
        await asyncio.sleep(10_000)
        return await super().find(state)


def test_a_look_up_that_never_answers_is_given_up_and_nothing_else_ends() -> None:
    async def scene(world: World, life: Life) -> None:
        state = await submitted(life)
        await life.desk.ask(asks.CancelOrder(client_id=state.client_id), ME)
        await asyncio.sleep(200)
        assert not life.task.done()
        with pytest.raises(Unavailable, match="no answer in 60 s"):
            await life.desk.ask(asks.Requery(client_id=state.client_id), ME)

    staged(scene, reader=Hanging)


# Open orders


def test_open_orders_are_listed_every_interval_and_at_once_when_a_stream_comes_back() -> None:
    async def scene(world: World, life: Life) -> None:
        await asyncio.sleep(60)
        assert max(gaps("list")) < SETTINGS.open_orders_every_s + 1
        assert min(gaps("list")) > SETTINGS.open_orders_every_s - 1
        watch = life.parts.accounts[0]
        Noting.told.noted = []
        before_s = world.clock.monotonic_us() / SECOND_US
        watch.stream._missed()
        await asyncio.sleep(2)
        for what in ("list", "history", "balances"):
            assert times(what)[0] - before_s < 1

    staged(scene, reader=Noting)


def test_a_list_that_failed_is_asked_for_again_sooner() -> None:
    async def scene(world: World, life: Life) -> None:
        Noting.told.fails = {"list", "history"}
        await asyncio.sleep(120)
        assert gaps("list")[1] < SETTINGS.open_orders_degraded_every_s + 1
        assert gaps("history")[1] < SETTINGS.balances_degraded_every_s + 1

    staged(scene, reader=Noting)


def test_an_order_is_looked_up_only_when_two_lists_in_a_row_lack_it() -> None:
    async def scene(world: World, life: Life) -> None:
        state = await submitted(life)
        await asyncio.sleep(15)  # between two polls of the engine's own
        watch, find = life.parts.accounts[0], f"find {state.client_id}"
        Noting.told.hidden = {state.venue_order_id}
        await watch.check_orders()
        assert times(find) == []
        Noting.told.hidden = set()
        await watch.check_orders()  # it was there all the time
        Noting.told.hidden = {state.venue_order_id}
        await watch.check_orders()
        assert times(find) == []
        await watch.check_orders()
        assert len(times(find)) == 1
        assert life.desk.board.orders[state.client_id].status is Status.OPEN
        assert life.desk.board.breaks == ()

    staged(scene, reader=Noting)


def test_an_order_touched_a_moment_ago_is_left_to_the_stream() -> None:
    async def scene(world: World, life: Life) -> None:
        state = await submitted(life)
        Noting.told.hidden = {state.venue_order_id}
        watch = life.parts.accounts[0]
        for _ in range(3):
            await watch.check_orders()
        assert times(f"find {state.client_id}") == []

    staged(scene, reader=Noting)


# History and its watermark


def test_history_is_asked_for_from_the_watermark_less_the_overlap() -> None:
    async def scene(world: World, life: Life) -> None:
        await asyncio.sleep(2_000)
        known_us = life.desk.board.accounts[ACCOUNT].watermark_us
        Noting.told.since.clear()
        await asyncio.sleep(SETTINGS.fills_every_s + 1)
        assert Noting.told.since[0] == known_us - SETTINGS.history_overlap_s * SECOND_US
        assert life.desk.board.accounts[ACCOUNT].watermark_us > known_us

    staged(scene, reader=Noting)


def test_a_history_that_was_not_read_whole_moves_no_watermark_however_long_it_lasts() -> None:
    async def scene(world: World, life: Life) -> None:
        await asyncio.sleep(1_000)
        known_us = life.desk.board.accounts[ACCOUNT].watermark_us
        Noting.told.fails = {"history"}
        world.wire.faults = replace(world.wire.faults, lost_message=100)
        state = await submitted(life)
        resting = world.truth.orders[state.venue_order_id]
        world.truth._trade(resting, D("0.2"), D(1990))
        await asyncio.sleep(2_000)
        assert life.desk.board.accounts[ACCOUNT].watermark_us == known_us
        Noting.told.fails = set()
        await asyncio.sleep(30)
        assert life.desk.board.orders[state.client_id].filled == D("0.2")
        assert life.desk.board.accounts[ACCOUNT].watermark_us > known_us + 2_000 * SECOND_US

    staged(scene, reader=Noting)


def test_what_the_ledger_did_not_take_moves_no_watermark_and_comes_again() -> None:
    async def scene(world: World, life: Life) -> None:
        await asyncio.sleep(1_000)
        known_us = life.desk.board.accounts[ACCOUNT].watermark_us
        world.wire.faults = replace(world.wire.faults, lost_message=100)
        state = await submitted(life)
        life.ledger.full = True
        world.truth.move("USD", D(70))
        world.truth._trade(world.truth.orders[state.venue_order_id], D("0.2"), D(1990))
        await asyncio.sleep(2_000)
        assert life.desk.board.accounts[ACCOUNT].watermark_us == known_us
        life.ledger.full = False
        await asyncio.sleep(60)
        assert life.desk.board.orders[state.client_id].filled == D("0.2")
        held = life.parts.books.held(ACCOUNT)
        assert {asset: held[asset] for asset in world.truth.totals} == world.truth.totals
        assert life.desk.board.accounts[ACCOUNT].watermark_us > known_us

    staged(scene)


def test_a_long_history_is_queued_for_the_ledger_in_portions(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("engine.accounts.AT_A_TIME", 5)

    async def scene(world: World, life: Life) -> None:
        await life.crashed()
        for _ in range(23):
            world.truth.move("USD", D(1))
        life = world.start()
        queued: list[int] = []
        append = life.ledger.append

        def counted(facts: Sequence[events.Fact]) -> object:
            queued.append(len(life.ledger._queue))
            return append(facts)

        life.ledger.append = counted  # type: ignore[assignment, method-assign]
        await life.engine.ready.wait()
        moved = [s for s in world.disk.stored.values() if _moved(s.fact)]
        assert len(moved) == 23
        assert max(queued) <= 5

    staged(scene)


def _moved(fact: events.Fact) -> bool:
    return isinstance(fact, bookings.MovementBooked)


# Balances


def test_balances_are_compared_only_when_nothing_traded_for_ten_seconds() -> None:
    async def scene(world: World, life: Life) -> None:
        await asyncio.sleep(20)
        Noting.told.extra = D("0.01")  # 20 USD that no fact explains
        for _ in range(12):
            state = await submitted(life, "0.001")
            world.truth._trade(world.truth.orders[state.venue_order_id], D("0.001"), D(1990))
            await asyncio.sleep(5)
        assert len(times("balances")) > 5
        assert breaks(life) == []
        await asyncio.sleep(60)
        assert [known.kind for known in breaks(life)] == ["BALANCE_UNEXPLAINED"]

    staged(scene, reader=Noting)


def test_one_balance_that_does_not_add_up_is_no_break_and_two_in_a_row_are() -> None:
    async def scene(world: World, life: Life) -> None:
        await asyncio.sleep(20)
        watch = life.parts.accounts[0]
        Noting.told.extra = D("0.01")
        await watch.check_balances()
        assert breaks(life) == []
        Noting.told.extra = D(0)
        await watch.check_balances()
        Noting.told.extra = D("0.01")
        await watch.check_balances()
        assert breaks(life) == []
        await watch.check_balances()
        (known,) = breaks(life)
        assert known.kind == "BALANCE_UNEXPLAINED"
        assert known.value is not None
        assert D(19) < known.value < D(21)
        Noting.told.extra = D(0)
        await watch.check_balances()
        assert breaks(life) == []

    staged(scene, reader=Noting)


# Until it is clean


def test_an_account_is_reduce_only_until_its_reconciliation_is_clean() -> None:
    async def scene(world: World, life: Life) -> None:
        await life.crashed()
        Noting.told.fails = {"history"}
        life = world.start()
        await life.engine.ready.wait()
        with pytest.raises(Refused, match="NOT_RECONCILED: model/main is reduce-only"):
            await submitted(life)
        sale = replace(draft("0.1", "2010"), side=Side.SELL)
        assert (await life.desk.ask(asks.SubmitOrder(draft=sale), ME)).status is Status.OPEN
        Noting.told.fails = set()
        await asyncio.sleep(15)
        assert (await submitted(life)).status is Status.OPEN

    staged(scene, reader=Noting)


# When absence may be proven


class Patient(SimTrader):
    """A create waits for the venue's budget, is given up, and arrives at the last moment."""

    async def place(self, order: Order) -> Placement:
        loop = asyncio.get_running_loop()
        late_s = SETTINGS.ack_timeout_s + 7.9  # given up, then request timeout and window
        loop.call_later(late_s, self._truth.place, order)
        await asyncio.sleep(3_600)
        raise AssertionError("nobody waits so long")


def test_a_create_that_arrives_at_the_last_moment_is_never_proven_absent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tests.sim.world.SETTINGS", replace(SETTINGS, search_gap_s=1))

    async def scene(world: World, life: Life) -> None:
        # Its disk took ten seconds: approval says nothing of when the create left.
        delayed = life.ledger._write
        life.ledger._write = lambda: None  # type: ignore[method-assign]
        asking = asyncio.ensure_future(submitted(life))
        await asyncio.sleep(10)
        life.ledger._write = delayed  # type: ignore[method-assign]
        delayed()
        name = (await asking).client_id
        lost = [False]
        for _ in range(600):
            await asyncio.sleep(0.1)
            lost.append(life.desk.board.orders[name].status is Status.LOST)
        assert not any(lost)
        assert life.desk.board.orders[name].status is Status.OPEN

    staged(scene, trader=Patient)


def test_an_intent_whose_disk_takes_its_time_is_not_proven_absent_meanwhile() -> None:
    async def scene(world: World, life: Life) -> None:
        at_us = world.clock.now_us()
        order = Order(
            client_id="QDS100000000000001",
            account=ACCOUNT,
            symbol="BTC/USD",
            side=Side.BUY,
            kind=Kind.LIMIT,
            quantity=D("0.1"),
            price=D(1990),
            at_us=at_us,
        )
        verdict = Verdict(approved=True)
        fact = events.OrderApproved(at_us=at_us, actor="me", order=order, verdict=verdict)
        await life.desk.record(fact)
        life.parts.lookups.follow(order.client_id)
        await asyncio.sleep(300)
        assert life.desk.board.orders[order.client_id].status is Status.NEW

    staged(scene)
