"""One request over TLS to the loopback: pinned, certified, bounded, never led elsewhere."""

import asyncio
import errno
import logging
import socket
import traceback
from collections.abc import Sequence
from pathlib import Path

import pytest

from alerts.outward import MOST_BYTES, Answer, Outward, _pinned, _told
from alerts.targets import target
from domain.errors import DeskError, Misconfigured, Unavailable
from tests.servers.chat import LOOPBACK, NAME, SECRET, Chat, answer, chat

pytestmark = pytest.mark.timeout(60)


async def posted(server: Chat, outward: Outward | None = None) -> Answer:
    where = target(server.url, (server.host,), "alerts.webhooks.ops.url")
    return await (outward or server.outward()).post(where, b'{"text": "hello"}')


async def test_a_message_arrives_under_the_name_and_its_certificate(tmp_path: Path) -> None:
    async with chat(tmp_path) as server:
        assert (await posted(server)).status == 200
        (head,) = server.heads
        assert head.startswith(f"POST {SECRET} HTTP/1.1\r\n")
        assert f"\r\nHost: {NAME}:{server.port}\r\n" in head
        assert "Cookie" not in head
        assert server.bodies == [b'{"text": "hello"}']
        assert server.lookups == [NAME]


async def test_a_name_that_is_rebound_after_the_check_is_harmless(tmp_path: Path) -> None:
    """Each look-up tells another address: the one that was checked is dialled, once."""
    answers = [[LOOPBACK], ["127.0.0.9"]]
    dialled: list[str] = []

    async def resolve(name: str, port: int) -> Sequence[str]:
        return answers.pop(0)

    def checked(address: str) -> str:
        dialled.append(address)
        return "" if address == LOOPBACK else "is another one"

    async with chat(tmp_path) as server:
        outward = Outward("x", ca_file=server.ca_file, policy=checked, resolve=resolve)
        assert (await posted(server, outward)).status == 200
        assert len(server.heads) == 1
    assert answers == [["127.0.0.9"]]
    assert dialled == [LOOPBACK]


async def test_a_pinned_resolver_knows_one_name_and_its_addresses() -> None:
    pinned = _pinned(NAME, ["127.0.0.1", "::1"])
    found = await pinned.resolve(NAME, 443)
    assert [(row["host"], row["family"]) for row in found] == [
        ("127.0.0.1", socket.AF_INET),
        ("::1", socket.AF_INET6),
    ]
    assert len(await pinned.resolve(NAME, 443, socket.AF_INET6)) == 1
    with pytest.raises(OSError, match="only the checked name"):
        await pinned.resolve("other.example.org", 443)


async def test_the_next_message_is_looked_up_and_checked_anew(tmp_path: Path) -> None:
    answers = [[LOOPBACK], ["169.254.169.254"]]

    async def resolve(name: str, port: int) -> Sequence[str]:
        return answers.pop(0)

    async with chat(tmp_path) as server:
        outward = Outward(
            "x",
            ca_file=server.ca_file,
            policy=lambda told: "" if told == LOOPBACK else "is elsewhere",
            resolve=resolve,
        )
        await posted(server, outward)
        with pytest.raises(DeskError, match=r"169\.254\.169\.254, which is elsewhere"):
            await posted(server, outward)
        assert len(server.heads) == 1


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See", "307 T", "308 P"])
async def test_no_redirect_is_followed(status: str, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    async with chat(tmp_path) as server, chat(tmp_path / "other") as other:
        server.says = answer(status, b"", f"Location: https://{NAME}:{other.port}{SECRET}")
        with pytest.raises(Unavailable, match="no redirect is followed") as failure:
            await posted(server)
        assert status[:3] in str(failure.value)
        assert other.heads == []
        assert len(server.heads) == 1


async def test_neither_proxy_nor_login_nor_key_log_of_the_environment_comes_between(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys"))
    (tmp_path / ".netrc").write_text(f"machine {NAME} login me password word\n")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    async with chat(tmp_path) as server:
        assert (await posted(server)).status == 200
        assert "authorization" not in server.heads[0].lower()
    assert not (tmp_path / "keys").exists()


async def test_a_certificate_of_another_name_gets_no_word(tmp_path: Path) -> None:
    async with chat(tmp_path, certified="other.example.org") as server:
        with pytest.raises(Unavailable, match="certificate is not good") as failure:
            await posted(server)
        assert "alerts.webhooks.ops.ca_file" in failure.value.remedy
        assert server.heads == []


async def test_a_certificate_of_nobody_we_know_gets_no_word(tmp_path: Path) -> None:
    async with chat(tmp_path) as server:
        with pytest.raises(Unavailable, match="certificate is not good"):
            await posted(server, server.outward(ca_file=""))
        assert server.heads == []


async def test_an_authority_that_cannot_be_read_is_the_operators_to_mend(tmp_path: Path) -> None:
    async with chat(tmp_path) as server:
        for name in ("none.pem", "empty.pem"):
            (tmp_path / "empty.pem").write_text("nothing")
            with pytest.raises(Misconfigured, match=r"ops\.ca_file: cannot be read"):
                await posted(server, server.outward(ca_file=str(tmp_path / name)))


@pytest.mark.parametrize(
    ("says", "told"),
    [
        (answer("200 OK", b"ok"), Answer(200)),
        (answer("204 No Content"), Answer(204)),
        (answer("429 Slow", b"rate_limited", "Retry-After: 30"), Answer(429, "rate_limited", 30)),
        (answer("429 Slow", b"", "Retry-After: 1.5"), Answer(429, "", 1)),
        (answer("429 Slow", b"", "Retry-After: Wed, 21 Oct 2026 07:28:00 GMT"), Answer(429)),
        (answer("429 Slow", b"", "Retry-After: -5"), Answer(429)),
        (answer("429 Slow", b"", "Retry-After: 99999999999"), Answer(429)),
        (answer("500 Oh", b"\xff"), Answer(500, "\ufffd")),
        (answer("404 Gone", b"no_service"), Answer(404, "no_service")),
    ],
)
async def test_an_answer_is_read_as_it_is(says: bytes, told: Answer, tmp_path: Path) -> None:
    async with chat(tmp_path) as server:
        server.says = says
        assert await posted(server) == told


@pytest.mark.parametrize("status", ["200 OK", "500 Oh"])
async def test_an_endless_answer_is_read_up_to_a_bound(status: str, tmp_path: Path) -> None:
    async with chat(tmp_path) as server:
        server.says = f"HTTP/1.1 {status}\r\nConnection: close\r\n\r\n".encode()
        server.goes_on = b"x" * 65_536
        told = await posted(server)
        assert told.status == int(status[:3])
        assert len(told.words) == (0 if told.status == 200 else MOST_BYTES)


@pytest.mark.parametrize(
    "says",
    [b"", b"HTTP/1.1 200", b"HTTP/1.1 500 Oh\r\nContent-Length: 9\r\n\r\nx"],
    ids=["nothing", "half a head", "half a body"],
)
async def test_a_server_that_falls_silent_ends_the_try(says: bytes, tmp_path: Path) -> None:
    async with chat(tmp_path) as server:
        server.says, server.stays = says, True
        with pytest.raises(Unavailable, match="no answer in 1 s") as failure:
            await posted(server, server.outward(timeout_s=1))
        assert failure.value.remedy


@pytest.mark.parametrize(
    "says",
    [
        b"",
        b"\x00\xff garbage\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"HTTP/1.1 999999 x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"a" * 100_000 + b"\r\n\r\n",
    ],
)
async def test_what_is_no_http_is_said(says: bytes, tmp_path: Path) -> None:
    async with chat(tmp_path) as server:
        server.says = says
        with pytest.raises(Unavailable, match=f"host {NAME}:{server.port} is not available"):
            await posted(server)


def test_a_host_that_cannot_be_reached_is_told_apart_from_garbage() -> None:
    assert _told(OSError(errno.EHOSTUNREACH, "no route"), "x")[0] == "it cannot be reached"
    assert "no HTTP (ValueError)" in _told(ValueError("https://x/secret"), "x")[0]


async def test_a_port_where_nobody_listens_is_said(tmp_path: Path) -> None:
    async with chat(tmp_path) as server:
        pass
    with pytest.raises(Unavailable, match="nobody listens there"):
        await posted(server)


async def test_a_server_without_tls_gets_no_word(tmp_path: Path) -> None:
    got: list[bytes] = []

    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        got.append(await reader.read(9_000))
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        writer.close()

    async with chat(tmp_path) as server, await asyncio.start_server(plain, LOOPBACK, 0) as other:
        server.port = other.sockets[0].getsockname()[1]
        with pytest.raises(Unavailable, match="no TLS there"):
            await posted(server)
    assert not any(b"services" in sent for sent in got)


FAILURES = (
    answer("302 Found", b"", f"Location: {SECRET}"),
    answer("500 Oh", b"Cannot POST " + SECRET.encode()),
    b"garbage\r\n\r\n",
    b"",
)


@pytest.mark.parametrize("says", FAILURES)
async def test_nothing_that_is_said_of_a_failure_shows_the_url(
    says: bytes, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither the message, its representation, the traceback with its causes, nor any log."""
    caplog.set_level(logging.DEBUG)
    async with chat(tmp_path) as server:
        server.says = says
        with pytest.raises(DeskError) as failure:
            await server.hook().send("hello")
    error: BaseException | None = failure.value
    told = [caplog.text, repr(error), getattr(error, "remedy", "")]
    told += traceback.format_exception(failure.value)
    while error is not None:
        told.append(f"{error!r} {error} {error.args}")
        error = error.__cause__ or error.__context__
    assert not [text for text in told if "secret" in text or "T00000000" in text]
    assert NAME in "".join(told)
