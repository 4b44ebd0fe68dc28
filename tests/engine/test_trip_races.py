"""Trips that come at a bad moment: their asker goes away, or a release is under way."""

import asyncio
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from domain import asks, controls, events
from domain.errors import Refused
from domain.halts import HaltState, Level, Marker
from domain.orders import Side, Status, VenueOrder
from tests.engine.rig import KRAKEN, D, Rig, quick, running
from tests.engine.test_killswitch import code, halted


async def test_a_trip_whose_asker_goes_away_is_written_and_cancels_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go = threading.Event(), threading.Event()
    async with running(tmp_path) as rig:
        name = (await rig.submit()).client_id
        write = rig.marker.write

        def slowly(marker: Marker) -> None:
            begun.set()
            assert go.wait(10)
            write(marker)

        monkeypatch.setattr(rig.marker, "write", slowly)
        asking = asyncio.create_task(rig.ask(asks.Trip(reason="the console closes")))
        assert await asyncio.to_thread(begun.wait, 10)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        go.set()
        await rig.until(halted())
        assert rig.order(name).status is Status.CANCELED


async def test_a_trip_while_a_release_reconciles_is_not_released(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(tmp_path) as rig:
        name = (await rig.submit()).client_id
        await rig.ask(asks.Trip(reason="a look", level=Level.HALT))
        await rig.until(halted())
        assert rig.engine.parts is not None
        releases = rig.engine.parts.releases
        clean = releases._reconcile

        async def tripped_meanwhile() -> None:
            await clean()
            monkeypatch.setattr(releases, "_reconcile", clean)
            await rig.ask(asks.Trip(reason="worse", level=Level.HALT_CANCEL))

        monkeypatch.setattr(releases, "_reconcile", tripped_meanwhile)
        with pytest.raises(Refused, match="not verified"):
            await rig.ask(asks.Release(scope="GLOBAL", reason="fine", code=await code(rig)))
        assert rig.stop.held("GLOBAL")
        assert rig.marker.present()
        await rig.until(lambda b: b.halts and b.halts[0].verified)
        assert rig.order(name).status is Status.CANCELED


async def _put_while_it_is_written(rig: Rig, monkeypatch: pytest.MonkeyPatch, put: object) -> None:
    record = rig.desk.record

    async def beside(*facts: object) -> object:
        told = await record(*facts)  # type: ignore[arg-type]
        if any(isinstance(fact, controls.HaltReleased) for fact in facts):
            put()  # type: ignore[operator]
        return told

    monkeypatch.setattr(rig.desk, "record", beside)


async def test_a_marker_that_comes_while_a_release_is_written_halts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(tmp_path) as rig:
        await rig.ask(asks.Trip(reason="a look"))
        await rig.until(halted())
        own = rig.marker.read()
        assert own is not None
        newer = Marker(
            halt_id="FROMOUTSIDE", level=Level.HALT_CANCEL, reason="a script", actor="cron",
            at_us=rig.clock.now_us(),
        )  # fmt: skip
        await _put_while_it_is_written(rig, monkeypatch, lambda: rig.marker.write(newer))
        with pytest.raises(Refused, match="tripped again"):
            await rig.ask(asks.Release(scope="GLOBAL", reason="fine", code=await code(rig)))
        await rig.until(lambda b: b.halts and b.halts[0].state is not HaltState.RESUMING)
        assert rig.marker.present()
        assert rig.stop.level == Level.HALT_CANCEL


async def test_a_foreign_order_during_the_hold_after_a_release_is_no_order_after_a_halt(
    tmp_path: Path,
) -> None:
    async with running(tmp_path, settings=quick(resume_hold_s=60)) as rig:
        await rig.ask(asks.Trip(reason="careful", level=Level.REDUCE_ONLY))
        await rig.until(lambda b: b.halts and b.halts[0].verified)
        await rig.ask(asks.Release(scope="GLOBAL", reason="fine", code=await code(rig)))
        seen = next(state for state in rig.board.orders.values() if state.foreign)
        order = replace(seen.order, client_id="foreign:kraken:new", account=KRAKEN)
        report = VenueOrder(account=KRAKEN, venue_order_id="new", side=Side.BUY, quantity=D(1))
        await rig.desk.record(
            events.ForeignOrderSeen(
                at_us=rig.clock.now_us(), actor="kraken", order=order, report=report
            )
        )
        await rig.desk.flushed()
        assert not [alarm for alarm in rig.board.alarms if alarm.alarm == "order after halt"]
        assert not rig.stop.held("GLOBAL")
