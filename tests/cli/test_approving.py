"""The whole program with approval by mail: the engine's page and outbox, and the commands."""

import argparse
import json
import os
import re
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest

from cli.commands.alerting import alerts, link
from cli.commands.withdrawing import withdraw
from cli.engines import Own, own_engine
from cli.ground import Ground, stand
from cli.parser import parse
from cli.usage import WrongUsage
from domain import asks_withdrawals as asks
from domain.asks import DemoCode
from domain.errors import Misconfigured, Refused
from domain.instruments import Account
from domain.money import number
from domain.withdrawals import Request, State
from tests.engine.paying import ADDRESS, JumpingClock
from tests.servers.post import PASSWORD, SENDER, USER, Box, post_office

pytestmark = pytest.mark.timeout(90)
CONFIG = """\
risk:
  kill_switch_enabled: false  # a clock that jumps looks like feeds that died
withdrawals:
  approval_method: email
approvals:
  port: 0
monitoring:
  prometheus_port: 0
operators:
  anna:
    os_uid: {uid}
    roles: [viewer, trader, approver, admin]
    email: anna@example.org
alerts:
  mail:
    host: 127.0.0.1
    port: {port}
    security: {security}
    sender: {sender}
    {more}
"""
LINK = re.compile(r"http://127\.0\.0\.1:\d+/approve/\S+")


def ground(tmp_path: Path, box: Box, monkeypatch: pytest.MonkeyPatch, *, more: str = "") -> Ground:
    """Mail goes to this machine's server without a login, unless `more` says otherwise."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    config = tmp_path / "desk.yaml"
    security = "starttls" if more else "none"
    told = {"uid": os.getuid(), "port": box.port, "sender": SENDER, "security": security}
    config.write_text(CONFIG.format(**told, more=more))
    args = parse(
        ["--daemon", "--demo", "--config", str(config), "--data-dir", str(tmp_path / "data")]
    )
    return replace(stand(args), clock=JumpingClock())  # type: ignore[arg-type]


@asynccontextmanager
async def desk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncGenerator[tuple[Own, Box, JumpingClock]]:
    async with post_office(tmp_path, tls=False) as box:
        base = ground(tmp_path, box, monkeypatch)
        assert isinstance(base.clock, JumpingClock)
        async with own_engine(base) as own:
            yield own, box, base.clock


async def code(own: Own, clock: JumpingClock) -> str:
    clock.jump(30)
    return (await own.desk.ask(DemoCode())).detail


async def pending(own: Own, clock: JumpingClock) -> Request:
    add = asks.AddAddress(name="cold", venue="kraken", asset="USD", network="TRX", address=ADDRESS)
    entry = await own.desk.ask(add)
    confirm = asks.ConfirmAddress(address_id=entry.address_id, code=await code(own, clock))
    await own.desk.ask(confirm)
    clock.jump(30)
    ask = asks.RequestWithdrawal(
        account=Account("kraken", "main"), asset="USD", amount=number("100"), destination="cold"
    )
    request = await own.desk.ask(ask)
    assert request.state is State.PENDING, request.ruling
    return request


async def test_an_engine_writes_of_a_request_and_its_page_takes_the_approval(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with desk(tmp_path, monkeypatch) as (own, box, clock):
        request = await pending(own, clock)
        async for _ in own.desk.watch():
            if box.raw:
                break
        found = LINK.search(box.mails[0].get_content())
        assert found is not None
        async with aiohttp.ClientSession() as session:
            async with session.get(found[0]) as answer:
                form = re.search(r'name="form" value="([0-9a-f]+)"', await answer.text())
            assert form is not None
            told = {"form": form[1], "code": await code(own, clock), "act": "approve"}
            sent = {"Origin": found[0].partition("/approve")[0]}
            async with session.post(found[0], data=told, headers=sent) as answer:
                assert answer.status == 200
        assert own.desk.board.withdrawals[request.request_id].approvals
    logged = "".join(path.read_text() for path in (tmp_path / "data/demo/logs").iterdir())
    assert found[0].rpartition("/")[2] not in logged
    assert (tmp_path / "data/demo/links.key").stat().st_mode & 0o777 == 0o600


async def test_a_command_gives_an_approver_a_link(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async with desk(tmp_path, monkeypatch) as (own, _, clock):
        request = await pending(own, clock)
        args = parse(["withdraw", "link", request.request_id])
        assert await withdraw(own.desk, args) == 0
        told = capsys.readouterr().out
        found = LINK.search(told)
        assert found is not None
        assert "for anna alone, good once" in told
        async with aiohttp.ClientSession() as session, session.get(found[0]) as answer:
            assert answer.status == 200
        args = parse(["withdraw", "link", request.request_id, "--json"])
        assert await link(own.desk, args) == 0
        assert json.loads(capsys.readouterr().out)["operator"] == "anna"
        with pytest.raises(Refused, match="there is no request"):
            await link(own.desk, argparse.Namespace(id="W0", json=False))


async def test_a_taken_port_costs_the_links_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        monkeypatch.setenv("QUARTERDECK_APPROVALS__PORT", str(taken.getsockname()[1]))
        async with desk(tmp_path, monkeypatch) as (own, _, clock):
            request = await pending(own, clock)
            with pytest.raises(Refused, match="the approval page is not up") as refused:
                await link(own.desk, parse(["withdraw", "link", request.request_id]))
            assert f"quarterdeck withdraw approve {request.request_id}" in str(refused.value)
    logged = "".join(path.read_text() for path in (tmp_path / "data/demo/logs").iterdir())
    assert "no approval page: port" in logged


def arguments(*words: str) -> argparse.Namespace:
    return parse(["alerts", "test-mail", *words])


async def test_a_mail_is_tried_with_a_login_whose_password_is_kept_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async with post_office(tmp_path) as box:
        more = f"username: {USER}\n    password: keyring:desk/smtp\n    ca_file: {box.ca_file}"
        base = ground(tmp_path, box, monkeypatch, more=more)
        kept = {"keyring:desk/smtp": PASSWORD}
        monkeypatch.setattr("config.secrets_stores.SecretStores.read", lambda _, ref: kept[ref])
        assert await alerts(base, arguments()) == 0
        assert box.recipients == ["anna@example.org"]
        assert "the server took a mail to anna@example.org" in capsys.readouterr().out
        assert await alerts(base, arguments("--to", "eve@example.org", "--json")) == 0
        assert json.loads(capsys.readouterr().out) == {"sent": ["eve@example.org"]}
        kept["keyring:desk/smtp"] = '{"password": "wrong"}'
        with pytest.raises(Misconfigured, match="does not accept the password"):
            await alerts(base, arguments())
        kept["keyring:desk/smtp"] = ""
        with pytest.raises(Misconfigured, match="nothing is kept under keyring:desk/smtp"):
            await alerts(base, arguments())


async def test_without_a_server_or_an_address_a_command_says_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    plain = parse(["--demo", "--data-dir", str(tmp_path / "data"), "alerts", "test-mail"])
    with pytest.raises(Misconfigured, match=r"alerts\.mail\.host"):
        await alerts(stand(plain), plain)
    monkeypatch.setenv("QUARTERDECK_ALERTS__MAIL__HOST", "127.0.0.1")
    monkeypatch.setenv("QUARTERDECK_ALERTS__MAIL__SENDER", SENDER)
    with pytest.raises(WrongUsage, match="--to"):
        await alerts(stand(plain), plain)
