"""The table of URLs and addresses: what may be written to, and why all else may not."""

import asyncio
import socket
import threading
from collections.abc import Sequence

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from alerts.addresses import refused
from alerts.lookup import Lookup
from alerts.outward import Outward
from alerts.targets import Host, Target, host_of, target
from domain.errors import Misconfigured, Refused, Unavailable

SLACK = Host("hooks.slack.com")
INNER = Host("chat.example.org", 8443)
HOSTS = (SLACK, INNER)
WHERE = "alerts.webhooks.ops.url"
PATH = "/services/T0/B0/secretsecret"
GOOD = (
    (f"https://hooks.slack.com{PATH}", SLACK, PATH),
    (f"https://hooks.slack.com:443{PATH}", SLACK, PATH),
    (f"https://HOOKS.Slack.Com{PATH}", SLACK, PATH),
    (f"https://hooks.slack.com.{PATH}", SLACK, PATH),
    (f"https://chat.example.org:8443{PATH}", INNER, PATH),
    ("https://hooks.slack.com/a@b:c/%2e%2e/d?x=https://10.0.0.1", SLACK, ""),
)
NUMBER, MISREAD, LOOKS = "is an IP address", "is an IPv6 address", "only look like others"
BLANK, SCHEME, OTHER = "control character", "does not begin with https", "is not allowed"
BAD = (
    # another scheme
    (f"http://hooks.slack.com{PATH}", SCHEME),
    (f"//hooks.slack.com{PATH}", SCHEME),
    (f"https:/hooks.slack.com{PATH}", SCHEME),
    (f"https:hooks.slack.com{PATH}", SCHEME),
    (f"HTTPS://hooks.slack.com{PATH}", SCHEME),
    (f"file://hooks.slack.com{PATH}", SCHEME),
    (f"gopher://hooks.slack.com{PATH}", SCHEME),
    (f"hooks.slack.com{PATH}", SCHEME),
    ("", "is empty"),
    # another host
    (f"https://example.com{PATH}", OTHER),
    (f"https://evil-hooks.slack.com{PATH}", OTHER),
    (f"https://evil.hooks.slack.com{PATH}", OTHER),
    (f"https://hooks.slack.com.evil.example{PATH}", OTHER),
    (f"https://slack.com{PATH}", OTHER),
    (f"https://localhost{PATH}", OTHER),
    (f"https://metadata.google.internal{PATH}", OTHER),
    # a user before it
    (f"https://hooks.slack.com@10.0.0.1{PATH}", "has a user"),
    (f"https://user:word@hooks.slack.com{PATH}", "has a user"),
    (f"https://@hooks.slack.com{PATH}", "has a user"),
    # an address, in every spelling
    (f"https://127.0.0.1{PATH}", NUMBER),
    (f"https://2130706433{PATH}", NUMBER),
    (f"https://017700000001{PATH}", NUMBER),
    (f"https://0x7f000001{PATH}", NUMBER),
    (f"https://0X7F.0.0.1{PATH}", NUMBER),
    (f"https://127.1{PATH}", NUMBER),
    (f"https://0177.0.0.1{PATH}", NUMBER),
    (f"https://127.0.0.1.{PATH}", NUMBER),
    (f"https://hooks.slack.com.0x7f{PATH}", NUMBER),
    (f"https://169.254.169.254{PATH}", NUMBER),
    (f"https://0{PATH}", NUMBER),
    (f"https://[::1]{PATH}", MISREAD),
    (f"https://[::ffff:127.0.0.1]{PATH}", MISREAD),
    (f"https://[fe80::1%25eth0]{PATH}", "percent-encoded"),
    (f"https://::1{PATH}", MISREAD),
    # ports
    (f"https://hooks.slack.com:8443{PATH}", "port 8443"),
    (f"https://chat.example.org{PATH}", "port 443"),
    (f"https://hooks.slack.com:{PATH}", "has a port that is none"),
    (f"https://hooks.slack.com:0{PATH}", "has a port that is none"),
    (f"https://hooks.slack.com:65536{PATH}", "has a port that is none"),
    (f"https://hooks.slack.com:0443{PATH}", "has a port that is none"),
    (f"https://hooks.slack.com:443:80{PATH}", MISREAD),
    # what two readers read in two ways
    (f"https://hooks.slack.com\\@10.0.0.1{PATH}", "backslash"),
    (f"https:\\\\hooks.slack.com{PATH}", "backslash"),
    (f"https://hooks.slack.com#@10.0.0.1{PATH}", "a #"),
    (f"https://hooks.slack.com{PATH}#x", "a #"),
    (f"https://hooks.slack.com {PATH}", BLANK),
    (f" https://hooks.slack.com{PATH}", BLANK),
    (f"https://hooks.slack.com{PATH}\n", BLANK),
    (f"https://hooks.slack.com{PATH}\r\nX: y", BLANK),
    (f"https://hooks.sl\tack.com{PATH}", BLANK),
    (f"https://hooks.slack.com\x00.evil.example{PATH}", BLANK),
    (f"https://hooks.slack%2ecom{PATH}", "percent-encoded"),
    (f"https://%68ooks.slack.com{PATH}", "percent-encoded"),
    # letters that look like others
    (f"https://h\u043eoks.slack.com{PATH}", LOOKS),
    (f"https://hooks\uff0eslack\uff0ecom{PATH}", LOOKS),
    (f"https://hooks\u3002slack.com{PATH}", LOOKS),
    (f"https://\u2460\u2461\u2466.0.0.1{PATH}", LOOKS),
    (f"https://hooks.slack.com\uff0f{PATH}", LOOKS),
    (f"https://hooks.sla\u00adck.com{PATH}", LOOKS),
    (f"https://xn--hoks-vqa.slack.com{PATH}", OTHER),
    # no host, no path, odd letters
    (f"https://{PATH}", "is missing"),
    (f"https://.{PATH}", "is no host name"),
    (f"https://hooks..slack.com{PATH}", "is no host name"),
    (f"https://-hooks.slack.com{PATH}", "is no host name"),
    (f"https://hooks.slack.com;.evil.example{PATH}", "is no host name"),
    (f"https://{'a' * 64}.com{PATH}", "is no host name"),
    ("https://hooks.slack.com", "ends with its host"),
    ("https://hooks.slack.com?x=y", "ends with its host"),
    ('https://hooks.slack.com/secret"x', "characters that none has"),
    ("https://hooks.slack.com/secret%zz", "characters that none has"),
    ("https://hooks.slack.com/secret/" + "a" * 2_000, "longer than"),
)


@pytest.mark.parametrize(("url", "host", "path"), GOOD)
def test_a_url_of_an_allowed_host_is_taken_as_it_stands(url: str, host: Host, path: str) -> None:
    found = target(url, HOSTS, WHERE)
    assert found.host == host
    assert found.path == (path or url.partition(".com")[2])


@pytest.mark.parametrize(("url", "why"), BAD)
def test_every_other_url_is_refused_with_its_reason_and_not_shown(url: str, why: str) -> None:
    with pytest.raises(Misconfigured, match=why) as refusal:
        target(url, HOSTS, WHERE)
    assert refusal.value.where == WHERE
    assert "secret" not in str(refusal.value)


@given(
    st.text(st.sampled_from("/\\@:#?%.[]\t\n\u3002\uff0ea1") | st.characters(), max_size=30),
    st.sampled_from(["https://", "https://hooks.slack.com", "https://x@hooks.slack.com", ""]),
)
@example("@10.0.0.1/", "https://hooks.slack.com")
def test_whatever_is_written_another_host_than_an_allowed_one_is_never_read(
    rest: str, start: str
) -> None:
    from yarl import URL  # noqa: PLC0415 - the client's own reading of it

    try:
        found = target(start + rest, HOSTS, WHERE)
    except Misconfigured:
        return
    read = URL(start + rest, encoded=True)
    assert Host(str(read.host).removesuffix("."), read.port or 0) == found.host
    assert found.host in HOSTS


def test_nothing_that_shows_a_target_shows_its_path() -> None:
    found = target(GOOD[0][0], HOSTS, WHERE)
    assert "secret" not in f"{found} {found!r} {found!s}"


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("hooks.slack.com", SLACK),
        ("Hooks.Slack.com.", SLACK),
        ("hooks.slack.com:443", SLACK),
        ("chat.example.org:8443", INNER),
        ("mattermost", Host("mattermost")),
        ("xn--bcher-kva.example", Host("xn--bcher-kva.example")),
    ],
)
def test_an_entry_of_the_allow_list_is_a_name_and_a_port(text: str, host: Host) -> None:
    assert host_of(text) == host


@pytest.mark.parametrize(
    "text",
    ["", "10.0.0.1", "0x7f.1", "[::1]", "*.slack.com", "https://hooks.slack.com", "b\u00fccher.de",
     "a b", "hooks.slack.com/x", "hooks.slack.com:", "hooks.slack.com:99999", "u@slack.com"],
)  # fmt: skip
def test_no_other_entry_is_one(text: str) -> None:
    with pytest.raises(ValueError, match=r"is|has"):
        host_of(text)


# Addresses: (address, part of the reason by default, the same where private ones are meant)

PRIVATE, METADATA = "private", "metadata"
ADDRESSES = (
    ("52.89.214.238", "", ""),
    ("2600:1f14::1", "", ""),
    ("64:ff9b::3459:d6ee", "", ""),  # NAT64 of a public host
    ("10.0.0.1", PRIVATE, ""),
    ("172.16.0.1", PRIVATE, ""),
    ("172.31.255.255", PRIVATE, ""),
    ("192.168.1.1", PRIVATE, ""),
    ("100.64.0.1", PRIVATE, ""),
    ("fc00::1", PRIVATE, ""),
    ("fd12:3456::1", PRIVATE, ""),
    ("127.0.0.1", "this machine", "this machine"),
    ("127.255.255.254", "this machine", "this machine"),
    ("::1", "this machine", "this machine"),
    ("0.0.0.0", "no host", "no host"),
    ("0.1.2.3", "no host", "no host"),
    ("::", "no host", "no host"),
    ("169.254.169.254", METADATA, METADATA),
    ("169.254.170.2", METADATA, METADATA),
    ("fd00:ec2::254", METADATA, METADATA),
    ("fd20:ce::254", METADATA, METADATA),
    ("100.100.100.200", METADATA, METADATA),
    ("168.63.129.16", "cloud", "cloud"),
    ("192.0.0.192", "reserved", "reserved"),
    ("192.0.2.1", "documentation", "documentation"),
    ("198.18.0.1", "benchmarks", "benchmarks"),
    ("198.51.100.1", "documentation", "documentation"),
    ("203.0.113.1", "documentation", "documentation"),
    ("224.0.0.1", "multicast", "multicast"),
    ("255.255.255.255", "reserved", "reserved"),
    ("fe80::1", "link-local", "link-local"),
    ("fe80::1%eth0", "one network card", "one network card"),
    ("2600:1f14::1%eth0", "one network card", "one network card"),
    ("fec0::1", "no public address", "no public address"),
    ("ff02::1", "multicast", "multicast"),
    ("2001:db8::1", "documentation", "documentation"),
    ("::ffff:10.0.0.1", "written as IPv6", "written as IPv6"),
    ("::ffff:52.89.214.238", "written as IPv6", "written as IPv6"),
    ("::10.0.0.1", "no public address", "no public address"),
    ("2002:0a00:0001::1", "6to4", "6to4"),
    ("2001:0:4136:e378:8000:63bf:f5ff:fffe", "Teredo", "Teredo"),
    ("64:ff9b::a00:1", "stands for 10.0.0.1", "stands for 10.0.0.1"),
    ("64:ff9b::7f00:1", "stands for 127.0.0.1", "stands for 127.0.0.1"),
    ("64:ff9b::a9fe:a9fe", "stands for 169.254.169.254", "stands for 169.254.169.254"),
    ("64:ff9b:1::a00:1", "no public address", "no public address"),
    ("100::1", "no public address", "no public address"),
    ("5f00::1", "no public address", "no public address"),
    ("4000::1", "no public address", "no public address"),
    ("hooks.slack.com", "is no address", "is no address"),
    ("", "is no address", "is no address"),
)


@pytest.mark.parametrize(("address", "public", "private"), ADDRESSES)
def test_an_address_is_dialled_or_refused_by_what_it_is(
    address: str, public: str, private: str
) -> None:
    for told, why in ((refused(address), public), (refused(address, private=True), private)):
        assert why in told
        assert bool(told) is bool(why)


@given(st.ip_addresses())
def test_what_python_calls_no_global_address_is_never_dialled(address: object) -> None:
    told = refused(str(address))
    if not address.is_global or address.is_multicast:  # type: ignore[attr-defined]
        assert told


# Names


def outward(found: Sequence[str] | Exception, *, private: bool = False) -> Outward:
    async def resolve(name: str, port: int) -> Sequence[str]:
        if isinstance(found, Exception):
            raise found
        return found

    return Outward("alerts.webhooks.ops", private=private, resolve=resolve)


@pytest.mark.parametrize(
    ("found", "private", "why"),
    [
        (["127.0.0.1"], False, "this machine"),
        (["52.89.214.238", "10.0.0.1"], False, "10.0.0.1, which is a private address"),
        (["2600:1f14::1", "::1"], True, "this machine"),
        (["10.0.0.1", "169.254.169.254"], True, "metadata"),
        (["10.0.0.1"], False, "private_addresses: true"),
    ],
)
async def test_one_forbidden_address_refuses_the_name(
    found: list[str], private: bool, why: str
) -> None:
    with pytest.raises(Refused, match=why) as refusal:
        await outward(found, private=private).post(Target(SLACK, PATH), b"{}")
    assert refusal.value.rule == "webhook_address"
    assert "secret" not in str(refusal.value)
    assert "nothing was sent" in str(refusal.value)


@pytest.mark.parametrize(
    ("found", "why"),
    [
        ([], "has no address"),
        (socket.gaierror(socket.EAI_NONAME, "unknown"), "is not known"),
        (TimeoutError(), "not found in 5 s"),
        (UnicodeError("label too long"), "is not known"),
    ],
)
async def test_a_name_without_an_address_is_said(found: list[str] | Exception, why: str) -> None:
    with pytest.raises(Unavailable, match=why) as failure:
        await outward(found).post(Target(SLACK, PATH), b"{}")
    assert failure.value.remedy


async def test_a_name_that_is_never_resolved_ends_the_try() -> None:
    async def resolve(name: str, port: int) -> Sequence[str]:
        await asyncio.Event().wait()
        raise AssertionError

    waiting = Outward("alerts.webhooks.ops", resolve=resolve, timeout_s=1)
    with pytest.raises(Unavailable, match="no answer in 1 s"):
        await waiting.post(Target(SLACK, PATH), b"{}")


async def test_the_systems_resolver_tells_each_address_once() -> None:
    lookup = Lookup()
    for _ in range(50):
        found = await lookup("localhost", 443)
        assert set(found) <= {"127.0.0.1", "::1"}
        assert len(set(found)) == len(found) > 0


async def test_a_name_that_is_none_is_an_error_of_the_resolver() -> None:
    with pytest.raises((OSError, UnicodeError)):
        await Lookup()("a" * 300, 443)


async def test_a_resolver_that_hangs_is_asked_no_second_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []
    go_on = threading.Event()

    def hanging(name: str, *_: object, **__: object) -> list[object]:
        asked.append(name)
        go_on.wait(20)
        return []

    monkeypatch.setattr("socket.getaddrinfo", hanging)
    lookup = Lookup()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await lookup("one.example", 443)
    with pytest.raises(TimeoutError, match="still waits"):
        await lookup("two.example", 443)
    go_on.set()
    assert lookup._asking is not None
    await asyncio.to_thread(lookup._asking.join, 15)
    assert asked == ["one.example"]
