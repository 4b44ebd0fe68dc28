"""Whether webhooks can work as they are configured.

The one rule: a host on a private network is named by whoever wants it, alone.
"""

from collections.abc import Iterator

from alerts.webhooks import KNOWN_HOSTS
from config.mistakes import KeyPath
from config.settings import Settings
from domain.board import Mode

Found = Iterator[tuple[KeyPath, str]]


def webhooks(settings: Settings, _: Mode) -> Found:
    """A webhook has a URL that is kept somewhere, a host, and something to tell."""
    for name, told in settings.alerts.webhooks.items():
        place = ("alerts", "webhooks", name)
        if told.url.startswith("env:"):
            yield (*place, "url"), "env: is for venue keys; use keyring:, file:, vault: or aws:"
        if not told.hosts:
            yield (*place, "hosts"), "is empty; write the host of the URL, like hooks.slack.com"
        if not told.events:
            yield (*place, "events"), "is empty; write what it tells, or remove the line"
        public = [str(host) for host in KNOWN_HOSTS if str(host) in told.hosts]
        if told.private_addresses and public:
            hint = (
                f"is for a host of your own; {public[0]} is none: write hosts: [chat.example.org]"
            )
            yield (*place, "private_addresses"), hint


WEBHOOK_CHECKS = (webhooks,)
