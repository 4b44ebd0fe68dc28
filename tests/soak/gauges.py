"""Memory, descriptors, threads and tasks of the daemon, and whether they grew.

One process life is judged at a time, by its first and last window after the warm-up. The one
rule: a spike is no leak and a leak is no spike: the windows' medians are compared, and of things
that are counted their lowest points too, because what is under way comes and goes.
"""

import os
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

KIB = 1024
MIB = 1024 * KIB
WARM_UP = 0.4  # of a life: caches fill up to their bounds
LONGEST_WARM_UP_S = 180
WINDOW = 0.25  # of what remains: its first and its last part are compared
LEAST_JUDGED_S = 25  # imports and markets come late: a younger life has not settled in
LONG_S = 240  # a life as long as this is held to the goal, a shorter one to its own bound
GOAL, SHORT = 0.02, 0.12  # growth of memory that is allowed (goal 11), and in a short life
SPARE, SHORT_SPARE = 6, 16  # descriptors, threads, tasks: so many more may be under way


@dataclass(frozen=True, slots=True)
class Sample:
    """The process at one moment; -1 is what the system or the desk did not tell."""

    at_s: float
    resident: int
    private: int
    descriptors: int
    threads: int
    cpu_s: float
    tasks: int = -1


@dataclass(slots=True)
class Life:
    """One life of the daemon: its samples, and how it ended."""

    pid: int
    samples: list[Sample] = field(default_factory=list)
    end: str = "running"


@dataclass(frozen=True, slots=True)
class Trend:
    """One figure over a life: medians and lowest points of the first and the last window, the
    most of the whole life, and the median growth a minute.
    """

    start: float
    end: float
    least_start: float
    least_end: float
    most: float
    slope: float

    @property
    def growth(self) -> float:
        """By which fraction the end is above the start."""
        return (self.end - self.start) / self.start if self.start > 0 else 0.0


def sample(pid: int, at_s: float, tasks: int) -> Sample:
    """Look at a process. Raises ProcessLookupError when it is gone."""
    folder = Path("/proc") / str(pid)
    try:
        told = dict(_fields(folder / "status"))
        stat = (folder / "stat").read_text(encoding="ascii").rpartition(")")[2].split()
    except FileNotFoundError:
        raise ProcessLookupError(pid) from None
    if "VmRSS" not in told:  # a zombie
        raise ProcessLookupError(pid)
    ticks = os.sysconf("SC_CLK_TCK")
    return Sample(
        at_s=at_s,
        resident=int(told["VmRSS"].split()[0]) * KIB,
        private=int(told["RssAnon"].split()[0]) * KIB,
        descriptors=_descriptors(folder / "fd"),
        threads=int(told["Threads"]),
        cpu_s=(int(stat[11]) + int(stat[12])) / ticks,
        tasks=tasks,
    )


def _fields(path: Path) -> list[tuple[str, str]]:
    lines = path.read_text(encoding="ascii", errors="replace").splitlines()
    return [(name, value.strip()) for name, _, value in (line.partition(":") for line in lines)]


def _descriptors(folder: Path) -> int:
    """How many files are open; a hardened process shows that to root alone, or by a size."""
    try:
        return len(os.listdir(folder))  # noqa: PTH208 - names only, many times
    except OSError:
        size = folder.stat().st_size if folder.exists() else 0
        return size or -1


def trend(points: Sequence[tuple[float, float]]) -> Trend | None:
    """The figure after the warm-up; None when there is too little of it."""
    if not points or points[-1][0] - points[0][0] < LEAST_JUDGED_S:
        return None
    began, ended = points[0][0], points[-1][0]
    warm_s = began + min(LONGEST_WARM_UP_S, WARM_UP * (ended - began))
    rest = [(at, value) for at, value in points if at >= warm_s]
    length = max(1, round(len(rest) * WINDOW))
    first, last = ([value for _, value in part] for part in (rest[:length], rest[-length:]))
    return Trend(
        start=statistics.median(first),
        end=statistics.median(last),
        least_start=min(first),
        least_end=min(last),
        most=max(value for _, value in points),
        slope=_slope(rest) * 60,
    )


def _slope(points: Sequence[tuple[float, float]]) -> float:
    """The median of all slopes between points far enough apart (Theil and Sen), a second."""
    step = max(1, len(points) // 200)
    few = points[::step]
    least_s = (few[-1][0] - few[0][0]) / 10
    slopes = [
        (later - value) / (then - at)
        for number, (at, value) in enumerate(few)
        for then, later in few[number + 1 :]
        if then - at > least_s
    ]
    return statistics.median(slopes) if slopes else 0.0


FIGURES: dict[str, Callable[[Sample], float]] = {
    "resident memory": lambda s: s.resident,
    "private memory": lambda s: s.private,
    "descriptors": lambda s: s.descriptors,
    "threads": lambda s: s.threads,
    "tasks": lambda s: s.tasks,
}


JUDGED_MEMORY = "resident memory"
COUNTED = ("descriptors", "threads", "tasks")


def trends(life: Life) -> dict[str, Trend]:
    """Every figure that was told often enough."""
    found: dict[str, Trend] = {}
    for name, read in FIGURES.items():
        told = trend([(s.at_s, read(s)) for s in life.samples if read(s) >= 0])
        if told is not None:
            found[name] = told
    return found


def is_long(life: Life) -> bool:
    """Whether a life is long enough for the goal; a shorter one has bounds of its own."""
    return bool(life.samples) and life.samples[-1].at_s - life.samples[0].at_s >= LONG_S


def complaints(life: Life) -> list[str]:
    """What grew and must not."""
    most, spare = (GOAL, SPARE) if is_long(life) else (SHORT, SHORT_SPARE)
    found: list[str] = []
    for name, told in trends(life).items():
        if name == JUDGED_MEMORY and told.growth > most:
            found.append(
                f"{name} grew by {told.growth:.1%} (at most {most:.0%}): "
                f"{told.start / MIB:.1f} to {told.end / MIB:.1f} MiB"
            )
        if name in COUNTED and _has_risen(told, spare):
            found.append(f"{name} grew from {told.start:.0f} to {told.end:.0f}")
    return [f"life of process {life.pid}: {what}" for what in found]


def _has_risen(told: Trend, spare: int) -> bool:
    """A leak lifts the middle and the floor; an act lifts one of them, or lowers one before."""
    return told.end > told.start + spare and told.least_end > told.least_start + spare


def table(lives: Sequence[Life]) -> str:
    """Start, end, most, slope and growth of every figure of every life."""
    rows = [
        f"{'life':<22}{'figure':<21}{'start':>9}{'end':>9}{'most':>9}{'a minute':>10}{'ratio':>8}"
    ]
    for number, life in enumerate(lives, 1):
        lasted_s = life.samples[-1].at_s - life.samples[0].at_s if life.samples else 0.0
        label = f"{number}: {lasted_s:.0f} s, {life.end}"
        found = trends(life)
        if not found:
            rows.append(f"{label:<22}too short to judge")
        for name, told in found.items():
            unit = MIB if "memory" in name else 1
            start, end, most, slope = (
                f"{value / unit:.2f}" for value in (told.start, told.end, told.most, told.slope)
            )
            ratio = f"{1 + told.growth:.3f}"
            rows.append(f"{label:<22}{name:<21}{start:>9}{end:>9}{most:>9}{slope:>10}{ratio:>8}")
            label = ""
    return "\n".join(rows)
