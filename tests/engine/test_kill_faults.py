"""Each step of a kill with a fault in it, and with a fault in every other: the halt holds.

The steps are those of semantics 3.2: 1 the flag, 2 the marker, 3 the ledger, 4 what is queued is
denied, 5 the cancels (lists and cancels apart), 6 whoever is told.
"""

import asyncio
from collections.abc import Awaitable, Callable, Generator
from typing import Any

import pytest

from domain import asks
from domain.board import Board
from domain.errors import Unavailable
from domain.halts import Level
from tests.engine.kill_desk import ACCOUNTS, ME, KillDesk

Fault = Callable[[], Awaitable[None]]
SCOPE = "VENUE:kraken"


async def _os_error() -> None:
    raise OSError("no space left on device")


async def _unavailable() -> None:
    raise Unavailable("somebody", "is down")


async def _bug() -> None:
    raise KeyError("anything at all")


async def _hangs() -> None:
    await asyncio.Event().wait()


FAULTS: tuple[Fault, ...] = (_os_error, _unavailable, _bug, _hangs)
STEPS = ("marker", "ledger", "list", "cancel", "notify")


class Deaf:
    """Whoever is told of a trip, and fails; what hangs there is no task of the desk."""

    def __init__(self, fault: Fault) -> None:
        self._fault = fault

    def fact(self, fact: object, board: Board) -> None:
        del fact, board
        if self._fault is not _hangs:
            raise RuntimeError("the courier fails")

    def sighting(self, sighting: object, board: Board) -> None:
        """Prices are told to nobody here."""


def spoil(it: KillDesk, step: str, fault: Fault, patch: pytest.MonkeyPatch) -> None:
    """From now on this step fails in this way."""
    if step in ("list", "cancel"):
        it.street.faults[step] = fault
    elif step == "notify":
        it.core.desk.observe(Deaf(fault))
    elif step == "marker":

        async def to_thread(work: Callable[..., Any], *_: object) -> None:
            assert work.__name__ == "write"
            await fault()

        patch.setattr(asyncio, "to_thread", to_thread)
    else:
        patch.setattr(it.core.ledger, "append", lambda _: _failing(it, fault))


def _failing(it: KillDesk, fault: Fault) -> "asyncio.Future[Any]":
    """A ledger's answer that is an error, or that never comes."""
    if fault is not _hangs:
        return asyncio.ensure_future(fault())
    return it.loop.create_future()


@pytest.fixture
def it() -> Generator[KillDesk]:
    made = KillDesk()
    for account in ACCOUNTS:
        made.submit(account, "BTC/USD", "manual", "")
    yield made
    made.close()


def tripped(it: KillDesk, scope: str) -> None:
    """Trip by a part of the engine, and look at once: the flag comes before everything else."""

    async def trip() -> None:
        it.core.kill.trip(Level.HALT_CANCEL, "test", "engine", scope=scope)

    it.note_trip(scope, Level.HALT_CANCEL)
    it.do(trip())
    assert not it.open_gates()


def nothing_leaves(it: KillDesk, scope: str) -> None:
    """Neither what asks anew nor what was approved before leaves any more."""
    sent = len(it.street.left)
    for account in ACCOUNTS[:2] if scope == SCOPE else ACCOUNTS:
        try:
            it.submit(account, "ETH/USD", "grid", "")
        except (OSError, Unavailable, KeyError, TimeoutError):
            continue  # the denial could not be written: that is no way out either
    assert len(it.street.left) == sent
    assert not it.broken


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
@pytest.mark.parametrize("scope", ["GLOBAL", SCOPE])
@pytest.mark.parametrize("step", STEPS)
def test_a_fault_in_one_step_keeps_no_other_from_being_done(
    it: KillDesk, monkeypatch: pytest.MonkeyPatch, step: str, fault: Fault, scope: str
) -> None:
    with monkeypatch.context() as patch:
        spoil(it, step, fault, patch)
        tripped(it, scope)
        it.wait(60)
        assert not it.open_gates()
        working = {order.account for order, _, _ in it.street.resting.values()}
        if step == "cancel":
            assert set(ACCOUNTS[:2]) <= working
        elif step != "list":  # there what cannot be seen is cancelled where one call ends all
            assert not working & set(ACCOUNTS[:2])
        # A ledger that takes nothing is a halt over everything by itself.
        everything = scope == "GLOBAL" or (step == "ledger" and fault is not _hangs)
        assert (ACCOUNTS[2] not in working) is everything
        verified = {h.scope for h in it.core.desk.board.halts if h.verified}
        assert (scope in verified) is (step in ("marker", "notify"))
        marked = {marker.scope for marker in it.core.floor.marker.standing()}
        assert (scope in marked) or step == "marker"
    it.street.faults.clear()
    it.crash()
    assert not it.open_gates(), "whichever store had it, it is in force after a restart"
    nothing_leaves(it, scope)
    it.settle()
    it.wait(60)
    assert [h.verified for h in it.core.desk.board.halts if h.scope == scope] == [True]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
@pytest.mark.parametrize("works", STEPS)
def test_with_a_fault_in_every_other_step_nothing_leaves(
    it: KillDesk, monkeypatch: pytest.MonkeyPatch, works: str, fault: Fault
) -> None:
    with monkeypatch.context() as patch:
        for step in STEPS:
            if step != works:
                spoil(it, step, fault, patch)
        tripped(it, "GLOBAL")
        it.wait(60)
        assert not it.open_gates()
        assert not any(halt.verified for halt in it.core.desk.board.halts)
        working = {order.account for order, _, _ in it.street.resting.values()}
        assert ACCOUNTS[2] not in working, "the venue that answers is cancelled all the same"
        if fault is not _hangs:
            sent = len(it.street.left)
            assert it.core.stop.level == Level.HALT_CANCEL
            assert len(it.street.left) == sent


@pytest.mark.parametrize("step", STEPS)
def test_a_person_is_answered_whatever_fails(
    it: KillDesk, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    for fault in FAULTS:
        with monkeypatch.context() as patch:
            spoil(it, step, fault, patch)
            it.note_trip("GLOBAL", Level.HALT_CANCEL)
            done = it.do(it.core.kill.asked(asks.Trip(reason=fault.__name__), ME))
            assert "no further order leaves" in done.detail
            assert not it.open_gates()


def test_a_kill_on_a_full_disk_is_written_down_as_soon_as_there_is_room(
    it: KillDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        spoil(it, "marker", _os_error, patch)
        spoil(it, "ledger", _unavailable, patch)
        tripped(it, "GLOBAL")
        it.wait(30)
        assert not it.core.floor.marker.standing()
    it.wait(10)
    assert [marker.scope for marker in it.core.floor.marker.standing()] == ["GLOBAL"]
    it.crash()
    assert not it.open_gates(), "a restart finds it"
