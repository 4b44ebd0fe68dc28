"""What is told of the kill switch: its state in big letters, halts with their evidence, triggers.

The one rule: the two words are not mixed: the switch is READY or KILLED, trading is ARMED or
DISARMED (decisions.md, Kill switch); and KILLED is not VERIFIED until the venues' lists say so.
"""

from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from domain.board import Board, Mode
from domain.halts import Evidence, Halt, HaltState, Level
from domain.money import ONE, ZERO, canonical
from tui.format import age, clock, counted, percent, ratio_pct, short
from tui.freshness import accounts
from tui.lines import FILL, Line, Lines, Part, fit, wrapped
from tui.options import Graph
from tui.phases import unread
from tui.screens.flatten_parts import sales_lines
from tui.stage import Picture
from tui.standing import drawdown_pct, limit_of
from tui.widgets.bars import bar
from tui.widgets.plot import Frame, Series, chart

if TYPE_CHECKING:  # the asks know every fact: 30 ms that the kill panel does not need
    from domain.triggers import TriggerView

_BAR, _NAME = 10, 16
_LEAST_CHART = 2  # a line has two ends
_ROOM = 64  # below, what is told of an account takes a line of its own
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
        lines += [(), *progress(halt, picture, width, full=False)]
    lines.append([])
    if board.halts:
        release = [Part("R ", "danger"), Part("release (2FA)", "dim")]
        return [*lines, [*release, Part("  H ", "key"), Part("in full", "dim")]]
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


def halts_lines(picture: Picture, width: int) -> Lines:
    """Every halt in full."""
    halts = picture.board.halts
    lines = [line for halt in halts for line in (*progress(halt, picture, width), ())]
    return lines or [[Part("no halt is in force", "ok")]]


def progress(halt: Halt, picture: Picture, width: int, *, full: bool = True) -> Lines:
    """What is known of a halt, each account with its bar; `full`: each sale of one that sells."""
    since, ago = f"{clock(halt.at_us)}Z", f" · {age(picture.now_us - halt.at_us)} ago"
    headline, scope = f" {headline_of(halt)} ", f" {halt.scope} "
    if len(headline) + len(scope) + len(since) + len(ago) <= width:
        since += ago
    first: Line = [Part(headline, "killed"), Part(scope, "strong"), FILL, Part(since, "dim")]
    lines: list[Line] = [first]
    lines.extend([Part(row)] for row in wrapped(f"by {halt.actor}: {halt.reason}", width))
    lines.append([])
    if halt.flattened and halt.verified:
        return [*lines, _all_gone(halt), *sales_lines(halt, picture, width, full=full)]
    for evidence in halt.evidence:
        lines.extend(evidence_lines(evidence, width))
    told = {evidence.account for evidence in halt.evidence}
    inside = [account for account in accounts(picture.board) if halt.reach.touches(account)]
    missing = [account for account in inside if account not in told and halt.cancels]
    lines.extend([Part(fit(account, _NAME) + " "), Part("working", "dim")] for account in missing)
    return [*lines, *sales_lines(halt, picture, width, full=full)]


def _all_gone(halt: Halt) -> Line:
    """Once it sells, the proof is one line: the sales are the news."""
    cancelled = sum(evidence.cancelled for evidence in halt.evidence)
    told = f"{cancelled:,} cancelled, verified at {counted(len(halt.evidence), 'account')}"
    return [Part(told, "ok")]


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


class Failed(NamedTuple):
    """The trigger of failed orders as it was told; how old that is, and why not newer."""

    view: "TriggerView | None" = None
    old_us: int = 0
    problem: str = ""


def trigger_lines(picture: Picture, failed: Failed, width: int) -> Lines:
    """The automatic triggers with how near they are."""
    board = picture.board
    room = max(4, width - 33)
    lines: list[Line] = []
    limit, fallen = limit_of(board, "max_drawdown_pct"), drawdown_pct(board)
    if limit is not None and fallen is not None:
        told = f"{percent(fallen, 1)} of {percent(limit, 0)}"
        lines.append(_trigger("drawdown", fallen, limit, told, room))
    lines += failed_lines(failed, width, room)
    for known in board.breaks:
        value = "value not known" if known.value is None else picture.amount(short(known.value))
        lines.append([Part("break ", "halt"), Part(f"{known.kind} {known.account} {value}")])
    lines.extend([Part(row, "dim")] for row in wrapped(_ALSO, width))
    return lines


def failed_lines(failed: Failed, width: int, room: int) -> Lines:
    """Failed orders: the account nearest to the limit that runs, then each that has any."""
    view = failed.view
    if view is None:
        told = f"failed orders  {failed.problem or 'asking …'}"
        return [[Part(row, "dim")] for row in wrapped(told, width)]
    nearest = max(view.gauges, key=lambda gauge: gauge.used / gauge.limit, default=None)
    used, limit = (nearest.used, nearest.limit) if nearest else (ZERO, ONE)
    lines: list[Line] = [
        _trigger("failed orders", used, limit, f"{view.value} of {view.limit}", room)
    ]
    each = ", ".join(f"{gauge.about} {canonical(gauge.used)}" for gauge in view.gauges)
    notes = [("dim", each)]
    if view.holds:
        notes.append(("halt", f"HOLDS over {', '.join(view.holds)}"))
    if not view.on:
        notes.append(("warn", "off: it may not trip here"))
    if failed.old_us:
        notes.append(("stale", f"told {age(failed.old_us)} ago: the engine is silent"))
    for tone, text in notes:
        lines += [[Part(f"  {row}", tone)] for row in wrapped(text, width - 2) if text]
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
