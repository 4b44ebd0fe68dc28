"""The risk screen's rows of limits by scope: their names, their use, who denied, what waits."""

from decimal import Decimal

from domain.board import Board, Denial
from domain.instruments import Account
from domain.verdicts import Usage
from tests.console import boards
from tests.console.fakes import answering
from tests.console.screens import played
from tui.screens.risk_parts import limit_rows, shown, waiting

D = Decimal
KRAKEN = "max_order_value@VENUE:kraken"
POSITION = "max_position_size.BTC@STRATEGY:grid"


def scoped(**pending: str) -> Board:
    busy = boards.busy()
    usage = (
        Usage("max_order_value", D(0), D(900), D(1_000), "USD", scope="VENUE:kraken"),
        Usage("max_position_size", D(10), D(0), D(100), "USD", "BTC", "STRATEGY:grid"),
    )
    limits = {**busy.limits, KRAKEN: "1000", POSITION: "100"}
    denied = Denial(
        at_us=busy.now_us,
        client_id="QD1",
        symbol="BTC/USD",
        account=Account("kraken", "main"),
        side="buy",
        quantity=D(1),
        rule="max_order_value",
        reason="order value 1,001.00 USD is over 1,000.00 USD (VENUE:kraken)",
    )
    asked = {name: text for name, text in {**limits, **pending}.items() if text != "off"}
    return busy.but(
        usage=(*busy.usage, *usage),
        limits=limits,
        limits_pending=asked if pending else {},
        denials=(denied,),
    )


def test_a_scopes_limits_stand_among_the_others_the_fullest_first() -> None:
    rows = {row.name: row for row in limit_rows(scoped())}
    assert next(iter(rows)) in (KRAKEN, "max_position_size.BTC")
    assert (rows[KRAKEN].reserved, rows[KRAKEN].limit) == (D(900), D(1_000))
    assert (rows[POSITION].used, rows[POSITION].text) == (D(10), "100")


def test_a_denial_is_told_at_the_limit_that_denied_and_at_no_other_of_its_name() -> None:
    rows = {row.name: row.breached_us for row in limit_rows(scoped())}
    assert rows[KRAKEN]
    assert not rows["max_order_value"]


def test_what_waits_is_what_differs_and_a_limit_that_goes_is_off() -> None:
    assert waiting(scoped()) == {}
    board = scoped(**{KRAKEN: "2000", POSITION: "off"})
    assert waiting(board) == {KRAKEN: "2000", POSITION: "off"}
    rows = {row.name: row.pending for row in limit_rows(board)}
    assert (rows[KRAKEN], rows[POSITION], rows["max_order_value"]) == ("2000", "off", "")


def test_the_scope_comes_first_where_there_is_little_room() -> None:
    assert shown(KRAKEN) == "kraken order_value"
    assert shown(POSITION) == "grid position_size.BTC"
    assert shown("max_order_value") == "max_order_value"


async def test_the_risk_screen_shows_them_and_says_where_they_stand_in_the_file() -> None:
    for size in ((80, 24), (120, 40)):
        async with played(desk=answering(scoped()), size=size) as session:
            await session.press("4")
            assert "kraken order_value" in session.text
            await session.press("home", "enter")
            assert "risk.by_scope." in session.text or "risk.max_" in session.text
