"""The lines around every screen: mode bar, navigation, banner, footer.

The one rule: the mode, the kill switch and the clock are in sight at every width; what has no
room is said shorter, never left out.
"""

from collections.abc import Iterator, Sequence

from domain.board import Board, Health, Mode
from domain.days import SECOND_US
from domain.drills import days_since, overdue
from domain.halts import Evidence, Halt, HaltState, Level
from domain.scopes import EVERYTHING
from tui.format import clock, counted
from tui.freshness import DOT, accounts, bans, feeds_of, health_of, last_sign_us, trouble, venues
from tui.keys import Key, shown
from tui.lines import FILL, Line, Part, line_width
from tui.phases import starting, step, unread
from tui.screens.registry import SCREENS
from tui.stage import Picture

NARROW, MEDIUM, WIDE = 100, 120, 160
SHORT, LOW = 30, 36
LEAST_WIDTH, LEAST_HEIGHT = 60, 20
_RULE = Part(" │ ", "")


def kill_word(board: Board, *, brief: bool = False) -> str:
    """What the bar says of the kill switch: KILL READY or KILLED, and what lies between.

    Until the ledger has been read neither is known, though the key already works. A halt over
    less than everything is named, `HALT VENUE:kraken`; the strictest, where there are several.
    """
    if board.killed:
        return "KILLED"
    narrow = narrower(board)
    if narrow and not board.level:
        worst = max(narrow, key=lambda halt: halt.standing)
        word = "HALT" if worst.standing >= Level.HALT else "REDUCE"
        name = worst.reach.name if brief else worst.scope
        return f"{word} {name}" + (f" +{len(narrow) - 1}" if len(narrow) > 1 else "")
    if unread(board):
        return "KILL · STARTING"
    if board.level == Level.HALT:
        return "KILL READY · HALT"
    if any(halt.state is HaltState.RESUMING for halt in board.halts):
        return "KILL READY · RESUMING"
    return "KILL READY · REDUCE ONLY" if board.level else "KILL READY"


def narrower(board: Board) -> list[Halt]:
    """The halts in force over less than everything."""
    return [halt for halt in board.halts if halt.reach != EVERYTHING]


def mode_bar(picture: Picture, width: int) -> Line:
    """Mode, accounts, venues, kill switch, arming, gateway, alarms, UTC clock."""
    board = picture.board
    mode = Part(f" {board.mode.value} ", board.mode.value.lower())
    line: Line = ()
    for middle, brief in _middles(picture):
        alarms = _alarms(board, brief=brief)
        line = [mode, *middle, FILL, *alarms, Part(f"{clock(picture.now_us)}Z ")]
        if line_width(line) <= width:
            break
    return line


def _middles(picture: Picture) -> Iterator[tuple[Line, bool]]:
    """What stands in the middle, from the longest to the shortest; the last must be brief."""
    board = picture.board
    states = _states(board, brief=False)
    known = venues(board)
    if not known:
        yield [Part(f" {_accounts(board)}"), _RULE, *states], False
    for told in (_venues_in_full(picture), _venues_in_short(picture), _venues_counted(picture)):
        yield [Part(f" {_accounts(board)}"), _RULE, Part(told), _RULE, *states], False
    yield [Part(f" {_venues_counted(picture)} "), *states], False
    yield [Part(f" {_venues_counted(picture)} "), *_states(board, brief=True)], True
    yield _states(board, brief=True), True


def _accounts(board: Board) -> str:
    names = {account.name for account in accounts(board)}
    if len(names) == 1:
        return next(iter(names))
    if board.accounts:
        return counted(len(board.accounts), "account")
    return board.phase.value if starting(board) else "no account"


def _venues_in_full(picture: Picture) -> str:
    return " ".join(f"{name} {_dot(picture, name)}" for name in venues(picture.board))


def _venues_in_short(picture: Picture) -> str:
    return " ".join(f"{name[:3]}{_dot(picture, name)}" for name in venues(picture.board))


def _venues_counted(picture: Picture) -> str:
    healths = [health_of(picture.board, name) for name in venues(picture.board)]
    counts = [f"{DOT[one]}{healths.count(one)}" for one in Health if one in healths]
    return " ".join(counts) or "no venue"


def _dot(picture: Picture, venue: str) -> str:
    feeds = feeds_of(picture.board, venue)
    health = feeds[0].health if feeds else Health.DOWN
    if health is Health.STALE and last_sign_us(feeds[0]):
        seconds = max(0, picture.now_us - last_sign_us(feeds[0])) // SECOND_US
        return f"{DOT[health]}{seconds}s"
    return DOT[health]


def _states(board: Board, *, brief: bool) -> list[Part]:
    tone = "warn" if narrower(board) else "ready"
    word = kill_word(board, brief=brief)
    states = [Part(f" {word} ", "inverse" if board.killed else tone)]
    if board.mode is Mode.LIVE:
        armed = "ARMED" if board.armed else "DISARMED"
        states += [Part(" "), Part(f" {armed} ", "inverse" if board.armed else "")]
        if not brief and not unread(board) and overdue(board.drilled_us, board.now_us):
            days = days_since(board.drilled_us, board.now_us)
            told = " NO DRILL " if days is None else f" DRILL {days}d AGO "
            states += [Part(" "), Part(told, "warn")]
    if board.gateway:
        told = "GATEWAY" if brief else f"GATEWAY {board.gateway}"
        states += [Part(" "), Part(f" {told} ", "inverse")]
    return states


def _alarms(board: Board, *, brief: bool) -> list[Part]:
    waiting = [alarm for alarm in board.alarms if not alarm.acknowledged]
    if not waiting:
        return []
    critical = any(alarm.severity == "critical" for alarm in waiting)
    count = f"{len(waiting)}" if brief else counted(len(waiting), "alarm")
    text = f" {'!!' if critical else '!'} {count} "
    return [Part(text, "inverse" if critical else "", "acknowledge"), Part(" ")]


def navigation(current: str, width: int) -> Line:
    """The screens by their digits; short names where the width is short."""
    if current not in (screen.name for screen in SCREENS):
        return [Part("  Quarterdeck", "dim")]
    line: list[Part] = [Part(" ")]
    for screen in SCREENS:
        name = screen.short if width < NARROW else screen.title
        here = screen.name == current
        act = f"go('{screen.name}')"
        line.append(Part(f" {shown(screen.key)} ", "nav-here" if here else "key", act))
        line.append(Part(f"{name} ", "nav-here" if here else "dim", act))
    hint = [FILL, Part(": ", "key", "palette"), Part("command ", "faint", "palette")]
    return [*line, *hint] if line_width([*line, *hint]) <= width else line


def banners(picture: Picture) -> list[tuple[str, str]]:
    """What every screen must say besides: (class, sentence), the gravest first, at most two."""
    board, told = picture.board, []
    if picture.engine_silent:
        text = "ENGINE NOT RESPONDING · this is the last it showed · the kill switch still works"
        told.append(("-halt", text))
    if picture.kill_note:
        told.append(("-halt", picture.kill_note))
    unproven = [halt for halt in board.halts if halt.state is HaltState.HALTED_UNVERIFIED]
    if unproven:
        lacking = [_lack(e) for halt in unproven for e in halt.evidence if not e.verified]
        told.append(("-halt", f"KILL NOT VERIFIED: {', '.join(lacking)} · it is retried for ever"))
    if board.ledger.verified == "FAIL":
        told.append(("-halt", "LEDGER DOES NOT VERIFY: see screen 9 before you trust any figure"))
    if starting(board):
        told.append(("-stale", step(board)))
    sick = trouble(board, picture.now_us)
    if sick:
        more = f" (and {counted(len(sick) - 1, 'more venue')})" if len(sick) > 1 else ""
        told.append(("-stale", f"{sick[0]}{more} · its values are marked ✗"))
    told.extend(("-stale", ban) for ban in bans(board, picture.now_us))
    return told[:2]


def _lack(evidence: Evidence) -> str:
    if evidence.still_open > 0:
        return f"{evidence.account} {counted(evidence.still_open, 'order')} open"
    if evidence.unknown:
        return f"{evidence.account} {evidence.unknown} unknown"
    return f"{evidence.account} {evidence.error or 'not listed yet'}"


def footer(keys: Sequence[Key], width: int) -> Line:
    """The keys that matter here; what has no room is in the help."""
    line: list[Part] = []
    for key in keys:
        entry = [
            Part(f" {key.shown} ", "danger" if key.dangerous else "key", key.action),
            Part(f"{key.label} ", "dim", key.action),
        ]
        if line_width([*line, *entry]) > width:
            break
        line.extend(entry)
    return line
