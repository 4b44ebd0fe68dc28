"""From the ticket to the desk: judged while typed, reviewed, placed once."""

from decimal import Decimal

from textual.widgets import Input

from domain.asks import (
    CancelOrder,
    Check,
    WatchDepth,
)
from tests.console.ordering import typed_order
from tests.console.screens import played

D = Decimal


async def test_the_gate_is_asked_once_typing_rests_and_every_rule_is_shown() -> None:
    async with played() as session:
        await typed_order(session)
        drafts = [ask.draft for ask in session.desk.asked_for(Check)]
        assert drafts[-1].quantity == D("0.05")
        assert drafts[-1].price == D(62_000)
        assert len(drafts) < 12
        for piece in (
            "✓ would pass",
            "max_order_value",
            "3.10k/5.00k",
            "mid -0.16%",
            "3,100.00 USD",
            "0.08051 would pass",
            "mode · halt",
        ):
            assert piece in session.text


async def test_an_order_over_a_limit_says_which_rule_and_by_how_much() -> None:
    async with played() as session:
        await typed_order(session)
        await session.press("shift+tab", *"1.5")
        await session.rested()
        assert "✗ Refused by max_order_value" in session.text
        assert "93,000.00 USD is over" in session.text


async def test_shares_and_prices_are_typed_as_words() -> None:
    async with played() as session:
        await session.press("2", "n", "tab", "tab", *"btc/usdt", "tab", *"50%", "tab", *"bid")
        await session.rested()
        await session.rested()
        assert "0.04025" in session.text
        assert "62100.4" in session.text


async def test_keys_that_were_typed_ahead_go_where_they_would_have_gone_one_by_one() -> None:
    """A stalled terminal hands over a whole burst: no letter may land in another field."""
    async with played() as session:
        await session.burst("2", "n", "tab", "tab", *"btc/usdt", "tab", *"0.05", "tab", *"62000")
        await session.rested()
        fields = session.console.query(Input)
        values = [field.value for field in fields if field.id in ("symbol", "quantity", "price")]
        assert values == ["BTC/USDT", "0.05", "62000"]


async def test_a_letter_that_is_a_key_elsewhere_keeps_its_place_in_what_was_typed_ahead() -> None:
    async with played() as session:
        await session.burst("2", "n", "tab", "tab", *"aqb/qsdt", "tab", *"0.05")
        await session.rested()
        assert session.console.query_one("#symbol", Input).value == "AQB/QSDT"
        assert session.console.query_one("#quantity", Input).value == "0.05"


async def test_the_kill_key_overtakes_what_was_typed_ahead() -> None:
    async with played() as session:
        await session.burst(*(["tab"] * 40), "ctrl+x")
        assert type(session.console.screen).__name__ == "KillPanel"


async def test_letters_choose_the_side_and_never_leave_the_ticket() -> None:
    async with played() as session:
        await session.press("2", "n", "s")
        assert " SELL ▸" in session.text or "◂SELL ▸" in session.text
        await session.press("4", "x", "q", "b")
        assert session.console.host.current == "orders"
        assert "◂BUY ▸" in session.text
        assert session.desk.asked_for(CancelOrder) == []


async def test_arrows_step_through_the_symbols_a_venue_lists() -> None:
    async with played() as session:
        await session.press("2", "n", "tab", "tab", "ctrl+u", "down")
        seen = []
        for key in ("down", "down", "down", "up", "up", "up"):
            seen.append(session.console.query_one("#symbol", Input).value)
            await session.press(key)
        assert seen == ["BTC/USDT", "ETH/BTC", "ETH/USDT", "SOL/USDT", "ETH/USDT", "ETH/BTC"]


async def test_the_symbol_in_the_ticket_has_its_book_watched() -> None:
    async with played() as session:
        await typed_order(session)
        await session.pilot.pause(0.4)
        assert WatchDepth(venue="kraken", symbol="BTC/USDT") in session.desk.asked
        assert "spread" in session.text


async def test_an_incomplete_order_is_not_reviewed_and_says_what_it_needs() -> None:
    async with played() as session:
        await session.press("2", "n", "tab", "tab", *"btc/usdt", "tab", *"0.05", "tab", "enter")
        assert "type a price" in session.text
        assert "review order" not in session.text
