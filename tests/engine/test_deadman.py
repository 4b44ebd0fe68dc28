"""The venue's own dead-man's switch: who renews it, when, and what its silence means."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from cli.clock import SystemClock, SystemDice
from domain import asks
from domain.board import Board, Mode
from domain.errors import InDoubt, Unavailable
from domain.halts import HaltState, Level
from domain.instruments import Account
from domain.orders import Amendment, Order, OrderState, Status
from domain.ports import Placement, Trader
from risk.codes import code_at, step_at
from tests.engine.rig import KRAKEN, Rig, Secrets, connections_of, quick, running
from venues.demo import DemoDesk, open_demo
from venues.till import Till

LENGTH_S = 2
SHORT = quick(dead_man_s=LENGTH_S)
MEXC = Account("mexc", "main")


@dataclass
class Spy:
    """A trader that writes down what its switch was told, and fails or hangs when told to."""

    trader: Trader
    told: list[int] = field(default_factory=list)
    tries: int = 0
    fails: Exception | None = None
    hangs: bool = False

    async def place(self, order: Order) -> Placement:
        return await self.trader.place(order)

    async def amend(self, state: OrderState, amendment: Amendment) -> Placement:
        return await self.trader.amend(state, amendment)

    async def cancel(self, state: OrderState) -> Placement:
        return await self.trader.cancel(state)

    async def cancel_all(self) -> None:
        await self.trader.cancel_all()

    async def dead_man(self, timeout_s: int) -> None:
        self.tries += 1
        if self.hangs:
            await asyncio.Event().wait()
        if self.fails is not None:
            raise self.fails
        await self.trader.dead_man(timeout_s)
        self.told.append(timeout_s)


@dataclass
class Spies:
    """The spies of every account; `kraken` is the one with a switch."""

    found: dict[Account, Spy] = field(default_factory=dict)

    def __call__(self, account: Account, trader: Trader) -> Trader:
        return self.found.setdefault(account, Spy(trader))

    @property
    def kraken(self) -> Spy:
        return self.found[KRAKEN]


def demo_venues() -> DemoDesk:
    return open_demo(SystemClock(), SystemDice(), seed=7, instant=True)


def till_of(demo: DemoDesk) -> Till:
    """What the venue itself holds."""
    return demo._world.exchanges["kraken"].till


def due_us(rig: Rig) -> int:
    """When the venue itself will act; 0 for never."""
    return till_of(rig.demo).dead_man.get("main", 0)


async def armed(rig: Rig) -> None:
    made = await rig.ask(asks.BeginEnrolment())
    step = step_at(SystemClock().now_us())
    codes = [code_at(made.secret, step - back) for back in (2, 1, 0)]
    await rig.ask(asks.ConfirmEnrolment(first=codes[0], second=codes[1]))
    await rig.ask(asks.Arm(code=codes[2], account=KRAKEN))


def shown(board: Board) -> int:
    return board.accounts[KRAKEN].dead_man_us


async def come(true: Callable[[], Any]) -> None:
    async with asyncio.timeout(10):
        while not true():  # noqa: ASYNC110 - the venue tells nobody of its timer
            await asyncio.sleep(0.02)


async def test_it_is_on_while_armed_with_orders_there_and_off_afterwards(tmp_path: Path) -> None:
    spies = Spies()
    async with running(tmp_path, mode=Mode.LIVE, settings=SHORT, wrap=spies) as rig:
        await armed(rig)
        assert spies.kraken.told == []  # nothing is there that could be left behind
        name = (await rig.submit()).client_id
        await come(lambda: len(spies.kraken.told) >= 3)
        assert set(spies.kraken.told) == {LENGTH_S}
        left_us = due_us(rig) - SystemClock().now_us()
        assert 0 < left_us <= LENGTH_S * 1_000_000
        board = await rig.until(shown)
        assert shown(board) <= due_us(rig)  # never later than the venue means it
        await rig.ask(asks.CancelOrder(client_id=name))
        await come(lambda: spies.kraken.told[-1] == 0)
        assert due_us(rig) == 0
        await rig.until(lambda b: not shown(b))
        assert spies.found[MEXC].tries == 0


async def test_an_order_outlives_many_lengths_of_it(tmp_path: Path) -> None:
    spies = Spies()
    async with running(tmp_path, mode=Mode.LIVE, settings=SHORT, wrap=spies) as rig:
        await armed(rig)
        name = (await rig.submit()).client_id
        await come(lambda: len(spies.kraken.told) >= 8)  # four times within each length
        assert rig.order(name).status is Status.OPEN
        assert not rig.board.alarms


async def test_disarming_turns_it_off_and_the_orders_stay(tmp_path: Path) -> None:
    spies = Spies()
    async with running(tmp_path, mode=Mode.LIVE, settings=SHORT, wrap=spies) as rig:
        await armed(rig)
        name = (await rig.submit()).client_id
        await come(lambda: due_us(rig))
        await rig.ask(asks.Disarm())
        await come(lambda: due_us(rig) == 0)
        assert spies.kraken.told[-1] == 0
        assert rig.order(name).status is Status.OPEN


async def test_an_orderly_stop_that_leaves_orders_turns_it_off(tmp_path: Path) -> None:
    spies, demo = Spies(), demo_venues()
    async with running(tmp_path, mode=Mode.LIVE, settings=SHORT, wrap=spies, demo=demo) as rig:
        await armed(rig)
        await rig.submit()
        await come(lambda: due_us(rig))
    assert spies.kraken.told[-1] == 0
    till = till_of(demo)
    assert till.dead_man["main"] == 0
    assert any(row.account == KRAKEN for row in till.working.values())


async def test_an_orderly_stop_that_cancels_leaves_it_on_until_the_orders_are_gone(
    tmp_path: Path,
) -> None:
    spies, demo = Spies(), demo_venues()
    settings = quick(dead_man_s=30, drain_cancels_orders=True)
    async with running(tmp_path, mode=Mode.LIVE, settings=settings, wrap=spies, demo=demo) as rig:
        await armed(rig)
        await rig.submit()
        await come(lambda: due_us(rig))
        demo.venues["kraken"].faults.refused_cancels = 1
    assert spies.kraken.told == [30]  # what could not be cancelled is the venue's to cancel
    assert till_of(demo).dead_man["main"]


@pytest.mark.parametrize("why", ["demo", "off", "disarmed"])
async def test_it_is_never_told_anything(tmp_path: Path, why: str) -> None:
    spies = Spies()
    mode = Mode.DEMO if why == "demo" else Mode.LIVE
    settings = quick(dead_man_s=0) if why == "off" else SHORT
    async with running(tmp_path, mode=mode, settings=settings, wrap=spies) as rig:
        if why == "off":
            await armed(rig)
        if why != "disarmed":
            await rig.submit()
            await rig.until(lambda b: any(s.status is Status.OPEN for s in b.orders.values()))
        await asyncio.sleep(0.3)
        assert not any(spy.tries for spy in spies.found.values())


def problem_of(board: Board) -> str:
    """What is wrong with the account's feed; nothing is said before feeds are first shown."""
    feed = board.feeds.get(KRAKEN)
    return "" if feed is None else feed.problem


async def test_a_renewal_that_fails_is_told_once_and_stops_no_trading(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    spies = Spies()
    settings = quick(dead_man_s=20)
    async with running(tmp_path, mode=Mode.LIVE, settings=settings, wrap=spies) as rig:
        await armed(rig)
        spies.kraken.fails = Unavailable("kraken", "EGeneral:Permission denied")
        await rig.submit()
        board = await rig.until(lambda b: "dead-man" in problem_of(b))
        problem = board.feeds[KRAKEN].problem
        assert "Permission denied" in problem
        assert "orders there outlive this engine" in problem
        assert "may cancel orders" in board.feeds[KRAKEN].remedy
        assert (await rig.submit(rig.draft(quantity="0.02"))).status is Status.OPEN
        tries = spies.kraken.tries
        await come(lambda: spies.kraken.tries > tries)  # tried again, long before it is due
        assert caplog.text.count("it could not be told") == 1
        spies.kraken.fails = None
        await come(lambda: spies.kraken.told)
        await rig.until(lambda b: "dead-man" not in problem_of(b))


async def test_one_that_may_have_been_taken_is_turned_off_all_the_same(tmp_path: Path) -> None:
    spies = Spies()
    settings = quick(dead_man_s=20)
    async with running(tmp_path, mode=Mode.LIVE, settings=settings, wrap=spies) as rig:
        await armed(rig)
        spies.kraken.fails = InDoubt("kraken/main", "no answer")
        await rig.submit()
        board = await rig.until(lambda b: "dead-man" in problem_of(b))
        assert "kraken cancels every order there at " in board.feeds[KRAKEN].problem
        assert shown(await rig.until(shown))
        spies.kraken.fails = None
        await rig.ask(asks.Disarm())
        await come(lambda: spies.kraken.told and spies.kraken.told[-1] == 0)


async def test_a_halt_that_cancels_sets_it_once_even_where_nothing_was_armed(
    tmp_path: Path,
) -> None:
    spies, demo, secrets = Spies(), demo_venues(), Secrets()
    calm = quick(dead_man_s=0)
    async with running(tmp_path, mode=Mode.LIVE, settings=calm, demo=demo, secrets=secrets) as rig:
        await armed(rig)
        await rig.submit()
    long = quick(dead_man_s=30)
    async with running(
        tmp_path, mode=Mode.LIVE, settings=long, demo=demo, secrets=secrets, wrap=spies
    ) as rig:
        assert not rig.board.armed
        demo.venues["kraken"].faults.refused_cancels = 10**6
        await rig.ask(asks.Trip(reason="test"))
        await come(lambda: spies.kraken.told)
        await rig.until(lambda b: b.halts[0].state is HaltState.HALTED_UNVERIFIED)
        assert spies.kraken.told == [30]  # it runs out by itself and is not renewed
        demo.venues["kraken"].faults.refused_cancels = 0
        await rig.until(lambda b: b.halts[0].state is HaltState.HALTED)
        await come(lambda: spies.kraken.told[-1] == 0)


async def test_a_halt_that_keeps_orders_keeps_it_renewed(tmp_path: Path) -> None:
    spies = Spies()
    async with running(tmp_path, mode=Mode.LIVE, settings=SHORT, wrap=spies) as rig:
        await armed(rig)
        name = (await rig.submit()).client_id
        await rig.ask(asks.Trip(reason="look first", level=Level.HALT))
        before = len(spies.kraken.told)
        await come(lambda: len(spies.kraken.told) > before + 5)
        assert set(spies.kraken.told) == {LENGTH_S}
        assert rig.order(name).status is Status.OPEN


async def test_when_it_is_thrown_the_orders_end_and_everybody_is_told_why(tmp_path: Path) -> None:
    spies = Spies()
    async with running(tmp_path, mode=Mode.LIVE, settings=SHORT, wrap=spies) as rig:
        await armed(rig)
        name = (await rig.submit()).client_id
        await come(lambda: due_us(rig))
        spies.kraken.hangs = True
        await rig.until(lambda b: b.orders[name].status is Status.CANCELED)
        board = await rig.until(lambda b: b.alarms)
        (alarm,) = board.alarms
        assert (alarm.alarm, alarm.severity) == ("dead man kraken/main", "warning")
        assert "kraken has cancelled every order there by itself" in alarm.text
        assert not board.breaks


async def test_a_venue_without_one_is_traded_all_the_same(tmp_path: Path) -> None:
    spies, demo = Spies(), demo_venues()
    connections = connections_of(demo, spies)
    assert [c.venue for c in connections if c.traits.dead_man] == ["kraken"]
    async with running(
        tmp_path, mode=Mode.LIVE, settings=SHORT, demo=demo, connections=connections
    ) as rig:
        await armed(rig)
        placed = await rig.submit(rig.draft(account=MEXC, symbol="BTC/USDT"))
        assert placed.status is Status.OPEN
        assert not any(spy.tries for spy in spies.found.values())
