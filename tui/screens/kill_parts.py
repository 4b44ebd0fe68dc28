"""What is told of the kill switch: its state in big letters, halts with their evidence, triggers.

The one rule: the two words are not mixed: the switch is READY or KILLED, trading is ARMED or
DISARMED (decisions.md, Kill switch); and KILLED is not VERIFIED until the venues' lists say so.
"""

from decimal import Decimal

from domain.board import Board, Mode
from domain.flatten import Flattening
from domain.halts import Evidence, Halt, HaltState, Level
from domain.money import ZERO
from tui.format import age, clock, percent, ratio_pct, short
from tui.freshness import accounts
from tui.lines import FILL, Line, Lines, Part, fit, wrapped
from tui.options import Graph
from tui.phases import unread
from tui.stage import Picture
from tui.standing import drawdown_pct, limit_of
from tui.widgets.bars import bar
from tui.widgets.plot import Frame, Series, chart

_BAR, _NAME = 10, 16
_LEAST_CHART = 2  # a line has two ends
_ROOM = 64  # below, what is told of an account takes a line of its own
_FAILURES_LIMIT = 10  # semantics 3.4: failed orders in five minutes
_ALSO = "also watched: clocks, feeds, NAV, strategies, keys, ledger; :TRIG shows every trigger"
_BIG = {
    "READY": (
        "█▀█ █▀▀ █▀█ █▀▄ █ █",
        "█▀▄ █▀▀ █▀█ █ █  █ ",
        "▀ ▀ ▀▀▀ ▀ ▀ ▀▀   ▀ ",
    ),
    "KILLED": (
        "█ █ █ █   █   █▀▀ █▀▄",
        "█▀▄ █ █   █   █▀▀ █ █",
        "▀ ▀ ▀ ▀▀▀ ▀▀▀ ▀▀▀ ▀▀ ",
    ),
}
_LEVELS = {
    Level.NORMAL: "NORMAL: orders that pass the gate leave",
    Level.REDUCE_ONLY: "REDUCE_ONLY: only sales of what is held pass",
    Level.HALT: "HALT: no new orders; working orders stay",
    Level.HALT_CANCEL: "HALT_CANCEL: no new orders, all are cancelled",
    Level.FLATTEN: "FLATTEN: cancelled, then sold within the collar",
}
_WORDS = {Level.REDUCE_ONLY: "REDUCE ONLY", Level.HALT: "HALTED", Level.FLATTEN: "FLATTEN"}


def kill_lines(picture: Picture, width: int, *, big: bool) -> Lines:
    """READY or KILLED, then what is in force and what is proven."""
    board = picture.board
    if unread(board) and not board.halts:
        told = "not read yet: the ledger tells what is in force"
        return [*([Part(row, "warn")] for row in wrapped(told, width)), (), *_ready(picture, width)]
    word, tone = ("KILLED", "halt") if board.killed else ("READY", "ok")
    lines: list[Line] = [[Part(row, tone)] for row in (_BIG[word] if big else (word,))]
    lines.extend([[]] if big else [])
    if board.mode is Mode.LIVE:
        armed = Part("ARMED", "warn") if board.armed else Part("DISARMED", "strong")
        lines.append([Part("trading ", "dim"), armed])
    lines.extend([Part(row)] for row in wrapped(_LEVELS[Level(board.level)], width))
    for halt in board.halts:
        lines += [(), *progress(halt, picture, width)]
    lines.append([])
    if board.halts:
        return [*lines, [Part("R ", "danger"), Part("release (2FA)", "dim")]]
    return [*lines, *_ready(picture, width)]


def _ready(picture: Picture, width: int) -> Lines:
    last = picture.board.last_halt
    lines: list[Line] = [
        [Part("^x ^x", "danger"), Part(" or "), Part("F12 F12", "danger")],
        [Part("stops all trading, cancels every order", "dim")],
    ]
    if last is not None:
        told = f"last: {last.reason}, by {last.actor}, {age(picture.now_us - last.at_us)} ago"
        lines.extend([Part(row, "dim")] for row in wrapped(told, width))
    return lines


def progress(halt: Halt, picture: Picture, width: int) -> Lines:
    """What is known of a halt, each account with its bar."""
    since = f"{clock(halt.at_us)}Z · {age(picture.now_us - halt.at_us)} ago"
    headline = Part(f" {headline_of(halt)} ", "killed")
    lines: list[Line] = [[headline, Part(f" {halt.scope}", "strong"), FILL, Part(since, "dim")]]
    lines.extend([Part(row)] for row in wrapped(f"by {halt.actor}: {halt.reason}", width))
    lines.append([])
    for evidence in halt.evidence:
        lines.extend(evidence_lines(evidence, width))
    told = {evidence.account for evidence in halt.evidence}
    inside = [account for account in accounts(picture.board) if halt.reach.touches(account)]
    missing = [account for account in inside if account not in told and halt.cancels]
    lines.extend([Part(fit(account, _NAME) + " "), Part("working", "dim")] for account in missing)
    lines.extend(line for seen in halt.flattened for line in flatten_lines(seen, width))
    return lines


def headline_of(halt: Halt) -> str:
    """KILLING, KILLED · VERIFIED and what lies between; a lower level has its own word."""
    if halt.state is HaltState.RESUMING:
        return "RESUMING · REDUCE ONLY"
    if halt.level is Level.HALT:
        return "HALTED"
    if halt.state is HaltState.HALTING:
        return "KILLING"
    word = _WORDS.get(halt.level, "KILLED")
    if halt.state is HaltState.HALTED_UNVERIFIED:
        return f"{word} · NOT VERIFIED"
    return f"{word} · VERIFIED" if halt.verified else f"{word} · CANCELLING"


def flatten_lines(seen: Flattening, width: int) -> Lines:
    """`kraken/main  SELLING  7 sales, 12.40k sold`, and what is left with the reason."""
    tone = {"DONE": "ok", "STOPPED": "halt"}.get(seen.state, "warn")
    told = f" {seen.slices} sales, {short(seen.sold)} sold"
    lines: list[Line] = [[Part(fit(seen.account, _NAME) + " "), Part(seen.state, tone), Part(told)]]
    left = [f"{short(kept.quantity)} {kept.asset} stays: {kept.why}" for kept in seen.left]
    for text in (seen.detail, *left):
        lines.extend([Part(f"  {row}", "dim")] for row in wrapped(text, width - 2) if text)
    return lines


def evidence_lines(evidence: Evidence, width: int) -> Lines:
    """`kraken/main  ━━━━━━━━  4 cancelled · 1 still open · attempt 2`, in one line or two."""
    line: list[Part] = [Part(fit(evidence.account, _NAME) + " "), *_evidence_bar(evidence)]
    told = [Part(f" {evidence.cancelled} cancelled"), *_rest(evidence)]
    lines: list[Line] = [[*line, *told]] if width >= _ROOM else [line, [Part(" "), *told]]
    errors = wrapped(evidence.error, width - 2) if evidence.error else []
    return [*lines, *([Part(f"  {row}", "halt")] for row in errors)]


def _evidence_bar(evidence: Evidence) -> Line:
    before = Decimal(max(evidence.open_before, evidence.cancelled, 1))
    left = Decimal(evidence.still_open) if evidence.still_open >= 0 else before
    tone = "bar-full" if evidence.error else "bar-warn"
    if evidence.verified:
        left, tone = ZERO, "ok"
    return bar(before - left, before, _BAR, tone=tone)


def _rest(evidence: Evidence) -> list[Part]:
    parts = []
    if evidence.filled_during:
        parts.append(Part(f" · {evidence.filled_during} filled meanwhile", "warn"))
    if evidence.unknown:
        parts.append(Part(f" · {evidence.unknown} unknown", "halt"))
    if evidence.still_open > 0:
        parts.append(Part(f" · {evidence.still_open} still open", "halt"))
    if evidence.verified:
        parts.append(Part(f" · verified in {evidence.verified_ms:,} ms", "ok"))
    elif evidence.attempts:
        parts.append(Part(f" · attempt {evidence.attempts}", "dim"))
    return parts


def trigger_lines(picture: Picture, width: int) -> Lines:
    """The automatic triggers with how near they are."""
    board = picture.board
    room = max(4, width - 33)
    lines: list[Line] = []
    limit, fallen = limit_of(board, "max_drawdown_pct"), drawdown_pct(board)
    if limit is not None and fallen is not None:
        told = f"{percent(fallen, 1)} of {percent(limit, 0)}"
        lines.append(_trigger("drawdown", fallen, limit, told, room))
    failures = Decimal(board.engine.failures_5min)
    told = f"{failures} of {_FAILURES_LIMIT} in 5 min"
    lines.append(_trigger("failed orders", failures, Decimal(_FAILURES_LIMIT), told, room))
    for known in board.breaks:
        value = "value not known" if known.value is None else picture.amount(short(known.value))
        lines.append([Part("break ", "halt"), Part(f"{known.kind} {known.account} {value}")])
    lines.extend([Part(row, "dim")] for row in wrapped(_ALSO, width))
    return lines


def _trigger(name: str, used: Decimal, limit: Decimal, told: str, room: int) -> Line:
    return [Part(f"{name:<14}"), *bar(used, limit, room), Part(f" {told}", "dim")]


def fallen(board: Board) -> list[tuple[int, Decimal]]:
    """How far NAV was below its high-water mark, in percent, at each of its points."""
    mark = board.high_water or ZERO
    # A mark that no point in sight reaches was set before them, and counts from the first on.
    highest = mark if all(point.nav < mark for point in board.nav) else ZERO
    points = []
    for point in board.nav:
        highest = max(highest, point.nav)
        points.append((point.at_us, ratio_pct(highest - point.nav, highest)))
    return points


def drawdown_chart(board: Board, graph: Graph, width: int, height: int) -> Lines:
    """The drawdown over time, with a line at the limit where it is near."""
    points = fallen(board)
    if len(points) < _LEAST_CHART:
        return [[Part("the chart begins with the second value of NAV", "dim")]]
    first_us, last_us = points[0][0], points[-1][0]
    frame = Frame(
        from_us=first_us,
        until_us=last_us,
        label=lambda value: percent(value, 1),
        ceiling=limit_of(board, "max_drawdown_pct"),
        floor=ZERO,
    )
    lines = chart([Series(points, "series-b")], frame, width, height - 1, graph)
    ends = [Part(clock(first_us), "dim"), FILL, Part(clock(last_us), "dim")]
    return [*lines, ends] if lines else []
