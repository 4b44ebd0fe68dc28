"""A withdrawal policy that was changed in the settings file is told to people at the start."""

from dataclasses import replace
from pathlib import Path

import pytest

from domain.policies import Policy
from tests.engine.paying import QUICKLY
from tests.engine.rig import Rig, running

TWO = replace(QUICKLY, two_person=True)
ALARM = "withdrawal policy"


async def alarms(folder: Path, policy: Policy) -> list[str]:
    async with running(folder, moving=False, withdrawals=policy) as rig:
        return texts(rig)


def texts(rig: Rig) -> list[str]:
    return [alarm.text for alarm in rig.board.alarms if alarm.alarm == ALARM]


@pytest.mark.parametrize("looser", [QUICKLY, replace(TWO, quarantine_s=0)])
async def test_a_policy_that_became_looser_is_an_alarm(tmp_path: Path, looser: Policy) -> None:
    assert await alarms(tmp_path, TWO) == []
    assert await alarms(tmp_path, TWO) == []
    (told,) = await alarms(tmp_path, looser)
    assert "another withdrawal policy" in told
    assert ("one person is enough" in told) is not looser.two_person
