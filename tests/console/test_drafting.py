"""From what is typed to an order; and where the desk stands."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.board import NavPoint
from domain.orders import Kind, Side, TimeInForce
from tests.console import boards, views
from tui.drafting import (
    Form,
    Incomplete,
    beside,
    completed,
    draft_of,
    probe_of,
    share_of,
    symbols_of,
    words_of,
)
from tui.happenings import happenings
from tui.screens.kill_parts import fallen
from tui.standing import change_pct, drawdown_pct, holdings, mark_of, standing
from tui.working import WorkingOrders

D = Decimal
BOARD = boards.busy()
FULL = Form(account="kraken/main", symbol="btc/usdt", quantity="0.05", price="62,000.5")


def test_a_full_form_is_an_order() -> None:
    draft = draft_of(FULL, BOARD)
    assert (draft.account, draft.symbol, draft.side) == ("kraken/main", "BTC/USDT", Side.BUY)
    assert (draft.quantity, draft.price) == (D("0.05"), D("62000.5"))
    assert draft.time_in_force is TimeInForce.GTC


def test_a_market_order_has_no_price_and_no_terms_of_a_limit() -> None:
    form = FULL._replace(kind="market", price="", post_only=True, time_in_force="FOK")
    draft = draft_of(form, BOARD)
    assert draft.kind is Kind.MARKET
    assert draft.price is None
    assert not draft.post_only
    assert draft.time_in_force is TimeInForce.GTC


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"account": ""}, "choose an account"),
        ({"account": "nowhere/main"}, "choose an account"),
        ({"symbol": ""}, "type a symbol"),
        ({"symbol": "ADA/USDT"}, "kraken does not list ADA/USDT"),
        ({"quantity": ""}, "type a quantity"),
        ({"quantity": "max"}, "the quantity is not a number"),
        ({"quantity": "0"}, "the quantity must be over zero"),
        ({"price": ""}, "type a price"),
        ({"price": "1e999"}, "the price is not a number"),
        ({"price": "NaN"}, "the price is not a number"),
    ],
)
def test_a_form_that_is_not_complete_says_what_it_needs(change: dict[str, Any], told: str) -> None:
    with pytest.raises(Incomplete, match=told):
        draft_of(FULL._replace(**change), BOARD)


@given(st.text(max_size=30), st.text(max_size=30), st.text(max_size=12))
def test_whatever_is_typed_is_an_order_or_a_sentence(
    quantity: str, price: str, symbol: str
) -> None:
    form = FULL._replace(quantity=quantity, price=price, symbol=symbol)
    try:
        draft = draft_of(form, BOARD)
    except Incomplete as error:
        said = str(error)
    else:
        said = "an order" if draft.quantity > 0 else ""
    assert said


def test_an_incomplete_form_is_probed_with_the_least_order() -> None:
    probe = probe_of(FULL._replace(quantity="", price=""), BOARD)
    assert probe is not None
    assert probe.quantity == D("0.0001")
    assert probe.price == D("62100.5")
    assert probe_of(FULL._replace(symbol="NO/NE"), BOARD) is None
    assert probe_of(FULL._replace(symbol=""), BOARD) is None


def test_words_fill_the_ticket_in_any_order() -> None:
    form = words_of("sell kucoin @3120.5 0.4 eth/usdt", BOARD)
    assert form == Form(
        account="kucoin/main", symbol="ETH/USDT", side="sell", kind="limit", quantity="0.4",
        price="3120.5",
    )  # fmt: skip
    assert words_of("buy 1,000 ada/usdt market", BOARD).kind == "market"


def test_without_a_venue_the_first_account_that_lists_the_symbol_is_taken() -> None:
    assert words_of("buy ada/usdt", BOARD).account == "gate/main"
    assert words_of("buy", boards.empty()).account == ""


def test_words_that_mean_nothing_are_left_out() -> None:
    assert words_of("please buy me some", BOARD)._replace(account="") == Form()


def test_shares_are_whole_lots_and_never_more_than_the_share() -> None:
    instrument = BOARD.instrument("kraken", "BTC/USDT")
    assert share_of(D("0.08051"), "50%", instrument) == "0.04025"
    assert share_of(D("0.08051"), "max", instrument) == "0.08051"
    assert share_of(D("1"), "25%", None) == "0.25"


def test_symbols_complete_and_step() -> None:
    symbols = symbols_of(BOARD, "kraken")
    assert symbols == ["BTC/USDT", "ETH/BTC", "ETH/USDT", "SOL/USDT"]
    assert completed("so", symbols) == "SOL/USDT"
    assert completed("eth", symbols) == "ETH"
    assert completed("", symbols) == ""
    assert beside("BTC/USDT", symbols, -1) == "SOL/USDT"
    assert beside("eth", symbols, 1) == "ETH/BTC"
    assert beside("zzz", symbols, 1) == "BTC/USDT"
    assert beside("x", [], 1) == "x"


# Where the desk stands


def test_holdings_are_valued_at_their_marks_the_dearest_first() -> None:
    held = holdings(BOARD, views.NOW_US)
    assert (held[0].asset, held[0].account) == ("BTC", "kraken/main")
    assert held[0].value == D("0.5210") * D("62100.5")
    shares = sum((one.share_pct for one in held if one.share_pct is not None), D(0))
    assert abs(shares - 100) < D("0.0001")


def test_an_asset_without_a_mark_has_no_value_and_stands_last() -> None:
    board = BOARD.but(marks=BOARD.marks.drop("SOL"))
    held = holdings(board, views.NOW_US)
    assert [one.asset for one in held[-2:]] == ["SOL", "SOL"]
    assert held[-1].value is None
    assert held[-1].share_pct is None
    assert mark_of(board, "SOL") is None
    assert mark_of(board, "USD") == 1


def test_values_of_a_sick_venue_are_called_old() -> None:
    held = holdings(boards.stale(), views.NOW_US + 5 * views.SECOND)
    old = {one.account.venue for one in held if one.old}
    assert old == {"gate", "mexc"}


def test_the_days_result_leaves_flows_aside() -> None:
    working = WorkingOrders()
    working.follow(BOARD.orders)
    stands = standing(BOARD.but(flows_today=D(1_000)), working)
    assert stands.day == D("102345.12") - D("101090.82") - 1_000
    assert stands.working == 8
    assert stands.unknown == 1
    assert stands.drawdown_pct is not None
    assert round(stands.drawdown_pct, 2) == D("2.06")
    assert stands.drawdown_limit_pct == 15


def test_what_is_not_known_is_not_guessed() -> None:
    stands = standing(boards.empty(), WorkingOrders())
    assert stands.nav is None
    assert stands.day is None
    assert stands.day_pct is None
    assert stands.drawdown_pct is None
    assert stands.volume is None


def test_above_its_high_water_mark_there_is_no_drawdown() -> None:
    board = BOARD.but(nav=(NavPoint(at_us=1, nav=D(200_000)),))
    assert standing(board, WorkingOrders()).drawdown_pct == 0


def test_the_drawdown_chart_ends_where_the_gauge_stands() -> None:
    for high_water in (D("104500"), max(point.nav for point in BOARD.nav)):
        board = BOARD.but(high_water=high_water)
        assert fallen(board)[-1][1] == drawdown_pct(board)
        assert all(pct >= 0 for _, pct in fallen(board))
    assert fallen(BOARD.but(high_water=None))[0][1] == 0


def test_a_change_needs_both_ends() -> None:
    seen = views.price("kraken", "BTC/USDT")
    assert round(change_pct(seen) or D(0), 2) == D("1.24")
    assert change_pct(None) is None


def test_happenings_are_told_newest_first_from_every_source() -> None:
    told = happenings(boards.killed())
    kinds = {one.kind for one in told}
    assert {"FILL", "DENY", "WARN", "KILL"} <= kinds
    assert [one.at_us for one in told] == sorted((one.at_us for one in told), reverse=True)
    assert len(told) <= 40
