"""Two withdrawal policies at once: the stricter counts, and what is not surely tighter is looser.

The properties rule every case by both policies: whatever the comparison calls tighter has to be.
"""

from collections.abc import Callable
from dataclasses import fields, replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from domain.policies import Policy, Rule
from domain.rulings import Action, Ruling
from risk import loosening
from risk.loosening import OFF, differences, looser
from risk.standing import Standing, stricter
from risk.withdrawals import Case, judge
from tests.risk.planted import QUICK, found
from tests.risk.test_withdrawals import NOON_US, case, other, terms

D = Decimal
MANY = settings(QUICK, max_examples=400, derandomize=True, phases=[Phase.generate])
TIMES = [f.name for f in fields(Policy) if f.name not in ("rules", "time_zone", "currency")]
EDITS = (*TIMES, "insert", "insert", "edit", "edit", "remove")
ORDER = (Action.AUTO, Action.REQUIRE, Action.BLOCK)
amounts = st.sampled_from([D(50), D(100), D(150), D(400)])
rests = st.sampled_from([None, 10, 60, 600])
rules = st.builds(
    Rule,
    name=st.just("r"),
    action=st.sampled_from([*ORDER, Action.REQUIRE]),
    requesters=st.sampled_from([(), (), ("anna",), ("ben",)]),
    value_over=st.none() | amounts,
    value_to=st.none() | amounts,
    since=st.sampled_from(["", "", "10:00"]),
    approvals=st.integers(1, 3),
    two_person=st.booleans(),
    cool_off_s=rests,
)
policies = st.builds(
    Policy,
    rules=st.lists(rules, max_size=3).map(
        lambda told: tuple(replace(rule, name=f"r{n}") for n, rule in enumerate(told))
    ),
    auto_approve_under=st.sampled_from([D(0), D(120), D(500), D(5_000)]),
    two_person=st.booleans(),
    quarantine_s=st.sampled_from([3_600, 86_400, 700_000]),
    cool_off_s=st.sampled_from([10, 60, 600]),
)
cases = st.builds(
    lambda who, value, hours, others: case(
        terms=terms(requester=who), value=value, now_us=NOON_US + hours * 3_600_000_000,
        others=[other(str(known)) for known in others],
    ),
    st.sampled_from(["anna", "ben", "cleo"]),
    st.sampled_from([None, D(10), D(100), D(101), D(300), D(4_000)]),
    st.sampled_from([0, -4, 9]),
    st.lists(st.sampled_from([10, 300]), max_size=2),
)  # fmt: skip


@st.composite
def changes(draw: st.DrawFn) -> tuple[Policy, Policy]:
    """A policy, and one that was made of it by an edit or two."""
    old = draw(policies)
    new, fresh = old, draw(policies)
    for kind in draw(st.lists(st.sampled_from(EDITS), min_size=1, max_size=2)):
        told = list(new.rules)
        if kind == "insert":
            rule = replace(draw(rules), name=draw(st.sampled_from(["new", "new", "r1"])))
            told.insert(draw(st.integers(0, len(told))), rule)
        elif kind == "edit":
            told = [draw(edited(rule)) for rule in told]
        elif kind == "remove":
            told = told[1:]
        else:
            new = replace(new, **{kind: getattr(fresh, kind)})
        new = replace(new, rules=tuple(told))
    return old, new


def edited(rule: Rule) -> st.SearchStrategy[Rule]:
    """The rule as it is, or with one thing changed."""
    name = st.sampled_from(["action", "approvals", "two_person", "cool_off_s", "value_over"])
    one = st.tuples(name, rules).map(lambda t: replace(rule, **{t[0]: getattr(t[1], t[0])}))
    return st.one_of(st.just(rule), one)


def as_strict(one: Ruling, than: Ruling) -> bool:
    """Whether whoever is ruled by `one` gets no more than under `than`."""
    if one.action is not than.action:
        return ORDER.index(one.action) > ORDER.index(than.action) and (
            one.action is Action.BLOCK or one.cool_off_s >= than.cool_off_s
        )
    return one.action is Action.BLOCK or (
        one.approvals >= than.approvals
        and one.two_person >= than.two_person
        and one.cool_off_s >= than.cool_off_s
    )


Judged = Callable[[Policy, Policy, Case], Ruling]


def _what_is_called_tighter_is(compare: Callable[[Policy, Policy], tuple[str, ...]]) -> None:
    @MANY
    @given(changes(), st.lists(cases, min_size=1, max_size=4))
    def holds(pair: tuple[Policy, Policy], told: list[Case]) -> None:
        old, new = pair
        if compare(old, new):
            return
        assert new.two_person >= old.two_person
        assert new.quarantine_s >= old.quarantine_s
        assert new.expiry_s <= old.expiry_s
        for one in told:
            assert as_strict(judge(new, one), judge(old, one)), (old, new, one)

    holds()


def _the_file_never_loosens(both: Judged) -> None:
    @MANY
    @given(changes(), cases)
    def holds(pair: tuple[Policy, Policy], told: Case) -> None:
        approved, file = pair
        ruling = both(approved, file, told)
        assert as_strict(ruling, judge(approved, told))
        assert as_strict(ruling, judge(file, told))

    holds()


def _both(approved: Policy, file: Policy, told: Case) -> Ruling:
    return Standing(approved=approved, told=file).judge(told)


@pytest.mark.timeout(60)
def test_what_is_called_tighter_rules_every_case_as_strictly() -> None:
    _what_is_called_tighter_is(looser)


@pytest.mark.timeout(60)
def test_a_file_can_only_make_a_ruling_stricter() -> None:
    _the_file_never_loosens(_both)


def _in_force_at_once(_: Policy, file: Policy, told: Case) -> Ruling:
    return judge(file, told)


def _the_ledgers_alone(approved: Policy, _: Policy, told: Case) -> Ruling:
    return judge(approved, told)


def _the_milder(approved: Policy, file: Policy, told: Case) -> Ruling:
    return min(judge(approved, told), judge(file, told), key=lambda r: ORDER.index(r.action))


def _only_the_action(approved: Policy, file: Policy, told: Case) -> Ruling:
    return max(judge(approved, told), judge(file, told), key=lambda r: ORDER.index(r.action))


@pytest.mark.parametrize(
    "bug", [_in_force_at_once, _the_ledgers_alone, _the_milder, _only_the_action]
)
def test_a_planted_judgement_is_found(bug: Judged) -> None:
    assert found([_the_file_never_loosens], bug)


def _any_new_rule(old: Policy, new: Policy) -> tuple[str, ...]:
    known = {rule.name for rule in old.rules}
    return looser(old, replace(new, rules=tuple(r for r in new.rules if r.name in known)))


def _settings_alone(old: Policy, new: Policy) -> tuple[str, ...]:
    return looser(old, replace(new, rules=old.rules))


def _rules_alone(old: Policy, new: Policy) -> tuple[str, ...]:
    return looser(old, replace(old, rules=new.rules))


@pytest.mark.parametrize("bug", [_any_new_rule, _settings_alone, _rules_alone])
def test_a_planted_comparison_is_found(bug: Any) -> None:
    assert found([_what_is_called_tighter_is], bug)


def test_what_falls_to_a_rule_that_rests_less_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loosening, "_falls_softly", lambda policy: True)
    small = Rule(name="small", action=Action.AUTO, cool_off_s=600)
    old = Policy(rules=(small, Rule(name="usual", action=Action.REQUIRE)), auto_approve_under=D(9))
    assert looser(old, replace(old, auto_approve_under=D(8))) == ()
    monkeypatch.undo()
    assert looser(old, replace(old, auto_approve_under=D(8))) == ("auto_approve_under",)
    assert looser(old, replace(old, quarantine_s=90_000)) == ("quarantine",)


USUAL = Rule(name="usual", action=Action.REQUIRE, value_to=D(100))
PLAIN = Policy(rules=(USUAL,), auto_approve_under=D(100))


@pytest.mark.parametrize(
    ("new", "named"),
    [
        (replace(PLAIN, auto_approve_under=D(101)), ("auto_approve_under",)),
        (replace(PLAIN, quarantine_s=1, cool_off_s=1), ("quarantine", "cool_off", "rule usual")),
        (replace(PLAIN, expiry_s=90_000), ("expiry",)),
        (replace(PLAIN, time_zone="Europe/Berlin"), ("time_zone",)),
        (replace(PLAIN, currency="BTC"), ("base_currency",)),
        (replace(PLAIN, rules=()), ("rule usual",)),
        (replace(PLAIN, rules=(replace(USUAL, value_to=D(99)),)), ("rule usual",)),
        (replace(PLAIN, rules=(replace(USUAL, action=Action.AUTO),)), ("rule usual",)),
        (replace(PLAIN, rules=(replace(USUAL, name="other"),)), ("rule other", "rule usual")),
        (replace(PLAIN, rules=(replace(USUAL, approvals=2, two_person=True),)), ()),
        (replace(PLAIN, rules=(replace(USUAL, action=Action.BLOCK),)), ()),
        (replace(PLAIN, rules=(Rule(name="no", action=Action.BLOCK), USUAL)), ()),
        (replace(PLAIN, auto_approve_under=D(99), two_person=True, cool_off_s=61), ()),
        (PLAIN, ()),
    ],
)
def test_what_is_looser_is_named(new: Policy, named: tuple[str, ...]) -> None:
    assert looser(PLAIN, new) == named


def test_rules_in_another_order_may_be_looser() -> None:
    two = replace(PLAIN, rules=(USUAL, replace(USUAL, name="more")))
    assert looser(two, replace(two, rules=two.rules[::-1])) == ("order of the rules",)


@given(changes())
@MANY
def test_whatever_differs_is_told(pair: tuple[Policy, Policy]) -> None:
    old, new = pair
    assert bool(differences(old, new)) is (old.version != new.version)


def test_differences_name_both_values() -> None:
    new = replace(PLAIN, two_person=True, rules=())
    assert differences(PLAIN, new) == (
        "two_person is off in the ledger and on in the file",
        "order of the rules is usual in the ledger and auto_approve_under, one_person in the file",
        f"rule usual is value ≤ 100 → REQUIRE 1 in the ledger and {OFF} in the file",
        f"rule auto_approve_under is {OFF} in the ledger and anything → AUTO in the file",
        f"rule one_person is {OFF} in the ledger and anything → REQUIRE 1 in the file",
    )


def test_times_and_persons_are_the_stricter_ones_of_both() -> None:
    told = replace(PLAIN, two_person=True, quarantine_s=5, expiry_s=7)
    both = Standing(approved=replace(PLAIN, expiry_s=9), told=told)
    assert (both.quarantine_s, both.expiry_s, both.two_person) == (86_400, 7, True)
    assert both.version == f"{replace(PLAIN, expiry_s=9).version}+{told.version}"
    one = Standing(approved=PLAIN, told=PLAIN)
    assert (one.same, one.version, one.differences, one.looser) == (True, PLAIN.version, (), ())


def test_without_the_approved_policy_everything_is_blocked() -> None:
    nothing = Standing(approved=None, told=PLAIN)
    ruling = nothing.judge(case(value=D(1)))
    assert (ruling.action, ruling.rule, ruling.reason) == (
        Action.BLOCK, "policy", nothing.unknown,
    )  # fmt: skip
    assert (nothing.same, nothing.rules, nothing.differences) == (False, (), ())
    assert nothing.looser
    assert nothing.version != Standing(approved=PLAIN, told=PLAIN).version


def test_a_value_in_another_base_currency_is_not_known() -> None:
    large = Rule(name="large", action=Action.REQUIRE, value_over=D(1_000), approvals=2)
    small = Rule(name="small", action=Action.AUTO)
    old = Policy(rules=(large, small), auto_approve_under=D(500), quarantine_s=1)
    told = case(value=D("0.01"))
    assert judge(old, told).action is Action.AUTO
    ruling = Standing(approved=old, told=replace(old, currency="BTC")).judge(told)
    assert (ruling.rule, ruling.approvals) == ("large", 2)


def test_the_stricter_ruling_asks_for_the_most_of_both() -> None:
    one = Ruling(action=Action.REQUIRE, rule="a", approvals=2, cool_off_s=5)
    two = Ruling(action=Action.REQUIRE, rule="b", approvals=1, two_person=True, cool_off_s=9)
    assert stricter(one, two) == replace(one, two_person=True, cool_off_s=9)
    alone = Ruling(action=Action.AUTO, rule="c", cool_off_s=600)
    assert stricter(alone, one) == replace(one, cool_off_s=600)
