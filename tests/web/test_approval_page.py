"""The approval page over a real socket: GET shows, POST with a code acts once, and nobody else."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from domain.approval_facts import LinkUsed
from domain.asks_approvals import IssueApprovalLink, ReadApprovalLink, ReadMailsDue, UseApprovalLink
from domain.controls import CodeAccepted
from domain.errors import Refused, Unavailable
from domain.policies import Rule
from domain.queries import ReadLedger
from domain.rulings import Action
from domain.withdrawals import State
from engine.approvals import PAGE
from tests.engine.paying import QUICKLY, JumpingClock, active
from tests.web.approval_checks import CHECKS, judged_again
from tests.web.approving import (
    BEN,
    ME,
    KeptKeys,
    approving,
    good_code,
    link_to,
    pending,
    state_of,
)
from web.approval_pages import STYLE_HASH

pytestmark = pytest.mark.timeout(60)
Check = Callable[[Path], Awaitable[None]]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
async def test_it_holds_that(check: Check, tmp_path: Path) -> None:
    await check(tmp_path)


async def test_the_page_shows_everything_that_is_to_be_compared(tmp_path: Path) -> None:
    async with approving(tmp_path) as browser:
        request = await pending(browser)
        answer = await browser.get(await link_to(browser.rig, request))
    assert "Quarterdeck DEMO" in answer.text
    assert "100 USD" in answer.text
    assert "TR7N Hqje KQxG TCi8 q8ZY 4pL8 otSz gjLj 6t" in answer.text
    assert "".join(re.findall(r"[0-9a-f]{8}", _after(answer.text, "Hash"))) == request.body_hash
    for told in ("TRX", "cold, in the address book for", "ACTIVE", "kraken/main", "me,"):
        assert told in answer.text, told
    assert re.search(r"for anna, (9 min \d+|10 min 0) s left, good once", answer.text)
    assert "0 of 1 approvals" in answer.text
    assert "<script" not in answer.text


def _after(text: str, title: str) -> str:
    return text.partition(f"<dt>{title}</dt>")[2].partition("</dd>")[0]


async def test_every_answer_carries_every_header(tmp_path: Path) -> None:
    expected = {
        "Cache-Control": "no-store",
        "Content-Security-Policy": f"default-src 'none'; style-src {STYLE_HASH}; "
        "form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
        "Content-Type": "text/html; charset=utf-8",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Referrer-Policy": "no-referrer",
        "Server": "quarterdeck",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "X-Robots-Tag": "noindex",
    }
    async with approving(tmp_path) as browser:
        link = await link_to(browser.rig, await pending(browser))
        answers = [
            await browser.get(link),
            await browser.get("wrong"),
            await browser.get(link, Host="evil.example"),
            await browser.get(f"{link}/more"),
            await browser.ask("PUT", link),
            await browser.press(link, "000000", headers={}),
            await browser.ask("POST", link, data="x" * 5_000),
            await browser.press(link, await good_code(browser)),
        ]
    assert [answer.status for answer in answers] == [200, 403, 421, 404, 405, 403, 403, 200]
    for answer in answers:
        told = {name: answer.headers[name] for name in answer.headers}
        assert {name: told.get(name) for name in expected} == expected
        assert set(told) - set(expected) <= {"Content-Length", "Date", "Connection"}


async def test_behind_a_tls_proxy_only_its_name_and_origin_count(tmp_path: Path) -> None:
    public = "https://desk.example.org"
    async with approving(tmp_path, public_url=public) as browser:
        link = await link_to(browser.rig, await pending(browser))
        named = {"Host": "desk.example.org"}
        shown = await browser.get(link, **named)
        assert shown.status == 200
        assert shown.headers["Strict-Transport-Security"] == "max-age=31536000"
        forwarded = {"Host": "evil.example", "X-Forwarded-Host": "desk.example.org"}
        assert (await browser.get(link, **forwarded)).status == 421
        code = await good_code(browser)
        bad = {**named, "Origin": "https://evil.example", "X-Forwarded-Proto": "https"}
        assert (await browser.press(link, code, headers=bad)).status == 403
        good = {**named, "Origin": public, "Sec-Fetch-Site": "same-origin"}
        assert (await browser.press(link, code, headers=good)).status == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "https://evil.example", "Sec-Fetch-Site": "same-origin"},
        {"Origin": "null"},
        {},
        {"Origin": "HERE", "Sec-Fetch-Site": "cross-site"},
        {"Origin": "HERE", "Sec-Fetch-Site": "same-site"},
        {"Origin": "null", "Sec-Fetch-Site": "cross-site"},
        {"Origin": "null", "Sec-Fetch-Site": "none"},
    ],
    ids=str,
)
async def test_a_form_from_another_site_does_nothing(
    headers: dict[str, str], tmp_path: Path
) -> None:
    async with approving(tmp_path) as browser:
        request = await pending(browser)
        link = await link_to(browser.rig, request)
        sent = {name: told.replace("HERE", browser.here) for name, told in headers.items()}
        code = await good_code(browser)
        answer = await browser.press(link, code, headers=sent)
        assert answer.status == 403
        assert "another site" in answer.text
        assert state_of(browser, request) is State.PENDING
        assert (await browser.press(link, code, headers={"Origin": browser.here})).status == 200


async def test_a_wrong_code_ends_nothing_and_counts(tmp_path: Path) -> None:
    async with approving(tmp_path) as browser:
        request = await pending(browser)
        link = await link_to(browser.rig, request)
        wrong = await browser.press(link, "000000")
        assert wrong.status == 403
        assert 'role="alert"' in wrong.text
        assert 'name="code"' in wrong.text
        assert (await browser.press(link, await good_code(browser))).status == 200
        assert state_of(browser, request) is State.APPROVED


async def test_wrong_codes_lock_the_person_and_not_the_link(tmp_path: Path) -> None:
    async with approving(tmp_path) as browser:
        request = await pending(browser)
        link = await link_to(browser.rig, request)
        statuses = [(await browser.press(link, "000000")).status for _ in range(7)]
        assert statuses[0] == 403
        assert statuses[-1] == 429
        locked = await browser.press(link, "000000")
        assert "locked after wrong codes" in locked.text
        assert "codes anna" in {alarm.alarm for alarm in browser.rig.board.alarms}
        assert state_of(browser, request) is State.PENDING


async def test_a_rejection_needs_code_and_reason_and_ends_the_link(tmp_path: Path) -> None:
    async with approving(tmp_path) as browser:
        request = await pending(browser)
        link = await link_to(browser.rig, request)
        assert (await browser.press(link, "000000", "reject", reason="no")).status == 403
        code = await good_code(browser)
        silent = await browser.press(link, code, "reject")
        assert silent.status == 422
        assert "say why" in silent.text
        done = await browser.press(link, code, "reject", reason="not ours")
        assert done.status == 200
        assert "Rejected" in done.text
        assert state_of(browser, request) is State.REJECTED
        assert (await browser.get(link)).status == 410


async def test_approval_code_and_end_of_the_link_are_one_transaction(tmp_path: Path) -> None:
    async with approving(tmp_path) as browser:
        request = await pending(browser)
        link = await link_to(browser.rig, request)
        await browser.press(link, await good_code(browser))
        page = await browser.rig.ask(ReadLedger(limit=50))
        kinds = [row.kind for row in sorted(page.rows, key=lambda row: row.seq)]
        place = kinds.index("link_used")
        assert kinds[place - 1 : place + 2] == ["code_accepted", "link_used", "withdrawal_approved"]
        assert not any(link in row.payload for row in page.rows)
        used = LinkUsed(
            at_us=1, actor="x", jti="0" * 32, request_id="W", operator="anna", act="approve"
        )
        await browser.rig.desk.record(used)
        step = CodeAccepted(at_us=2, actor="x", operator="zoe", step=1, purpose="p")
        with pytest.raises(Refused):
            await browser.rig.desk.record(step, replace(used, at_us=3))
        assert not await browser.rig.engine.parts.approvals._reader.holds(step.key())  # type: ignore[union-attr]


async def test_a_used_link_stays_used_after_a_restart_and_an_unused_one_works(
    tmp_path: Path,
) -> None:
    keys, clock = KeptKeys(), JumpingClock()
    async with approving(tmp_path, keys=keys, clock=clock) as browser:
        first, second = await pending(browser), await pending(browser, "50")
        used, unused = await link_to(browser.rig, first), await link_to(browser.rig, second)
        assert (await browser.press(used, await good_code(browser))).status == 200
    async with approving(tmp_path, keys=keys, clock=clock) as browser:
        assert (await browser.get(used)).status == 410
        assert (await browser.get(unused)).status == 200
        assert (await browser.press(unused, await good_code(browser))).status == 200
        assert state_of(browser, second) is State.APPROVED


async def test_who_is_no_approver_any_more_is_not_even_shown_it(tmp_path: Path) -> None:
    keys, clock = KeptKeys(), JumpingClock()
    async with approving(tmp_path, keys=keys, clock=clock) as browser:
        link = await link_to(browser.rig, await pending(browser))
    for people in ({"me": ME}, {"me": ME, "anna": replace(BEN, name="anna")}):
        async with approving(tmp_path, keys=keys, clock=clock, people=people) as browser:
            answer = await browser.get(link)
            assert answer.status == 403
            assert "100 USD" not in answer.text


async def test_a_desk_that_does_not_answer_is_said(tmp_path: Path) -> None:
    class Locked(KeptKeys):
        def read(self) -> str | None:
            raise Unavailable("keyring", "it is locked")

    async with approving(tmp_path, keys=Locked()) as browser:
        answer = await browser.get("x" * 100)
        assert answer.status == 503
        assert "quarterdeck withdraw list" in answer.text


async def test_two_presses_at_once_approve_once(tmp_path: Path) -> None:
    rule = Rule(name="two", action=Action.REQUIRE, approvals=2)
    async with approving(tmp_path, policy=replace(QUICKLY, rules=(rule,))) as browser:
        request = await pending(browser)
        link = await link_to(browser.rig, request)
        code, form = await good_code(browser), await browser.form(link)
        presses = [browser.press(link, code, form=form) for _ in range(4)]
        answers = await asyncio.gather(*presses)
        assert sorted(answer.status for answer in answers) == [200, 410, 410, 410]
        (one,) = [answer for answer in answers if answer.status == 200]
        assert "1 more approval is needed" in one.text
        known = browser.rig.board.withdrawals[request.request_id]
        assert [approval.operator for approval in known.approvals] == ["anna"]


async def test_a_link_is_its_persons_alone_and_the_role_is_looked_at(tmp_path: Path) -> None:
    async with approving(tmp_path) as browser:
        request = await pending(browser)
        name = request.request_id
        with pytest.raises(Refused, match="not approver"):
            await link_to(browser.rig, request, BEN)
        with pytest.raises(Refused, match="goes to anna alone"):
            await browser.rig.ask(IssueApprovalLink(request_id=name, operator="anna"), ME)
        link = await link_to(browser.rig, request)
        # The code of another approver does not approve in anna's name.
        assert browser.rig.engine.parts is not None
        for ask in (
            ReadApprovalLink(token=link),
            UseApprovalLink(token=link, code="1", approve=True),
            ReadMailsDue(),
        ):
            with pytest.raises(Refused):
                await browser.rig.ask(ask, replace(PAGE, name="approval page"))
        assert (await browser.press(link, await good_code(browser))).status == 200
        (approval,) = browser.rig.board.withdrawals[name].approvals
        assert approval.operator == "anna"


async def test_hostile_text_is_shown_literally(tmp_path: Path) -> None:
    hostile = '<script>alert(1)</script>"><img src=x onerror=alert(2)>'
    async with approving(tmp_path) as browser:
        await active(browser.rig, address='T"><b>bold</b>&amp;')
        request = await pending(browser)
        terms = replace(request.terms, note=hostile, requester=hostile, tag="'onclick='x")
        shown = replace(request, terms=terms)
        table = browser.rig.board.withdrawals.put(request.request_id, shown)
        browser.rig.desk.show(withdrawals=table)
        answer = await browser.get(await link_to(browser.rig, request))
    assert answer.status == 200
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in answer.text
    for told in ("<script", "<img", "<b>", "'onclick"):
        assert told not in answer.text


async def test_too_large_a_form_and_another_kind_of_one_are_refused(tmp_path: Path) -> None:
    async with approving(tmp_path) as browser:
        link = await link_to(browser.rig, await pending(browser))
        assert (await browser.press(link, "1", reason="x" * 5_000)).status == 413
        sent = {"Origin": browser.here, "Content-Type": "application/json"}
        assert (await browser.ask("POST", link, data="{}", headers=sent)).status == 415
        assert (await browser.press(link, "1", "delete")).status == 400
        unread = {"Origin": browser.here, "Content-Type": "application/x-www-form-urlencoded"}
        assert (await browser.ask("POST", link, data=b"a=\xff", headers=unread)).status == 400
        unread["Content-Type"] += "; charset=nonsense"
        assert (await browser.ask("POST", link, data=b"a=b", headers=unread)).status == 400


@pytest.mark.parametrize("link", ["%ff%fe", "%00", "..%2f..", "%F0%9F%98%80", "a" * 4_000, "<b>"])
async def test_what_is_no_link_is_refused_in_words(link: str, tmp_path: Path) -> None:
    async with approving(tmp_path) as browser:
        answer = await browser.get(link)
        assert answer.status in (403, 404)
        assert answer.headers["Cache-Control"] == "no-store"
        assert "<b>" not in answer.text


async def test_a_link_is_asked_for_only_so_often_in_a_minute(tmp_path: Path) -> None:
    async with approving(tmp_path) as browser:
        request = await pending(browser)
        link, other = await link_to(browser.rig, request), await link_to(browser.rig, request)
        statuses = {(await browser.get(link)).status for _ in range(130)}
        assert statuses == {200, 429}
        assert (await browser.get(other)).status == 200
        browser.rig.clock.jump(60)  # type: ignore[attr-defined]
        assert (await browser.get(link)).status == 200


async def test_a_link_is_in_no_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    async with approving(tmp_path) as browser:
        request = await pending(browser)
        link = await link_to(browser.rig, request)
        await browser.get(link)
        await browser.press(link, "000000")
        await browser.get(link, Host="evil.example")
        await judged_again(browser, request.request_id)
        await browser.press(link, await good_code(browser), form="0" * 64)
    assert link not in caplog.text
