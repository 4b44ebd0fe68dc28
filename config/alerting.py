"""Settings of the approval page, of the mail that leads to it, and of webhooks.

The one rule: a page that others can reach stands behind TLS, a password leaves over TLS, and a
webhook's URL, which lets whoever has it post, is kept with the secrets.
"""

from collections.abc import Mapping
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field

from alerts.targets import host_of
from alerts.tidings import EVENTS
from alerts.webhooks import KNOWN_HOSTS
from config import kinds
from config.composed import Block, BlockOf, Flag, ListOf
from config.kinds import choice, off_or, quoted, whole, words
from config.names import NAME
from config.references import REFERENCE

LOCAL_NAMES = ("127.0.0.1", "localhost", "::1")
_ADDRESS = r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*"
MAIL_ADDRESS = words("a mail address", _ADDRESS, "alice@example.org")
HOST = words("a server's name or IP address", r"[A-Za-z0-9.:-]{1,253}", "smtp.example.org")
USER = words("a name without spaces", r"[\x21-\x7e]{1,200}", "desk@example.org")


def _public_url(text: str) -> str:
    try:
        url = urlsplit(text)
        port = url.port
    except ValueError:
        url, port = urlsplit(""), None
    bare = f"{url.scheme}://{url.hostname or ''}{'' if port is None else f':{port}'}"
    if url.scheme != "https" or not url.hostname or text.rstrip("/") != bare:
        raise ValueError(
            f"{quoted(text)} is not the https URL of a proxy without a path; "
            "write for example https://desk.example.org"
        )
    return bare


PUBLIC_URL = kinds.Kind("https URL without a path", _public_url)


class ApprovalSettings(Block):
    """Where the approval page listens, and under which https URL a proxy shows it."""

    bind: Annotated[str, kinds.ADDRESS] = "127.0.0.1"
    port: Annotated[int, whole(0, 65_535)] = 9_110
    public_url: Annotated[str | None, off_or(PUBLIC_URL)] = None


class MailSettings(Block):
    """The server that takes our mail; `password` says where it is kept."""

    host: Annotated[str | None, off_or(HOST)] = None
    port: Annotated[int, whole(1, 65_535)] = 587
    security: Annotated[str, choice("starttls", "tls", "none")] = "starttls"
    username: Annotated[str | None, off_or(USER)] = None
    password: Annotated[str | None, off_or(REFERENCE)] = None
    sender: Annotated[str | None, off_or(MAIL_ADDRESS)] = None
    ca_file: Annotated[str | None, kinds.off_or(kinds.FILE)] = None


WEBHOOK_HOST = kinds.Kind("a host's name, host or host:port", lambda text: str(host_of(text)))


class WebhookSettings(Block):
    """One Slack-compatible incoming webhook; `url` says where its URL is kept."""

    url: Annotated[str, REFERENCE]
    hosts: Annotated[tuple[Annotated[str, WEBHOOK_HOST], ...], ListOf] = tuple(
        map(str, KNOWN_HOSTS)
    )
    events: Annotated[tuple[Annotated[str, choice(*EVENTS)], ...], ListOf] = EVENTS
    private_addresses: Flag = False
    ca_file: Annotated[str | None, kinds.off_or(kinds.FILE)] = None


class AlertSettings(Block):
    """How the desk tells people who are not looking at it."""

    desk_name: Annotated[
        str, words("a desk's name (letters, digits, space . _ -)", r"[\w .-]{1,40}", "Quarterdeck")
    ] = "Quarterdeck"
    mail: MailSettings = MailSettings()
    webhooks: Annotated[Mapping[Annotated[str, NAME], WebhookSettings], BlockOf] = Field(
        default_factory=dict
    )
