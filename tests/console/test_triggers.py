"""The automatic triggers on the screen: what holds first, each with its value, limit, last trip."""

from dataclasses import replace

import pytest

from domain import controls
from domain.board import Board
from domain.errors import Unavailable
from domain.halts import Level
from domain.triggers import ReadTriggers, TriggerView
from tests.console import boards, selling, views
from tests.console.fakes import FakeDesk, answering
from tests.console.hostile import PAYLOADS
from tests.console.screens import assert_snapshot, played
from tests.console.test_hostile import assert_harmless
from tui.screens.triggers import AGAIN_US, OLD_US

OPEN = (":", *"trig", "enter")
VIEWS = (
    TriggerView(
        name="drawdown", meaning="Fall of equity below its high-water mark", on=True,
        value="2.10 %", limit="10 %", level=Level.HALT_CANCEL,
    ),
    TriggerView(
        name="clock_skew", meaning="A venue's clock is too far from ours", on=True,
        value="3012 ms", limit="2500 ms", level=Level.HALT, holds=("VENUE:kraken",),
        fired_us=views.NOW_US - 240 * views.SECOND, fired_scope="VENUE:kraken",
        fired_reason="clock_skew: the clock is 3012 ms off kraken's, over 2500 ms: "
        "set this machine's clock (NTP)",
    ),
    TriggerView(
        name="runaway", meaning="A strategy that executes too often", on=False,
        value="2 executions, 0 denials", limit="60 executions in 60 s, 50 denials in 300 s",
        level=Level.HALT,
    ),
)  # fmt: skip


def halted() -> Board:
    trip = controls.HaltTripped(
        at_us=views.NOW_US, actor="trigger:clock_skew", halt_id="h7", level=Level.HALT,
        reason="clock_skew: 3012 ms", scope="VENUE:kraken",
    )  # fmt: skip
    return boards.told(boards.busy(), [trip])


def desk_with(answer: object, board: Board | None = None) -> FakeDesk:
    desk = answering(board or halted())
    desk.answers[ReadTriggers] = answer
    return desk


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])
async def test_the_triggers_are_as_they_were_looked_at(size: tuple[int, int]) -> None:
    async with played(desk=desk_with(VIEWS), size=size) as session:
        await session.press(*OPEN)
        assert_snapshot(session.console, f"triggers-{size[0]}x{size[1]}")


async def test_what_holds_stands_first_with_its_scope_limit_and_last_trip() -> None:
    async with played(desk=desk_with(VIEWS)) as session:
        await session.press(*OPEN)
        text = session.text
        assert text.index("clock_skew  HOLDS") < text.index("drawdown  on")
        assert "1 of 3 hold now" in text
        assert "halted: VENUE:kraken by clock_skew" in text
        assert "may not trip here: runaway" in text
        assert "now 3012 ms · limit 2500 ms" in text
        assert "(4 m ago) over VENUE:kraken" in text


async def test_it_is_asked_again_while_it_is_open_and_says_when_nobody_answers() -> None:
    asked: list[ReadTriggers] = []

    def answer(ask: ReadTriggers) -> tuple[TriggerView, ...]:
        asked.append(ask)
        if len(asked) > 1:
            raise Unavailable("the engine", "it is gone")
        return VIEWS

    async with played(desk=desk_with(answer)) as session:
        await session.press(*OPEN)
        assert len(asked) == 1
        await session.poll(AGAIN_US)
        assert len(asked) == 2
        assert "it is gone" in session.text
        await session.poll(OLD_US)
        assert "told 12 s ago: the engine is silent" in session.text
        await session.press("escape")
        await session.poll(AGAIN_US)
        assert len(asked) == 3


async def test_amounts_in_a_reason_are_masked() -> None:
    view = replace(VIEWS[1], fired_reason="3 USD left kraken/main")
    async with played(desk=desk_with((view,))) as session:
        await session.press(*OPEN)
        assert "3 USD left" in session.text
        await session.press("escape", ".", *OPEN)
        assert "3 USD left" not in session.text


@pytest.mark.parametrize("payload", PAYLOADS)
async def test_hostile_words_in_a_trigger_are_literal_text(payload: str) -> None:
    view = replace(VIEWS[1], value=payload, limit=payload, fired_reason=payload, holds=(payload,))
    async with played(desk=desk_with((view,)), size=(80, 24)) as session:
        await session.press(*OPEN)
        assert_harmless(session)


async def test_the_health_screen_tells_which_triggers_have_halted() -> None:
    async with played(desk=desk_with(VIEWS)) as session:
        await session.press("comma")
        assert "triggers  clock_skew  (:TRIG shows all)" in session.text
        await session.show(boards.busy())
        assert "triggers  none tripped" in session.text


# The risk screen's own row of them


async def test_failed_orders_are_compared_with_the_setting_that_runs_by_account() -> None:
    desk = desk_with(selling.triggers(limit=25, kraken=5, kucoin=20), boards.busy())
    async with played(desk=desk) as session:
        await session.press("4")
        assert "20 of 25 in 300 s" in session.text
        assert "kraken/main 5, kucoin/main 20" in session.text
        (row,) = [row for row in session.text.split("\n") if "failed orders" in row]
        assert 9 <= row.count("━") + row.count("╸") <= 11, "a bar of 13, four fifths full"


async def test_where_no_order_has_failed_the_row_is_empty_and_says_the_limit() -> None:
    (view,) = selling.triggers()
    none = (replace(view, value="0", gauges=()),)
    async with played(desk=desk_with(none, boards.busy())) as session:
        await session.press("4")
        assert "0 of 10 in 300 s" in session.text
        assert "kraken/main 1" not in session.text


async def test_a_trigger_that_holds_or_is_off_says_so_in_its_row() -> None:
    desk = desk_with(selling.triggers(limit=3, kraken=3), boards.busy())
    async with played(desk=desk) as session:
        await session.press("4")
        assert "HOLDS over ACCOUNT:kraken/main" in session.text
        (view,) = selling.triggers()
        session.desk.answers[ReadTriggers] = (replace(view, on=False),)
        await session.poll(AGAIN_US)
        assert "off: it may not trip here" in session.text
        assert "HOLDS" not in session.text


async def test_the_row_is_asked_for_again_and_says_when_nobody_answers() -> None:
    asked: list[ReadTriggers] = []

    def answer(ask: ReadTriggers) -> tuple[TriggerView, ...]:
        asked.append(ask)
        if len(asked) > 1:
            raise Unavailable("the engine", "it is gone")
        return selling.triggers()

    async with played(desk=desk_with(answer, boards.busy())) as session:
        await session.press("4")
        assert len(asked) == 1
        await session.poll(AGAIN_US)
        assert len(asked) == 2
        assert "2 of 10" in session.text
        await session.poll(OLD_US)
        assert "told 12 s ago: the engine is silent" in session.text
        await session.press("1")
        await session.poll(AGAIN_US)
        assert len(asked) == 3, "only while it is in sight"


async def test_a_desk_that_tells_no_triggers_leaves_no_invented_number() -> None:
    desk = desk_with(Unavailable("the engine", "it is gone"), boards.busy())
    async with played(desk=desk) as session:
        await session.press("4")
        text = " ".join(session.text.split())
        assert "failed orders Reconnecting" in text
        assert "of 10" not in text


async def test_where_the_row_has_no_room_it_is_not_asked_for() -> None:
    async with played(boards.busy(), size=(80, 24)) as session:
        await session.press("4")
        assert session.desk.asked_for(ReadTriggers) == []
