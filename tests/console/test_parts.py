"""Pure parts of the console: presses, pulse, toasts, pages of history, working orders, errors."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import controls, events
from domain.asks import Check, SubmitOrder, WhoAmI
from domain.errors import Corrupt, InDoubt, Misconfigured, Refused, Unavailable
from domain.orders import Draft, Kind, OrderState, Side
from tests.console import boards, facts, views
from tui.crash import crash_report
from tui.kill import FIRST_US, LAST_US, DoublePress
from tui.notices import AlarmWatch, Pulse, Quiet
from tui.outcomes import failure
from tui.paging import Paged
from tui.working import WorkingOrders, reserved_value

D = Decimal
MS = 1_000
DRAFT = Draft(
    account=views.ACCOUNTS["kraken"], symbol="BTC/USDT", side=Side.BUY, kind=Kind.MARKET,
    quantity=D(1),
)  # fmt: skip


# The second press


def test_the_second_press_counts_after_300_ms_and_until_3_s() -> None:
    for gap, counts in (
        (299 * MS, False),
        (300 * MS, True),
        (3_000 * MS, True),
        (3_001 * MS, False),
    ):
        presses = DoublePress()
        assert not presses.press(0)
        assert presses.press(gap) is counts


def test_a_held_key_never_engages_however_long_it_is_held() -> None:
    presses = DoublePress()
    assert not any(presses.press(at * 30 * MS) for at in range(400))


def test_each_repetition_starts_the_wait_anew() -> None:
    presses = DoublePress()
    for at in (0, 100, 200):
        assert not presses.press(at * MS)
    assert not presses.press(450 * MS)
    assert presses.press(800 * MS)


def test_a_press_after_the_window_is_a_first_one() -> None:
    presses = DoublePress()
    presses.press(0)
    assert not presses.press(4_000 * MS)
    assert presses.press(4_500 * MS)


def test_after_it_engaged_or_was_forgotten_the_count_begins_anew() -> None:
    presses = DoublePress()
    presses.press(0)
    assert presses.press(500 * MS)
    assert not presses.press(1_000 * MS)
    presses.forget()
    assert not presses.press(1_500 * MS)


@given(st.lists(st.integers(0, 4_000_000), max_size=12))
def test_what_engages_always_follows_the_latest_event_within_the_window(gaps: list[int]) -> None:
    presses, at_us, latest = DoublePress(), 0, None
    for gap in gaps:
        at_us += gap
        engaged = presses.press(at_us)
        assert engaged is (latest is not None and FIRST_US <= at_us - latest <= LAST_US)
        latest = None if engaged else at_us


def test_the_panel_can_tell_how_long_a_press_counts() -> None:
    presses = DoublePress()
    assert presses.left_us(0) == 0
    presses.press(1_000 * MS)
    assert presses.left_us(2_000 * MS) == 2_000 * MS
    assert presses.left_us(9_000 * MS) == 0


# The engine's pulse


def test_a_board_that_does_not_move_for_two_seconds_is_silence() -> None:
    pulse, board = Pulse(2_000), boards.quiet()
    assert [pulse.silent(board, at * 100 * MS) for at in range(21)] == [False] * 21
    assert pulse.silent(board, 2_100 * MS)
    assert not pulse.silent(boards.later(board), 2_200 * MS)


def test_a_console_that_slept_itself_does_not_blame_the_engine() -> None:
    pulse, board = Pulse(2_000), boards.quiet()
    pulse.silent(board, 0)
    assert not pulse.silent(board, 60_000 * MS)
    for at in range(601, 621):
        assert not pulse.silent(board, at * 100 * MS)
    assert pulse.silent(board, 62_200 * MS)


# Toasts


def test_the_same_thing_is_said_once_a_minute() -> None:
    quiet = Quiet()
    assert quiet.may_say("a", 0)
    assert not quiet.may_say("a", 59_999 * MS)
    assert quiet.may_say("b", 59_999 * MS)
    assert quiet.may_say("a", 60_000 * MS)


def test_the_memory_of_what_was_said_is_bounded() -> None:
    quiet = Quiet()
    assert all(quiet.may_say(str(number), 0) for number in range(2_000))
    assert len(quiet._said_us) <= 501


def test_an_alarm_is_told_when_it_is_raised_and_when_it_is_raised_again() -> None:
    board = boards.busy()
    watch = AlarmWatch(board)
    assert list(watch.fresh(board)) == []
    raised = boards.told(board, [facts.alarm("clock", "critical", "the clock is off")])
    assert list(watch.fresh(raised)) == [("error", "the clock is off", "alarm:clock")]
    assert list(watch.fresh(raised)) == []
    again = boards.told(raised, [facts.alarm("clock", "critical", "the clock is off")])
    assert len(list(watch.fresh(again))) == 1
    seen = boards.told(again, [controls.AlarmAcknowledged(at_us=0, actor="ops", alarm="")])
    assert list(watch.fresh(seen)) == []


# Pages of history


def page(*numbers: int) -> list[tuple[tuple[int, int], str]]:
    return [((number, number), f"row {number}") for number in numbers]


def test_pages_join_into_one_run_newest_first() -> None:
    paged: Paged[str] = Paged()
    paged.put(page(9, 8, 7), older=True)
    paged.put(page(6, 5), older=False)
    assert paged.rows() == [f"row {n}" for n in (9, 8, 7, 6, 5)]
    assert paged.oldest == 5
    assert not paged.older


def test_rows_stand_in_the_order_of_their_places_whatever_their_numbers() -> None:
    paged: Paged[str] = Paged()
    paged.put([((900, 3), "late"), ((500, 8), "told late")], older=True)
    assert paged.oldest == 8
    paged.put([((100, 5), "early")], older=False)
    assert paged.rows() == ["late", "told late", "early"]


def test_a_newest_page_that_overlaps_keeps_what_was_read_before() -> None:
    paged: Paged[str] = Paged()
    paged.put(page(5, 4), older=True)
    paged.put(page(7, 6, 5), older=True)
    assert len(paged.rows()) == 4
    assert paged.oldest == 4


def test_a_newest_page_with_a_hole_below_it_starts_the_run_anew() -> None:
    paged: Paged[str] = Paged()
    paged.put(page(5, 4), older=False)
    paged.put(page(90, 80), older=True)
    assert paged.rows() == ["row 90", "row 80"]
    assert paged.older


def test_what_a_search_found_goes_with_the_search() -> None:
    paged: Paged[str] = Paged()
    paged.put(page(9, 8), older=True)
    paged.found(page(2))
    assert paged.rows() == ["row 9", "row 8", "row 2"]
    assert paged.oldest == 8
    paged.found([])
    assert paged.rows() == ["row 9", "row 8"]


def test_an_empty_page_changes_nothing() -> None:
    paged: Paged[str] = Paged()
    paged.put([], older=True)
    assert paged.rows() == []
    assert not paged.older


# Working orders


def plainly(states: list[OrderState]) -> tuple[set[str], Decimal]:
    working = [state for state in states if not state.terminal]
    return {s.client_id for s in working}, sum((reserved_value(s) for s in working), D(0))


@given(st.lists(st.integers(0, 11), max_size=25))
def test_followed_orders_equal_a_count_from_scratch(steps: list[int]) -> None:
    board, working = boards.busy(), WorkingOrders()
    working.follow(board.orders)
    known = list(board.orders)
    for step in steps:
        client_id = known[step % len(known)]
        fact: events.Fact = events.OrderRejected(
            at_us=1, actor="engine", client_id=client_id, code="x", reason="no"
        )
        if step % 3 == 0:
            fact = facts.approved(f"QDA7NEW{step:011d}", "gate", "SOL/USDT", Side.BUY, "3", "140")
        if step % 3 == 1:
            fact = events.OrderInDoubt(at_us=1, actor="engine", client_id=client_id, reason="?")
        board = boards.told(board, [fact])
        working.follow(board.orders)
        ids, reserved = plainly(list(board.orders.values()))
        assert set(working.orders) == ids
        assert working.reserved == reserved
        assert working.unknown == {
            s.client_id for s in board.orders.values() if s.status.value == "UNKNOWN"
        }


def test_following_the_same_table_again_costs_and_changes_nothing() -> None:
    board, working = boards.busy(), WorkingOrders()
    assert working.follow(board.orders)
    assert not working.follow(board.orders)
    newest = working.newest_first(every=False)
    assert [s.order.at_us for s in newest] == sorted((s.order.at_us for s in newest), reverse=True)
    assert len(working.newest_first(every=True)) == len(board.orders)


# Errors


@pytest.mark.parametrize(
    ("error", "text", "tone"),
    [
        (Refused("max_open", "6 is over 5"), "Refused by max_open: 6 is over 5", "warn"),
        (
            Unavailable("engine", "it is starting", remedy="wait a moment"),
            "The engine does not answer (it is starting): wait a moment",
            "stale",
        ),
        (Unavailable("x", "no route"), "Reconnecting: x is not available (no route)", "stale"),
        (InDoubt("QD1", "timeout"), "Unconfirmed: QD1 is being looked up (timeout)", "stale"),
        (Misconfigured("risk.max", "write a number"), "Set-up: risk.max: write a number", "warn"),
        (Corrupt("row 7"), "Stopped: row 7", "halt"),
        (TimeoutError(), "Reconnecting: the engine did not answer in time", "stale"),
    ],
)  # fmt: skip
def test_each_family_is_told_in_its_own_words(error: Exception, text: str, tone: str) -> None:
    told = failure(error, WhoAmI())
    assert (told.text, told.tone) == (text, tone)
    assert told.grave is isinstance(error, Corrupt)


def test_an_act_that_was_not_answered_is_never_told_as_not_done() -> None:
    assert failure(TimeoutError(), SubmitOrder(draft=DRAFT)).family == "InDoubt"
    assert failure(TimeoutError(), Check(draft=DRAFT)).family == "Unavailable"


def test_a_foreign_error_is_told_by_its_name_alone() -> None:
    told = failure(KeyError("api_secret=hunter2"), WhoAmI())
    assert "hunter2" not in told.text
    assert "KeyError" in told.text


def test_a_crash_report_holds_places_and_no_words_of_the_error() -> None:
    def break_down() -> None:
        password = "hunter2"
        raise RuntimeError(f"signed with {password}")

    with pytest.raises(RuntimeError) as caught:
        break_down()
    told = crash_report(caught.value, attached=False).plain
    assert "RuntimeError" in told
    assert "test_parts.py" in told
    assert "break_down" in told
    assert "hunter2" not in told
    assert "quarterdeck --kill" in told
