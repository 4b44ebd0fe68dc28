"""Mail through a real SMTP server: encrypted, logged in, and with errors that say what to do."""

import socket
from pathlib import Path

import pytest

from alerts.mail import PLAIN, TLS, SmtpMailer
from cli.clock import SystemClock, SystemDice
from domain.errors import Misconfigured, Unavailable
from tests.servers.post import SENDER, Box, post_office

ANNA = "anna@example.org"


def mailer(box: Box, **other: object) -> SmtpMailer:
    return SmtpMailer(box.server(**other), SystemClock(), SystemDice())


async def test_a_mail_arrives_over_starttls_with_a_login(tmp_path: Path) -> None:
    async with post_office(tmp_path) as box:
        await mailer(box).send(ANNA, "grüße", "first line\nsecond line\n")
        (mail,) = box.mails
        assert box.recipients == [ANNA]
    assert (mail["From"], mail["To"], mail["Subject"]) == (SENDER, ANNA, "grüße")
    assert mail["Date"]
    assert mail["Message-ID"].endswith("@example.org>")
    assert mail.get_content().splitlines() == ["first line", "second line"]


async def test_no_text_can_add_a_header_or_a_recipient(tmp_path: Path) -> None:
    async with post_office(tmp_path) as box:
        await mailer(box).send(ANNA, "hello\r\nBcc: eve@example.org\r\n\r\nbody", "x\r\n.\r\nQUIT")
        (mail,) = box.mails
        assert box.recipients == [ANNA]
    assert mail["Bcc"] is None
    assert mail["Subject"] == "hello Bcc: eve@example.org body"
    assert mail.get_content().splitlines() == ["x", ".", "QUIT"]


async def test_a_wrong_password_is_said_and_not_shown(tmp_path: Path) -> None:
    async with post_office(tmp_path) as box:
        with pytest.raises(Misconfigured, match="does not accept the password") as caught:
            await mailer(box, password=lambda: "other secret").send(ANNA, "s", "t")
        assert "other secret" not in str(caught.value)
        assert box.raw == []


async def test_a_certificate_of_nobody_we_know_gets_no_password(tmp_path: Path) -> None:
    async with post_office(tmp_path) as box:
        with pytest.raises(Unavailable, match="certificate is not good") as caught:
            await mailer(box, ca_file="").send(ANNA, "s", "t")
        assert "alerts.mail.ca_file" in caught.value.remedy
        assert box.raw == []


async def test_a_server_without_tls_gets_neither_password_nor_mail(tmp_path: Path) -> None:
    async with post_office(tmp_path, tls=False) as box:
        with pytest.raises(Unavailable, match="STARTTLS") as caught:
            await mailer(box, ca_file="").send(ANNA, "s", "t")
        assert "security: tls" in caught.value.remedy
        with pytest.raises(Unavailable, match="no TLS there"):
            await mailer(box, ca_file="", security=TLS).send(ANNA, "s", "t")
        assert box.raw == []


async def test_a_server_on_this_machine_may_do_without_tls(tmp_path: Path) -> None:
    async with post_office(tmp_path, tls=False) as box:
        await mailer(box, ca_file="", security=PLAIN, username="").send(ANNA, "s", "t")
        assert len(box.raw) == 1


async def test_nobody_listening_is_said_with_what_to_check(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    with pytest.raises(Unavailable, match="nobody listens") as caught:
        await mailer(Box(port=port), ca_file="").send(ANNA, "s", "t")
    assert "alerts.mail.port" in caught.value.remedy


async def test_what_the_server_says_no_to_is_told(tmp_path: Path) -> None:
    async with post_office(tmp_path) as box:
        box.refuses = "554 your mail smells"
        with pytest.raises(Unavailable, match="your mail smells"):
            await mailer(box).send(ANNA, "s", "t")
