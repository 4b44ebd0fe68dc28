"""The approval page and its mail: what could be reached or read by others is refused."""

from pathlib import Path

import pytest

from config.load import load
from domain.errors import Misconfigured

MAIL = "alerts:\n  mail:\n    host: smtp.example.org\n    sender: desk@example.org\n"
ANNA = "operators:\n  anna:\n    os_uid: 1000\n    roles: [approver, admin]\n"
EMAIL = "withdrawals:\n  approval_method: email\n"


def loaded(tmp_path: Path, text: str) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(text)
    load(path, environ={})


def test_a_page_that_others_reach_stands_behind_tls(tmp_path: Path) -> None:
    open_page = "approvals:\n  bind: 0.0.0.0\n"
    with pytest.raises(Misconfigured, match="can be reached by others") as refused:
        loaded(tmp_path, open_page)
    assert refused.value.exit_status == 78
    loaded(tmp_path, f"{open_page}  public_url: https://desk.example.org\n")
    loaded(tmp_path, f"{open_page}  public_url: https://desk.example.org:8443/\n")


@pytest.mark.parametrize(
    "url",
    [
        "http://desk.example.org",
        "https://desk.example.org/path",
        "https://user:word@desk.example.org",
        "https://",
        "https://desk.example.org?x=1",
        "https://[",
        "desk.example.org",
    ],
)
def test_a_public_url_is_plain_https(url: str, tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match=r"https://desk\.example\.org"):
        loaded(tmp_path, f"approvals:\n  public_url: '{url}'\n")


def test_the_page_has_a_port_of_its_own(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="another server has this port"):
        loaded(tmp_path, "approvals:\n  port: 9108\n")


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ("    security: none\n", "only a server on this machine"),
        ("    username: desk\n", "where it is kept"),
        ("    username: desk\n    password: env:SMTP\n", "env: is for venue keys"),
        ("    password: hunter2\n", "not shown"),
        ("    port: 0\n", "out of bounds"),
    ],
)
def test_mail_that_could_leak_is_refused(more: str, why: str, tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match=why) as refused:
        loaded(tmp_path, MAIL + more)
    assert "hunter2" not in str(refused.value)


def test_a_server_needs_a_sender_and_this_machine_needs_no_tls(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match=r"alerts\.mail\.sender"):
        loaded(tmp_path, "alerts:\n  mail:\n    host: smtp.example.org\n")
    local = MAIL.replace("smtp.example.org", "127.0.0.1")
    loaded(tmp_path, f"{local}    security: none\n")


def test_approval_by_mail_needs_a_server_and_somebody_to_write_to(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match=r"needs alerts\.mail\.host"):
        loaded(tmp_path, EMAIL + ANNA)
    with pytest.raises(Misconfigured, match="role approver and an email"):
        loaded(tmp_path, EMAIL + ANNA + MAIL)
    viewer = ANNA.replace("[approver, admin]", "[viewer, admin]")
    address = "    email: anna@example.org\n"
    with pytest.raises(Misconfigured, match="role approver and an email"):
        loaded(tmp_path, EMAIL + viewer + address + MAIL)
    loaded(tmp_path, EMAIL + ANNA + address + MAIL)


@pytest.mark.parametrize("address", ["anna", "a@b\\r\\nBcc: x@y", "a b@c", "@c", "a@", "a@b,c@d"])
def test_an_address_is_one_plain_address(address: str, tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="mail address"):
        loaded(tmp_path, f'{ANNA}    email: "{address}"\n')
