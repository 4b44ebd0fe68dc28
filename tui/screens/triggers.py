"""The automatic triggers in full: what each sees now, its limit, and when it last tripped.

The one rule: what holds now stands first; what is shown is never older than a few seconds, or
says so.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from domain.board import Board
from domain.halts import tripped_by
from domain.triggers import ReadTriggers, TriggerView
from tui.format import DASH, since, stamp
from tui.lines import FILL, Line, Lines, Part, wrapped
from tui.stage import Picture, Stage
from tui.widgets.dialog import Reading

if TYPE_CHECKING:
    from tui.outcomes import Failure

AGAIN_US = 2_000_000
OLD_US = 10_000_000
INDENT = "  "


class TriggerWatch:
    """What the triggers told last; asks again when it is old. `problem`: why nobody told."""

    def __init__(self, group: str) -> None:
        self.views: tuple[TriggerView, ...] = ()
        self.problem: Failure | None = None
        self._group = group
        self._asked_us = 0
        self._answered_us = 0

    def look(self, stage: Stage, changed: Callable[[], None]) -> None:
        """Ask for the next, if it is time; `changed` is called when there is another answer."""
        now_us = stage.options.monotonic_us()
        if self._asked_us and now_us - self._asked_us < AGAIN_US:
            return

        def told(views: tuple[TriggerView, ...]) -> None:
            self.views, self.problem = views, None
            self._answered_us = stage.options.monotonic_us()
            changed()

        def not_told(failed: "Failure") -> None:
            self.problem = failed
            changed()

        self._asked_us = now_us
        stage.send(ReadTriggers(), told, failed=not_told, group=self._group)

    def view(self, name: str) -> TriggerView | None:
        """One trigger; None while nobody has told of it."""
        return next((view for view in self.views if view.name == name), None)

    def old_us(self, stage: Stage) -> int:
        """How old what was told is; 0 while that is no longer than usual."""
        old_us = stage.options.monotonic_us() - self._answered_us
        return old_us if self.views and old_us > OLD_US else 0


class TriggersDialog(Reading):
    """Every trigger; asked for again and again while it is open."""

    def __init__(self) -> None:
        super().__init__("automatic triggers", self._lines_of)
        self._watch = TriggerWatch("triggers")

    def show(self, picture: Picture) -> None:
        """Draw what was told last, and ask for the next."""
        self._watch.look(self.stage, self._told)
        super().show(picture)

    def _told(self) -> None:
        problem = self._watch.problem
        if self.is_attached:
            self.complain(problem.text if problem else "", problem.tone if problem else "")
            super().show(self.stage.picture)

    def _lines_of(self, picture: Picture, width: int) -> Lines:
        views = self._watch.views
        if not views:
            return [[Part("asking …", "dim")]]
        old_us = self._watch.old_us(self.stage)
        lines: list[Line] = [*overview(views, picture.board, width)]
        if old_us:
            lines.append([Part(f"told {since(1, 1 + old_us)} ago: the engine is silent", "stale")])
        lines.append(())
        for view in sorted(views, key=lambda view: not view.holds):
            lines += trigger_lines(view, picture, width)
        return lines


def overview(views: tuple[TriggerView, ...], board: Board, width: int) -> Lines:
    """How many hold now, and which halts triggers have tripped that stand."""
    holding = [view.name for view in views if view.holds]
    halts = [
        f"{halt.scope} by {tripped_by(halt.actor)}"
        for halt in board.halts
        if tripped_by(halt.actor)
    ]
    told = f"{len(holding)} of {len(views)} hold now" if holding else "none holds now"
    lines: list[Line] = [[Part(row, "halt" if holding else "ok")] for row in wrapped(told, width)]
    if halts:
        lines += [[Part(row, "halt")] for row in wrapped(f"halted: {', '.join(halts)}", width)]
    if not all(view.on for view in views):
        off = ", ".join(view.name for view in views if not view.on)
        lines += [[Part(row, "warn")] for row in wrapped(f"may not trip here: {off}", width)]
    return lines


def trigger_lines(view: TriggerView, picture: Picture, width: int) -> Lines:
    """One trigger: state, level, value and limit, where it holds, its last trip."""
    state, tone = ("HOLDS", "halt") if view.holds else ("on", "ok") if view.on else ("off", "warn")
    lines: list[Line] = [
        [Part(view.name, "strong"), Part(f"  {state}", tone), FILL, Part(view.level.name, "dim")],
        *_told(f"now {view.value} · limit {view.limit or DASH}", width, ""),
    ]
    if view.holds:
        lines += _told(f"over {', '.join(view.holds)}", width, "halt")
    if view.fired_us:
        ago = since(view.fired_us, picture.now_us)
        when = f"last trip {stamp(view.fired_us)} ({ago} ago) over {view.fired_scope}"
        lines += _told(when, width, "")
        lines += _told(picture.amount(view.fired_reason), width, "warn")
    return [*lines, *_told(view.meaning, width, "dim")]


def _told(text: str, width: int, tone: str) -> Lines:
    return [[Part(INDENT), Part(row, tone)] for row in wrapped(text, max(10, width - len(INDENT)))]
