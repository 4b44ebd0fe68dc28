"""The gate's conditions: mode, halt, health, what the venue allows, what may be there unseen."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest

from domain.board import Break, Feed, Health, Mode, Phase, VenueView
from domain.halts import Level
from domain.instruments import Account
from domain.orders import Draft, OrderState, Side
from risk.exposure import claim_of
from risk.gate import RULE_NAMES, judge, largest
from tests.risk.desks import (
    MAIN,
    NOW_US,
    aged_accounts,
    balances,
    board,
    denied_by,
    draft,
    state,
    unknown,
    view,
)

D = Decimal
MARKET = draft(price_=None)


@pytest.mark.parametrize(
    ("mode", "phase", "armed", "word"),
    [
        (Mode.OBSERVE, Phase.READY, True, "OBSERVE"),
        (Mode.DEMO, Phase.RECONCILE, False, "GATEWAY_NOT_READY"),
        (Mode.DEMO, Phase.DRAINING, False, "GATEWAY_NOT_READY"),
        (Mode.LIVE, Phase.READY, False, "NOT_ARMED"),
    ],
)
def test_the_mode_denies(mode: Mode, phase: Phase, armed: bool, word: str) -> None:
    seen = view(board().but(mode=mode, phase=phase, armed=armed))
    assert word in denied_by("mode", draft(), seen)


def test_an_armed_live_desk_trades() -> None:
    assert judge(draft(), view(board().but(mode=Mode.LIVE, phase=Phase.ARMED, armed=True))).approved


@pytest.mark.parametrize("level", [Level.HALT, Level.HALT_CANCEL, Level.FLATTEN])
def test_a_halt_denies_everything(level: Level) -> None:
    for wanted in (draft(), draft(Side.SELL, "0.1")):
        seen = view()
        seen.level = level
        denied_by("halt", wanted, seen)


def test_reduce_only_lets_sales_of_holdings_pass_and_nothing_else() -> None:
    seen = view()
    seen.level = Level.REDUCE_ONLY
    assert judge(draft(Side.SELL, "0.1"), seen).approved
    denied_by("halt", draft(), seen)
    denied_by("halt", draft(Side.SELL, "0.1", "0.05", symbol="ETH/BTC"), seen)
    seen.exposure.claim("other", claim_of(state(draft(Side.SELL, "0.45"))))
    denied_by("halt", draft(Side.SELL, "0.1"), seen)


def test_a_reducing_order_skips_the_limits_that_only_growth_can_break() -> None:
    seen = view(max_daily_volume=D(1), max_position_size={"default": D(1)})
    seen.drawdown_pct = D(50)
    assert judge(draft(Side.SELL, "0.1"), seen).approved
    denied_by("max_position_size", draft(), seen)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("STALE", lambda b: b.but(accounts=aged_accounts(b, age_us=90_000_001))),
        ("NOT_RECONCILED", lambda b: b.but(accounts=aged_accounts(b, reconciled=0))),
        (
            "STALE",
            lambda b: b.but(
                feeds=b.feeds.put(
                    MAIN, Feed(venue="kraken", kind="account", health=Health.DOWN, account=MAIN)
                )
            ),
        ),
        (
            "BREAK",
            lambda b: b.but(
                breaks=(
                    Break(
                        break_id="x",
                        kind="BALANCE_UNEXPLAINED",
                        account=MAIN,
                        detail="",
                        at_us=0,
                        value=D(-101),
                    ),
                )
            ),
        ),
        ("CLOCK", lambda b: b.but(venues=b.venues.put("kraken", _skewed(2_500_001)))),
        ("INSTRUMENTS", lambda b: b.but(venues=b.venues.put("kraken", _listed(25)))),
    ],
)
def test_what_is_not_healthy_denies(name: str, change: Callable[..., object]) -> None:
    seen = view(change(board()))  # type: ignore[arg-type]
    seen.settings = replace(seen.settings, skew_limits_us={"kraken": 2_500_000})
    assert denied_by("venue_health", draft(), seen).startswith(name)


def _skewed(skew_us: int) -> VenueView:
    return VenueView(venue="kraken", skew_us=skew_us)


def _listed(age_h: int | None) -> VenueView:
    told_us = None if age_h is None else NOW_US - age_h * 3_600_000_000
    return VenueView(venue="kraken", markets_us=told_us)


@pytest.mark.parametrize("age_h", [None, 0, 24])
def test_what_the_venue_listed_within_a_day_is_judged_by(age_h: int | None) -> None:
    known = board()
    seen = view(known.but(venues=known.venues.put("kraken", _listed(age_h))))
    assert judge(draft(), seen).approved


@pytest.mark.parametrize(
    ("wanted", "reason"),
    [
        (draft(symbol="DOGE/USD"), "does not list DOGE/USD"),
        (draft(quantity="0.100001"), "not in lots of 0.00001"),
        (draft(price_="60000.05"), "not in ticks of 0.1"),
        (draft(quantity="0.00009"), "under the minimum 0.0001"),
        (draft(quantity="0"), "not over zero"),
        (draft(quantity="-1"), "not over zero"),
        (draft(price_="-1"), "not over zero"),
        (replace(MARKET, price=D(1)), "a market order has no price"),
        (replace(draft(), price=None), "a limit order needs a price"),
    ],
)
def test_what_the_venue_does_not_allow_is_denied_before_it_leaves(
    wanted: Draft, reason: str
) -> None:
    verdict = judge(wanted, view())
    assert not verdict.approved
    assert reason in " ".join(found.reason for found in verdict.results)


def test_an_unknown_limit_of_the_venue_is_not_zero() -> None:
    known = board()
    bare = replace(known.instruments["kraken BTC/USD"], min_quantity=None, lot=None, tick=None)
    seen = view(known.but(instruments=known.instruments.put("kraken BTC/USD", bare)))
    assert judge(draft(quantity="0.0000001", price_="60000.001"), seen).approved


# What may be at its venue unseen


def test_an_order_that_may_have_arrived_denies_another_of_its_account_symbol_and_side() -> None:
    seen = view()
    seen.exposure.claim("QD01", claim_of(unknown(draft(quantity="0.01"))))
    reason = denied_by("unknown_order", draft(quantity="0.02", price_="59000"), seen)
    assert reason == (
        "UNKNOWN: QD01 to buy BTC/USD at kraken/main may have arrived; it is being looked up: "
        "wait, or settle it with `quarterdeck order lost`"
    )
    denied_by("unknown_order", replace(MARKET, quantity=D("0.01")), seen)
    assert largest(draft(), seen) is None


def test_several_orders_that_may_have_arrived_are_counted() -> None:
    seen = view()
    for number in range(3):
        name = f"QD0{number}"
        seen.exposure.claim(name, claim_of(unknown(draft(quantity="0.01"), name)))
    assert "UNKNOWN: QD00 and 2 more to buy" in denied_by("unknown_order", draft(), seen)


@pytest.mark.parametrize(
    "elsewhere",
    [
        draft(Side.SELL, "0.01"),
        draft(quantity="0.01", price_="3000", symbol="ETH/USD"),
        draft(quantity="0.01", account=Account("kraken", "other")),
    ],
    ids=["side", "symbol", "account"],
)
def test_an_order_that_may_have_arrived_elsewhere_denies_nothing(elsewhere: Draft) -> None:
    seen = view()
    seen.exposure.claim("QD01", claim_of(unknown(elsewhere)))
    assert judge(draft(quantity="0.01"), seen).approved


def test_what_is_verified_to_reduce_passes_beside_an_unknown_sale_but_never_the_rest() -> None:
    seen = view()
    seen.exposure.claim("QD01", claim_of(unknown(draft(Side.SELL, "0.4"))))
    assert judge(draft(Side.SELL, "0.1"), seen).approved
    denied_by("unknown_order", draft(Side.SELL, "0.10001"), seen)
    crossing = view(board(balances(USD="1", ETH="9", BTC="1")))
    crossing.exposure.claim(
        "QD01", claim_of(unknown(draft(Side.SELL, "1", "0.05", symbol="ETH/BTC")))
    )
    denied_by("unknown_order", draft(Side.SELL, "1", "0.05", symbol="ETH/BTC"), crossing)


@pytest.mark.parametrize(
    "settled",
    [
        lambda state: replace(state, acked=True),
        lambda state: replace(state, absent=True),
        lambda state: replace(state, rejected=True),
        lambda state: replace(state, venue_cumulative=D("0.001")),
    ],
    ids=["found", "proven absent", "refused", "seen to trade"],
)
def test_once_it_is_settled_the_next_one_passes(
    settled: Callable[[OrderState], OrderState],
) -> None:
    seen, lost = view(), unknown(draft(quantity="0.01"))
    seen.exposure.claim("QD01", claim_of(lost))
    denied_by("unknown_order", draft(quantity="0.01"), seen)
    seen.exposure.claim("QD01", claim_of(settled(lost)))
    assert judge(draft(quantity="0.01"), seen).approved


def test_a_cancel_that_was_asked_for_settles_nothing() -> None:
    seen = view()
    wished = replace(unknown(draft(quantity="0.01")), cancel_requested=True)
    seen.exposure.claim("QD01", claim_of(wished))
    denied_by("unknown_order", draft(quantity="0.01"), seen)


def test_an_amendment_waits_for_what_may_have_arrived_as_well() -> None:
    seen = view()
    seen.exposure.claim("QD01", claim_of(unknown(draft(quantity="0.01"))))
    verdict = judge(draft(quantity="0.02"), seen, filled=D(0))
    assert (verdict.approved, verdict.rule) == (False, "unknown_order")


def test_the_rule_stands_between_what_the_venue_allows_and_the_duplicates() -> None:
    place = RULE_NAMES.index("unknown_order")
    around = (RULE_NAMES[place - 1], RULE_NAMES[place + 1])
    assert around == ("instrument", "max_identical_orders")
