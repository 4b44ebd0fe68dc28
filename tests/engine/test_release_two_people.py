"""Releasing what is not proven, on a desk where that takes two persons."""

from pathlib import Path

import pytest

from domain import asks, controls
from domain.board import Board
from domain.errors import Refused
from domain.halts import HaltState
from engine.operators import Operator
from tests.engine.paying import JumpingClock, code
from tests.engine.rig import ME, Rig, quick, running

OTHER = Operator(name="other")
TWO = quick(release_two_person=True, kill_deadline_s=1)


def unproven(board: Board) -> bool:
    return bool(board.halts) and board.halts[0].state is HaltState.HALTED_UNVERIFIED


async def release(rig: Rig, who: Operator, *, again: str = "") -> asks.Done:
    told = again or await code(rig, who)
    return await rig.ask(
        asks.Release(code=told, reason="gone by hand", scope="GLOBAL", accept_unverified=True), who
    )


async def stuck(rig: Rig) -> None:
    """A halt that cannot be proven: one venue is gone."""
    rig.demo.venues["mexc"].faults.unreachable = True
    await rig.ask(asks.Trip(reason="test"))
    await rig.until(unproven)


async def test_the_one_who_proposed_cannot_release_and_another_person_can(tmp_path: Path) -> None:
    async with running(tmp_path, settings=TWO, clock=JumpingClock(), moving=False) as rig:
        await stuck(rig)
        for _ in range(2):
            with pytest.raises(Refused, match=f"proposed by {ME.name}, and nothing is done yet"):
                await release(rig, ME)
        assert rig.board.halts
        assert "released GLOBAL" in (await release(rig, OTHER)).detail
        facts = [fact async for _, fact in rig.ledger.facts()]
        (released,) = [fact for fact in facts if isinstance(fact, controls.HaltReleased)]
        assert released.actor == OTHER.name
        assert f"proposed by {ME.name}" in released.reason


async def test_a_proposal_ends_after_ten_minutes_and_with_the_next_trip(tmp_path: Path) -> None:
    clock = JumpingClock()
    async with running(tmp_path, settings=TWO, clock=clock, moving=False) as rig:
        await stuck(rig)
        with pytest.raises(Refused, match="proposed by me"):
            await release(rig, ME)
        clock.jump(601)
        with pytest.raises(Refused, match="proposed by other"):
            await release(rig, OTHER)
        await rig.ask(asks.Trip(reason="again"))
        with pytest.raises(Refused, match="proposed by me"):
            await release(rig, ME)
        assert rig.board.halts


async def test_a_wrong_code_proposes_nothing(tmp_path: Path) -> None:
    async with running(tmp_path, settings=TWO, clock=JumpingClock(), moving=False) as rig:
        await stuck(rig)
        with pytest.raises(Refused, match="wrong"):
            await release(rig, ME, again="000000")
        with pytest.raises(Refused, match="proposed by other"):
            await release(rig, OTHER)


async def test_a_mistyped_code_of_the_second_person_spends_no_proposal(tmp_path: Path) -> None:
    async with running(tmp_path, settings=TWO, clock=JumpingClock(), moving=False) as rig:
        await stuck(rig)
        with pytest.raises(Refused, match="proposed by me"):
            await release(rig, ME)
        with pytest.raises(Refused, match="wrong"):
            await release(rig, OTHER, again="000000")
        assert "released GLOBAL" in (await release(rig, OTHER)).detail


async def test_what_is_proven_takes_one_person(tmp_path: Path) -> None:
    async with running(tmp_path, settings=TWO, clock=JumpingClock(), moving=False) as rig:
        await rig.ask(asks.Trip(reason="test"))
        await rig.until(lambda b: b.halts and b.halts[0].state is HaltState.HALTED)
        assert "released GLOBAL" in (await release(rig, ME)).detail
