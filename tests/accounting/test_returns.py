"""Returns by name, benchmark, snapshots once a date, NAV with routes and ages."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accounting.benchmark import Benchmark, flowed, rebalance_day, rebalanced, started
from accounting.performance import DayBeside, beside
from accounting.returns import (
    Flow,
    Span,
    Valuation,
    daily_return,
    linked,
    modified_dietz,
    twr,
    xirr,
)
from domain.errors import Refused
from domain.money import ONE, ZERO, exactly
from tests.accounting.ledger_of import D, on

START, END = date(2025, 1, 1), date(2025, 12, 31)


def day(number: int) -> date:
    return START + timedelta(days=number)


def test_a_day_earns_on_what_it_opened_with_and_what_came_in() -> None:
    """R-E2: in at the start of the day, out at its end."""
    assert daily_return(D(100), D(165), inflow=D(50)) == (D(15), D("0.1"))
    assert daily_return(D(100), D(60), outflow=D(50)) == (D(10), D("0.1"))
    assert daily_return(ZERO, D(5)) == (D(5), None)


def test_a_span_without_capital_has_no_return_and_links_as_nothing() -> None:
    assert linked([D("0.1"), None, D("-0.5")]) == D("-0.45")
    points = [
        Valuation(day(0), ZERO, D(100)),
        Valuation(day(1), D(110), D(-110)),
        Valuation(day(2), ZERO, D(50)),
        Valuation(day(3), D(55)),
    ]
    assert twr(points) == D("0.21")
    assert twr([]) == ZERO


def test_modified_dietz_has_no_answer_without_capital() -> None:
    assert modified_dietz(ZERO, D(5), [], Span(START, END)) is None
    assert modified_dietz(D(9), D(5), [Flow(START, D(1))], Span(START, START)) is None


@pytest.mark.parametrize("rate", ["0.07", "-0.35", "3", "25", "-0.9"])
def test_xirr_finds_the_rate_that_money_grew_by(rate: str) -> None:
    with exactly():
        growth = ONE + D(rate)
        flows = [Flow(day(0), D(1000)), Flow(day(100), D(500)), Flow(day(200), D(-300))]
        closing = sum(
            (flow.amount * growth ** (D((day(365) - flow.day).days) / 365) for flow in flows), ZERO
        )
    found = xirr(flows, Flow(day(365), closing))
    assert found is not None
    assert abs(found - D(rate)) < D("1e-15")


def test_xirr_has_no_answer_where_no_rate_fits() -> None:
    assert xirr([], Flow(END, D(5))) is None
    assert xirr([Flow(START, D(5))], Flow(END, ZERO)) is None
    assert xirr([Flow(START, D(5))], Flow(START, D(6))) is None
    assert xirr([Flow(START, D(5))], Flow(day(1), D(6))) is None  # 5.7e28 a year


def test_xirr_of_money_that_stood_still_is_zero() -> None:
    assert xirr([Flow(START, D(5))], Flow(END, D(5))) == ZERO


# Benchmark

PRICES = {"BTC": D(50), "ETH": D(10)}


def test_weights_that_are_not_one_are_refused_and_so_is_a_missing_price() -> None:
    with pytest.raises(Refused, match="do not add up to one"):
        started(D(100), PRICES, {"BTC": D("0.6"), "ETH": D("0.5")})
    with pytest.raises(Refused, match="do not add up to one"):
        started(D(100), PRICES, {"BTC": D("1.5"), "ETH": D("-0.5")})
    with pytest.raises(Refused, match="no price for ETH"):
        started(D(100), {"BTC": D(50)})
    with pytest.raises(Refused, match="no price for BTC"):
        started(D(100), PRICES).value({"ETH": D(10), "BTC": ZERO})


def test_other_weights_and_assets_are_as_good() -> None:
    made = started(D(100), {"SOL": D(5), "BTC": D(50)}, {"SOL": D("0.2"), "BTC": D("0.8")})
    assert made.units == {"SOL": D(4), "BTC": D("1.6")}


def test_a_withdrawal_of_more_than_there_is_takes_all_of_it() -> None:
    """R-D2."""
    made = flowed(started(D(100), PRICES), "w", D(-500), PRICES)
    assert made.value(PRICES) == ZERO
    assert made.twr(PRICES) == ZERO
    again = flowed(flowed(made, "w2", D(-5), PRICES), "d", D(40), PRICES)
    assert again.value(PRICES) == D(40)


FLOWS = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", "c", "d", "e"]),
        st.decimals(min_value=-60, max_value=90, places=2),
        st.decimals(min_value=20, max_value=90, places=1),
        st.decimals(min_value=5, max_value=20, places=1),
    ),
    max_size=8,
)


@settings(max_examples=60)
@given(FLOWS)
def test_a_flow_counts_once_and_never_changes_the_return(
    told: list[tuple[str, Decimal, Decimal, Decimal]],
) -> None:
    """R-D3: whatever is repeated."""
    state, seen = started(D(1000), PRICES), set[str]()
    for key, amount, bitcoin, ether in told:
        prices = {"BTC": bitcoin, "ETH": ether}
        with exactly():
            worth = state.value(prices)
            before = state.twr(prices)
            state = flowed(flowed(state, key, amount, prices), key, amount * 2, prices)
            expected = worth if key in seen else worth + amount
            assert abs(state.value(prices) - expected) < D("1e-30")
            assert abs(state.twr(prices) - before) < D("1e-30")
        if amount:
            seen.add(key)


def test_a_rebalance_keeps_the_value_and_happens_once_a_date() -> None:
    made = started(D(100), PRICES)
    prices = {"BTC": D(100), "ETH": D(10)}
    after = rebalanced(made, prices, START)
    assert after.units == {"BTC": D("0.75"), "ETH": D("7.5")}
    assert after.value(prices) == made.value(prices)
    assert rebalanced(after, PRICES, START) is after
    assert isinstance(after, Benchmark)


def test_the_weekly_rebalance_is_due_once_from_its_day_and_hour_on() -> None:
    def due(day: str, hour: int, last: date | None) -> date | None:
        return rebalance_day(on(day, hour), last, weekday=0, at="09:00", time_zone="Europe/Berlin")

    monday, before = date(2025, 3, 31), date(2025, 3, 24)
    assert due("2025-03-31", 6, before) is None  # 08:00 in Berlin, summer time since Sunday
    assert due("2025-03-31", 7, before) == monday
    assert due("2025-04-03", 0, before) == monday
    assert due("2025-04-03", 0, monday) is None
    assert due("2025-03-31", 6, None) == before


def test_both_returns_are_of_the_same_days() -> None:
    """R-D4."""
    told = beside(
        [
            DayBeside(day(0), D("0.1"), D("0.05")),
            DayBeside(day(1), None, D("0.5")),
            DayBeside(day(2), D("-0.1"), D(0)),
            DayBeside(day(3), D("9"), None),
        ]
    )
    assert (told.account, told.benchmark, told.outperformance) == (
        D("-0.01"),
        D("0.05"),
        D("-0.06"),
    )
    assert [one.outperformance for one in told.days] == [D("0.05"), D("-0.1")]


def test_one_more_flow_shares_all_but_a_little_of_what_is_known_already() -> None:
    state = started(D(100), PRICES)
    for number in range(2_000):
        state = flowed(state, f"d{number}", ONE, PRICES)
    after = flowed(state, "one more", ONE, PRICES)
    pairs = list(zip(state.flows._buckets, after.flows._buckets, strict=True))
    assert sum(before is not now for before, now in pairs) == 1
    assert len(pairs) > 50
    assert len(after.flows) == 2_001
