"""The kill switch from every place; its release and arming, the dear directions."""

from collections.abc import Callable

import pytest

from domain.asks import Trip
from domain.errors import Refused
from domain.halts import Level
from tests.console import boards
from tests.console.fakes import Hang
from tests.console.screens import Played, played

MS = 1_000


async def twice(session: Played, gap_us: int = 500 * MS, key: str = "ctrl+x") -> None:
    await session.press(key)
    session.clock.advance(gap_us)
    await session.press(key)


def trips(session: Played) -> list[Trip]:
    return session.desk.asked_for(Trip)


@pytest.mark.parametrize("key", ["ctrl+x", "f12"])
async def test_two_presses_engage_and_one_does_not(key: str) -> None:
    async with played() as session:
        await session.press(key)
        assert "press ^x or F12 again within 3 s" in session.text
        assert "8 working orders cancelled and verified, 4 accounts" in session.text
        assert trips(session) == []
        session.clock.advance(500 * MS)
        await session.press(key)
        assert [trip.reason for trip in trips(session)] == ["kill switch pressed in the console"]


@pytest.mark.parametrize(
    "leading",
    [
        ("2", "n", "tab", "tab"),  # a field of the ticket
        ("2", "X", "up"),  # a field in a dialog
        (":",),  # the palette
        ("?",),  # the help
        ("/",),  # a filter
        ("2", "enter"),  # an order's detail
        ("9", "enter"),  # a ledger row
        ("q",),  # the question before leaving
    ],
    ids="".join,
)
async def test_it_works_from_every_field_dialog_and_palette(leading: tuple[str, ...]) -> None:
    async with played() as session:
        await session.press(*leading)
        await twice(session)
        assert len(trips(session)) == 1


async def test_it_works_where_the_terminal_is_too_small() -> None:
    async with played(size=(40, 10)) as session:
        await session.press("ctrl+x")
        assert "press ^x F12 again" in session.text.replace("\n", " ")
        session.clock.advance(500 * MS)
        await session.press("ctrl+x")
        assert len(trips(session)) == 1


async def test_it_works_before_there_is_an_account() -> None:
    async with played(boards.empty()) as session:
        await twice(session)
        assert len(trips(session)) == 1


async def test_bouncing_held_and_late_presses_do_not_engage() -> None:
    async with played() as session:
        for gap in [30 * MS] * 20 + [299 * MS, 3_001 * MS, 10_000 * MS]:
            await session.press("ctrl+x")
            session.clock.advance(gap)
        assert trips(session) == []


async def test_closing_the_panel_forgets_the_first_press() -> None:
    async with played() as session:
        await session.press("ctrl+x", "escape")
        session.clock.advance(500 * MS)
        await session.press("ctrl+x")
        assert trips(session) == []


async def test_typing_kill_engages_and_anything_else_does_not() -> None:
    async with played() as session:
        await session.press("ctrl+x", *"kil", "enter")
        assert trips(session) == []
        assert "nothing happened: type KILL" in session.text
        await session.press("l", "enter")
        assert [trip.reason for trip in trips(session)] == ["typed KILL in the console"]


async def test_the_word_stops_no_more_than_was_chosen_and_two_presses_stop_everything() -> None:
    async with played() as session:
        await session.press("ctrl+x", "tab", "right", "tab", "right", "up", "up", *"kill", "enter")
        (chosen,) = trips(session)
        assert (chosen.scope, chosen.level) == ("VENUE:gate", Level.HALT)
        await session.press("ctrl+x")
        session.clock.advance(500 * MS)
        await session.press("ctrl+x")
        assert (trips(session)[-1].scope, trips(session)[-1].level) == (
            "GLOBAL",
            Level.HALT_CANCEL,
        )


async def test_a_narrow_kill_without_an_engine_is_spawned_with_its_scope() -> None:
    spawned: list[tuple[str, ...]] = []

    def spawn(*told: str) -> str:
        spawned.append(told)
        return "started"

    async with played(spawn_kill=spawn) as session:
        session.desk.answers[Trip] = RuntimeError()
        await session.press("ctrl+x", "tab", "right", "up", *"kill", "enter")
        [(_, *terms)] = spawned
        assert terms == ["--scope", "VENUE:gate", "--level", "HALT_CANCEL"]


async def test_a_scope_that_the_desk_refuses_is_told_and_starts_nothing() -> None:
    spawned: list[str] = []
    async with played(spawn_kill=recorder(spawned)) as session:
        session.desk.answers[Trip] = Refused("scope", "nothing was halted: no such venue")
        await session.press("ctrl+x", "tab", "right", "up", *"kill", "enter")
        assert spawned == []
        assert "nothing was halted: no such venue" in session.text


async def test_every_halt_is_listed_with_its_accounts_and_the_bar_names_a_narrow_one() -> None:
    async with played(boards.narrow()) as session:
        assert "HALT VENUE:kraken +1" in session.text.split("\n")[0]
        await session.press("ctrl+x")
        for piece in ("KILLED · VERIFIED", "VENUE:kraken", "HALTED", "STRATEGY:grid"):
            assert piece in session.text
        assert "press ^x or F12 again" in session.text, "everything can be stopped still"
        await session.press("escape", "4")
        assert "STRATEGY:grid" in session.text


async def test_the_panel_shows_what_becomes_of_each_account() -> None:
    async with played() as session:
        await twice(session)
        await session.show(boards.halting())
        for piece in (
            "KILLING",
            "GLOBAL",
            "kraken/main",
            "3 cancelled · verified in 1,240 ms",
            "1 still open · attempt 2",
            "1 unknown",
            "the list could not be read",
        ):
            assert piece in session.text
        await session.show(boards.killed())
        assert "KILLED · VERIFIED" in session.text


async def test_once_it_is_engaged_the_panel_asks_for_no_word() -> None:
    async with played() as session:
        await session.press("ctrl+x")
        assert "or type KILL" in session.text
        session.clock.advance(500 * MS)
        await session.press("ctrl+x")
        await session.show(boards.halting())
        assert "or type KILL" not in session.text
        session.clock.advance(500 * MS)
        await session.press("enter")
        assert "· kill switch" not in session.text


async def test_an_engine_that_does_not_answer_in_time_is_passed_by() -> None:
    spawned: list[str] = []

    def spawn(reason: str) -> str:
        spawned.append(reason)
        return "quarterdeck --kill was started (pid 4711)"

    async with played(spawn_kill=spawn, kill_timeout_ms=2_000) as session:
        session.desk.answers[Trip] = Hang
        await twice(session)
        await session.until(lambda: bool(spawned))
        assert spawned == ["kill switch pressed in the console"]
        assert "the engine did not answer: quarterdeck --kill was started" in session.text
        await session.press("escape", "3")
        assert "quarterdeck --kill was started (pid 4711)" in session.text


async def test_an_engine_that_fails_is_passed_by_at_once() -> None:
    spawned: list[str] = []

    def spawn(reason: str) -> str:
        spawned.append(reason)
        return "started"

    async with played(spawn_kill=spawn) as session:
        session.desk.answers[Trip] = RuntimeError("secret=hunter2")
        await twice(session)
        assert len(spawned) == 1
        assert "the engine failed (RuntimeError): started" in session.text
        assert "hunter2" not in session.text


async def test_where_even_that_fails_the_operator_is_told_what_to_type() -> None:
    def spawn(_: str) -> str:
        raise OSError("no such file")

    async with played(spawn_kill=spawn) as session:
        session.desk.answers[Trip] = RuntimeError()
        await twice(session)
        assert "--kill could not be started (OSError): run `quarterdeck --kill`" in session.text


def recorder(spawned: list[str]) -> Callable[[str], str]:
    def spawn(reason: str) -> str:
        spawned.append(reason)
        return "started"

    return spawn


async def test_a_lost_answer_is_no_failure_when_the_board_shows_the_halt() -> None:
    spawned: list[str] = []
    async with played(spawn_kill=recorder(spawned), kill_timeout_ms=2_000) as session:
        session.desk.answers[Trip] = Hang
        await twice(session)
        assert session.console.kill_switch.note
        session.desk.board = boards.halting()
        await session.until(lambda: not session.console.kill_switch.note)
        await session.poll()
        assert spawned == []
        assert "KILLING" in session.text


async def test_the_note_of_a_fallback_goes_when_the_board_shows_the_halt() -> None:
    async with played(spawn_kill=lambda _: "started", kill_timeout_ms=50) as session:
        session.desk.answers[Trip] = RuntimeError()
        await twice(session)
        assert "started" in session.text
        await session.show(boards.halting())
        assert "the engine failed" not in session.text


async def test_killed_is_on_every_screen() -> None:
    async with played(boards.killed()) as session:
        for key in "1234", "9", "0":
            await session.press(*key)
            first = session.text.split("\n")[0]
            assert first.startswith(" DEMO ")
            assert "KILLED" in first


# Release
