"""Settings of withdrawals become the policy that the engine judges by."""

from decimal import Decimal
from pathlib import Path

import pytest
from pydantic import ValidationError

from config.load import load
from config.withdrawing import WithdrawalSettings
from domain.board import Mode
from domain.errors import Misconfigured
from domain.rulings import Action
from tests.config.test_approvals import loaded

D = Decimal
POLICY = {
    "auto_approve_under": "200",
    "policy": {
        "night": {"action": "block", "since": "22:00", "until": "06:00"},
        "small": {"action": "auto", "destinations": "cold,warm"},
        "large": {"action": "require", "value_over": "10000", "approvals": "2", "cool_off_s": "9"},
    },
}


def test_rules_keep_their_order_and_their_words() -> None:
    policy = WithdrawalSettings.model_validate(POLICY).rules(Mode.LIVE, "Europe/Zurich", "USD")
    assert [rule.name for rule in policy.rules] == ["night", "small", "large"]
    night, small, large = policy.rules
    assert (night.action, night.since, night.until) == (Action.BLOCK, "22:00", "06:00")
    assert (small.action, small.destinations) == (Action.AUTO, ("cold", "warm"))
    assert (large.value_over, large.approvals, large.cool_off_s) == (D(10_000), 2, 9)
    assert (policy.auto_approve_under, policy.time_zone) == (D(200), "Europe/Zurich")


def test_by_default_everything_is_manual_and_waits_a_day() -> None:
    policy = WithdrawalSettings().rules(Mode.LIVE, "UTC", "USD")
    assert (policy.rules, policy.auto_approve_under) == ((), D(0))
    assert (policy.quarantine_s, policy.cool_off_s, policy.expiry_s) == (86_400, 60, 86_400)


def test_only_the_demo_desk_waits_for_seconds() -> None:
    demo = WithdrawalSettings().rules(Mode.DEMO, "UTC", "USD")
    paper = WithdrawalSettings().rules(Mode.PAPER, "UTC", "USD")
    assert (demo.quarantine_s, demo.cool_off_s) == (10, 5)
    assert paper.quarantine_s == 86_400


def test_an_auto_rule_without_a_bound_is_a_mistake() -> None:
    with pytest.raises(ValidationError, match="auto_approve_under is 0"):
        WithdrawalSettings.model_validate({"policy": {"small": {"action": "auto"}}})


@pytest.mark.parametrize(
    "rule", [{"action": "maybe"}, {"action": "auto", "value_to": "-1"}, {"since": "25:00"}, {}]
)
def test_a_rule_that_cannot_be_read_is_a_mistake(rule: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        WithdrawalSettings.model_validate({"auto_approve_under": 1, "policy": {"r": rule}})


def test_every_word_of_the_guides_example_is_understood() -> None:
    from config.document import read_document  # noqa: PLC0415 - only here

    guide = Path(__file__).parent.parent.parent / "docs" / "withdrawals.md"
    text = guide.read_text(encoding="utf-8").partition("```yaml\n")[2].partition("```")[0]
    told = read_document(text.encode(), "guide").data
    policy = WithdrawalSettings.model_validate(told["withdrawals"]).rules(Mode.LIVE, "UTC", "USD")
    assert [rule.name for rule in policy.rules] == ["night", "small", "large", "usual"]


def test_hours_that_would_never_match_are_refused(tmp_path: Path) -> None:
    rule = 'policy:\n    lunch:\n      action: block\n      since: "12:00"\n      until: "12:00"\n'
    with pytest.raises(Misconfigured, match=r"withdrawals\.policy\.lunch\.until: is `since`"):
        loaded(tmp_path, f"withdrawals:\n  {rule}")


def test_the_policy_holds_the_currency_and_the_time_zone_of_the_settings(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("base_currency: EUR\ntime_zone: Europe/Zurich\n")
    policy = load(path, environ={}).settings.withdrawal_policy(Mode.PAPER)
    assert (policy.currency, policy.time_zone) == ("EUR", "Europe/Zurich")
