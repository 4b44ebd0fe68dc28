"""What must hold of links, as functions: the tests run them, and the planted bugs fail them."""

from pathlib import Path

from domain.withdrawal_facts import WithdrawalJudged
from domain.withdrawals import State
from tests.web.approving import (
    Browser,
    approving,
    good_code,
    link_to,
    pending,
    state_of,
)


async def looking_changes_nothing(tmp_path: Path) -> None:
    """Mail scanners open every link, many times."""
    async with approving(tmp_path) as browser:
        request = await pending(browser)
        link = await link_to(browser.rig, request)
        head = browser.rig.board.ledger.head_seq
        for _ in range(20):
            assert (await browser.get(link)).status == 200
        assert (await browser.ask("HEAD", link)).status == 200
        assert browser.rig.board.ledger.head_seq == head
        assert state_of(browser, request) is State.PENDING
        assert (await browser.press(link, await good_code(browser))).status == 200
        assert state_of(browser, request) is State.APPROVED


async def a_link_acts_once(tmp_path: Path) -> None:
    async with approving(tmp_path) as browser:
        first, second = await pending(browser), await pending(browser, "50")
        link = await link_to(browser.rig, first)
        code = await good_code(browser)
        form = await browser.form(link)
        assert (await browser.press(link, code, form=form)).status == 200
        again = await browser.press(link, await good_code(browser), form=form)
        assert again.status == 410
        assert "has been used" in again.text
        assert (await browser.get(link)).status == 410
        assert state_of(browser, second) is State.PENDING


async def what_has_changed_is_not_approved(tmp_path: Path) -> None:
    async with approving(tmp_path) as browser:
        request = await pending(browser)
        link = await link_to(browser.rig, request)
        form = await browser.form(link)
        await judged_again(browser, request.request_id)
        assert (await browser.get(link)).status == 409
        answer = await browser.press(link, await good_code(browser), form=form)
        assert answer.status == 409
        assert "has changed" in answer.text
        assert state_of(browser, request) is State.PENDING


async def judged_again(browser: Browser, request_id: str) -> None:
    """The policy rules again, as it does after a halt: the body's hash is another one."""
    request = browser.rig.board.withdrawals[request_id]
    await browser.rig.desk.record(
        WithdrawalJudged(
            at_us=browser.rig.clock.now_us(),
            actor="engine",
            request_id=request_id,
            ruling=request.ruling,
            body_hash=request.terms.hash(request.judged + 1),
            judged=request.judged + 1,
            reason="a test",
        )
    )


async def after_ten_minutes_it_is_over(tmp_path: Path) -> None:
    async with approving(tmp_path) as browser:
        request = await pending(browser)
        link = await link_to(browser.rig, request)
        form = await browser.form(link)
        browser.rig.clock.jump(601)  # type: ignore[attr-defined]
        shown = await browser.get(link)
        assert shown.status == 410
        assert f"quarterdeck withdraw approve {request.request_id} --code -" in shown.text
        assert f"quarterdeck withdraw link {request.request_id}" in shown.text
        assert (await browser.press(link, await good_code(browser), form=form)).status == 410
        assert state_of(browser, request) is State.PENDING


async def a_form_of_somebody_else_does_nothing(tmp_path: Path) -> None:
    async with approving(tmp_path) as browser:
        request = await pending(browser)
        link = await link_to(browser.rig, request)
        other = await link_to(browser.rig, request)
        code = await good_code(browser)
        for form in ("0" * 64, await browser.form(other), "é", "x"):
            answer = await browser.press(link, code, form=form)
            assert answer.status == 403
            assert "open the link again" in answer.text
        assert state_of(browser, request) is State.PENDING
        assert (await browser.press(link, code)).status == 200


CHECKS = (
    looking_changes_nothing,
    a_link_acts_once,
    what_has_changed_is_not_approved,
    after_ten_minutes_it_is_over,
    a_form_of_somebody_else_does_nothing,
)
