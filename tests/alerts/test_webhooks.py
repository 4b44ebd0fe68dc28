"""A Slack-compatible webhook: what it answers, and that its URL is a secret."""

import threading
import traceback
from pathlib import Path

import pytest

from alerts.targets import Host
from alerts.webhooks import KNOWN_HOSTS, SlackHook, Webhook
from domain.errors import DeskError, Misconfigured, Refused, Unavailable
from tests.servers.chat import NAME, SECRET, answer, chat

pytestmark = pytest.mark.timeout(60)


async def test_a_message_is_plain_text_without_markup(tmp_path: Path) -> None:
    async with chat(tmp_path) as server:
        await server.hook().send("[LIVE] hello\nsecond line")
        assert server.texts == ["[LIVE] hello\nsecond line"]
        assert server.bodies == [b'{"text": "[LIVE] hello\\nsecond line", "mrkdwn": false}']
        assert "content-type: application/json" in server.heads[0].lower()


@pytest.mark.parametrize(
    ("says", "family", "why"),
    [
        (answer("400 Bad", b"invalid_payload"), Unavailable, r"400 \(invalid_payload\)"),
        (answer("400 Bad", b"<html>long words</html>"), Unavailable, "answered 400$"),
        (answer("403 No", b"invalid_token"), Misconfigured, r"403 \(invalid_token\).*make a new"),
        (answer("404 None", b"no_service"), Misconfigured, r"404 \(no_service\)"),
        (answer("410 Gone", b"channel_is_archived"), Misconfigured, "channel_is_archived"),
        (answer("500 Oh", b"Cannot POST " + SECRET.encode()), Unavailable, "answered 500$"),
        (answer("503 Oh", b"rollup_error"), Unavailable, "rollup_error"),
        (answer("100 Go on"), DeskError, "not available"),
    ],
)
async def test_what_is_not_taken_is_said_by_what_to_do(
    says: bytes, family: type[DeskError], why: str, tmp_path: Path
) -> None:
    async with chat(tmp_path) as server:
        server.says = says
        with pytest.raises(family, match=why) as failure:
            await server.hook().send("hello")
        assert "secret" not in "".join(traceback.format_exception(failure.value))
        assert f"{NAME}:{server.port}" in str(failure.value)


@pytest.mark.parametrize(("header", "wait_s"), [("30", 30), ("86400", 300), ("soon", 0)])
async def test_a_chat_that_was_told_too_much_says_how_long_to_wait(
    header: str, wait_s: int, tmp_path: Path
) -> None:
    async with chat(tmp_path) as server:
        server.says = answer("429 Slow", b"rate_limited", f"Retry-After: {header}")
        with pytest.raises(Unavailable, match=r"too much \(429 \(rate_limited\)\)") as failure:
            await server.hook().send("hello")
        assert failure.value.retry_after_us == wait_s * 1_000_000


async def test_a_word_that_is_part_of_the_url_is_not_repeated(tmp_path: Path) -> None:
    async with chat(tmp_path) as server:
        server.says = answer("404 None", b"quiet_secret")
        url = f"https://{NAME}:{server.port}/hooks/quiet_secret"
        with pytest.raises(Misconfigured, match="answered 404:") as failure:
            await server.hook(url=lambda: url).send("hello")
        assert "quiet_secret" not in str(failure.value)


async def test_the_url_is_read_for_each_message_and_must_name_an_allowed_host(
    tmp_path: Path,
) -> None:
    async with chat(tmp_path) as server:
        urls = ["https://evil.example/secret", server.url]
        hook = server.hook(url=lambda: urls.pop(0))
        with pytest.raises(Misconfigured, match=r"ops\.url: the host evil\.example is not allowed"):
            await hook.send("hello")
        await hook.send("hello")
        assert server.texts == ["hello"]


async def test_a_store_that_fails_is_told_in_its_own_words() -> None:
    def locked() -> str:
        raise Unavailable("the keyring", "it is locked")

    with pytest.raises(Unavailable, match="keyring is not available"):
        await SlackHook(Webhook(name="ops", url=locked)).send("hello")


async def test_a_store_that_hangs_ends_the_try(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("alerts.webhooks.LOAD_S", 0.1)
    go_on = threading.Event()
    with pytest.raises(Unavailable, match=r"webhooks\.ops\.url is not available: its store"):
        await SlackHook(Webhook(name="ops", url=lambda: str(go_on.wait(20)))).send("hello")
    go_on.set()


async def test_private_networks_are_meant_or_not_and_this_machine_never() -> None:
    for private, why in ((False, "this machine"), (True, "this machine")):
        webhook = Webhook(
            name="ops",
            url=lambda: "https://localhost/hooks/secret",
            hosts=(Host("localhost"),),
            private_addresses=private,
        )
        with pytest.raises(Refused, match=why):
            await SlackHook(webhook).send("hello")


def test_a_webhook_shows_no_url() -> None:
    webhook = Webhook(name="ops", url=lambda: "https://hooks.slack.com/services/secret")
    assert "services" not in f"{webhook!r} {webhook.where} {KNOWN_HOSTS}"
