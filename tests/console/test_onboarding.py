"""The first screen of a desk without accounts, and the console before the engine answers."""

import re

import pytest

from domain.asks import Ask, Trip
from domain.board import Board, Mode, Phase
from domain.errors import Unavailable
from tests.console import boards
from tests.console.fakes import FakeDesk, R
from tests.console.screens import played
from tui import keys
from tui.options import Start
from tui.phases import starting, unread
from tui.screens.registry import SCREENS, ScreenLine

STARTING = (Phase.INIT, Phase.LEDGER_VERIFY, Phase.LOAD, Phase.CONNECT, Phase.RECONCILE)
LATE = Unavailable("engine", "it is starting", remedy="wait a moment, then try again")
# A figure of the desk: `0 working`, `KILL READY`, `no order is working`. Times are none.
CLAIMS = (
    r"\b0 (working|fill|row|order|account|denied|sent)|KILL READY|KILLED|in force, "
    r"|no order is working|no execution yet|no limit is|nothing was denied|[Nn]o order is working"
    r"|no account"
)


class LateDesk(FakeDesk):
    """A desk that answers nothing: its engine is starting."""

    async def ask(self, ask: Ask[R]) -> R:
        self.asked.append(ask)
        raise LATE


def late(phase: Phase = Phase.INIT) -> LateDesk:
    return LateDesk(boards.starting(phase))


def ready(board: Board) -> Board:
    return board.but(phase=Phase.READY, version=board.version + 1)


@pytest.mark.parametrize("phase", STARTING)
async def test_until_the_engine_is_ready_the_dashboard_says_how_far_it_is(phase: Phase) -> None:
    async with played(desk=late(phase)) as session:
        assert session.console.host.current == "dashboard"
        assert f"STARTING · {phase.value}" in session.text
        await session.show(boards.starting(phase, Mode.LIVE))
        assert session.console.host.current == "dashboard"


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])
@pytest.mark.parametrize("line", SCREENS, ids=lambda line: line.name)
async def test_what_is_not_read_yet_is_neither_zero_nor_none(
    line: ScreenLine, size: tuple[int, int]
) -> None:
    async with played(desk=late(Phase.LOAD), size=size) as session:
        await session.press(line.key)
        assert "STARTING · LOAD" in session.text
        assert not re.search(CLAIMS, session.text), session.text
        await session.press("ctrl+x")
        assert not re.search(CLAIMS, session.text), session.text
        assert "on every account" in session.text


@pytest.mark.slow
@pytest.mark.timeout(90)
@pytest.mark.parametrize(
    ("page", "contexts"),
    [
        ("1", (keys.GLOBAL,)),
        ("1", (keys.DASHBOARD, keys.TABLE)),
        ("2", (keys.ORDERS, keys.ORDER, keys.TICKET)),
        ("4", (keys.RISK,)),
        ("9", (keys.LEDGER,)),
        ("0", (keys.LOGS,)),
    ],
)
async def test_no_key_leads_to_a_crash_on_an_empty_board(
    page: str, contexts: tuple[str, ...]
) -> None:
    table = [key for key in keys.TABLE_OF_KEYS if key.context in contexts]
    async with played(desk=late()) as session:
        for pressed in sorted({one for key in table for one in key.keys.split(",")}):
            await session.pilot.press(page, pressed, "enter", "escape", "escape")
        await session.settle()
        assert session.console.is_running
        assert not session.console.return_code


async def test_an_ask_while_starting_is_told_in_one_line() -> None:
    async with played(desk=late()) as session:
        await session.press("9", "v")
        told = [str(toast.message) for toast in session.console._notifications]
        assert set(told) == {
            "The engine does not answer (it is starting): wait a moment, then try again"
        }


async def test_two_presses_while_starting_start_the_kill_in_a_process_of_its_own() -> None:
    spawned: list[str] = []

    def spawn(reason: str) -> str:
        spawned.append(reason)
        return "quarterdeck --kill was started"

    async with played(desk=late(), spawn_kill=spawn) as session:
        await session.press("ctrl+x")
        session.clock.advance(500_000)
        await session.press("ctrl+x")
        assert spawned == ["kill switch pressed in the console"]
        assert len(session.desk.asked_for(Trip)) == 1
        assert "the engine cannot answer (it is starting)" in session.text
        assert "quarterdeck --kill was started" in session.text


@pytest.mark.parametrize("phase", [Phase.READY, Phase.ARMED])
async def test_onboarding_opens_when_the_engine_is_ready_and_no_account_is_there(
    phase: Phase,
) -> None:
    async with played(desk=late()) as session:
        await session.press("3")
        await session.show(boards.starting(Phase.RECONCILE))
        assert session.console.host.current == "blotter"
        await session.show(boards.starting(phase))
        assert session.console.host.current == "onboarding"
        assert "1  Try the demo" in session.text
        await session.press("minus", "1")
    assert session.console.return_value == "demo"


async def test_a_desk_with_accounts_never_shows_onboarding_and_asks_again() -> None:
    async with played(boards.busy().but(phase=Phase.CONNECT)) as session:
        await session.press("3")
        asked = len(session.desk.asked)
        await session.show(ready(session.desk.board))
        assert session.console.host.current == "blotter"
        assert len(session.desk.asked) == asked + 1


async def test_onboarding_goes_when_an_account_is_there() -> None:
    async with played(boards.empty()) as session:
        assert session.console.host.current == "onboarding"
        await session.show(boards.busy())
        assert session.console.host.current == "dashboard"


async def test_on_onboarding_no_key_leads_to_a_screen_without_a_desk() -> None:
    async with played(boards.empty()) as session:
        await session.press("n", "minus", "2", ":", *"ord", "enter")
        assert session.console.host.current == "onboarding"


def test_a_board_is_unread_until_the_ledger_is_loaded() -> None:
    for phase in Phase:
        board = boards.starting(phase)
        assert starting(board) is (phase in STARTING)
        assert unread(board) is (phase in STARTING[:3])


async def test_onboarding_begins_as_the_card_says() -> None:
    async with played(boards.empty()) as session:
        assert "1  Try the demo" in session.text
        await session.press("2")
        assert "quarterdeck doctor" in session.text
        await session.press("escape", "9")
        assert session.console.host.current == "onboarding"
        await session.press("1")
    assert session.console.return_value == "demo"


async def test_onboarding_offers_what_the_wiring_offers() -> None:
    offers = (Start.DEMO, Start.PAPER, Start.KEYS)
    async with played(boards.empty(), offers=offers) as session:
        assert "2  Paper trading" in session.text
        await session.press("right", "enter")
    assert session.console.return_value == "paper"
