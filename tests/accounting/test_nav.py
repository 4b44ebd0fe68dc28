"""NAV with its routes, ages and what has no price; snapshots, once a date whatever happens."""

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accounting.nav import Holding, Kind, nav_of
from accounting.routes import age_us, known, marks_of
from accounting.snapshots import day_returns, due, moment_of, next_due_us, snapshot_of
from accounting.valuation import FRESH_US
from domain.days import iso
from domain.instruments import Account
from domain.market import Price
from tests.accounting.ledger_of import D, mark, on

KRAKEN, KUCOIN = Account("kraken", "main"), Account("kucoin", "main")
NOW = 1_000_000_000
NEW_YORK = "America/New_York"
HOUR_US = 3_600_000_000


def price(symbol: str, value: str, at_us: int = NOW, venue: str = "kraken") -> Price:
    amount = D(value)
    return Price(venue=venue, symbol=symbol, bid=amount, ask=amount, last=None, at_us=at_us)


@pytest.mark.parametrize(
    ("prices", "value", "source"),
    [
        ([price("SOL/USD", "20")], "20", "kraken SOL/USD"),
        (
            [price("SOL/USDT", "20"), price("USDT/USD", "0.99")],
            "19.80",
            "kraken SOL/USDT * kraken USDT/USD",
        ),
        (
            [price("SOL/BTC", "0.001"), price("BTC/USDT", "20000"), price("USDT/USD", "1")],
            "20.000",
            "kraken SOL/BTC * kraken BTC/USDT * kraken USDT/USD",
        ),
        (
            [price("SOL/USDC", "20"), price("USD/USDC", "0.5")],
            "40",
            "kraken SOL/USDC * 1 / kraken USD/USDC",
        ),
    ],
)
def test_an_asset_is_valued_directly_or_over_other_coins(
    prices: list[Price], value: str, source: str
) -> None:
    """R-D1."""
    for order in (prices, prices[::-1]):
        found = marks_of(order, "USD", NOW)["SOL"]
        assert (found.value, found.source) == (D(value), source)


def test_an_asset_that_no_route_reaches_has_no_mark() -> None:
    marks = marks_of([price("SOL/XYZ", "20"), price("XYZ/USD", "0")], "USD", NOW)
    assert set(marks) == {"USD"}
    over_sol = marks_of([price("SOL/USD", "20"), price("ABC/SOL", "2")], "USD", NOW)
    assert "ABC" not in over_sol


def test_a_mark_is_as_old_as_the_oldest_price_on_its_route() -> None:
    prices = [price("SOL/USDT", "20"), price("USDT/USD", "1", at_us=NOW - 7)]
    found = marks_of(prices, "USD", NOW)["SOL"]
    assert age_us(found, NOW) == 7
    assert known({"SOL": found}, "SOL", NOW, stale_us=7)
    assert not known({"SOL": found}, "SOL", NOW, stale_us=6)
    assert not known({}, "SOL", NOW)


def test_a_fresh_detour_beats_a_stale_direct_price_and_else_the_direct_one_wins() -> None:
    old = NOW - FRESH_US - 1
    coins = [price("SOL/USDT", "20"), price("USDT/USD", "1")]
    stale = marks_of([*coins, price("SOL/USD", "30", at_us=old)], "USD", NOW)
    assert stale["SOL"].value == D(20)
    fresh = marks_of([*coins, price("SOL/USD", "30", at_us=NOW - 1)], "USD", NOW)
    assert fresh["SOL"].value == D(30)


def test_a_stablecoin_is_pegged_or_at_market_by_setting() -> None:
    prices = [price("SOL/USDT", "20"), price("USDT/USD", "0.9")]
    pegged = marks_of(prices, "USD", NOW, pegged=frozenset({"USDT"}))
    assert (pegged["SOL"].value, pegged["USDT"].value) == (D(20), D(1))
    assert pegged["SOL"].source == "kraken SOL/USDT * pegged"
    assert marks_of(prices, "USD", NOW)["SOL"].value == D("18.0")


HOLDINGS = [
    Holding(account=KRAKEN, asset="BTC", quantity=D(2)),
    Holding(account=KUCOIN, asset="BTC", quantity=D(1)),
    Holding(account=KUCOIN, asset="USD", quantity=D(30)),
    Holding(account=KUCOIN, asset="XYZ", quantity=D(5)),
    Holding(account=KUCOIN, asset="NIL", quantity=D(0)),
    Holding(account=KUCOIN, asset="USD", quantity=D(-5), kind=Kind.UNREALISED),
]
MARKS = {"BTC": mark("BTC", "100", at_us=4), "USD": mark("USD", "1", at_us=9)}


def test_a_total_leaves_out_what_has_no_price_and_says_so() -> None:
    nav = nav_of(HOLDINGS, MARKS, 10)
    assert nav.total == D(325)
    assert [line.holding.asset for line in nav.unpriced] == ["XYZ"]
    assert nav.partial
    assert nav.by_asset() == {"BTC": D(300), "USD": D(25)}
    assert nav.by_account() == {KRAKEN: D(200), KUCOIN: D(125)}
    assert nav.by_venue() == {"kraken": D(200), "kucoin": D(125)}
    assert nav.margin_balance == D(-5)


def test_a_total_is_partial_with_an_old_price_or_a_missing_account() -> None:
    good = HOLDINGS[:3]
    assert nav_of(good, MARKS, 10, stale_us=6).oldest_price_us == 4
    assert not nav_of(good, MARKS, 10, stale_us=6).partial
    assert nav_of(good, MARKS, 10, stale_us=5).partial
    assert nav_of(good, MARKS, 10, missing=["gate/main"]).partial
    assert nav_of([], {}, 10).oldest_price_us is None


# Snapshots


def test_a_snapshot_is_due_once_a_date_from_its_local_time_on() -> None:
    """R-E1."""
    before, after = on("2025-03-10", 4), on("2025-03-10", 4) + 5 * 60_000_000
    assert due(before, date(2025, 3, 9), "00:05", NEW_YORK) is None
    assert due(after, date(2025, 3, 9), "00:05", NEW_YORK) == date(2025, 3, 10)
    assert due(after, date(2025, 3, 10), "00:05", NEW_YORK) is None
    assert due(before, None, "00:05", NEW_YORK) == date(2025, 3, 9)
    assert next_due_us(before, date(2025, 3, 9), "00:05", NEW_YORK) == after
    assert next_due_us(after, date(2025, 3, 9), "00:05", NEW_YORK) == after
    following = next_due_us(after, date(2025, 3, 10), "00:05", NEW_YORK)
    assert iso(following) == "2025-03-11T04:05:00.000000Z"


@settings(max_examples=60)
@given(
    st.lists(st.integers(min_value=-3 * HOUR_US, max_value=30 * HOUR_US), max_size=40),
    st.sampled_from(["00:05", "01:30", "02:30", "23:59"]),
    st.sampled_from(["2025-03-06", "2025-10-30"]),
)
def test_no_date_is_taken_twice_whatever_the_clock_does(
    steps: list[int], at: str, start: str
) -> None:
    """Two clock changes, restarts, late starts, a clock that steps back."""
    now, last, taken = on(start), None, []
    for step in steps:
        now += step
        day = due(now, last, at, NEW_YORK)
        if day is not None:
            assert moment_of(day, at, NEW_YORK) <= now
            taken.append(day)
            last = day
    assert taken == sorted(set(taken))


def test_every_date_is_taken_while_the_desk_runs() -> None:
    now, last, taken = on("2025-02-28"), date(2025, 2, 27), []
    while now < on("2025-03-20"):
        now = next_due_us(now, last, "02:30", NEW_YORK)
        day = due(now, last, "02:30", NEW_YORK)
        assert day is not None
        taken.append(day)
        last = day
    assert taken == [date(2025, 2, 28) + timedelta(days=n) for n in range(len(taken))]


def test_a_snapshot_holds_each_asset_and_says_when_it_is_late() -> None:
    day = date(2025, 1, 2)
    nav = nav_of(HOLDINGS, MARKS, on("2025-01-02", 3))
    whole = snapshot_of(nav, "", day, "00:05", "UTC")
    assert whole.assets == {"BTC": D(3), "USD": D(25), "XYZ": D(5)}
    assert whole.values == {"BTC": D(300), "USD": D(25)}
    assert (whole.nav, whole.partial, whole.late, whole.key) == (
        D(325),
        True,
        True,
        "snapshot::2025-01-02",
    )
    mine = snapshot_of(nav_of(HOLDINGS, MARKS, 10, stale_us=9), KRAKEN, day, "00:05", "UTC")
    assert (mine.assets, mine.nav, mine.partial, mine.late) == ({"BTC": D(2)}, D(200), False, False)


def test_a_days_return_is_adjusted_for_its_flows_and_named_by_its_date() -> None:
    days = [date(2025, 1, n) for n in (1, 2, 4)]
    navs = [D(100), D(160), D(75)]
    taken = [
        snapshot_of(
            nav_of(
                [Holding(account=KRAKEN, asset="USD", quantity=units)],
                {"USD": mark("USD", "1", at_us=on(str(day)))},
                on(str(day)),
            ),
            "",
            day,
            "00:00",
            "UTC",
        )
        for day, units in zip(days, navs, strict=True)
    ]
    flows = [(on("2025-01-01", 5), D(50)), (on("2025-01-03"), D(-77)), (on("2025-01-01"), D(9))]
    told = day_returns(taken[::-1], flows)
    assert [(one.local_date, one.days, one.result.gain) for one in told] == [
        (days[0], 1, D(10)),
        (days[1], 2, D(-8)),
    ]
    assert told[1].result.fraction == D("-0.05")
    assert not told[0].partial
