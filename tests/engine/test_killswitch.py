"""The kill switch: latched, durable, verified by evidence, released by a second factor only."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from domain import asks, controls
from domain.board import Phase
from domain.errors import DeskError, Refused, Unavailable
from domain.halts import HaltState, Level, Marker
from domain.instruments import Account
from domain.orders import Order, OrderState, Status
from domain.ports import Placement
from engine.operators import Operator, Role
from storage.marker import EvidenceLog
from tests.engine.rig import KRAKEN, Rig, quick, running
from tests.engine.test_trading import Spies


def halted(state: HaltState = HaltState.HALTED) -> Any:
    return lambda board: bool(board.halts) and board.halts[0].state is state


async def test_a_trip_cancels_every_order_and_proves_it_with_evidence(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        name = (await rig.submit()).client_id
        await rig.ask(asks.Trip(reason="looks wrong"))
        board = await rig.until(halted())
        assert rig.order(name).status is Status.CANCELED
        evidence = {seen.account: seen for seen in board.halts[0].evidence}
        assert set(evidence) == set(board.accounts)
        assert all(seen.verified and seen.still_open == 0 for seen in evidence.values())
        assert evidence[KRAKEN].cancelled >= 1
        assert rig.marker.present()


async def test_no_order_passes_after_a_trip_in_the_same_instant(tmp_path: Path) -> None:
    spies = Spies(tmp_path)
    async with running(tmp_path, wrap=spies) as rig:
        trip = asyncio.ensure_future(rig.ask(asks.Trip(reason="now")))
        await asyncio.sleep(0)
        results = await asyncio.gather(
            *(rig.submit(rig.draft(quantity=f"0.0{n}")) for n in range(1, 9)),
            return_exceptions=True,
        )
        await trip
        assert all(isinstance(result, Refused) for result in results)
        assert spies.placed == []


async def test_foreign_orders_are_cancelled_too(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        foreign = [s for s in rig.board.orders.values() if s.foreign]
        await rig.ask(asks.Trip(reason="everything"))
        await rig.until(halted())
        names = [state.client_id for state in foreign]
        await rig.until(lambda b: all(b.orders[n].venue_final is not None for n in names))


async def test_an_unreadable_list_never_verifies(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        rig.demo.venues["mexc"].faults.garbled_lists = 10_000
        await rig.ask(asks.Trip(reason="test"))
        board = await rig.until(halted(HaltState.HALTED_UNVERIFIED))
        proof = {seen.account: seen for seen in board.halts[0].evidence}
        assert not proof[Account("mexc", "main")].verified
        assert "cut off" in proof[Account("mexc", "main")].error
        assert proof[KRAKEN].verified
        assert any("NOT VERIFIED" in alarm.text for alarm in board.alarms)
        rig.demo.venues["mexc"].faults.garbled_lists = 0
        await rig.until(halted())  # it is retried for ever


async def test_a_venue_that_is_down_keeps_the_halt_unverified_until_it_is_back(
    tmp_path: Path,
) -> None:
    async with running(tmp_path) as rig:
        rig.demo.venues["kucoin"].faults.unreachable = True
        await rig.ask(asks.Trip(reason="test"))
        await rig.until(halted(HaltState.HALTED_UNVERIFIED))
        rig.demo.venues["kucoin"].faults.unreachable = False
        await rig.until(halted())


async def test_a_venue_that_refuses_cancels_is_asked_again(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        for quantity in ("0.01", "0.02", "0.03"):
            await rig.submit(rig.draft(quantity=quantity))
        rig.demo.venues["kraken"].faults.refused_cancels = 2
        await rig.ask(asks.Trip(reason="test"))
        await rig.until(halted())
        assert not [s for s in rig.board.orders.values() if not s.terminal]


async def test_an_unknown_order_keeps_the_halt_from_being_verified(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        rig.demo.venues["kraken"].faults.lost_requests = 1
        answer = await rig.submit()
        assert answer.status is Status.UNKNOWN
        await rig.ask(asks.Trip(reason="test"))
        board = await rig.until(halted(HaltState.HALTED_UNVERIFIED))
        proof = {seen.account: seen for seen in board.halts[0].evidence}
        assert proof[KRAKEN].unknown == 1


def is_on_its_way(state: OrderState) -> bool:
    """Ours, and it has left; foreign ones are on the board from the start."""
    return state.sent and not state.foreign


async def test_an_unknown_order_that_turns_up_during_a_halt_is_cancelled(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        rig.demo.venues["kraken"].faults.lost_replies = 1
        waiting = asyncio.ensure_future(rig.submit())
        await rig.until(lambda b: any(is_on_its_way(state) for state in b.orders.values()))
        await rig.ask(asks.Trip(reason="test"))
        answer = await waiting
        await rig.until(halted())
        assert rig.order(answer.client_id).status is Status.CANCELED


async def test_a_halt_survives_a_restart(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        await rig.ask(asks.Trip(reason="before the restart"))
        await rig.until(halted())
    async with running(tmp_path) as rig:
        assert rig.stop.level == Level.HALT_CANCEL
        assert rig.board.halts[0].reason == "before the restart"
        with pytest.raises(Refused, match="HALTED"):
            await rig.submit()


async def test_a_deleted_marker_does_not_release_and_raises_an_alarm(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        await rig.ask(asks.Trip(reason="test"))
        await rig.until(halted())
        rig.places.halt.unlink()
        await rig.until(lambda b: any(a.alarm == "MARKER_TAMPERED" for a in b.alarms))
        assert rig.marker.present()
        assert rig.stop.level == Level.HALT_CANCEL


@pytest.mark.parametrize("content", [b"", b"\x00\xff garbage", b"{}", b'{"level": 99}'])
async def test_any_marker_halts_even_an_empty_or_unreadable_one(
    tmp_path: Path, content: bytes
) -> None:
    async with running(tmp_path) as rig:
        rig.places.halt.write_bytes(content)
        board = await rig.until(halted())
        assert board.halts[0].level >= Level.HALT_CANCEL


async def test_a_marker_that_lies_there_at_start_halts_before_anything_connects(
    tmp_path: Path,
) -> None:
    async with running(tmp_path):
        pass
    (tmp_path / "demo" / "HALT").write_bytes(b"")
    async with running(tmp_path) as rig:
        await rig.until(halted())
        with pytest.raises(Refused, match="HALTED"):
            await rig.submit()


async def test_evidence_of_a_kill_without_an_engine_enters_the_ledger_once(tmp_path: Path) -> None:
    async with running(tmp_path):
        pass
    places = tmp_path / "demo"
    log = EvidenceLog(places, "ABCDEF1234")
    for attempt in (1, 2):
        log.write(
            {
                "at_us": attempt,
                "evidence": {"account": "kraken/main", "attempts": attempt, "still_open": 0},
            }
        )
    for _ in range(2):
        (places / "HALT").write_bytes(b"")
        async with running(tmp_path) as rig:
            await rig.until(halted())
            told = [
                fact
                async for _, fact in rig.ledger.facts()
                if isinstance(fact, controls.HaltEvidenced) and fact.halt_id == "ABCDEF1234"
            ]
            assert [fact.evidence.attempts for fact in told] == [1, 2]


async def test_evidence_that_a_full_disk_refuses_is_taken_in_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(tmp_path) as rig:
        await rig.ask(asks.Trip(reason="test"))
        await rig.until(halted())
        assert rig.engine.parts is not None
        watch, append = rig.engine.parts.marker, rig.ledger.append

        def full(_: object) -> object:
            future: asyncio.Future[object] = asyncio.get_running_loop().create_future()
            future.set_exception(Unavailable("the ledger", "disk full"))
            return future

        monkeypatch.setattr(rig.ledger, "append", full)
        EvidenceLog(tmp_path / "demo", "ABCDEF1234").write(
            {"at_us": 1, "evidence": {"account": "kraken/main", "attempts": 1, "still_open": 0}}
        )
        await watch.look()
        monkeypatch.setattr(rig.ledger, "append", append)
        watch._again_us = 0
        await watch.look()
        kinds = [fact async for _, fact in rig.ledger.facts()]
        found = [f for f in kinds if isinstance(f, controls.HaltEvidenced)]
        assert any(fact.halt_id == "ABCDEF1234" for fact in found)


async def test_a_full_disk_does_not_keep_the_engine_from_ending(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(tmp_path) as rig:

        def full(_: object) -> object:
            future: asyncio.Future[object] = asyncio.get_running_loop().create_future()
            future.set_exception(Unavailable("the ledger", "disk full"))
            return future

        monkeypatch.setattr(rig.ledger, "append", full)
    assert rig.board.phase is Phase.STOPPED


async def test_an_order_that_appears_after_the_proof_is_cancelled_again(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        await rig.ask(asks.Trip(reason="test"))
        await rig.until(halted())
        exchange = rig.demo.venues["kraken"].traders["main"]
        order = _by_hand(rig)
        placed = await exchange.place(order)
        assert isinstance(placed, Placement)
        board = await rig.until(
            lambda b: any(alarm.alarm == "order after halt" for alarm in b.alarms)
        )
        assert board.killed
        await rig.until(halted())
        reader = rig.demo.venues["kraken"].readers["main"]
        assert not await reader.open_orders()


def _by_hand(rig: Rig) -> Order:
    draft = rig.draft()
    return Order(
        client_id="website1",
        account=draft.account,
        symbol=draft.symbol,
        side=draft.side,
        kind=draft.kind,
        quantity=draft.quantity,
        price=draft.price,
    )


async def test_an_order_with_our_prefix_that_we_never_intended_halts_everything(
    tmp_path: Path,
) -> None:
    async with running(tmp_path) as rig:
        stranger = Order(
            **{
                **{name: getattr(_by_hand(rig), name) for name in Order.__slots__},
                "client_id": "QDT1ZZZZZZZZZZZZZZ",
            }
        )
        await rig.demo.venues["kraken"].traders["main"].place(stranger)
        board = await rig.until(halted())
        assert "ORDER_WITHOUT_INTENT" in board.halts[0].reason


# Faults in the kill path itself: the gate stays closed whatever fails


async def test_a_marker_that_cannot_be_written_does_not_stop_the_halt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(tmp_path) as rig:

        def broken(_: Marker) -> None:
            raise OSError("no space left on device")

        monkeypatch.setattr(rig.marker, "write", broken)
        await rig.ask(asks.Trip(reason="disk full"))
        await rig.until(halted())
        with pytest.raises(Refused):
            await rig.submit()


async def test_a_disk_that_takes_no_marker_is_asked_again_at_a_calm_pace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(tmp_path) as rig:
        tries = 0

        def broken(_: Marker) -> None:
            nonlocal tries
            tries += 1
            raise OSError("no space left on device")

        monkeypatch.setattr(rig.marker, "write", broken)
        await rig.ask(asks.Trip(reason="disk full"))
        await rig.until(halted())
        assert rig.engine.parts is not None
        for _ in range(20):
            await rig.engine.parts.marker.look()
        assert tries == 2  # the trip's own, and one of the watch's


async def test_a_ledger_that_takes_nothing_halts_and_the_cancels_still_go_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(tmp_path) as rig:
        await rig.submit()
        reader = rig.demo.venues["kraken"].readers["main"]
        assert await reader.open_orders()

        def full(_: object) -> object:
            future: asyncio.Future[object] = asyncio.get_running_loop().create_future()
            future.set_exception(Unavailable("the ledger", "disk full"))
            return future

        with monkeypatch.context() as patch:
            patch.setattr(rig.ledger, "append", full)
            with pytest.raises(DeskError):
                await rig.submit(rig.draft(quantity="0.02"))
            assert rig.stop.level == Level.HALT_CANCEL
            async with asyncio.timeout(5):
                while await reader.open_orders():  # noqa: ASYNC110 - the ledger tells nothing now
                    await asyncio.sleep(0.02)
        assert rig.marker.present()


# Release


async def code(rig: Rig) -> str:
    return (await rig.ask(asks.DemoCode())).detail


async def test_only_a_second_factor_releases_and_the_desk_resumes_in_steps(tmp_path: Path) -> None:
    async with running(tmp_path, settings=quick(resume_hold_s=1)) as rig:
        await rig.ask(asks.Trip(reason="test"))
        await rig.until(halted())
        for wrong in ("", "000000", "12345", "abcdef"):
            with pytest.raises(Refused) as refused:
                await rig.ask(asks.Release(code=wrong, reason="ok", scope="GLOBAL"))
            assert refused.value.rule == "second_factor"
        good = await code(rig)
        await rig.ask(asks.Release(code=good, reason="checked", scope="GLOBAL"))
        assert not rig.marker.present()
        assert rig.board.halts[0].state is HaltState.RESUMING
        with pytest.raises(Refused, match="REDUCE_ONLY"):
            await rig.submit()
        await rig.until(lambda b: not b.halts)
        assert (await rig.submit()).status is Status.OPEN


async def test_a_code_works_once(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        await rig.ask(asks.Trip(reason="test"))
        await rig.until(halted())
        good = await code(rig)
        await rig.ask(asks.Release(code=good, reason="first", scope="GLOBAL"))
        await rig.until(lambda b: not b.halts)
        await rig.ask(asks.Trip(reason="again"))
        await rig.until(halted())
        with pytest.raises(Refused, match=r"used already|wrong"):
            await rig.ask(asks.Release(code=good, reason="second", scope="GLOBAL"))


@pytest.mark.parametrize(
    ("scope", "reason", "told"),
    [
        ("", "ok", "type the scope GLOBAL"),
        ("KRAKEN", "ok", "type the scope"),
        ("GLOBAL", " ", "reason"),
    ],
)
async def test_a_release_needs_the_typed_scope_and_a_reason(
    tmp_path: Path, scope: str, reason: str, told: str
) -> None:
    async with running(tmp_path) as rig:
        await rig.ask(asks.Trip(reason="test"))
        await rig.until(halted())
        with pytest.raises(Refused, match=told):
            await rig.ask(asks.Release(code=await code(rig), reason=reason, scope=scope))


async def test_an_unverified_halt_is_not_released_unless_that_is_said(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        rig.demo.venues["mexc"].faults.unreachable = True
        await rig.ask(asks.Trip(reason="test"))
        await rig.until(halted(HaltState.HALTED_UNVERIFIED))
        good = await code(rig)
        with pytest.raises(Refused, match="not verified"):
            await rig.ask(asks.Release(code=good, reason="ok", scope="GLOBAL"))
        told = await rig.ask(asks.ReleasePreview())
        assert "still against it" in told.detail
        assert "no position is closed" in told.detail
        await rig.ask(asks.Release(code=good, reason="ok", scope="GLOBAL", accept_unverified=True))
        await rig.until(lambda b: not b.halts)


async def test_a_trip_during_the_hold_stands(tmp_path: Path) -> None:
    async with running(tmp_path, settings=quick(resume_hold_s=60)) as rig:
        await rig.ask(asks.Trip(reason="first"))
        await rig.until(halted())
        await rig.ask(asks.Release(code=await code(rig), reason="ok", scope="GLOBAL"))
        await rig.ask(asks.Trip(reason="second"))
        await rig.until(halted())
        assert rig.stop.level == Level.HALT_CANCEL
        assert rig.marker.present()
        with pytest.raises(Refused, match="HALTED"):
            await rig.submit()


async def test_a_release_needs_the_admin_role(tmp_path: Path) -> None:
    trader = Operator(name="me", roles=frozenset({Role.VIEWER, Role.TRADER}))
    async with running(tmp_path) as rig:
        await rig.ask(asks.Trip(reason="test"), trader)
        await rig.until(halted())
        with pytest.raises(Refused, match="admin"):
            await rig.ask(asks.Release(code="1", reason="x", scope="GLOBAL"), trader)


async def test_wrong_codes_lock_the_second_factor_but_never_the_brake(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        await rig.ask(asks.Trip(reason="test"))
        await rig.until(halted())
        for _ in range(5):
            with pytest.raises(Refused):
                await rig.ask(asks.Release(code="000000", reason="ok", scope="GLOBAL"))
        with pytest.raises(Refused, match="locked"):
            await rig.ask(asks.Release(code=await code(rig), reason="ok", scope="GLOBAL"))
        assert any(alarm.alarm.startswith("codes") for alarm in rig.board.alarms)
        assert "no further order" in (await rig.ask(asks.Trip(reason="again"))).detail


async def test_a_release_that_was_written_before_a_crash_goes_on_after_it(tmp_path: Path) -> None:
    async with running(tmp_path, settings=quick(resume_hold_s=2)) as rig:
        await rig.ask(asks.Trip(reason="test"))
        await rig.until(halted())
        await rig.ask(asks.Release(code=await code(rig), reason="ok", scope="GLOBAL"))
    async with running(tmp_path, settings=quick(resume_hold_s=2)) as rig:
        await rig.until(lambda b: not b.halts)
        assert rig.stop.level == Level.NORMAL


async def test_the_kill_evidence_is_readable_json_in_the_ledger(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        await rig.submit()
        await rig.ask(asks.Trip(reason="test"))
        await rig.until(halted())
        facts = [fact async for _, fact in rig.ledger.facts()]
        kinds = [type(fact).__name__ for fact in facts]
        assert kinds.index("HaltTripped") < kinds.index("HaltEvidenced")
        assert kinds.index("HaltEvidenced") < kinds.index("HaltVerified")
        marker = json.loads(rig.places.halt.read_text())
        assert marker["reason"] == "test"
