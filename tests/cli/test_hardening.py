"""A process that may hold keys leaves no core file and lets nobody look into it."""

import os
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.config.tries import LIVE

TOP = Path(__file__).parent.parent.parent
NOBODY = 65_534
SETTLED = "config: settled"
WAITING = f"""
import sys
from argparse import Namespace
from pathlib import Path
from cli.ground import stand
args = dict(mode="OBSERVE", scenario=None, seed=None, config=Path(sys.argv[1]),
            data_dir=Path(sys.argv[2]))
stand(Namespace(**args))
print({SETTLED!r}, flush=True)
sys.stdin.read()
"""
HIDDEN = ("environ", "mem", "maps")
linux = pytest.mark.skipif(sys.platform != "linux", reason="beside the project: only Linux has it")


@contextmanager
def process(program: str, *words: str, **more: str) -> Generator["subprocess.Popen[str]"]:
    made = subprocess.Popen(
        [sys.executable, "-c", program, *words],
        cwd=TOP,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **more},
    )
    try:
        assert made.stdout is not None
        assert made.stdout.readline().strip() == SETTLED
        yield made
    finally:
        made.kill()
        made.communicate()


@contextmanager
def standing(tmp_path: Path) -> Generator["subprocess.Popen[str]"]:
    config = tmp_path / "trading_config.yaml"
    config.write_text(LIVE, encoding="utf-8")
    keys = {"KRAKEN_API_KEY": "K" * 20, "KRAKEN_API_SECRET": "S" * 20}
    with process(WAITING, str(config), str(tmp_path), **keys) as made:
        yield made


@linux
def test_a_process_that_stands_on_its_ground_leaves_no_core(tmp_path: Path) -> None:
    with standing(tmp_path) as made:
        limits = Path(f"/proc/{made.pid}/limits").read_text(encoding="utf-8")
        (core,) = (line.split() for line in limits.splitlines() if "core file size" in line)
        assert core[4:6] == ["0", "0"]


@linux
def test_no_other_user_can_look_into_it(tmp_path: Path) -> None:
    with standing(tmp_path) as hard:
        if os.geteuid() == 0:
            assert not looked(hard.pid, user=NOBODY)
        else:
            # What the kernel does not let us dump it gives to root: even we are somebody else.
            assert Path(f"/proc/{hard.pid}/environ").stat().st_uid == 0
            assert not looked(hard.pid)


@linux
@pytest.mark.skipif(os.geteuid() != 0, reason="beside the project: needs root to become somebody")
def test_the_same_user_cannot_look_into_it_either() -> None:
    become = f"import cli.hardening, ctypes, os; os.setgid({NOBODY}); os.setuid({NOBODY})\n"
    # Who changes the user is not dumpable any more: one that is must say so.
    soft = "ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)\n"
    hard = f"{soft}cli.hardening.harden()\n"
    wait = f"print({SETTLED!r}, flush=True); input()"
    with process(become + soft + wait) as open_, process(become + hard + wait) as shut:
        assert looked(open_.pid, user=NOBODY) == ["environ", "maps"]
        assert not looked(shut.pid, user=NOBODY)


def looked(pid: int, user: int | None = None) -> list[str]:
    """What of a process can be read, as this user or as another one."""
    return [
        name
        for name in HIDDEN
        if subprocess.run(
            ["/bin/cat", f"/proc/{pid}/{name}"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
            user=user,
            group=user,
            extra_groups=[] if user is not None else None,
            cwd="/",
        ).returncode
        == 0
    ]
