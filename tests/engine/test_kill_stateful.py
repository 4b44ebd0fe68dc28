"""The kill switch under everything at once, and the bugs that this must find.

Trips of any scope, level and channel; orders that come late, get lost or are somebody else's;
lists that fail; markers that are deleted or garbled; crashes; releases with good, wrong and used
codes. What must hold is in `tests.engine.kill_desk`.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from domain import asks, controls
from domain.board import Board
from domain.errors import Refused
from domain.fold import _FACTS as FOLDS
from domain.halts import Evidence, Halt, Level, Marker, scope_of
from engine.canceljob import CancelJob
from engine.coverage import Coverage
from engine.killswitch import KillSwitch
from engine.release import Releases
from engine.stop import Stop
from engine.sweep import Sweep
from risk.proposal import View
from tests.engine.kill_desk import ACCOUNTS, HOLD_S, ME, STRATEGIES, SYMBOLS, KillDesk
from tests.hunting import hunt

SCOPES = (
    "GLOBAL",
    "VENUE:kraken",
    "ACCOUNT:kraken/main",
    "ACCOUNT:kucoin/main",
    "STRATEGY:grid",
    "SYMBOL:BTC/USD",
)
LEVELS = (Level.REDUCE_ONLY, Level.HALT, Level.HALT_CANCEL)
GARBLED = Marker(
    halt_id="", level=Level.HALT_CANCEL, reason="garbled", actor="?", at_us=0, readable=False
)


class KillMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.it = KillDesk()
        self._code = 0

    def teardown(self) -> None:
        self.it.close()

    # Tripping

    @initialize(account=st.sampled_from(ACCOUNTS), lost=st.sampled_from(("", "request", "reply")))
    def begun(self, account: Any, lost: str) -> None:
        self.it.submit(account, "BTC/USD", "grid", lost)

    @rule(scope=st.sampled_from(SCOPES), level=st.sampled_from(LEVELS))
    def asked(self, scope: str, level: Level) -> None:
        self.it.note_trip(scope, level)
        ask = asks.Trip(reason="asked", level=level, scope=scope)
        self.it.do(self.it.core.kill.asked(ask, ME))
        self.it.wait(1)

    @rule(scope=st.sampled_from(SCOPES), level=st.sampled_from(LEVELS))
    def by_a_part_of_the_engine(self, scope: str, level: Level) -> None:
        self.it.note_trip(scope, level)
        self.it.do(self._internally(scope, level))
        assert not self.it.open_gates(), "the gate is not closed at once"
        self.it.wait(1)

    async def _internally(self, scope: str, level: Level) -> None:
        self.it.core.kill.trip(level, "a trigger", "engine", scope=scope)

    @rule(scope=st.sampled_from(SCOPES), level=st.sampled_from(LEVELS))
    def by_a_marker(self, scope: str, level: Level) -> None:
        self._code += 1
        self.it.note_trip(scope, level)
        marker = Marker(
            halt_id=f"M{self._code}", level=level, reason="x", actor="x", at_us=0, scope=scope
        )
        self.it.core.floor.marker.write(marker)
        self.it.wait(1)

    @rule()
    def by_a_signal(self) -> None:
        self.it.note_trip("GLOBAL", Level.HALT_CANCEL)
        self.it.core.stop.trip(Level.HALT_CANCEL, "SIGUSR1")
        self.it.do(self._internally("GLOBAL", Level.HALT_CANCEL))
        self.it.wait(1)

    # What the world does

    @rule(
        account=st.sampled_from(ACCOUNTS),
        symbol=st.sampled_from(SYMBOLS),
        strategy=st.sampled_from(STRATEGIES),
        lost=st.sampled_from(("", "", "request", "reply")),
    )
    def ordered(self, account: Any, symbol: str, strategy: str, lost: str) -> None:
        self.it.submit(account, symbol, strategy, lost)

    @rule(account=st.sampled_from(ACCOUNTS), symbol=st.sampled_from(SYMBOLS))
    def by_somebody_else(self, account: Any, symbol: str) -> None:
        self.it.foreign(account, symbol)

    @rule(account=st.sampled_from(ACCOUNTS), readable=st.booleans(), cancels=st.booleans())
    def fails(self, account: Any, readable: bool, cancels: bool) -> None:
        street = self.it.street
        (street.unreadable.discard if readable else street.unreadable.add)(account)
        (street.refusing.discard if cancels else street.refusing.add)(account)

    @rule()
    def recovers(self) -> None:
        self.it.street.unreadable.clear()
        self.it.street.refusing.clear()
        self.it.settle()
        self.it.wait(8)

    @rule(seconds=st.sampled_from((1, 4, 20)))
    def time_passes(self, seconds: int) -> None:
        self.it.wait(seconds)

    # What is done to the stores

    @rule(crash=st.booleans())
    def markers_are_deleted(self, crash: bool) -> None:
        self.it.disk.marker = None
        self.it.disk.narrower.clear()
        if crash:
            self.it.crash()
        self.it.wait(1)

    @rule()
    def a_marker_is_garbled(self) -> None:
        self.it.note_trip("GLOBAL", Level.HALT_CANCEL)
        self.it.disk.narrower["garbled"] = GARBLED
        self.it.wait(1)

    @rule()
    def it_crashes(self) -> None:
        self.it.crash()

    # Releasing

    @precondition(lambda self: self.it.engaged)
    @rule(which=st.integers(0, 9), code=st.sampled_from(("good", "good", "used", "bad")),
          accept=st.booleans())  # fmt: skip
    def released(self, which: int, code: str, accept: bool) -> None:
        scope = sorted(self.it.engaged)[which % len(self.it.engaged)]
        ask = asks.Release(
            code=self._code_of(code), reason="checked", scope=scope, accept_unverified=accept
        )
        unproven = self._unproven(scope)
        try:
            self.it.do(self.it.core.releases.release(ask, ME))
        except Refused:
            return
        assert code == "good", f"released with a {code} code"
        assert accept or not unproven, f"{scope} was released without proof"
        del self.it.engaged[scope]
        self.it.wait(HOLD_S + 1)

    def _unproven(self, scope: str) -> bool:
        """Whether an account whose orders must be proven gone was not listed twice since."""
        reach, reads = scope_of(scope), self.it.street.reads - self.it.reads_then[scope]
        few = any(reach.touches(account) and reads[account] < 2 for account in ACCOUNTS)
        return self.it.engaged[scope] != Level.HALT and few

    def _code_of(self, kind: str) -> str:
        if kind == "used" and self.it.codes.spent:
            return min(self.it.codes.spent)
        self._code += 1
        if kind == "good":
            self.it.codes.good.add(str(self._code))
        return str(self._code)

    @invariant()
    def holds(self) -> None:
        assert not self.it.wrong()
        assert not self.it.outside_orders()


def play(examples: int) -> None:
    """The machine from a fixed seed; it looks for a failure and does not polish it."""
    run_state_machine_as_test(
        KillMachine,
        settings=hunt(examples, steps=18),
    )


@pytest.mark.timeout(120)
def test_a_halt_holds_through_everything_until_a_second_factor_releases_it() -> None:
    play(40)


# Planted bugs


def failed_list_is_empty(patch: pytest.MonkeyPatch) -> None:
    whole = Sweep.attempt

    async def attempt(self: Sweep) -> Evidence:
        known = self._empty_us
        evidence = await whole(self)
        if evidence.error and not evidence.still_open > 0:
            self._empty_us = known
            return self._weigh_empty()
        return evidence

    patch.setattr(Sweep, "attempt", attempt)


def gate_ignores_scopes(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(View, "over", lambda self, order: self.level)


def last_look_ignores_scopes(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("engine.trading.Trading.closed", _only_global)


def _only_global(self: Any, order: object, flattens: object = None) -> str:
    del order, flattens
    return "HALTED" if self._floor.stop.level >= Level.HALT else ""


def a_release_lowers_everything(patch: pytest.MonkeyPatch) -> None:
    whole = Stop.lowered

    def lowered(self: Stop, level: int, scope: str = "GLOBAL") -> None:
        whole(self, level, scope)
        whole(self, level)

    patch.setattr(Stop, "lowered", lowered)


def a_narrow_trip_overwrites_the_wider(patch: pytest.MonkeyPatch) -> None:
    whole = FOLDS[controls.HaltTripped]

    def tripped(board: Board, fact: controls.HaltTripped) -> Board:
        new = whole(board, fact)
        return new.but(halts=tuple(h for h in new.halts if h.scope == fact.scope))

    patch.setitem(FOLDS, controls.HaltTripped, tripped)


def a_restart_forgets_narrow_halts(patch: pytest.MonkeyPatch) -> None:
    whole = KillSwitch._take_up

    def take_up(self: KillSwitch, halt: Halt) -> None:
        if halt.scope == "GLOBAL" or self._floor.desk.board.phase.value == "READY":
            whole(self, halt)

    patch.setattr(KillSwitch, "_take_up", take_up)


def unknown_is_proven(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(CancelJob, "_unproven", lambda self, account, coverage: 0)


def a_trip_again_lowers(patch: pytest.MonkeyPatch) -> None:
    whole = FOLDS[controls.HaltTripped]

    def tripped(board: Board, fact: controls.HaltTripped) -> Board:
        new = whole(board, fact)
        halts = (replace(h, level=fact.level) if h.scope == fact.scope else h for h in new.halts)
        return new.but(halts=tuple(halts))

    patch.setitem(FOLDS, controls.HaltTripped, tripped)


def a_trip_again_lowers_the_stop(patch: pytest.MonkeyPatch) -> None:
    whole = Stop._raise

    def trip(self: Stop, level: int, reason: str, scope: str, trip: int | None) -> None:
        if trip is not None:
            self.lowered(Level.NORMAL, scope)
        whole(self, level, reason, scope, trip)

    patch.setattr(Stop, "_raise", trip)


def every_order_goes(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Coverage, "whole", True)


def a_used_code_releases(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("tests.engine.kill_desk.Codes.allow", _any_code)


async def _any_code(self: Any, operator: str, code: str, purpose: str) -> Any:
    del self
    return controls.CodeRefused(at_us=1, actor=operator, operator=operator, purpose=purpose,
                                reason=code)  # fmt: skip


def an_unproven_halt_is_released(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Releases, "against", lambda self, board, halt: [])


PLANTS: tuple[Callable[[pytest.MonkeyPatch], None], ...] = (
    failed_list_is_empty,
    gate_ignores_scopes,
    last_look_ignores_scopes,
    a_release_lowers_everything,
    a_narrow_trip_overwrites_the_wider,
    a_restart_forgets_narrow_halts,
    unknown_is_proven,
    a_trip_again_lowers,
    a_trip_again_lowers_the_stop,
    every_order_goes,
    a_used_code_releases,
    an_unproven_halt_is_released,
)


@pytest.mark.timeout(120)
@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: plant.__name__)
def test_a_planted_bug_is_found(
    plant: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch)
    with pytest.raises(AssertionError):
        play(150)
