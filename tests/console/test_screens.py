"""Every screen, as text, at the smallest supported size and at the usual one."""

import os

import pytest
from textual.app import App

from domain import controls
from domain.board import Board
from tests.console import boards, facts, views
from tests.console.screens import assert_snapshot, played, screen_segments
from tui import themes
from tui.keys import CONTEXTS, TABLE_OF_KEYS
from tui.options import Graph
from tui.screens.registry import SCREENS

SHOTS = {
    "dashboard": (boards.busy, ()),
    "dashboard-stale": (boards.stale, ()),
    "markets": (boards.busy, ("m",)),
    "orders": (boards.busy, ("2", "down", "down")),
    "orders-every": (boards.busy, ("2", "o")),
    "order-detail": (boards.busy, ("2", "down", "enter")),
    "ticket": (boards.busy, ("2", "n")),
    "book": (boards.busy, ("2", "B")),
    "modify": (boards.busy, ("2", "m")),
    "cancel-all": (boards.busy, ("2", "X")),
    "blotter": (boards.busy, ("3",)),
    "risk": (boards.busy, ("4",)),
    "risk-denials": (boards.busy, ("4", "d")),
    "risk-why": (boards.busy, ("4", "d", "enter")),
    "risk-limit": (boards.busy, ("4", "enter")),
    "risk-breaks": (boards.contradicted, ("4", "b")),
    "risk-break": (boards.contradicted, ("4", "b", "enter")),
    "risk-killing": (boards.halting, ("4",)),
    "risk-killed": (boards.killed, ("4",)),
    "risk-unverified": (boards.unverified, ("4",)),
    "release": (boards.killed, ("4", "R")),
    "arm": (boards.live, ("4", "A")),
    "kill-panel": (boards.busy, ("ctrl+x",)),
    "ledger": (boards.busy, ("9",)),
    "ledger-row": (boards.busy, ("9", "down", "enter")),
    "logs": (boards.busy, ("0",)),
    "logs-wrapped": (boards.busy, ("0", "z")),
    "log-line": (boards.busy, ("0", "enter")),
    "health": (boards.audited, ("comma",)),
    "health-feed": (boards.stale, ("comma", "end", "enter")),
    "health-venue": (boards.audited, ("comma", "tab", "down", "enter")),
    "help": (boards.busy, ("?",)),
    "palette": (boards.busy, (":",)),
    "live": (boards.live, ()),
    "quit": (boards.busy, ("q",)),
    "starting": (boards.starting, ()),
    "starting-risk": (boards.starting, ("4",)),
    "onboarding": (boards.empty, ()),
    "add-account": (boards.empty, ("2",)),
}


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])
@pytest.mark.parametrize("name", SHOTS)
async def test_the_screen_is_as_it_was_looked_at(name: str, size: tuple[int, int]) -> None:
    board, keys = SHOTS[name]
    async with played(board(), size=size) as session:
        for key in keys:
            await session.press(key)  # one by one: a page asks for its rows before the next
        if name == "ticket":
            await session.rested()
        assert_snapshot(session.console, f"{name}-{size[0]}x{size[1]}")


@pytest.mark.parametrize(
    "size", [(60, 20), (100, 30), (200, 60)], ids=["60x20", "100x30", "200x60"]
)
@pytest.mark.parametrize("line", SCREENS, ids=lambda line: line.name)
async def test_every_screen_draws_at_every_other_size(line: object, size: tuple[int, int]) -> None:
    async with played(size=size) as session:
        await session.press(line.key)  # type: ignore[attr-defined]
        rows = session.text.split("\n")
        assert len(rows) == size[1]
        assert rows[0].startswith(" DEMO ")
        assert "12:00:07Z" in rows[0]
        assert " ^x KILL" in rows[-1]


async def test_each_screen_answers_to_its_digit_and_the_one_before_to_minus() -> None:
    async with played() as session:
        for line in SCREENS:
            await session.press(line.key)
            assert session.console.host.current == line.name
        await session.press("4", "9", "-")
        assert session.console.host.current == "risk"


async def test_a_board_that_moves_is_drawn_without_a_key() -> None:
    async with played() as session:
        board = boards.told(
            session.desk.board, [facts.alarm("clock", "warning", "the clock is off")]
        )
        await session.show(board)
        assert "!! 3 alarms" in session.text
        assert "WARN the clock is off" in session.text


async def test_an_engine_that_stops_moving_is_said_within_three_seconds_and_unsaid_again() -> None:
    async with played() as session:
        for _ in range(4):
            await session.poll(600_000)
        assert "ENGINE NOT RESPONDING" in session.text
        await session.show(boards.later(session.desk.board, 5 * views.SECOND))
        assert "ENGINE NOT RESPONDING" not in session.text


async def test_ages_grow_though_no_board_comes() -> None:
    async with played(boards.stale()) as session:
        assert "gate ◐9s" in session.text
        await session.poll(3 * views.SECOND)
        assert "gate ◐12s" in session.text


async def test_amounts_can_be_masked_and_shown_again() -> None:
    async with played() as session:
        assert "102,345.12" in session.text
        await session.press(".")
        assert "102,345.12" not in session.text
        assert "0.521" not in session.text
        assert "•••" in session.text
        assert "62,100.50" in session.text
        await session.press(".")
        assert "102,345.12" in session.text


async def test_an_alarm_is_toasted_once_a_minute_and_acknowledged_with_one_key() -> None:
    async with played() as session:
        for _ in range(5):
            fact = facts.alarm("clock", "critical", "the clock is off")
            await session.show(boards.told(session.desk.board, [fact]))
        toasts = [n for n in session.console._notifications if "clock" in n.message]
        assert len(toasts) == 1
        session.desk.answers[controls_ask()] = None
        await session.press("a")
        assert len(session.desk.asked_for(controls_ask())) == 1


def controls_ask() -> type:
    from domain.asks import AcknowledgeAlarm  # noqa: PLC0415

    return AcknowledgeAlarm


async def test_no_alarm_means_nothing_is_asked() -> None:
    seen = controls.AlarmAcknowledged(at_us=views.NOW_US, actor="ops", alarm="")
    async with played(boards.told(boards.busy(), [seen])) as session:
        await session.press("a")
        assert not session.desk.asked_for(controls_ask())


async def test_every_theme_and_every_kind_of_chart_draws() -> None:
    async with played() as session:
        looks = set()
        for _ in themes.NAMES:
            await session.press("T")
            looks.add(styles(session.console))
        assert len(looks) == len(themes.NAMES)
        for graph in (Graph.BLOCK, Graph.ASCII, Graph.BRAILLE):
            session.console.action_graph()
            await session.settle()
            assert session.console.graph is graph


def styles(console: App[str]) -> str:
    return "".join(str(segment.style) for segment in screen_segments(console))


async def test_gains_and_losses_differ_without_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with played() as session:
        assert session.console.no_color
        assert "▲ +1.24%" in session.text
        coloured = [
            segment
            for segment in screen_segments(session.console)
            if segment.style and segment.style.color and segment.style.color.triplet
            and len({*segment.style.color.triplet}) > 1
        ]  # fmt: skip
        assert coloured == []


async def test_a_terminal_too_small_shows_one_page_and_takes_two_keys_only() -> None:
    async with played(size=(58, 18), attached=True) as session:
        assert (
            "58\N{MULTIPLICATION SIGN}18 is too small: 60\N{MULTIPLICATION SIGN}20 is needed"
            in session.text
        )
        assert " DEMO " in session.text
        assert "KILL READY" in session.text
        await session.press("2", "n", ":", "T", ".")
        assert session.console.host.current == "dashboard"
        assert session.console.theme == "night"
        await session.pilot.resize_terminal(80, 24)
        await session.settle()
        assert "Positions" in session.text
        await session.pilot.resize_terminal(50, 30)
        await session.settle()
        assert "too small" in session.text
        await session.press("q")
    assert session.console.return_value == "quit"


async def test_the_help_scrolls_to_its_end_and_question_mark_closes_it() -> None:
    async with played(size=(80, 24)) as session:
        await session.press("?")
        assert "DASHBOARD" in session.text
        await session.press("end")
        assert "set-clipboard" in session.text
        await session.press("?")
        assert "Positions" in session.text


async def test_every_key_is_in_the_help() -> None:
    async with played(size=(120, 200)) as session:
        await session.press("?")
        for key in TABLE_OF_KEYS:
            if key.keys:
                assert key.help[:40] in session.text, key.id
        for context in CONTEXTS:
            assert context.upper() in session.text


async def test_the_palette_goes_where_codes_say_with_words_as_filter() -> None:
    async with played() as session:
        await session.press(":", *"blt kraken btc", "enter")
        assert session.console.host.current == "blotter"
        assert "/kraken btc" in session.text
        await session.press("ctrl+p", *"risk", "enter")
        assert session.console.host.current == "risk"
        await session.press(":", *"nonsense", "enter")
        assert "no such command" in session.text
        await session.press("escape")
        assert session.console.host.current == "risk"


async def test_the_palette_fills_the_ticket_and_sends_nothing() -> None:
    async with played() as session:
        await session.press(":", *"buy 0.05 btc/usdt @62000 kraken", "enter")
        await session.pilot.pause(0.2)
        assert "BTC/USDT" in session.text
        assert "62000" in session.text
        assert [
            type(ask).__name__ for ask in session.desk.asked if "Submit" in type(ask).__name__
        ] == []


async def test_the_palette_runs_what_a_key_does() -> None:
    async with played() as session:
        await session.press(":", *"mask", "enter")
        assert "•••" in session.text
        await session.press(":", *"thm", "down", "up", "enter")
        assert session.console.theme != "night"


async def test_a_users_keys_are_bound_shown_and_their_conflicts_told() -> None:
    keymap = {"view.mask": "M", "order.new": "t", "view.theme": "q"}
    async with played(keymap=keymap) as session:
        await session.press("M")
        assert "•••" in session.text
        await session.press(".")
        assert "•••" in session.text
        assert " t New order" in session.text
        await session.press("comma")
        assert "! view.theme = q:" in session.text


@pytest.mark.parametrize("attached", [True, False])
async def test_leaving_asks_only_where_the_engine_would_stop_too(attached: bool) -> None:
    async with played(attached=attached) as session:
        await session.press("q")
        if not attached:
            assert "stops with the console" in session.text
            assert "8 working orders stay at the venues" in session.text
            session.clock.advance(views.SECOND)
            await session.press("tab", "enter")
    assert session.console.return_value == "quit"


async def test_a_desk_that_fails_is_told_and_the_console_stays() -> None:
    async with played() as session:
        session.desk.answers.clear()
        await session.press("9")
        assert "Reconnecting: the fake desk is not available" in session.text
        await session.press("3", "1")
        assert session.console.host.current == "dashboard"


def test_the_snapshots_were_not_written_by_this_run() -> None:
    assert not os.environ.get("QUARTERDECK_UPDATE_SNAPSHOTS")


def test_boards_of_the_tests_are_boards() -> None:
    assert isinstance(boards.busy(), Board)
