"""FLATTEN from the console: shown, typed, asked for once, and told while it sells."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from domain.asks import Done, FlattenPreview, Identity, Trip, WhoAmI
from domain.board import Board
from domain.errors import Refused, Unavailable
from domain.flatten import AccountLeft, Flattening, FlattenPlan, FlattenState, Leftover
from domain.halts import Level
from tests.console import boards, selling, views
from tests.console.fakes import FakeDesk, Hang, answering
from tests.console.hostile import PAYLOADS
from tests.console.ordering import GUARD_OVER
from tests.console.screens import Played, assert_snapshot, played
from tests.console.test_hostile import assert_harmless
from tests.console.test_kill import recorder
from tui.screens.flatten import AGAIN_US, OLD_US, FlattenDialog, sellable
from tui.screens.flatten_parts import sold
from tui.screens.kill_panel import KillPanel

BUTTON = "FLATTEN: show what is held"
MS = 1_000
D = Decimal


async def opened(session: Played) -> None:
    """From the kill panel: past word, scope and level to the way to what sells."""
    await session.press("ctrl+x")
    session.clock.advance(GUARD_OVER)
    await session.press("tab", "tab", "tab", "enter")
    session.clock.advance(GUARD_OVER)


async def confirmed(session: Played, word: str) -> None:
    """From the scope to the word, past the reason and Cancel, to the button."""
    await session.press("tab", *word, "tab", "tab", "tab", "enter")


def trips(session: Played) -> list[Trip]:
    return session.desk.asked_for(Trip)


def desk_with(board: Board | None = None, **answers: Any) -> FakeDesk:
    kinds = {"trip": Trip, "preview": FlattenPreview, "who": WhoAmI}
    desk = answering(board or boards.busy())
    desk.answers |= {kinds[name]: answer for name, answer in answers.items()}
    return desk


def told(session: Played) -> str:
    """The dialog's text as one line."""
    rows = (row.split("┃") for row in session.text.split("\n"))
    return " ".join(" ".join(row[1] for row in rows if len(row) > 1 + 1).split())


def one_who_only_reads() -> FakeDesk:
    return desk_with(who=Identity(operator="eve", roles=("viewer",), enrolled=True))


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])
async def test_it_is_as_it_was_looked_at(size: tuple[int, int]) -> None:
    async with played(size=size) as session:
        await opened(session)
        assert_snapshot(session.console, f"flatten-{size[0]}x{size[1]}")


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])
@pytest.mark.parametrize("where", ["risk", "panel"])
async def test_the_selling_is_as_it_was_looked_at(where: str, size: tuple[int, int]) -> None:
    async with played(selling.selling(), size=size) as session:
        await session.press("4" if where == "risk" else "ctrl+x")
        assert_snapshot(session.console, f"flattening-{where}-{size[0]}x{size[1]}")


# The way there


async def test_the_kill_panel_leads_to_what_would_be_sold_and_nothing_happens_by_that() -> None:
    async with played() as session:
        await opened(session)
        text = session.text
        for piece in ("kraken/main", "BTC/USDT", "SELL", "0.521", "30,734.02", "kucoin/main",
                      "stays: 0.4 ADA at gate/main: dust", "3 positions, 47,051.75 USD",
                      "at least 11 sales", "5% below", "type GLOBAL to sell"):  # fmt: skip
            assert piece in text, piece
        assert trips(session) == []


async def test_it_can_be_reached_after_the_kill_too() -> None:
    async with played(boards.killed()) as session:
        await session.press("ctrl+x")
        assert BUTTON in session.text
        session.clock.advance(GUARD_OVER)
        await session.press("up", "enter")
        assert isinstance(session.console.screen, FlattenDialog)


async def test_the_panel_opens_it_over_the_scope_that_was_chosen_there() -> None:
    async with played() as session:
        await session.press("ctrl+x")
        session.clock.advance(GUARD_OVER)
        await session.press("tab", "right", "right", "tab", "tab", "enter")
        assert "type VENUE:kraken to sell all of this" in session.text
        assert session.desk.asked_for(FlattenPreview) == [FlattenPreview(scope="VENUE:kraken")]


async def test_no_stray_key_leads_to_it() -> None:
    async with played() as session:
        await session.press("ctrl+x", "tab", "tab", "tab", "enter")
        assert isinstance(session.console.screen, KillPanel), "the guard is not over"
        session.clock.advance(GUARD_OVER)
        for key in ("enter", "f", "F", "y", "space"):
            await session.press("escape", "ctrl+x", key)
            assert not isinstance(session.console.screen, FlattenDialog)


async def test_risk_screen_and_palette_lead_to_it_too() -> None:
    async with played() as session:
        await session.press("4", "F")
        assert isinstance(session.console.screen, FlattenDialog)
        await session.press("escape", ":", *"flat", "enter")
        assert isinstance(session.console.screen, FlattenDialog)
        assert trips(session) == []


async def test_who_only_reads_is_not_offered_it_and_kills_all_the_same() -> None:
    async with played(desk=one_who_only_reads()) as session:
        await session.press("ctrl+x")
        assert BUTTON not in session.text
        session.clock.advance(500 * MS)
        await session.press("ctrl+x")
        assert [trip.level for trip in trips(session)] == [Level.HALT_CANCEL]
        await session.press("escape", "4", "F")
        assert "FLATTEN needs the role trader; you are viewer" in session.text
        assert not isinstance(session.console.screen, FlattenDialog)


async def test_it_is_not_offered_before_the_desk_has_said_who_this_is() -> None:
    async with played(desk=desk_with(who=Hang)) as session:
        await session.press("ctrl+x")
        assert BUTTON not in session.text
        session.clock.advance(500 * MS)
        await session.press("ctrl+x")
        assert len(trips(session)) == 1, "the kill waits for nobody"


async def test_without_an_engine_the_panel_says_that_the_kill_needs_none() -> None:
    async with played(desk=desk_with(who=Unavailable("engine", "it is gone"))) as session:
        await session.press("ctrl+x")
        text = told(session)
        assert BUTTON not in text
        assert "no FLATTEN now: The engine does not answer (it is gone)." in text
        assert "The kill needs no engine." in text
        assert "press ^x or F12 again" in text


# Confirming


async def test_the_typed_scope_sells_and_anything_else_does_not() -> None:
    async with played() as session:
        await opened(session)
        for wrong in ("", "global", "yes", "KILL", "VENUE:kraken"):
            await confirmed(session, wrong)
            assert trips(session) == []
            assert "nothing was halted or sold: type GLOBAL" in session.text
            await session.press(*["backspace"] * len(wrong), "shift+tab")
        await confirmed(session, "GLOBAL")
        (trip,) = trips(session)
        assert (trip.level, trip.scope, trip.confirm) == (Level.FLATTEN, "GLOBAL", "GLOBAL")
        assert trip.reason == "flattened in the console"
        assert isinstance(session.console.screen, KillPanel), "which shows what becomes of it"


async def test_another_scope_needs_its_own_preview_and_its_own_word() -> None:
    async with played() as session:
        await opened(session)
        await session.press("tab", *"GLOBAL", "shift+tab", "right", "right")
        assert "type VENUE:kraken to sell all of this" in session.text, "the old word is gone"
        assert "SOL/USDT" not in told(session)
        assert "2 positions, 35,180.99 USD" in session.text
        await confirmed(session, "VENUE:kraken")
        assert [trip.scope for trip in trips(session)] == ["VENUE:kraken"]


async def test_what_was_not_shown_cannot_be_confirmed() -> None:
    async with played(desk=desk_with(preview=Hang)) as session:
        await opened(session)
        assert "asking the engine what would be sold" in session.text
        await confirmed(session, "GLOBAL")
        assert trips(session) == []
        assert "it is not shown yet what would be sold" in session.text


async def test_a_preview_that_failed_says_why_and_confirms_nothing() -> None:
    refused = Refused("scope", "there is no venue gate")
    async with played(desk=desk_with(preview=refused)) as session:
        await opened(session)
        assert "no preview: Refused by scope: there is no venue gate" in session.text
        await confirmed(session, "GLOBAL")
        assert trips(session) == []


async def test_a_refusal_is_told_in_the_dialog_which_stays() -> None:
    async with played(desk=desk_with(trip=Refused("role", "eve is not trader"))) as session:
        await opened(session)
        await confirmed(session, "GLOBAL")
        assert "Refused by role: eve is not trader" in session.text
        assert isinstance(session.console.screen, FlattenDialog)


async def test_it_is_asked_for_once_however_often_the_button_is_pushed() -> None:
    async with played(desk=desk_with(trip=Hang)) as session:
        await opened(session)
        await confirmed(session, "GLOBAL")
        await session.press("enter", "enter")
        assert len(trips(session)) == 1


async def test_an_engine_that_does_not_answer_says_what_stops_trading_and_can_be_asked_again(
) -> None:  # fmt: skip
    spawned: list[str] = []
    desk = desk_with(trip=Unavailable("engine", "it is gone"))
    async with played(desk=desk, spawn_kill=recorder(spawned)) as session:
        await opened(session)
        await confirmed(session, "GLOBAL")
        text = told(session)
        assert "The engine does not answer (it is gone)." in text
        assert "Without the engine nothing is sold. ^x or F12 twice halts and cancels" in text
        assert spawned == [], "what was not asked for is not started"
        await session.press("enter")
        assert len(trips(session)) == 2
        await session.press("ctrl+x")
        session.clock.advance(500 * MS)
        await session.press("ctrl+x")
        assert trips(session)[-1].level is Level.HALT_CANCEL
        assert len(spawned) == 1


async def test_an_answer_that_was_lost_is_found_on_the_board() -> None:
    desk = desk_with(boards.halting(), trip=Unavailable("engine", "it is gone"))
    async with played(desk=desk) as session:
        await session.press("4", "F")
        session.clock.advance(GUARD_OVER)
        await confirmed(session, "GLOBAL")
        assert isinstance(session.console.screen, FlattenDialog)
        await session.show(boards.told(session.desk.board, [selling.tripped()]))
        assert not isinstance(session.console.screen, FlattenDialog)
        assert "GLOBAL is halted at FLATTEN" in session.text


async def test_what_is_settled_below_the_kill_panel_closes_after_it_and_breaks_nothing() -> None:
    desk = desk_with(boards.halting(), trip=Unavailable("engine", "it is gone"))
    async with played(desk=desk) as session:
        await session.press("4", "F")
        session.clock.advance(GUARD_OVER)
        await confirmed(session, "GLOBAL")
        await session.press("ctrl+x")
        await session.show(boards.told(session.desk.board, [selling.tripped()]))
        assert isinstance(session.console.screen, KillPanel), "nothing takes the kill panel away"
        await session.press("escape")
        await session.settle()
        assert len(session.console.screen_stack) == 1
        await session.press("escape", "1")
        assert session.console.host.current == "dashboard"


async def test_a_silent_engine_is_told_before_anything_is_typed() -> None:
    async with played() as session:
        await opened(session)
        for _ in range(5):
            await session.poll(600 * MS)
        assert "The engine does not respond." in session.text
        assert "Without the engine nothing is sold" in session.text


async def test_two_presses_in_the_dialog_stop_everything_and_sell_nothing() -> None:
    async with played() as session:
        await opened(session)
        await session.press("tab", *"GLOBAL")
        session.clock.advance(5_000 * MS)
        await session.press("ctrl+x")
        session.clock.advance(500 * MS)
        await session.press("ctrl+x")
        assert [(t.level, t.confirm) for t in trips(session)] == [(Level.HALT_CANCEL, "")]


# The preview


async def test_it_is_shown_anew_while_the_dialog_is_open_and_says_when_it_is_old() -> None:
    plans: list[FlattenPlan] = []

    def answer(ask: FlattenPreview) -> FlattenPlan:
        plans.append(selling.plan(ask.scope))
        if len(plans) > 1:
            raise Unavailable("engine", "it is gone")
        return plans[-1]

    async with played(desk=desk_with(preview=answer)) as session:
        await opened(session)
        await session.poll(AGAIN_US)
        assert len(plans) == 2
        assert "no preview: The engine does not answer (it is gone)" in session.text
        assert "shown" not in session.text
        await session.poll(OLD_US)
        assert "what is held may be another by now" in session.text
        await session.press("escape", "escape")
        await session.poll(AGAIN_US)
        assert len(plans) == 3


async def test_with_nothing_to_sell_it_says_so() -> None:
    nothing = FlattenPlan(scope="GLOBAL", collar_pct=D(5))
    async with played(desk=desk_with(preview=nothing)) as session:
        await opened(session)
        assert "nothing to sell now" in session.text


async def test_amounts_are_masked_in_preview_and_progress() -> None:
    async with played(selling.selling()) as session:
        await session.press(".", "4", "F")
        for amount in ("0.521", "30,734.02", "47,051.75", "9.84k", "0.16 "):
            assert amount not in session.text
        await session.press("escape", "ctrl+x")
        assert "9.84k" not in session.text


@pytest.mark.parametrize("what", [lambda plan: plan, lambda plan: replace(plan, sales=())])
def test_strategies_cannot_be_flattened_and_symbols_of_the_plan_can(
    what: Callable[[FlattenPlan], FlattenPlan],
) -> None:
    plan = what(selling.plan())
    offered = sellable(["GLOBAL", "VENUE:gate", "STRATEGY:grid", "SYMBOL:BTC/USDT"], [plan])
    assert offered[:3] == ["GLOBAL", "VENUE:gate", "SYMBOL:BTC/USDT"]
    assert ("SYMBOL:SOL/USDT" in offered) is bool(plan.sales)


# Progress


async def test_progress_tells_what_was_sold_what_is_left_and_what_was_refused_and_why() -> None:
    async with played(selling.selling()) as session:
        await session.press("ctrl+x")
        text = told(session)
        for piece in (
            "FLATTEN · VERIFIED GLOBAL",
            "8 cancelled, verified at 4 accounts",
            "kraken/main SELLING 2 sales, 9.84k USD",
            "BTC/USDT 0.16 sold at 61,500.00",
            "ETH/USDT 1 try sold nothing; last DENIED by price_collar_pct: 2964.64 is",
            "kucoin/main DONE 3 sales, 12.1k USD",
            "0.4 ADA stays: dust: gate sells no less than 1",
            "gate/main STOPPED tripped again: nothing more is sold",
            "mexc/main WAITING its orders are cancelled and proven first",
            "The kill switch, or any other new trip over it, stops the selling.",
        ):
            assert piece in text, piece


def test_sales_are_counted_since_the_halt_of_their_account_and_failures_keep_their_reason() -> None:
    facts = [
        *selling.sale("7", "kraken", "SOL/USDT", "5", "141"),
        *selling.sale("8", "kucoin", "SOL/USDT", "5", "141"),
        *selling.sale("9", "kraken", "ETH/USDT", "1", "3000", filled=False),
    ]
    board = boards.told(boards.busy(), [selling.tripped(), *facts])
    (halt,) = board.halts
    seen = Flattening(account=views.ACCOUNTS["kraken"], state=FlattenState.SELLING)
    ether, solana = sold(board, halt, seen)
    assert (solana.filled, solana.value, solana.sales, solana.failed) == (D(5), D(705), 1, 0)
    assert (ether.filled, ether.failed) == (D(0), 1)
    assert ether.why == "EXPIRED: nobody bought within the collar"
    assert sold(board, replace(halt, at_us=views.NOW_US), seen) == []


async def test_a_refusal_of_the_answer_leaves_no_halt_to_wait_for() -> None:
    desk = desk_with(trip=Refused("flatten", "nothing was halted"))
    async with played(desk=desk) as session:
        await opened(session)
        await confirmed(session, "GLOBAL")
        session.desk.answers[Trip] = Done(detail="no further order leaves; halt h2")
        await session.press("enter")
        assert "no further order leaves; halt h2" in session.text
        assert isinstance(session.console.screen, KillPanel)


@pytest.mark.parametrize("payload", PAYLOADS)
async def test_hostile_words_in_plan_and_progress_are_literal_text(payload: str) -> None:
    account = views.ACCOUNTS["kraken"]
    kept = Leftover(asset=payload, quantity=D(1), why=payload)
    first = replace(selling.plan().sales[0], symbol=payload)
    plan = replace(
        selling.plan(), sales=(first,), left=(AccountLeft(account=account, left=(kept,)),)
    )
    stopped = selling.told(account, FlattenState.STOPPED, detail=payload, left=(kept,))
    board = boards.told(selling.selling(), [stopped])
    async with played(desk=desk_with(board, preview=plan), size=(80, 24)) as session:
        await session.press("4", "H")
        assert_harmless(session)
        await session.press("escape", "F", "left")  # the scope of the hostile symbol
        assert_harmless(session)
