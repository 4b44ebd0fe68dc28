"""Real hosts → loopback, below every client library, so that clients keep their real URLs.

`aiohttp.ClientSession._request` is the one door through which aiohttp's requests and sockets
leave; it is rewritten here. For whole processes an audit hook also refuses every other way
out (requests, urllib, mail): name look-ups and connections beyond loopback raise. The one rule:
what is not routed is refused, loudly; nothing reaches the real network by accident.
"""

import importlib.util
import ipaddress
import json
import os
import sys
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

ROUTES_VARIABLE = "WIRE_ROUTES"
PATCHED = "aiohttp.client"
SOCKET_SCHEMES = {"wss": "ws", "ws": "ws"}
LOOPBACK_NAMES = ("localhost", "")


class RefusedHost(RuntimeError):
    """Something wanted to talk to a host that is neither routed nor loopback."""


def environment(routes: Mapping[str, str]) -> dict[str, str]:
    """The variables that make a child process redirect itself (`tests/wire/site`)."""
    here = Path(__file__).resolve().parent
    paths = [str(here / "site"), str(here.parent.parent), os.environ.get("PYTHONPATH", "")]
    return {ROUTES_VARIABLE: json.dumps(routes), "PYTHONPATH": os.pathsep.join(filter(None, paths))}


def routes_from(environ: Mapping[str, str]) -> dict[str, str]:
    """The routes of this process; empty when it is not redirected."""
    found: dict[str, str] = json.loads(environ.get(ROUTES_VARIABLE, "{}"))
    return found


@contextmanager
def redirected(routes: Mapping[str, str]) -> Generator[None]:
    """Redirect aiohttp in this process for the length of the block."""
    import aiohttp.client  # noqa: PLC0415  # children that never use it must not load it

    restore = _patch(aiohttp.client, routes)
    try:
        yield
    finally:
        restore()


def install(routes: Mapping[str, str]) -> None:
    """Redirect this process for good: aiohttp once it is imported, everything else refused."""
    if PATCHED in sys.modules:
        _patch(sys.modules[PATCHED], routes)
    else:
        sys.meta_path.insert(0, _Watcher(routes))
    sys.addaudithook(_guard)


def rewritten(url: Any, routes: Mapping[str, str]) -> Any:
    """The loopback URL in place of a real one (yarl.URL in and out). Raises RefusedHost."""
    host = url.host or ""
    if _is_loopback(host):
        return url
    if host not in routes:
        raise RefusedHost(f"{url.scheme}://{host} is not routed to loopback; nothing was sent")
    base = type(url)(routes[host])
    scheme = SOCKET_SCHEMES.get(url.scheme, "http")
    path = base.raw_path.rstrip("/") + url.raw_path
    query = f"?{url.raw_query_string}" if url.raw_query_string else ""
    return type(url)(f"{scheme}://{base.raw_host}:{base.port}{path}{query}", encoded=True)


def _patch(client: ModuleType, routes: Mapping[str, str]) -> Callable[[], None]:
    session = client.ClientSession
    original = session._request  # the one door

    async def request(self: Any, method: str, str_or_url: Any, **options: Any) -> Any:
        url = client.URL(str_or_url) if isinstance(str_or_url, str) else str_or_url
        return await original(self, method, rewritten(url, routes), **options)

    session._request = request

    def restore() -> None:
        session._request = original

    return restore


class _Watcher(MetaPathFinder):
    """Patches aiohttp when, and only when, somebody imports it."""

    def __init__(self, routes: Mapping[str, str]) -> None:
        self._routes = routes

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> ModuleSpec | None:
        """Find the real module, with a loader that patches it afterwards."""
        if fullname != PATCHED:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(fullname)
        if spec is not None and spec.loader is not None:
            spec.loader = _PatchingLoader(spec.loader, self._routes)
        return spec


class _PatchingLoader(Loader):
    def __init__(self, real: Loader, routes: Mapping[str, str]) -> None:
        self._real = real
        self._routes = routes

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._real.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        self._real.exec_module(module)
        _patch(module, self._routes)


def _guard(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "socket.getaddrinfo":
        host = arguments[0]
    elif event == "socket.connect" and isinstance(arguments[1], tuple):
        host = arguments[1][0]
    else:
        return
    name = host.decode("ascii", "replace") if isinstance(host, bytes) else host
    if name is not None and not _is_loopback(str(name)):
        raise RefusedHost(f"{event} to {name} refused: only loopback is open here")


def _is_loopback(host: str) -> bool:
    if host in LOOPBACK_NAMES:
        return True
    try:
        return ipaddress.ip_address(host).is_loopback or host in ("0.0.0.0", "::")
    except ValueError:
        return False
