"""The URL that a message goes to, read more strictly than any client would read it.

The one rule: what two programs could read in two ways is refused, so that the host that was
checked is the host that is dialled; and no message about a URL shows more of it than its host.
"""

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import NamedTuple

from domain.errors import Misconfigured
from domain.text import clean

HTTPS = 443
LONGEST = 2_000
LONGEST_NAME = 253
LARGEST_PORT = 65_535
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_PATH = re.compile(r"/(?:[A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*")
_PORT = re.compile(r"[1-9][0-9]{0,4}")


class Host(NamedTuple):
    """A host that may be written to, by its name in small letters, and the port."""

    name: str
    port: int = HTTPS

    def __str__(self) -> str:
        return self.name if self.port == HTTPS else f"{self.name}:{self.port}"


@dataclass(frozen=True, slots=True)
class Target:
    """Where one request goes. `path` is the secret, with the query: nothing shows it."""

    host: Host
    path: str = field(repr=False)

    def __str__(self) -> str:
        return str(self.host)


def host_of(text: str) -> Host:
    """An entry of an allow-list: `hooks.slack.com`, or `chat.example.org:8443`.

    Raises:
        ValueError: with what to write instead.
    """
    name, colon, port = text.partition(":")
    why = _odd_host(text) or _odd_name(normal(name)) or (_odd_port(port) if colon else "")
    if why:
        raise ValueError(f"'{clean(text, longest=60)}' {why}")
    return Host(normal(name), int(port) if colon else HTTPS)


def target(url: str, hosts: Collection[Host], where: str) -> Target:
    """The parts of a URL whose host is one of `hosts`; `where` names the setting.

    Raises:
        Misconfigured: saying why nothing is sent there, and what to do; never with the URL.
    """
    for odd, why in _ODDITIES:
        if odd(url):
            raise Misconfigured(where, why)
    rest = url[len("https://") :]
    authority = re.split(r"[/?]", rest, maxsplit=1)[0]
    path = rest[len(authority) :]
    name, colon, port = authority.partition(":")
    name = normal(name)
    why = _odd_host(authority) or _odd_name(name) or (_odd_port(port) if colon else "")
    if why:
        raise Misconfigured(where, f"its host {why}")
    host = Host(name, int(port) if colon else HTTPS)
    if host not in hosts:
        raise Misconfigured(where, _not_listed(host, hosts))
    if not _PATH.fullmatch(path):
        raise Misconfigured(where, _odd_path(path))
    return Target(host, path)


def normal(name: str) -> str:
    """A host's name as it is compared: small letters, no final dot."""
    return name.lower().removesuffix(".")


def _odd_host(text: str) -> str:
    """Spellings of a host that clients read in several ways."""
    if "@" in text:
        return "has a user before it; take away everything up to the @"
    if "%" in text:
        return "is percent-encoded; write it plainly"
    if "[" in text or text.count(":") > 1:
        return "is an IPv6 address, or has two ports; write the name that its certificate has"
    return "" if text else "is missing"


def _odd_name(name: str) -> str:
    if not name.isascii():
        return "has letters that only look like others; write its ASCII form (xn--…)"
    labels = name.split(".")
    if _NUMBER.fullmatch(labels[-1]):
        return "is an IP address; write the name that its certificate has"
    if len(name) > LONGEST_NAME or not all(map(_LABEL.fullmatch, labels)):
        return "is no host name; write for example hooks.slack.com"
    return ""


def _odd_port(port: str) -> str:
    good = _PORT.fullmatch(port) and int(port) <= LARGEST_PORT
    return "" if good else "has a port that is none; write 1 to 65535, or leave it out"


def _not_listed(host: Host, hosts: Collection[Host]) -> str:
    known = ", ".join(map(str, hosts)) or "none"
    if any(host.name == listed.name for listed in hosts):
        return f"port {host.port} of {host.name} is not allowed (allowed: {known})"
    return f"the host {host} is not allowed (allowed: {known}); add it to hosts if you trust it"


def _odd_path(path: str) -> str:
    if not path.startswith("/"):
        return "the URL ends with its host; copy the whole of it from the chat"
    return "the URL has characters that none has; copy it once more from the chat"


_ODDITIES: tuple[tuple[Callable[[str], bool], str], ...] = (  # the first that matches is told
    (lambda url: not url, "the URL is empty; copy it from the chat"),
    (lambda url: len(url) > LONGEST, f"the URL is longer than {LONGEST} letters; copy it again"),
    (
        lambda url: any(letter <= " " or letter == "\x7f" for letter in url),
        "the URL has a blank or a control character; copy it once more",
    ),
    (
        lambda url: not url.isascii(),
        "the URL has letters that only look like others; copy it again, a name as xn--…",
    ),
    (lambda url: "\\" in url, "the URL has a backslash, which some read as /; take it away"),
    (lambda url: "#" in url, "the URL has a #, which no webhook has; take away what begins there"),
    (
        lambda url: not url.startswith("https://"),
        "the URL does not begin with https://; nothing is sent any other way",
    ),
)
