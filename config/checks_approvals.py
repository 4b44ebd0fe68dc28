"""Whether the approval page and its mail can work as they are configured.

The one rule: what could be reached or read by others without TLS is refused before it starts.
"""

import ipaddress
from collections.abc import Iterator

from config.alerting import LOCAL_NAMES
from config.mistakes import KeyPath
from config.settings import Settings
from domain.board import Mode

Found = Iterator[tuple[KeyPath, str]]


def approval_page(settings: Settings, _: Mode) -> Found:
    """Others reach the page over TLS or not at all, and it has a port of its own."""
    told, monitoring = settings.approvals, settings.monitoring
    if not ipaddress.ip_address(told.bind).is_loopback and told.public_url is None:
        hint = (
            f"{told.bind} can be reached by others, and the page speaks no TLS; write 127.0.0.1, "
            "or put a TLS proxy before it and give its https URL as approvals.public_url"
        )
        yield ("approvals", "bind"), hint
    taken = (monitoring.prometheus_port, monitoring.grafana_port)
    if told.port and told.port in taken:
        yield ("approvals", "port"), "another server has this port (monitoring); write another"


def mail(settings: Settings, _: Mode) -> Found:
    """A login goes over TLS, and what has to be known is known."""
    told = settings.alerts.mail
    place = ("alerts", "mail")
    local = (told.host or "") in LOCAL_NAMES
    if told.security == "none" and told.host and not local:
        yield (*place, "security"), "only a server on this machine may do without; write starttls"
    if told.host and told.sender is None:
        yield (*place, "sender"), "is missing; write the address that mail comes from"
    if told.username and told.password is None:
        yield (*place, "password"), "is missing; write where it is kept, like keyring:desk/smtp"
    if told.password and told.password.startswith("env:"):
        yield (*place, "password"), "env: is for venue keys; use keyring:, file:, vault: or aws:"


def approval_by_mail(settings: Settings, _: Mode) -> Found:
    """Who approves by mail has a server and somebody to write to."""
    if settings.withdrawals.approval_method != "email":
        return
    if settings.alerts.mail.host is None:
        yield (
            ("withdrawals", "approval_method"),
            "email needs alerts.mail.host; see docs/approvals.md, or write console",
        )
    people = settings.operators.values()
    if not any("approver" in known.roles and known.email for known in people):
        yield (
            ("withdrawals", "approval_method"),
            "email needs an operator with the role approver and an email; or write console",
        )


APPROVAL_CHECKS = (approval_page, mail, approval_by_mail)
