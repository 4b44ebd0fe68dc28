"""Commands whose words cannot be written: a log on a full disk, a reader that has gone."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

FULL, NOWHERE = Path("/dev/full"), Path(os.devnull)
pytestmark = pytest.mark.skipif(
    not FULL.exists(), reason="beside the project: only Linux has /dev/full"
)


def ended(tmp_path: Path, *words: str, stdout: Path = FULL, stderr: Path = FULL) -> int:
    """The exit status of a command whose words go there."""
    demo = ("--demo", "--seed", "3", "--data-dir", str(tmp_path / "data"))
    command = [sys.executable, "-m", "cli.main", *words, *demo]
    environ = {**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)}
    with stdout.open("w") as out, stderr.open("w") as err:
        return subprocess.run(
            command, stdout=out, stderr=err, env=environ, timeout=50, check=False
        ).returncode


@pytest.mark.timeout(120)
@pytest.mark.parametrize("form", [(), ("--json",)], ids=["words", "json"])
def test_a_kill_that_can_tell_nobody_cancels_and_is_verified_all_the_same(
    tmp_path: Path, form: tuple[str, ...]
) -> None:
    assert ended(tmp_path, "status", stdout=NOWHERE, stderr=NOWHERE) == 0
    assert ended(tmp_path, "--kill", "the disk is full", *form) == 0
    evidence = "".join(p.read_text() for p in (tmp_path / "data/demo").glob("kill-*.jsonl"))
    assert '"verified_ms"' in evidence


def test_an_answer_that_cannot_be_written_is_no_success(tmp_path: Path) -> None:
    words = tmp_path / "words"
    assert ended(tmp_path, "status", stderr=words) == 69
    told = words.read_text()
    assert "standard output is not available: No space left on device" in told
    assert "write the answer elsewhere" in told
    assert "a bug" not in told
