"""What the health screen says of each venue: its calls, what it can, its keys, its last error.

The one rule: what a venue cannot is said together with what is done instead; what it does not
tell of a key is said to be untold, not to be well.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from domain.board import Board, Health, LastError, VenueView
from domain.keys import Finding, Ill, KeyView
from tui.format import DASH, age, clock, millis, since
from tui.freshness import feeds_of, venues
from tui.lines import Line, Lines, Part, wrapped
from tui.stage import Picture
from tui.widgets.columns import Cell, Column

SKEW_WARN_US = 1_000_000
OLD_LIST_US = 2 * 3_600_000_000  # it is read again every hour
# What a row has room for, in the words of the legend; Enter shows every ability.
SHOWN = {
    "orders": "Orders",
    "balance stream": "Balances",
    "fill stream": "Fills",
    "cancel all": "All",
    "look up": "Look",
    "dead man": "Dead",
    "sandbox": "Sandbox",
    "history": "History",
    "withdrawals": "Withdraw",
}
LEGEND = " ".join(SHOWN.values())
_LETTERS = " ".join(word[0] for word in SHOWN.values())
_WORDS = {
    Ill.OTHER_ACCOUNT: "✗ refused",
    Ill.SAME_ACCOUNT: "! twice",
    Ill.CANNOT_CANCEL: "✗ refused",
    Ill.TOO_NARROW: "✗ narrow",
    Ill.TOO_WIDE: "! too wide",
    Ill.UNBOUND: "! any addr",
    Ill.EXPIRES: "! expires",
    Ill.OLD: "! old",
    Ill.UNKNOWN: "! unknown",
}
_INDENT = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueLine:
    """One venue as its row shows it; `error` is what is wrong now, or was last."""

    view: VenueView
    keys: Cell
    abilities: str
    error: LastError | None
    present: bool


def venue_key(line: VenueLine) -> str:
    """What names a row."""
    return line.view.venue


def venue_rows(board: Board) -> list[VenueLine]:
    """Every venue that is configured, those that never answered included."""
    return [_row(board, venue) for venue in venues(board)]


def _row(board: Board, venue: str) -> VenueLine:
    view = board.venues.get(venue) or VenueView(venue=venue)
    sick = next((f for f in feeds_of(board, venue) if f.problem and f.health != Health.OK), None)
    error = view.last_error
    if sick is not None:
        who = sick.account or venue
        error = LastError(who=who, why=sick.problem, remedy=sick.remedy, at_us=0)
    told = {ability.name: ability.can for ability in board.abilities.get(venue, ())}
    return VenueLine(
        view=view,
        keys=_keys(board, venue),
        abilities=" ".join("✓" if told.get(name) else DASH for name in SHOWN) if told else "",
        error=error,
        present=sick is not None,
    )


def keys_of(board: Board, venue: str) -> list[KeyView]:
    """The keys of a venue's configured accounts, by account and purpose."""
    found = [key for key in board.keys.values() if key.account.venue == venue]
    known = [key for key in found if key.account in board.accounts]
    return sorted(known, key=lambda key: (key.account, key.purpose))


def _keys(board: Board, venue: str) -> Cell:
    """All of a venue's keys in a word: the gravest thing that is wrong with one."""
    for account, view in board.accounts.items():
        if view.refused and account.partition("/")[0] == venue:
            return Cell("✗ refused", "halt")
    keys = keys_of(board, venue)
    ills = {finding.ill for key in keys for finding in key.findings}
    worst = next((ill for ill in Ill if ill in ills), None)
    if worst is not None:
        return Cell(_WORDS[worst], "halt" if worst.disables else "warn")
    if not keys:
        return Cell(DASH, "faint")
    told = any(key.report.rights is not None for key in keys)
    return Cell("✓", "ok") if told else Cell("untold", "dim")


def venue_columns() -> tuple[Column[VenueLine], ...]:
    """The columns; what is wrong takes what is left over."""
    return (
        Column("VENUE", 9, _name, sort=lambda line: line.view.venue),
        Column("CLOCK", 8, _clock, right=True),
        Column("ANSWER", 7, _answer, right=True),
        Column("CALLS", 7, _calls, right=True),
        Column("KEYS", 10, lambda line: line.keys),
        Column(_LETTERS, len(_LETTERS), lambda line: line.abilities or DASH),
        Column("LAST ERROR", 10, _error, grow=True),
        Column("REMEDY", 20, _remedy, drop=4, grow=True),
    )


def _name(line: VenueLine) -> Cell:
    return Cell(line.view.venue, "warn" if line.view.sandbox else "strong")


def _clock(line: VenueLine) -> Cell:
    skew_us = line.view.skew_us
    if skew_us is None:
        return Cell(DASH, "faint")
    return Cell(f"{skew_us // 1_000:+} ms", "warn" if abs(skew_us) > SKEW_WARN_US else "")


def _answer(line: VenueLine) -> Cell:
    latency_us = line.view.latency_us
    return Cell(millis(latency_us)) if latency_us else Cell(DASH, "faint")


def _calls(line: VenueLine) -> Cell:
    view = line.view
    if view.ban:
        return Cell("BANNED", "halt")
    if not view.budget:
        return Cell(DASH, "faint")
    low = view.budget_left * 4 < view.budget
    return Cell(f"{view.budget_left}/{view.budget}", "warn" if low else "")


def _error(line: VenueLine) -> Cell:
    view, error = line.view, line.error
    if view.ban:
        return Cell(view.ban, "halt")
    return Cell(error.why, "warn" if line.present else "dim") if error else Cell("")


def _remedy(line: VenueLine) -> Cell:
    return Cell(line.error.remedy if line.error and line.present else "")


# One venue in full


def venue_lines(venue: str, picture: Picture, width: int) -> Lines:
    """A venue in full: its calls, its last error, its keys, and what it can and cannot."""
    board = picture.board
    line = _row(board, venue)
    keys = keys_of(board, venue)
    return [
        *_calls_told(line.view, picture.now_us, width),
        *_dead_man_told(board, venue, picture.now_us),
        *_error_told(line, picture.now_us, width),
        *((), [Part("Keys", "strong")] if keys else [Part("no keys are used here", "dim")]),
        *(row for key in keys for row in _key_told(key, board, picture.now_us, width)),
        (),
        [Part("Can and cannot", "strong")],
        *(row for ability in board.abilities.get(venue, ()) for row in _ability(ability, width)),
    ]


def _calls_told(view: VenueView, now_us: int, width: int) -> Iterator[Line]:
    if view.sandbox:
        yield [Part("SANDBOX: its test system, with money that is none", "warn")]
    figures = []
    if view.skew_us is not None:
        figures.append(f"its clock is {view.skew_us // 1_000:+} ms from ours")
    if view.latency_us:
        figures.append(f"answers in {millis(view.latency_us)}")
    if view.budget:
        figures.append(f"{view.budget_left} of {view.budget} calls left")
    for row in wrapped(" · ".join(figures) or "it has not answered yet", width):
        yield [Part(row, "dim")]
    if view.markets_us:
        old = now_us - view.markets_us > OLD_LIST_US
        listed = f"its instruments were read {since(view.markets_us, now_us)} ago"
        yield [Part(listed, "warn" if old else "dim")]
    if view.ban:
        left = age(max(0, view.banned_us - now_us))
        yield [Part(f"BANNED for {left}, only cancels go out: {view.ban}", "halt")]


def _dead_man_told(board: Board, venue: str, now_us: int) -> Iterator[Line]:
    """Until when the venue waits for us before it cancels everything by itself."""
    for account, view in sorted(board.accounts.items()):
        if view.dead_man_us and view.account.venue == venue:
            left = age(max(0, view.dead_man_us - now_us))
            told = f"cancels everything at {clock(view.dead_man_us)}Z, in {left}, unless told again"
            yield [Part(f"{account} ", "strong"), Part(told)]


def _error_told(line: VenueLine, now_us: int, width: int) -> Iterator[Line]:
    error = line.error
    if error is None:
        yield [Part("no error since the start", "dim")]
        return
    when = "now" if line.present else f"{since(error.at_us, now_us)} ago, over"
    for row in wrapped(f"{error.who} ({when}): {error.why}", width):
        yield [Part(row, "warn" if line.present else "dim")]
    for row in wrapped(error.remedy, width) if error.remedy else ():
        yield [Part(row)]


def _ability(ability: Iterable[object], width: int) -> Iterator[Line]:
    name, can, how = ability
    first, *rest = wrapped(str(how), max(20, width - 18)) or [""]
    mark = Part("✓ ", "ok") if can else Part(f"{DASH} ", "dim")
    yield [mark, Part(f"{name:<15} "), Part(first, "dim")]
    yield from ([Part(" " * 18), Part(row, "dim")] for row in rest)


# Keys


def key_lines(picture: Picture, width: int) -> Lines:
    """Every key of every account: what it may do, and what is wrong with it."""
    board = picture.board
    keys = [key for venue in venues(board) for key in keys_of(board, venue)]
    if not keys:
        return [[Part("no key is used", "dim")]]
    said = {finding.text for key in keys for finding in key.findings}
    lines: list[Line] = []
    for account, view in board.accounts.items():
        if view.refused:
            why = "" if view.refused in said else f": {view.refused}"
            rows = wrapped(f"{account} is refused, no order of it leaves{why}", width)
            lines += [[Part(row, "halt")] for row in rows]
    keys.sort(key=_gravity)
    return [*lines, *(row for key in keys for row in _key_told(key, board, picture.now_us, width))]


def _gravity(key: KeyView) -> int:
    order = list(Ill)
    return min((order.index(finding.ill) for finding in key.findings), default=len(order))


def _key_told(key: KeyView, board: Board, now_us: int, width: int) -> Iterator[Line]:
    report = key.report
    told = [report.rights_told, report.binding_told, report.uid and f"account {report.uid}"]
    mark = _mark(key.findings, told=report.rights is not None)
    asked = f" · asked {since(key.at_us, now_us)} ago"
    stale = key.at_us < board.started_us
    yield [
        mark,
        Part(f"{key.account} {key.purpose}", "strong"),
        Part(f"{asked}, not since the start" if stale else asked, "warn" if stale else "dim"),
    ]
    words = "; ".join(filter(None, told))
    if report.rights is None and report.problem:
        words = f"{words} ({report.problem})"
    for row in wrapped(words, max(10, width - _INDENT)):
        yield [Part(" " * _INDENT), Part(row, "dim")]
    for finding in key.findings:
        yield from _finding(finding, width)


def _mark(findings: Iterable[Finding], *, told: bool) -> Part:
    ills = [finding.ill for finding in findings]
    if any(ill.disables for ill in ills):
        return Part("✗ ", "halt")
    if ills:
        return Part("! ", "warn")
    return Part("✓ ", "ok") if told else Part("· ", "dim")


def _finding(finding: Finding, width: int) -> Iterator[Line]:
    tone = "halt" if finding.ill.disables else "warn"
    for row in wrapped(finding.text, max(10, width - _INDENT)):
        yield [Part(" " * _INDENT), Part(row, tone)]
    for row in wrapped(f"→ {finding.remedy}", max(10, width - _INDENT)) if finding.remedy else ():
        yield [Part(" " * _INDENT), Part(row)]
