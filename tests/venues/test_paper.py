"""Paper orders over a live book: judged, walked, rested, filled, refused."""

import asyncio
from dataclasses import replace
from decimal import Decimal

import pytest

from domain.errors import Unavailable
from domain.instruments import Account
from domain.orders import Amendment, Final, Side, TimeInForce
from tests.venues import virtual
from tests.venues.demo_desks import HandClock, an_order
from tests.venues.paper_desks import (
    ASKS,
    AT_ONCE,
    BIDS,
    BTC,
    PURSE,
    TRAITS,
    VENUE,
    FedMarket,
    paper,
)
from venues.demo_dice import SeededDice
from venues.paper_desk import PaperSettings
from venues.paper_ports import Latency

MAIN = Account(VENUE, "main")
BUY, SELL = Side.BUY, Side.SELL


# Taking


async def test_a_market_order_walks_the_live_book_and_pays_the_takers_fee() -> None:
    async with paper() as desk:
        state = await desk.placed(BUY, "2")
        assert desk.fills(state) == [("1", "100.1", "taker"), ("1", "100.2", "taker")]
        cost = Decimal("200.3")
        assert desk.totals() == {"USD": 100_000 - cost - cost * Decimal("0.004"), "BTC": 4}


async def test_the_same_level_is_never_eaten_twice() -> None:
    async with paper() as desk:
        first = await desk.placed(BUY, "1")
        second = await desk.placed(BUY, "1", account="other")
        desk.market.show(BIDS, ASKS)  # the live level stands still: nothing new in it
        third = await desk.placed(BUY, "1")
        assert desk.fills(first) == [("1", "100.1", "taker")]
        assert desk.fills(second) == [("1", "100.2", "taker")]
        assert desk.fills(third) == [("1", "100.2", "taker")]


async def test_a_level_gives_what_it_grew_by_and_a_new_one_everything() -> None:
    async with paper() as desk:
        await desk.placed(BUY, "1")
        desk.market.show(BIDS, (("100.1", "1.4"), ("100.2", "2")))
        assert desk.fills(await desk.placed(BUY, "0.5")) == [
            ("0.4", "100.1", "taker"),
            ("0.1", "100.2", "taker"),
        ]
        desk.market.show(BIDS, (("100.2", "2"),))
        desk.market.show(BIDS, (("100.1", "1"), ("100.2", "2")))
        assert desk.fills(await desk.placed(BUY, "1")) == [("1", "100.1", "taker")]


async def test_what_was_taken_of_a_level_is_remembered_while_it_is_too_deep_to_be_seen() -> None:
    async with paper() as desk:
        await desk.placed(BUY, "1")
        desk.market.show((("99.0", "1"),), (("99.1", "1"), ("99.2", "1")))
        desk.market.show(BIDS, ASKS)
        assert desk.fills(await desk.placed(BUY, "1")) == [("1", "100.2", "taker")]


async def test_a_market_order_larger_than_the_book_is_cancelled_for_the_rest() -> None:
    async with paper() as desk:
        state = await desk.placed(BUY, "9")
        row = desk.venue.desk.till.orders[state.venue_order_id]
        assert (row.cumulative, row.final) == (Decimal(8), Final.CANCELED)
        assert desk.used("USD") == 0


async def test_a_limit_order_takes_what_is_within_it_and_rests_with_what_remains() -> None:
    async with paper() as desk:
        state = await desk.placed(BUY, "2.5", "100.1")
        assert desk.fills(state) == [("1", "100.1", "taker")]
        (row,) = await desk.venue.readers[MAIN].open_orders()
        assert (row.quantity, row.cumulative) == (Decimal("2.5"), Decimal(1))
        assert desk.used("USD") == Decimal("1.5") * Decimal("100.1") * Decimal("1.004")


@pytest.mark.parametrize("terms", [TimeInForce.IOC, TimeInForce.FOK])
async def test_ioc_takes_what_is_there_and_fok_all_or_nothing(terms: TimeInForce) -> None:
    async with paper() as desk:
        state = await desk.placed(SELL, "1.5", "99.9", time_in_force=terms)
        filled = [("1", "99.9", "taker")] if terms is TimeInForce.IOC else []
        assert desk.fills(state) == filled
        assert await desk.venue.readers[MAIN].open_orders() == []
        assert desk.used("BTC") == 0


# Resting


async def test_a_touch_fills_nothing_and_a_price_traded_through_fills_as_a_maker() -> None:
    async with paper() as desk:
        state = await desk.placed(BUY, "1", "100")
        desk.market.show((("99.9", "1"),), (("100.0", "9"),))
        assert desk.fills(state) == []
        desk.market.show((("99.8", "1"),), (("99.9", "0.4"), ("100.0", "9")))
        assert desk.fills(state) == [("0.4", "100", "maker")]
        usd = 100_000 - 40 - 40 * Decimal("0.002")
        assert desk.totals() == {"USD": usd, "BTC": Decimal("2.4")}
        desk.market.show((("99.8", "1"),), (("99.9", "0.4"), ("100.0", "9")))
        assert desk.fills(state) == [("0.4", "100", "maker")]  # the same 0.4 as before
        desk.market.show((("99.7", "1"),), (("99.8", "3"),))
        assert desk.fills(state)[1:] == [("0.6", "100", "maker")]
        assert desk.used("USD") == 0


async def test_a_market_that_jumps_over_a_resting_order_fills_it_at_its_own_price() -> None:
    async with paper() as desk:
        state = await desk.placed(SELL, "1", "101")
        desk.market.show((("105", "0.3"), ("104", "5")), (("106", "1"),))
        assert desk.fills(state) == [("0.3", "101", "maker"), ("0.7", "101", "maker")]
        assert desk.totals()["USD"] == 100_000 + 101 - 101 * Decimal("0.002")


async def test_resting_orders_are_served_by_price_then_by_age() -> None:
    async with paper() as desk:
        low = await desk.placed(BUY, "1", "99.9")
        first = await desk.placed(BUY, "1", "100")
        second = await desk.placed(BUY, "1", "100", account="other")
        desk.market.show((("99.0", "1"),), (("99.5", "1.5"),))
        assert desk.fills(first) == [("1", "100", "maker")]
        assert desk.fills(second) == [("0.5", "100", "maker")]
        assert desk.fills(low) == []


async def test_what_resting_orders_took_of_a_level_newcomers_do_not_find_there() -> None:
    async with paper() as desk:
        resting = await desk.placed(BUY, "1", "100")
        desk.market.show((("99.0", "1"),), (("99.5", "1.5"), ("100.5", "2")))
        assert desk.fills(resting) == [("1", "100", "maker")]
        assert desk.fills(await desk.placed(BUY, "1", account="other")) == [
            ("0.5", "99.5", "taker"),
            ("0.5", "100.5", "taker"),
        ]


async def test_accounts_of_one_desk_never_trade_with_each_other() -> None:
    async with paper() as desk:
        resting = await desk.placed(BUY, "1", "100")
        state = await desk.placed(SELL, "1", "99.9", account="other")
        assert desk.fills(resting) == desk.fills(state) == []
        row = desk.venue.desk.till.orders[state.venue_order_id]
        assert row.final is Final.CANCELED


async def test_a_cancel_releases_what_was_held() -> None:
    async with paper() as desk:
        state = await desk.placed(BUY, "1", "100")
        assert desk.used("USD") == Decimal("100.4")
        assert (await desk.venue.traders[MAIN].cancel(state)).accepted
        assert desk.used("USD") == 0
        desk.market.show((("89", "1"),), (("90", "9"),))
        assert desk.fills(state) == []


async def test_an_amended_post_only_order_does_not_take() -> None:
    async with paper() as desk:
        state = await desk.placed(BUY, "1", "100", post_only=True)
        wish = Amendment(client_id="qdA", quantity=Decimal(1), price=Decimal("100.1"), at_us=1)
        refused = await desk.venue.traders[MAIN].amend(state, wish)
        assert (refused.accepted, refused.code) == (False, "POST_ONLY")
        plain = replace(state, order=replace(state.order, post_only=False))
        assert (await desk.venue.traders[MAIN].amend(plain, wish)).accepted
        assert desk.fills(state) == [("1", "100.1", "taker")]


# Refusals


@pytest.mark.parametrize(
    ("side", "quantity", "price", "code"),
    [
        (BUY, "1", "100.05", "INVALID_PRICE"),
        (BUY, "0.00105", "100", "INVALID_QUANTITY"),
        (BUY, "0.0005", "100", "QUANTITY_TOO_SMALL"),
        (BUY, "51", "100", "QUANTITY_TOO_LARGE"),
        (BUY, "0.001", "999", "VALUE_TOO_SMALL"),
        (BUY, "50", "50000", "VALUE_TOO_LARGE"),
        (SELL, "2.0001", None, "INSUFFICIENT_FUNDS"),
        (SELL, "2.0001", "100", "INSUFFICIENT_FUNDS"),
    ],
)
async def test_the_venues_own_limits_refuse_in_words_with_the_number(
    side: Side, quantity: str, price: str | None, code: str
) -> None:
    async with paper() as desk:
        _, placement = await desk.place(side, quantity, price)
        assert (placement.accepted, placement.code) == (False, code)
        assert any(digit in placement.reason for digit in "0123456789")
        assert desk.totals() == PURSE


async def test_funds_must_cover_the_fee_too() -> None:
    settings = replace(AT_ONCE, balances={"USD": Decimal("100.40"), "BTC": Decimal(1)})
    async with paper(settings=settings) as desk:
        desk.market.show(BIDS, (("100.1", "9"),))
        refused = (await desk.place(BUY, "1"))[1], (await desk.place(BUY, "1", "100.1"))[1]
        assert [each.code for each in refused] == ["INSUFFICIENT_FUNDS"] * 2
        assert (await desk.place(BUY, "1", "100"))[1].accepted  # 100 and 0.4 for the fee
        assert desk.used("USD") == Decimal("100.4")


async def test_unknown_and_closed_symbols_are_refused_without_waiting_for_a_book() -> None:
    async with paper() as desk:
        unknown = (await desk.place(BUY, "1", "100", symbol="NOSUCH/USD"))[1]
        closed = (await desk.place(BUY, "1", "100", symbol="OLD/USD"))[1]
        assert (unknown.code, closed.code) == ("UNKNOWN_SYMBOL", "MARKET_CLOSED")
        assert desk.market.dialled == []


async def test_a_known_venue_refuses_in_its_own_words() -> None:
    async with paper(traits=replace(TRAITS, venue="kraken")) as desk:
        order = an_order(BUY, "1", "100.05", account="kraken/main")
        placement = await desk.venue.traders[order.account].place(order)
        assert placement.code == "EOrder:Tick size check failed"


# Freshness


async def test_without_a_live_book_an_order_is_refused_with_the_reason() -> None:
    async with paper() as desk:
        del desk.market.books["BTC/USD"]
        with pytest.raises(Unavailable, match=r"live book of BTC/USD.*none has come") as refused:
            await desk.place(BUY, "1")
        assert "--demo" in refused.value.remedy


async def test_nothing_is_traded_on_a_book_that_has_grown_old() -> None:
    async with paper() as desk:
        await desk.placed(BUY, "1", "90")
        desk.pass_time(11)
        with pytest.raises(Unavailable, match=r"11\.0 s old, over 10000 ms"):
            await desk.place(BUY, "1")
        assert desk.totals() == PURSE
        desk.market.show(BIDS, ASKS)
        await desk.placed(BUY, "1")


async def test_a_heartbeat_keeps_a_quiet_book_fresh_but_not_one_that_was_never_seen() -> None:
    async with paper() as desk:
        await desk.placed(BUY, "1", "90")
        for _ in range(3):
            desk.pass_time(9)
            desk.market.beat()
        await desk.placed(BUY, "0.1")
        del desk.market.books["ETH/USD"]
        waiting = asyncio.ensure_future(desk.place(BUY, "1", symbol="ETH/USD"))
        for _ in range(3):
            await asyncio.sleep(0)
            desk.market.beat("ETH/USD")
        with pytest.raises(Unavailable, match="none has come"):
            await waiting


async def test_a_book_that_cannot_be_one_is_not_traded_on() -> None:
    async with paper() as desk:
        resting = await desk.placed(BUY, "1", "100")
        for bids, asks in (
            ((("100.1", "1"),), (("99.0", "1"),)),
            ((("99", "1"), ("99.5", "1")), ASKS),
            (BIDS, (("99.5", "1"), ("99.4", "1"))),
            (BIDS, (("95", "0"),)),
        ):
            desk.market.show(bids, asks)
            assert desk.fills(resting) == []
            with pytest.raises(Unavailable, match=r"crossed|not in order"):
                await desk.place(BUY, "1")
        desk.market.show(BIDS, ASKS)
        await desk.placed(BUY, "1")


async def test_a_cut_stream_is_dialled_again_and_the_book_read_anew() -> None:
    async with paper() as desk:
        await desk.placed(BUY, "1", "99")
        desk.market.cut()
        await asyncio.sleep(0)
        desk.pass_time(11)
        with pytest.raises(Unavailable, match="connection reset by peer"):
            await desk.place(BUY, "1")
        desk.venue.desk.books._wait_us = 5_000_000
        await desk.placed(BUY, "1")
        assert desk.market.dialled == ["BTC/USD"] * 2


async def test_a_stream_that_lives_but_tells_no_book_is_dialled_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("venues.paper_books.QUIET_S", 0.05)
    monkeypatch.setattr("venues.paper_books._FIRST_PAUSE_US", 2)
    async with paper() as desk:
        await desk.placed(BUY, "1", "90")
        for _ in range(12):
            desk.market.beat()
            await asyncio.sleep(0.01)
        assert len(desk.market.dialled) > 1
        dialled = len(desk.market.dialled)
        for _ in range(12):
            desk.market.show(BIDS, ASKS)
            await asyncio.sleep(0.01)
        assert len(desk.market.dialled) <= dialled + 1


def test_a_request_and_its_answer_take_what_the_settings_say() -> None:
    way = Latency(SeededDice(1, "way"), 50, 150)

    async def trips() -> set[int]:
        taken = set()
        for _ in range(200):
            began = asyncio.get_running_loop().time()
            await way.there("qd1")
            await way.back("qd1")
            taken.add(round((asyncio.get_running_loop().time() - began) * 1_000))
        return taken

    taken = virtual.run(trips())
    assert 50 <= min(taken) < 70
    assert 130 < max(taken) <= 150
    assert len(taken) > 40


async def test_orders_travel_and_are_matched_against_the_book_as_it_is_on_arrival() -> None:
    settings = replace(AT_ONCE, latency_least_ms=60, latency_most_ms=60, book_wait_ms=1_000)
    async with paper(settings=settings) as desk:
        await desk.placed(BUY, "1", "90")
        began = asyncio.get_running_loop().time()
        sent = asyncio.ensure_future(desk.placed(BUY, "1"))
        await asyncio.sleep(0.005)
        desk.market.show(BIDS, (("100.4", "3"),))
        assert desk.fills(await sent) == [("1", "100.4", "taker")]
        assert asyncio.get_running_loop().time() - began >= 0.059


async def test_a_book_is_no_more_followed_when_nothing_needs_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("venues.paper_books._LOOK_S", 0.01)
    async with paper() as desk:
        state = await desk.placed(BUY, "1", "90")
        await desk.place(BUY, "1", symbol="ETH/USD")
        desk.pass_time(400)
        await asyncio.sleep(0.05)
        assert desk.market.ears["ETH/USD"] == []
        assert len(desk.market.ears["BTC/USD"]) == 1
        await desk.venue.traders[MAIN].cancel(state)
        await asyncio.sleep(0.05)
        assert desk.market.ears["BTC/USD"] == []


async def test_only_so_many_books_are_followed_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("venues.paper_books.MOST_BOOKS", 1)
    async with paper() as desk:
        await desk.placed(BUY, "1", "90")
        with pytest.raises(Unavailable, match="1 live books are in use"):
            await desk.place(BUY, "1", symbol="ETH/USD")
        await desk.venue.traders[MAIN].cancel_all()
        assert (await desk.place(BUY, "1", symbol="ETH/USD"))[1].accepted


# Opening


async def test_accounts_begin_with_the_cash_that_the_venue_quotes_most() -> None:
    clock = HandClock()
    market = FedMarket(clock)
    market.listed = [BTC, replace(BTC, symbol="BTC/USDT"), replace(BTC, symbol="ETH/USDT")]
    async with paper(clock=clock, market=market, settings=PaperSettings()) as desk:
        assert desk.totals() == desk.totals("other") == {"USDT": Decimal(100_000)}


async def test_without_a_network_paper_says_so_and_offers_the_demo_until_there_is_one() -> None:
    clock = HandClock()
    market = FedMarket(clock, offline=True)
    async with paper(clock=clock, market=market) as desk:
        trouble = desk.venue.trouble
        assert trouble is not None
        assert "cannot connect" in trouble.why
        assert "--demo" in trouble.remedy
        with pytest.raises(Unavailable, match="cannot connect"):
            await desk.place(BUY, "1")
        assert desk.totals() == {}
        market.offline = False
        market.show(BIDS, ASKS)
        await desk.venue.desk.load(["main"])
        assert desk.venue.trouble is None
        await desk.placed(BUY, "1")


async def test_rates_that_the_venue_does_not_tell_are_the_settings() -> None:
    settings = replace(AT_ONCE, taker_rate=Decimal("0.01"), maker_rate=Decimal("0.003"))
    async with paper(settings=settings) as desk:
        order, placement = await desk.place(BUY, "1", symbol="ETH/USD")
        assert placement.accepted
        (fill,) = desk.venue.desk.till.fills
        assert (fill.client_id, fill.fee) == (order.client_id, Decimal("1.001"))
        assert desk.venue.desk.fees.known["ETH/USD"].maker == Decimal("0.003")
