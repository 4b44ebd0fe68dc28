"""Our ids as numbers: the same after a crash, led back to the id, never sent for two of them."""

from decimal import Decimal
from typing import Any

import pytest

from domain.board import Board, Mode
from domain.events import OrderApproved
from domain.instruments import Account
from domain.orders import Kind, Order, Side
from domain.verdicts import Verdict
from tests.venues.ccxt_stub import ManualClock
from tests.venues.conformance.captured import Captured, keys_for
from tests.venues.conformance.test_conformance import OURS, order, state
from venues import ccxt_numbers
from venues.ccxt_numbers import Numbers, number_of
from venues.ccxt_quirks import quirks_of
from venues.ccxt_reader import CcxtReader
from venues.ccxt_venue import VenueSettings, open_venue
from venues.keys import AccountKeys


def approved(client_id: str, venue: str = "bitfinex") -> OrderApproved:
    intent = Order(
        client_id=client_id,
        account=Account(venue, "main"),
        symbol="BTC/USDT",
        side=Side.BUY,
        kind=Kind.LIMIT,
        quantity=Decimal(1),
        price=Decimal(1),
    )
    return OrderApproved(at_us=1, actor="me", order=intent, verdict=Verdict(approved=True))


def test_a_number_is_a_function_of_the_id_and_fits_what_bitfinex_takes() -> None:
    assert number_of(OURS) == 12890448471043  # for ever: orders are open under it
    assert 0 <= number_of("QDZZZZZZZZZZZZZZZZ") < 2**45


def test_a_number_leads_back_to_what_was_noted_and_to_nothing_else() -> None:
    numbers = Numbers("bitfinex")
    assert numbers.own_id(str(number_of(OURS))) == str(number_of(OURS))
    assert numbers.note(OURS)
    assert numbers.note(OURS)
    assert numbers.own_id(str(number_of(OURS))) == OURS
    assert numbers.own_id("1003435") == "1003435"


def test_the_oldest_is_forgotten_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ccxt_numbers, "REMEMBERED", 2)
    numbers = Numbers("bitfinex")
    for name in ("a", "b", "a", "c"):
        numbers.note(name)
    known = {name: numbers.own_id(str(number_of(name))) == name for name in "abc"}
    assert known == {"a": True, "b": False, "c": True}


async def test_a_number_that_is_taken_is_not_sent_a_second_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ccxt_numbers, "number_of", lambda _: 7)
    desk = Captured("bitfinex")
    await desk.market.instruments()
    assert (await desk.trader.place(order(desk))).accepted
    desk.forget()
    refused = await desk.trader.place(order(desk, client_id="QDT100000000000002"))
    assert (refused.accepted, refused.code) == (False, "NOT_SUPPORTED")
    assert "is taken at bitfinex" in refused.reason
    assert desk.lines == []


async def test_orders_of_an_earlier_run_are_known_from_the_ledger() -> None:
    desk = Captured("bitfinex")
    (stranger,) = await desk.reader.open_orders()
    assert stranger.client_id == str(number_of(OURS))
    assert desk.quirks.numbers is not None
    desk.quirks.numbers.fact(approved(OURS, venue="kraken"), Board(mode=Mode.LIVE))
    (stranger,) = await desk.reader.open_orders()
    assert stranger.client_id == str(number_of(OURS))
    desk.quirks.numbers.fact(approved(OURS), Board(mode=Mode.LIVE))
    (ours,) = await desk.reader.open_orders()
    assert ours.client_id == OURS
    history = await desk.reader.history(desk.clock.at_us - 7_200_000_000)
    assert [fill.client_id for fill in history.fills] == [OURS, ""]


@pytest.mark.parametrize(("venue", "count"), [("bitfinex", 1), ("gemini", 0)])
async def test_an_opened_venue_says_who_has_to_hear_the_ledger(venue: str, count: int) -> None:
    opening = open_venue(
        venue,
        {"main": AccountKeys(read=keys_for(venue), trade=keys_for(venue))},
        clock=ManualClock(),
        settings=VenueSettings(),
        on_problem=print,
    )
    async with opening as opened:
        assert len(opened.observers) == count
        for observer in opened.observers:
            observer.fact(approved(OURS), Board(mode=Mode.LIVE))
        trader: Any = opened.traders[Account(venue, "main")]
        numbers = trader._quirks.numbers
        assert (numbers is not None) == bool(count)
        assert numbers is None or numbers.own_id(str(number_of(OURS))) == OURS
    assert quirks_of(venue).numbers is not numbers or not count


async def test_where_traders_alone_are_told_of_an_order_the_trading_key_asks() -> None:
    desk = Captured("gemini")
    trading = desk.trader._client
    asked: list[str] = []
    look = trading.look

    async def heard(at: Any, told: str, **terms: Any) -> list[Any]:
        asked.append(told)
        return await look(at, told, **terms)

    trading.look = heard  # type: ignore[method-assign]
    reader = CcxtReader(
        account=desk.account,
        client=desk.reader._client,
        opened=desk.reader._opened,
        markets=desk.reader._markets,
        quirks=desk.quirks,
        clock=desk.clock,
        on_rejected=desk.problems.append,
        namer=trading,
    )
    found = (await reader.find(state(desk, ""))).found
    assert found is not None
    assert (found.symbol, found.client_id) == ("BTC/USD", OURS)
    assert asked == [OURS]
