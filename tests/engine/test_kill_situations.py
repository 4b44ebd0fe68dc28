"""Killing while the ground gives way: a locked database, and venues that fail both at once.

Real parts: the ledger's file and a second process that locks it, the marker, unmodified
ccxt.pro classes over loopback sockets. What needs the program as a process of its own (a full
disk, a hung screen, a hung engine, Vault down) is in tests/cli/test_kill_situations.py.
"""

import asyncio
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from domain import asks
from domain.board import Board
from domain.errors import DeskError, Refused
from domain.halts import HaltState, Level
from domain.orders import Status
from storage.marker import FileMarker
from tests.engine.wire_families import KRAKEN, KUCOIN
from tests.engine.wire_rig import WIRE, Site, WireRig, trading_on

pytestmark = [pytest.mark.usefixtures("unpaced"), pytest.mark.timeout(90)]
PATIENCE_S = 40
HASTY = replace(WIRE, kill_deadline_s=1)
# The lock of another program: WAL readers go on, and no writer gets in until a line comes.
LOCKS = """\
import sqlite3, sys
held = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=10)
held.execute("BEGIN EXCLUSIVE")
print("locked", flush=True)
sys.stdin.readline()
held.execute("ROLLBACK")
print("open", flush=True)
"""


@asynccontextmanager
async def locked(path: Path) -> AsyncGenerator[None]:
    """Another process holds the database for itself within the block."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", LOCKS, str(path)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        assert await process.stdout.readline() == b"locked\n"
        yield
        process.stdin.write(b"\n")
        assert await process.stdout.readline() == b"open\n"
    finally:
        process.stdin.close()
        if process.returncode is None:
            process.kill()
        await process.wait()


async def come(true: Callable[[], bool], what: str) -> None:
    """Wait until it is so; what another thread or process does wakes nobody here."""
    latest = asyncio.get_running_loop().time() + PATIENCE_S
    while not true():
        assert asyncio.get_running_loop().time() < latest, what
        await asyncio.sleep(0.05)


async def no_order_leaves(wire: WireRig) -> None:
    """An order that is asked for now is refused, or cannot be written down: none arrives."""
    arrived = [site.sent() for site in wire.sites]
    for site in wire.sites:
        with pytest.raises((DeskError, TimeoutError)) as refused:
            await wire.rig.submit(wire.draft(quantity="0.03", at=site.family))
        if isinstance(refused.value, Refused):
            assert refused.value.rule == "halt"
    assert [site.sent() for site in wire.sites] == arrived


def halted(state: HaltState) -> Callable[[Board], bool]:
    return lambda b: bool(b.halts) and b.halts[0].state is state


async def test_a_kill_holds_while_another_program_keeps_the_database_locked(
    site: Site, tmp_path: Path
) -> None:
    async with trading_on(site, tmp_path) as wire:
        rig = wire.rig
        for number in range(3):
            await wire.submit(wire.draft(quantity=f"0.01{number}"))
        async with locked(rig.places.ledger):
            done = await rig.ask(asks.Trip(reason="while locked", level=Level.HALT_CANCEL))
            assert "no further order leaves" in done.detail
            assert rig.stop.level == Level.HALT_CANCEL
            assert FileMarker(rig.places.halt).present()
            await come(lambda: not site.open_ids(), "the orders are cancelled all the same")
            await no_order_leaves(wire)
            assert not rig.board.halts, "what is in no ledger is not called proven"
        assert rig.stop.level == Level.HALT_CANCEL
        await no_order_leaves(wire)
        # Taken up again by itself, the ledger hears of the kill from the marker.
        board = await rig.until(halted(HaltState.HALTED), within_s=PATIENCE_S)
        assert "while locked" in board.halts[0].reason
        (seen,) = board.halts[0].evidence
        assert seen.verified
        assert rig.stop.level == Level.HALT_CANCEL


async def test_a_kill_with_one_venue_down_and_one_refusing_half_the_cancels_proves_what_it_can(
    sites: tuple[Site, Site], tmp_path: Path
) -> None:
    gone, stubborn = sites
    async with trading_on(sites, tmp_path, settings=HASTY) as wire:
        rig = wire.rig
        for site in sites:
            for number in range(4):
                await wire.submit(wire.draft(quantity=f"0.01{number}", at=site.family))
        # Without the one call that ends all, each order is cancelled by itself, and half are not.
        stubborn.spoil(stubborn.family.cancel_all, kind="error", text="busy", times=10_000)
        stubborn.ask("stubborn", every=2)
        gone.ask("down")
        await rig.ask(asks.Trip(reason="everything at once"))
        assert rig.stop.level == Level.HALT_CANCEL
        await rig.until(halted(HaltState.HALTED_UNVERIFIED), within_s=PATIENCE_S)
        await rig.until(lambda b: _proven(b) == {KUCOIN.account}, within_s=PATIENCE_S)
        assert stubborn.open_ids() == set()
        assert len(gone.open_ids()) == 4
        told = {seen.account: seen for seen in rig.board.halts[0].evidence}
        assert told[KRAKEN.account].error
        assert not told[KRAKEN.account].verified
        await no_order_leaves(wire)
        gone.ask("up")
        await rig.until(halted(HaltState.HALTED), within_s=PATIENCE_S)
        assert gone.open_ids() == set()
        assert _proven(rig.board) == {KRAKEN.account, KUCOIN.account}


async def test_an_order_that_waits_for_its_turn_at_the_venue_does_not_leave_after_a_kill(
    sites: tuple[Site, Site], tmp_path: Path
) -> None:
    kraken, _ = sites  # requests of one key leave one after the other there
    async with trading_on(sites, tmp_path) as wire:
        kraken.spoil(kraken.family.place, kind="slow", wait_ms=700, times=5)
        drafts = [wire.draft(quantity=f"0.01{n}", at=kraken.family) for n in range(5)]
        async with asyncio.TaskGroup() as group:
            asked = [group.create_task(wire.submit(draft)) for draft in drafts]
            await come(lambda: bool(kraken.sent()), "the first one is under way")
            await wire.rig.ask(asks.Trip(reason="in the middle of it"))
        answers = [task.result() for task in asked]
        assert len(kraken.sent()) == 1, "the others were still here when the gate was closed"
        assert [a.status for a in answers].count(Status.REJECTED) == 4
        assert all("HALTED" in a.reason for a in answers if a.status is Status.REJECTED)
        await wire.rig.until(halted(HaltState.HALTED), within_s=PATIENCE_S)
        assert kraken.open_ids() == set()


def _proven(board: Board) -> set[str]:
    return {seen.account for seen in board.halts[0].evidence if seen.verified}
