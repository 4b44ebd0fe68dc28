"""The lines around every screen, and what is called old."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from domain import controls
from domain.board import Board, Feed, Health, LedgerView, Mode
from domain.halts import HaltState, Level
from domain.table import Table
from tests.console import boards, views
from tui import keys
from tui.chrome import banners, footer, kill_word, mode_bar, navigation
from tui.freshness import (
    accounts,
    balances_are_old,
    bans,
    health_of,
    prices_are_old,
    trouble,
    venues,
)
from tui.lines import Line, line_width, part_at
from tui.stage import Picture

WIDTHS = (60, 72, 80, 100, 120, 200)
STATES: dict[str, Callable[[], Board]] = {
    "busy": boards.busy,
    "stale": boards.stale,
    "killed": boards.killed,
    "unverified": boards.unverified,
    "live": boards.live,
    "gateway": lambda: boards.live(armed=True, gateway="proxy.internal.example:8443"),
    "empty": boards.empty,
}


def picture(board: Board, **changes: object) -> Picture:
    return replace(Picture(board, views.NOW_US), **changes)  # type: ignore[arg-type]


def words(line: Line) -> str:
    return "".join(part.text for part in line)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("state", STATES)
def test_mode_kill_switch_and_clock_are_in_sight_at_every_width(state: str, width: int) -> None:
    board = STATES[state]()
    line = mode_bar(picture(board), width)
    assert line_width(line) <= width
    assert board.mode.value in words(line)
    assert ("KILLED" in words(line)) is board.killed
    assert ("KILL READY" in words(line)) is not board.killed
    assert words(line).endswith("12:00:07Z ")
    if board.mode is Mode.LIVE:
        assert ("DISARMED" in words(line)) is not board.armed
    if board.gateway:
        assert "GATEWAY" in words(line)
    if board.alarms:
        assert "!! 2" in words(line)


def test_the_bar_names_venues_where_there_is_room_and_counts_them_where_there_is_none() -> None:
    shown = picture(boards.stale())
    assert "gate ◐9s kraken ● kucoin ● mexc ○" in words(mode_bar(shown, 120))
    assert "gat◐9s kra● kuc● mex○" in words(mode_bar(shown, 80))
    assert "●2 ◐1 ○1" in words(mode_bar(shown, 70))


@pytest.mark.parametrize(
    ("mode", "days", "told"),
    [
        (Mode.LIVE, None, " NO DRILL "),
        (Mode.LIVE, 31, " DRILL 31d AGO "),
        (Mode.LIVE, 30, ""),
        (Mode.PAPER, None, ""),
    ],
)
def test_live_says_that_the_kill_switch_was_not_drilled_for_too_long(
    mode: Mode, days: int | None, told: str
) -> None:
    drilled_us = 0 if days is None else views.NOW_US - days * 1_440 * views.MINUTE
    line = words(mode_bar(picture(boards.busy(mode).but(drilled_us=drilled_us)), 160))
    assert told in line
    assert ("DRILL" in line) is bool(told)


def test_an_acknowledged_alarm_leaves_the_bar() -> None:
    fact = controls.AlarmAcknowledged(at_us=views.NOW_US, actor="ops", alarm="")
    board = boards.told(boards.busy(), [fact])
    assert "alarm" not in words(mode_bar(picture(board), 120))


def test_what_lies_between_ready_and_killed_is_said() -> None:
    ready = boards.busy()
    assert kill_word(ready) == "KILL READY"
    halt = boards.killed().halts[0]
    for level, state, word in (
        (Level.HALT, HaltState.HALTED, "KILL READY · HALT"),
        (Level.REDUCE_ONLY, HaltState.HALTED, "KILL READY · REDUCE ONLY"),
        (Level.HALT_CANCEL, HaltState.RESUMING, "KILL READY · RESUMING"),
        (Level.HALT_CANCEL, HaltState.HALTED, "KILLED"),
    ):
        assert kill_word(ready.but(halts=(replace(halt, level=level, state=state),))) == word


def test_navigation_marks_where_one_is_and_fits_80_columns() -> None:
    line = navigation("risk", 80)
    assert line_width(line) <= 80
    here = [part.text.strip() for part in line if part.tone == "nav-here"]
    assert here == ["4", "Risk"]
    assert "Blot " in words(line)
    assert "Blotter " in words(navigation("risk", 120))
    assert words(navigation("onboarding", 120)).strip() == "Quarterdeck"


def test_a_click_on_a_screens_name_goes_there() -> None:
    line = navigation("risk", 120)
    place = words(line).index("Ledger")
    part = part_at(line, place, 120)
    assert part is not None
    assert part.act == "go('ledger')"


def test_a_calm_desk_has_no_banner() -> None:
    assert banners(picture(boards.busy())) == []


def test_a_silent_engine_comes_before_everything_else() -> None:
    told = banners(picture(boards.unverified(), engine_silent=True, kill_note="started --kill"))
    assert [kind for kind, _ in told] == ["-halt", "-halt"]
    assert told[0][1].startswith("ENGINE NOT RESPONDING")
    assert told[1][1] == "started --kill"


def test_an_unverified_kill_names_every_account_that_is_not_proven() -> None:
    (kind, text), *_ = banners(picture(boards.unverified()))
    assert kind == "-halt"
    for piece in (
        "gate/main the list could not be read",
        "kucoin/main 1 order open",
        "mexc/main 1 unknown",
    ):
        assert piece in text
    assert "kraken" not in text


def test_a_ledger_that_does_not_verify_is_said_on_every_screen() -> None:
    board = boards.busy().but(ledger=LedgerView(verified="FAIL"))
    assert "LEDGER DOES NOT VERIFY" in banners(picture(board))[0][1]


def test_a_stale_venue_says_how_old_and_when_it_is_tried_again() -> None:
    (kind, text), = banners(picture(boards.stale()))  # fmt: skip
    assert kind == "-stale"
    assert text.startswith("gate prices stale 9 s: no message for 9 s · attempt 3, next in 4 s")
    assert "1 more venue" in text


def test_a_sick_feed_says_what_to_do_about_it() -> None:
    told = trouble(boards.stale(), views.NOW_US)
    assert "add this address to the key's list" in told[1]
    late = trouble(boards.stale(), views.NOW_US + 90 * views.SECOND)
    assert "trying now" in late[0]


def test_a_venue_without_a_feed_is_down() -> None:
    board = boards.quiet().but(feeds=Table())
    assert health_of(board, "kraken") is Health.DOWN
    assert prices_are_old(board, "kraken")


def test_values_are_old_with_their_own_feed_only() -> None:
    board = boards.stale()
    assert prices_are_old(board, "gate")
    assert not prices_are_old(board, "mexc")
    assert balances_are_old(board, views.ACCOUNTS["mexc"], views.NOW_US + 5 * views.SECOND)
    assert not balances_are_old(board, views.ACCOUNTS["gate"], views.NOW_US + 60 * views.SECOND)


def test_balances_that_were_never_read_are_old() -> None:
    board = boards.quiet()
    view = replace(board.accounts[views.ACCOUNTS["gate"]], balances=None)
    board = board.but(accounts=board.accounts.put(view.account, view))
    assert balances_are_old(board, view.account, views.NOW_US)


def test_balances_that_nobody_could_read_for_long_are_old_beside_a_healthy_stream() -> None:
    board, account = boards.quiet(), views.ACCOUNTS["gate"]
    balances = board.accounts[account].balances
    assert balances is not None
    assert not balances_are_old(board, account, balances.at_us + 80 * views.SECOND)
    assert balances_are_old(board, account, balances.at_us + 91 * views.SECOND)


def test_a_ban_is_told_on_every_screen_with_its_end_and_its_reason() -> None:
    board = boards.quiet()
    view = replace(
        board.venues["kraken"],
        banned_us=views.NOW_US + 12 * views.SECOND,
        ban="EAPI:Rate limit exceeded",
    )
    board = board.but(venues=board.venues.put("kraken", view))
    said = "kraken is asked again in 12 s: EAPI:Rate limit exceeded · cancels still go out"
    assert bans(board, views.NOW_US) == [said]
    assert ("-stale", said) in banners(picture(board))
    assert bans(board, views.NOW_US + 12 * views.SECOND) == []


def test_accounts_keep_their_venue_after_the_board_crossed_a_socket() -> None:
    """Over the socket the keys of a table are plain text; the views keep their accounts."""
    board = boards.busy()
    plain_keys = Table({str(key): view for key, view in board.accounts.items()})
    crossed = board.but(accounts=plain_keys)
    assert [account.venue for account in accounts(crossed)] == list(views.VENUES)
    assert venues(crossed) == list(views.VENUES)
    assert words(mode_bar(picture(crossed), 120)) == words(mode_bar(picture(board), 120))


def test_a_footer_leaves_out_what_has_no_room() -> None:
    wide, narrow = footer(keys.footer(keys.ORDERS), 120), footer(keys.footer(keys.ORDERS), 40)
    assert line_width(narrow) <= 40 < line_width(wide)
    assert words(narrow).startswith(" ^x KILL")


def test_a_feed_without_any_sign_of_life_has_no_age() -> None:
    feed = Feed(venue="x", kind="prices", health=Health.DOWN)
    board = boards.empty().but(feeds=Table({"x": feed}))
    assert trouble(board, views.NOW_US) == ["x prices down"]
