"""Trading at a demo venue: the street around the mid, fills of resting orders, refusals."""

from decimal import Decimal
from itertools import pairwise

import pytest

from domain.instruments import Account
from domain.market import Price
from domain.money import ZERO
from domain.orders import Amendment, Final, Side, VenueOrder
from tests.venues.demo_desks import Bench, an_order, exchange_of, open_bench, state_of, world_of
from venues.demo_pit import DEPTH_LEVELS, Pit

MINUTE = 60


async def price_of(bench: Bench, venue: str, symbol: str) -> Price:
    (price,) = await bench.venue(venue).market.prices([symbol])
    return price


async def row_of(bench: Bench, client_id: str, venue: str = "kraken") -> VenueOrder:
    row = exchange_of(bench, venue).till.find(client_id=client_id)
    assert row is not None
    return row


def pits(bench: Bench) -> list[Pit]:
    return [pit for each in world_of(bench).exchanges.values() for pit in each.pits.values()]


# The street


@pytest.mark.parametrize("scenario", ["sideways", "crash", "volatile"])
def test_books_are_deep_never_crossed_and_close_to_the_mid(scenario: str) -> None:
    bench = open_bench(scenario=scenario)
    for _ in range(20):
        bench.pass_time(8)
        for pit in pits(bench):
            bids, asks = pit.book.depth(DEPTH_LEVELS)
            assert len(bids) >= 8 <= len(asks)
            assert bids[0][0] < asks[0][0]
            spread = (asks[0][0] - bids[0][0]) / asks[0][0]
            assert spread < Decimal("0.003"), (pit.listing.symbol, spread)


def test_prices_move_several_times_a_second_by_believable_steps() -> None:
    bench = open_bench()
    pit = exchange_of(bench).pits["BTC/USD"]
    mids: list[Decimal] = []
    for _ in range(300):
        bench.clock.at_us += 200_000
        bench.desk.advance(bench.clock.at_us)
        price = pit.price(0)
        assert price.mid is not None
        mids.append(price.mid)
    strides = [abs(after / before - 1) for before, after in pairwise(mids)]
    moved = [stride for stride in strides if stride]
    assert len(moved) > len(strides) // 2
    assert max(moved) < Decimal("0.001")


def test_venues_stray_from_each_other_only_a_little() -> None:
    bench = open_bench(scenario="volatile")
    bench.pass_time(2 * MINUTE)
    mids = [
        exchange_of(bench, venue).pits["BTC/USDT"].price(0).mid
        for venue in ("kucoin", "gate", "mexc")
    ]
    known = [mid for mid in mids if mid is not None]
    assert len(set(known)) == 3
    assert max(known) / min(known) < Decimal("1.002")


def test_the_day_has_volume_and_a_price_a_day_ago() -> None:
    bench = open_bench()
    before = {id(pit): pit.price(0).volume_24h for pit in pits(bench)}
    bench.pass_time(MINUTE)
    for pit in pits(bench):
        price = pit.price(bench.clock.at_us)
        assert price.volume_24h is not None
        assert price.last is not None
        assert price.open_24h is not None
        assert Decimal("0.7") < price.open_24h / price.last < Decimal("1.4")
    grown = [pit for pit in pits(bench) if pit.price(0).volume_24h != before[id(pit)]]
    assert len(grown) > len(pits(bench)) * 3 // 4


# Resting orders


@pytest.mark.parametrize("side", Side)
async def test_an_order_at_the_best_price_is_filled_bit_by_bit_as_a_maker(side: Side) -> None:
    bench = open_bench()
    price = await price_of(bench, "kraken", "BTC/USD")
    assert price.bid is not None
    assert price.ask is not None
    inside = price.bid + Decimal("0.1") if side is Side.BUY else price.ask - Decimal("0.1")
    order = an_order(side, "0.14", inside)
    await bench.venue().traders["main"].place(order)
    assert (await row_of(bench, order.client_id)).cumulative == ZERO
    for _ in range(5 * MINUTE):
        bench.pass_time(1)
        if (await row_of(bench, order.client_id)).cumulative:
            break
    fills = [f for f in exchange_of(bench).till.fills if f.client_id == order.client_id]
    assert fills
    assert {fill.liquidity for fill in fills} == {"maker"}
    assert {fill.price for fill in fills} == {inside}
    row = await row_of(bench, order.client_id)
    assert sum(fill.quantity for fill in fills) == row.cumulative < order.quantity
    assert row.final is None


async def test_a_market_that_falls_through_a_resting_buy_fills_it_whole() -> None:
    bench = open_bench(scenario="crash")
    price = await price_of(bench, "gate", "ETH/USDT")
    assert price.bid is not None
    limit = (price.bid * Decimal("0.9")) // Decimal("0.01") * Decimal("0.01")
    order = an_order(Side.BUY, "3", limit, symbol="ETH/USDT", account="gate/main")
    await bench.venue("gate").traders["main"].place(order)
    bench.pass_time(55)
    assert (await row_of(bench, order.client_id, "gate")).cumulative == ZERO
    bench.pass_time(65)
    row = await row_of(bench, order.client_id, "gate")
    assert (row.final, row.cumulative) == (Final.FILLED, order.quantity)
    fills = [f for f in exchange_of(bench, "gate").till.fills if f.client_id == order.client_id]
    assert {(fill.price, fill.liquidity) for fill in fills} == {(limit, "maker")}


async def test_two_accounts_of_a_venue_can_trade_with_each_other() -> None:
    bench = open_bench()
    price = await price_of(bench, "kraken", "BTC/USD")
    assert price.bid is not None
    inside = price.bid + Decimal("0.1")
    maker = an_order(Side.SELL, "0.01", inside, account="kraken/treasury")
    taker = an_order(Side.BUY, "0.01", inside)
    await bench.venue().traders["treasury"].place(maker)
    await bench.venue().traders["main"].place(taker)
    sides = {
        f.account: (f.side, f.liquidity, f.trade_id)
        for f in exchange_of(bench).till.fills
        if f.client_id in (maker.client_id, taker.client_id)
    }
    sold, bought = sides[Account("kraken", "treasury")], sides[Account("kraken", "main")]
    assert (sold[:2], bought[:2]) == ((Side.SELL, "maker"), (Side.BUY, "taker"))
    assert sold[2] == bought[2]
    assert exchange_of(bench).till.balanced
    for reader in bench.venue().readers.values():
        assert await reader.open_orders() == []


async def test_one_account_cannot_touch_anothers_order() -> None:
    bench = open_bench()
    order = an_order(Side.BUY, "0.01", "50000", account="kraken/treasury")
    await bench.venue().traders["treasury"].place(order)
    assert not (await bench.venue().traders["main"].cancel(state_of(order))).accepted
    assert (await bench.venue().readers["main"].find(state_of(order))).found is None
    await bench.venue().traders["main"].cancel_all()
    assert len(await bench.venue().readers["treasury"].open_orders()) == 1


@pytest.mark.parametrize("market", [False, True])
async def test_an_order_ends_where_it_would_trade_with_its_own_account(market: bool) -> None:
    bench = open_bench()
    price = await price_of(bench, "kraken", "BTC/USD")
    assert price.bid is not None
    inside = price.bid + Decimal("0.1")
    trader = bench.venue().traders["main"]
    await trader.place(resting := an_order(Side.SELL, "0.01", inside))
    crossing = an_order(Side.BUY, "0.02", None if market else inside)
    assert (await trader.place(crossing)).accepted
    row = await row_of(bench, crossing.client_id)
    assert (row.final, row.cumulative) == (Final.CANCELED, ZERO)
    assert (await row_of(bench, resting.client_id)).final is None


async def test_an_amendment_that_would_meet_an_own_order_ends_the_order() -> None:
    bench = open_bench()
    price = await price_of(bench, "kraken", "BTC/USD")
    assert price.bid is not None
    inside = price.bid + Decimal("0.1")
    trader = bench.venue().traders["main"]
    await trader.place(an_order(Side.SELL, "0.01", inside))
    await trader.place(buy := an_order(Side.BUY, "0.01", "50000"))
    wish = Amendment(client_id="qdA", quantity=buy.quantity, price=inside, at_us=0)
    assert (await trader.amend(state_of(buy), wish)).accepted
    row = await row_of(bench, buy.client_id)
    assert (row.final, row.cumulative) == (Final.CANCELED, ZERO)
    assert len(await bench.venue().readers["main"].open_orders()) == 1


# Amending


async def test_an_amendment_may_not_cost_more_than_is_free() -> None:
    bench = open_bench()
    trader = bench.venue().traders["main"]
    order = an_order(Side.BUY, "0.1", "50000")
    await trader.place(order)
    wish = Amendment(client_id="qdA", quantity=Decimal(2), price=None, at_us=0)
    refused = await trader.amend(state_of(order), wish)
    assert refused.code == "EOrder:Insufficient funds"
    # What it held already counts as free for it: everything the account has may be in it.
    free = (await bench.venue().readers["main"].balances()).assets["USD"].total
    most = free / Decimal(50_000) / Decimal("1.0026") // Decimal("0.0001") * Decimal("0.0001")
    wish = Amendment(client_id="qdB", quantity=most, price=None, at_us=0)
    assert (await trader.amend(state_of(order), wish)).accepted


async def test_an_amended_price_that_crosses_trades_at_once() -> None:
    bench = open_bench()
    trader = bench.venue().traders["main"]
    order = an_order(Side.BUY, "0.01", "50000")
    await trader.place(order)
    price = await price_of(bench, "kraken", "BTC/USD")
    assert price.ask is not None
    wish = Amendment(client_id="qdA", quantity=order.quantity, price=price.ask + 50, at_us=0)
    assert (await trader.amend(state_of(order), wish)).accepted
    row = await row_of(bench, order.client_id)
    assert (row.final, row.cumulative, row.price) == (
        Final.FILLED,
        order.quantity,
        price.ask + 50,
    )


async def test_an_order_cannot_be_amended_below_what_is_filled() -> None:
    bench = open_bench()
    price = await price_of(bench, "kraken", "BTC/USD")
    assert price.bid is not None
    order = an_order(Side.BUY, "0.3", price.bid + Decimal("0.1"))
    trader = bench.venue().traders["main"]
    await trader.place(order)
    while not (await row_of(bench, order.client_id)).cumulative:
        bench.pass_time(1)
    filled = (await row_of(bench, order.client_id)).cumulative
    wish = Amendment(client_id="qdA", quantity=filled, price=None, at_us=0)
    assert not (await trader.amend(state_of(order), wish)).accepted
    assert (await row_of(bench, order.client_id)).quantity == order.quantity
