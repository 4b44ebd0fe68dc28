"""From a request to an approval by mail: a real engine, a real SMTP server, the real page."""

import asyncio
import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from alerts.mail import SmtpMailer
from alerts.outbox import ALARM_AT, MOST_TRIES, Outbox
from cli.clock import SystemDice
from domain.asks import WhoAmI
from domain.asks_withdrawals import RejectWithdrawal
from domain.policies import Rule
from domain.queries import ReadLedger
from domain.rulings import Action
from domain.withdrawals import State
from engine.approvals import OUTBOX
from engine.desk import CallerDesk
from engine.operators import Operator
from tests.engine.paying import ADDRESS, QUICKLY, JumpingClock, requested
from tests.servers.post import Box, post_office
from tests.web.approval_checks import judged_again
from tests.web.approving import (
    ANNA,
    ME,
    Browser,
    KeptKeys,
    approving,
    good_code,
    pending,
    state_of,
)

pytestmark = pytest.mark.timeout(60)
ADDRESSES = {"anna": "anna@example.org", "me": "me@example.org"}
TRADER = Operator(name="anna")  # with every role: she asks for a withdrawal herself
ONLY_ANNA = frozenset({"anna"})
LINK = re.compile(r"^http://127\.0\.0\.1:\d+/approve/(\S+)\r?$", re.MULTILINE)


def outbox_of(browser: Browser, box: Box) -> Outbox:
    clock = browser.rig.clock
    mailer = SmtpMailer(box.server(), clock, SystemDice())
    return Outbox(CallerDesk(browser.rig.desk, OUTBOX), mailer, ADDRESSES, clock, SystemDice())


@asynccontextmanager
async def writing(
    tmp_path: Path, mailed: frozenset[str] = ONLY_ANNA, **more: object
) -> AsyncGenerator[tuple[Browser, Box, Outbox]]:
    async with (
        post_office(tmp_path) as box,
        approving(tmp_path, mailed=mailed, **more) as browser,  # type: ignore[arg-type]
    ):
        yield browser, box, outbox_of(browser, box)


async def test_a_mail_leads_to_an_approval_with_a_code_and_to_one_only(tmp_path: Path) -> None:
    async with writing(tmp_path) as (browser, box, outbox):
        request = await pending(browser)
        await outbox.look()
        (mail,) = box.mails
        text = mail.get_content()
        assert box.recipients == ["anna@example.org"]
        assert mail["Subject"] == f"[DEMO] withdrawal {request.request_id} waits for you: 100 USD"
        for told in (ADDRESS, request.body_hash, "kraken/main", "good once and for 10 minutes"):
            assert told in text, told
        assert f"quarterdeck withdraw approve {request.request_id} --code -" in text
        assert f"quarterdeck withdraw link {request.request_id}" in text
        (link,) = LINK.findall(text)
        for _ in range(20):  # a scanner
            assert (await browser.get(link)).status == 200
        assert (await browser.ask("HEAD", link)).status == 200
        assert (await browser.press(link, "000000")).status == 403
        assert state_of(browser, request) is State.PENDING
        form = await browser.form(link)
        assert (await browser.press(link, await good_code(browser), form=form)).status == 200
        assert state_of(browser, request) is State.APPROVED
        assert (await browser.press(link, await good_code(browser), form=form)).status == 410
        await outbox.look()
        assert len(box.raw) == 1


async def test_what_was_sent_is_in_the_ledger_and_the_link_is_not(tmp_path: Path) -> None:
    async with writing(tmp_path) as (browser, box, outbox):
        request = await pending(browser)
        await outbox.look()
        (link,) = LINK.findall(box.mails[0].get_content())
        page = await browser.rig.ask(ReadLedger(limit=50))
        (sent,) = [row for row in page.rows if row.kind == "link_sent"]
        assert request.request_id in sent.payload
        assert not any(link in row.payload for row in page.rows)


async def test_a_restart_sends_what_was_not_sent_and_nothing_twice(tmp_path: Path) -> None:
    keys, clock = KeptKeys(), JumpingClock()
    async with writing(tmp_path, keys=keys, clock=clock) as (browser, box, outbox):
        first = await pending(browser)
        await outbox.look()
        second = await pending(browser, "50")
        assert len(box.raw) == 1
    async with writing(tmp_path, keys=keys, clock=clock) as (browser, box, outbox):
        await outbox.look()
        (mail,) = box.mails
        assert second.request_id in mail["Subject"]
        assert first.request_id not in mail["Subject"]


async def test_a_request_that_was_judged_again_is_written_about_again(tmp_path: Path) -> None:
    async with writing(tmp_path) as (browser, box, outbox):
        request = await pending(browser)
        await outbox.look()
        await judged_again(browser, request.request_id)
        await outbox.look()
        old, new = (LINK.findall(mail.get_content())[0] for mail in box.mails)
        assert (await browser.get(old)).status == 409
        assert (await browser.get(new)).status == 200


async def test_only_those_who_could_still_approve_are_written_to(tmp_path: Path) -> None:
    rule = Rule(name="two", action=Action.REQUIRE, approvals=2, two_person=True)
    mailed = frozenset({"anna", "ben", "me", "nobody"})
    policy = replace(QUICKLY, rules=(rule,))
    async with writing(tmp_path, mailed, policy=policy) as (browser, box, outbox):
        # ben is no approver, and "me" asked for it.
        request = await pending(browser)
        await outbox.look()
        assert box.recipients == ["anna@example.org"]
        await browser.rig.ask(
            RejectWithdrawal(request_id=request.request_id, reason="not ours"), ANNA
        )
        await outbox.look()
        other = await requested(browser.rig, "20", caller=TRADER)
        assert other.state is State.PENDING
        await outbox.look()
        assert box.recipients == ["anna@example.org", "me@example.org"]


async def test_a_mail_that_fails_is_tried_again_told_and_given_up(tmp_path: Path) -> None:
    async with writing(tmp_path) as (browser, box, outbox):
        request = await pending(browser)
        box.refuses = "451 not now"

        def alarms() -> list[str]:
            known = browser.rig.board.alarms
            return [alarm.text for alarm in known if alarm.alarm == "mail anna"]

        for tried in range(1, MOST_TRIES + 1):
            await outbox.look()
            await outbox.look()  # too early: no second try
            assert outbox._tried
            assert {t.times for t in outbox._tried.values()} == {tried}
            assert bool(alarms()) is (tried >= ALARM_AT)
            browser.rig.clock.jump(301)  # type: ignore[attr-defined]
        (told,) = alarms()
        assert "not now" in told
        assert f"quarterdeck withdraw approve {request.request_id}" in told
        assert "no further try" in told
        box.refuses = ""
        await outbox.look()
        assert box.raw == []
        await pending(browser, "50")
        await outbox.look()
        assert len(box.raw) == 1


async def test_a_server_that_is_back_gets_the_mail(tmp_path: Path) -> None:
    async with writing(tmp_path) as (browser, box, outbox):
        await pending(browser)
        box.refuses = "451 not now"
        await outbox.look()
        box.refuses = ""
        browser.rig.clock.jump(6)  # type: ignore[attr-defined]
        await outbox.look()
        assert len(box.raw) == 1
        assert not outbox._tried


async def test_a_mail_server_that_hangs_holds_nobody_up(tmp_path: Path) -> None:
    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        called.set()
        await reader.read()
        writer.close()

    called = asyncio.Event()
    server = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    async with server, approving(tmp_path, mailed=ONLY_ANNA) as browser:
        port = server.sockets[0].getsockname()[1]
        outbox = outbox_of(browser, Box(port=port))
        request = await pending(browser)
        async with asyncio.TaskGroup() as group:
            hanging = group.create_task(outbox.run())
            await called.wait()
            assert (await browser.rig.ask(WhoAmI(), ME)).operator == "me"
            rejected = RejectWithdrawal(request_id=request.request_id, reason="no")
            assert (await browser.rig.ask(rejected, ANNA)).state is State.REJECTED
            assert not hanging.done()
            hanging.cancel()


async def test_whatever_a_mail_fails_of_the_outbox_goes_on(tmp_path: Path) -> None:
    class Broken:
        async def send(self, recipient: str, subject: str, text: str) -> None:
            raise ZeroDivisionError

    async with approving(tmp_path, mailed=ONLY_ANNA) as browser:
        desk, clock = CallerDesk(browser.rig.desk, OUTBOX), browser.rig.clock
        outbox = Outbox(desk, Broken(), ADDRESSES, clock, SystemDice())
        await pending(browser)
        await outbox.look()
        assert [tried.times for tried in outbox._tried.values()] == [1]
