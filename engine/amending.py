"""Changing a working order: in place where the venue can, else cancel and replace.

The one rule: from the wish until the venue's verdict the larger of the old and the new
remainder is reserved; a replacement is sent only when the order it replaces is proven over,
and beside what that one still reserves: where there is no room for both it waits.
"""

import asyncio
from collections.abc import Set as AbstractSet
from dataclasses import replace
from decimal import Decimal

from domain import asks, events
from domain.errors import DeskError, InDoubt, Refused
from domain.lastlook import last_look
from domain.money import ZERO
from domain.orders import Amendment, Draft, Kind, OrderState, Status
from domain.ports import Placement
from domain.verdicts import Verdict
from engine.floor import Floor
from engine.lookups import Lookups
from engine.names import client_id
from engine.operators import Operator, Role
from engine.trading import Trading, submitted, verdict_of

AMENDABLE = frozenset({Status.OPEN, Status.PARTIAL})
REPLACE_WAIT_S = 30
# The rules that a reservation of the parent can be in the way of.
RESERVING = frozenset(
    {"available_balance", "max_position_size", "max_daily_volume", "max_open_orders"}
)


class Amending:
    """Answers ModifyOrder."""

    def __init__(self, floor: Floor, trading: Trading, lookups: Lookups) -> None:
        self._floor = floor
        self.trading = trading
        self.lookups = lookups
        self._changing: set[str] = set()  # asked for, and not on the board yet
        floor.desk.answer(asks.ModifyOrder, self.modify, Role.TRADER)

    @property
    def underway(self) -> AbstractSet[str]:
        """The orders of which a change is being asked for here."""
        return self._changing

    async def modify(self, ask: asks.ModifyOrder, caller: Operator) -> asks.Submitted:
        """Change quantity or price; Refused says why not, the old terms stay then."""
        self.trading.in_time(ask.expires_us)
        state = self._amendable(ask)
        quantity = ask.quantity if ask.quantity is not None else state.quantity
        price = ask.price if ask.price is not None else state.price
        if quantity <= ZERO:
            raise Refused("order", "a quantity is above zero; to end the order, cancel it")
        if quantity <= state.filled:
            raise Refused("order", f"{state.filled} is filled already; cancel it instead")
        if quantity == state.quantity and price == state.price:
            raise Refused("order", "these are its terms already")
        self._changing.add(state.client_id)
        work = self._changed(state, quantity, price, caller)
        return await asyncio.shield(self._floor.spawn(work, f"change {state.client_id}"))

    async def _changed(
        self, state: OrderState, quantity: Decimal, price: Decimal | None, caller: Operator
    ) -> asks.Submitted:
        """One change of an order at a time, whether or not its asker waits for the end."""
        try:
            if self._floor.connections.of(state.order.account).traits.amends:
                return await self._in_place(state, quantity, price, caller)
            return await self._replace(state, quantity, price, caller)
        finally:
            self._changing.discard(state.client_id)

    def _amendable(self, ask: asks.ModifyOrder) -> OrderState:
        state = self._floor.state(ask.client_id)
        if state.foreign:
            raise Refused("order", f"{ask.client_id} is not ours; change it where it was made")
        changing = state.amendment is not None or state.client_id in self._changing
        if state.status not in AMENDABLE or changing:
            busy = "has a change under way" if changing else f"is {state.status.value}"
            raise Refused("order", f"{ask.client_id} {busy}; only a resting order can change")
        if ask.price is not None and state.order.kind is not Kind.LIMIT:
            raise Refused("order", "only a limit order has a price to change")
        return state

    # In place

    async def _in_place(
        self, state: OrderState, quantity: Decimal, price: Decimal | None, caller: Operator
    ) -> asks.Submitted:
        floor = self._floor
        amendment = Amendment(
            client_id=client_id(floor.dice, floor.desk.board.install_tag),
            quantity=quantity,
            price=price,
            at_us=floor.now_us(),
        )
        verdict = floor.door.approve_amendment(state, amendment)
        if not verdict.approved:
            raise Refused(verdict.rule, verdict.reason)
        await self._intend(state, amendment, verdict, caller)
        return await self._send(state, amendment)

    async def _intend(
        self, state: OrderState, amendment: Amendment, verdict: Verdict, caller: Operator
    ) -> None:
        fact = events.AmendRequested(
            at_us=amendment.at_us,
            actor=caller.name,
            client_id=state.client_id,
            amendment=amendment,
            verdict=verdict,
        )
        try:
            await self._floor.desk.record(fact)
        except DeskError as error:
            self._floor.door.withdraw(state.client_id)
            raise Refused("ledger", f"the change could not be written: {error}") from error

    async def _send(self, state: OrderState, amendment: Amendment) -> asks.Submitted:
        floor, name = self._floor, state.client_id
        if self.trading.closed(state.order):
            await self._refused(name, "HALTED before it was sent")
            raise Refused("halt", "HALTED before it was sent")
        with last_look(lambda: self.trading.closed(state.order)):
            answer = await verdict_of(
                floor.connections.trader(state.order.account).amend(state, amendment),
                name,
                floor.settings.ack_timeout_s,
            )
        if isinstance(answer, Placement):
            return await self._answered(name, amendment, answer)
        doubt = events.AmendInDoubt(
            at_us=floor.now_us(), actor="engine", client_id=name, reason=answer
        )
        await floor.desk.record(doubt)
        self.lookups.follow(name)
        raise InDoubt(name, answer)

    async def _answered(self, name: str, amendment: Amendment, answer: Placement) -> asks.Submitted:
        floor = self._floor
        if not answer.accepted:
            await self._refused(name, answer.reason)
            self.lookups.follow(name)
            raise Refused(answer.code or "venue", f"the venue rejected the change: {answer.reason}")
        await floor.desk.record(
            events.AmendConfirmed(
                at_us=floor.now_us(),
                actor=floor.state(name).order.account.venue,
                client_id=name,
                quantity=amendment.quantity,
                price=amendment.price,
            )
        )
        if floor.state(name).lowered_us:
            self.lookups.follow(name)  # fills at the dearer price may be told late
        return submitted(floor.state(name))

    async def _refused(self, name: str, reason: str) -> None:
        await self._floor.desk.record(
            events.AmendRefused(
                at_us=self._floor.now_us(), actor="engine", client_id=name, reason=reason
            )
        )

    # Cancel and replace

    async def _replace(
        self, state: OrderState, quantity: Decimal, price: Decimal | None, caller: Operator
    ) -> asks.Submitted:
        """Cancel the parent, prove that it is over, then send a child for what is left."""
        draft = _child(state, quantity - state.filled, price)
        verdict = self._floor.door.approve_amendment(
            state,
            Amendment(
                client_id=state.client_id,
                quantity=quantity,
                price=price,
                at_us=self._floor.now_us(),
            ),
        )
        self._floor.door.withdraw(state.client_id)  # only judged: the child reserves for itself
        if not verdict.approved:
            raise Refused(verdict.rule, verdict.reason)
        await self.trading.cancel(state, f"replaced by {caller.name}", caller.name)
        await self._proven_over(state.client_id)
        if self._crowded(self._rest(state.client_id, draft, quantity)):
            await self._settled(state.client_id)
        ask = asks.SubmitOrder(draft=self._rest(state.client_id, draft, quantity))
        return await self.trading.submit(ask, caller, parent=state.client_id)

    def _rest(self, name: str, draft: Draft, quantity: Decimal) -> Draft:
        """What is left to order of `quantity` in all, by what the parent has filled so far."""
        filled = self._floor.state(name).filled
        if quantity <= filled:
            raise Refused("order", f"{name} filled {filled} before the change")
        return replace(draft, quantity=quantity - filled)

    def _crowded(self, child: Draft) -> bool:
        """Whether there is no room for the child beside what its parent still reserves."""
        verdict = self._floor.door.verdict(child)
        return not verdict.approved and verdict.rule in RESERVING

    async def _settled(self, name: str) -> None:
        """Wait for the end of the parent's grace: late fills of it may come until then."""
        wait_s = self._floor.settings.settle_grace_s + REPLACE_WAIT_S
        try:
            async with asyncio.timeout(wait_s):
                async for board in self._floor.desk.watch():
                    state = board.orders.get(name)
                    if state is None or not state.reserved_quantity:
                        return
        except TimeoutError:
            return  # the gate says what still stands against the child

    async def _proven_over(self, name: str) -> None:
        """Until the parent has ended at the venue with every fill that it counts booked.

        Its rest stays reserved all the same: some venues count the last fills late.
        """
        try:
            async with asyncio.timeout(REPLACE_WAIT_S):
                async for board in self._floor.desk.watch():
                    state = board.orders[name]
                    if state.venue_final is None or state.status is Status.SETTLING:
                        continue
                    sought = await self.lookups.look_up(state)
                    state = self._floor.state(name)
                    if sought.complete and state.status is not Status.SETTLING:
                        break
        except TimeoutError:
            why = f"its cancel was not confirmed in {REPLACE_WAIT_S} s; nothing was sent instead"
            raise InDoubt(name, why) from None


def _child(state: OrderState, quantity: Decimal, price: Decimal | None) -> Draft:
    order = state.order
    return Draft(
        account=order.account,
        symbol=order.symbol,
        side=order.side,
        kind=order.kind,
        quantity=quantity,
        price=price,
        time_in_force=order.time_in_force,
        post_only=order.post_only,
        strategy=order.strategy,
    )
