"""Whatever a venue says is shown as literal text: no crash, no action, no terminal code."""

import asyncio
import unicodedata

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from domain.asks import Trip
from tests.console.hostile import PAYLOADS, Say, hostile_desk
from tests.console.screens import Played, played, screen_segments
from tui.lines import plain

# Every screen, every detail, every dialog that shows what a venue said.
TOUR: tuple[tuple[str, ...], ...] = (
    ("1",),
    ("m", "m"),
    ("2",),
    ("o", "enter"),
    ("escape", "end", "enter"),
    ("escape", "B"),
    ("escape", "n", "ctrl+r"),
    ("escape", "escape", "3", "enter"),
    ("escape", "4", "enter"),
    ("escape", "d", "enter"),
    ("escape", "R"),
    ("escape", "P"),
    ("escape", "7", "enter"),
    ("enter",),
    ("enter",),
    ("escape", "escape", "escape", "i"),
    ("escape", "m", "b", "b", "b", "enter"),
    ("escape", "m", "enter"),
    ("escape", "8", "enter"),
    ("escape", "v"),
    ("escape", "9", "v"),
    ("enter",),
    ("escape", "down", "enter"),
    ("escape", "0", "enter"),
    ("escape", "z", "comma", "end", "enter"),
    ("escape", "a", "."),
    ("ctrl+x",),
    ("escape", "?"),
)


def assert_harmless(session: Played) -> None:
    for segment in screen_segments(session.console):
        bad = [c for c in segment.text if unicodedata.category(c)[0] == "C"]
        assert not bad, f"{bad!r} in {segment.text!r}"
        assert not (segment.style and segment.style.meta.get("@click")), segment.text
    assert session.console.is_running
    assert session.desk.asked_for(Trip) == []


async def tour(say: Say, size: tuple[int, int], *, halted: bool) -> None:
    async with played(desk=hostile_desk(say, halted=halted), size=size) as session:
        assert_harmless(session)
        for keys in TOUR:
            await session.press(*keys)
            assert_harmless(session)


@pytest.mark.slow
@pytest.mark.timeout(60)
@pytest.mark.parametrize("first", range(0, len(PAYLOADS), 5))
async def test_known_payloads_reach_no_screen_as_anything_but_text(first: int) -> None:
    await tour(Say(PAYLOADS, first), (120, 40), halted=bool(first % 2))


@pytest.mark.slow
@pytest.mark.timeout(120)
@settings(
    max_examples=4, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
)
@given(texts=st.lists(st.text(max_size=120), min_size=4, max_size=12), halted=st.booleans())
def test_any_text_at_all_goes_through_every_screen(texts: list[str], halted: bool) -> None:
    asyncio.run(tour(Say(texts), (80, 24), halted=halted))


async def test_markup_in_a_venues_words_is_read_as_written() -> None:
    async with played(desk=hostile_desk(Say(["[/][b]x"]))) as session:
        await session.press("4", "d", "enter")
        assert "[/][b]x" in session.text


async def test_a_click_on_a_venues_words_runs_nothing() -> None:
    async with played(desk=hostile_desk(Say(["[@click=app.kill]y[/]"]))) as session:
        for y in range(2, 39, 4):
            for x in range(2, 118, 24):
                await session.pilot.click(offset=(x, y))
                if session.console.screen is not session.console.host:
                    await session.pilot.press("escape")
        assert session.desk.asked_for(Trip) == []
        assert session.console.is_running


async def test_toasts_show_markup_as_written() -> None:
    async with played() as session:
        session.console.say("[@click=app.kill]x[/] \x1b[2J")
        await session.settle()
        assert "[@click=app.kill]x[/]" in session.text
        assert_harmless(session)


def test_plain_text_keeps_what_can_be_read() -> None:
    assert plain("Größe 12 → 日本") == "Größe 12 → 日本"
