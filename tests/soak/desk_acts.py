"""Acts of chaos on the desk itself: its process, its kill switch.

The one rule: what a halt promises is looked at where it counts, at the venues: no create
arrives after it, and nothing of ours rests there once it is verified.
"""

import asyncio
import signal

from domain import asks
from domain.halts import GLOBAL, HaltState
from tests.soak import warden
from tests.soak.home import Stall
from tests.soak.stage import WORDS, DeskAct, Stage

UNDER_WAY_S = 1.0  # what was on the wire when the trip was answered has arrived by then
VERIFY_S = 90
RELEASE_S = 150
CLOCKS_READ_S = 45


async def frozen(stage: Stage) -> str:
    """The daemon is stopped for seconds and goes on as if nothing had been."""
    seconds = stage.dice.uniform(1, 7)
    stage.home.signal(signal.SIGSTOP)
    try:
        await asyncio.sleep(seconds)
    finally:
        stage.home.signal(signal.SIGCONT)
    await stage.hold(2, 4)
    return f"SIGSTOP for {seconds:.1f} s"


async def clock_stepped(stage: Stage) -> str:
    """The computer's own clock jumps and comes back."""
    seconds = stage.dice.choice((-60, -3, 3, 60))
    before = await warden.fired(stage, "clock_skew")
    stage.home.step_clock(seconds)
    try:
        await stage.hold(6, 12)
        for stall in stage.home.stalls:
            scope = f"VENUE:{stall.family}"
            await warden.must_trip(stage, "clock_skew", scope, before, CLOCKS_READ_S)
    finally:
        stage.home.step_clock(0)
    await stage.hold(2, 4)
    return f"{seconds:+d} s"


async def tripped(stage: Stage) -> str:
    """Trip, look that nothing leaves and nothing rests, release with a code."""
    stage.asked_to_halt = True
    try:
        await stage.seat.ask(asks.Trip(reason="the soak says so"))
        await _proven(stage)
        await released(stage, GLOBAL)
    finally:
        stage.asked_to_halt = False
    return "verified and released"


async def killed_while_hung(stage: Stage) -> str:
    """`--kill` with an engine that does not answer; it wakes to a halt that is proven."""
    stage.asked_to_halt = True
    try:
        stage.home.signal(signal.SIGSTOP)
        try:
            status, told = await stage.home.run("--kill", "the soak stopped the engine")
            if status:
                stage.diary.violation(f"--kill beside a hung engine ended with {status}: {told}")
            elif resting := await _resting(stage):
                stage.diary.violation(f"--kill said verified and {resting} rest")
        finally:
            stage.home.signal(signal.SIGCONT)
        if not await stage.seat.until(lambda b: bool(b.halts), 30):
            stage.diary.violation("the engine woke to a marker and did not halt")
        await _proven(stage)
        await released(stage, GLOBAL)
    finally:
        stage.asked_to_halt = False
    return "verified without the engine, imported, released"


async def killed(stage: Stage) -> str:
    """kill -9, in the middle of whatever it does, and a new life."""
    await stage.home.stop(signal.SIGKILL)
    await asyncio.sleep(stage.dice.uniform(0, 2))
    await stage.home.start()
    return "SIGKILL"


async def drained(stage: Stage) -> str:
    """An orderly stop, and a new life."""
    status = await stage.home.stop(signal.SIGTERM)
    if status:
        stage.diary.violation(f"the daemon drained with status {status}")
    await stage.home.start()
    return "SIGTERM"


async def released(stage: Stage, scope: str, within_s: float = RELEASE_S) -> None:
    """Release the halt over `scope`; again and again, because a list may fail."""
    until_s = stage.diary.now_s + within_s
    while stage.diary.now_s < until_s:
        halt = next((h for h in warden.standing(stage.seat.board) if h.scope == scope), None)
        if halt is None:
            return
        if await warden.release(stage, halt, by_act=True):
            if not await stage.seat.until(lambda b: all(h.scope != scope for h in b.halts), 30):
                stage.diary.violation(f"{scope} was released and did not resume")
            return
        await asyncio.sleep(1)
    stage.diary.violation(f"{scope} could not be released in {within_s:.0f} s")


async def _proven(stage: Stage) -> None:
    """Nothing is created any more; when the desk says verified, nothing of ours rests."""
    await asyncio.sleep(UNDER_WAY_S)
    before = [await _creates(stall) for stall in stage.home.stalls]
    verified = await stage.seat.until(
        lambda b: bool(b.halts) and all(h.state is HaltState.HALTED for h in b.halts), VERIFY_S
    )
    resting = await _resting(stage)
    if not verified:
        stage.diary.violation(f"the halt was not verified in {VERIFY_S} s; {resting} rest")
    elif resting:
        stage.diary.violation(f"the halt is verified and {resting} rest at the venues")
    after = [await _creates(stall) for stall in stage.home.stalls]
    if after != before:
        stage.diary.violation(f"orders left while the desk was halted: {before}, then {after}")


async def _creates(stall: Stall) -> int:
    counts: dict[str, int] = await stall.ask("counts")
    return counts.get(WORDS[stall.family].create, 0)


async def _resting(stage: Stage) -> list[str]:
    """Open orders of ours at the venues, by the venues' word."""
    found: list[str] = []
    for stall in stage.home.stalls:
        truth = await stall.ask("truth")
        found += [
            f"{stall.family} {order['client_id']}"
            for order in truth["orders"]
            if order["status"] == "open"
        ]
    return found


ACTS: tuple[DeskAct, ...] = (frozen, clock_stepped, tripped, killed_while_hung)
ENDINGS: tuple[DeskAct, ...] = (killed, drained)
