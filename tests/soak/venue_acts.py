"""Acts of chaos at one venue: its sockets, its replies, its clock, its market.

Each does its mischief for a drawn while and answers what exactly it did. The one rule: an act
changes what the client is told, or does what a customer could do; never the venue's truth.
"""

from decimal import Decimal

from domain.halts import GLOBAL
from tests.soak import warden
from tests.soak.home import Stall
from tests.soak.stage import Stage, VenueAct, Words

CLOCKS_READ_S = 45  # the clock is read every 10 s, and a slow answer counts for nothing
HISTORY_READ_S = 90
SIDES = ("", "public", "private")


async def cut_streams(stage: Stage, stall: Stall, _: Words) -> str:
    """Reset the sockets, several times."""
    side, times = stage.dice.choice(SIDES), stage.dice.randint(1, 4)
    for _again in range(times):
        await stall.ask("cut_sockets", side=side)
        await stage.hold(0.3, 2)
    return f"{side or 'all'} x {times}"


async def close_streams(stage: Stage, stall: Stall, _: Words) -> str:
    """Close them with a goodbye, and refuse new ones for a while."""
    await stall.ask("close_sockets")
    await stall.ask("refuse_sockets", on=True)
    await stage.hold(2, 6)
    await stall.ask("refuse_sockets", on=False)
    return "and 503 to new ones"


async def silent_streams(stage: Stage, stall: Stall, _: Words) -> str:
    """Answer pings and say nothing else; or say nothing at all."""
    how, side = stage.dice.choice(("silence", "mute")), stage.dice.choice(SIDES)
    await stall.ask(how, side=side, on=True)
    await stage.hold(6, 12)
    await stall.ask(how, side=side, on=False)
    return f"{how} {side or 'both'}"


async def poisoned_stream(stage: Stage, stall: Stall, words: Words) -> str:
    """A frame that makes the library's handler raise."""
    name = stage.dice.choice(words.poisons)
    await stall.ask("poison", name=name)
    await stage.hold(3, 5)
    return name


async def tampered_frames(stage: Stage, stall: Stall, words: Words) -> str:
    """Frames of orders and balances twice, in another order, or not at all."""
    action, times = stage.dice.choice(("duplicate", "swap", "drop")), stage.dice.randint(2, 12)
    for channel in words.channels:
        await stall.ask("frames", action=action, channel=channel, times=times)
    await stage.hold(4, 9)
    return f"{action} x {times}"


async def delayed_frames(stage: Stage, stall: Stall, _: Words) -> str:
    """Every frame late."""
    late_ms = stage.dice.randint(50, 900)
    await stall.ask("delay", ms=late_ms, side="private")
    await stage.hold(4, 9)
    await stall.ask("delay", ms=0, side="private")
    return f"{late_ms} ms"


async def lost_answers(stage: Stage, stall: Stall, words: Words) -> str:
    """Orders are placed and the answer never comes."""
    kind, times = stage.dice.choice(("lost", "hang", "short")), stage.dice.randint(1, 3)
    await stall.ask("fault", endpoint=words.create, kind=kind, times=times)
    await stage.hold(3, 7)
    return f"{kind} x {times}"


async def lost_orders(stage: Stage, stall: Stall, words: Words) -> str:
    """Orders are swallowed before they are placed."""
    await stall.ask("fault", endpoint=words.create, kind="drop", times=1)
    await stage.hold(3, 5)
    return "1"


async def garbled_answers(stage: Stage, stall: Stall, words: Words) -> str:
    """Replies that are no replies."""
    kind = stage.dice.choice(("garbled", "truncated", "empty", "page"))
    endpoint = stage.dice.choice((words.create, words.cancel, words.amend, "*"))
    times = stage.dice.randint(1, 3)
    await stall.ask("fault", endpoint=endpoint, kind=kind, times=times, status=200)
    await stage.hold(3, 6)
    return f"{kind} of {endpoint} x {times}"


async def server_errors(stage: Stage, stall: Stall, words: Words) -> str:
    """5xx pages, and the venue's own word for being too busy, executed or not."""
    endpoint, times = stage.dice.choice((words.create, "*")), stage.dice.randint(1, 5)
    execute = stage.dice.random() < 0.5
    if stage.dice.random() < 0.5:
        how: dict[str, object] = {"kind": "page", "status": stage.dice.choice((502, 503, 520))}
    else:
        how = {"kind": "error", "text": words.busy}
    await stall.ask("fault", endpoint=endpoint, times=times, execute=execute, **how)
    await stage.hold(3, 7)
    return f"{how} of {endpoint} x {times}{' after executing' if execute else ''}"


async def bans(stage: Stage, stall: Stall, words: Words) -> str:
    """Too many requests, says the gateway or the venue."""
    if stage.dice.random() < 0.5:
        how: dict[str, object] = {"kind": "page", "status": 429}
    else:
        how = {"kind": "error", "text": words.limited}
    await stall.ask("fault", endpoint="*", times=2, execute=False, **how)
    await stage.hold(4, 8)
    return f"{how}"


async def slow_venue(stage: Stage, stall: Stall, _: Words) -> str:
    """Every request waits."""
    late_ms = stage.dice.randint(300, 2500)
    await stall.ask("latency", ms=late_ms)
    await stage.hold(5, 10)
    return f"{late_ms} ms"


async def stubborn_cancels(stage: Stage, stall: Stall, words: Words) -> str:
    """Every second cancel is refused, and some answers to cancels are lost."""
    await stall.ask("stubborn", every=2)
    await stall.ask("fault", endpoint=words.cancel, kind="lost", times=2)
    await stage.hold(5, 9)
    return "every second, two lost"


async def short_lists(stage: Stage, stall: Stall, words: Words) -> str:
    """Well-formed lists with rows missing."""
    endpoint = stage.dice.choice((words.orders, words.fills))
    await stall.ask("fault", endpoint=endpoint, kind="fewer", times=2, rows=1)
    await stage.hold(5, 8)
    return endpoint


async def lagging_lists(stage: Stage, stall: Stall, _: Words) -> str:
    """What is young is not listed yet."""
    what = stage.dice.choice(("orders", "trades", "balances"))
    await stall.ask("lag", what=what, seconds=stage.dice.randint(1, 5))
    await stage.hold(5, 9)
    return what


async def expired_tokens(stage: Stage, stall: Stall, words: Words) -> str:
    """Tokens of sockets are too old, and new ones are slow to come."""
    if stall.family == "kucoin":
        await stall.ask("expire_tokens")
    await stall.ask("fault", endpoint=words.token, kind="error", text=words.busy, times=1)
    await stall.ask("cut_sockets")
    await stage.hold(4, 7)
    return "and sockets cut"


async def lost_permission(stage: Stage, stall: Stall, _: Words) -> str:
    """The reading key may nothing for a while."""
    family = stall.family
    granted = {
        "kraken": ["query-funds", "query-open-trades", "query-closed-trades", "query-ledger",
                   "access-websockets-api"],
        "kucoin": ["General"],
    }[family]  # fmt: skip
    await stall.ask("permit", purpose="read", permissions=[])
    try:
        await stage.hold(4, 8)
    finally:
        await stall.ask("permit", purpose="read", permissions=granted)
    return "of the reading key"


async def clock_step(stage: Stage, stall: Stall, _: Words) -> str:
    """The venue's clock jumps and comes back."""
    seconds = stage.dice.choice((-45, -3, 3, 40, 120))
    before = await warden.fired(stage, "clock_skew")
    await stall.ask("skew", seconds=seconds)
    await stage.hold(6, 12)
    await warden.must_trip(stage, "clock_skew", f"VENUE:{stall.family}", before, CLOCKS_READ_S)
    await stall.ask("skew", seconds=0)
    return f"{seconds:+d} s"


async def venue_down(stage: Stage, stall: Stall, _: Words) -> str:
    """Every connection cut, new ones refused."""
    await stall.ask("down")
    try:
        await stage.hold(3, 9)
    finally:
        await stall.ask("up")
    return "and up again"


async def maintenance(stage: Stage, stall: Stall, _: Words) -> str:
    """Maintenance or cancel-only, announced or not."""
    mode, quiet = stage.dice.choice(("maintenance", "cancel_only")), stage.dice.random() < 0.5
    await stall.ask("mode", mode=mode, quiet=quiet)
    await stage.hold(4, 8)
    await stall.ask("mode", mode="online")
    return f"{mode}{', unannounced' if quiet else ''}"


async def jump(stage: Stage, stall: Stall, words: Words) -> str:
    """The market jumps through our resting orders, and comes back."""
    symbol, _, _, _ = words.market
    factor = stage.dice.choice(("0.985", "1.015"))
    known = stage.seat.board.price(stall.family, symbol) if stage.seat.board else None
    if known is None or known.mid is None:
        return "no price"
    await stall.ask("price", symbol=symbol, middle=f"{known.mid * Decimal(factor):.2f}")
    await stage.hold(3, 6)
    await stall.ask("price", symbol=symbol, middle=f"{known.mid:.2f}")
    return f"{symbol} times {factor}"


async def website(stage: Stage, stall: Stall, words: Words) -> str:
    """Orders and money moved behind our back, on the venue's website."""
    symbol, quantity, price, cash = words.market
    before = await warden.fired(stage, "security_incident")
    order = await stall.ask("place", side="buy", symbol=symbol, quantity=quantity, price=price)
    await stall.ask(
        "place", side=stage.dice.choice(("buy", "sell")), symbol=symbol, quantity="0.02"
    )
    wallet = {"wallet": "trade"} if stall.family == "kucoin" else {}
    await stall.ask("deposit", asset=cash, amount=str(stage.dice.randint(5, 50)), **wallet)
    gone = await stall.ask("withdrawal", asset=cash, amount="3", fee="1", **wallet)
    await stage.hold(3, 6)
    await stall.ask("cancel", order_id=order)
    status = "Success" if stall.family == "kraken" else "SUCCESS"
    await stall.ask("transfer_status", reference=gone["reference"], status=status)
    await warden.must_trip(stage, "security_incident", GLOBAL, before, HISTORY_READ_S)
    return f"order, trade, deposit, withdrawal of {cash}"


async def hostile_text(stage: Stage, stall: Stall, words: Words) -> str:
    """Text that is no text, in rows and in errors."""
    await stall.ask("hostile", where="reason", text="\x1b]52;c;ZXZpbA==\x07[/][@click=quit]x")
    await stall.ask(
        "fault", endpoint=words.create, kind="error", text="E\x1b[2J[/]" + "A" * 5000, execute=False
    )
    await stage.hold(3, 6)
    return "escape codes and markup"


ACTS: tuple[VenueAct, ...] = (
    cut_streams, close_streams, silent_streams, poisoned_stream, tampered_frames, delayed_frames,
    lost_answers, lost_orders, garbled_answers, server_errors, bans, slow_venue, stubborn_cancels,
    short_lists, lagging_lists, expired_tokens, lost_permission, clock_step, venue_down,
    maintenance, jump, website, hostile_text,
)  # fmt: skip
