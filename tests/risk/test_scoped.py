"""Limits by scope at the gate: the strictest that covers an order decides, and says where."""

from dataclasses import replace
from decimal import Decimal

import pytest

from domain.money import NotANumber
from domain.orders import Side
from domain.scopes import NotAScope
from risk.gate import judge
from risk.limits import Limits, checked, looser, strictest
from risk.proposal import View
from risk.scoped import ScopedLimits, scoped_from
from risk.scoping import Scopes
from risk.usage import usage_of
from tests.risk.desks import LIMITS, MAIN, NOW_US, D, balances, view
from tests.risk.scopes import GRID, OTHER, filled, opened, scoped, two_venues, wish


def refusal(seen: View, wanted: object) -> tuple[str, str]:
    verdict = judge(wanted, seen)  # type: ignore[arg-type]
    assert not verdict.approved
    assert verdict.rule == next(r.rule for r in verdict.results if not r.passed)
    return verdict.rule, verdict.reason


def passes(seen: View, wanted: object) -> bool:
    return judge(wanted, seen).approved  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        ("VENUE:kraken", {}, {"account": OTHER}),
        ("ACCOUNT:kraken/main", {}, {"account": OTHER}),
        ("STRATEGY:manual", {}, {"strategy": GRID}),
        ("SYMBOL:BTC/USD", {}, {"symbol": "ETH/USD", "price_": "3000", "quantity": "2"}),
    ],
)
def test_a_limit_of_a_scope_is_felt_inside_it_alone_and_equality_passes(
    text: str, inside: dict[str, object], outside: dict[str, object]
) -> None:
    seen, _ = two_venues(scoped(text, max_order_value=D(3_000)))
    assert passes(seen, wish(quantity="0.05", **inside))  # type: ignore[arg-type]
    assert refusal(seen, wish(quantity="0.05001", **inside)) == (  # type: ignore[arg-type]
        "max_order_value",
        f"order value 3,000.60 USD is over 3,000.00 USD ({text})",
    )
    assert passes(seen, wish(**{"quantity": "0.1", **outside}))  # type: ignore[arg-type]


def test_the_strictest_of_the_limits_that_cover_an_order_wins() -> None:
    seen, _ = two_venues(
        scoped("VENUE:kraken", max_order_value=D(5_000)),
        scoped("SYMBOL:BTC/USD", max_order_value=D(4_000)),
    )
    seen.limits = replace(seen.limits, max_order_value=D(4_500))
    found = [
        (r.name, r.passed)
        for r in judge(wish(quantity="0.07"), seen).results
        if r.rule == "max_order_value"
    ]
    assert found == [
        ("max_order_value", True),
        ("max_order_value@VENUE:kraken", True),
        ("max_order_value@SYMBOL:BTC/USD", False),
    ]
    assert "(SYMBOL:BTC/USD)" in refusal(seen, wish(quantity="0.07"))[1]
    assert refusal(seen, wish(quantity="0.08"))[1].endswith("over 4,500.00 USD")


def test_the_rule_is_shown_with_the_figures_of_its_scope() -> None:
    seen, sums = two_venues(scoped("VENUE:kraken", max_daily_volume=D(10_000)))
    opened(sums, "here", wish(quantity="0.05"))
    opened(sums, "there", wish(quantity="0.05", account=OTHER))
    sums.traded(filled(wish(quantity="0.02"), "T1"), "manual", D(1_200), NOW_US)
    rows = [r for r in judge(wish(quantity="0.01"), seen).results if r.rule == "max_daily_volume"]
    desk, kraken = rows
    assert (desk.used, desk.reserved, desk.scope) == (D(1_200), D(6_000), "")
    assert (kraken.used, kraken.reserved, kraken.this) == (D(1_200), D(3_000), D(600))
    assert (kraken.limit, kraken.scope, kraken.passed) == (D(10_000), "VENUE:kraken", True)
    assert kraken.headroom == D(5_200)


def test_open_orders_are_counted_by_scope() -> None:
    seen, sums = two_venues(scoped("STRATEGY:grid", max_open_orders=D(1)))
    opened(sums, "a", wish(strategy=GRID))
    opened(sums, "b", wish())
    assert refusal(seen, wish(strategy=GRID, account=OTHER))[0] == "max_open_orders"
    assert passes(seen, wish())
    sums.claim("a", None)
    assert passes(seen, wish(strategy=GRID))


def test_a_position_of_a_venue_is_what_its_accounts_hold_and_its_open_orders_would_add() -> None:
    # 1 BTC is held at kraken, 2 at kucoin, at 60,000.
    seen, sums = two_venues(scoped("VENUE:kraken", max_position_size={"BTC": D(72_000)}))
    assert passes(seen, wish(quantity="0.2"))
    assert refusal(seen, wish(quantity="0.20001"))[0] == "max_position_size"
    opened(sums, "here", wish(quantity="0.15"))
    opened(sums, "there", wish(quantity="1", account=OTHER))
    assert passes(seen, wish(quantity="0.05"))
    assert not passes(seen, wish(quantity="0.05001"))
    assert passes(seen, wish(quantity="1", account=OTHER))
    assert passes(seen, wish(quantity="5", price_="3000", symbol="ETH/USD"))


def test_a_position_of_a_symbol_is_that_of_its_asset_over_all_venues() -> None:
    seen, _ = two_venues(scoped("SYMBOL:BTC/USD", max_position_size={"default": D(186_000)}))
    assert passes(seen, wish(quantity="0.1"))
    assert not passes(seen, wish(quantity="0.10001", account=OTHER))


def test_a_position_of_a_strategy_is_what_its_orders_bought_and_did_not_sell() -> None:
    seen, sums = two_venues(scoped("STRATEGY:grid", max_position_size={"default": D(12_000)}))
    bought = wish(quantity="0.15", strategy=GRID)
    assert passes(seen, wish(quantity="0.2", strategy=GRID))
    sums.traded(filled(bought, "T1"), GRID, None, NOW_US)
    sums.traded(filled(wish(quantity="5"), "T2"), "manual", None, NOW_US)
    assert passes(seen, wish(quantity="0.05", strategy=GRID))
    assert not passes(seen, wish(quantity="0.05001", strategy=GRID))
    sold = wish(Side.SELL, "3", strategy=GRID)
    sums.traded(filled(sold, "T3"), GRID, None, NOW_US)
    # Having sold what others bought makes no room beyond the limit.
    assert passes(seen, wish(quantity="0.2", strategy=GRID))
    assert not passes(seen, wish(quantity="0.20001", strategy=GRID))


def test_a_position_that_a_scope_does_not_name_is_not_limited_there() -> None:
    seen, _ = two_venues(scoped("VENUE:kraken", max_position_size={"BTC": D(1)}))
    assert passes(seen, wish(quantity="10", price_="3000", symbol="ETH/USD"))
    assert not passes(seen, wish(quantity="0.001"))


def test_pace_and_collar_are_limited_by_scope() -> None:
    seen, sums = two_venues(
        scoped("VENUE:kraken", max_orders_per_second=D(1), price_collar_pct=D(1)),
        scoped("SYMBOL:BTC/USD", max_identical_orders=D(1)),
        scoped("ACCOUNT:kucoin/main", max_executions_per_minute=D(1), max_denials_per_5min=D(1)),
    )
    assert refusal(seen, wish(price_="60700"))[0] == "price_collar_pct"
    assert passes(seen, wish(price_="60700", account=OTHER))
    there = wish(account=OTHER)
    sums.submitted((MAIN, "X/USD", Side.BUY, D(1), None), "x", NOW_US)
    assert refusal(seen, wish())[0] == "max_orders_per_second"
    assert passes(seen, there)
    sums.submitted((OTHER, "BTC/USD", Side.BUY, there.quantity, there.price), "x", NOW_US)
    assert refusal(seen, there)[0] == "max_identical_orders"
    sums.executed((OTHER, "BTC/USD", GRID), NOW_US)
    other = wish(account=OTHER, quantity="0.2", strategy=GRID)
    assert refusal(seen, other)[0] == "max_executions_per_minute"
    assert passes(seen, replace(other, strategy="dca"))
    sums.denied((OTHER, "BTC/USD", "dca"), NOW_US)
    assert refusal(seen, replace(other, strategy="dca"))[0] == "max_denials_per_5min"


def test_a_reducing_order_is_not_held_up_by_volume_or_position_of_a_scope() -> None:
    seen, _ = two_venues(
        scoped("VENUE:kraken", max_daily_volume=D(1), max_position_size={"default": D(1)})
    )
    assert passes(seen, wish(Side.SELL, "0.5"))
    assert not passes(seen, wish(Side.BUY, "0.5"))


def test_limits_by_scope_that_nobody_counts_deny_everything() -> None:
    seen = view()
    seen.limits = replace(seen.limits, by_scope=(scoped("VENUE:kraken", max_order_value=D(10**9)),))
    assert refusal(seen, wish())[0] == "by_scope"


def test_a_scope_that_gets_its_first_limit_knows_what_has_happened() -> None:
    seen, sums = two_venues()
    opened(sums, "a", wish(quantity="0.05"))
    sums.traded(filled(wish(quantity="0.05"), "T1"), "manual", D(3_000), NOW_US)
    sums.submitted((MAIN, "X/USD", Side.BUY, D(1), None), "x", NOW_US)
    limit = scoped("VENUE:kraken", max_daily_volume=D(6_600), max_orders_per_second=D(1))
    seen.limits = replace(seen.limits, by_scope=(limit,))
    assert [r.name for r in judge(wish(quantity="0.02"), seen).results if not r.passed] == [
        "max_daily_volume@VENUE:kraken",
        "max_orders_per_second@VENUE:kraken",
    ]


def test_the_usage_of_scopes_stands_under_the_desks_the_fullest_first() -> None:
    seen, sums = two_venues(
        scoped("SYMBOL:BTC/USD", max_daily_volume=D(10_000)),
        scoped("VENUE:kraken", max_open_orders=D(2), max_position_size={"BTC": D(600_000)}),
    )
    opened(sums, "a", wish())
    rows = usage_of(seen, sums.lenses)
    told = [(row.setting, row.used, row.reserved, row.limit) for row in rows if row.scope]
    assert told == [
        ("max_daily_volume@SYMBOL:BTC/USD", D(0), D(6_000), D(10_000)),
        ("max_open_orders@VENUE:kraken", D(1), D(0), D(2)),
        ("max_position_size.BTC@VENUE:kraken", D(60_000), D(6_000), D(600_000)),
    ]
    assert rows[0].setting == "max_order_value"


# Their texts


SCOPED_LIMITS = replace(
    LIMITS,
    by_scope=(
        scoped("SYMBOL:BTC.B/USD", max_open_orders=D(3)),
        scoped("VENUE:kraken", max_order_value=D(5), max_position_size={"default": D(7)}),
    ),
)


def test_limits_by_scope_survive_their_text() -> None:
    values = SCOPED_LIMITS.values()
    assert values["max_order_value@VENUE:kraken"] == "5"
    assert values["max_position_size.default@VENUE:kraken"] == "7"
    assert Limits.from_values(values) == SCOPED_LIMITS


def test_a_limit_by_scope_that_goes_is_looser_and_a_new_one_is_stricter() -> None:
    with_it, without = SCOPED_LIMITS.values(), LIMITS.values()
    assert looser(without, with_it) == ()
    assert set(looser(with_it, without)) == with_it.keys() - without.keys()
    assert strictest(with_it, without) == with_it
    named = {**with_it, "max_position_size.BTC@VENUE:kraken": "8"}
    assert looser(with_it, named) == ("max_position_size.BTC@VENUE:kraken",)
    assert strictest(with_it, named)["max_position_size.BTC@VENUE:kraken"] == "7"


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("max_daily_loss@VENUE:kraken", "the day's loss is that of the whole desk"),
        ("max_drawdown_pct@VENUE:kraken", "whole desk"),
        ("identical_window_s@VENUE:kraken", "same for all"),
        ("max_order_value@GLOBAL", "without a scope"),
        ("max_order_value@NOWHERE", "is no scope"),
        ("max_order_value@venue:kraken", "is written VENUE:kraken"),
        ("max_order_value@SYMBOL:BTC", "names no pair"),
        ("max_order_value.BTC@VENUE:kraken", "cannot be limited"),
        ("max_position_size@VENUE:kraken", "cannot be limited"),
    ],
)
def test_what_cannot_be_limited_in_a_scope_is_refused_in_words(name: str, why: str) -> None:
    with pytest.raises(NotANumber, match=why):
        Limits.from_values({**LIMITS.values(), name: "5"})
    with pytest.raises(NotAScope):
        scoped_from({name: Decimal(5)})


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("max_open_orders", "1.5", "whole number"),
        ("price_collar_pct@VENUE:kraken", "100", "under 100"),
        ("max_order_value", "0", "over zero"),
        ("max_order_value", "-1", "over zero"),
        ("max_order_size", "1", "is no limit"),
        ("version", "1", "is no limit"),
        ("max_position_size", "1", "is no limit"),
        ("max_order_value", "ten", "ten"),
        ("identical_window_s", "86401", "a day"),
    ],
)
def test_a_limit_that_a_person_types_is_within_the_bounds(name: str, text: str, why: str) -> None:
    with pytest.raises(NotANumber, match=why):
        checked({**LIMITS.values(), name: text})
    assert checked(SCOPED_LIMITS.values()) == SCOPED_LIMITS


def test_a_scope_that_limits_nothing_has_no_rows() -> None:
    seen, sums = two_venues(ScopedLimits(scope=scoped("VENUE:kraken").scope))
    assert not [r for r in judge(wish(), seen).results if r.scope]
    assert not [row for row in usage_of(seen, sums.lenses) if row.scope]


def test_the_window_of_identical_orders_is_the_settings() -> None:
    seen, _ = two_venues()
    seen.limits = replace(seen.limits, identical_window_s=D(60), max_identical_orders=D(1))
    sums = Scopes(seen)
    sums.submitted((MAIN, "BTC/USD", Side.BUY, D("0.1"), D(60_000)), "manual", NOW_US - 30_000_000)
    assert refusal(seen, wish())[0] == "max_identical_orders"
    assert balances().assets == {}
