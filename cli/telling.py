"""The webhooks put together: their settings, secrets and the desk that they listen to.

The one rule: a URL is read from its store for each message, is known to the redaction before
anything else sees it, and is kept nowhere.
"""

import json
from collections.abc import Callable, Coroutine, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from config.secrets_stores import SecretStores
from domain.errors import Misconfigured
from domain.halts import Level
from engine.desk import Desk
from engine.stop import Stop

if TYPE_CHECKING:
    from alerts.webhooks import SlackHook, Webhook
    from cli.ground import Ground

SHORTEST_PART = 16  # of a path, to be blotted out by itself: `services` is a word


class Telling:
    """Every configured webhook of one desk; nothing of it is loaded where there is none."""

    def __init__(self, ground: "Ground", secrets: SecretStores, desk: Desk, stop: Stop) -> None:
        self._works: list[Callable[[], Coroutine[Any, Any, None]]] = []
        if not ground.loaded.settings.alerts.webhooks:
            return
        from alerts.crier import Crier, Ledgered  # noqa: PLC0415 - only where there are webhooks

        ears = Ledgered(
            board=lambda: desk.board,
            row=lambda: desk.row,
            post=desk.post,
            unwritten=partial(halted_unwritten, desk, stop),
        )
        name = ground.loaded.settings.alerts.desk_name
        for webhook, hook in hooks_of(ground, secrets).values():
            crier = Crier(webhook, hook, ears, ground.clock, ground.dice, name)
            desk.observe(crier)
            self._works.append(crier.run)

    @property
    def beside(self) -> Sequence[Callable[[], Coroutine[Any, Any, None]]]:
        """What runs beside the engine: one task a webhook, so that none waits for another."""
        return tuple(self._works)


def hooks_of(ground: "Ground", secrets: SecretStores) -> Mapping[str, "tuple[Webhook, SlackHook]"]:
    """The configured webhooks by name."""
    from alerts.targets import host_of  # noqa: PLC0415 - as above
    from alerts.webhooks import SlackHook, Webhook  # noqa: PLC0415 - as above

    made = {}
    for name, told in ground.loaded.settings.alerts.webhooks.items():
        where = f"alerts.webhooks.{name}.url"
        webhook = Webhook(
            name=name,
            url=partial(url_under, secrets, told.url, where),
            hosts=tuple(map(host_of, told.hosts)),
            events=frozenset(told.events),
            private_addresses=told.private_addresses,
            ca_file=told.ca_file or "",
        )
        made[name] = (webhook, SlackHook(webhook))
    return made


def url_under(secrets: SecretStores, reference: str, where: str) -> str:
    """The URL under a reference; every part of it that lets somebody post is blotted out.

    Raises:
        Misconfigured: naming the setting, when nothing is kept there.
    """
    url = kept_text(secrets, reference, "url", where).strip()
    try:
        path = urlsplit(url).path
    except ValueError:
        path = ""
    parts = [part for part in path.split("/") if len(part) >= SHORTEST_PART]
    secrets.redaction.learn(url, url.partition("://")[2].partition("/")[2], *parts)
    return url


def kept_text(secrets: SecretStores, reference: str, field: str, where: str) -> str:
    """The text under a reference; of an entry with fields (Vault, AWS), the one `field`.

    Raises:
        Misconfigured: naming the setting `where`, when nothing is kept there.
    """
    found = secrets.read(reference)
    if not found:
        raise Misconfigured(where, f"nothing is kept under {reference}")
    try:
        fields = json.loads(found)
    except ValueError:
        fields = None
    text = str(fields.get(field, "")) if isinstance(fields, dict) else found
    if not text:
        raise Misconfigured(where, f"{reference} has no field `{field}`")
    return text


def halted_unwritten(desk: Desk, stop: Stop) -> str:
    """Why everything is halted while the ledger, and so the board, does not know of it."""
    held = stop.level >= Level.HALT_CANCEL and not desk.board.killed
    return (stop.reason or "no reason was told") if held else ""
