"""Prices that were written down value what carries no value of its own, and nothing else."""

from decimal import Decimal

from accounting.entries import Departure, Income, Trade
from accounting.recorded import Recorded, source_of, valued
from domain.adjustments import PricesRecorded

D = Decimal
DAY_US = 86_400_000_000
HOUR_US = DAY_US // 24
START_US = 20_000 * DAY_US
NOON_US = START_US + DAY_US // 2


def prices(since_us: int, span_us: int, source: str = "file", **told: str) -> PricesRecorded:
    return PricesRecorded(
        at_us=START_US + 9 * DAY_US,
        actor="me",
        since_us=since_us,
        until_us=since_us + span_us,
        prices={asset: D(price) for asset, price in told.items()},
        source=source,
    )


def swap(at_us: int = NOON_US, **changes: object) -> Trade:
    told = Trade(
        "T1", at_us, "gate/main", "ETH", "BTC", buys=True, quantity=D(8), cost=D("0.5"),
        fee=D("0.1"), fee_asset="KCS",
    )  # fmt: skip
    return told._replace(**changes)  # type: ignore[arg-type]


def test_a_swap_is_valued_by_its_leg_of_the_first_rank() -> None:
    recorded = Recorded("USD", [prices(START_US, DAY_US, BTC="30000", ETH="1700", KCS="9")])
    made = valued(swap(), recorded)
    assert isinstance(made, Trade)
    assert (made.value, made.fee_value) == (D(15_000), D("0.9"))
    assert source_of(swap(), recorded) == "file"


def test_its_own_value_is_never_replaced() -> None:
    recorded = Recorded("USD", [prices(START_US, DAY_US, BTC="30000", KCS="9")])
    own = swap(value=D(1), fee_value=D(2))
    assert valued(own, recorded) == own
    assert source_of(own, recorded) == ""


def test_a_price_holds_for_its_own_time_only() -> None:
    recorded = Recorded("USD", [prices(START_US, DAY_US, BTC="30000")])
    assert valued(swap(START_US - 1), recorded) == swap(START_US - 1)
    assert valued(swap(START_US), recorded).value == D(15_000)  # type: ignore[union-attr]
    last = swap(START_US + DAY_US - 1)
    assert valued(last, recorded).value == D(15_000)  # type: ignore[union-attr]
    assert valued(swap(START_US + DAY_US), recorded) == swap(START_US + DAY_US)


def test_an_hour_goes_before_its_day_and_the_later_told_before_the_earlier() -> None:
    facts = [
        prices(NOON_US, HOUR_US, BTC="31000"),
        prices(START_US, DAY_US, BTC="30000"),
        prices(NOON_US, HOUR_US, "mended", BTC="32000"),
    ]
    recorded = Recorded("USD", facts)
    assert recorded.at("BTC", NOON_US).value == D(32_000)  # type: ignore[union-attr]
    assert recorded.at("BTC", NOON_US).source == "mended"  # type: ignore[union-attr]
    assert recorded.at("BTC", NOON_US + HOUR_US).value == D(30_000)  # type: ignore[union-attr]


def test_a_long_span_is_found_behind_many_short_ones() -> None:
    hours = [prices(START_US + n * HOUR_US, HOUR_US, ETH=str(n + 1)) for n in range(24)]
    shorts = [prices(START_US + n * HOUR_US, HOUR_US // 2, BTC=str(n + 1)) for n in range(24)]
    recorded = Recorded("USD", [prices(START_US, DAY_US, BTC="7"), *hours, *shorts])
    late_us = START_US + 23 * HOUR_US + HOUR_US * 3 // 4
    assert recorded.at("BTC", late_us).value == D(7)  # type: ignore[union-attr]


def test_income_and_transfer_fees_are_valued_and_cash_needs_nothing() -> None:
    recorded = Recorded("USD", [prices(START_US, DAY_US, SOL="20", USD="3")])
    income = Income("I", NOON_US, "kraken/main", "SOL", D(2), None)
    left = Departure("W", NOON_US, "kraken/main", "SOL", D(5), D("0.5"))
    assert valued(income, recorded).value == D(40)  # type: ignore[union-attr]
    assert valued(left, recorded).fee_value == D(10)  # type: ignore[union-attr]
    plain = swap(quote="USD", cost=D(100))
    assert valued(plain, recorded) == plain
    assert recorded.at("USD", NOON_US) is None
