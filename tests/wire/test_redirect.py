"""Nothing leaves the machine: real hosts become loopback ones, all others are refused."""

import os
import subprocess
import sys
from collections.abc import Mapping

import aiohttp
import pytest
from yarl import URL

from tests.wire.kraken.loopback import Loopback
from tests.wire.redirect import RefusedHost, environment, redirected, rewritten

ROUTES = {"api.kraken.com": "http://127.0.0.1:81/api.kraken.com"}

ASK_THE_TIME = """
import asyncio, aiohttp
async def main():
    async with aiohttp.ClientSession() as session:
        async with session.get("https://api.kraken.com/0/public/Time") as reply:
            print((await reply.json())["result"]["unixtime"] > 0, reply.url.host)
asyncio.run(main())
"""
LEAVE = """
import socket, urllib.request
for leave in (
    lambda: urllib.request.urlopen("https://example.org", timeout=2),
    lambda: socket.create_connection(("93.184.215.14", 443), timeout=2),
    lambda: socket.getaddrinfo("api.kraken.com", 443),
):
    try:
        leave()
    except Exception as error:
        print(type(error).__name__)
"""
GRANDCHILD = "import subprocess, sys; subprocess.run([sys.executable, '-c', {code!r}], check=True)"


@pytest.mark.parametrize(
    ("real", "here"),
    [
        (
            "https://api.kraken.com/0/public/Time",
            "http://127.0.0.1:81/api.kraken.com/0/public/Time",
        ),
        ("wss://api.kraken.com/v2", "ws://127.0.0.1:81/api.kraken.com/v2"),
        ("https://api.kraken.com/x?pair=A%2CB", "http://127.0.0.1:81/api.kraken.com/x?pair=A%2CB"),
        ("http://127.0.0.1:5/metrics", "http://127.0.0.1:5/metrics"),
        ("http://localhost:5/metrics", "http://localhost:5/metrics"),
    ],
)
def test_a_url_keeps_its_path_and_query_to_the_letter(real: str, here: str) -> None:
    assert str(rewritten(URL(real, encoded=True), ROUTES)) == here


@pytest.mark.parametrize(
    "url",
    [
        "https://api.kraken.com.evil.org/",
        "https://futures.kraken.com/",
        "https://8.8.8.8/",
        "wss://x/",
    ],
)
def test_a_host_that_is_not_routed_is_refused(url: str) -> None:
    with pytest.raises(RefusedHost, match="nothing was sent"):
        rewritten(URL(url), ROUTES)


async def test_the_redirection_ends_with_its_block(venue: Loopback) -> None:
    original = aiohttp.ClientSession._request
    with redirected({}):
        assert aiohttp.ClientSession._request is not original
        async with aiohttp.ClientSession() as session:
            with pytest.raises(RefusedHost):
                await session.get("https://api.kraken.com/0/public/Time")
    assert aiohttp.ClientSession._request is original


def child(code: str, routes: Mapping[str, str]) -> str:
    environ = {**os.environ, **environment(routes)}
    command = [sys.executable, "-c", code]
    done = subprocess.run(
        command, env=environ, capture_output=True, text=True, timeout=15, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_child_process_and_its_children_are_redirected_too(venue: Loopback) -> None:
    assert child(ASK_THE_TIME, venue.routes) == "True 127.0.0.1\n"
    assert child(GRANDCHILD.format(code=ASK_THE_TIME), venue.routes) == "True 127.0.0.1\n"


def test_a_child_process_cannot_leave_by_another_way() -> None:
    assert child(LEAVE, ROUTES).split() == ["RefusedHost"] * 3


def test_a_child_that_never_uses_aiohttp_does_not_load_it() -> None:
    assert child("import sys; print('aiohttp' in sys.modules)", ROUTES) == "False\n"
