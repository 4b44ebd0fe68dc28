"""Start-up is recovery (semantics 6): restarts in every state, with the venue as the truth."""

from dataclasses import replace
from pathlib import Path

import pytest

from cli.clock import SystemClock, SystemDice
from domain import asks, bookings, events
from domain.board import Phase
from domain.errors import Refused, Unavailable
from domain.instruments import Account
from domain.market import Movement
from domain.orders import Order, Status
from tests.engine.rig import KRAKEN, D, Rig, quick, running
from venues.demo import DemoDesk, open_demo


def venues() -> DemoDesk:
    return open_demo(SystemClock(), SystemDice(), seed=7, instant=True)


def truth(rig: Rig) -> dict[str, object]:
    """What the board says, in a form that two runs can be compared by."""
    parts = rig.engine.parts
    assert parts is not None
    return {
        "orders": {s.client_id: (s.status, s.filled) for s in rig.board.orders.values()},
        "claims": dict(rig.door.view.exposure.claims),
        "books": {
            view.account: {a: v for a, v in parts.books.held(view.account).items() if v}
            for view in rig.board.accounts.values()
        },
    }


async def test_the_first_start_opens_every_account_and_nothing_is_unexplained(
    tmp_path: Path,
) -> None:
    async with running(tmp_path) as rig:
        assert rig.board.phase is Phase.READY
        assert rig.board.breaks == ()
        assert len(rig.board.fills) >= 90
        opened = [
            fact.account
            async for _, fact in rig.ledger.facts()
            if isinstance(fact, bookings.OpeningBalance)
        ]
        assert sorted(opened) == sorted(rig.board.accounts)
        for view in rig.board.accounts.values():
            assert view.balances is not None
            assert rig.engine.parts is not None
            differences = rig.engine.parts.books.differences(view.balances)
            assert not any(differences.values())


async def test_a_restart_shows_what_the_ledger_held_and_books_nothing_twice(
    tmp_path: Path,
) -> None:
    demo = venues()
    async with running(tmp_path, demo=demo) as rig:
        names = [(await rig.submit(rig.draft(quantity=f"0.0{n}"))).client_id for n in (1, 2)]
        done = (await rig.submit(rig.draft(away_pct=None))).client_id
        await rig.until(lambda b: b.orders[done].status is Status.FILLED)
        await rig.until(lambda b: not b.orders[done].reserved_quantity)
        before = truth(rig)
        fills = [f async for _, f in rig.ledger.facts() if isinstance(f, bookings.FillBooked)]
    async with running(tmp_path, demo=demo, moving=False) as rig:
        after = truth(rig)
        for name in names:
            assert rig.order(name).status is Status.OPEN
        assert after["books"] == before["books"]
        again = [f async for _, f in rig.ledger.facts() if isinstance(f, bookings.FillBooked)]
        assert len(again) == len(fills)
        assert rig.board.breaks == ()


async def test_fills_that_happened_while_nobody_looked_are_booked_at_the_next_start(
    tmp_path: Path,
) -> None:
    demo = venues()
    deaf = quick(fills_every_s=60, open_orders_every_s=60, balances_every_s=60)
    async with running(tmp_path, demo=demo, settings=deaf) as rig:
        demo.venues["kraken"].faults.lose_stream_messages(1_000)
        name = (await rig.submit(rig.draft(away_pct=None))).client_id
        assert not rig.order(name).filled
    demo.venues["kraken"].faults.lose_stream_messages(0)
    async with running(tmp_path, demo=demo, moving=False) as rig:
        board = await rig.until(lambda b: b.orders[name].status is Status.FILLED)
        assert board.orders[name].filled == D("0.01")


def _by_hand(rig: Rig, client_id: str) -> Order:
    draft = rig.draft()
    return Order(
        client_id=client_id,
        account=draft.account,
        symbol=draft.symbol,
        side=draft.side,
        kind=draft.kind,
        quantity=draft.quantity,
        price=draft.price,
    )


async def test_an_order_cancelled_behind_our_back_ends_as_the_venue_says(tmp_path: Path) -> None:
    demo = venues()
    async with running(tmp_path, demo=demo) as rig:
        name = (await rig.submit()).client_id
        state = rig.order(name)
    await demo.venues["kraken"].traders["main"].cancel(state)
    async with running(tmp_path, demo=demo) as rig:
        await rig.until(lambda b: b.orders[name].status is Status.CANCELED)


async def test_an_intent_that_never_left_is_searched_for_and_keeps_its_reservation(
    tmp_path: Path,
) -> None:
    demo = venues()
    async with running(tmp_path, demo=demo) as rig:
        verdict = await rig.ask(asks.Check(draft=rig.draft()))
        order = replace(
            _by_hand(rig, "QDT100000000000001"),
            reference=verdict.reference,
            base_rate=D(1),
            at_us=SystemClock().now_us(),
        )
        await rig.desk.record(
            events.OrderApproved(at_us=order.at_us, actor="me", order=order, verdict=verdict)
        )
    async with running(tmp_path, demo=demo) as rig:
        state = rig.order(order.client_id)
        assert state.status is Status.NEW
        assert state.reserved_quantity == order.quantity
        assert order.client_id in rig.door.view.exposure.claims


async def test_an_old_intent_that_is_nowhere_is_lost_after_two_complete_searches(
    tmp_path: Path,
) -> None:
    demo = venues()
    async with running(tmp_path, demo=demo) as rig:
        verdict = await rig.ask(asks.Check(draft=rig.draft()))
        old = replace(
            _by_hand(rig, "QDT100000000000001"),
            reference=verdict.reference,
            base_rate=D(1),
            at_us=SystemClock().now_us() - 60_000_000,
        )
        await rig.desk.record(
            events.OrderApproved(at_us=old.at_us, actor="me", order=old, verdict=verdict)
        )
    async with running(tmp_path, demo=demo, prompt=True) as rig:
        board = await rig.until(lambda b: b.orders[old.client_id].status is Status.LOST)
        assert board.orders[old.client_id].reason.startswith("CRASH_BEFORE_SEND")
        assert old.client_id not in rig.door.view.exposure.claims


async def test_a_venue_that_is_down_at_start_does_not_stop_the_others(tmp_path: Path) -> None:
    demo = venues()
    demo.venues["kucoin"].faults.unreachable = True
    async with running(tmp_path, demo=demo, settings=quick(first_try_s=1)) as rig:
        assert rig.board.phase is Phase.READY
        assert (await rig.submit()).status is Status.OPEN
        kucoin = rig.board.accounts.get(Account("kucoin", "main"))
        assert kucoin is None or not kucoin.reconciled_us
        demo.venues["kucoin"].faults.unreachable = False
        await rig.until(lambda b: b.accounts[Account("kucoin", "main")].reconciled_us, within_s=15)


async def test_money_that_appears_behind_our_back_is_a_break_that_stops_entries(
    tmp_path: Path,
) -> None:
    demo = venues()
    async with running(tmp_path, demo=demo, moving=False):
        pass
    async with running(tmp_path, demo=demo, moving=False) as rig:
        await rig.desk.record(
            bookings.MovementBooked(
                at_us=SystemClock().now_us() - 60_000_000,
                actor="test",
                source="test",
                movement=_movement("5000"),
            )
        )
    async with running(tmp_path, demo=demo, moving=False) as rig:
        found = [known for known in rig.board.breaks if known.kind == "BALANCE_UNEXPLAINED"]
        assert len(found) == 1
        assert "USD: the facts give" in found[0].detail
        assert found[0].value == D(-5000)
        with pytest.raises(Refused, match="BREAK: BALANCE_UNEXPLAINED"):
            await rig.submit()


def _movement(amount: str) -> Movement:
    return Movement(
        account=KRAKEN,
        reference="nowhere",
        asset="USD",
        amount=D(amount),
        fee=D(0),
        at_us=SystemClock().now_us() - 60_000_000,
    )


async def test_a_second_engine_on_the_same_book_is_told_to_attach(tmp_path: Path) -> None:
    async with running(tmp_path, moving=False):
        with pytest.raises(Unavailable, match="attach"):
            async with running(tmp_path, moving=False):
                pass


async def test_an_orderly_stop_says_goodbye_in_the_ledger(tmp_path: Path) -> None:
    async with running(tmp_path, moving=False) as rig:
        run_id = rig.board.run_id
    async with running(tmp_path, moving=False) as rig:
        stops = [f async for _, f in rig.ledger.facts() if isinstance(f, events.EngineStopped)]
        assert stops[0].run_id == run_id
        assert rig.board.run_id != run_id
