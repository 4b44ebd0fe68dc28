"""One engine on two real venues at once: what is counted over both, and what each is alone in."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from domain import asks
from domain.board import Board, Health
from domain.errors import Refused
from domain.halts import HaltState
from domain.orders import Status
from tests.engine.rig import TIRELESS
from tests.engine.wire_families import KRAKEN, KUCOIN
from tests.engine.wire_rig import WIRE, Site, trading_on

pytestmark = [pytest.mark.usefixtures("unpaced"), pytest.mark.timeout(60)]
Sites = tuple[Site, Site]
HASTY = replace(WIRE, kill_deadline_s=1)


def ended(name: str) -> Any:
    return lambda b: b.orders[name].status is Status.FILLED


def health(account: str, *, ok: bool) -> Any:
    return lambda b: (b.feeds[account].health is Health.OK) is ok


def halted(state: HaltState) -> Any:
    return lambda b: bool(b.halts) and b.halts[0].state is state


async def test_a_limit_is_counted_over_both_venues(sites: Sites, tmp_path: Path) -> None:
    limits = replace(TIRELESS, max_daily_volume=Decimal(1_500))
    async with trading_on(sites, tmp_path, limits=limits) as wire:
        there = await wire.submit(wire.draft(at=KRAKEN))
        here = await wire.submit(wire.draft(at=KUCOIN))
        for family in (KRAKEN, KUCOIN):
            with pytest.raises(Refused) as refused:
                await wire.submit(wire.draft(at=family))
            assert refused.value.rule == "max_daily_volume"
        assert {s.sent().popitem() for s in sites} == {(there.client_id, 1), (here.client_id, 1)}
        await wire.agrees()


async def test_the_same_asset_on_both_venues_is_one_position(sites: Sites, tmp_path: Path) -> None:
    held = sum(site.balances()["BTC"] for site in sites)
    worth = (held + Decimal("0.015")) * 64_000
    limits = replace(TIRELESS, max_position_size={"default": Decimal(10**7), "BTC": worth})
    async with trading_on(sites, tmp_path, limits=limits) as wire:
        await wire.submit(wire.draft(at=KUCOIN))
        with pytest.raises(Refused) as refused:
            await wire.submit(wire.draft(at=KRAKEN))
        assert refused.value.rule == "max_position_size"
        await wire.agrees()


async def test_one_venue_trades_on_while_the_other_is_down(sites: Sites, tmp_path: Path) -> None:
    async with trading_on(sites, tmp_path) as wire:
        for site, other in (sites, sites[::-1]):
            account = site.family.account
            resting = (await wire.submit(wire.draft(at=site.family))).client_id
            site.ask("down")
            await wire.rig.until(health(account, ok=False), within_s=20)
            taken = (await wire.submit(wire.draft(away_pct=None, at=other.family))).client_id
            await wire.rig.until(ended(taken), within_s=20)
            site.ask("up")
            await wire.rig.until(health(account, ok=True), within_s=30)
            assert wire.rig.order(resting).status is Status.OPEN
        await wire.agrees(within_s=25)


async def test_a_spoiled_answer_of_one_venue_is_not_taken_for_the_others(
    sites: Sites, tmp_path: Path
) -> None:
    async with trading_on(sites, tmp_path) as wire:
        names = []
        for site in sites:
            site.spoil(site.family.place, kind="lost")
            names.append((await wire.submit(wire.draft(at=site.family))).client_id)
        await wire.rig.until(lambda b: all(b.orders[n].status is Status.OPEN for n in names))
        assert [site.sent() for site in sites] == [{name: 1} for name in names]
        await wire.agrees()


@pytest.mark.parametrize("how", ["spoiled", "down"])
@pytest.mark.parametrize("faulty", [0, 1], ids=["kraken", "kucoin"])
async def test_a_kill_cancels_on_both_and_is_verified_by_the_evidence_of_both(
    sites: Sites, tmp_path: Path, faulty: int, how: str
) -> None:
    bad, good = sites[faulty], sites[1 - faulty]
    async with trading_on(sites, tmp_path, settings=HASTY) as wire:
        for site in sites:
            for number in range(2):
                await wire.submit(wire.draft(quantity=f"0.01{number}", at=site.family))
        _break(bad, how)
        await wire.rig.ask(asks.Trip(reason="test"))
        await wire.rig.until(halted(HaltState.HALTED_UNVERIFIED), within_s=20)
        await wire.rig.until(lambda b: _proven(b) == {good.family.account}, within_s=20)
        assert good.open_ids() == set()
        bad.ask("up" if how == "down" else "calm")
        await wire.rig.until(halted(HaltState.HALTED), within_s=30)
        assert _proven(wire.rig.board) == {KRAKEN.account, KUCOIN.account}
        assert bad.open_ids() == set()
        await wire.agrees(within_s=25)


def _break(site: Site, how: str) -> None:
    if how == "down":
        site.ask("down")
        return
    site.blind(kind="odd", text="a list")


def _proven(board: Board) -> set[str]:
    return {seen.account for seen in board.halts[0].evidence if seen.verified}
