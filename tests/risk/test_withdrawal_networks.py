"""A rule that names a network means it however a venue, or a person, writes it."""

from decimal import Decimal

import pytest

from domain.addresses import Address, Place
from domain.instruments import Account
from domain.policies import Policy, Rule
from domain.rulings import Action
from domain.withdrawals import Terms
from risk.withdrawals import Case, judge

POLICY = Policy(
    rules=(
        Rule(name="no_tron", action=Action.BLOCK, networks=("TRX",)),
        Rule(name="rest", action=Action.REQUIRE),
    )
)


@pytest.mark.parametrize(
    ("network", "action"), [("trx", "BLOCK"), ("TRX", "BLOCK"), ("eth", "REQUIRE")]
)
def test_a_network_that_is_blocked_is_blocked_in_small_letters_too(
    network: str, action: str
) -> None:
    place = Place(venue="kucoin", asset="USDT", network=network, address="x", tag="")
    entry = Address(
        address_id=place.address_id, name="cold", place=place, added_by="a", added_us=1,
        confirmed_by="a", confirmed_us=1, active_us=2,
    )  # fmt: skip
    terms = Terms(
        account=Account("kucoin", "main"), asset="USDT", network=network, address="x", tag="",
        amount=Decimal(1), nonce="0" * 32, requester="a", destination=place.address_id,
    )  # fmt: skip
    case = Case(terms=terms, now_us=10**15, value=Decimal(1), entry=entry, available=Decimal(9))
    assert judge(POLICY, case).action == action
