"""Flattening, the one halt that sells: shown first, then its scope is typed, then it is asked for.

The one rule: nothing is confirmed that was not shown for exactly this scope; and without the
engine nothing is sold: the dialog says so, and what stops trading all the same.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from textual.widget import Widget

from domain.asks import Done, FlattenPreview, Trip
from domain.errors import Refused
from domain.flatten import FlattenPlan
from domain.halts import GLOBAL, Halt, Level, scope_of
from domain.scopes import Reach
from tui.format import age
from tui.keys import KILL
from tui.lines import Line, Lines, Part, plain, wrapped
from tui.screens.flatten_parts import STOPS, plan_lines
from tui.stage import Picture
from tui.widgets.dialog import Dialog
from tui.widgets.fields import Choice, Labelled, typed

if TYPE_CHECKING:
    from tui.outcomes import Failure

REASON = "flattened in the console"
AGAIN_US = 5_000_000
OLD_US = 12_000_000
_FIRST = "Orders in it are cancelled and proven gone; then this is sold:"


class Shown(NamedTuple):
    """A preview, and when it was told (monotonic microseconds)."""

    plan: FlattenPlan
    at_us: int


def sellable(offered: Iterable[str], plans: Iterable[FlattenPlan] = ()) -> list[str]:
    """The scopes that can be flattened: no strategy, and every symbol that a plan has shown."""
    symbols = (f"{Reach.SYMBOL}:{sale.symbol}" for plan in plans for sale in plan.sales)
    kept = [text for text in offered if scope_of(text).reach is not Reach.STRATEGY]
    return list(dict.fromkeys([*kept, *sorted(symbols)]))


class FlattenDialog(Dialog):
    """What would be sold, which scope, the scope once more, and why."""

    AUTO_FOCUS = "#scope"

    def __init__(self, offered: Iterable[str], chosen: str = GLOBAL) -> None:
        super().__init__("flatten: sell what is held", confirm="Sell all of this", tone="halt")
        self._offered = list(offered)
        self._scope = Choice(sellable(self._offered), id="scope")
        if chosen in self._scope.values:
            self._scope.value = chosen
        self._word = typed("", id="word")
        self._reason = typed(REASON, id="reason")
        self._shown: dict[str, Shown] = {}
        self._asked_us = 0
        self._problem = ""
        self._sent = ""  # the scope of a trip whose answer has not come, or was lost
        self._waits = False
        self._trips_then: set[tuple[str, int]] = set()

    def fields(self) -> Iterable[Widget]:
        """Which scope, the same typed, and why."""
        self._word.placeholder = self._hint
        yield Labelled("scope", self._scope)
        yield Labelled("confirm", self._word)
        yield Labelled("reason", self._reason)

    @property
    def _hint(self) -> str:
        return f"type {plain(self._scope.value)} to sell all of this"

    # What would be sold

    def show(self, picture: Picture) -> None:
        """Draw what was told last, ask for the next, and see whether a lost answer came true."""
        if self.stage.options.monotonic_us() - self._asked_us >= AGAIN_US:
            self._preview()
        super().show(picture)
        if self._sent and self._in_force(picture):
            self._settled(f"{self._sent} is halted at FLATTEN")

    def _preview(self) -> None:
        self._asked_us = self.stage.options.monotonic_us()
        scope = self._scope.value

        def told(plan: FlattenPlan) -> None:
            self._shown[scope] = Shown(plan, self.stage.options.monotonic_us())
            self._problem = ""
            self._redraw()

        def failed(failure: "Failure") -> None:
            self._problem = failure.text
            self._redraw()

        self.stage.send(FlattenPreview(scope=scope), told, failed=failed, group="flatten preview")

    def _redraw(self) -> None:
        if self.is_attached:
            plans = [shown.plan for shown in self._shown.values()]
            self._scope.offer(sellable(self._offered, plans))
            super().show(self.stage.picture)

    def on_choice_changed(self, message: Choice.Changed) -> None:
        """Another scope: another preview, and another word."""
        message.stop()
        self._word.value, self._word.placeholder = "", self._hint
        self._problem = ""
        self.complain("")
        self._preview()
        self._redraw()

    def told(self, picture: Picture, width: int) -> Lines:
        """What happens, in which order; each sale; what it is worth; what stops it."""
        shown = self._shown.get(self._scope.value)
        lines: list[Line] = [[Part(row, "halt")] for row in wrapped(_FIRST, width)]
        if shown is not None:
            lines += plan_lines(shown.plan, picture, width)
            lines += [[Part(row, "dim")] for row in wrapped(STOPS, width)]
        elif not self._problem:
            lines.append([Part("asking the engine what would be sold …", "dim")])
        return [*lines, *self._doubts(shown, picture, width), ()]

    def _doubts(self, shown: Shown | None, picture: Picture, width: int) -> Lines:
        """Why what is shown may not be so, and what to do then."""
        told: list[tuple[str, str]] = []
        old_us = 0 if shown is None else self.stage.options.monotonic_us() - shown.at_us
        if self._problem:
            told.append(("warn", f"no preview: {self._problem}"))
        if old_us > OLD_US:
            told.append(("stale", f"shown {age(old_us)} ago: what is held may be another by now"))
        if picture.engine_silent:
            told.append(("stale", f"The engine does not respond. {self._without_engine()}"))
        return [[Part(row, tone)] for tone, text in told for row in wrapped(text, width)]

    def _without_engine(self) -> str:
        key = next(key for key in self.stage.key_table if key.id == KILL)
        names = key.all_shown.replace(" ", " or ")
        return (
            f"Without the engine nothing is sold. {names} twice halts and cancels without it, and "
            "stops what it may sell late; then sell at the venue, or flatten when it answers again."
        )

    # Asking for it

    def confirmed(self) -> None:
        """Ask for it, if this scope was shown and typed; once, however often it is pushed."""
        shown = self._shown.get(self._scope.value)
        if self._waits:
            return
        if shown is None:
            self.complain("nothing was halted: it is not shown yet what would be sold")
        elif self._word.value.strip() != shown.plan.scope:
            self.complain(f"nothing was halted or sold: type {shown.plan.scope}, letter by letter")
            self.set_focus(self._word)
        else:
            self._trip(shown.plan.scope)

    def _trip(self, scope: str) -> None:
        self._sent, self._waits = scope, True
        self._trips_then = {_trip_of(halt) for halt in self.stage.picture.board.halts}
        reason = self._reason.value.strip() or REASON
        ask = Trip(reason=reason, level=Level.FLATTEN, scope=scope, confirm=self._word.value)
        self.complain("asking …", "dim")
        self.stage.send(ask, self._done, failed=self._failed)

    def _done(self, answer: Done) -> None:
        self._settled(answer.detail or f"{self._sent} is halted at FLATTEN")

    def _settled(self, text: str) -> None:
        if self._sent:
            self._sent = ""
            self.stage.say(text)
            self.finish()

    def _failed(self, failure: "Failure") -> None:
        self._waits = False
        if failure.family == Refused.__name__:
            self._sent = ""
            self.complain(failure.text, failure.tone)
        elif self._sent:
            silent = self.stage.picture.engine_silent  # then it stands above already
            self.complain(f"{failure.text}. {'' if silent else self._without_engine()}", "halt")

    def _in_force(self, picture: Picture) -> bool:
        """Whether the board shows the trip that was sent: a newer one than it showed then."""
        return any(
            halt.level is Level.FLATTEN and halt.scope == self._sent
            for halt in picture.board.halts
            if _trip_of(halt) not in self._trips_then
        )


def _trip_of(halt: Halt) -> tuple[str, int]:
    return halt.halt_id, halt.trips
