"""The search of the whole run for keys finds what is planted, in every spelling and place."""

import base64
import json
import os
import subprocess
import sys
from pathlib import Path
from random import Random
from urllib.parse import quote

import pytest

from tests.canaries import MARKED, leaks, pattern_of
from tests.marks import BASE64, HEX, MARKS, WORD
from tests.wire.kraken import keys as kraken
from tests.wire.kucoin import keys as kucoin

TOP = Path(__file__).parent.parent
SECRET = f"{BASE64}q/Zk1bSx+9w=="  # as Kraken's are: with what a URL escapes
SPELT = (
    SECRET,
    quote(SECRET, safe=""),
    json.dumps(SECRET),
    SECRET.encode().hex(),
    SECRET.encode().hex().upper(),
    base64.b64encode(SECRET.encode()).decode(),
    base64.b64encode(f"x:{SECRET}".encode()).decode(),
    base64.urlsafe_b64encode(f"ab:{SECRET}".encode()).decode(),
    base64.b64decode(SECRET[:24]).decode(),
    SECRET[::-1],
    f"{HEX}0011",
    f"{WORD}-77",
)


@pytest.fixture
def planted(tmp_path: Path) -> Path:
    """A folder that the run's own search leaves out."""
    folder = tmp_path / "planted"
    folder.mkdir()
    return folder


@pytest.mark.parametrize("spelled", SPELT)
def test_a_key_in_any_spelling_is_found_and_not_repeated(planted: Path, spelled: str) -> None:
    (planted / "logs").mkdir()
    (planted / "logs" / "engine.log").write_text(f"a=1&s={spelled}&b=2", encoding="utf-8")
    [told] = leaks(planted)
    assert told.endswith("logs/engine.log")
    assert spelled not in told


def test_a_key_across_two_reads_or_in_a_name_is_found(
    planted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.canaries.CHUNK", 64)
    (planted / "core").write_bytes(b"\0" * 50 + BASE64.encode() + b"\0" * 50)
    (planted / f"dump-{HEX}").write_bytes(b"")
    assert len(list(leaks(planted))) == 2


def test_what_the_harness_keeps_and_what_is_no_key_is_no_leak(planted: Path) -> None:
    (planted / "credentials").mkdir()
    for name in ("port.json", "second-factor.json", "credentials/passphrase"):
        (planted / name).write_text(SECRET, encoding="utf-8")
    (planted / "notes").write_text("canary, c2VjcmV0, word-carry", encoding="utf-8")
    assert list(leaks(planted)) == []


def test_other_secrets_can_be_looked_for_as_well(planted: Path) -> None:
    (planted / "log").write_text("JBSWY3DPEHPK3PXP", encoding="utf-8")
    assert list(leaks(planted)) == []
    assert len(list(leaks(planted, pattern_of([*MARKS, "JBSWY3DPEHPK3PXP"])))) == 1


# The run itself

PLANTS = {
    "file": "(tmp_path / 'x.log').write_text(MARKS[1])",
    "log": "logging.getLogger('x').warning('key %s', MARKS[1])",
    "output": "print('key', MARKS[1])",
    "argument": "subprocess.run(['/bin/true', MARKS[1]], check=True)",
    "nothing": "print('key [hidden]')",
}
TEST = """
import logging, subprocess
from tests.marks import MARKS
def test_planted(tmp_path):
    {plant}
"""
ARGUED = {"file": "stands in", "log": "log", "output": "stdout", "argument": "an argument"}


@pytest.mark.parametrize("workers", [(), ("-n", "1")], ids=["alone", "workers"])
@pytest.mark.timeout(60)
def test_a_run_in_which_a_key_got_out_fails_and_says_where(
    planted: Path, workers: tuple[str, ...]
) -> None:
    for name, plant in PLANTS.items():
        file = planted / f"test_{name}.py"
        file.write_text(TEST.format(plant=plant), encoding="utf-8")
    clean, told = _run(planted / "test_nothing.py", planted, workers)
    assert clean == 0, told
    status, told = _run(planted, planted, workers)
    assert status == 1
    assert told.count("LEAK: ") == len(ARGUED)
    for name, words in ARGUED.items():
        assert any(words in line for line in told.splitlines() if "LEAK" in line), name
    assert BASE64 not in told.replace(str(planted), "")


def _run(what: Path, tmp_path: Path, workers: tuple[str, ...]) -> tuple[int, str]:
    """The plants are tests like any other, under the conftest of all."""
    command = [sys.executable, "-m", "pytest", "-q", "--rootdir", str(TOP), *workers]
    command += ["-c", str(TOP / "pyproject.toml"), "-p", "tests.conftest"]
    command += ["--basetemp", str(tmp_path / "temp"), str(what)]
    done = subprocess.run(
        command,
        cwd=TOP,
        env={**os.environ, "PYTHONPATH": str(TOP)},
        capture_output=True,
        text=True,
        check=False,
        timeout=50,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("ring", [kraken.KeyRing, kucoin.KeyRing])
def test_every_part_of_a_key_that_a_loopback_venue_issues_is_a_canary(
    ring: "type[kraken.KeyRing | kucoin.KeyRing]",
) -> None:
    issued = ring(Random(7)).issue("main", "read", 0)
    for part in issued.parts().values():
        assert MARKED.search(part.encode()), part
