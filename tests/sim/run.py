"""Play one seed to its end and tell what was wrong.

The one rule: a seed that fails prints everything that is needed to see it fail again.
"""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from domain import asks
from domain.errors import DeskError
from tests.sim.checks import Invariants, unsettled
from tests.sim.loop import Stuck, VirtualLoop, simulate
from tests.sim.script import Script
from tests.sim.wire import Faults, SimReader, SimTrader
from tests.sim.world import ME, Life, World

PLAY_S = 80
SETTLE_S = 420
LOOK_S = 5


@dataclass(slots=True)
class Outcome:
    """What became of a seed: `broken` is empty when all held; `head` is its ledger's last hash."""

    seed: int
    broken: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    rows: int = 0
    orders: int = 0
    trades: int = 0
    virtual_s: int = 0
    head: str = ""


Plant = Callable[[World], None]
Scene = Callable[[World, Life], Coroutine[Any, Any, None]]


def _sound(_: World) -> None:
    """Plant nothing."""


def play(seed: int, plant: Plant = _sound) -> Outcome:
    """Play one seed."""
    outcome = Outcome(seed)
    try:
        simulate(lambda loop: _played(loop, seed, plant, outcome))
    except Stuck as error:
        outcome.broken.append(str(error))
    return outcome


async def _played(loop: VirtualLoop, seed: int, plant: Plant, outcome: Outcome) -> None:
    world = World(loop, seed)
    invariants = Invariants(world)
    plant(world)
    loop.set_exception_handler(lambda _, context: invariants.broken.append(_told(context)))
    try:
        await Script(world).play(PLAY_S)
        outcome.broken += await _rest(world)
        if not invariants.broken and not outcome.broken:
            outcome.broken += await _end(world)
    except (ExceptionGroup, AssertionError, ValueError, TypeError, KeyError) as error:
        outcome.broken.append(f"the engine fell: {_first(error)!r}")
    finally:
        if world.life is not None:
            await _buried(world.life)
    outcome.broken = invariants.broken + outcome.broken
    outcome.told = world.told
    outcome.rows = len(world.disk.rows)
    outcome.orders = len(world.truth.orders)
    outcome.trades = len(world.truth.trades)
    outcome.virtual_s = world.clock.monotonic_us() // 1_000_000
    outcome.head = world.disk.head.hash.hex()


def staged(
    scene: Scene,
    *,
    trader: type[SimTrader] = SimTrader,
    reader: type[SimReader] = SimReader,
    amends: bool = True,
) -> None:
    """One scene on a wire without faults: the engine is READY when it begins."""

    async def whole(loop: VirtualLoop) -> None:
        world = World(loop, 1)
        world.traits = replace(world.traits, account_stream=True, amends=amends)
        world.wire.faults = Faults()
        world.wire.hidden_orders = False
        world.limits = replace(world.limits, max_open_orders=Decimal(30))
        world.make_trader = trader
        world.make_reader = reader
        life = world.start()
        try:
            async with asyncio.timeout(30):
                await life.engine.ready.wait()
            await scene(world, life)
            if world.life is not None and world.life.task.done():
                world.life.task.result()
        finally:
            await _buried(world.life or life)

    simulate(whole)


async def _rest(world: World) -> list[str]:
    """Wait until nothing differs from the truth twice in a row; what still does in the end."""
    assert world.life is not None
    calm, problems = 0, ["it never began"]
    until_us = world.clock.monotonic_us() + SETTLE_S * 1_000_000
    while calm < 2 and world.clock.monotonic_us() < until_us:
        await asyncio.sleep(LOOK_S)
        if world.life.task.done():
            world.life.task.result()
        problems = unsettled(world, world.life)
        calm = 0 if problems else calm + 1
    return problems


async def _end(world: World) -> list[str]:
    """Cancel all, or start anew; and be at rest again."""
    assert world.life is not None
    if world.dice.chance(50):
        with suppress(DeskError):
            await world.life.desk.ask(asks.CancelAll(), ME)
        world.note("cancel all")
    else:
        await world.life.crashed()
        world.note("crash and start")
        world.start()
    return await _rest(world)


async def _buried(life: Life) -> None:
    """Whatever happened, nothing is left running."""
    life.ledger.crash()
    life.task.cancel()
    with suppress(asyncio.CancelledError, Exception):
        await life.task


def _told(context: dict[str, Any]) -> str:
    return f"{context.get('message')}: {context.get('exception')!r}"


def _first(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
