"""A ledger that failed and can be written again: taken up without a restart, nothing guessed."""

import asyncio
from pathlib import Path

import pytest

from domain import asks, controls, events
from domain.errors import Corrupt, Unavailable
from domain.halts import GLOBAL, HaltState, Level
from domain.instruments import Account
from domain.orders import Amendment, Order, OrderState, Status
from domain.ports import Placement, Trader
from engine.reopening import Reopening
from tests.engine.rig import D, Rig, running
from tests.storage.test_ledger_failures import shrunk


class Slow:
    """A trader whose creates, and whose answers to changes, wait until `go` is set."""

    def __init__(self, trader: Trader) -> None:
        self._trader = trader
        self.go = asyncio.Event()
        self.go.set()
        self.came = asyncio.Event()

    async def place(self, order: Order) -> Placement:
        self.came.set()
        await self.go.wait()
        return await self._trader.place(order)

    async def amend(self, state: OrderState, amendment: Amendment) -> Placement:
        answer = await self._trader.amend(state, amendment)
        self.came.set()
        await self.go.wait()
        return answer

    async def cancel(self, state: OrderState) -> Placement:
        return await self._trader.cancel(state)

    async def cancel_all(self) -> None:
        await self._trader.cancel_all()

    async def dead_man(self, timeout_s: int) -> None:
        await self._trader.dead_man(timeout_s)


class Slows:
    """One an account."""

    def __init__(self) -> None:
        self.of: dict[Account, Slow] = {}

    def __call__(self, account: Account, trader: Trader) -> Slow:
        return self.of.setdefault(account, Slow(trader))


def big() -> list[controls.AlarmRaised]:
    """More than fits into the pages that a ledger has."""
    return [
        controls.AlarmRaised(
            at_us=number, actor="test", alarm=f"{number}", severity="warning", text="x" * 300
        )
        for number in range(200)
    ]


def reopening(rig: Rig) -> Reopening:
    assert rig.engine.parts is not None
    return rig.engine.parts.reopening


async def full(rig: Rig) -> None:
    """Fill the disk: from here on the ledger takes nothing, and has said so."""
    await shrunk(rig.ledger)
    with pytest.raises(Unavailable, match="disk"):
        await rig.desk.record(*big())
    assert rig.stop.level == Level.HALT_CANCEL


async def test_a_ledger_that_can_be_written_again_takes_the_halt_and_the_desk_can_be_released(
    tmp_path: Path,
) -> None:
    async with running(tmp_path, moving=False) as rig:
        name = (await rig.submit()).client_id
        await full(rig)
        assert not rig.board.halts
        await reopening(rig).look()
        assert not rig.ledger.failure
        board = await rig.until(lambda b: b.halts and b.halts[0].state is HaltState.HALTED)
        assert "the ledger failed" in board.halts[0].reason
        assert board.orders[name].status is Status.CANCELED
        assert any(known.alarm == "ledger failed" for known in board.alarms)
        code = (await rig.ask(asks.DemoCode())).detail
        await rig.ask(asks.Release(code=code, reason="room again", scope=GLOBAL))
        await rig.until(lambda b: not b.halts)
        assert (await rig.submit()).status is Status.OPEN
        assert (await rig.ledger.verify()).result == "OK"


async def test_cancels_leave_while_the_ledger_takes_nothing(tmp_path: Path) -> None:
    async with running(tmp_path, moving=False) as rig:
        rig.desk.on_ledger_failure = lambda _: None  # the kill switch would cancel them as well
        names = {(await rig.submit()).client_id for _ in range(3)}
        await shrunk(rig.ledger)
        with pytest.raises(Unavailable):
            await rig.desk.record(*big())
        done = await rig.ask(asks.CancelAll())
        assert "3 orders" in done.detail
        reader = rig.demo.venues[rig.order(min(names)).order.account.venue].readers["main"]
        assert not names & {row.client_id for row in await reader.open_orders()}


async def test_a_create_whose_answer_could_not_be_written_is_looked_up_and_cancelled(
    tmp_path: Path,
) -> None:
    slows = Slows()
    async with running(tmp_path, moving=False, wrap=slows) as rig:
        draft = rig.draft()
        slow = slows.of[draft.account]
        slow.go.clear()
        asking = asyncio.create_task(rig.submit(draft))
        await slow.came.wait()
        await rig.until(lambda b: any(s.status is Status.SUBMITTED for s in b.orders.values()))
        await full(rig)
        slow.go.set()
        with pytest.raises(Unavailable):
            await asking
        (name,) = [n for n, s in rig.board.orders.items() if s.status is Status.SUBMITTED]
        await reopening(rig).look()
        board = await rig.until(lambda b: b.orders[name].terminal)
        assert board.orders[name].status is Status.CANCELED
        facts = [fact async for _, fact in rig.ledger.facts()]
        doubts = [f for f in facts if isinstance(f, events.OrderInDoubt)]
        assert [(f.client_id, "written" in f.reason) for f in doubts] == [(name, True)]
        assert sum(isinstance(f, events.OrderApproved) for f in facts) == 1


async def test_an_order_that_is_still_being_sent_is_not_doubted_by_a_reopening(
    tmp_path: Path,
) -> None:
    slows = Slows()
    async with running(tmp_path, moving=False, wrap=slows) as rig:
        draft = rig.draft()
        slow = slows.of[draft.account]
        slow.go.clear()
        asking = asyncio.create_task(rig.submit(draft))
        await slow.came.wait()
        await full(rig)
        await reopening(rig).look()
        facts = [fact async for _, fact in rig.ledger.facts()]
        assert not any(isinstance(f, events.OrderInDoubt) for f in facts)
        slow.go.set()
        name = (await asking).client_id
        await rig.until(lambda b: b.orders[name].status is Status.CANCELED)


async def test_a_change_whose_answer_could_not_be_written_is_looked_up(tmp_path: Path) -> None:
    slows = Slows()
    async with running(tmp_path, moving=False, wrap=slows) as rig:
        draft = rig.draft()
        slow = slows.of[draft.account]
        name = (await rig.submit(draft)).client_id
        slow.came.clear()
        slow.go.clear()
        change = asks.ModifyOrder(client_id=name, quantity=D("0.02"))
        asking = asyncio.create_task(rig.ask(change))
        await slow.came.wait()
        await full(rig)
        slow.go.set()
        with pytest.raises(Unavailable):
            await asking
        assert rig.order(name).amendment is not None
        await reopening(rig).look()
        board = await rig.until(lambda b: b.orders[name].terminal and not b.orders[name].amendment)
        assert board.orders[name].quantity == D("0.02")


async def test_a_ledger_that_contradicts_itself_stays_refused_and_halted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def corrupt() -> None:
        raise Corrupt("the ledger does not verify at row 3")

    async with running(tmp_path, moving=False) as rig:
        await full(rig)
        monkeypatch.setattr(rig.ledger, "reopen", corrupt)
        caplog.clear()
        await reopening(rig).look()
        await reopening(rig).look()
        told = [r for r in caplog.records if "quarterdeck ledger verify" in r.getMessage()]
        assert len(told) == 1, "the same failure is told once"
        assert rig.ledger.failure
        assert rig.stop.level == Level.HALT_CANCEL


async def test_a_ledger_that_fails_again_at_once_is_not_taken_up_at_once(tmp_path: Path) -> None:
    async with running(tmp_path, moving=False) as rig:
        await full(rig)
        await reopening(rig).look()
        assert not rig.ledger.failure
        await full(rig)
        await reopening(rig).look()
        assert rig.ledger.failure, "a minute passes before the next try"
