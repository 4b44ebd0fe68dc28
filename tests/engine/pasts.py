"""What the cases of recovery have in common: a past to recover from, and what came out.

The one rule: a past is made by the engine and the model venue, never by writing its outcome.
"""

import asyncio
from decimal import Decimal

from domain import asks, events
from domain.board import Break
from domain.orders import Draft, Kind, Order, OrderState, Side, Status
from domain.verdicts import Verdict
from tests.sim.truth import Resting, Truth
from tests.sim.world import ACCOUNT, ME, SETTINGS, Life, World

D = Decimal
OURS = "QDS100000000000001"
PROOF_S = 6 + 2 + SETTINGS.search_gap_s  # a create's last chance to arrive, then two searches


def draft(quantity: str = "0.5") -> Draft:
    return Draft(
        account=ACCOUNT,
        symbol="BTC/USD",
        side=Side.BUY,
        kind=Kind.LIMIT,
        quantity=D(quantity),
        price=D(1990),
    )


def order(world: World, client_id: str = OURS) -> Order:
    wish = draft()
    return Order(
        client_id=client_id,
        account=ACCOUNT,
        symbol=wish.symbol,
        side=wish.side,
        kind=wish.kind,
        quantity=wish.quantity,
        price=wish.price,
        reference=D(1990),
        base_rate=D(1),
        actor="me",
        at_us=world.clock.now_us(),
    )


async def intended(world: World, life: Life, *, sent: bool) -> Order:
    """An order in the ledger whose engine crashed before anybody heard more of it."""
    made = order(world)
    at_us = world.clock.now_us()
    verdict = Verdict(approved=True)
    await life.desk.record(
        events.OrderApproved(at_us=at_us, actor="me", order=made, verdict=verdict)
    )
    if sent:
        fact = events.OrderSent(at_us=at_us, actor="engine", client_id=made.client_id)
        await life.desk.record(fact)
    return made


async def submitted(life: Life, quantity: str = "0.5") -> OrderState:
    answer = await life.desk.ask(asks.SubmitOrder(draft=draft(quantity)), ME)
    assert answer.status is Status.OPEN
    return life.desk.board.orders[answer.client_id]


async def restarted(world: World, life: Life) -> Life:
    await life.crashed()
    second = world.start()
    await second.engine.ready.wait()
    return second


async def cancelled(life: Life, name: str) -> None:
    """Cancelled by us, and its grace over."""
    await life.desk.ask(asks.CancelOrder(client_id=name), ME)
    await asyncio.sleep(SETTINGS.settle_grace_s + 5)
    state = life.desk.board.orders[name]
    assert (state.status, state.reserved_quantity) == (Status.CANCELED, D(0))


def traded(truth: Truth, name: str, quantity: str) -> None:
    """The venue fills so much of an order at its price."""
    resting = truth.by_client_id(name)
    assert resting is not None
    assert resting.price is not None
    truth._trade(resting, D(quantity), resting.price)


def risen(truth: Truth, name: str) -> Resting:
    """The venue contradicts itself: an order that it ended works again."""
    resting = truth.by_client_id(name)
    assert resting is not None
    resting.final = None
    truth._changed(resting)
    return resting


def claims(life: Life) -> set[str]:
    return set(life.parts.floor.door.view.exposure.claims)


def breaks(life: Life, kind: str) -> list[Break]:
    return [known for known in life.desk.board.breaks if known.kind == kind]


def booked(world: World, kind: type[events.Fact]) -> list[events.Fact]:
    return [stored.fact for stored in world.disk.stored.values() if isinstance(stored.fact, kind)]


def agrees(world: World, life: Life) -> bool:
    held = life.parts.books.held(ACCOUNT)
    return {a: held.get(a, D(0)) for a in world.truth.totals} == world.truth.totals
