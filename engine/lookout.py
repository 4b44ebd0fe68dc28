"""What the triggers look at: facts counted as they come, and one scene made of everything.

The one rule: a scene that cannot be made is a trigger that trips, like any exception in one.
"""

import logging

from domain import bookings, events
from domain.board import Board
from domain.flatten import STRATEGY
from domain.halts import Level
from domain.money import exactly
from domain.orders import Order
from domain.scopes import EVERYTHING, Scope
from engine.equity import Equity
from engine.floor import Floor
from engine.incidents import Incidents
from risk.scene import Reading, Scene, TriggerSettings, Wanted
from risk.tally import Tally
from risk.triggers import SECOND_US, Rule, read

REMEMBERED_US = 3_600 * SECOND_US  # of the past: longer than what most windows could still count
log = logging.getLogger(__name__)


class Lookout:
    """Counts failures, denials and incidents; `readings` is what some triggers see now."""

    def __init__(self, floor: Floor, equity: Equity) -> None:
        self._floor = floor
        self._equity = equity
        self._settings = settings_of(floor)
        window_us = self._settings.failed_orders_window_s * SECOND_US
        self._remembered_us = max(REMEMBERED_US, window_us)
        self._tally = Tally(window_us)
        self.incidents = Incidents()

    def heard(self, fact: events.Fact, board: Board, *, live: bool) -> bool:
        """Follow a fact, also of an earlier run; whether it was one that is counted."""
        self.incidents.fact(fact, board, live=live)
        if fact.at_us < self._floor.now_us() - self._remembered_us:
            return False
        return self._counted(fact, board)

    def _counted(self, fact: events.Fact, board: Board) -> bool:
        if isinstance(fact, events.OrderRejected | events.OrderInDoubt):
            state = board.orders.get(fact.client_id)
            if state is not None:
                self._tally.failed(fact.client_id, state.order.account, fact.at_us)
            return True
        if isinstance(fact, events.OrderDenied):
            if not _is_a_sale_of_ours(fact.order):
                self._tally.denied(fact.order.strategy, fact.rule, fact.at_us)
            return True
        if isinstance(fact, bookings.FillBooked):
            state = board.orders.get(fact.fill.client_id)
            if state is not None and not (state.foreign or _is_a_sale_of_ours(state.order)):
                self._tally.executed(state.order.strategy, fact.at_us)
                return True
        return False

    def forgiven(self, scope: Scope) -> None:
        """A person released a halt over `scope`: what was counted there is spent."""
        self._tally.forgiven(scope)
        self.incidents.forgiven(scope)

    def readings(self, rules: tuple[Rule, ...]) -> dict[str, Reading]:
        """What these triggers see now, by their names."""
        try:
            scene = self._scene()
        except Exception as error:
            # Boundary: a trigger that cannot even look trips (semantics 3.4).
            log.exception("the triggers could not look")
            told = f"TRIGGER_ERROR: {type(error).__name__}: {error}"
            return {"scene": Reading("failed", "", (Wanted(Level.HALT_CANCEL, EVERYTHING, told),))}
        with exactly():
            return {rule.__name__: read(rule, scene) for rule in rules}

    def _scene(self) -> Scene:
        floor, equity = self._floor, self._equity
        view, now = floor.door.view, floor.now_us()
        blind_us = floor.clock.monotonic_us() - equity.valid_us if equity.valid_us else 0
        return Scene(
            board=floor.desk.board,
            limits=view.limits,
            now_us=now,
            settings=self._settings,
            fall=equity.fall,
            blind_us=blind_us,
            blind_why="; ".join(equity.doubts[:3]),
            equity_error=equity.error,
            failures=self._tally.failures(now),
            conduct=self._tally.conduct(now),
            incidents=self.incidents.waiting(),
            skew_limits_us=view.settings.skew_limits_us,
            break_value=view.settings.break_value,
        )


def _is_a_sale_of_ours(order: Order) -> bool:
    """Whether a halt at FLATTEN made it: a person has confirmed that, and no strategy behaves."""
    return (order.actor, order.strategy) == ("engine", STRATEGY)


def settings_of(floor: Floor) -> TriggerSettings:
    """The triggers' limits from the engine's settings."""
    told = floor.settings
    return TriggerSettings(
        drawdown_samples=told.drawdown_samples,
        drawdown_span_s=told.drawdown_span_s,
        equity_blind_s=told.equity_blind_s,
        failed_orders=told.failed_orders,
        failed_orders_window_s=told.failed_orders_window_s,
        unknown_order_s=told.unknown_order_s,
        feeds_dead_s=told.feeds_dead_s,
    )
