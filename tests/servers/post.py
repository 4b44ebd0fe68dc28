"""A real SMTP server on the loopback: STARTTLS, a login, and a box of what it took."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from ssl import PROTOCOL_TLS_SERVER, SSLContext
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

from alerts.mail import STARTTLS, MailServer
from tests.servers.certificate import make_certificate

USER, PASSWORD = "desk", "a pass word"
SENDER = "desk@example.org"


@dataclass
class Box:
    """What the server took, and how it behaves: it answers `refuses`, where that is set."""

    port: int = 0
    ca_file: str = ""
    refuses: str = ""
    raw: list[bytes] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        if self.refuses:
            return self.refuses
        self.raw.append(envelope.content)
        self.recipients += envelope.rcpt_tos
        return "250 taken"

    @property
    def mails(self) -> list[EmailMessage]:
        return [message_from_bytes(raw, policy=default) for raw in self.raw]

    def server(self, **other: Any) -> MailServer:
        told: dict[str, Any] = {
            "host": "127.0.0.1",
            "port": self.port,
            "security": STARTTLS,
            "sender": SENDER,
            "username": USER,
            "password": lambda: PASSWORD,
            "ca_file": self.ca_file,
        }
        return MailServer(**{**told, **other})


def _login(server: Any, session: Any, envelope: Any, mechanism: str, auth_data: Any) -> AuthResult:
    assert isinstance(auth_data, LoginPassword)
    good = (auth_data.login, auth_data.password) == (USER.encode(), PASSWORD.encode())
    # `handled=False` lets aiosmtpd itself answer 535.
    return AuthResult(success=good, handled=False)


@asynccontextmanager
async def post_office(folder: Path, *, tls: bool = True) -> AsyncGenerator[Box]:
    """The server while the block runs; without `tls` it is open to everybody."""
    certificate, key = folder / "mail.pem", folder / "mail.key"
    box = Box(ca_file=str(certificate))
    more: dict[str, Any] = {}
    if tls:
        make_certificate(certificate, key)
        context = SSLContext(PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        more = {
            "tls_context": context,
            "require_starttls": True,
            "auth_required": True,
            "authenticator": _login,
        }
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(box, hostname="localhost", loop=loop, **more), "127.0.0.1", 0
    )
    async with server:
        box.port = server.sockets[0].getsockname()[1]
        yield box
