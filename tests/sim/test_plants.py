"""Every planted bug is found, within a number of seeds that is written down beside it."""

import pytest

from tests.sim.plants import PLANTS
from tests.sim.test_simulation import simulated


@pytest.mark.slow
@pytest.mark.timeout(180)
@pytest.mark.parametrize(("plant", "within"), [(p.__name__, n) for p, n in PLANTS.items()])
def test_a_planted_bug_is_found(plant: str, within: int) -> None:
    played = simulated("--seeds", f"0:{within}", "--plant", plant, "--first")
    assert played.returncode == 1, f"{plant} was not found in {within} seeds"
    assert f"--plant {plant}" in played.stdout
    assert "BROKEN" in played.stdout
