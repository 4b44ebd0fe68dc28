"""The systemd unit that is shipped fits the program, and locks it in."""

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from cli.daemon import WATCHDOG_SHARE
from cli.engines import START_S
from cli.parser import parse
from config.secrets_file import CREDENTIAL
from engine.engine import DRAIN_S

UNIT = Path(__file__).parents[2] / "deploy" / "quarterdeck.service"
MOST_EXPOSED = 2.0


def settings() -> dict[str, str]:
    """The unit's lines; of a key that is given twice, the last."""
    text = UNIT.read_text(encoding="utf-8").replace("\\\n", " ")
    return dict(re.findall(r"^(\w+)=(.*)$", text, re.MULTILINE))


def test_the_program_understands_its_command_line() -> None:
    _, *words = shlex.split(settings()["ExecStart"])
    told = parse(words)
    assert (told.daemon, told.mode, str(told.data_dir)) == (True, "LIVE", "/var/lib/quarterdeck")


def test_the_unit_waits_longer_than_the_program_needs() -> None:
    told = settings()
    assert told["Type"] == "notify"
    assert int(told["WatchdogSec"]) / WATCHDOG_SHARE >= 1
    assert int(told["TimeoutStartSec"]) > START_S
    assert int(told["TimeoutStopSec"]) > DRAIN_S


def test_the_passphrase_comes_by_the_credential_that_is_read() -> None:
    assert settings()["LoadCredential"].startswith(f"{CREDENTIAL}:")


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd-analyze")
def test_systemd_finds_no_mistake_and_little_exposure(tmp_path: Path) -> None:
    copy = tmp_path / UNIT.name
    text = UNIT.read_text(encoding="utf-8")
    copy.write_text(text.replace("/opt/quarterdeck/bin/quarterdeck", "/bin/true"), encoding="utf-8")
    checked = _analyzed("verify", str(copy))
    assert (checked.returncode, checked.stderr.replace("\n", " ")) == (0, "")
    rated = _analyzed("security", "--offline=true", "--no-pager", str(copy)).stdout
    exposure = re.search(r"exposure level for \S+: ([\d.]+)", rated)
    assert exposure, rated
    assert float(exposure[1]) <= MOST_EXPOSED


def _analyzed(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["systemd-analyze", *words], capture_output=True, text=True, timeout=15, check=False
    )
