"""The `--kill` that a console starts when its engine is hung: our program, and a closed one."""

import socket
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from cli.console import Seat, spawn_kill
from cli.parser import parse
from domain.board import Mode
from storage.marker import FileMarker
from storage.places import Places

TOP = Path(__file__).parents[2]
COREFUL = 'ulimit -c "$(ulimit -Hc)"; exec "$@"'
pytestmark = pytest.mark.timeout(60)


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Places:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    return Places(tmp_path / "data", "demo")


def test_a_folder_of_our_packages_name_does_not_take_the_kill_over(
    tmp_path: Path, places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, stolen = tmp_path / "here", tmp_path / "stolen"
    for package in ("cli", "domain", "config"):
        (here / package).mkdir(parents=True)
        (here / package / "__init__.py").write_text(
            f"import os, pathlib\npathlib.Path({str(stolen)!r}).write_text(str(os.environ))\n"
        )
    (here / "cli" / "main.py").write_text("")
    monkeypatch.chdir(here)
    args = parse(["--demo", "--data-dir", str(places.data_dir)])
    seat = Seat(mode=Mode.DEMO, operator="me", places=places, ground=None, options={})
    started: list[subprocess.Popen[bytes]] = []
    popen = subprocess.Popen

    def kept(*told: Any, **more: Any) -> "subprocess.Popen[bytes]":
        started.append(popen(*told, **more))
        return started[0]

    monkeypatch.setattr(subprocess, "Popen", kept)
    spawn_kill(args, seat, "hung")
    started[0].wait(30)
    said = (places.logs / "kill.log").read_text()
    assert not stolen.exists(), said
    assert FileMarker(places.halt).present(), said


@pytest.mark.skipif(sys.platform != "linux", reason="beside the project: only Linux has /proc")
def test_a_kill_that_waits_for_a_hung_engine_is_closed_already(places: Places) -> None:
    places.prepare()
    with closing(socket.socket(socket.AF_UNIX)) as hung:
        hung.bind(str(places.socket()))
        hung.listen()
        command = ["--kill", "hung", "--demo", "--data-dir", str(places.data_dir)]
        with subprocess.Popen(
            ["/bin/sh", "-c", COREFUL, "sh", sys.executable, "-m", "cli.main", *command],
            cwd=TOP,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as child:
            assert child.stdout is not None
            assert "HALT written" in child.stdout.readline()
            limits = Path(f"/proc/{child.pid}/limits").read_text(encoding="utf-8")
            child.kill()
    (core,) = (line.split() for line in limits.splitlines() if "core file size" in line)
    assert core[4:6] == ["0", "0"]
