"""What the health screen says of feeds, the engine and the console itself.

The one rule: a figure that was never measured is a dash, not a zero.
"""

from collections.abc import Callable

from domain.board import Board, Feed, Health
from domain.drills import days_since
from domain.halts import Level, tripped_by
from tui.format import DASH, age, millis, since, size, stamp, when
from tui.freshness import DOT
from tui.lines import Line, Lines, Part, wrapped
from tui.phases import unread
from tui.stage import Picture, Stage
from tui.widgets.columns import Cell, Column

_TONE = {Health.OK: "ok", Health.STALE: "stale", Health.DOWN: "halt"}
_LAG_WARN_US = 50_000


def feed_key(feed: Feed) -> str:
    """What names a feed."""
    return f"{feed.venue} {feed.kind} {feed.account}"


def feed_rows(board: Board) -> list[Feed]:
    """Every feed, by venue."""
    return sorted(board.feeds.values(), key=feed_key)


def feed_columns(now_us: Callable[[], int]) -> tuple[Column[Feed], ...]:
    """The columns of the feeds; ages are told for the present moment."""

    def told(at_us: int, feed: Feed, *, matters: bool) -> Cell:
        if not at_us:
            return Cell(DASH, "faint")
        old = (
            matters and feed.expected_us and now_us() - at_us > max(3_000_000, 2 * feed.expected_us)
        )
        return Cell(since(at_us, now_us()), "stale" if old else "")

    def next_try(feed: Feed) -> Cell:
        if not feed.attempt:
            return Cell(DASH, "faint")
        wait_us = max(0, feed.next_try_us - now_us())
        return Cell(f"#{feed.attempt} in {age(wait_us)}", "warn")

    return (
        Column("VENUE", 9, lambda f: Cell(f.venue, "strong"), sort=lambda f: f.venue),
        Column("FEED", 8, lambda f: f.kind, sort=lambda f: f.kind),
        Column("ACCOUNT", 8, lambda f: Cell(f.account or DASH, "dim"), drop=3),
        Column("STATE", 8, lambda f: Cell(f"{DOT[f.health]} {f.health.value}", _TONE[f.health]),
               sort=lambda f: f.health),
        Column("MESSAGE", 8, lambda f: told(f.message_us, f, matters=f.kind != "poll"), right=True),
        Column("HEART", 8, lambda f: told(f.heartbeat_us, f, matters=False), right=True),
        Column("POLL", 8, lambda f: told(f.poll_us, f, matters=f.kind == "poll"), right=True),
        Column("EVERY", 7, lambda f: Cell(age(f.expected_us) if f.expected_us else DASH, "dim"),
               right=True, drop=2),
        Column("NEXT TRY", 12, next_try, drop=1),
        Column("PROBLEM", 12, lambda f: Cell(f.problem, "warn"), grow=True),
        Column("REMEDY", 12, lambda f: Cell(f.remedy), drop=4, grow=True),
    )  # fmt: skip


def feed_lines(feed: Feed, picture: Picture, width: int) -> Lines:
    """One feed in full: its signs of life, what is wrong, what to do."""
    newest = next(
        (one for one in feed_rows(picture.board) if feed_key(one) == feed_key(feed)), feed
    )
    signs = (
        ("message", newest.message_us),
        ("heartbeat", newest.heartbeat_us),
        ("poll", newest.poll_us),
    )
    told = [f"{name} {since(at_us, picture.now_us)}" for name, at_us in signs]
    state = Part(f"{DOT[newest.health]} {newest.health.value}", _TONE[newest.health])
    problem = wrapped(newest.problem or "no problem", width)
    remedy = wrapped(newest.remedy, width) if newest.remedy else []
    return [
        [
            Part(f"{newest.venue} {newest.kind} {newest.account}".rstrip(), "strong"),
            Part("  "),
            state,
        ],
        [Part("last: " + " · ".join(told), "dim")],
        (),
        *([Part(row, "warn" if newest.problem else "dim")] for row in problem),
        *([Part(row)] for row in remedy),
    ]


def engine_lines(picture: Picture) -> Lines:
    """The engine's pulse, the ledger, metrics."""
    board = picture.board
    engine, ledger = board.engine, board.ledger
    silent = [Part("  NOT RESPONDING", "halt")] if picture.engine_silent else []
    port = f"127.0.0.1:{engine.metrics_port}/metrics" if engine.metrics_port else "off"
    if unread(board):
        phase = [Part(f"{'phase':<10}", "dim"), Part(board.phase.value, "strong"), *silent]
        return [phase, [Part("its figures come with its first board", "dim")]]
    late = engine.lag_us > _LAG_WARN_US
    checked = f"{ledger.verified or 'not yet'} · lag {millis(ledger.lag_us)}"
    rows = (
        (
            "phase",
            board.phase.value,
            f"  level {Level(board.level).name} · {_drill(board)}",
            "strong",
        ),
        (
            "loop lag",
            millis(engine.lag_us),
            f" p99 · {engine.tasks} tasks · {size(engine.memory_bytes)}",
            "warn" if late else "ok",
        ),
        (
            "orders",
            f"{engine.orders_sent:,} sent",
            f" · {engine.failures_5min} failed in 5 min",
            "",
        ),
        ("ledger", f"{ledger.head_seq:,} rows", f" · {size(ledger.size_bytes)} · {checked}", ""),
        ("triggers", *_triggers(board)),
        ("metrics", port, "", ""),
        (
            "started",
            stamp(board.started_us) if board.started_us else DASH,
            f" · run {board.run_id or DASH}",
            "",
        ),
        ("board", f"v{board.version:,} at {when(board.now_us, picture.now_us)}", "", ""),
    )
    lines = [
        [Part(f"{name:<10}", "dim"), Part(value, tone), Part(rest, "dim")]
        for name, value, rest, tone in rows
    ]
    lines[0] += silent
    return [*lines]


def _drill(board: Board) -> str:
    """When the kill switch was last proven in a drill; LIVE says in the mode bar if it is late."""
    days = days_since(board.drilled_us, board.now_us)
    return "never drilled" if days is None else f"drill {days}d ago"


def _triggers(board: Board) -> tuple[str, str, str]:
    """Which triggers have halted something that stands, and where they are shown."""
    names = sorted({by for halt in board.halts if (by := tripped_by(halt.actor))})
    told = ", ".join(names)
    return (told, "  (:TRIG shows all)", "halt") if told else ("none tripped", "  (:TRIG)", "")


def settings_lines(stage: Stage, theme: str, width: int) -> Lines:
    """The console's own settings, and what is wrong with the user's keys."""
    options = stage.options
    rows = (
        ("operator", stage.operator),
        (
            "engine",
            "another process; it stays when the console goes"
            if options.attached
            else "in this process",
        ),
        ("theme", f"{theme}  (T changes)"),
        ("charts", f"{stage.graph.value}  (:GRAPH changes)"),
        ("pictures", f"{options.polls_per_second} a second"),
        ("mouse", "on; shift+drag selects text" if options.mouse else "off"),
        ("bell", "on critical alarms" if options.bell else "off"),
        ("exports", str(options.export_dir) if options.export_dir else "no folder configured"),
        ("keymap", f"{len(options.keymap)} changed" if options.keymap else "default"),
    )
    lines: list[Line] = []
    for problem in stage.key_problems:  # first: the panel is short, and this wants to be mended
        lines.extend([Part(row, "warn")] for row in wrapped(f"! {problem}", width))
    for name, text in rows:
        first, *rest = wrapped(text, max(10, width - 10))
        lines.append([Part(f"{name:<10}", "dim"), Part(first)])
        lines.extend([Part(" " * 10), Part(row)] for row in rest)
    return lines
