"""The generated month: enough to fill every screen, and it adds up to today's balances."""

import re
from collections import defaultdict
from decimal import Decimal

import pytest

from domain.instruments import base_of, quote_of
from domain.market import Movement
from domain.money import MONEY, ZERO, is_multiple
from domain.orders import Fill, Final, Side
from tests.venues.demo_desks import START_US, Bench, open_bench, world_of
from venues.demo_catalogue import PROFILES
from venues.demo_history import HISTORY_HOURS
from venues.demo_scenarios import HOUR_US, SCENARIOS
from venues.till import Till

MONTH_US = HISTORY_HOURS * HOUR_US
SEEDS = range(6)


def tills(bench: Bench) -> list[Till]:
    return [exchange.till for exchange in world_of(bench).exchanges.values()]


def effects(event: Fill | Movement) -> dict[str, Decimal]:
    """What an entry of the history did to its account's balances."""
    moved: dict[str, Decimal] = defaultdict(Decimal)
    if isinstance(event, Movement):
        moved[event.asset] += event.amount - event.fee
        return moved
    sign = 1 if event.side is Side.BUY else -1
    moved[base_of(event.symbol)] += sign * event.quantity
    moved[quote_of(event.symbol)] -= sign * MONEY.multiply(event.quantity, event.price)
    moved[event.fee_asset] -= event.fee
    return moved


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_there_are_at_least_ninety_fills_of_thirty_days_all_over(scenario: str) -> None:
    for seed in SEEDS:
        fills = [f for till in tills(open_bench(seed=seed, scenario=scenario)) for f in till.fills]
        assert 90 <= len(fills) <= 170
        assert all(START_US - MONTH_US <= fill.at_us < START_US for fill in fills)
        assert {str(f.account) for f in fills} == {
            f"{venue}/{name}" for venue, profile in PROFILES.items() for name in profile.opening
        }
        assert {fill.side for fill in fills} == set(Side)
        assert {fill.liquidity for fill in fills} == {"maker", "taker"}
        assert len({base_of(fill.symbol) for fill in fills}) >= 6
        assert len({fill.at_us // (24 * HOUR_US) for fill in fills}) >= 20


@pytest.mark.parametrize("seed", SEEDS)
def test_opening_and_history_make_todays_balance_and_nothing_was_ever_overdrawn(
    seed: int,
) -> None:
    for till in tills(open_bench(seed=seed)):
        for client, opening in PROFILES[till.venue].opening.items():
            held = defaultdict(Decimal, opening)
            events: list[Fill | Movement] = [*till.fills, *till.movements]
            mine = sorted((e for e in events if e.account.name == client), key=lambda e: e.at_us)
            for event in mine:
                for asset, amount in effects(event).items():
                    held[asset] += amount
                assert min(held.values()) >= ZERO, (client, event)
            assert mine
            assert dict(held) == {a: b.total for a, b in till.balances(client).items()}


@pytest.mark.parametrize("seed", SEEDS)
def test_deposits_and_withdrawals_are_in_the_history(seed: int) -> None:
    moved = [m for till in tills(open_bench(seed=seed)) for m in till.movements]
    assert len(moved) >= 3
    assert len({movement.key for movement in moved}) == len(moved)
    assert all(movement.fee == ZERO for movement in moved if movement.amount > 0)
    assert all(movement.fee > ZERO for movement in moved if movement.amount < 0)


def test_both_deposits_and_withdrawals_occur() -> None:
    signs = {m.amount > 0 for s in SEEDS for t in tills(open_bench(seed=s)) for m in t.movements}
    assert signs == {True, False}


def test_fills_obey_the_venues_steps_and_its_prices_of_the_day() -> None:
    for till in tills(open_bench()):
        listings = PROFILES[till.venue].listings
        for fill in till.fills:
            listing = listings[fill.symbol]
            assert is_multiple(fill.price, listing.tick)
            assert is_multiple(fill.quantity, listing.lot)
            assert fill.quantity > 0 < fill.price
            assert fill.fee >= ZERO


def test_every_order_of_the_past_is_over_and_its_fills_sum_to_what_it_claims() -> None:
    for till in tills(open_bench()):
        filled: dict[str, Decimal] = defaultdict(Decimal)
        for fill in till.fills:
            filled[fill.venue_order_id] += fill.quantity
        past = [row for row in till.orders.values() if row.venue_order_id not in till.working]
        assert past
        for row in past:
            assert row.final is not None
            assert row.cumulative == filled[row.venue_order_id]
            assert (row.final is Final.FILLED) == (row.cumulative == row.quantity)
        assert filled.keys() <= till.orders.keys()


def test_ids_are_unique_and_look_like_the_venues() -> None:
    shapes = {
        "kraken": (
            r"O[0-9A-Z]{5}-[0-9A-Z]{5}-[0-9A-Z]{5}",
            r"T[0-9A-Z]{5}-[0-9A-Z]{5}-[0-9A-Z]{5}",
        ),
        "kucoin": (r"[0-9a-f]{24}", r"\d{14}"),
        "gate": (r"\d{13}", r"\d{11}"),
        "mexc": (r"C02__\d{18}", r"\d{15}X1"),
    }
    for till in tills(open_bench()):
        order_shape, trade_shape = shapes[till.venue]
        trades = [fill.trade_id for fill in till.fills]
        assert len(set(trades)) == len(trades)
        assert all(re.fullmatch(trade_shape, trade) for trade in trades)
        assert all(re.fullmatch(order_shape, order) for order in till.orders)


def test_fees_are_paid_as_each_venue_asks_for_them() -> None:
    paid = {
        till.venue: {
            "base"
            if f.fee_asset == base_of(f.symbol)
            else "quote"
            if f.fee_asset == quote_of(f.symbol)
            else f.fee_asset
            for f in till.fills
            if f.fee
        }
        for till in tills(open_bench())
    }
    assert paid["kraken"] == {"quote"}
    assert "KCS" in paid["kucoin"]
    assert paid["gate"] == {"base", "quote"}
    assert paid["mexc"] == {"quote"}


async def test_one_order_rests_that_somebody_placed_by_hand() -> None:
    bench = open_bench()
    (row,) = await bench.venue("kucoin").readers["main"].open_orders()
    assert (row.client_id, row.final, row.side) == ("", None, Side.BUY)
    (price,) = await bench.venue("kucoin").market.prices([row.symbol])
    assert price.bid is not None
    assert row.price is not None
    assert price.bid * 9 // 10 < row.price < price.bid
    for venue in ("kraken", "gate", "mexc"):
        assert await bench.venue(venue).readers["main"].open_orders() == []


def test_an_asset_is_missing_where_it_is_not_listed() -> None:
    listed = {
        venue: {base_of(symbol) for symbol in profile.listings}
        for venue, profile in PROFILES.items()
    }
    assert "LINK" in listed["kraken"] & listed["kucoin"] & listed["gate"]
    assert "LINK" not in listed["mexc"]
    assert [venue for venue, bases in listed.items() if "KCS" in bases] == ["kucoin"]
