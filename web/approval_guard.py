"""Who may talk to the approval page, and how often: hosts, origins, form tokens, rates.

The one rule: nothing that a proxy or a client writes about itself decides. `X-Forwarded-*` is
not read; the names that count are the configured ones and this machine's loopback.
"""

import hmac
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from ipaddress import ip_address
from urllib.parse import urlsplit

MOST_LINKS = 1_000
MINUTE_US = 60_000_000
MOST_POSTS, MOST_GETS = 10, 60
SAME_ORIGIN = "same-origin"
_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


@dataclass(frozen=True, slots=True)
class Doors:
    """Under which names the page may be asked for. `public_url` "": on this machine alone."""

    public_url: str = ""

    def hosts(self, address: str, port: int) -> frozenset[str]:
        """The `Host` headers that are ours, for a socket that listens on this address."""
        return frozenset(origin.partition("://")[2] for origin in self.origins(address, port))

    def origins(self, address: str, port: int) -> frozenset[str]:
        """The origins whose forms are ours."""
        public = {self.public_url} if self.public_url else set()
        if ip_address(address).is_loopback:
            public |= {f"http://{name}:{port}" for name in _LOOPBACK}
        return frozenset(public)

    @property
    def secure(self) -> bool:
        """Whether browsers come over TLS."""
        return urlsplit(self.public_url).scheme == "https"


def from_our_form(headers: Mapping[str, str], origins: frozenset[str]) -> bool:
    """Whether a POST comes from a page of ours, as the browser (no page can) says.

    With `Referrer-Policy: no-referrer` browsers send `Origin: null` with a form, even to its own
    site (Fetch standard, "append a request Origin header"); then Sec-Fetch-Site has to tell.
    """
    site = headers.get("Sec-Fetch-Site", "")
    origin = headers.get("Origin", "null")
    if origin == "null":
        return site == SAME_ORIGIN
    return origin in origins and site in ("", SAME_ORIGIN)


def form_token(secret: bytes, link: str) -> str:
    """What our form carries: bound to its link and to this run of the page."""
    return hmac.new(secret, b"approval form " + link.encode(), sha256).hexdigest()


def is_form_token(secret: bytes, link: str, told: str) -> bool:
    """Whether the form is ours, compared in constant time."""
    return hmac.compare_digest(form_token(secret, link).encode(), told.encode())


class Rate:
    """Counts requests by link within a minute, for the newest thousand links."""

    def __init__(self) -> None:
        self._counts: OrderedDict[str, tuple[int, int]] = OrderedDict()

    def allows(self, link: str, method: str, now_us: int) -> bool:
        """Count one more; False once a link has had its share of this minute."""
        kind = "POST" if method == "POST" else "GET"
        name = f"{kind} {sha256(link.encode()).hexdigest()}"
        minute, count = self._counts.pop(name, (0, 0))
        this = now_us // MINUTE_US
        count = count + 1 if minute == this else 1
        self._counts[name] = (this, count)
        if len(self._counts) > MOST_LINKS:
            self._counts.popitem(last=False)
        return count <= (MOST_POSTS if kind == "POST" else MOST_GETS)
