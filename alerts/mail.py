"""One mail to one person over SMTP, encrypted and with the server's certificate checked.

The one rule: what is sent is built by `EmailMessage` of cleaned text, so that no text can add a
header; and a password leaves only over TLS, or to this machine itself.
"""

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from functools import partial
from typing import Protocol

from domain.errors import Misconfigured, Unavailable, causes
from domain.ports import Clock, Dice
from domain.text import clean

TIMEOUT_S = 20
LONGEST_SUBJECT = 120
SECOND_US = 1_000_000
STARTTLS, TLS, PLAIN = "starttls", "tls", "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class MailServer:
    """Whom to give mail to. `password` is called (in a thread) for each mail, "": no login.

    `security` is `starttls`, `tls`, or `none` (loopback only: the settings see to that).
    """

    host: str
    port: int
    security: str
    sender: str
    username: str = ""
    password: Callable[[], str] = str
    ca_file: str = ""

    def __str__(self) -> str:
        return f"mail server {self.host}:{self.port}"


class Mailer(Protocol):
    """Whatever delivers a mail."""

    async def send(self, recipient: str, subject: str, text: str) -> None:
        """Deliver, or raise one of the five families: then it was (probably) not delivered."""
        ...


class SmtpMailer:
    """`Mailer` over SMTP; a connection for each mail."""

    def __init__(self, server: MailServer, clock: Clock, dice: Dice) -> None:
        self._server = server
        self._clock = clock
        self._dice = dice
        self._tls: ssl.SSLContext | None = None

    async def send(self, recipient: str, subject: str, text: str) -> None:
        """Give one mail to the server.

        Raises:
            Unavailable: it was not taken; says why and what to do.
            Misconfigured: what opens the server is not there, or is not accepted.
        """
        import aiosmtplib  # noqa: PLC0415 - only where mail is sent

        server = self._server
        message = self._message(recipient, subject, text)
        password = await asyncio.to_thread(server.password) if server.username else None
        tls = await self._context()
        try:
            async with asyncio.timeout(TIMEOUT_S):
                await aiosmtplib.send(
                    message,
                    sender=server.sender,
                    recipients=[recipient],
                    hostname=server.host,
                    port=server.port,
                    username=server.username or None,
                    password=password,
                    use_tls=server.security == TLS,
                    start_tls=server.security == STARTTLS,
                    tls_context=tls,
                    timeout=TIMEOUT_S,
                )
        except aiosmtplib.SMTPAuthenticationError as error:
            hint = f"the server does not accept the password: {clean(error.message)}"
            raise Misconfigured("alerts.mail.username", hint) from None
        except (aiosmtplib.SMTPException, OSError, TimeoutError, ValueError) as error:
            why, remedy = told(error, server)
            raise Unavailable(str(server), why, remedy=remedy) from None

    def _message(self, recipient: str, subject: str, text: str) -> EmailMessage:
        now_us = self._clock.now_us()
        message = EmailMessage()
        message["From"] = self._server.sender
        message["To"] = recipient
        message["Subject"] = clean(subject, longest=LONGEST_SUBJECT)
        message["Date"] = format_datetime(datetime.fromtimestamp(now_us // SECOND_US, UTC))
        domain = self._server.sender.rpartition("@")[2]
        message["Message-ID"] = f"<{self._dice.bits(128):032x}@{domain}>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(text)
        return message

    async def _context(self) -> ssl.SSLContext | None:
        if self._server.security == PLAIN:
            return None
        if self._tls is None:
            # Reading every authority's certificate takes long: not on the engine's loop.
            make = partial(ssl.create_default_context, cafile=self._server.ca_file or None)
            try:
                self._tls = await asyncio.to_thread(make)
            except OSError as error:
                raise Misconfigured("alerts.mail.ca_file", f"cannot be read: {error}") from None
        return self._tls


def told(error: BaseException, server: MailServer) -> tuple[str, str]:
    """(why, what to do) of a failed delivery."""
    for cause in causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return (
                f"its certificate is not good: {clean(cause.verify_message)}",
                "name the host as the certificate does, or give alerts.mail.ca_file",
            )
        if isinstance(cause, ConnectionRefusedError):
            return "nobody listens there", "check alerts.mail.host and alerts.mail.port"
        if isinstance(cause, ssl.SSLError):
            return (
                f"no TLS there: {clean(cause.reason or str(cause))}",
                "port 465 is for security: tls, port 587 for starttls",
            )
    said = clean(getattr(error, "message", "") or str(error)) or type(error).__name__
    if "STARTTLS" in said:
        return said, "the server offers no STARTTLS; try security: tls with port 465"
    if isinstance(error, TimeoutError):
        return f"no answer in {TIMEOUT_S} s", f"check alerts.mail ({server.security})"
    return said, "see the settings alerts.mail"
