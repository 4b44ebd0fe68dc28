"""`quarterdeck` without a command: the console, over an engine of its own or somebody else's.

The one rule: what can be decided without the engine is on the screen before it starts, and
nothing but the console writes to the terminal while the console is on it.
"""

import contextlib
import logging
import os
import signal
import socket
import subprocess
import sys
from argparse import Namespace
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cli.clock import SystemClock
from cli.hardening import harden
from cli.ignition import Ignition, LateDesk
from cli.user import data_directory, user_name
from config.files import find_file, packaged_file
from domain.board import Mode
from storage.places import Places
from tui.options import Graph, Options, Start
from tui.run import run_console

if TYPE_CHECKING:  # the configuration is read after the first screen, where that is possible
    from cli.ground import Ground

AGAIN = {"demo": Mode.DEMO, "paper": Mode.PAPER}
STATUS = {"crash": 70, "hangup": 129, "interrupted": 130, "terminated": 143}
ANSWER_S = 0.5
OURS = str(Path(__file__).resolve().parent.parent)
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """What the console needs before an engine answers."""

    mode: Mode
    operator: str
    places: Places
    ground: "Ground | None"  # None: everything is as it comes, and is read after the first screen
    options: Mapping[str, object]


def console(args: Namespace) -> int:
    """Run the console until it is left; without a terminal print one report instead."""
    if not _on_a_terminal():
        return _report(args)
    harden()
    while True:
        reason = _one_console(args, _as_it_comes(args) or _as_configured(args))
        if reason not in AGAIN:
            return STATUS.get(reason, 0)
        args.mode = AGAIN[reason].value


def _on_a_terminal() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


def _report(args: Namespace) -> int:
    import asyncio  # noqa: PLC0415 - the console has its own loop

    from cli.commands.report import report  # noqa: PLC0415 - only without a terminal

    return asyncio.run(report(args))


# Before the engine


def _as_it_comes(args: Namespace) -> Seat | None:
    """The demo with nothing configured: the screen need not wait for the configuration."""
    configured = any(name.startswith("QUARTERDECK_") for name in os.environ)
    if args.mode != Mode.DEMO.value or args.config or configured:
        return None
    if find_file(None) != packaged_file():
        return None
    return Seat(
        mode=Mode.DEMO,
        operator=user_name(os.getuid()),
        places=Places(data_directory(args), Mode.DEMO.book),
        ground=None,
        options={},
    )


def _as_configured(args: Namespace) -> Seat:
    from cli.ground import stand  # noqa: PLC0415 - slow; only where something is configured

    ground = stand(args)
    told = ground.loaded.settings.console
    return Seat(
        mode=ground.mode,
        operator=ground.me.name,
        places=ground.places,
        ground=ground,
        options={
            "theme": told.theme,
            "graph": Graph(told.graph),
            "polls_per_second": told.fps,
            "masked": told.mask,
            "mouse": told.mouse,
            "bell": told.bell,
            "keymap": told.keymap,
        },
    )


# One console


def _one_console(args: Namespace, seat: Seat) -> str:
    where = _answering(seat.places)
    desk = LateDesk(seat.mode, SystemClock())
    ignition = Ignition(lambda: _ground(args, seat), desk, socket=where)
    with _usr1(ignition):
        reason = run_console(
            desk, operator=seat.operator, options=_options(args, seat, where, ignition)
        )
    if reason == "quit" and where is None:
        sys.stderr.write("quarterdeck: stopping the engine ...\n")
    ignition.leave()
    return reason


def _ground(args: Namespace, seat: Seat) -> "Ground":
    from cli.ground import stand  # noqa: PLC0415 - slow; after the first screen

    return seat.ground or stand(args)


def _answering(places: Places) -> Path | None:
    """The socket of an engine that has the book already; None where nobody listens."""
    path = places.socket()
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(ANSWER_S)
        probe.connect(str(path))
        return path
    return None


def _options(args: Namespace, seat: Seat, where: Path | None, ignition: Ignition) -> Options:
    clock = SystemClock()
    told = {**seat.options, **({"mouse": False} if args.no_mouse else {})}
    return Options(
        now_us=clock.now_us,
        monotonic_us=clock.monotonic_us,
        attached=where is not None,
        export_dir=seat.places.reports,
        spawn_kill=lambda reason, *terms: spawn_kill(args, seat, reason, *terms),
        crashed=lambda error: log.critical("the console crashed", exc_info=error),
        offers=(Start.DEMO, Start.PAPER, Start.KEYS),
        painted=ignition.start,
        engine_ended=lambda: ignition.ended,
        **told,  # type: ignore[arg-type]
    )


def spawn_kill(args: Namespace, seat: Seat, reason: str, *terms: str) -> str:
    """Start `quarterdeck --kill` in a process of its own; what to tell the operator."""
    # -P and our own place first: no folder of these names where we stand is taken for the program.
    command = [sys.executable, "-P", "-m", "cli.main", "--kill", reason, *terms]
    command += [f"--{seat.mode.value.lower()}"]
    command += ["--data-dir", str(seat.places.data_dir)]
    command += ["--config", str(args.config)] if args.config else []
    told = os.environ if seat.ground is None else seat.ground.child_environment()
    found = os.pathsep.join(filter(None, (OURS, told.get("PYTHONPATH", ""))))
    seat.places.prepare()
    log_file = seat.places.logs / "kill.log"
    with log_file.open("ab") as output:
        child = subprocess.Popen(  # noqa: S603 - our own program, no shell
            command,
            env={**told, "PYTHONPATH": found},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    where = f"it writes to {log_file.name} of the logs"
    return f"`quarterdeck --kill` runs as process {child.pid}; {where}"


@contextlib.contextmanager
def _usr1(ignition: Ignition) -> Iterator[None]:
    earlier = signal.signal(signal.SIGUSR1, lambda *_: ignition.trip())
    try:
        yield
    finally:
        signal.signal(signal.SIGUSR1, earlier)
