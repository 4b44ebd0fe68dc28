"""The life of an order from the ask to the venue's first answer (semantics 1).

The one rule: intent durable, halt looked at, sent once. Whatever is not a verdict parsed from
the venue's own answer becomes UNKNOWN, keeps its reservation and is looked up.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from collections.abc import Set as AbstractSet

from domain import asks, events
from domain.errors import DeskError, InDoubt, Refused, Unavailable
from domain.halts import Level, scope_of
from domain.lastlook import last_look
from domain.orders import Order, OrderState
from domain.ports import Placement
from domain.verdicts import Verdict
from engine.floor import Floor
from engine.operators import Operator, Role

SECOND_US = 1_000_000
AT_ONCE = 8
log = logging.getLogger(__name__)
Permit = Callable[[str], bool]  # may this order, a sale of a halt at FLATTEN, still leave?


class Trading:
    """Answers SubmitOrder, CancelOrder, CancelAll and Check; sends creates and cancels."""

    def __init__(self, floor: Floor) -> None:
        self._floor = floor
        self.on_doubt: Callable[[str], None] = _nobody
        self._underway: set[str] = set()
        desk = floor.desk
        desk.answer(asks.Check, self.check, Role.VIEWER)
        desk.answer(asks.SubmitOrder, self.submit, Role.TRADER)
        desk.answer(asks.CancelOrder, self.cancel_asked, Role.TRADER)
        desk.answer(asks.CancelAll, self.cancel_all, Role.TRADER)

    @property
    def underway(self) -> AbstractSet[str]:
        """The orders whose intent or create somebody here still waits for."""
        return self._underway

    async def check(self, ask: asks.Check, _: Operator) -> Verdict:
        """What the gate would say; nothing is reserved or written."""
        return self._floor.door.check(ask.draft)

    async def submit(
        self,
        ask: asks.SubmitOrder,
        caller: Operator,
        *,
        parent: str = "",
        flattens: Permit | None = None,
    ) -> asks.Submitted:
        """Judge, reserve, write, send, and tell the first answer.

        `flattens` makes it a sale of a halt at FLATTEN; asked again right before it is sent,
        it says whether that still stands.
        """
        self.in_time(ask.expires_us)
        self._floor.connections.of(ask.draft.account)
        approval = self._floor.door.approve(
            ask.draft, caller.name, parent, flattens=flattens is not None
        )
        order, verdict = approval.order, approval.verdict
        if not verdict.approved:
            await self._deny(order, verdict.rule, verdict.reason, verdict)
            raise Refused(verdict.rule, verdict.reason)
        # From here on the order lives whether or not the asker waits: its own task sends it.
        work = self._launched(order, verdict, caller, flattens)
        return await asyncio.shield(self._floor.spawn(work, f"send {order.client_id}"))

    async def sell(
        self, ask: asks.SubmitOrder, caller: Operator, flattens: Permit
    ) -> asks.Submitted:
        """A sale of a halt at FLATTEN: the engine's own, and nobody else's."""
        return await self.submit(ask, caller, flattens=flattens)

    async def _launched(
        self, order: Order, verdict: Verdict, caller: Operator, flattens: Permit | None = None
    ) -> asks.Submitted:
        self._underway.add(order.client_id)
        try:
            await self._intend(order, verdict, caller)
            return await self.send(order, flattens)
        finally:
            self._underway.discard(order.client_id)

    def in_time(self, expires_us: int) -> None:
        """Refuse what waited too long; it was meant for a moment that is over."""
        if expires_us and self._floor.now_us() > expires_us:
            late_ms = (self._floor.now_us() - expires_us) // 1000
            raise Refused("expired", f"the order waited {late_ms} ms too long and was dropped")

    async def _deny(
        self, order: Order, rule: str, reason: str, verdict: Verdict | None = None
    ) -> None:
        await self._floor.desk.record(
            events.OrderDenied(
                at_us=self._floor.now_us(),
                actor=order.actor,
                order=order,
                rule=rule,
                reason=reason,
                verdict=verdict,
            )
        )

    async def _intend(self, order: Order, verdict: Verdict, caller: Operator) -> None:
        """Make the intent durable; if that fails nothing leaves and nothing stays reserved."""
        fact = events.OrderApproved(
            at_us=order.at_us, actor=caller.name, order=order, verdict=verdict
        )
        try:
            stored = await self._floor.desk.record(fact)
        except DeskError as error:
            self._floor.door.withdraw(order.client_id)
            raise Refused("ledger", f"the order could not be written: {error}") from error
        if stored[0].conflict or stored[0].duplicate:
            raise Refused("ledger", f"the id {order.client_id} exists already; try again")

    # Sending

    async def send(self, order: Order, flattens: Permit | None = None) -> asks.Submitted:
        """Send one create, unless the world has stopped since it was approved."""
        floor = self._floor
        rule, why_not = self._stopped(order, flattens)
        if why_not:
            await self._deny(order, rule, why_not)
            raise Refused(rule, why_not)
        floor.desk.post(
            events.OrderSent(at_us=floor.now_us(), actor="engine", client_id=order.client_id)
        )
        outcome = await self._answered(order, flattens)
        await floor.desk.record(outcome)
        state = floor.state(order.client_id)
        if isinstance(outcome, events.OrderInDoubt):
            self.on_doubt(order.client_id)
        return submitted(state)

    def closed(self, order: Order, flattens: Permit | None = None) -> str:
        """Why this order may not leave this instant: a halt in memory, or a marker on disk."""
        level, why = self._floor.stop.over(order), ""
        if level:
            why = self._floor.stop.why(order)
        if self._floor.marker.present():
            level, why = self._marked(order, level, why)
        reduces = level in (Level.REDUCE_ONLY, Level.FLATTEN) and self._floor.door.reduces(order)
        if level == Level.NORMAL or (level == Level.REDUCE_ONLY and reduces):
            return ""
        if level == Level.FLATTEN and reduces and flattens is not None:
            if flattens(order.client_id):
                return ""
            why = "tripped again"
        name = "REDUCE_ONLY" if level == Level.REDUCE_ONLY else "HALTED"
        return f"{name} before it was sent: {why}"

    def _marked(self, order: Order, level: int, why: str) -> tuple[int, str]:
        """The stricter of a level and of what the markers on the disk say of this order."""
        for marker in self._floor.marker.standing():
            covers = scope_of(marker.scope).covers(order.account, order.symbol, order.strategy)
            if covers and marker.level > level:
                level, why = marker.level, f"the HALT marker is there: {marker.reason}"
        return level, why

    def _stopped(self, order: Order, flattens: Permit | None = None) -> tuple[str, str]:
        """(rule, reason) why this order must not leave any more."""
        floor = self._floor
        halted = self.closed(order, flattens)
        if halted:
            return "halt", halted
        state = floor.desk.board.orders.get(order.client_id)
        if state is not None and state.cancel_requested:
            return "cancelled", "cancelled before it was sent"
        return "", ""

    async def _answered(self, order: Order, flattens: Permit | None) -> events.Fact:
        """The fact that the venue's answer, or the lack of one, amounts to."""
        floor = self._floor
        with last_look(lambda: self.closed(order, flattens)):
            placement = await verdict_of(
                floor.connections.trader(order.account).place(order),
                order.client_id,
                floor.settings.ack_timeout_s,
            )
        at_us = floor.now_us()
        if isinstance(placement, str):
            return events.OrderInDoubt(
                at_us=at_us, actor="engine", client_id=order.client_id, reason=placement
            )
        if placement.accepted:
            return events.OrderAcked(
                at_us=at_us,
                actor=order.account.venue,
                client_id=order.client_id,
                venue_order_id=placement.venue_order_id,
            )
        return events.OrderRejected(
            at_us=at_us,
            actor=order.account.venue,
            client_id=order.client_id,
            code=placement.code,
            reason=placement.reason,
        )

    # Cancelling

    async def cancel_asked(self, ask: asks.CancelOrder, caller: Operator) -> asks.Submitted:
        """Cancel one order, whatever the halt says; never expires."""
        state = self._floor.state(ask.client_id)
        if state.terminal:
            raise Refused("order", f"{ask.client_id} is {state.status.value} already")
        await self.cancel(state, f"asked by {caller.name}", caller.name)
        return submitted(self._floor.state(ask.client_id))

    async def cancel(self, state: OrderState, reason: str, actor: str) -> None:
        """Write the wish, send one cancel; what became of it is told by the venue's reports.

        A ledger that takes nothing keeps no cancel from leaving.
        """
        floor, client_id = self._floor, state.client_id
        await self._noted(
            events.CancelRequested(
                at_us=floor.now_us(), actor=actor, client_id=client_id, reason=reason
            )
        )
        if not state.sent and not state.seen:
            return  # still in the door: `send` sees the wish and denies
        answer = await verdict_of(
            floor.connections.trader(state.order.account).cancel(state),
            client_id,
            floor.settings.ack_timeout_s,
        )
        if isinstance(answer, Placement) and not answer.accepted:
            await self._noted(
                events.CancelRefused(
                    at_us=floor.now_us(),
                    actor=state.order.account.venue,
                    client_id=client_id,
                    reason=answer.reason,
                )
            )
        # Accepted, refused or unknown: only a look at the order tells how it ended.
        self.on_doubt(client_id)

    async def _noted(self, fact: events.Fact) -> None:
        """Write it down, if the ledger takes anything; a failure has tripped the switch."""
        try:
            await self._floor.desk.record(fact)
        except DeskError as error:
            log.critical("a cancel could not be written down: %s", error)

    async def cancel_all(self, ask: asks.CancelAll, caller: Operator) -> asks.Done:
        """Cancel every working order of ours, eight at a time."""
        # In a task of its own: an asker that goes away leaves no order behind.
        work = self.cancel_mine(f"cancel all by {caller.name}", ask.venue, caller.name)
        outcomes = await asyncio.shield(self._floor.spawn(work, "cancel all"))
        problems, count = [why for why in outcomes if why], outcomes.count("")
        told = f"; {len(problems)} could not be sent: {problems[0]}" if problems else ""
        where = ask.venue or "all venues"
        return asks.Done(detail=f"cancel sent for {count} orders at {where}{told}")

    async def cancel_mine(self, reason: str, venue: str = "", actor: str = "engine") -> list[str]:
        """Cancel our working orders (of one venue, or all): for each why it was not sent, or ""."""
        mine = [
            state
            for state in self._floor.desk.board.orders.values()
            if not state.terminal and not state.foreign and venue in ("", state.order.account.venue)
        ]
        gate = asyncio.Semaphore(AT_ONCE)

        async def one(state: OrderState) -> str:
            async with gate:
                try:
                    await self.cancel(state, reason, actor)
                except DeskError as error:  # of an account without a key: no reason for others
                    log.warning("%s could not be cancelled: %s", state.client_id, error)
                    return f"{state.client_id}: {error}"
            return ""

        return await asyncio.gather(*(one(state) for state in mine))


async def verdict_of(call: Awaitable[Placement], client_id: str, timeout_s: int) -> Placement | str:
    """A venue's parsed verdict, or the reason why its outcome is not known.

    `Unavailable` means that provably no byte left: that is a rejection of our own making.
    """
    try:
        async with asyncio.timeout(timeout_s):
            return await call
    except Unavailable as error:
        return Placement(accepted=False, code="NOT_SENT", reason=str(error))
    except InDoubt as error:
        return error.why
    except TimeoutError:
        return f"no answer in {timeout_s} s"
    except Refused as error:
        return Placement(accepted=False, code=error.rule, reason=error.reason)
    except Exception as error:  # noqa: BLE001 - boundary: a venue call that fails is UNKNOWN
        return f"{type(error).__name__} out of the venue's adapter for {client_id}"


def submitted(state: OrderState) -> asks.Submitted:
    """An order as the answer to whoever asked for it."""
    return asks.Submitted(
        client_id=state.client_id,
        status=state.status,
        venue_order_id=state.venue_order_id,
        reason=state.reason,
    )


def _nobody(_: str) -> None:
    """Before the look-ups are wired, nobody follows a doubt."""
