"""Acts of chaos over a part of the desk: what is halted stops, and the rest goes on trading.

The one rule: both halves are tried, by orders of our own and by what the venues say rests there.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from decimal import Decimal

from domain import asks, drills
from domain.board import at
from domain.errors import DeskError, Refused
from domain.halts import HaltState, tripped_by
from domain.instruments import Account
from domain.money import round_down
from domain.orders import Draft, Kind, Side
from domain.scopes import Scope
from tests.soak import warden
from tests.soak.desk_acts import UNDER_WAY_S, VERIFY_S, released
from tests.soak.home import SYMBOLS, Stall
from tests.soak.stage import WORDS, DeskAct, Stage

AWAY = Decimal("0.95")  # of the price: it rests, inside the collar
WORTH = Decimal(25)
FAILED = 10  # engine.failed_orders, as it is unless somebody sets it
ARMED_S = 120
PASSES_S = 45  # an order of the rest may meet another rule for a while


async def account_halted(stage: Stage) -> str:
    """One account is halted: nothing of ours rests there, the other one trades."""
    await _armed(stage)
    stall = stage.dice.choice(stage.home.stalls)
    async with _halted(stage, f"ACCOUNT:{stall.account}") as scope:
        await _stops(stage, scope, stall, SYMBOLS[stall.family][1])
        for other in stage.home.stalls:
            if other is not stall:
                await _goes_on(stage, other, SYMBOLS[other.family][1])
    return f"{scope}, released"


async def symbol_halted(stage: Stage) -> str:
    """One symbol is halted: none of it rests anywhere, another symbol trades."""
    await _armed(stage)
    stall = stage.dice.choice(stage.home.stalls)
    halted, free = SYMBOLS[stall.family][:2]
    async with _halted(stage, f"SYMBOL:{halted}") as scope:
        await _stops(stage, scope, stall, halted)
        await _goes_on(stage, stall, free)
    return f"{scope}, released"


async def refused_orders(stage: Stage) -> str:
    """A venue refuses ten orders: a trigger halts that account, and nothing wider."""
    await _armed(stage)
    stall = stage.dice.choice(stage.home.stalls)
    scope, words = f"ACCOUNT:{stall.account}", WORDS[stall.family]
    before = await warden.fired(stage, "failed_orders")
    await stall.ask(
        "fault", endpoint=words.create, kind="error", text=words.poor, times=3 * FAILED,
        execute=False,
    )  # fmt: skip
    draft = _draft(stage, stall.account, SYMBOLS[stall.family][1])
    for _ in range(2 * FAILED):
        if draft is None or any(h.scope == scope for h in warden.standing(stage.seat.board)):
            break
        try:
            await stage.seat.ask(asks.SubmitOrder(draft=draft))
        except Refused as error:
            if error.rule == "halt":
                break
        except DeskError:
            pass  # as many of them as possible must fail
    await warden.must_trip(stage, "failed_orders", scope, before, 30)
    await stage.calm()
    return f"{scope} halted itself"


async def drilled(stage: Stage) -> str:
    """A drill with live canaries: proven, and nothing else is touched."""
    await _armed(stage)
    stage.asked_to_halt = True
    try:
        done = await stage.seat.ask(drills.RunDrill(live_canaries=True))
        if not done.proven:
            stage.diary.violation(f"the drill is not proven: {done.problem}")
        for stall in stage.home.stalls:
            await _goes_on(stage, stall, SYMBOLS[stall.family][1])
            for name in await _resting(stall, Scope.parse(drills.SCOPE)):
                if name in done.canaries:
                    stage.diary.violation(f"the drill is over and its canary {name} rests")
        await released(stage, drills.SCOPE)
    except Refused as error:
        return f"not drilled: {error.reason}"
    finally:
        stage.asked_to_halt = False
    return f"{len(done.canaries)} canaries, verified in {done.verified_us // 1000} ms"


# What is halted, and what is not


async def _armed(stage: Stage) -> None:
    """Nothing can be tried before the desk is armed; somebody else does that."""
    if not await stage.seat.until(lambda b: b.armed, ARMED_S):
        stage.diary.violation(f"the desk was not armed in {ARMED_S} s")


@asynccontextmanager
async def _halted(stage: Stage, scope: str) -> AsyncGenerator[str]:
    """Halted over `scope` and nothing else; released at the end."""
    stage.asked_to_halt = True
    try:
        await stage.seat.ask(asks.Trip(reason="the soak says so", scope=scope))
        await asyncio.sleep(UNDER_WAY_S)
        yield scope
        await released(stage, scope)
    finally:
        stage.asked_to_halt = False


async def _stops(stage: Stage, scope: str, stall: Stall, symbol: str) -> None:
    """No order of the scope leaves, and once that is proven none rests."""
    told = await _tried(stage, stall.account, symbol)
    if not told.startswith("halt"):
        stage.diary.violation(f"{scope} is halted and {symbol} at {stall.account}: {told}")
    verified = await stage.seat.until(
        lambda b: any(h.scope == scope and h.state is HaltState.HALTED for h in b.halts), VERIFY_S
    )
    resting = await _resting(stall, Scope.parse(scope))
    if not verified:
        stage.diary.violation(f"{scope} was not verified in {VERIFY_S} s; {resting} rest")
    elif resting:
        stage.diary.violation(f"{scope} is verified and {resting} rest at {stall.family}")


async def _resting(stall: Stall, scope: Scope) -> list[str]:
    """Open orders inside the scope, by the venue's word."""
    truth = await stall.ask("truth")
    return [
        order["client_id"]
        for order in truth["orders"]
        if order["status"] == "open"
        and scope.covers(stall.account, order["symbol"], drills.STRATEGY)
    ]


async def _goes_on(stage: Stage, stall: Stall, symbol: str) -> None:
    """An order outside of the scope passes, whatever other rules say for a while."""
    until_s, told = stage.diary.now_s + PASSES_S, ""
    while stage.diary.now_s < until_s:
        told = await _tried(stage, stall.account, symbol)
        if not told:
            return
        if told.startswith("halt"):
            level = stage.seat.board.level_over(stall.account, symbol) if stage.seat.board else 0
            by_itself = any(tripped_by(h.actor) for h in warden.standing(stage.seat.board))
            if not (level and by_itself):
                stage.diary.violation(f"{stall.account} {symbol} is not halted, yet: {told}")
            return
        await asyncio.sleep(1)
    stage.diary.note(f"no order of {symbol} at {stall.account} passed: {told}")


async def _tried(stage: Stage, account: Account, symbol: str) -> str:
    """Place a small order that rests, and cancel it. "": it was taken; else the rule and why."""
    draft = _draft(stage, account, symbol)
    if draft is None:
        return f"no price of {symbol}"
    try:
        answer = await stage.seat.ask(asks.SubmitOrder(draft=draft))
        stage.trader.acknowledged.append(answer.client_id)
        await stage.seat.ask(asks.CancelOrder(client_id=answer.client_id))
    except Refused as error:
        return f"{error.rule}: {error.reason}"
    except DeskError as error:
        return f"{type(error).__name__}: {error}"
    return ""


def _draft(stage: Stage, account: Account, symbol: str) -> Draft | None:
    board, key = stage.seat.board, at(account.venue, symbol)
    if board is None or key not in board.instruments or key not in board.prices:
        return None
    instrument, price = board.instruments[key], board.prices[key]
    if price.mid is None:
        return None
    quantity = instrument.whole_lots(WORTH / price.mid)
    return Draft(
        account=account,
        symbol=symbol,
        side=Side.BUY,
        kind=Kind.LIMIT,
        quantity=max(quantity, (instrument.min_quantity or Decimal(0)) * 2),
        price=round_down(price.mid * AWAY, instrument.tick or Decimal("0.01")),
    )


ACTS: tuple[DeskAct, ...] = (account_halted, symbol_halted, refused_orders, drilled)
