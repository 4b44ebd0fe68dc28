"""The one door: judge, reserve and name an order without any await in between.

It keeps the gate's running sums in step with the facts. The one rule: a claim enters the sums
at the door, before the fact is durable, and leaves them only when a fact (or the failure to
store the intent) says so.
"""

from dataclasses import dataclass, replace
from decimal import Decimal

from domain import bookings, controls, events, sightings
from domain.board import Board
from domain.halts import levels_of
from domain.lifecycle import intended
from domain.money import ZERO
from domain.orders import Amendment, Draft, Fill, Order, OrderState, Side
from domain.ports import Clock, Dice
from domain.scopes import EVERYTHING, Scope
from domain.verdicts import Usage, Verdict
from engine.desk import Desk
from engine.names import client_id
from engine.stop import Stop
from risk.exposure import Cell, claim_of
from risk.gate import judge, largest
from risk.limits import Limits
from risk.pace import KEPT_US, MINUTE_US, Terms
from risk.proposal import FALLBACK_FEE, GateSettings, View
from risk.scoping import Scopes
from risk.turnover import Turnover
from risk.usage import usage_of

REPLAY_WINDOW_US = 5 * MINUTE_US  # what the windows of trades, denials and failures remember


@dataclass(frozen=True, slots=True)
class Approval:
    """What came out of the door: the order as named and valued, and the gate's verdict."""

    order: Order
    verdict: Verdict


class Door:
    """Where orders pass. It is told every fact and sighting, before anybody else."""

    def __init__(
        self,
        desk: Desk,
        stop: Stop,
        clock: Clock,
        dice: Dice,
        limits: Limits,
        settings: GateSettings,
        time_zone: str = "UTC",
    ) -> None:
        self._desk = desk
        self._stop = stop
        self._clock = clock
        self._dice = dice
        self._replaying = True
        self.sent = 0
        self.view = View(
            board=desk.board, limits=limits, settings=settings, turnover=Turnover(time_zone)
        )
        self.sums = Scopes(self.view, time_zone)
        desk.keep(self)

    # Judging

    def check(self, draft: Draft) -> Verdict:
        """What the gate would say now, with the largest quantity that would pass."""
        return replace(self.verdict(draft), max_quantity=largest(draft, self._view()))

    def verdict(self, draft: Draft) -> Verdict:
        """What the gate would say now, in a fraction of `check`'s time."""
        return judge(draft, self._view())

    def seen(self) -> View:
        """What the gate sees now, to read."""
        return self._view()

    def largest_sale(self, draft: Draft) -> Decimal | None:
        """The largest slice of a sale for a halt at FLATTEN that would pass, if any would."""
        return largest(draft, self._view(), flattens=True)

    def approve(
        self, draft: Draft, actor: str, parent: str = "", *, flattens: bool = False
    ) -> Approval:
        """Judge and, if it passes, reserve at once: nothing can come in between."""
        view = self._view()
        verdict = judge(draft, view, flattens=flattens)
        order = replace(self._order(draft, verdict, actor), parent=parent)
        if verdict.approved:
            self.sums.claim(order.client_id, claim_of(intended(order, at_us=order.at_us)))
            self.sums.submitted(_terms(order), order.strategy, view.now_us)
        return Approval(order, verdict)

    def approve_amendment(self, state: OrderState, amendment: Amendment) -> Verdict:
        """Judge the new terms without the old claim, then reserve the larger of the two."""
        view = self._view()
        order, sums = state.order, self.sums
        draft = Draft(
            account=order.account,
            symbol=order.symbol,
            side=order.side,
            kind=order.kind,
            quantity=amendment.quantity,
            price=amendment.price,
            time_in_force=order.time_in_force,
            post_only=order.post_only,
            strategy=order.strategy,
        )
        sums.lift(order.client_id)
        try:
            verdict = judge(draft, view, filled=state.filled)
        finally:
            sums.claim(order.client_id, claim_of(state))
        if verdict.approved:
            sums.claim(order.client_id, claim_of(replace(state, amendment=amendment)))
        return verdict

    def withdraw(self, client_id: str) -> None:
        """Release a claim whose intent could not be stored; nothing was sent."""
        state = self._desk.board.orders.get(client_id)
        self.sums.claim(client_id, None if state is None else claim_of(state))

    def reduces(self, order: Order) -> bool:
        """Whether an approved order still only reduces what its account holds."""
        available = self.view.exposure.available(order.account, order.base)
        sells_for_cash = order.side is Side.SELL and order.quote in self.view.settings.cash
        # Its own claim is inside the sums already, so nothing may be short without it.
        return sells_for_cash and available is not None and available >= ZERO

    def failures(self) -> int:
        """Orders of the last five minutes that a venue rejected or left in doubt."""
        return self.view.pace.failures.count(self._clock.now_us())

    def _view(self) -> View:
        view = self.view
        view.board = self._desk.board
        view.now_us = self._clock.now_us()
        view.levels = self._levels(view.board)
        view.level = view.levels[EVERYTHING]
        self.sums.follow()
        return view

    def _levels(self, board: Board) -> dict[Scope, int]:
        """By scope, the stricter of what was tripped this instant and what the ledger holds."""
        levels = self._stop.levels
        for scope, level in levels_of(board.halts).items():
            levels[scope] = max(level, levels.get(scope, 0))
        return levels

    def _order(self, draft: Draft, verdict: Verdict, actor: str) -> Order:
        view, venue = self.view, draft.account.venue
        known = view.board.instrument(venue, draft.symbol)
        fee = known.fee_rate if known is not None else None
        return Order(
            client_id=client_id(self._dice, view.board.install_tag),
            account=draft.account,
            symbol=draft.symbol,
            side=draft.side,
            kind=draft.kind,
            quantity=draft.quantity,
            price=draft.price,
            time_in_force=draft.time_in_force,
            post_only=draft.post_only,
            strategy=draft.strategy,
            reference=verdict.reference,
            base_rate=verdict.base_rate,
            fee_rate=fee if fee is not None else view.settings.fee_rates.get(venue, FALLBACK_FEE),
            actor=actor,
            at_us=view.now_us,
        )

    # Keeping the sums

    def replayed(self) -> None:
        """The ledger is folded; from now on facts are news."""
        self._replaying = False
        board = self._desk.board
        for known in board.orders:
            self._reclaim(known, board)

    def fact(self, fact: events.Fact, board: Board) -> None:
        """Follow a fact that is durable and folded."""
        if isinstance(fact, bookings.FillBooked):
            self._booked(fact, board)
        elif isinstance(fact, bookings.FillReversed):
            self._reversed(fact, board)
        elif isinstance(fact, controls.LimitsApproved):
            self.view.limits = Limits.from_values(fact.values, version=fact.version)
        elif isinstance(fact, events.OrderFact):
            self._reclaim(fact.client_id, board)
            self._counted(fact, board)
        elif isinstance(fact, events.OrderApproved | events.ForeignOrderSeen):
            self._reclaim(fact.order.client_id, board)
            self._paced(fact)
        elif isinstance(fact, events.OrderDenied):
            self._reclaim(fact.order.client_id, board)
            if self._recent(fact.at_us):
                self.sums.denied(_cell(fact.order), fact.at_us)

    def sighting(self, sighting: sightings.Sighting, _: Board) -> None:
        """Follow a whole balance."""
        if isinstance(sighting, sightings.BalancesSeen):
            self.sums.balances_seen(sighting.balances)

    def _reclaim(self, client_id: str, board: Board) -> None:
        if self._replaying:
            return  # what is claimed in the end is claimed once, when all is folded
        state = board.orders.get(client_id)
        self.sums.claim(client_id, None if state is None else claim_of(state))

    def _counted(self, fact: events.OrderFact, board: Board) -> None:
        if isinstance(fact, events.OrderSent):
            self.sent += 1
        elif isinstance(fact, events.FillAdopted):
            self._adopted(fact, board)
        failed = isinstance(fact, events.OrderRejected | events.OrderInDoubt)
        if failed and self._recent(fact.at_us):
            self.view.pace.failures.add(fact.at_us)

    def _paced(self, fact: events.Fact) -> None:
        if not self._replaying or not isinstance(fact, events.OrderApproved):
            return
        if fact.at_us > self._clock.now_us() - KEPT_US:
            self.sums.submitted(_terms(fact.order), fact.order.strategy, fact.at_us)

    def _booked(self, fact: bookings.FillBooked, board: Board) -> None:
        fill = fact.fill
        state = board.orders.get(fill.client_id)
        self._traded(fill, state, fact.base_rate, fact.at_us)
        if state is None:
            return
        self._reclaim(fill.client_id, board)
        if self._recent(fact.at_us) and not state.foreign:
            self.sums.executed(_cell(state.order), fact.at_us)

    def _reversed(self, fact: bookings.FillReversed, board: Board) -> None:
        fill = fact.fill
        undone = replace(fill, quantity=-fill.quantity, fee=-fill.fee)
        self._traded(undone, board.orders.get(fill.client_id), fact.base_rate, fact.at_us)
        self._reclaim(fill.client_id, board)

    def _traded(
        self, fill: Fill, state: OrderState | None, base_rate: Decimal | None, booked_us: int
    ) -> None:
        if not self._replaying:
            # A start-up snapshot is asked after the replay, so it contains what was replayed.
            self.sums.filled(fill, booked_us)
        strategy = "" if state is None else state.order.strategy
        if base_rate is None and state is not None:
            base_rate = state.order.base_rate or None
        value = None if base_rate is None else fill.cost * base_rate
        self.sums.traded(fill, strategy, value, self._clock.now_us())

    def _adopted(self, fact: events.FillAdopted, board: Board) -> None:
        """The day's volume moves from nobody's to the order's strategy; no balance changes."""
        state, fill, now_us = board.orders.get(fact.client_id), fact.fill, self._clock.now_us()
        if state is None:
            return
        value = fill.cost * state.order.base_rate
        self.sums.traded(replace(fill, quantity=-fill.quantity), "", -value, now_us)
        self.sums.traded(fill, state.order.strategy, value, now_us)

    def _recent(self, at_us: int) -> bool:
        return not self._replaying or at_us > self._clock.now_us() - REPLAY_WINDOW_US

    # What the screens show

    def usage(self) -> tuple[Usage, ...]:
        """How much of each standing limit is used and reserved, for the screens."""
        view = self._view()
        return usage_of(view, self.sums.lenses)


def _terms(order: Order) -> Terms:
    return (order.account, order.symbol, order.side, order.quantity, order.price)


def _cell(order: Order) -> Cell:
    return (order.account, order.symbol, order.strategy)
