"""The one door: judge, reserve and name an order without any await in between.

It keeps the gate's running sums in step with the facts. The one rule: a claim enters the sums
at the door, before the fact is durable, and leaves them only when a fact (or the failure to
store the intent) says so.
"""

from dataclasses import dataclass, replace
from decimal import Decimal

from domain import bookings, controls, events, sightings
from domain.board import Board
from domain.lifecycle import intended
from domain.money import ZERO
from domain.orders import Amendment, Draft, Fill, Order, OrderState, Side
from domain.ports import Clock, Dice
from domain.verdicts import Usage, Verdict
from engine.desk import Desk
from engine.names import client_id
from engine.stop import Stop
from risk.exposure import claim_of
from risk.gate import judge, largest
from risk.limits import Limits
from risk.pace import MINUTE_US, Terms
from risk.proposal import FALLBACK_FEE, GateSettings, View
from risk.turnover import Turnover

REPLAY_WINDOW_US = 5 * MINUTE_US  # what the pace windows can still remember


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
        desk.keep(self)

    # Judging

    def check(self, draft: Draft) -> Verdict:
        """What the gate would say now, with the largest quantity that would pass."""
        view = self._view()
        verdict = judge(draft, view)
        return replace(verdict, max_quantity=largest(draft, view))

    def approve(self, draft: Draft, actor: str, parent: str = "") -> Approval:
        """Judge and, if it passes, reserve at once: nothing can come in between."""
        view = self._view()
        verdict = judge(draft, view)
        order = replace(self._order(draft, verdict, actor), parent=parent)
        if verdict.approved:
            view.exposure.claim(order.client_id, claim_of(intended(order, at_us=order.at_us)))
            view.pace.submitted(_terms(order), view.now_us)
        return Approval(order, verdict)

    def approve_amendment(self, state: OrderState, amendment: Amendment) -> Verdict:
        """Judge the new terms without the old claim, then reserve the larger of the two."""
        view = self._view()
        order, exposure = state.order, self.view.exposure
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
        exposure.claim(order.client_id, None)
        try:
            verdict = judge(draft, view, filled=state.filled)
        finally:
            exposure.claim(order.client_id, claim_of(state))
        if verdict.approved:
            exposure.claim(order.client_id, claim_of(replace(state, amendment=amendment)))
        return verdict

    def withdraw(self, client_id: str) -> None:
        """Release a claim whose intent could not be stored; nothing was sent."""
        state = self._desk.board.orders.get(client_id)
        self.view.exposure.claim(client_id, None if state is None else claim_of(state))

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
        view.level = max(self._stop.level, view.board.level)
        return view

    def _order(self, draft: Draft, verdict: Verdict, actor: str) -> Order:
        view = self.view
        known = view.board.instrument(draft.account.venue, draft.symbol)
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
            fee_rate=fee if fee is not None else FALLBACK_FEE,
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
            self._counted(fact)
        elif isinstance(fact, events.OrderApproved | events.ForeignOrderSeen):
            self._reclaim(fact.order.client_id, board)
            self._paced(fact)
        elif isinstance(fact, events.OrderDenied):
            self._reclaim(fact.order.client_id, board)
            if self._recent(fact.at_us):
                self.view.pace.denied(fact.order.strategy, fact.at_us)

    def sighting(self, sighting: sightings.Sighting, _: Board) -> None:
        """Follow a whole balance."""
        if isinstance(sighting, sightings.BalancesSeen):
            self.view.exposure.balances_seen(sighting.balances)

    def _reclaim(self, client_id: str, board: Board) -> None:
        if self._replaying:
            return  # what is claimed in the end is claimed once, when all is folded
        state = board.orders.get(client_id)
        self.view.exposure.claim(client_id, None if state is None else claim_of(state))

    def _counted(self, fact: events.OrderFact) -> None:
        if isinstance(fact, events.OrderSent):
            self.sent += 1
        failed = isinstance(fact, events.OrderRejected | events.OrderInDoubt)
        if failed and self._recent(fact.at_us):
            self.view.pace.failures.add(fact.at_us)

    def _paced(self, fact: events.Fact) -> None:
        if self._replaying and isinstance(fact, events.OrderApproved) and self._recent(fact.at_us):
            self.view.pace.submitted(_terms(fact.order), fact.at_us)

    def _booked(self, fact: bookings.FillBooked, board: Board) -> None:
        fill = fact.fill
        self._traded(fill, fact.base_rate, fact.at_us)
        state = board.orders.get(fill.client_id)
        if state is None:
            return
        self._reclaim(fill.client_id, board)
        if self._recent(fact.at_us) and not state.foreign:
            self.view.pace.executed(state.order.strategy, fact.at_us)

    def _reversed(self, fact: bookings.FillReversed, board: Board) -> None:
        fill = fact.fill
        undone = replace(fill, quantity=-fill.quantity, fee=-fill.fee)
        self._traded(undone, fact.base_rate, fact.at_us)
        self._reclaim(fill.client_id, board)

    def _traded(self, fill: Fill, base_rate: Decimal | None, booked_us: int) -> None:
        if not self._replaying:
            # A start-up snapshot is asked after the replay, so it contains what was replayed.
            self.view.exposure.filled(fill, booked_us)
        if base_rate is not None:
            value = fill.cost * base_rate
            self.view.turnover.executed(value, fill.at_us, self._clock.now_us())

    def _recent(self, at_us: int) -> bool:
        return not self._replaying or at_us > self._clock.now_us() - REPLAY_WINDOW_US

    # What the screens show

    def usage(self) -> tuple[Usage, ...]:
        """How much of each standing limit is used and reserved, for the screens."""
        view = self._view()
        limits, exposure, unit = view.limits, view.exposure, view.settings.base_currency
        largest_open = max((claim.value for claim in exposure.claims.values()), default=ZERO)
        rows = [
            Usage("max_order_value", ZERO, largest_open, limits.max_order_value, unit),
            Usage(
                "max_daily_volume",
                view.turnover.today(view.now_us),
                exposure.value,
                limits.max_daily_volume,
                unit,
            ),
            Usage(
                "max_open_orders",
                Decimal(exposure.count),
                ZERO,
                limits.max_open_orders,
                "orders",
            ),
        ]
        if view.drawdown_pct is not None:
            drawdown, limit = view.drawdown_pct, limits.max_drawdown_pct
            rows.append(Usage("max_drawdown_pct", drawdown, ZERO, limit, "%"))
        return (*rows, *self._positions(view))

    def _positions(self, view: View) -> list[Usage]:
        limits, exposure, unit = view.limits, view.exposure, view.settings.base_currency
        rows = []
        for asset, mark in view.board.marks.items():
            limit = limits.position_limit(asset)
            most = exposure.most(asset) * mark.value
            coming = exposure.incoming.get(asset, ZERO) * mark.value
            cash = asset in view.settings.cash and asset not in limits.max_position_size
            if not cash and limit and (most or coming):
                rows.append(Usage("max_position_size", most, coming, limit, unit, asset))
        rows.sort(key=lambda row: -(row.used + row.reserved) / row.limit)
        return rows


def _terms(order: Order) -> Terms:
    return (order.account, order.symbol, order.side, order.quantity, order.price)
