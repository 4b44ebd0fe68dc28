"""Halts over less than everything: each stops what it covers, and is released on its own."""

import asyncio
import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from domain import asks, controls
from domain.errors import Refused
from domain.halts import HaltState, Level
from domain.instruments import Account
from domain.orders import Order, Side, Status
from engine.operators import Operator, Role
from tests.engine.rig import KRAKEN, Rig, quick, running
from tests.engine.test_killswitch import code

KUCOIN = Account("kucoin", "main")
GRID = "STRATEGY:grid"
AT_KRAKEN = "VENUE:kraken"


pytestmark = pytest.mark.timeout(90)


async def proven(rig: Rig, scope: str) -> None:
    await rig.until(lambda b: any(h.scope == scope and h.verified for h in b.halts), 40)


async def resting(rig: Rig, account: Account = KRAKEN, symbol: str = "BTC/USD") -> str:
    return (await rig.submit(rig.draft(account=account, symbol=symbol))).client_id


async def of_grid(rig: Rig) -> str:
    placed = await rig.submit(replace(rig.draft(quantity="0.02"), strategy="grid"))
    return placed.client_id


async def test_a_halt_over_a_venue_stops_that_venue_and_no_other(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        here, there = await resting(rig), await resting(rig, KUCOIN, "BTC/USDT")
        await rig.ask(asks.Trip(reason="odd fills", scope=AT_KRAKEN))
        await proven(rig, AT_KRAKEN)
        assert rig.order(here).status is Status.CANCELED
        assert rig.order(there).status is Status.OPEN
        with pytest.raises(Refused, match="HALTED"):
            await rig.submit()
        assert (await rig.submit(rig.draft(account=KUCOIN, symbol="ETH/USDT"))).client_id
        [halt] = rig.board.halts
        assert {seen.account.venue for seen in halt.evidence} == {"kraken"}
        assert not rig.board.killed
        assert rig.board.level_over(KRAKEN, "BTC/USD") is Level.HALT_CANCEL
        assert rig.board.level_over(KUCOIN, "BTC/USD") is Level.NORMAL


async def test_a_halt_over_a_strategy_leaves_a_persons_and_foreign_orders_alone(
    tmp_path: Path,
) -> None:
    async with running(tmp_path) as rig:
        mine, its = await resting(rig), await of_grid(rig)
        foreign = [s.client_id for s in rig.board.orders.values() if s.foreign and not s.terminal]
        assert foreign
        await rig.ask(asks.Trip(reason="it runs away", scope=GRID))
        await proven(rig, GRID)
        assert rig.order(its).status is Status.CANCELED
        assert rig.order(mine).status is Status.OPEN
        assert all(not rig.order(name).terminal for name in foreign)
        with pytest.raises(Refused, match="HALTED"):
            await of_grid(rig)
        assert await resting(rig, symbol="ETH/USD")


async def test_a_halt_over_a_symbol_covers_it_at_every_venue(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        btc, eth = await resting(rig), await resting(rig, symbol="ETH/USD")
        await rig.ask(asks.Trip(reason="depeg", scope="SYMBOL:BTC/USD"))
        await proven(rig, "SYMBOL:BTC/USD")
        assert rig.order(btc).status is Status.CANCELED
        assert rig.order(eth).status is Status.OPEN
        assert set(rig.board.accounts) == {e.account for e in rig.board.halts[0].evidence}


async def test_reduce_only_holds_at_once_cancels_entries_and_keeps_what_reduces(
    tmp_path: Path,
) -> None:
    async with running(tmp_path) as rig:
        entry = await resting(rig)
        exit_ = (await rig.submit(rig.draft(Side.SELL, away_pct=3))).client_id
        await rig.ask(asks.Trip(reason="thin market", level=Level.REDUCE_ONLY))
        assert rig.board.halts[0].state is HaltState.HALTED
        await proven(rig, "GLOBAL")
        assert rig.order(entry).status is Status.CANCELED
        assert rig.order(exit_).status is Status.OPEN
        with pytest.raises(Refused, match="REDUCE_ONLY"):
            await rig.submit()
        assert (await rig.submit(rig.draft(Side.SELL, "0.02", 3))).status is Status.OPEN


async def test_halt_keeps_every_order_and_needs_no_proof(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        entry = await resting(rig)
        await rig.ask(asks.Trip(reason="look first", level=Level.HALT, scope=AT_KRAKEN))
        assert not rig.board.halts[0].cancels
        with pytest.raises(Refused, match="HALTED"):
            await rig.submit(rig.draft(Side.SELL, away_pct=3))
        assert rig.order(entry).status is Status.OPEN
        told = await rig.ask(asks.Release(code=await code(rig), reason="ok", scope=AT_KRAKEN))
        assert "released VENUE:kraken" in told.detail
        await rig.until(lambda b: not b.halts)
        assert rig.order(entry).status is Status.OPEN


async def test_each_halt_is_released_on_its_own_by_its_typed_scope(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        for scope in ("GLOBAL", AT_KRAKEN, GRID):
            await rig.ask(asks.Trip(reason=f"over {scope}", scope=scope))
        for scope in ("GLOBAL", AT_KRAKEN, GRID):
            await proven(rig, scope)
        with pytest.raises(Refused, match="GLOBAL or VENUE:kraken or STRATEGY:grid"):
            await rig.ask(asks.Release(code=await code(rig), reason="ok", scope="VENUE:mexc"))
        await rig.ask(asks.Release(code=await code(rig), reason="ok", scope="global"))
        await rig.until(lambda b: {h.scope for h in b.halts} == {AT_KRAKEN, GRID})
        assert rig.stop.level == Level.NORMAL
        with pytest.raises(Refused, match="HALTED"):
            await rig.submit()
        assert await resting(rig, KUCOIN, "BTC/USDT")
        draft = rig.draft(account=KUCOIN, symbol="ETH/USDT")
        with pytest.raises(Refused, match="HALTED"):
            await rig.submit(replace(draft, strategy="grid"))


async def test_a_weaker_trip_lowers_nothing_and_a_stronger_one_is_proven_anew(
    tmp_path: Path,
) -> None:
    async with running(tmp_path) as rig:
        exit_ = (await rig.submit(rig.draft(Side.SELL, away_pct=3))).client_id
        await rig.ask(asks.Trip(reason="first", level=Level.REDUCE_ONLY, scope=AT_KRAKEN))
        await proven(rig, AT_KRAKEN)
        await rig.ask(asks.Trip(reason="worse", scope=AT_KRAKEN))
        await rig.until(lambda b: b.orders[exit_].status is Status.CANCELED)
        await proven(rig, AT_KRAKEN)
        await rig.ask(asks.Trip(reason="calmer", level=Level.HALT, scope=AT_KRAKEN))
        [halt] = rig.board.halts
        assert (halt.level, halt.trips, halt.verified) == (Level.HALT_CANCEL, 3, True)
        assert rig.stop.over(rig.order(exit_).order) == Level.HALT_CANCEL
        [marker] = rig.marker.standing()
        assert marker.level is Level.HALT_CANCEL


@pytest.mark.parametrize("scope", ["VENUE:nowhere", "ACCOUNT:kraken/other", "SYMBOL:NO/NE", "all"])
async def test_a_scope_that_this_desk_has_not_is_refused_to_a_person_and_everything_to_a_marker(
    tmp_path: Path, scope: str
) -> None:
    async with running(tmp_path) as rig:
        with pytest.raises(Refused, match="nothing was halted") as refused:
            await rig.ask(asks.Trip(reason="typo", scope=scope))
        assert "GLOBAL" in refused.value.reason
        assert not rig.board.halts
        (rig.places.directory / "HALT.byhand").write_text(
            json.dumps({"level": "HALT_CANCEL", "scope": scope})
        )
        await rig.until(lambda b: b.killed)
        await proven(rig, "GLOBAL")
        await rig.ask(asks.Release(code=await code(rig), reason="it was me", scope="GLOBAL"))
        await rig.until(lambda b: not b.halts)
        assert not rig.marker.present()


async def test_an_engines_own_trip_over_what_is_not_there_halts_everything(
    tmp_path: Path,
) -> None:
    async with running(tmp_path) as rig:
        assert rig.engine.parts is not None
        rig.engine.parts.kill.trip(Level.HALT, "a trigger", "engine", scope="VENUE:nowhere")
        assert rig.stop.level == Level.HALT
        await rig.until(lambda b: b.level is Level.HALT)


async def test_every_halt_has_a_marker_of_its_own_and_survives_a_restart(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        await rig.ask(asks.Trip(reason="one", scope=AT_KRAKEN))
        await rig.ask(asks.Trip(reason="two", level=Level.HALT, scope=GRID))
        await proven(rig, AT_KRAKEN)
        assert {m.scope for m in rig.marker.standing()} == {AT_KRAKEN, GRID}
        assert not rig.places.halt.exists()
    async with running(tmp_path) as rig:
        assert {(h.scope, h.level) for h in rig.board.halts} == {
            (AT_KRAKEN, Level.HALT_CANCEL),
            (GRID, Level.HALT),
        }
        assert rig.stop.level == Level.NORMAL
        with pytest.raises(Refused, match="HALTED"):
            await rig.submit()
        assert await resting(rig, KUCOIN, "BTC/USDT")


def scope_in(path: Path) -> str:
    """The scope that a marker names; "" while it is garbled still."""
    try:
        return str(json.loads(path.read_text())["scope"])
    except (ValueError, KeyError):
        return ""


async def test_a_narrow_marker_that_is_deleted_or_garbled_is_written_again(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        await rig.ask(asks.Trip(reason="one", scope=AT_KRAKEN))
        await proven(rig, AT_KRAKEN)
        path = rig.marker.path_of(AT_KRAKEN)
        path.unlink()
        await rig.until(lambda b: any(a.alarm == "MARKER_TAMPERED" for a in b.alarms))
        assert path.exists()
        path.write_text("{")
        await rig.until(lambda b: b.killed)  # what cannot be read is everything
        await proven(rig, "GLOBAL")
        await rig.until(lambda _: scope_in(path) == AT_KRAKEN)


async def test_an_order_that_turns_up_in_a_proven_scope_is_cancelled_again(
    tmp_path: Path,
) -> None:
    async with running(tmp_path) as rig:
        await rig.ask(asks.Trip(reason="test", scope=AT_KRAKEN))
        await rig.ask(asks.Trip(reason="test", scope=GRID))
        await proven(rig, AT_KRAKEN)
        await proven(rig, GRID)
        names = {name: getattr(rig.draft(), name) for name in ("account", "symbol", "side", "kind")}
        draft = rig.draft()
        late = Order(client_id="website1", quantity=draft.quantity, price=draft.price, **names)
        await rig.demo.venues["kraken"].traders["main"].place(late)
        await rig.until(lambda b: any(a.alarm == "order after halt" for a in b.alarms))
        await proven(rig, AT_KRAKEN)
        facts = [fact async for _, fact in rig.ledger.facts()]
        reopened = {f.halt_id for f in facts if isinstance(f, controls.HaltReopened)}
        assert reopened == {h.halt_id for h in rig.board.halts if h.scope == AT_KRAKEN}


async def test_only_what_is_unknown_inside_the_scope_stands_against_its_proof(
    tmp_path: Path,
) -> None:
    async with running(tmp_path) as rig:
        rig.demo.venues["kraken"].faults.lost_requests = 1
        assert (await rig.submit()).status is Status.UNKNOWN
        await rig.ask(asks.Trip(reason="elsewhere", scope="VENUE:kucoin"))
        await proven(rig, "VENUE:kucoin")
        await rig.ask(asks.Trip(reason="here", scope="ACCOUNT:kraken/main"))
        await rig.until(
            lambda b: any(
                h.scope == "ACCOUNT:kraken/main" and h.state is HaltState.HALTED_UNVERIFIED
                for h in b.halts
            )
        )
        told = await rig.ask(asks.ReleasePreview(scope="ACCOUNT:kraken/main"))
        assert "UNKNOWN" in told.detail
        assert "stays halted: VENUE:kucoin" in told.detail
        await rig.ask(asks.Release(code=await code(rig), reason="ok", scope="VENUE:kucoin"))
        await rig.until(lambda b: {h.scope for h in b.halts} == {"ACCOUNT:kraken/main"})


async def test_what_is_accepted_unverified_is_cancelled_no_more_after_the_release(
    tmp_path: Path,
) -> None:
    async with running(tmp_path) as rig:
        rig.demo.venues["mexc"].faults.unreachable = True
        await rig.ask(asks.Trip(reason="test"))
        await rig.until(lambda b: b.halts[0].state is HaltState.HALTED_UNVERIFIED)
        ask = asks.Release(
            code=await code(rig), reason="ok", scope="GLOBAL", accept_unverified=True
        )
        await rig.ask(ask)
        await rig.until(lambda b: not b.halts)
        rig.demo.venues["mexc"].faults.unreachable = False
        name = await resting(rig)
        rows = rig.board.ledger.head_seq
        await rig.until(lambda b: b.ledger.head_seq >= rows and b.accounts)
        assert rig.order(name).status is Status.OPEN
        assert not rig.board.halts


async def test_a_proof_for_a_weaker_level_proves_nothing_for_a_stronger_one(
    tmp_path: Path,
) -> None:
    async with running(tmp_path) as rig:
        await rig.ask(asks.Trip(reason="one", level=Level.REDUCE_ONLY))
        await proven(rig, "GLOBAL")
        name = (await rig.submit(rig.draft(Side.SELL, away_pct=3))).client_id
        rig.demo.venues["kraken"].faults.unreachable = True
        await rig.ask(asks.Trip(reason="two", level=Level.HALT_CANCEL))
        halt = rig.board.halts[0]
        await rig.desk.record(
            controls.HaltVerified(
                at_us=1, actor="engine", halt_id=halt.halt_id, verified_ms=1, level=Level.HALT
            )
        )
        assert not rig.board.halts[0].verified
        rig.demo.venues["kraken"].faults.unreachable = False
        await proven(rig, "GLOBAL")
        assert rig.order(name).status is Status.CANCELED


async def test_a_condition_that_still_holds_must_be_acknowledged(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        assert rig.engine.parts is not None
        rig.engine.parts.releases.conditions.append(
            lambda halt: "drawdown is still 12 %" if halt.scope == AT_KRAKEN else ""
        )
        await rig.ask(asks.Trip(reason="test", scope=AT_KRAKEN))
        await proven(rig, AT_KRAKEN)
        ask = asks.Release(code=await code(rig), reason="seen", scope=AT_KRAKEN)
        with pytest.raises(Refused, match=r"12 %.*acknowledge"):
            await rig.ask(ask)
        await rig.ask(replace(ask, acknowledge=True))
        await rig.until(lambda b: not b.halts)


async def test_the_high_water_mark_is_reset_only_when_that_is_said(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        await rig.until(lambda b: b.high_water is not None)
        assert rig.engine.parts is not None
        await rig.ask(asks.Trip(reason="test", scope=AT_KRAKEN))
        await proven(rig, AT_KRAKEN)
        rig.engine.parts.releases.rebased = lambda _: None
        ask = asks.Release(
            code=await code(rig), reason="new start", scope=AT_KRAKEN, reset_high_water=True
        )
        with pytest.raises(Refused, match="NAV is not known"):
            await rig.ask(ask)
        rig.engine.parts.releases.rebased = rig.engine.parts.equity.rebased
        assert "is reset" in (await rig.ask(ask)).detail


async def test_a_viewer_may_trip_and_may_not_flatten(tmp_path: Path) -> None:
    viewer = Operator(name="looks", roles=frozenset({Role.VIEWER}))
    async with running(tmp_path) as rig:
        await rig.ask(asks.Trip(reason="smoke", scope=AT_KRAKEN), viewer)
        ask = asks.Trip(reason="sell", level=Level.FLATTEN, scope=AT_KRAKEN, confirm=AT_KRAKEN)
        with pytest.raises(Refused, match="trader"):
            await rig.ask(ask, viewer)
        with pytest.raises(Refused, match="level"):
            await rig.ask(asks.Trip(reason="nothing", level=Level.NORMAL))


async def test_a_trip_in_the_hold_of_another_scope_changes_nothing_there(tmp_path: Path) -> None:
    async with running(tmp_path, settings=quick(resume_hold_s=60)) as rig:
        await rig.ask(asks.Trip(reason="first", scope=AT_KRAKEN))
        await proven(rig, AT_KRAKEN)
        await rig.ask(asks.Release(code=await code(rig), reason="ok", scope=AT_KRAKEN))
        await rig.ask(asks.Trip(reason="second", level=Level.HALT, scope="VENUE:kucoin"))
        with pytest.raises(Refused, match="REDUCE_ONLY"):
            await rig.submit()
        assert rig.board.level_over(KRAKEN, "BTC/USD") is Level.REDUCE_ONLY
        await rig.ask(asks.Trip(reason="third", level=Level.REDUCE_ONLY, scope=AT_KRAKEN))
        [halt] = [h for h in rig.board.halts if h.scope == AT_KRAKEN]
        assert halt.level is Level.HALT_CANCEL, "a trip never makes less of a halt that was"


async def test_it_works_with_one_venue_down_and_another_that_refuses_half_the_cancels(
    tmp_path: Path,
) -> None:
    async with running(tmp_path) as rig:
        names = [
            (await rig.submit(rig.draft(quantity=q))).client_id
            for q in ("0.01", "0.02", "0.03", "0.04")
        ]
        rig.demo.venues["kraken"].faults.refused_cancels = 2
        rig.demo.venues["mexc"].faults.unreachable = True
        await rig.ask(asks.Trip(reason="storm"))
        await rig.until(lambda b: all(b.orders[name].terminal for name in names))
        await rig.until(lambda b: b.halts[0].state is HaltState.HALTED_UNVERIFIED)
        proven_at = {e.account.venue for e in rig.board.halts[0].evidence if e.verified}
        assert "kraken" in proven_at
        assert "mexc" not in proven_at
        rig.demo.venues["mexc"].faults.unreachable = False
        await proven(rig, "GLOBAL")


async def test_it_works_while_another_program_has_locked_the_database(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        await resting(rig)
        reader = rig.demo.venues["kraken"].readers["main"]
        await rig.ledger._connection.execute_fetchall("PRAGMA busy_timeout = 20")
        with closing(sqlite3.connect(rig.places.ledger, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            told = await rig.ask(asks.Trip(reason="locked", scope=AT_KRAKEN))
            assert "is halted" in told.detail
            async with asyncio.timeout(8):
                while await reader.open_orders():  # noqa: ASYNC110 - the ledger tells nothing now
                    await asyncio.sleep(0.02)
            other.execute("ROLLBACK")
        assert rig.stop.level == Level.HALT_CANCEL, "a ledger that takes nothing halts everything"
        assert AT_KRAKEN in {marker.scope for marker in rig.marker.standing()}
