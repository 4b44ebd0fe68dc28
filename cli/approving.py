"""The approval page and its mail, put together: keys, people, server, socket.

The one rule: nothing of it is there while withdrawals are approved in the console, and none of
it can keep the desk from running.

DEMO and PAPER keep the links' key in a private file of the book; LIVE with the other secrets.
"""

import logging
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AsyncExitStack
from functools import partial
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

from cli.telling import kept_text
from config.alerting import MailSettings
from config.secrets_stores import SecretStores
from domain.board import Mode
from domain.errors import Misconfigured, Unavailable
from engine.approvals import OUTBOX, PAGE, ApprovalPlan
from engine.desk import CallerDesk, Desk
from engine.engine import Engine
from engine.linkkeys import LinkKeyStore
from storage.durable import read_small, replace_durably

if TYPE_CHECKING:
    from alerts.mail import SmtpMailer
    from cli.ground import Ground

NAME = "links"
KEY_FILE = "links.key"
MOST_BYTES = 4_096
SECRET_BITS = 256
SIMULATED = (Mode.DEMO, Mode.PAPER)
log = logging.getLogger(__name__)


class ApprovalByMail:
    """Links, page and outbox of one desk; `plan` is None where they are off."""

    def __init__(self, ground: "Ground", secrets: SecretStores) -> None:
        self._ground = ground
        self._secrets = secrets
        self.plan = self._plan()

    def _plan(self) -> ApprovalPlan | None:
        ground = self._ground
        if ground.loaded.settings.withdrawals.approval_method != "email":
            return None
        simulated = ground.mode in SIMULATED
        keys: LinkKeyStore = _KeyFile(ground) if simulated else _KeyStore(self._secrets)
        return ApprovalPlan(
            keys=keys,
            people={known.name: known for known in ground.operators.known},
            mailed=frozenset(self._addresses),
        )

    @property
    def _addresses(self) -> dict[str, str]:
        people = self._ground.loaded.settings.operators
        return {name: told.email for name, told in people.items() if told.email}

    def beside(self, desk: Desk) -> Sequence[Callable[[], Coroutine[Any, Any, None]]]:
        """What runs beside the engine: the outbox."""
        if self.plan is None:
            return ()
        from alerts.outbox import Outbox  # noqa: PLC0415 - only where mail is sent

        ground = self._ground
        mailer = mailer_of(ground, self._secrets)
        caller = CallerDesk(desk, OUTBOX)
        return (Outbox(caller, mailer, self._addresses, ground.clock, ground.dice).run,)

    async def listen(self, stack: AsyncExitStack, desk: Desk, engine: Engine) -> None:
        """Open the page; a taken port is said in the log, and links are refused then."""
        if self.plan is None or engine.parts is None:
            return
        from web.app import listening  # noqa: PLC0415 - aiohttp comes after the start
        from web.approval_guard import Doors  # noqa: PLC0415 - as above
        from web.approvals import Approving, approval_site  # noqa: PLC0415 - as above

        told = self._ground.loaded.settings.approvals
        site = approval_site(
            Approving(
                desk=CallerDesk(desk, PAGE),
                doors=Doors(told.public_url or ""),
                secret=self._ground.dice.bits(SECRET_BITS).to_bytes(SECRET_BITS // 8, "big"),
                clock=self._ground.clock,
            )
        )
        try:
            port = await stack.enter_async_context(listening(site, told.bind, told.port))
        except Unavailable as error:
            log.warning("no approval page: %s (approvals.port)", error)
            return
        host = f"[{told.bind}]" if ip_address(told.bind).version == 6 else told.bind  # noqa: PLR2004
        engine.parts.approvals.url = told.public_url or f"http://{host}:{port}"


def mailer_of(ground: "Ground", secrets: SecretStores) -> "SmtpMailer":
    """The configured way to send mail.

    Raises:
        Misconfigured: when there is none.
    """
    from alerts.mail import MailServer, SmtpMailer  # noqa: PLC0415 - as above

    told = ground.loaded.settings.alerts.mail
    if told.host is None or told.sender is None:
        raise Misconfigured("alerts.mail.host", "is off; see docs/approvals.md")
    server = MailServer(
        host=told.host,
        port=told.port,
        security=told.security,
        sender=told.sender,
        username=told.username or "",
        password=partial(_password, told, secrets),
        ca_file=told.ca_file or "",
    )
    return SmtpMailer(server, ground.clock, ground.dice)


def _password(told: MailSettings, secrets: SecretStores) -> str:
    """The text under the reference; of an entry with fields (Vault, AWS), its `password`."""
    if told.password is None:
        return ""
    password = kept_text(secrets, told.password, "password", "alerts.mail.password")
    secrets.redaction.learn(password)
    return password


class _KeyFile:
    """The key of a simulated book, in a private file beside it."""

    def __init__(self, ground: "Ground") -> None:
        self._path = ground.places.directory / KEY_FILE

    def read(self) -> str | None:
        raw = read_small(self._path, most=MOST_BYTES)
        return None if raw is None else raw.decode("ascii", "replace")

    def write(self, text: str) -> bool:
        replace_durably(self._path, text.encode())
        return True


class _KeyStore:
    """The key among the other secrets: the keyring, else the book's encrypted file."""

    def __init__(self, secrets: SecretStores) -> None:
        self._secrets = secrets

    def read(self) -> str | None:
        return self._secrets.read(NAME)

    def write(self, text: str) -> bool:
        return self._secrets.keep(NAME, text, quietly=True)
