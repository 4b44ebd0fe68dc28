"""What is counted lately: by account and strategy, forgotten by time and by a release alone."""

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.instruments import Account
from domain.scopes import Scope
from risk.pace import MINUTE_US
from risk.scene import Conduct
from risk.tally import FIVE_MINUTES_US, Tally

KRAKEN, SECOND, MEXC = Account("kraken", "main"), Account("kraken", "b"), Account("mexc", "main")
NOW = 1_790_000_000_000_000


@given(
    st.lists(st.tuples(st.integers(0, 700), st.sampled_from([KRAKEN, MEXC])), max_size=40),
    st.integers(0, 900),
)
@settings(max_examples=150)
def test_failures_are_exactly_those_of_the_window_whatever_order_they_came_in(
    failed: list[tuple[int, Account]], now_s: int
) -> None:
    tally = Tally()
    for number, (at_s, account) in enumerate(failed):
        tally.failed(f"o{number}", account, NOW + at_s * 1_000_000)
    now = NOW + now_s * 1_000_000
    expected: dict[Account, int] = {}
    for at_s, account in failed:
        if NOW + at_s * 1_000_000 > now - FIVE_MINUTES_US:
            expected[account] = expected.get(account, 0) + 1
    assert tally.failures(now) == expected


def test_an_order_fails_once_and_its_first_word_is_when() -> None:
    tally = Tally()
    tally.failed("a", KRAKEN, NOW)
    tally.failed("a", KRAKEN, NOW + FIVE_MINUTES_US - 1)
    assert tally.failures(NOW + FIVE_MINUTES_US - 1) == {KRAKEN: 1}
    assert tally.failures(NOW + FIVE_MINUTES_US) == {}


def test_conduct_is_counted_by_strategy_in_windows_of_their_own() -> None:
    tally = Tally()
    tally.denied("grid", "max_order_value", NOW)
    tally.denied("grid", "max_identical_orders", NOW)
    tally.denied("grid", "halt", NOW)
    tally.executed("grid", NOW)
    tally.executed("calm", NOW)
    assert tally.conduct(NOW) == {"grid": Conduct(2, 1, 1), "calm": Conduct(0, 0, 1)}
    later = tally.conduct(NOW + MINUTE_US)
    assert later["grid"] == Conduct(2, 1, 0)
    assert tally.conduct(NOW + FIVE_MINUTES_US)["grid"] == Conduct()


def test_a_release_forgives_what_is_inside_its_scope_and_nothing_else() -> None:
    for scope, left, strategies in (
        ("GLOBAL", set(), set()),
        ("VENUE:kraken", {MEXC}, {"grid", "calm"}),
        ("ACCOUNT:kraken/main", {SECOND, MEXC}, {"grid", "calm"}),
        ("STRATEGY:grid", {KRAKEN, SECOND, MEXC}, {"calm"}),
        ("SYMBOL:BTC/USD", {KRAKEN, SECOND, MEXC}, {"grid", "calm"}),
    ):
        tally = Tally()
        for number, account in enumerate((KRAKEN, SECOND, MEXC)):
            tally.failed(f"o{number}", account, NOW)
        for strategy in ("grid", "calm"):
            tally.denied(strategy, "max_identical_orders", NOW)
            tally.executed(strategy, NOW)
        tally.forgiven(Scope.parse(scope))
        assert set(tally.failures(NOW)) == left, scope
        assert set(tally.conduct(NOW)) == strategies, scope
