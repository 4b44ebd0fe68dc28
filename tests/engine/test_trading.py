"""From the ask to the venue and back (semantics 1, "What must never break" 1 and 2)."""

import asyncio
import json
import sqlite3
from decimal import Decimal
from pathlib import Path

import pytest

from cli.clock import SystemClock, SystemDice
from domain import asks, events
from domain.board import Board
from domain.errors import InDoubt, Refused
from domain.halts import Level
from domain.instruments import Account
from domain.orders import Amendment, Fill, Order, OrderState, Side, Status
from domain.ports import Placement, Trader
from domain.sightings import Sighting
from engine.door import Door
from engine.operators import Operator, Role
from risk.gate import RULE_NAMES
from risk.limits import Limits
from tests.engine.rig import KRAKEN, WIDE, D, Rig, quick, running
from venues.demo import open_demo


class Spy:
    """A trader that looks at the ledger file each time an order leaves."""

    def __init__(self, trader: Trader, ledger: Path) -> None:
        self._trader = trader
        self._ledger = ledger
        self.placed: list[str] = []
        self.unwritten: list[str] = []

    async def place(self, order: Order) -> Placement:
        self.placed.append(order.client_id)
        with sqlite3.connect(f"file:{self._ledger}?mode=ro", uri=True) as reader:
            key = f"order:{order.client_id}"
            row = reader.execute("SELECT payload FROM event WHERE idem = ?", (key,)).fetchone()
        if row is None or json.loads(row[0])["kind"] != "order_approved":
            self.unwritten.append(order.client_id)
        return await self._trader.place(order)

    async def amend(self, state: OrderState, amendment: Amendment) -> Placement:
        return await self._trader.amend(state, amendment)

    async def cancel(self, state: OrderState) -> Placement:
        return await self._trader.cancel(state)

    async def cancel_all(self) -> None:
        await self._trader.cancel_all()

    async def dead_man(self, timeout_s: int) -> None:
        await self._trader.dead_man(timeout_s)


class Spies:
    """One spy an account."""

    def __init__(self, data_dir: Path) -> None:
        self._ledger = data_dir / "demo" / "ledger.db"
        self.by_account: dict[Account, Spy] = {}

    def __call__(self, account: Account, trader: Trader) -> Spy:
        spy = self.by_account[account] = Spy(trader, self._ledger)
        return spy

    @property
    def placed(self) -> list[str]:
        return [name for spy in self.by_account.values() for name in spy.placed]

    @property
    def unwritten(self) -> list[str]:
        return [name for spy in self.by_account.values() for name in spy.unwritten]


class Claims:
    """An observer: what an order claimed once a kind of fact was taken in."""

    def __init__(self, door: Door, client_id: str) -> None:
        self._door = door
        self._client_id = client_id
        self.worth: dict[type[events.Fact], Decimal] = {}

    def fact(self, fact: events.Fact, _: Board) -> None:
        self.worth[type(fact)] = self._door.view.exposure.claims[self._client_id].value

    def sighting(self, sighting: Sighting, board: Board) -> None:
        """Claims do not come from sightings."""


async def test_an_order_goes_from_the_ask_to_the_venue_the_ledger_and_the_board(
    tmp_path: Path,
) -> None:
    async with running(tmp_path) as rig:
        answer = await rig.submit()
        assert answer.status is Status.OPEN
        kinds = [type(fact) async for _, fact in rig.ledger.facts()]
        order_kinds = [kind for kind in kinds if kind.__name__.startswith("Order")]
        assert order_kinds[:3] == [events.OrderApproved, events.OrderSent, events.OrderAcked]
        working = rig.order(answer.client_id)
        assert working.venue_order_id == answer.venue_order_id
        assert rig.engine.desk.board.orders[answer.client_id].order.actor == "me"


async def test_a_market_order_is_filled_and_its_fill_is_booked_once(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        answer = await rig.submit(rig.draft(away_pct=None))
        board = await rig.until(lambda b: b.orders[answer.client_id].status is Status.FILLED)
        state = board.orders[answer.client_id]
        assert state.filled == D("0.01")
        booked = [fact async for _, fact in rig.ledger.facts() if _is_fill_of(fact, state)]
        assert len(booked) == len(state.fills)


async def test_more_filled_than_was_ordered_is_booked_and_opened_as_a_break(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        answer = await rig.submit()
        order = rig.order(answer.client_id)
        assert rig.engine.parts is not None
        fill = Fill(
            venue_order_id=order.venue_order_id,
            client_id=answer.client_id,
            account=KRAKEN,
            symbol="BTC/USD",
            side=Side.BUY,
            trade_id="more-than-ordered",
            quantity=D("0.013"),
            price=D(60_000),
            fee=D(0),
            fee_asset="USD",
            liquidity="maker",
            at_us=order.updated_us,
        )
        rig.engine.parts.intake.fill(fill, "stream")
        board = await rig.until(lambda b: [k for k in b.breaks if k.kind == "OVERFILL"])
        assert board.orders[answer.client_id].filled == D("0.013")
        opened = next(k for k in board.breaks if k.kind == "OVERFILL")
        assert "ordered 0.01 of BTC/USD; 0.013 were filled" in opened.detail


def _is_fill_of(fact: events.Fact, state: OrderState) -> bool:
    fill = getattr(fact, "fill", None)
    return fill is not None and fill.client_id == state.client_id


async def test_no_order_leaves_before_its_intent_is_on_the_disk(tmp_path: Path) -> None:
    spies = Spies(tmp_path)
    async with running(tmp_path, wrap=spies) as rig:
        async with asyncio.TaskGroup() as group:
            for number in range(5):
                group.create_task(rig.submit(rig.draft(quantity=f"0.0{number + 1}")))
        assert len(spies.placed) == 5
        assert spies.unwritten == []


async def test_an_order_over_a_limit_is_refused_with_rule_and_numbers_and_never_leaves(
    tmp_path: Path,
) -> None:
    spies = Spies(tmp_path)
    small = Limits(
        max_order_value=D(100), max_daily_volume=D(10**6), max_position_size={"default": D(10**7)}
    )
    async with running(tmp_path, limits=small, wrap=spies) as rig:
        with pytest.raises(Refused, match=r"order value .* USD is over 100\.00 USD") as refused:
            await rig.submit()
        assert refused.value.rule == "max_order_value"
        assert spies.placed == []
        assert rig.board.denials[0].rule == "max_order_value"


async def test_fifty_orders_at_once_never_pass_a_limit_together(tmp_path: Path) -> None:
    spies = Spies(tmp_path)
    async with running(tmp_path, limits=WIDE, wrap=spies, moving=False) as rig:
        one = rig.draft(quantity="0.01")
        assert one.price is not None
        room = one.price * one.quantity * 5 + 1
        volume = rig.door.view.turnover.today(0)
        await _limit_volume(rig, volume + room)
        drafts = [rig.draft(quantity=f"0.0100{number:02d}") for number in range(50)]
        results = await asyncio.gather(*map(rig.submit, drafts), return_exceptions=True)
        placed = [result for result in results if isinstance(result, asks.Submitted)]
        assert 1 <= len(placed) <= 5
        assert len(spies.placed) == len(placed)
        open_value = sum(
            s.order.value for s in rig.board.orders.values() if not s.terminal and not s.foreign
        )
        assert open_value <= room


async def _limit_volume(rig: Rig, most: object) -> None:
    rig.door.view.limits = Limits(
        max_order_value=D(100_000),
        max_daily_volume=D(str(most)),
        max_position_size={"default": D(10**7)},
        max_orders_per_second=D(1000),
    )


async def test_a_reply_that_is_lost_leaves_one_order_that_is_found(tmp_path: Path) -> None:
    spies = Spies(tmp_path)
    async with running(tmp_path, wrap=spies) as rig:
        rig.demo.venues["kraken"].faults.lost_replies = 1
        answer = await rig.submit()
        assert answer.status in (Status.UNKNOWN, Status.OPEN)
        board = await rig.until(lambda b: b.orders[answer.client_id].status is Status.OPEN)
        assert board.orders[answer.client_id].venue_order_id
        assert spies.placed == [answer.client_id]


async def test_an_order_that_never_arrived_is_lost_only_after_proof(tmp_path: Path) -> None:
    spies = Spies(tmp_path)
    async with running(tmp_path, wrap=spies) as rig:
        rig.demo.venues["kraken"].faults.lost_requests = 1
        answer = await rig.submit()
        assert answer.status is Status.UNKNOWN
        assert rig.order(answer.client_id).reserved_quantity == D("0.01")
        await rig.ask(asks.Requery(client_id=answer.client_id))
        await asyncio.sleep(0.6)
        # A create may still take effect for request timeout + receive window: no proof so soon.
        assert rig.order(answer.client_id).status is Status.UNKNOWN
        assert spies.placed == [answer.client_id]


async def test_while_an_order_is_unknown_none_like_it_leaves_and_afterwards_it_does(
    tmp_path: Path,
) -> None:
    spies = Spies(tmp_path)
    async with running(tmp_path, wrap=spies) as rig:
        rig.demo.venues["kraken"].faults.lost_requests = 1
        name = (await rig.submit()).client_id
        assert rig.order(name).status is Status.UNKNOWN
        again = rig.draft(quantity="0.02", away_pct=-4)
        with pytest.raises(Refused, match=f"unknown_order: UNKNOWN: {name} to buy"):
            await rig.submit(again)
        verdict = await rig.ask(asks.Check(draft=again))
        assert (verdict.rule, verdict.max_quantity) == ("unknown_order", None)
        assert (await rig.submit(rig.draft(Side.SELL, "0.001", 3))).status is Status.OPEN
        code = (await rig.ask(asks.DemoCode())).detail
        await rig.ask(asks.MarkLost(client_id=name, code=code, reason="not there"))
        assert (await rig.submit(again)).status is Status.OPEN
        assert len(spies.placed) == 3


async def test_after_a_restart_an_unknown_order_is_still_in_the_way(tmp_path: Path) -> None:
    demo = open_demo(SystemClock(), SystemDice(), seed=7, instant=True)
    async with running(tmp_path, demo=demo) as rig:
        demo.venues["kraken"].faults.lost_requests = 1
        name = (await rig.submit()).client_id
    async with running(tmp_path, demo=demo) as rig:
        assert rig.order(name).status is Status.UNKNOWN
        with pytest.raises(Refused, match="unknown_order"):
            await rig.submit(rig.draft(quantity="0.02"))


async def test_an_order_approved_before_a_halt_does_not_leave_after_it(tmp_path: Path) -> None:
    spies = Spies(tmp_path)
    async with running(tmp_path, wrap=spies) as rig:
        waiting = asyncio.ensure_future(rig.submit())
        await asyncio.sleep(0)  # judged and reserved; the ledger has not answered yet
        rig.stop.trip(Level.HALT_CANCEL, "now")
        with pytest.raises(Refused, match="HALTED before it was sent"):
            await waiting
        assert spies.placed == []
        denied = [s for s in rig.board.orders.values() if s.status is Status.DENIED]
        assert denied[0].reserved_quantity == 0


async def test_an_order_does_not_leave_while_the_marker_file_lies_there(tmp_path: Path) -> None:
    spies = Spies(tmp_path)
    settings = quick(marker_every_ms=60_000)
    async with running(tmp_path, wrap=spies, settings=settings) as rig:
        rig.places.halt.write_bytes(b"")
        with pytest.raises(Refused, match="HALT marker"):
            await rig.submit()
        assert spies.placed == []
        rig.places.halt.unlink()


async def test_an_order_that_waited_too_long_is_dropped_and_a_cancel_never_expires(
    tmp_path: Path,
) -> None:
    async with running(tmp_path) as rig:
        answer = await rig.submit()
        late = asks.SubmitOrder(draft=rig.draft(quantity="0.02"), expires_us=1)
        with pytest.raises(Refused, match="dropped"):
            await rig.ask(late)
        gone = await rig.ask(asks.CancelOrder(client_id=answer.client_id))
        assert gone.status in (Status.PENDING_CANCEL, Status.CANCELED)


async def test_a_cancelled_order_is_canceled_by_the_venues_word_and_then_settled(
    tmp_path: Path,
) -> None:
    async with running(tmp_path) as rig:
        answer = await rig.submit()
        await rig.ask(asks.CancelOrder(client_id=answer.client_id))
        board = await rig.until(lambda b: b.orders[answer.client_id].status is Status.CANCELED)
        board = await rig.until(lambda b: not b.orders[answer.client_id].reserved_quantity)
        assert board.orders[answer.client_id].settled


async def test_a_refused_cancel_changes_nothing_until_the_venue_was_asked(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        answer = await rig.submit()
        rig.demo.venues["kraken"].faults.refused_cancels = 1
        await rig.ask(asks.CancelOrder(client_id=answer.client_id))
        assert rig.order(answer.client_id).status is Status.PENDING_CANCEL
        board = await rig.until(
            lambda b: b.orders[answer.client_id].status is Status.CANCELED, within_s=12
        )
        assert board.orders[answer.client_id].venue_final is not None


async def test_cancel_all_cancels_ours_at_every_venue(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        names = [
            (await rig.submit()).client_id,
            (
                await rig.submit(
                    rig.draft(account=Account("mexc", "main"), symbol="BTC/USDT", quantity="0.001")
                )
            ).client_id,
        ]
        done = await rig.ask(asks.CancelAll())
        assert "2 orders" in done.detail
        await rig.until(lambda b: all(b.orders[n].status is Status.CANCELED for n in names))


async def test_a_modified_order_keeps_its_place_where_the_venue_can_amend(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        answer = await rig.submit()
        changed = await rig.ask(asks.ModifyOrder(client_id=answer.client_id, quantity=D("0.02")))
        assert changed.client_id == answer.client_id
        state = rig.order(answer.client_id)
        assert (state.quantity, state.amendment) == (D("0.02"), None)


async def test_a_lowered_price_is_reserved_as_before_until_the_venue_shows_no_untold_fill(
    tmp_path: Path,
) -> None:
    async with running(tmp_path, moving=False) as rig:
        name = (await rig.submit()).client_id
        old, price = rig.door.view.exposure.claims[name], rig.order(name).price
        assert price is not None
        told = Claims(rig.door, name)
        rig.desk.observe(told)
        await rig.ask(asks.ModifyOrder(client_id=name, price=price - 1000))
        board = await rig.until(lambda b: not b.orders[name].lowered_us)
        assert board.orders[name].price == price - 1000
        assert told.worth[events.AmendConfirmed] == old.value
        assert told.worth[events.AmendSettled] < old.value


async def test_where_a_venue_cannot_amend_the_order_is_cancelled_and_replaced(
    tmp_path: Path,
) -> None:
    async with running(tmp_path) as rig:
        venue = next(v for v, told in rig.demo.venues.items() if not told.traits.amends)
        account = Account(venue, "main")
        draft = rig.draft(account=account, symbol="BTC/USDT", quantity="0.001")
        parent = await rig.submit(draft)
        child = await rig.ask(asks.ModifyOrder(client_id=parent.client_id, quantity=D("0.002")))
        assert child.client_id != parent.client_id
        assert rig.order(parent.client_id).status is Status.CANCELED
        assert rig.order(child.client_id).order.parent == parent.client_id
        assert rig.order(child.client_id).quantity == D("0.002")


async def test_an_amendment_over_a_limit_is_refused_and_the_old_terms_stay_reserved(
    tmp_path: Path,
) -> None:
    async with running(tmp_path) as rig:
        answer = await rig.submit()
        with pytest.raises(Refused) as refused:
            await rig.ask(asks.ModifyOrder(client_id=answer.client_id, quantity=D(50)))
        assert refused.value.rule in ("max_order_value", "available_balance")
        assert rig.order(answer.client_id).quantity == D("0.01")
        claim = rig.door.view.exposure.claims[answer.client_id]
        assert claim.incoming == D("0.01")


async def test_an_amendment_whose_reply_is_lost_is_looked_up(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        answer = await rig.submit()
        rig.demo.venues["kraken"].faults.lost_replies = 1
        with pytest.raises(InDoubt):
            await rig.ask(asks.ModifyOrder(client_id=answer.client_id, quantity=D("0.02")))
        assert rig.order(answer.client_id).reserved_quantity == D("0.02")
        board = await rig.until(lambda b: b.orders[answer.client_id].amendment is None)
        assert board.orders[answer.client_id].quantity == D("0.02")


@pytest.mark.parametrize(
    ("ask", "told"),
    [
        (asks.CancelOrder(client_id="nobody"), "no order nobody"),
        (asks.ModifyOrder(client_id="nobody"), "no order nobody"),
        (asks.Requery(client_id="nobody"), "no order nobody"),
    ],
)
async def test_an_unknown_order_is_named(tmp_path: Path, ask: asks.Ask[object], told: str) -> None:
    async with running(tmp_path, moving=False) as rig:
        with pytest.raises(Refused, match=told):
            await rig.ask(ask)


async def test_roles_are_checked_in_the_engine_and_nobody_is_refused_the_brake(
    tmp_path: Path,
) -> None:
    viewer = Operator(name="guest", roles=frozenset({Role.VIEWER}))
    async with running(tmp_path, moving=False) as rig:
        with pytest.raises(Refused, match="guest is not trader"):
            await rig.ask(asks.SubmitOrder(draft=rig.draft()), viewer)
        assert (await rig.ask(asks.Check(draft=rig.draft()), viewer)).approved
        assert "no further order" in (await rig.ask(asks.Trip(reason="guest"), viewer)).detail


async def test_check_explains_without_ordering(tmp_path: Path) -> None:
    spies = Spies(tmp_path)
    async with running(tmp_path, wrap=spies) as rig:
        before = rig.board.ledger.head_seq
        verdict = await rig.ask(asks.Check(draft=rig.draft(Side.BUY, "1000")))
        assert not verdict.approved
        assert verdict.max_quantity is not None
        assert tuple(known.rule for known in verdict.results) == RULE_NAMES
        assert spies.placed == []
        assert not any(row.order.quantity == 1000 for row in rig.board.orders.values())
        assert rig.board.ledger.head_seq - before < 20
