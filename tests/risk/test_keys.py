"""What is said of a key: too wide, too narrow, unbound, old, and what follows from it."""

from dataclasses import replace

import pytest

from domain.instruments import Account
from domain.keys import Ill, KeyReport, Purpose, Right
from risk.keys import DAY_US, KeyPolicy, findings, gained, other_account, refusal

ACCOUNT = Account("kraken", "main")
NOW_US = 1_800_000_000_000_000
READ, TRADE, WITHDRAW = Purpose.READ, Purpose.TRADE, Purpose.WITHDRAW
LOOKS = (Right.READ,)
TRADES = (Right.READ, Right.PLACE, Right.CANCEL)
WARN, REFUSE = KeyPolicy(), KeyPolicy(refuse_wide=True)


def report(*rights: Right, **more: object) -> KeyReport:
    told = KeyReport(fingerprint="f1", rights=rights, bound=True)
    return replace(told, **more)  # type: ignore[arg-type]


def ills(
    told: KeyReport,
    purpose: Purpose = READ,
    policy: KeyPolicy = WARN,
    also: tuple[Purpose, ...] = (),
) -> list[Ill]:
    found = findings(told, ACCOUNT, purpose, policy, now_us=NOW_US, also=also)
    return [finding.ill for finding in found]


@pytest.mark.parametrize(
    ("purpose", "rights"),
    [(READ, LOOKS), (TRADE, TRADES), (TRADE, TRADES[1:]), (WITHDRAW, (Right.READ, Right.WITHDRAW))],
)
def test_a_key_that_may_do_what_it_is_for_is_well(
    purpose: Purpose, rights: tuple[Right, ...]
) -> None:
    assert ills(report(*rights), purpose) == []
    assert refusal((), REFUSE) == ""


@pytest.mark.parametrize(
    ("purpose", "excess"),
    [
        (READ, Right.PLACE),
        (READ, Right.CANCEL),
        (READ, Right.WITHDRAW),
        (READ, Right.TRANSFER),
        (TRADE, Right.WITHDRAW),
        (TRADE, Right.ADDRESSES),
        (TRADE, Right.LEVERAGE),
        (WITHDRAW, Right.PLACE),
    ],
)
def test_every_right_beyond_its_purpose_is_named(purpose: Purpose, excess: Right) -> None:
    rights = {READ: LOOKS, TRADE: TRADES, WITHDRAW: (Right.READ, Right.WITHDRAW)}[purpose]
    found = findings(report(*rights, excess), ACCOUNT, purpose, WARN, now_us=NOW_US)
    assert [finding.ill for finding in found] == [Ill.TOO_WIDE]
    assert found[0].text == f"the {purpose} key of kraken/main can also {excess}"
    assert found[0].remedy
    assert refusal(found, WARN) == ""
    assert refusal(found, REFUSE) == found[0].text


def test_rights_that_are_not_told_are_neither_too_many_nor_too_few() -> None:
    told = KeyReport(fingerprint="f1", problem="it does not tell")
    assert ills(told, TRADE, REFUSE) == []


def test_a_key_for_everything_is_too_wide_even_where_rights_are_not_told() -> None:
    told = KeyReport(fingerprint="f1")
    found = findings(told, ACCOUNT, READ, WARN, now_us=NOW_US, also=(TRADE,))
    assert [finding.text for finding in found] == [
        "the read key of kraken/main is its key to trade, too"
    ]
    assert ills(report(*TRADES), READ, also=(TRADE,)) == [Ill.TOO_WIDE]


def test_a_trade_key_that_cannot_cancel_is_refused_in_any_case() -> None:
    found = findings(
        report(Right.READ, Right.PLACE, lacks=("Cancel & close orders",)),
        ACCOUNT, TRADE, WARN, now_us=NOW_US,
    )  # fmt: skip
    assert [finding.ill for finding in found] == [Ill.CANNOT_CANCEL, Ill.TOO_NARROW]
    assert "kill switch" in refusal(found, WARN)
    assert ills(report(Right.READ, Right.PLACE), READ) == [Ill.TOO_WIDE]


def test_what_a_key_lacks_is_told_by_the_venue_s_own_names() -> None:
    found = findings(report(lacks=("Funds: Query",)), ACCOUNT, READ, WARN, now_us=NOW_US)
    assert found[0].text == "the read key of kraken/main lacks what it needs: Funds: Query"
    assert found[0].ill.disables
    assert refusal(found, REFUSE) == ""  # the venue itself refuses what is lacking


def test_a_key_that_any_address_may_use_is_unbound_and_one_of_the_wrong_ones_too() -> None:
    assert ills(report(*LOOKS, bound=False)) == [Ill.UNBOUND]
    assert ills(report(*LOOKS, bound=None)) == []
    policy = KeyPolicy(allowlists={"kraken": ("203.0.113.0/24", "2001:db8::/32")})
    inside = report(*LOOKS, addresses=("203.0.113.7", "203.0.113.128/25", "2001:db8::1"))
    assert ills(inside, policy=policy) == []
    for address in ("203.0.112.7", "203.0.0.0/16", "0.0.0.0/0", "::/0", "anywhere"):
        outside = report(*LOOKS, addresses=("203.0.113.7", address))
        found = findings(outside, ACCOUNT, READ, policy, now_us=NOW_US)
        assert [finding.ill for finding in found] == [Ill.UNBOUND], address
        assert f"from {address}, outside" in found[0].text
    assert refusal(found, replace(policy, refuse_wide=True))


def test_old_and_expiring_keys_are_said_in_time() -> None:
    young, old = NOW_US - 90 * DAY_US, NOW_US - 91 * DAY_US
    assert ills(report(*LOOKS, created_us=young)) == []
    assert ills(report(*LOOKS, created_us=old)) == [Ill.OLD]
    assert ills(report(*LOOKS, created_us=old), policy=KeyPolicy(reminder_days=0)) == []
    assert ills(report(*LOOKS, expires_us=NOW_US + 15 * DAY_US)) == []
    soon = findings(
        report(*LOOKS, expires_us=NOW_US + 3 * DAY_US + 1), ACCOUNT, READ, WARN, now_us=NOW_US
    )
    assert soon[0].text == "the read key of kraken/main expires in 3 days"
    gone = findings(report(*LOOKS, expires_us=NOW_US), ACCOUNT, READ, WARN, now_us=NOW_US)
    assert gone[0].text == "the read key of kraken/main has expired"


def test_the_gravest_comes_first_and_is_the_reason() -> None:
    told = report(*TRADES, Right.WITHDRAW, bound=False, unknown=("fly",), created_us=1)
    found = findings(told, ACCOUNT, TRADE, REFUSE, now_us=NOW_US)
    assert [f.ill for f in found] == [Ill.TOO_WIDE, Ill.UNBOUND, Ill.OLD, Ill.UNKNOWN]
    assert refusal(reversed(found), REFUSE) == found[0].text


def test_only_the_same_key_can_become_wider() -> None:
    before = report(*LOOKS)
    assert gained(before, report(*TRADES)) == (Right.PLACE, Right.CANCEL)
    assert gained(before, before) == ()
    assert gained(report(*TRADES), before) == ()
    assert gained(before, replace(report(*TRADES), fingerprint="f2")) == ()
    assert gained(None, report(*TRADES)) == ()
    assert gained(replace(before, rights=None), report(*TRADES)) == ()
    assert gained(before, replace(before, rights=None)) == ()


def test_a_name_is_another_account_only_where_both_are_known() -> None:
    told = report(*LOOKS, uid="B")
    (found,) = other_account(told, ACCOUNT, READ, "A")
    assert found.ill is Ill.OTHER_ACCOUNT
    for known, uid in (("", "B"), ("A", ""), ("B", "B")):
        assert not [*other_account(replace(told, uid=uid), ACCOUNT, READ, known)]
