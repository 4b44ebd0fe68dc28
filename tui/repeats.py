"""An ask that a page repeats while it is in sight: its newest answer, and what became of it.

The one rule: one at a time. The next is sent when the one before it was answered or given up,
so that a slow engine gets fewer questions and never a queue of them; and what it does not
answer is said once, beside the last that it did.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Generic, TypeVar

from domain.days import SECOND_US
from tui.format import age
from tui.lines import Part
from tui.outcomes import Failure
from tui.phases import NOT_READ, unread
from tui.stage import Stage

if TYPE_CHECKING:  # as the stage
    from domain.asks import Ask

R = TypeVar("R")
EVERY_US = 5 * SECOND_US
AFTER_FAILURE_US = 30 * SECOND_US
_MISSED = 3  # answers, after which what is shown is called old
_ASKING = "asking …"


class Repeated(Generic[R]):
    """The answers of one ask; `answer` is None until the first one.

    `told` is called after every answer and every failure. `every_us` passes between two asks,
    by the stage's monotonic clock; half a minute after a failure.
    """

    def __init__(
        self,
        group: str,
        make: "Callable[[], Ask[R]]",
        told: Callable[[], None],
        *,
        every_us: int = EVERY_US,
    ) -> None:
        self.answer: R | None = None
        self.problem = ""
        self._answered_us = 0
        self._group = group
        self._make = make
        self._told = told
        self._every_us = every_us
        self._asking = False
        self._next_us = 0

    def due(self, stage: Stage) -> None:
        """Ask, if it is time for it."""
        if stage.options.monotonic_us() >= self._next_us:
            self.ask(stage)

    def ask(self, stage: Stage) -> None:
        """Ask now, unless the ask before is under way or the ledger has not been read."""
        if self._asking or unread(stage.picture.board):
            return
        self._asking = True
        self._next_us = stage.options.monotonic_us() + self._every_us

        def answered(answer: R) -> None:
            self._asking, self.problem = False, ""
            self.answer, self._answered_us = answer, stage.options.monotonic_us()
            self._told()

        def failed(failure: Failure) -> None:
            self._asking = False
            self._next_us = stage.options.monotonic_us() + AFTER_FAILURE_US
            if failure.text != self.problem:
                self.problem = failure.text
                stage.say(failure.text, "warning", key=failure.text)
            self._told()

        stage.send(self._make(), answered, failed=failed, group=self._group)

    def old(self, stage: Stage) -> bool:
        """Whether the newest answer is older than it should be."""
        waited_us = stage.options.monotonic_us() - self._answered_us
        return self.answer is not None and waited_us > _MISSED * self._every_us + SECOND_US

    def age(self, stage: Stage) -> Part:
        """`4 s ago`, marked when that is too long; why there is nothing where nothing is."""
        if self.answer is not None:
            text = f"{age(stage.options.monotonic_us() - self._answered_us)} ago"
            return Part(f"◐ {text}", "stale") if self.old(stage) else Part(text, "dim")
        if unread(stage.picture.board):
            return Part(NOT_READ, "dim")
        return Part("not told", "stale") if self.problem else Part(_ASKING, "dim")

    def empty(self, nothing: str) -> str:
        """What stands where rows would be: why there is no answer, or that there is `nothing`."""
        return nothing if self.answer is not None else self.problem or _ASKING
