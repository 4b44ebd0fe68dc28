"""The withdrawal policy, rule by rule: first match, what is not known, windows, guards."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from domain.addresses import Address, Place
from domain.instruments import Account
from domain.policies import Policy, Rule
from domain.rulings import Action, Ruling
from domain.withdrawals import Request, Terms
from risk.withdrawals import HOUR_US, Case, guard, judge

D = Decimal
NOON_US = 1_767_268_800_000_000  # 2026-01-01T12:00:00Z
DAY_US = 24 * HOUR_US
PLACE = Place(venue="kraken", asset="USDT", network="TRX", address="T1", tag="7")
ENTRY = Address(
    address_id=PLACE.address_id,
    name="cold",
    place=PLACE,
    added_by="anna",
    added_us=NOON_US - 9 * DAY_US,
    confirmed_us=NOON_US - 8 * DAY_US,
    active_us=NOON_US - 7 * DAY_US,
)


def terms(**changes: Any) -> Terms:
    told = Terms(
        account=Account("kraken", "main"),
        asset="USDT",
        network="TRX",
        address="T1",
        tag="7",
        amount=D(100),
        nonce="0" * 32,
        requester="anna",
        destination=PLACE.address_id,
        destination_name="cold",
    )
    return replace(told, **changes)


def case(**changes: Any) -> Case:
    told = {"value": D(100), "entry": ENTRY, "available": D(1_000), **changes}
    asked = {name: told.pop(name) for name in list(told) if name in ("asset", "amount", "tag")}
    return Case(terms=told.pop("terms", terms(**asked)), now_us=told.pop("now_us", NOON_US), **told)


def other(value: str | None = "100", *, hours: int = 1, **changes: Any) -> Request:
    """Another request, so many hours ago."""
    told = Request(
        request_id="W2",
        terms=terms(nonce="1" * 32),
        ruling=Ruling(action=Action.REQUIRE, rule="r", approvals=1),
        body_hash="",
        requested_us=NOON_US - hours * HOUR_US,
        expires_us=NOON_US + DAY_US,
        value=None if value is None else D(value),
    )
    return replace(told, **changes)


def ruled(policy: Policy, told: Case) -> tuple[Action, str]:
    ruling = judge(policy, told)
    return ruling.action, ruling.rule


def one(**named: Any) -> Policy:
    return Policy(rules=(Rule(name="r", **{"action": Action.REQUIRE, **named}),))


def test_without_rules_one_person_approves_everything() -> None:
    assert ruled(Policy(), case()) == (Action.REQUIRE, "one_person")


def test_the_first_rule_that_matches_has_spoken() -> None:
    rules = (
        Rule(name="never", action=Action.BLOCK, assets=("BTC",)),
        Rule(name="two", action=Action.REQUIRE, approvals=2),
        Rule(name="one", action=Action.REQUIRE),
    )
    ruling = judge(Policy(rules=rules), case())
    assert (ruling.rule, ruling.approvals) == ("two", 2)


def test_what_no_rule_names_is_blocked() -> None:
    assert ruled(one(assets=("BTC",)), case()) == (Action.BLOCK, "default")


@pytest.mark.parametrize(
    ("named", "matches"),
    [
        ({"assets": ("USDT", "BTC")}, True),
        ({"assets": ("BTC",)}, False),
        ({"networks": ("TRX",)}, True),
        ({"networks": ("ETH",)}, False),
        ({"destinations": ("cold",)}, True),
        ({"destinations": (PLACE.address_id,)}, True),
        ({"destinations": ("warm",)}, False),
        ({"accounts": ("kraken/main",)}, True),
        ({"accounts": ("kraken/other",)}, False),
        ({"requesters": ("anna",)}, True),
        ({"requesters": ("ben",)}, False),
        ({"amount_over": D(99)}, True),
        ({"amount_over": D(100)}, False),
        ({"amount_to": D(100)}, True),
        ({"amount_to": D(99)}, False),
        ({"value_over": D(99)}, True),
        ({"value_over": D(100)}, False),
        ({"value_to": D(100)}, True),
        ({"value_to": D(99)}, False),
        ({"since": "09:00", "until": "17:00"}, True),
        ({"since": "12:00"}, True),
        ({"until": "12:00"}, False),
        ({"since": "22:00", "until": "06:00"}, False),
        ({"since": "22:00", "until": "12:01"}, True),
        ({"assets": ("USDT",), "networks": ("ETH",)}, False),
    ],
)
def test_a_rule_matches_when_all_that_it_names_holds(named: dict[str, Any], matches: bool) -> None:
    assert (judge(one(**named), case()).rule == "r") is matches


def test_local_times_are_in_the_desks_zone() -> None:
    policy = replace(one(until="12:00"), time_zone="America/New_York")  # 07:00 there
    assert judge(policy, case()).rule == "r"


def test_an_unknown_value_is_over_every_bound_and_under_none() -> None:
    assert judge(one(value_over=D(10**9)), case(value=None)).rule == "r"
    assert judge(one(value_to=D(10**9)), case(value=None)).rule == "default"
    assert judge(one(window_to=D(10**9)), case(others=(other(None),))).rule == "default"


# AUTO


def auto(**changes: Any) -> Policy:
    rules = (Rule(name="small", action=Action.AUTO), Rule(name="all", action=Action.REQUIRE))
    return Policy(**{"rules": rules, "auto_approve_under": D(250), **changes})


@pytest.mark.parametrize(
    ("told", "rule"),
    [
        ({}, "small"),
        ({"value": D(250)}, "all"),
        ({"value": None}, "all"),
        ({"others": (other("149"),)}, "small"),
        ({"others": (other("150"),)}, "all"),
        ({"others": (other(None),)}, "all"),
        ({"others": (other("150", hours=25, expired=True),)}, "small"),
        ({"others": (other("150", hours=25),)}, "all"),
        ({"others": (other("150", cancelled=True),)}, "small"),
        ({"others": (other("150", rejected=True),)}, "small"),
        ({"others": (other("150", submitting=True, submitted=True),)}, "all"),
        ({"others": (other("150", submitting=True, completed=True),)}, "all"),
        ({"others": (other("150", hours=25, submitting=True, completed=True),)}, "small"),
        ({"others": (other("75"), other("75"))}, "all"),
        ({"policy_us": NOON_US - DAY_US + 1}, "all"),
        ({"policy_us": NOON_US - DAY_US}, "small"),
        ({"entry": replace(ENTRY, confirmed_us=NOON_US - DAY_US + 1)}, "all"),
    ],
)
def test_only_what_is_small_old_and_known_approves_itself(told: dict[str, Any], rule: str) -> None:
    assert judge(auto(), case(**told)).rule == rule


def test_with_nothing_set_nothing_approves_itself() -> None:
    policy = auto(auto_approve_under=D(0))
    assert judge(policy, case(value=D(0))).rule == "all"
    assert "auto_approve_under" not in [rule.name for rule in Policy().ordered]


def test_splitting_does_not_help() -> None:
    """Whatever the parts, what approves itself in a day stays under the bound."""
    requests: list[Request] = []
    for number in range(20):
        told = case(value=D(30), others=tuple(requests))
        ruling = judge(auto(), told)
        requests.append(other("30", request_id=f"W{number}", ruling=ruling))
    approved = [r for r in requests if r.ruling.action is Action.AUTO]
    assert sum(r.value or D(0) for r in approved) < D(250)
    assert len(approved) == 8


# Windows


def test_a_window_sums_what_the_rules_names_say() -> None:
    rules = (
        Rule(
            name="much", action=Action.BLOCK, assets=("USDT",), window_hours=2, window_over=D(250)
        ),
        Rule(name="all", action=Action.REQUIRE),
    )
    policy = Policy(rules=rules)
    assert judge(policy, case(others=(other("150"),))).rule == "all"
    assert judge(policy, case(others=(other("151"),))).rule == "much"
    bitcoin = other("151", terms=terms(asset="BTC"))
    assert judge(policy, case(others=(bitcoin,))).rule == "all"


# Guards


@pytest.mark.parametrize(
    ("told", "rule", "says"),
    [
        ({"cannot": "no key"}, "account", "no key"),
        ({"entry": None}, "allow_list", "not on the allow-list"),
        ({"tag": "8"}, "allow_list", "not on the allow-list"),
        ({"entry": replace(ENTRY, confirmed_us=0)}, "allow_list", "cold is NEW"),
        ({"entry": replace(ENTRY, revoked_us=1)}, "allow_list", "cold is REVOKED"),
        ({"entry": replace(ENTRY, active_us=NOON_US + 5)}, "allow_list", "quarantined"),
        ({"available": D(99)}, "balance", "100 USDT of 99"),
        ({"others": (other(submitting=True, in_doubt=True),)}, "in_doubt", "W2"),
    ],
)
def test_no_rule_lifts_a_guard(told: dict[str, Any], rule: str, says: str) -> None:
    ruling = judge(auto(), case(**told))
    assert (ruling.action, ruling.rule) == (Action.BLOCK, rule)
    assert says in ruling.reason
    assert guard(case(**told)) == (rule, ruling.reason)


def test_a_doubt_about_another_address_forbids_nothing() -> None:
    elsewhere = other(submitting=True, in_doubt=True, terms=terms(destination="A2"))
    assert guard(case(others=(elsewhere,))) == ("", "")


def test_an_unknown_balance_waits_for_the_last_look() -> None:
    assert guard(case(available=None)) == ("", "")


def test_another_policy_has_another_version() -> None:
    versions = {
        Policy().version,
        auto().version,
        auto(auto_approve_under=D(251)).version,
        auto(two_person=True).version,
        auto(cool_off_s=61).version,
        replace(auto(), rules=auto().rules[::-1]).version,
    }
    assert len(versions) == 6
    assert auto().version == auto().version


def test_two_persons_and_cool_off_come_from_the_rule_or_the_policy() -> None:
    policy = replace(one(approvals=2, cool_off_s=600), two_person=True)
    ruling = judge(policy, case())
    assert (ruling.approvals, ruling.two_person, ruling.cool_off_s) == (2, True, 600)
    plain = judge(one(), case())
    assert (plain.approvals, plain.two_person, plain.cool_off_s) == (1, False, 60)
