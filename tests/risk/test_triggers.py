"""Every row of semantics 3.4 at its edges; and whatever fails inside a trigger trips it."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.board import Board, Break, Feed, LedgerView, Mode, VenueView
from domain.halts import Level
from domain.instruments import Account
from domain.orders import Kind, Order, OrderState, Side
from domain.table import Table
from domain.triggers import Gauge
from risk import triggers
from risk.limits import Limits
from risk.scene import Conduct, Fall, Reading, Scene, TriggerSettings
from risk.triggers import NAMES, SECOND_US, TRIGGERS, read

D = Decimal
NOW_US = 1_790_000_000_000_000
KRAKEN, SECOND, MEXC = Account("kraken", "main"), Account("kraken", "b"), Account("mexc", "main")
LIMITS = Limits(max_order_value=D(1), max_daily_volume=D(1), max_position_size={"default": D(1)})
BOARD = Board(mode=Mode.PAPER, now_us=NOW_US, started_us=NOW_US - 3_600 * SECOND_US)


def scene(**changes: Any) -> Scene:
    return Scene(**{"board": BOARD, "limits": LIMITS, "now_us": NOW_US, **changes})


def wants(reading: Reading) -> list[tuple[Level, str]]:
    return [(want.level, str(want.scope)) for want in reading.wanted]


EVERYTHING = [(Level.HALT_CANCEL, "GLOBAL")]

# Drawdown


def fell(*samples: tuple[int, str]) -> Fall:
    """A run of valid samples: (second, drawdown in percent), the limit being 15 %."""
    fall = Fall()
    for second, pct in samples:
        fall = fall.after(D(pct), D(15), NOW_US + second * SECOND_US)
    return fall


@pytest.mark.parametrize(
    ("samples", "trips"),
    [
        ([(0, "15"), (5, "15"), (10, "15")], True),  # equality has reached the limit
        ([(0, "14.99"), (5, "14.99"), (10, "14.99")], False),
        ([(0, "16"), (10, "16")], False),  # two samples are not three
        ([(0, "16"), (1, "16"), (2, "16"), (9, "16")], False),  # over 9 s
        ([(0, "16"), (1, "16"), (10, "16")], True),
        ([(0, "16"), (5, "3"), (10, "16"), (15, "16")], False),  # not consecutive
        ([(0, "16"), (5, "3"), (10, "16"), (15, "16"), (20, "16")], True),
        ([(0, "30")], False),  # twice the limit is not over it
        ([(0, "30.01")], True),
        ([(0, "30.01"), (1, "2")], False),  # it is over
    ],
)
def test_a_drawdown_trips_after_a_run_of_samples_or_one_twice_as_deep(
    samples: list[tuple[int, str]], trips: bool
) -> None:
    reading = triggers.drawdown(scene(fall=fell(*samples)))
    assert wants(reading) == (EVERYTHING if trips else [])
    assert reading.limit == "15 %"


def test_a_drawdown_that_was_never_judged_trips_nothing_and_says_so() -> None:
    assert triggers.drawdown(scene()) == Reading("not judged yet", "15 %")


@given(
    st.lists(st.tuples(st.integers(1, 8), st.decimals(0, 60, places=1)), min_size=1, max_size=12)
)
@settings(max_examples=200)
def test_a_drawdown_trips_exactly_when_the_rule_of_the_table_says_so(
    steps: list[tuple[int, Decimal]],
) -> None:
    """Against the table read literally: the longest tail of breaches, its length and its span."""
    fall, at, seen = Fall(), 0, []
    for step, pct in steps:
        at += step
        fall = fall.after(pct, D(15), at * SECOND_US)
        seen.append((at, pct))
        tail = []
        for when, value in reversed(seen):
            if value < 15:
                break
            tail.append(when)
        expected = pct > 30 or (len(tail) >= 3 and tail[0] - tail[-1] >= 10)
        assert bool(triggers.drawdown(scene(fall=fall)).wanted) is expected


@pytest.mark.parametrize(("blind_s", "trips"), [(0, False), (60, False), (61, True)])
def test_equity_that_is_not_known_for_more_than_a_minute_leaves_reducing_orders_only(
    blind_s: int, trips: bool
) -> None:
    told = scene(blind_us=blind_s * SECOND_US, blind_why="no fresh price of BTC")
    reading = triggers.equity_unknown(told)
    assert wants(reading) == ([(Level.REDUCE_ONLY, "GLOBAL")] if trips else [])
    assert not trips or "no fresh price of BTC" in reading.wanted[0].reason


# Orders


@pytest.mark.parametrize(
    ("failures", "expected"),
    [
        ({}, []),
        ({KRAKEN: 9, MEXC: 9}, []),
        ({KRAKEN: 10}, [(Level.HALT_CANCEL, "ACCOUNT:kraken/main")]),
        ({KRAKEN: 40, MEXC: 9}, [(Level.HALT_CANCEL, "ACCOUNT:kraken/main")]),
        ({KRAKEN: 10, MEXC: 10}, EVERYTHING),
    ],
)
def test_ten_failed_orders_halt_their_account_and_two_such_accounts_everything(
    failures: dict[Account, int], expected: list[tuple[Level, str]]
) -> None:
    assert wants(triggers.failed_orders(scene(failures=failures))) == expected


def test_failed_orders_are_told_of_each_account_against_the_setting_that_runs() -> None:
    told = scene(failures={MEXC: 2, KRAKEN: 4}, settings=TriggerSettings(failed_orders=5))
    gauges = triggers.failed_orders(told).gauges
    assert gauges == (Gauge("kraken/main", D(4), D(5)), Gauge("mexc/main", D(2), D(5)))
    assert triggers.failed_orders(scene()).gauges == ()


@pytest.mark.parametrize(
    ("conduct", "trips"),
    [
        (Conduct(denials=50, repeats=3, executions=59), False),
        (Conduct(denials=51), True),
        (Conduct(repeats=4), True),
        (Conduct(executions=60), True),  # as the gate: what has reached the limit
    ],
)
def test_a_runaway_strategy_is_halted_and_only_it(conduct: Conduct, trips: bool) -> None:
    reading = triggers.runaway(scene(conduct={"grid": conduct, "calm": Conduct()}))
    assert wants(reading) == ([(Level.HALT, "STRATEGY:grid")] if trips else [])


def test_orders_of_no_named_strategy_run_away_over_everything() -> None:
    reading = triggers.runaway(scene(conduct={"": Conduct(denials=51)}))
    assert wants(reading) == [(Level.HALT, "GLOBAL")]


def order(account: Account, age_s: int, name: str = "A", **facts: Any) -> OrderState:
    made = Order(
        client_id=name,
        account=account,
        symbol="BTC/USD",
        side=Side.BUY,
        kind=Kind.LIMIT,
        quantity=D(1),
        price=D(1),
        at_us=NOW_US - age_s * SECOND_US,
    )
    state = OrderState(order=made, quantity=D(1), price=D(1))
    # What is in doubt again and again is no younger for it.
    return replace(state, **{"sent": True, "outcome_unknown": True, "doubt_us": NOW_US, **facts})


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (order(KRAKEN, 300), []),
        (order(KRAKEN, 301), [(Level.REDUCE_ONLY, "ACCOUNT:kraken/main")]),
        (order(KRAKEN, 301, acked=True), []),
        (order(KRAKEN, 301, absent=True), []),
    ],
)
def test_an_order_unknown_for_more_than_five_minutes_leaves_its_account_reducing(
    state: OrderState, expected: list[tuple[Level, str]]
) -> None:
    board = BOARD.but(orders=Table({"A": state}))
    assert wants(triggers.unknown_too_long(scene(board=board))) == expected


def test_two_old_unknown_orders_of_an_account_are_one_wish_and_accounts_are_told_apart() -> None:
    known = {
        "A": order(KRAKEN, 400, "A"),
        "B": order(KRAKEN, 500, "B"),
        "C": order(MEXC, 600, "C"),
    }
    reading = triggers.unknown_too_long(scene(board=BOARD.but(orders=Table(known))))
    assert [scope for _, scope in wants(reading)] == ["ACCOUNT:kraken/main", "ACCOUNT:mexc/main"]
    assert reading.value == "600 s"


# Books, ledger, clock, feeds


@pytest.mark.parametrize(
    ("value", "trips"),
    [(D(100), False), (D(-100), False), (D("100.01"), True), (D("-100.01"), True), (None, True)],
)
def test_a_large_break_or_one_of_unknown_size_leaves_its_account_reducing(
    value: Decimal | None, trips: bool
) -> None:
    broken = Break(
        break_id="b1", kind="BALANCE_UNEXPLAINED", account=MEXC, detail="", at_us=1, value=value
    )
    reading = triggers.reconciliation_break(scene(board=BOARD.but(breaks=(broken,))))
    assert wants(reading) == ([(Level.REDUCE_ONLY, "ACCOUNT:mexc/main")] if trips else [])


@pytest.mark.parametrize(
    ("verified", "trips"), [("", 0), ("OK", 0), ("INCOMPLETE", 0), ("FAIL", 1)]
)
def test_a_ledger_that_does_not_verify_stops_everything(verified: str, trips: int) -> None:
    board = BOARD.but(ledger=LedgerView(verified=verified))
    assert wants(triggers.ledger_broken(scene(board=board))) == EVERYTHING * trips


@pytest.mark.parametrize(
    ("skew_us", "trips"),
    [(None, 0), (2_500_000, 0), (-2_500_000, 0), (2_500_001, 1), (-2_500_001, 1)],
)
def test_a_clock_off_by_more_than_half_the_window_halts_the_venue_either_way(
    skew_us: int | None, trips: int
) -> None:
    board = BOARD.but(
        venues=Table(
            {
                "kraken": VenueView(venue="kraken", skew_us=skew_us),
                "mexc": VenueView(venue="mexc", skew_us=10),
                "demo": VenueView(venue="demo", skew_us=10**9),  # told no limit
            }
        )
    )
    told = scene(board=board, skew_limits_us={"kraken": 2_500_000, "mexc": 2_500_000})
    assert wants(triggers.clock_skew(told)) == [(Level.HALT, "VENUE:kraken")] * trips


def feed(account: Account | None, venue: str = "kraken", **ages_s: int) -> Feed:
    times: Any = {f"{kind}_us": NOW_US - age * SECOND_US for kind, age in ages_s.items()}
    kind = "prices" if account is None else "account"
    return Feed(venue=venue, kind=kind, account=account or "", **times)


def with_feeds(*feeds: Feed, **changes: Any) -> Scene:
    table = Table({f.account or f"{f.venue} prices": f for f in feeds})
    return scene(board=BOARD.but(feeds=table, **changes))


VENUE = [(Level.REDUCE_ONLY, "VENUE:kraken")]


@pytest.mark.parametrize(
    ("feeds", "expected"),
    [
        ([feed(KRAKEN, message=61, heartbeat=90, poll=200)], VENUE),
        ([feed(KRAKEN, message=60, heartbeat=90, poll=200)], []),  # any one of them is life
        ([feed(KRAKEN, message=900, heartbeat=900, poll=59)], []),
        ([feed(KRAKEN, message=900, heartbeat=5, poll=900)], []),
        ([feed(KRAKEN)], VENUE),  # never a word since the start, an hour ago
        ([feed(None)], []),  # prices that nobody watches
        ([feed(None, message=61), feed(KRAKEN, message=1)], VENUE),
        (
            [feed(KRAKEN, message=61), feed(SECOND, message=1)],
            [(Level.REDUCE_ONLY, "ACCOUNT:kraken/main")],
        ),
        ([feed(KRAKEN, message=61), feed(SECOND, message=61)], VENUE),
        ([feed(KRAKEN, message=61), feed(MEXC, "mexc", message=1)], VENUE),
    ],
)
def test_a_venue_whose_streams_and_polls_are_both_dead_leaves_reducing_orders_only(
    feeds: list[Feed], expected: list[tuple[Level, str]]
) -> None:
    assert wants(triggers.feeds_dead(with_feeds(*feeds))) == expected


def test_a_feed_that_never_spoke_is_counted_from_the_start_of_the_engine() -> None:
    young = with_feeds(feed(KRAKEN), started_us=NOW_US - 60 * SECOND_US)
    assert not triggers.feeds_dead(young).wanted


def test_each_security_incident_stops_everything_and_is_told_apart() -> None:
    reading = triggers.security_incident(scene(incidents=("codes", "a wider key")))
    assert wants(reading) == EVERYTHING * 2
    assert len({want.about for want in reading.wanted}) == 2


# What fails trips


def test_the_registry_is_the_table_and_every_trigger_explains_itself() -> None:
    assert len(set(NAMES)) == len(TRIGGERS) == 11
    for rule in TRIGGERS:
        reading = read(rule, scene())
        assert reading.value
        assert reading.limit
        assert not reading.wanted, f"{rule.__name__} trips on a calm desk"
        assert rule.__doc__


class Trap(Exception):
    """What a trigger did not expect."""


class _Broken:
    """Fails at whatever is read from it."""

    def __getattr__(self, name: str) -> Any:
        raise Trap(name)


@pytest.mark.parametrize("rule", [r for r in TRIGGERS if r.__name__ != "order_without_intent"])
def test_an_exception_inside_any_trigger_stops_everything_in_its_name(
    rule: Callable[[Scene], Reading],
) -> None:
    broken: Any = _Broken()
    told = Scene(
        board=broken,
        limits=broken,
        now_us=NOW_US,
        settings=broken,
        fall=broken,
        failures=broken,
        conduct=broken,
        incidents=broken,
        skew_limits_us=broken,
        break_value=broken,
    )
    reading = read(rule, told)
    assert wants(reading) == EVERYTHING
    assert f"TRIGGER_ERROR in {rule.__name__}: " in reading.wanted[0].reason


def test_a_sample_that_could_not_be_computed_stops_everything() -> None:
    reading = read(triggers.drawdown, scene(equity_error="InvalidOperation: NaN"))
    assert wants(reading) == EVERYTHING
    assert "InvalidOperation" in reading.wanted[0].reason


def test_limits_of_the_triggers_are_those_of_the_table() -> None:
    told = TriggerSettings()
    assert (told.drawdown_samples, told.drawdown_span_s, told.equity_blind_s) == (3, 10, 60)
    assert (told.failed_orders, told.failed_orders_window_s) == (10, 300)
    assert (told.unknown_order_s, told.feeds_dead_s) == (300, 60)
