"""Incoming webhooks as Slack made them; Mattermost, Rocket.Chat and Discord (/slack) take them too.

The one rule: a webhook's URL is a secret, for whoever has it can post. It is loaded for each
message and then forgotten, and nothing that is raised here shows more of it than its host.
"""

import asyncio
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from alerts.chat import payload
from alerts.outward import Answer, Outward
from alerts.targets import Host, Target, target
from alerts.tidings import EVENTS
from domain.errors import Misconfigured, Unavailable

LOAD_S = 90  # longer than any store takes to give up
LONGEST_WAIT_S = 300
SECOND_US = 1_000_000
GONE = frozenset({401, 403, 404, 405, 410})
TOO_MANY = 429
_CODE = re.compile(r"[a-z]+(?:_[a-z]+){1,5}")
KNOWN_HOSTS = (Host("hooks.slack.com"), Host("discord.com"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """One place to tell. `url` is called (in a thread) for each message and gives the secret.

    `events` are names of `alerts.tidings.EVENTS`; `hosts` those that the URL may name.
    `private_addresses`: a host on a private network is meant, and may be.
    """

    name: str
    url: Callable[[], str]
    hosts: Sequence[Host] = KNOWN_HOSTS
    events: frozenset[str] = frozenset(EVENTS)
    private_addresses: bool = False
    ca_file: str = ""

    @property
    def where(self) -> str:
        """The setting that is named where something has to be mended."""
        return f"alerts.webhooks.{self.name}"


class Poster(Protocol):
    """Whatever delivers one message."""

    async def send(self, text: str) -> None:
        """Deliver, or raise one of the five families: then it was (probably) not delivered."""
        ...


class SlackHook:
    """`Poster` to one webhook."""

    def __init__(self, webhook: Webhook, outward: Outward | None = None) -> None:
        self._webhook = webhook
        self._outward = outward or Outward(
            webhook.where, private=webhook.private_addresses, ca_file=webhook.ca_file
        )

    async def send(self, text: str) -> None:
        """Post one message, whose text is harmless already (`alerts.chat`).

        Raises:
            Misconfigured: the URL is not there, not allowed, or not good any more.
            Refused: its host is at an address that nothing is sent to.
            Unavailable: it was not taken; says why, what to do, and how long to wait.
        """
        where = await self._target()
        answer = await self._outward.post(where, payload(text))
        if not _taken(answer):
            raise self._failed(where, answer)

    async def _target(self) -> Target:
        webhook = self._webhook
        try:
            async with asyncio.timeout(LOAD_S):
                url = await asyncio.to_thread(webhook.url)
        except TimeoutError:
            why = f"its store gave no answer in {LOAD_S} s"
            raise Unavailable(f"{webhook.where}.url", why, remedy="look at the store") from None
        return target(url, webhook.hosts, f"{webhook.where}.url")

    def _failed(self, where: Target, answer: Answer) -> Unavailable | Misconfigured:
        code = _code(answer, where)
        told = f"{answer.status}{f' ({code})' if code else ''}"
        if answer.status in GONE:
            hint = (
                f"{where} answered {told}: the URL is not good (any more); make a new one in the "
                "chat and keep it where the reference says"
            )
            return Misconfigured(f"{self._webhook.where}.url", hint)
        wait_s = min(answer.wait_s, LONGEST_WAIT_S)
        if answer.status == TOO_MANY:
            why, remedy = f"it was told too much ({told})", f"it is tried again after {wait_s} s"
        else:
            why, remedy = f"it answered {told}", "look at the chat's own state"
        return Unavailable(
            f"the webhook's host {where}", why, retry_after_us=wait_s * SECOND_US, remedy=remedy
        )


def _taken(answer: Answer) -> bool:
    return 200 <= answer.status < 300  # noqa: PLR2004 - RFC 9110 section 15.3


def _code(answer: Answer, where: Target) -> str:
    """Slack's word for what is wrong (`channel_is_archived`), and nothing else that was said.

    A server may repeat the path that it was asked for, and that is the secret.
    """
    word = answer.words.strip()[:80]
    return word if _CODE.fullmatch(word) and word not in where.path else ""
