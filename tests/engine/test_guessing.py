"""Codes that are guessed side by side: the lock after five counts them like any others."""

import asyncio
from collections import Counter
from pathlib import Path

from domain import asks, controls
from domain.board import Mode
from domain.errors import Refused
from tests.engine.rig import KRAKEN, Rig, running
from tests.engine.test_authority import code, enrol

GUESSES = 60
LOCKED = "locked"


async def guessed(rig: Rig, guess: str) -> str:
    try:
        await rig.ask(asks.Arm(code=guess, account=KRAKEN))
    except Refused as refused:
        return LOCKED if LOCKED in refused.reason else "looked at"
    return "armed"


async def test_guesses_at_one_time_are_looked_at_five_times_and_no_more(tmp_path: Path) -> None:
    async with running(tmp_path, mode=Mode.LIVE, moving=False) as rig:
        await enrol(rig)
        answers = Counter(await asyncio.gather(*(guessed(rig, f"9{n:05}") for n in range(GUESSES))))
        assert answers["looked at"] + answers["armed"] <= 5
        assert answers[LOCKED] >= GUESSES - 5


async def test_a_good_code_among_acts_at_one_time_serves_one_of_them(tmp_path: Path) -> None:
    async with running(tmp_path, mode=Mode.LIVE, moving=False) as rig:
        good = code((await enrol(rig)).secret)
        answers = await asyncio.gather(*(guessed(rig, good) for _ in range(3)))
        assert sorted(answers) == ["armed", "looked at", "looked at"]


async def test_what_is_no_code_at_all_is_refused_and_fills_no_ledger(tmp_path: Path) -> None:
    async with running(tmp_path, mode=Mode.LIVE, moving=False) as rig:
        await enrol(rig)
        for text in ("", "x", "12345", "1234567", "six"):
            assert await guessed(rig, text) == "looked at"
        told = [fact async for _, fact in rig.ledger.facts()]
        assert not any(isinstance(fact, controls.CodeRefused) for fact in told)
