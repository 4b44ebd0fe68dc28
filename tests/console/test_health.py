"""The health screen's venues and keys: the gravest in a word, everything else by Enter."""

from dataclasses import replace

from domain.board import Health, LastError, VenueView
from domain.keys import Finding, Ill, KeyView, Purpose, key_of
from domain.table import Table
from tests.console import boards, views
from tests.console.screens import played
from tui.format import DASH
from tui.lines import Lines
from tui.screens.health_venues import key_lines, keys_of, venue_lines, venue_rows
from tui.stage import Picture


def text(lines: Lines) -> str:
    return "\n".join("".join(part.text for part in line) for line in lines)


def word(*keys: KeyView, venue: str = "kraken") -> str:
    board = boards.quiet().but(keys=Table({key_of(k.account, k.purpose): k for k in keys}))
    return next(row.keys.text for row in venue_rows(board) if row.view.venue == venue)


def test_a_venue_s_keys_are_told_by_the_gravest_thing_that_is_wrong() -> None:
    read, trade = Purpose.READ, Purpose.TRADE
    old = Finding(ill=Ill.OLD, text="old")
    wide = Finding(ill=Ill.TOO_WIDE, text="wide")
    narrow = Finding(ill=Ill.TOO_NARROW, text="narrow")
    assert word() == DASH
    assert word(views.key("kraken", read)) == "✓"
    assert word(views.key("kraken", read, rights=None)) == "untold"
    assert word(views.key("kraken", read, old), views.key("kraken", trade, wide)) == "! too wide"
    assert word(views.key("kraken", read, narrow), views.key("kraken", trade, wide)) == "✗ narrow"
    assert word(views.key("kucoin", read, narrow)) == DASH
    for ill in Ill:
        assert word(views.key("kraken", read, Finding(ill=ill, text="x")))[:2] in ("✗ ", "! ")


def test_a_venue_that_never_answered_has_a_row_with_its_error_and_remedy() -> None:
    board = boards.stale()
    board = board.but(venues=board.venues.drop("mexc"))
    row = next(row for row in venue_rows(board) if row.view.venue == "mexc")
    assert row.view == VenueView(venue="mexc")
    assert row.present
    assert row.error == LastError(
        who="main", why="IP address is not allowed", at_us=0,
        remedy="add this address to the key's list",
    )  # fmt: skip
    told = text(venue_lines("mexc", Picture(board=board, now_us=board.now_us), 60))
    assert "it has not answered yet" in told
    assert "main (now): IP address is not allowed" in told


def test_an_error_that_is_over_stays_with_its_age_until_there_is_another() -> None:
    board = boards.audited()
    told = text(venue_lines("kraken", Picture(board=board, now_us=board.now_us), 70))
    assert "kraken/main (4 m ago, over): EService:Unavailable" in told
    assert "wait for the venue" in told
    sick = replace(
        next(f for f in board.feeds.values() if f.venue == "kraken"),
        health=Health.DOWN, problem="EAPI:Invalid key", remedy="make a new key",
    )  # fmt: skip
    board = board.but(feeds=board.feeds.put(views.feed_key(sick), sick))
    told = text(venue_lines("kraken", Picture(board=board, now_us=board.now_us), 70))
    assert "(now): EAPI:Invalid key" in told
    assert "EService" not in told


def test_a_ban_says_for_how_long_and_what_still_goes_out() -> None:
    board = boards.audited()
    told = text(venue_lines("kucoin", Picture(board=board, now_us=board.now_us), 70))
    assert "BANNED for 12 s, only cancels go out: 429000 Too Many Requests" in told


def test_keys_of_accounts_that_are_no_more_are_not_shown() -> None:
    board = boards.audited()
    kraken = views.ACCOUNTS["kraken"]
    assert len(keys_of(board, "kraken")) == 2
    assert keys_of(board.but(accounts=board.accounts.drop(kraken)), "kraken") == []


def test_the_gravest_key_comes_first_and_a_refusal_is_said_once() -> None:
    board = boards.audited()
    told = text(key_lines(Picture(board=board, now_us=board.now_us), 200))
    assert told.startswith("mexc/main is refused, no order of it leaves\n✗ mexc/main read")
    assert told.count("belongs to account 209302840") == 1
    assert told.index("! kraken/main trade") < told.index("✓ kraken/main read")
    untold = board.but(keys=Table({k: v for k, v in board.keys.items() if "mexc" not in k}))
    told = text(key_lines(Picture(board=untold, now_us=board.now_us), 200))
    assert told.startswith("mexc/main is refused, no order of it leaves: the read key of mexc")


def test_a_key_that_was_not_asked_about_since_the_start_says_so() -> None:
    board = boards.audited()
    picture = Picture(board=board.but(started_us=board.now_us), now_us=board.now_us)
    assert "asked 12 m ago, not since the start" in text(key_lines(picture, 200))


async def test_enter_opens_a_venue_and_the_keys_scroll_what_does_not_fit() -> None:
    async with played(boards.audited(), size=(80, 24)) as session:
        await session.press("comma", "tab", "down", "enter")
        assert "its clock is +3 ms from ours" in session.text
        assert "withdrawals     its API takes them" not in session.text
        await session.press("pagedown", "pagedown")
        assert "withdrawals     its API takes them" in session.text
        await session.press("home")
        assert "its clock is +3 ms from ours" in session.text
        await session.press("escape")
        assert "LAST ERROR" in session.text
