"""The one way in which a request leaves this room over HTTP.

The one rule: what is dialled is what was checked. The name is resolved once, every address is
looked at, the connection goes to these addresses and to no other, and the certificate must be
that of the name. Nothing that is raised or logged here shows more of the URL than its host.

    target (alerts.targets)   https, an allowed host and port, nothing that is read two ways
    addresses                 looked up once; one that is not allowed refuses them all
    exchange                  TLS to these addresses; no proxy, no cookie, no redirect
    answer                    its status, and at most a few kilobytes of an error's words
"""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from ipaddress import ip_address
from typing import TYPE_CHECKING

from alerts.addresses import refused
from alerts.lookup import Lookup
from alerts.targets import Target
from domain.errors import DeskError, Misconfigured, Refused, Unavailable, causes
from domain.text import clean

if TYPE_CHECKING:  # aiohttp is loaded where a request leaves
    import aiohttp
    from aiohttp.abc import AbstractResolver

TIMEOUT_S = 15
RESOLVE_S = 5
MOST_BYTES = 4_096
MOST_ADDRESSES = 16
_IPV6 = 6
_REDIRECTS = range(300, 400)
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""The addresses of a name, as text; it raises OSError where there are none."""
Policy = Callable[[str], str]
"""Why an address is not dialled; "" when it may be."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said: `words` of an answer that is no success, `wait_s` if it told one."""

    status: int
    words: str = ""
    wait_s: int = 0


class Outward:
    """Sends requests to checked targets.

    `resolve` finds addresses, `policy` decides over them; `ca_file` names another authority than
    the system's ones ("": these), `where` the setting that an operator would have to mend.
    """

    def __init__(
        self,
        where: str,
        *,
        private: bool = False,
        ca_file: str = "",
        policy: Policy | None = None,
        resolve: Resolve | None = None,
        timeout_s: int = TIMEOUT_S,
    ) -> None:
        self._where = where
        self._ca_file = ca_file
        self._policy = policy or partial(refused, private=private)
        self._resolve = resolve or Lookup()
        self._timeout_s = timeout_s
        self._tls: ssl.SSLContext | None = None

    async def post(self, target: Target, body: bytes) -> Answer:
        """Send JSON to a target, once.

        Raises:
            Refused: its address is none that anything is sent to.
            Misconfigured: the authority's file cannot be read.
            Unavailable: nothing, or nothing good, came back; says why and what to do.
        """
        try:
            async with asyncio.timeout(self._timeout_s):
                tls = await self._context()
                addresses = await self._addresses(target)
                return await _exchange(target, body, addresses, tls)
        except TimeoutError:
            why = f"no answer in {self._timeout_s} s"
            failure: DeskError = _unavailable(target, why, "look whether the host can be reached")
        except DeskError as error:
            failure = error
        except (OSError, ValueError, _client_error()) as error:
            failure = _unavailable(target, *_told(error, self._where))
        # Outside the handler: the error that a client raises has the whole URL in it, and would
        # stand above ours in every traceback.
        raise failure

    async def _context(self) -> ssl.SSLContext:
        if self._tls is None:
            # Reading every authority's certificate takes long: not on the engine's loop.
            try:
                self._tls = await asyncio.to_thread(_trusting, self._ca_file)
            except OSError as error:
                hint = f"cannot be read: {error.strerror or 'no certificate'}"
                raise Misconfigured(f"{self._where}.ca_file", hint) from None
        return self._tls

    async def _addresses(self, target: Target) -> Sequence[str]:
        """The name's addresses, looked up once; one that may not be dialled refuses them all."""
        try:
            async with asyncio.timeout(RESOLVE_S):
                found = await self._resolve(target.host.name, target.host.port)
        except (OSError, UnicodeError) as error:
            late = isinstance(error, TimeoutError)
            why = f"its name was not found in {RESOLVE_S} s" if late else "its name is not known"
            raise _unavailable(target, why, "check the name and this machine's DNS") from None
        if not found:
            raise _unavailable(target, "its name has no address", "check the name") from None
        for address in found:
            why = self._policy(address)
            if why:
                told = f"{target} is at {clean(address, longest=60)}, which {why}"
                raise Refused("webhook_address", f"{told}; nothing was sent")
        return found[:MOST_ADDRESSES]


def _trusting(ca_file: str) -> ssl.SSLContext:
    """Checks certificates and names. Python's own default would also obey SSLKEYLOGFILE."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if ca_file:
        context.load_verify_locations(ca_file)
    else:
        context.load_default_certs()
    return context


async def _exchange(
    target: Target, body: bytes, addresses: Sequence[str], tls: ssl.SSLContext
) -> Answer:
    """One request over a connection of its own."""
    import aiohttp  # noqa: PLC0415 - only where a request leaves
    from yarl import URL  # noqa: PLC0415 - as above

    host = target.host
    url = URL(f"https://{host.name}:{host.port}{target.path}", encoded=True)
    if (url.scheme, url.host, url.port) != ("https", host.name, host.port):
        raise Refused("webhook_url", f"the URL of {target} is read in two ways; nothing was sent")
    connector = aiohttp.TCPConnector(
        resolver=_pinned(host.name, addresses), use_dns_cache=False, ssl=tls, force_close=True
    )
    # `trust_env` off: no proxy and no .netrc of the environment; the time is kept by `post`.
    session = aiohttp.ClientSession(
        connector=connector,
        trust_env=False,
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        timeout=aiohttp.ClientTimeout(total=None),
        read_bufsize=MOST_BYTES,
    )
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "quarterdeck",
        "Accept-Encoding": "identity",
    }
    async with (
        session,
        session.post(url, data=body, headers=headers, allow_redirects=False) as answer,
    ):
        return await _read(target, answer)


async def _read(target: Target, answer: "aiohttp.ClientResponse") -> Answer:
    if answer.status in _REDIRECTS:
        raise _unavailable(
            target,
            f"it sends us elsewhere ({answer.status}), and no redirect is followed",
            "copy the URL from the chat once more",
        )
    wait_s = _seconds(answer.headers.get("Retry-After", ""))
    if answer.ok:
        return Answer(answer.status, wait_s=wait_s)
    words = b""
    while len(words) < MOST_BYTES:
        part = await answer.content.read(MOST_BYTES - len(words))
        if not part:
            break
        words += part
    return Answer(answer.status, words.decode("utf-8", "replace"), wait_s)


def _seconds(text: str) -> int:
    """What `Retry-After` says in seconds; a date, which would need a clock, counts as nothing."""
    whole = text.strip().partition(".")[0]
    return int(whole) if whole.isascii() and whole.isdecimal() and len(whole) <= 6 else 0  # noqa: PLR2004 - eleven days


def _pinned(name: str, addresses: Sequence[str]) -> "AbstractResolver":
    """A resolver that knows one name, and says what was found when it was looked up."""
    from aiohttp.abc import AbstractResolver, ResolveResult  # noqa: PLC0415 - as above

    class Pinned(AbstractResolver):
        async def resolve(
            self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
        ) -> list[ResolveResult]:
            if host != name:
                raise OSError("only the checked name is dialled")
            rows = [_row(host, address, port) for address in addresses]
            return [row for row in rows if family in (socket.AF_UNSPEC, row["family"])]

        async def close(self) -> None:
            """Nothing is open."""

    def _row(host: str, address: str, port: int) -> ResolveResult:
        six = ip_address(address).version == _IPV6
        return ResolveResult(
            hostname=host,
            host=address,
            port=port,
            family=socket.AF_INET6 if six else socket.AF_INET,
            proto=socket.IPPROTO_TCP,
            flags=socket.AI_NUMERICHOST,
        )

    return Pinned()


# What went wrong


def _client_error() -> type[Exception]:
    import aiohttp  # noqa: PLC0415 - as above

    return aiohttp.ClientError


def _unavailable(target: Target, why: str, remedy: str) -> Unavailable:
    return Unavailable(f"the webhook's host {target}", why, remedy=remedy)


def _told(error: BaseException, where: str) -> tuple[str, str]:
    """(why, what to do) of a failed exchange, with nothing of the error's own text.

    A certificate's own complaint is told: it names hosts and dates, and no URL.
    """
    inmost = (cause for cause in reversed(causes(error)) if isinstance(cause, OSError))
    cause = next(inmost, error)
    if isinstance(cause, ssl.SSLCertVerificationError):
        return (
            f"its certificate is not good: {clean(cause.verify_message)}",
            f"name the host as the certificate does, or give {where}.ca_file",
        )
    if isinstance(cause, ConnectionRefusedError):
        return "nobody listens there", "check the host and its port"
    if isinstance(cause, ssl.SSLError):
        return f"no TLS there: {clean(cause.reason or 'not told')}", "check the host and its port"
    if isinstance(cause, OSError) and cause.errno:
        return "it cannot be reached", "look whether the host can be reached from here"
    return f"what it answered is no HTTP ({type(error).__name__})", "check the host and its port"
