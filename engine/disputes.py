"""Orders on which ledger and venue disagree: gone there, or open there though ended here.

The one rule (semantics 6, cases G and H): nobody assumes how a dispute ends. It stands as a
break until the venue shows the order in agreement with the ledger, or a person decides.
"""

from domain import controls, events
from domain.board import VANISHED, Break
from domain.instruments import Account
from domain.money import canonical
from domain.orders import Final, OrderState, VenueOrder
from engine.floor import Floor

REOPENED = "ORDER_REOPENED"


class Disputes:
    """Opens the breaks of orders in dispute, and closes them when the venue explains them."""

    def __init__(self, floor: Floor) -> None:
        self._floor = floor

    async def vanished(self, state: OrderState) -> None:
        """The venue showed it once and knows nothing of it now: never "assume cancelled"."""
        left = state.quantity - state.filled
        await self._open(
            VANISHED,
            state,
            f"{state.client_id} was {state.status.value} and no search of open orders, closed "
            f"orders and trades finds it; its {canonical(left)} stay reserved. If "
            f"{state.order.account.venue} says that it is over, give it up on the order's screen",
        )

    async def reopened(self, state: OrderState) -> None:
        """Ended here and open there; it reserves what it can still trade, and can be cancelled."""
        text = f"{state.client_id} is {state.status.value} here and open at the venue; cancel it"
        facts: list[events.Fact] = []
        if state.terminal:
            text = f"{state.client_id} was {state.status.value} here and is open at the venue"
            facts.append(
                events.OrderReopened(
                    at_us=self._floor.now_us(),
                    actor=state.order.account.venue,
                    client_id=state.client_id,
                    reason=text,
                )
            )
            text = f"{text}; cancel it"
        await self._open(REOPENED, state, text, *facts)

    async def found(self, state: OrderState, report: VenueOrder) -> None:
        """A look-up has found it: what that explains is closed."""
        name = state.client_id
        venue = state.order.account.venue
        if state.reopened and report.final is not None:
            await self._floor.desk.record(
                events.OrderEndedAgain(at_us=self._floor.now_us(), actor=venue, client_id=name)
            )
        await self._close(VANISHED, name, f"{venue} shows the order again")

    async def settled(self, account: Account) -> None:
        """Close what has resolved itself: the order has ended here, as its venue told."""
        board = self._floor.desk.board
        for known in board.breaks:
            if known.account != account or known.kind not in (VANISHED, REOPENED):
                continue
            for state in board.orders.values():
                if state.terminal and known in board.breaks_of(state.client_id):
                    why = f"the order is {state.status.value}"
                    await self._close(known.kind, state.client_id, why)

    def standing(self, kind: str, client_id: str) -> bool:
        """Whether such a break of this order is open."""
        breaks = self._floor.desk.board.breaks_of(client_id)
        return any(known.kind == kind for known in breaks)

    async def _open(self, kind: str, state: OrderState, detail: str, *also: events.Fact) -> None:
        facts = list(also)
        at_us = self._floor.now_us()
        if not self.standing(kind, state.client_id):
            facts.append(
                controls.BreakOpened(
                    at_us=at_us,
                    actor="engine",
                    break_id=f"{kind}:{state.client_id}:{at_us}",
                    kind=kind,
                    account=state.order.account,
                    detail=detail,
                )
            )
        if facts:
            await self._floor.desk.record(*facts)

    async def _close(self, kind: str, client_id: str, reason: str) -> None:
        for known in self._floor.desk.board.breaks_of(client_id):
            if known.kind == kind:
                await self._floor.desk.record(
                    controls.BreakClosed(
                        at_us=self._floor.now_us(),
                        actor="engine",
                        break_id=known.break_id,
                        reason=reason,
                    )
                )


def given_up(
    state: OrderState, gone: Break | None, reason: str, actor: str, at_us: int
) -> list[events.Fact]:
    """What is recorded when a person gives an order up; `gone`: its break, if it had vanished.

    One that the venue had shown is ended on the person's word, keeps its reservation through
    the grace, and is a dispute anew if the venue ever shows it open again.
    """
    name = state.client_id
    if gone is None:
        return [events.OrderAbsent(at_us=at_us, actor=actor, client_id=name, reason=reason)]
    closed = controls.BreakClosed(at_us=at_us, actor=actor, break_id=gone.break_id, reason=reason)
    if state.reopened:
        return [events.OrderEndedAgain(at_us=at_us, actor=actor, client_id=name), closed]
    report = VenueOrder(
        account=state.order.account,
        venue_order_id=state.venue_order_id,
        client_id="" if state.foreign else name,
        cumulative=state.venue_cumulative,
        final=Final.CANCELED,
    )
    told = events.OrderReported(
        at_us=at_us, actor=actor, client_id=name, report=report, source="operator"
    )
    return [told, closed]
