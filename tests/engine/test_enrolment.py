"""A ledger that lost an enrolment with its end: the second factor that is kept still counts."""

from pathlib import Path

import pytest

from domain import asks
from domain.board import Mode
from domain.errors import Refused
from tests.engine.rig import Secrets, running
from tests.engine.test_authority import code, enrol


async def test_who_cut_the_ledger_does_not_enrol_in_somebodys_place(tmp_path: Path) -> None:
    secrets = Secrets()
    async with running(tmp_path / "whole", mode=Mode.LIVE, moving=False, secrets=secrets) as rig:
        made = await enrol(rig)
    async with running(tmp_path / "cut", mode=Mode.OBSERVE, moving=False, secrets=secrets) as rig:
        assert not (await rig.ask(asks.WhoAmI())).enrolled
        with pytest.raises(Refused, match="as proof"):
            await rig.ask(asks.BeginEnrolment())
        with pytest.raises(Refused, match="wrong"):
            await rig.ask(asks.BeginEnrolment(proof="000000"))
        again = await rig.ask(asks.BeginEnrolment(proof=code(made.secret)))
        assert again.secret != made.secret
