"""The whole program with a webhook: the engine tells it, the command tries it, no log shows it."""

import argparse
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from alerts.outward import Outward
from cli.commands.alerting import alerts
from cli.engines import own_engine
from cli.ground import Ground, stand
from cli.parser import parse
from cli.telling import hooks_of, url_under
from cli.usage import WrongUsage
from domain.asks import Trip
from domain.errors import Misconfigured, Unavailable
from domain.halts import Level
from tests.engine.paying import JumpingClock
from tests.servers.chat import LOOPBACK, NAME, SECRET, Chat, answer, chat

pytestmark = pytest.mark.timeout(90)
REFERENCE = "keyring:desk/ops"
CONFIG = """\
risk:
  kill_switch_enabled: false  # a clock that jumps looks like feeds that died
monitoring:
  prometheus_port: 0
alerts:
  desk_name: North desk
  webhooks:
    ops:
      url: keyring:desk/ops
      hosts: [{host}]
      ca_file: {ca_file}
    spare:
      url: keyring:desk/spare
      events: [kill]
"""


@asynccontextmanager
async def grounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncGenerator[tuple[Ground, Chat, dict[str, str]]]:
    """A demo's ground whose secrets are in a dictionary and whose DNS knows one chat."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    async with chat(tmp_path) as server:
        config = tmp_path / "desk.yaml"
        config.write_text(CONFIG.format(host=server.host, ca_file=server.ca_file))
        words = ["--daemon", "--demo", "--config", str(config), "--data-dir", str(tmp_path / "d")]
        kept = {REFERENCE: server.url}
        monkeypatch.setattr("config.secrets_stores.SecretStores.read", lambda _, ref: kept.get(ref))
        monkeypatch.setattr("alerts.webhooks.Outward", outward_to(server))
        base = stand(parse(words))
        yield replace(base, clock=JumpingClock()), server, kept  # type: ignore[arg-type]


def outward_to(server: Chat) -> object:
    def made(where: str, *, private: bool, ca_file: str) -> Outward:
        return Outward(
            where,
            ca_file=ca_file,
            policy=lambda told: "" if told == LOOPBACK else "is elsewhere",
            resolve=server.resolve,
        )

    return made


def arguments(*words: str) -> argparse.Namespace:
    return parse(["alerts", "test-webhook", *words])


async def test_an_engine_tells_a_kill_and_its_log_shows_no_url(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with grounded(tmp_path, monkeypatch) as (base, server, _):
        async with own_engine(base) as own:
            await own.desk.ask(Trip(level=Level.HALT_CANCEL, reason="enough"))
            await server.came.wait()
            async for board in own.desk.watch():
                if any(alarm.alarm == "webhook spare" for alarm in board.alarms):
                    break
                base.clock.jump(5)  # type: ignore[attr-defined]
        assert "[DEMO] North desk" in server.texts[0]
        assert "KILL SWITCH TRIPPED: HALT_CANCEL over GLOBAL" in server.texts[0]
        assert any(a.text.startswith("spare is not told") for a in board.alarms)
    logged = "".join(path.read_text() for path in (tmp_path / "d/demo/logs").iterdir())
    assert "nothing is kept under keyring:desk/spare" in logged
    assert "XyZsecret" not in logged
    assert SECRET not in logged


async def test_the_command_tries_each_webhook_or_the_one_that_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async with grounded(tmp_path, monkeypatch) as (base, server, kept):
        assert await alerts(base, arguments("ops")) == 0
        assert "the webhook ops took a message" in capsys.readouterr().out
        assert server.texts[0].startswith("[DEMO] North desk\nthis is a test")
        with pytest.raises(Misconfigured, match=r"alerts\.webhooks\.spare\.url: nothing is kept"):
            await alerts(base, arguments())
        assert "the webhook ops took a message" in capsys.readouterr().out
        assert await alerts(base, arguments("--json")) == 78
        told = json.loads(capsys.readouterr().out)
        assert told["sent"] == ["ops"]
        assert "nothing is kept" in told["failed"]["spare"]
        server.says = answer("503 Oh")
        with pytest.raises(Unavailable):
            await alerts(base, arguments())
        assert "the webhook spare failed: " in capsys.readouterr().out
        with pytest.raises(Unavailable, match=f"{NAME}:{server.port} .*answered 503"):
            await alerts(base, arguments("ops"))
        kept[REFERENCE] = json.dumps({"url": server.url})
        server.says = answer("200 OK", b"ok")
        assert await alerts(base, arguments("ops", "--json")) == 0
        kept[REFERENCE] = '{"other": "x"}'
        with pytest.raises(Misconfigured, match="has no field `url`"):
            await alerts(base, arguments("ops"))
        with pytest.raises(WrongUsage, match=r"no webhook nobody .*known: ops, spare"):
            await alerts(base, arguments("nobody"))


async def test_without_a_webhook_the_command_says_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    plain = parse(["--demo", "--data-dir", str(tmp_path / "data"), "alerts", "test-webhook"])
    with pytest.raises(Misconfigured, match=r"alerts\.webhooks: is empty"):
        await alerts(stand(plain), plain)


async def test_every_part_of_the_url_is_blotted_out_and_no_common_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with grounded(tmp_path, monkeypatch) as (base, _, kept):
        kept[REFERENCE] = f" https://hooks.slack.com{SECRET}\n"
        secrets = base.secrets("")
        assert url_under(secrets, REFERENCE, "x") == f"https://hooks.slack.com{SECRET}"
        said = base.redaction.clean(f"services at {SECRET} and {SECRET.rpartition('/')[2]}")
        assert said.startswith("services at ")
        assert "secret" not in said
        kept[REFERENCE] = "https://[broken"
        assert url_under(secrets, REFERENCE, "x") == "https://[broken"
        assert {name: len(made) for name, made in hooks_of(base, secrets).items()} == {
            "ops": 2,
            "spare": 2,
        }
