"""Flattening: after a halt at FLATTEN has cancelled and proven, what is held is sold for cash.

Each account sells one slice at a time, through the same door as every order: a limit inside the
collar that is filled at once or not at all, never over what any limit allows. A slice whose fate
is unknown stops its account until that is settled. The one rule: it sells only while nobody has
tripped anything over the account since it was confirmed, and never after a restart; then a
person confirms it anew.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from decimal import ROUND_CEILING, Decimal

from domain import asks, controls
from domain.board import Board
from domain.errors import DeskError, Refused
from domain.flatten import (
    STRATEGY,
    AccountLeft,
    Flattening,
    FlattenPlan,
    FlattenState,
    Leftover,
    PlannedSale,
)
from domain.halts import Halt, Level, scope_of
from domain.instruments import Account
from domain.money import ZERO, exactly
from domain.orders import Draft, OrderState
from domain.scopes import Reach, Scope
from engine.coverage import misread
from engine.floor import Floor
from engine.killswitch import KillSwitch
from engine.operators import EVERY_ROLE, Operator, Role
from engine.trading import Permit
from risk.flatten import PROMISED, Holding, to_sell

ENGINE = Operator(name="engine", roles=EVERY_ROLE)
PAUSE_S = 1  # between two looks while nothing can be sold
PACE_S = 0.2  # between two sales
TRIES = 20  # in a row that sell nothing of an asset; then it is left, and named
SECOND_US = 1_000_000
SETTLED_S = 180  # by then every grace is over and the balances have been read again
RESTARTED = "the engine was restarted; trip FLATTEN again to sell what is left"
Submit = Callable[[asks.SubmitOrder, Operator, Permit], Awaitable[asks.Submitted]]
log = logging.getLogger(__name__)


@dataclass
class _Run:
    """One account's flattening: since `trip`, under the halt over `scope`."""

    account: Account
    scope: str
    trip: int
    told: Flattening
    misses: dict[str, int] = field(default_factory=dict)
    why: dict[str, str] = field(default_factory=dict)
    promised_us: dict[str, int] = field(default_factory=dict)


class Flattener:
    """Answers FlattenPreview; sells on the kill switch's word."""

    def __init__(self, floor: Floor, kill: KillSwitch, submit: Submit) -> None:
        self._floor = floor
        self._kill = kill
        self._submit = submit
        self._runs: dict[Account, _Run] = {}
        kill.flatten = self.begin
        floor.desk.answer(asks.FlattenPreview, self.preview, Role.VIEWER)

    # Before

    async def preview(self, ask: asks.FlattenPreview, _: Operator) -> FlattenPlan:
        """What would be sold now, what would stay, and in how many slices at most limits."""
        covers_nothing = misread(self._floor, ask.scope)
        if covers_nothing:
            raise Refused("scope", covers_nothing)
        scope = scope_of(ask.scope)
        if scope.reach is Reach.STRATEGY:
            raise Refused("flatten", "what a strategy holds is not kept apart; name its account")
        view = self._floor.door.seen()
        sales: list[PlannedSale] = []
        left: list[AccountLeft] = []
        with exactly():
            for account in self._accounts(scope):
                holdings, stays = to_sell(account, scope, view)
                sales += [_planned(h, view.limits.max_order_value) for h in holdings]
                left += [AccountLeft(account=account, left=stays)] if stays else []
            value = sum((sale.value for sale in sales), ZERO)
        return FlattenPlan(
            scope=str(scope),
            collar_pct=view.limits.price_collar_pct,
            sales=tuple(sales),
            left=tuple(left),
            value=value,
        )

    def _accounts(self, scope: Scope) -> list[Account]:
        return [account for account in self._floor.connections.accounts if scope.touches(account)]

    # Selling

    def begin(self, scope: str, trip: int) -> None:
        """Sell what the halt over `scope` covers, since it was confirmed by that trip."""
        for account in self._accounts(scope_of(scope)):
            waiting = Flattening(account=account, state=FlattenState.WAITING)
            run = self._runs[account] = _Run(account, scope, trip, waiting)
            self._floor.run(self._flatten(run), f"flatten {account}")

    def started(self) -> None:
        """After a restart nothing is sold: say so of whatever was being sold."""
        for halt in self._floor.desk.board.halts:
            for seen in halt.flattened:
                if seen.state in (FlattenState.WAITING, FlattenState.SELLING):
                    stopped = replace(seen, state=FlattenState.STOPPED, detail=RESTARTED)
                    self._floor.desk.post(self._fact(halt.halt_id, stopped))

    async def _flatten(self, run: _Run) -> None:
        await self._tell(run, detail="its orders are cancelled and proven gone first")
        async for board in self._floor.desk.watch():
            if not self._may(run):
                await self._tell(run, state=FlattenState.STOPPED, detail=self._why_not(run))
                return
            halt = _halt(board, run)
            if halt is not None and halt.level is Level.FLATTEN and halt.verified:
                break
        await self._tell(run, state=FlattenState.SELLING, detail="")
        while self._may(run):
            if await self._sold_out(run):
                return
        await self._tell(run, state=FlattenState.STOPPED, detail=self._why_not(run))

    def _may(self, run: _Run) -> bool:
        """Whether the confirmed trip is the newest word about this account."""
        stop = self._floor.stop
        return (
            self._runs.get(run.account) is run
            and stop.held(run.scope)
            and stop.levels.get(scope_of(run.scope)) == Level.FLATTEN
            and not stop.touched_since(run.trip, run.account)
        )

    def _why_not(self, run: _Run) -> str:
        if not self._floor.stop.held(run.scope):
            return "the halt was released"
        return "tripped again: nothing more is sold until FLATTEN is confirmed anew"

    async def _sold_out(self, run: _Run) -> bool:
        """One step: wait, sell a slice, or end; whether it has ended."""
        halt = _halt(self._floor.desk.board, run)
        if halt is None or not halt.verified:
            await self._tell(run, detail="an order turned up; it is cancelled first")
            await asyncio.sleep(PACE_S)
            return False
        pending = self._pending(run.account)
        if pending is not None:
            waits = f"waiting for {pending.client_id}, which is {pending.status.value}"
            await self._tell(run, detail=waits)
            await asyncio.sleep(PACE_S)
            return False
        with exactly():
            found, left = to_sell(run.account, scope_of(run.scope), self._floor.door.seen())
        sales = [holding for holding in found if run.misses.get(holding.asset, 0) < TRIES]
        waiting = [kept for kept in left if self._may_change(kept, run)]
        if sales:
            await self._sell(run, sales[0])
        elif waiting:
            for kept in waiting:
                if kept.why != PROMISED:
                    run.misses[kept.asset] = run.misses.get(kept.asset, 0) + 1
            await asyncio.sleep(PAUSE_S)
        else:
            given_up = [_given_up(holding, run) for holding in found]
            await self._tell(run, state=FlattenState.DONE, left=(*left, *given_up), detail="")
            return True
        return False

    def _may_change(self, kept: Leftover, run: _Run) -> bool:
        """Whether waiting may help: a price may come, a reservation may end; dust stays dust."""
        if kept.why == PROMISED:
            since_us = run.promised_us.setdefault(kept.asset, self._floor.clock.monotonic_us())
            return self._floor.clock.monotonic_us() - since_us < SETTLED_S * SECOND_US
        run.promised_us.pop(kept.asset, None)
        hopeless = kept.why.startswith("dust") or kept.why.endswith("no cash")
        return not hopeless and run.misses.get(kept.asset, 0) < TRIES

    def _pending(self, account: Account) -> OrderState | None:
        """A slice of ours here that is not over: nothing else is sold until it is."""
        return next(
            (
                state
                for state in self._floor.desk.board.orders.values()
                if state.order.strategy == STRATEGY
                and state.order.account == account
                and not state.terminal
            ),
            None,
        )

    async def _sell(self, run: _Run, holding: Holding) -> None:
        most = self._floor.door.largest_sale(holding.draft)
        quantity = min(most, holding.draft.quantity) if most else holding.draft.quantity
        draft = replace(holding.draft, quantity=quantity)
        filled = ZERO
        try:
            filled = await self._slice(run, draft, holding.rate)
        except DeskError as error:
            run.why[holding.asset] = str(error)
        run.promised_us.pop(holding.asset, None)
        run.misses[holding.asset] = 0 if filled else run.misses.get(holding.asset, 0) + 1
        await asyncio.sleep(PACE_S if filled else PAUSE_S)

    async def _slice(self, run: _Run, draft: Draft, rate: Decimal) -> Decimal:
        """Send one slice and wait until its fate is known; how much of it was sold."""

        def permit(client_id: str) -> bool:
            if not self._may(run):
                return False
            self._kill.slices.add(client_id)
            return True

        answer = await self._submit(asks.SubmitOrder(draft=draft), ENGINE, permit)
        await self._tell(run, slices=run.told.slices + 1)
        async for board in self._floor.desk.watch():
            state = board.orders.get(answer.client_id)
            if state is None or state.terminal or not self._may(run):
                break
        if state is None or not state.filled:
            run.why[draft.symbol.partition("/")[0]] = "nobody buys within the collar"
            return ZERO
        with exactly():
            sold = state.filled * (state.average_price or ZERO) * rate
        await self._tell(run, sold=run.told.sold + sold, detail="")
        return state.filled

    # Telling

    async def _tell(self, run: _Run, **changes: object) -> None:
        told = replace(run.told, **changes)  # type: ignore[arg-type]
        halt = _halt(self._floor.desk.board, run)
        known = halt is not None and any(seen == told for seen in halt.flattened)
        run.told = told
        if halt is None or known or self._runs.get(run.account) is not run:
            return
        try:
            await self._floor.desk.record(self._fact(halt.halt_id, told))
        except DeskError as error:  # the ledger's failure has tripped everything: `_may` says no
            log.critical("a flattening could not be written down: %s", error)

    def _fact(self, halt_id: str, told: Flattening) -> controls.HaltFlattened:
        return controls.HaltFlattened(
            at_us=self._floor.now_us(), actor="engine", halt_id=halt_id, flattening=told
        )


def _halt(board: Board, run: _Run) -> Halt | None:
    return next((halt for halt in board.halts if halt.scope == run.scope), None)


def _given_up(holding: Holding, run: _Run) -> Leftover:
    why = run.why.get(holding.asset, "it could not be sold")
    return Leftover(asset=holding.asset, quantity=holding.draft.quantity, why=why)


def _planned(holding: Holding, most_value: Decimal) -> PlannedSale:
    """Slices by `max_order_value` alone; a stricter limit makes more of them."""
    slices = 1
    if most_value > ZERO:
        slices = max(1, int((holding.value / most_value).to_integral_value(ROUND_CEILING)))
    return PlannedSale(
        account=holding.draft.account,
        asset=holding.asset,
        symbol=holding.draft.symbol,
        quantity=holding.draft.quantity,
        value=holding.value,
        slices=slices,
    )
