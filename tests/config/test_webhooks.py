"""Webhooks in the settings: a secret that is only referred to, and hosts that are only names."""

from pathlib import Path

import pytest

from config.load import Loaded, load
from domain.errors import Misconfigured

OPS = "alerts:\n  webhooks:\n    ops:\n      url: keyring:quarterdeck/slack\n"


def loaded(tmp_path: Path, text: str) -> Loaded:
    path = tmp_path / "c.yaml"
    path.write_text(text)
    return load(path, environ={})


def test_a_webhook_needs_no_more_than_where_its_url_is(tmp_path: Path) -> None:
    told = loaded(tmp_path, OPS).settings.alerts
    ops = told.webhooks["ops"]
    assert told.desk_name == "Quarterdeck"
    assert ops.url == "keyring:quarterdeck/slack"
    assert ops.hosts == ("hooks.slack.com", "discord.com")
    assert ops.events == ("kill", "withdrawals", "alarms", "arming")
    assert not ops.private_addresses


def test_the_example_of_the_manual_is_good(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs/alerts.md").read_text()
    example = page.partition("```yaml\n")[2].partition("```")[0]
    assert set(loaded(tmp_path, example).settings.alerts.webhooks) == {"ops", "treasury"}


def test_a_chat_of_ones_own_is_named_alone(tmp_path: Path) -> None:
    own = "      private_addresses: true\n      hosts: [Chat.Example.org:8443]\n"
    ops = loaded(tmp_path, OPS + own).settings.alerts.webhooks["ops"]
    assert ops.hosts == ("chat.example.org:8443",)


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ("      hosts: [10.0.0.1]\n", "is an IP address"),
        ("      hosts: ['*.slack.com']\n", "is no host name"),
        ("      hosts: ['https://hooks.slack.com']\n", "has a port that is none|is no host name"),
        ("      hosts: []\n", "is empty; write the host"),
        ("      events: []\n", "is empty; write what it tells"),
        ("      events: [kil]\n", "write kill"),
        ("      private_addresses: true\n", "hooks.slack.com is none"),
        ("      private_addresses: true\n      hosts: [c.example, discord.com]\n", "discord.com"),
        ("      colour: red\n", "there is no such setting"),
    ],
)
def test_what_could_not_work_or_reach_too_far_is_refused(
    more: str, why: str, tmp_path: Path
) -> None:
    with pytest.raises(Misconfigured, match=why) as refusal:
        loaded(tmp_path, OPS + more)
    assert refusal.value.exit_status == 78


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("https://hooks.slack.com/services/T0/B0/secret", "not shown"),
        ("env:SLACK", "env: is for venue keys"),
    ],
)
def test_the_url_itself_never_stands_in_the_settings(url: str, why: str, tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match=why) as refusal:
        loaded(tmp_path, f"alerts:\n  webhooks:\n    ops:\n      url: {url}\n")
    assert "services" not in str(refusal.value)
