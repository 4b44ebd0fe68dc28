"""What of a wish applies at once: never anything looser, whatever is wished."""

from collections.abc import Callable, Mapping
from decimal import Decimal

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from domain.money import canonical, number
from risk import changes
from risk.changes import Weighed, changed, differences, full_name, still_asked, weigh
from risk.limits import Limits, looser, strictest
from tests.risk.desks import LIMITS
from tests.risk.planted import found

ASSETS = ("default", "BTC", "ETH")
PLAIN = (
    "max_order_value",
    "max_daily_loss",
    "max_order_value@VENUE:kraken",
    "max_open_orders@STRATEGY:grid",
    "identical_window_s",
)
SIZES = tuple(f"max_position_size.{a}{at}" for a in ASSETS for at in ("", "@VENUE:kraken"))
REQUIRED = ("max_order_value", "max_position_size.default", "identical_window_s")
some = st.integers(1, 9).map(str)


@st.composite
def limits(draw: st.DrawFn) -> Mapping[str, str]:
    told = draw(st.dictionaries(st.sampled_from((*PLAIN, *SIZES)), some))
    return {**LIMITS.values(), **{name: told.get(name, "5") for name in REQUIRED}, **told}


Weigh = Callable[..., Weighed]


def allowed(values: Mapping[str, str], name: str) -> Decimal:
    """How much a set of limits allows of one thing; infinite where there is no limit."""
    setting, at, scope = name.partition("@")
    for_all = f"max_position_size.default{at}{scope}" if "." in setting else name
    text = values.get(name, values.get(for_all))
    if text is None:
        return Decimal("Infinity")
    return -number(text) if setting == "identical_window_s" else number(text)


NAMES = (*PLAIN, *SIZES)


def nothing_is_looser(weighing: Weigh) -> None:
    @settings(max_examples=150, database=None, phases=[Phase.generate], deadline=None)
    @given(limits(), limits(), limits())
    def holds(
        before: Mapping[str, str], wanted: Mapping[str, str], waiting: Mapping[str, str]
    ) -> None:
        told = weighing(before, wanted, waiting, still_asked(before, waiting))
        for name in NAMES:
            least = min(allowed(before, name), allowed(wanted, name))
            assert allowed(told.at_once, name) <= allowed(before, name), name
            assert allowed(told.at_once, name) >= least or name not in wanted
        assert not looser(before, told.at_once)
        assert Limits.from_values(told.at_once).values() == told.at_once

    holds()


def what_is_asked_for_is_not_forgotten(weighing: Weigh) -> None:
    @settings(max_examples=150, database=None, phases=[Phase.generate], deadline=None)
    @given(limits(), limits())
    def holds(before: Mapping[str, str], wanted: Mapping[str, str]) -> None:
        told = weighing(before, wanted, {}, ())
        if looser(before, wanted):
            assert told.waiting
            for name in looser(before, wanted):
                assert allowed(told.asked, name) == allowed(wanted, name)
        else:
            assert told.at_once == wanted
            assert not told.asked

    holds()


PROPERTIES = (nothing_is_looser, what_is_asked_for_is_not_forgotten)


@pytest.mark.parametrize("holds", PROPERTIES)
def test_a_wish_makes_nothing_looser_at_once_and_nothing_is_forgotten(
    holds: Callable[[Weigh], None],
) -> None:
    holds(weigh)


def _looser_taken_for_stricter(
    before: Mapping[str, str], wanted: Mapping[str, str], *_: object
) -> Weighed:
    return Weighed(at_once=wanted, asked={}, waiting=looser(before, wanted))


def _a_missing_limit_taken_for_stricter(
    before: Mapping[str, str], wanted: Mapping[str, str], *_: object
) -> Weighed:
    kept = {n: strictest(before, wanted)[n] for n in wanted}
    return Weighed(at_once=kept, asked={}, waiting=())


def _scopes_forgotten(before: Mapping[str, str], wanted: Mapping[str, str], *_: object) -> Weighed:
    told = strictest(before, wanted)
    told |= {name: text for name, text in wanted.items() if "@" in name}
    return Weighed(at_once=told, asked=dict(wanted), waiting=looser(told, wanted))


def _pending_applied(
    before: Mapping[str, str], wanted: Mapping[str, str], pending: Mapping[str, str], _: object
) -> Weighed:
    told = weigh(before, wanted, {}, ())
    return Weighed(at_once={**told.at_once, **pending}, asked=told.asked, waiting=told.waiting)


def _wishes_dropped(before: Mapping[str, str], wanted: Mapping[str, str], *_: object) -> Weighed:
    return Weighed(at_once=strictest(before, wanted), asked={}, waiting=())


PLANTED = (
    _looser_taken_for_stricter,
    _a_missing_limit_taken_for_stricter,
    _scopes_forgotten,
    _pending_applied,
    _wishes_dropped,
)


@pytest.mark.parametrize("bug", PLANTED, ids=lambda bug: bug.__name__.strip("_"))
def test_the_properties_find_a_planted_bug(bug: Weigh) -> None:
    assert found(PROPERTIES, bug)


def test_a_longer_window_of_identical_orders_taken_for_looser_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("risk.limits._LONGER_IS_STRICTER", frozenset())
    assert found(PROPERTIES, weigh)


def test_a_change_may_leave_out_the_asset_and_off_takes_a_limit_away() -> None:
    before = {"max_order_value": "5", "max_daily_loss": "7", "max_position_size.default": "9"}
    after = changed(
        before,
        {"max_daily_loss": "off", "max_position_size": "8.50", "max_order_value@VENUE:x": "3"},
    )
    assert after == {
        "max_order_value": "5",
        "max_position_size.default": "8.5",
        "max_order_value@VENUE:x": "3",
    }
    assert full_name("max_position_size@VENUE:x") == "max_position_size.default@VENUE:x"
    assert canonical(Decimal("8.50")) == "8.5"


def test_differences_name_every_setting_with_both_values() -> None:
    told = differences({"a": "1", "b": "2"}, {"a": "1", "b": "3", "c": "4"})
    assert told == (
        "b is 2 in the ledger and 3 in the file",
        "c is off in the ledger and 4 in the file",
    )
    assert changes.OFF == "off"
