"""The automatic triggers at work: what they look at, and what follows when one wants a halt.

A trigger trips when its condition begins to hold, and again only after the condition was gone
or its halt was released and the condition came anew. The one rule: whatever fails in here
trips; nothing in here ever releases.
"""

import asyncio
import logging
from inspect import getdoc

from domain import controls, events
from domain.board import Board, Mode
from domain.halts import BY_TRIGGER, Halt, HaltState, Level, scope_of, tripped_by
from domain.instruments import Account
from domain.scopes import EVERYTHING, Reach, Scope
from domain.triggers import ReadTriggers, TriggerView
from engine.equity import Equity
from engine.floor import Floor
from engine.killswitch import KillSwitch
from engine.lookout import Lookout
from engine.operators import Operator, Role
from risk.scene import Reading, Wanted
from risk.triggers import TRIGGERS, Rule, failed_orders, runaway

LEVELS = {
    "drawdown": Level.HALT_CANCEL,
    "equity_unknown": Level.REDUCE_ONLY,
    "failed_orders": Level.HALT_CANCEL,
    "runaway": Level.HALT,
    "reconciliation_break": Level.REDUCE_ONLY,
    "unknown_too_long": Level.REDUCE_ONLY,
    "order_without_intent": Level.HALT_CANCEL,
    "ledger_broken": Level.HALT_CANCEL,
    "clock_skew": Level.HALT,
    "feeds_dead": Level.REDUCE_ONLY,
    "security_incident": Level.HALT_CANCEL,
}
# Trips that other parts make where they see the reason, by how the reason begins.
ELSEWHERE = {"ORDER_WITHOUT_INTENT": "order_without_intent", "the ledger failed": "ledger_broken"}
Key = tuple[str, Scope, str]
FAST = (failed_orders, runaway)
FAST_HZ = 20
log = logging.getLogger(__name__)


class Triggers:
    """Looks every second, and at once when an order fails or is denied; answers ReadTriggers."""

    def __init__(
        self,
        floor: Floor,
        kill: KillSwitch,
        equity: Equity,
        *,
        enabled: bool = True,
        rules: tuple[Rule, ...] = TRIGGERS,
    ) -> None:
        self._floor = floor
        self._kill = kill
        self._rules = rules
        self.enabled = enabled
        self.lookout = Lookout(floor, equity)
        self._latched: set[Key] = set()
        self._fired: dict[tuple[str, str], controls.HaltTripped] = {}
        self._live = False
        self._due = asyncio.Event()
        floor.desk.keep(self)
        floor.desk.answer(ReadTriggers, self.views, Role.VIEWER)

    # Following facts, also those of earlier runs

    def fact(self, fact: events.Fact, board: Board) -> None:
        """Count what happened; a release spends what led to the halt."""
        if isinstance(fact, controls.HaltTripped) and name_of(fact):
            self._fired[name_of(fact), fact.scope] = fact
        elif isinstance(fact, controls.HaltReleased):
            self._released(fact, board)
        if self.lookout.heard(fact, board, live=self._live):
            self._due.set()

    def sighting(self, sighting: object, board: Board) -> None:
        """What is seen is looked at every second."""

    def _released(self, fact: controls.HaltReleased, board: Board) -> None:
        halt = next((known for known in board.halts if known.halt_id == fact.halt_id), None)
        if halt is None or halt.state is not HaltState.RESUMING:
            return  # tripped again meanwhile: it stands
        self.lookout.forgiven(halt.reach)
        if self._live:
            # What still holds was shown to the person and accepted: it must come anew.
            wanted = self._wanted(self.lookout.readings(self._rules))
            self._latched |= {key for key in wanted if _within(key[1], halt.reach)}

    # Looking

    def started(self) -> None:
        """The ledger is folded: from now on facts are news, and an incident among them trips."""
        self._live = True

    async def run(self) -> None:
        """Look for ever."""
        for key in self._wanted(self.lookout.readings(self._rules)):
            if self._stands(key):
                self._latched.add(key)  # of an earlier run: that halt is in force
        while True:
            self.look(self._rules)
            await self._fast_looks()

    async def _fast_looks(self) -> None:
        """For a second look only at what was counted, at once and at most `FAST_HZ` times."""
        try:
            async with asyncio.timeout(1):
                while True:
                    await self._due.wait()
                    self._due.clear()
                    self.look(tuple(rule for rule in self._rules if rule in FAST))
                    await asyncio.sleep(1 / FAST_HZ)
        except TimeoutError:
            return

    def look(self, rules: tuple[Rule, ...]) -> None:
        """Read these triggers once and trip what they want."""
        readings = self.lookout.readings(rules)
        wanted = self._wanted(readings)
        self._latched = {
            key
            for key in self._latched
            if key[0] not in readings or key in wanted or self._stands(key)
        }
        for key, want in wanted.items():
            if key in self._latched:
                continue
            self._latched.add(key)
            if not self._may_trip(key[0]):
                continue
            if self._stands(key):
                self._raise(key[0], want)  # one halt, one trip: but this is a new cause
            else:
                self._trip(key[0], want)

    @staticmethod
    def _wanted(readings: dict[str, Reading]) -> dict[Key, Wanted]:
        return {
            (name, want.scope, want.about): want
            for name, reading in readings.items()
            for want in reading.wanted
        }

    def _may_trip(self, name: str) -> bool:
        """Triggers can be off in practice modes; in OBSERVE no order leaves that one could stop."""
        if name in ("ledger_broken", "security_incident"):
            return self.enabled
        return self.enabled and self._floor.desk.board.mode is not Mode.OBSERVE

    def _stands(self, key: Key) -> bool:
        """Whether the halt that this trigger tripped is still in force: one halt, one trip."""
        name, scope, _ = key
        fired = self._fired.get((name, str(scope)))
        return fired is not None and any(
            halt.state is not HaltState.RESUMING
            and halt.reach == scope
            and fired.at_us >= halt.at_us
            for halt in self._floor.desk.board.halts
        )

    def _trip(self, name: str, want: Wanted) -> None:
        text = f"{name}: {want.reason}"
        log.critical("a trigger trips %s over %s: %s", want.level.name, want.scope, text)
        self._kill.trip(want.level, text, f"{BY_TRIGGER}{name}", scope=str(want.scope))
        self._raise(name, want)

    def _raise(self, name: str, want: Wanted) -> None:
        self._floor.desk.post(
            controls.AlarmRaised(
                at_us=self._floor.now_us(),
                actor="engine",
                alarm=alarm_of(name, want.scope),
                severity="critical",
                text=f"{name}: {want.reason}",
            )
        )

    # What stands against a release, and what the screens show

    def standing(self, scope: str) -> list[str]:
        """Conditions that still hold within `scope`; whoever releases it must acknowledge them.

        A text that names no scope means all of them.
        """
        reach = scope_of(scope)
        return [
            f"{name} still holds over {want.scope}: {want.reason}"
            for (name, _, _), want in self._wanted(self.lookout.readings(self._rules)).items()
            if self._may_trip(name) and _within(want.scope, reach)
        ]

    def condition(self, halt: Halt) -> str:
        """What within a halt's scope is still as it must not be, "" for nothing."""
        return "; ".join(self.standing(halt.scope))

    async def views(self, _: ReadTriggers, __: Operator) -> tuple[TriggerView, ...]:
        """Every trigger with what it sees now."""
        readings = self.lookout.readings(self._rules)
        return tuple(self._view(rule, readings) for rule in self._rules)

    def _view(self, rule: Rule, readings: dict[str, Reading]) -> TriggerView:
        name = rule.__name__
        reading = readings.get(name, Reading("failed", ""))
        known = [fact for (fired_by, _), fact in self._fired.items() if fired_by == name]
        fired = max(known, key=lambda fact: fact.at_us, default=None)
        scopes = sorted({want.scope for want in reading.wanted}, key=str)
        return TriggerView(
            name=name,
            meaning=(getdoc(rule) or "").partition("\n")[0],
            on=self._may_trip(name) or name == "order_without_intent",
            value=reading.value,
            limit=reading.limit,
            level=LEVELS.get(name, Level.HALT_CANCEL),
            holds=tuple(map(str, scopes)),
            fired_us=fired.at_us if fired is not None else 0,
            fired_scope=fired.scope if fired is not None else "",
            fired_reason=fired.reason if fired is not None else "",
            gauges=reading.gauges,
        )


def alarm_of(name: str, scope: Scope) -> str:
    """The alarm of a trigger over a scope: one for as long as it is not acknowledged."""
    return f"trigger {name} {scope}"


def name_of(fact: controls.HaltTripped) -> str:
    """Which trigger tripped; "" where a person did."""
    if by := tripped_by(fact.actor):
        return by
    return next((name for begins, name in ELSEWHERE.items() if fact.reason.startswith(begins)), "")


def _within(inner: Scope, outer: Scope) -> bool:
    """Whether what `inner` is about is all inside `outer`."""
    if outer in (EVERYTHING, inner):
        return True
    at = Account.parse(inner.name) if inner.reach is Reach.ACCOUNT else None
    return outer.reach is Reach.VENUE and at is not None and outer.touches(at)
