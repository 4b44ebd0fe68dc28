"""A policy's version changes with whatever changes a ruling."""

from dataclasses import fields, replace
from decimal import Decimal

import pytest

from domain.policies import Policy, Rule
from domain.rulings import Action

PLAIN = Policy(auto_approve_under=Decimal(100))
OTHER: dict[str, object] = {
    "rules": (Rule(name="all", action=Action.BLOCK),),
    "auto_approve_under": Decimal(101),
    "two_person": True,
    "quarantine_s": 3_600,
    "cool_off_s": 1,
    "time_zone": "Europe/Berlin",
    "currency": "EUR",
}
RULES_NOTHING = {"expiry_s"}  # a request has its own end, from when it was asked for


@pytest.mark.parametrize("name", OTHER)
def test_another_value_is_another_version(name: str) -> None:
    assert replace(PLAIN, **{name: OTHER[name]}).version != PLAIN.version  # type: ignore[arg-type]


def test_every_field_is_looked_at() -> None:
    assert {field.name for field in fields(Policy)} == OTHER.keys() | RULES_NOTHING
