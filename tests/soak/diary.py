"""What happened when: every act of chaos, and every violation with the act before it.

A finding of the reckoning belongs to the moment of its order or fill, not to the end of the run.
The one rule: what is written here is printed at once, so that a run that is cut short has told
all it knew.
"""

import math
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TextIO

from cli.clock import SystemClock

SECOND_US = 1_000_000


@dataclass(frozen=True, slots=True)
class Violation:
    """Something that must never be: when (seconds since the start), what, and after which act."""

    at_s: float
    what: str
    after: str


@dataclass(slots=True)
class Diary:
    """The run's story. `acts` counts each act by its name."""

    out: TextIO = sys.stdout
    began_s: float = field(default_factory=time.monotonic)
    violations: list[Violation] = field(default_factory=list)
    acts: Counter[str] = field(default_factory=Counter)
    began_us: int = field(default_factory=SystemClock().now_us)
    _story: list[tuple[float, str]] = field(default_factory=list)
    _begun: dict[str, float] = field(default_factory=dict)
    _remarked: set[str] = field(default_factory=set)

    @property
    def now_s(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self.began_s

    def act(self, name: str, detail: str = "") -> None:
        """An act of chaos begins."""
        self.acts[name] += 1
        self._begun[name] = self.now_s
        self._remarked.clear()
        told = f"{name}{f' ({detail})' if detail else ''} at {self.now_s:.1f} s"
        self._story.append((self.now_s, told))
        self.note(f"act: {name} {detail}")

    def note(self, what: str) -> None:
        """Something worth a line."""
        self.out.write(f"[{self.now_s:7.1f} s] {what.rstrip()}\n")
        self.out.flush()

    def remark(self, what: str) -> None:
        """A note that is not repeated before the next act."""
        if what not in self._remarked:
            self._remarked.add(what)
            self.note(what)

    def since(self, name: str) -> float:
        """Seconds since the newest act of this name began; infinity: there was none."""
        return self.now_s - self._begun.get(name, -math.inf)

    def before(self, at_s: float) -> str:
        """The act that began last before a moment."""
        return next((told for then, told in reversed(self._story) if then <= at_s), "nothing yet")

    def violation(self, what: str, at_us: int = 0) -> None:
        """Something that must never be, now or at a time that a fact tells; once for the same."""
        if any(known.what == what for known in self.violations):
            return
        at_s = (at_us - self.began_us) / SECOND_US if at_us else self.now_s
        self.violations.append(Violation(at_s, what, self.before(at_s)))
        self.note(f"VIOLATION: {what}  [at {at_s:.1f} s, after: {self.before(at_s)}]")
