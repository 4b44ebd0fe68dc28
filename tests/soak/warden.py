"""The warden: halts that trip by themselves are explained by an act, and released as people do.

The one rule: a halt that no act of the last minutes explains is a violation; it is released all
the same, by its own scope, so that the run goes on.
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from domain import asks
from domain.board import Board
from domain.errors import DeskError, Refused, Unavailable
from domain.halts import Halt, HaltState, tripped_by
from domain.triggers import ReadTriggers
from tests.soak.stage import Stage

LOOK_S = 1.0
ALWAYS_ASKED = "was not reconciled"  # a release reconciles first, its preview does not
STILL, TRUE_YET = "still against it: ", "to be acknowledged: "

_ORDERS_FAIL = frozenset({
    "lost answers", "lost orders", "garbled answers", "server errors", "bans", "slow venue",
    "stubborn cancels", "clock step", "clock stepped", "venue down", "maintenance",
    "hostile text", "killed", "killed while hung", "frozen", "refused orders",
    "expired tokens", "jump", "delayed frames", "tampered frames", "silent streams",
})  # fmt: skip
_BOOKS_DIFFER = frozenset({
    "tampered frames", "delayed frames", "short lists", "lagging lists", "lost answers",
    "garbled answers", "server errors", "website", "killed", "killed while hung", "frozen",
    "silent streams", "cut streams", "venue down", "slow venue", "clock step", "clock stepped",
})  # fmt: skip
_SILENCE = frozenset({
    "cut streams", "close streams", "silent streams", "poisoned stream", "delayed frames",
    "garbled answers", "server errors", "bans", "slow venue", "expired tokens",
    "lost permission", "clock step", "clock stepped", "venue down", "maintenance", "frozen",
    "killed", "killed while hung",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Cause:
    """Which acts may make a trigger trip, and for how many seconds after they began."""

    acts: frozenset[str]
    within_s: float


# What is missing here must never trip in a soak.
CAUSES: Mapping[str, Cause] = {
    "clock_skew": Cause(frozenset({"clock step", "clock stepped"}), 150),
    "security_incident": Cause(frozenset({"website"}), 240),
    "failed_orders": Cause(_ORDERS_FAIL, 420),
    "reconciliation_break": Cause(_BOOKS_DIFFER, 240),
    "equity_unknown": Cause(_SILENCE, 240),
    "feeds_dead": Cause(_SILENCE, 240),
}


def explained(stage: Stage, name: str) -> bool:
    """Whether an act of late is one that may trip this trigger."""
    cause = CAUSES.get(name)
    return cause is not None and any(stage.diary.since(act) <= cause.within_s for act in cause.acts)


def standing(board: Board | None) -> list[Halt]:
    """The halts that nobody has released yet."""
    halts = board.halts if board is not None else ()
    return [halt for halt in halts if halt.state is not HaltState.RESUMING]


async def watch(stage: Stage) -> None:
    """Judge every trip, and release what tripped by itself, for ever.

    A halt that an act asked for is the act's own.
    """
    known: dict[str, tuple[int, str]] = {}
    since_s: dict[str, float] = {}
    while True:
        await asyncio.sleep(LOOK_S)
        with suppress(Unavailable):
            await _judge(stage, known)
        if stage.asked_to_halt or not stage.seat.at_desk:
            continue
        halts = standing(stage.seat.board)
        since_s = {h.halt_id: since_s.get(h.halt_id, stage.diary.now_s) for h in halts}
        for halt in halts:
            if not tripped_by(halt.actor):
                told = f"{halt.scope} is halted by {halt.actor}, unasked: {halt.reason}"
                stage.diary.violation(told)
            if stage.diary.now_s - since_s[halt.halt_id] > stage.patience_s:
                stage.diary.violation(f"{halt.scope} is halted for too long: {halt.reason}")
            if await release(stage, halt, by_act=False):
                break  # the board is an old one now


async def _judge(stage: Stage, known: dict[str, tuple[int, str]]) -> None:
    """Each trip of a trigger that is new needs an act that explains it."""
    for view in await stage.seat.ask(ReadTriggers()):
        seen = (view.fired_us, view.fired_scope)
        if not view.fired_us or seen == known.get(view.name):
            continue
        known[view.name] = seen
        stage.trips[view.name] += 1
        stage.diary.note(f"tripped: {view.fired_scope}, {view.fired_reason}")
        if not explained(stage, view.name):
            stage.diary.violation(f"tripped, and no act explains it: {view.fired_reason}")


async def release(stage: Stage, halt: Halt, *, by_act: bool) -> bool:
    """Release one halt with a code, where nothing forbids it; whether it is released.

    Nobody but the act releases while one halts.
    """
    try:
        if told := await _against(stage, halt.scope):
            stage.diary.remark(f"{halt.scope} cannot be released yet: {'; '.join(told)}")
            return False
        code = await stage.codes.fresh()
        if stage.asked_to_halt is not by_act:
            return False
        ask = asks.Release(code=code, reason="the soak goes on", scope=halt.scope, acknowledge=True)
        await stage.seat.ask(ask)
    except Refused as error:
        if "nothing is halted" in error.reason:
            return True
        stage.diary.remark(f"release of {halt.scope} refused: {error.reason}")
        return False
    except DeskError as error:
        stage.diary.remark(f"release of {halt.scope}: {error}")
        return False
    return True


async def _against(stage: Stage, scope: str) -> list[str]:
    """What a person would read before releasing; whatever still holds must be explained too."""
    lines = (await stage.seat.ask(asks.ReleasePreview(scope=scope))).detail.splitlines()
    for line in lines:
        name = line.removeprefix(TRUE_YET).partition(" ")[0]
        if line.startswith(TRUE_YET) and not explained(stage, name):
            stage.diary.violation(f"holds, and no act explains it: {line.removeprefix(TRUE_YET)}")
    against = [line.removeprefix(STILL) for line in lines if line.startswith(STILL)]
    return [line for line in against if ALWAYS_ASKED not in line]


async def cleared(stage: Stage) -> None:
    """Wait until nothing is halted: what one act tripped is over before the next begins."""
    if not await stage.seat.until(lambda b: not b.halts, stage.patience_s):
        left = ", ".join(halt.scope for halt in standing(stage.seat.board)) or "resuming"
        stage.diary.violation(f"halted still after {stage.patience_s:.0f} s: {left}")


async def fired(stage: Stage, name: str) -> tuple[int, str]:
    """When a trigger last tripped, by the desk's clock, and over what. (-1, ""): nobody tells."""
    with suppress(Unavailable):
        for view in await stage.seat.ask(ReadTriggers()):
            if view.name == name:
                return view.fired_us, view.fired_scope
    return -1, ""


async def must_trip(
    stage: Stage, name: str, scope: str, before: tuple[int, str], within_s: float
) -> None:
    """The trigger trips over `scope` in time, or stands there; else it is a violation."""
    until_s = stage.diary.now_s + within_s
    while stage.diary.now_s < until_s:
        now = await fired(stage, name)
        stands = any(
            tripped_by(halt.actor) == name and halt.scope == scope
            for halt in standing(stage.seat.board)
        )
        if stands or (now != before and now[0] > 0 and now[1] == scope):
            return
        await asyncio.sleep(0.5)
    stage.diary.violation(f"{name} did not trip over {scope} in {within_s:.0f} s")
