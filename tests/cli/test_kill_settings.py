"""Settings that would refuse a start in LIVE do not keep `--kill` from cancelling."""

from pathlib import Path

import pytest

from cli.kill_alone import _ground
from cli.parser import parse
from domain.board import Mode
from storage.places import Places
from tests.config.tries import LIVE

OTHERWISE = {
    "somebody looks only now": LIVE.replace("mode: live", "mode: observe"),
    "back to practice": LIVE.replace("mode: live", "mode: demo"),
    "no triggers": LIVE.replace("2000}", "2000, kill_switch_enabled: false}"),
}


@pytest.mark.parametrize("text", OTHERWISE.values(), ids=OTHERWISE)
def test_settings_that_are_not_of_live_any_more_leave_the_kill_its_keys(
    tmp_path: Path, text: str
) -> None:
    config = tmp_path / "trading_config.yaml"
    config.write_text(text)
    args = parse(["--kill", "x", "--config", str(config), "--data-dir", str(tmp_path / "data")])
    ground = _ground(args, Places(tmp_path / "data", "live"))
    assert (ground.mode, ground.places.book) == (Mode.LIVE, "live")
