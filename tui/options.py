"""What the console is told when it is made: clocks, keys, where to write, whom to call.

The one rule: everything here comes from the wiring; the console reads no file, no setting
and no clock of its own.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

Clock = Callable[[], int]
# Starts `quarterdeck --kill REASON` in a process of its own, with flags that make it less than
# everything, if any; answers one sentence to show.
SpawnKill = Callable[..., str]


class Graph(StrEnum):
    """What charts are drawn with: many fonts have no braille, some terminals no blocks."""

    BRAILLE = "braille"
    BLOCK = "block"
    ASCII = "ascii"


class Start(StrEnum):
    """A way to begin that the onboarding screen offers."""

    DEMO = "demo"
    PAPER = "paper"
    KEYS = "keys"


def nothing_to_spawn(_: str, *__: str) -> str:
    """The answer where no wiring gave a way to start `--kill`: say it, do not hide it."""
    return "nothing to start: run `quarterdeck --kill` in another terminal"


def unreported(_: BaseException) -> None:
    """Where no wiring takes crash reports."""


def nothing_yet() -> None:
    """Where no wiring waits for the first screen."""


def never() -> bool:
    """Where the engine's end is no concern of the console's."""
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Everything about the console that is not the desk.

    `now_us` is the UTC wall clock in microseconds, `monotonic_us` one that never steps.
    `attached` says that the engine lives in another process and outlives the console.
    `offers` are the ways to start that onboarding shows. `crashed` is told of a crash (to
    write it into the log, redacted). `masked` starts with amounts hidden. `painted` is called
    once, after the first screen; `engine_ended` says that our own engine runs no more.
    """

    now_us: Clock
    monotonic_us: Clock
    attached: bool = False
    polls_per_second: int = 10
    mouse: bool = True
    bell: bool = False
    theme: str = "night"
    graph: Graph = Graph.BRAILLE
    masked: bool = False
    keymap: Mapping[str, str] = field(default_factory=dict)
    export_dir: Path | None = None
    offers: tuple[Start, ...] = (Start.DEMO, Start.KEYS)
    spawn_kill: SpawnKill = nothing_to_spawn
    crashed: Callable[[BaseException], None] = unreported
    painted: Callable[[], None] = nothing_yet
    engine_ended: Callable[[], bool] = never
    ask_timeout_ms: int = 15_000
    kill_timeout_ms: int = 2_000
    engine_silent_ms: int = 2_000
