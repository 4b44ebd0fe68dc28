"""Bugs planted in links and page: each is caught by the check that is named beside it."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

import risk.links
import web.approvals
from domain.asks_approvals import LinkView, UseApprovalLink
from engine.approvals import Approvals
from engine.operators import Operator
from risk.links import Opened, opened
from storage.history import History
from tests.web import approval_checks as checks

pytestmark = pytest.mark.timeout(60)
Check = Callable[[Path], Awaitable[None]]
Plant = Callable[[pytest.MonkeyPatch], None]


def get_acts(planted: pytest.MonkeyPatch) -> None:
    """Whoever opens the link has approved."""
    read = web.approvals._Page._read

    async def acts(page: web.approvals._Page, link: str) -> LinkView:
        view = await read(page, link)
        ask = UseApprovalLink(token=link, code=view.demo_code, approve=True)
        await page._desk.ask(ask)
        return view

    planted.setattr(web.approvals._Page, "_read", acts)


def the_link_is_not_spent(planted: pytest.MonkeyPatch) -> None:
    """A link can act again, for its use is looked up nowhere."""

    async def never(_: History, key: str) -> bool:
        return False

    planted.setattr(History, "holds", never)


def the_body_is_not_compared(planted: pytest.MonkeyPatch) -> None:
    """A link approves the request as it is now, whatever it was when the link was sent."""

    async def any_body(approvals: Approvals, token: str, caller: Operator) -> Opened:
        request = approvals._cases.request
        now_us = approvals._floor.now_us()
        link = opened(token, await approvals._on()[1].counting(now_us), now_us)
        assert link is not None
        claim = replace(link.claim, body_hash=request(link.claim.id).body_hash)
        return replace(link, claim=claim)

    planted.setattr(Approvals, "_good", any_body)


def age_is_ignored(planted: pytest.MonkeyPatch) -> None:
    """A link is good for ever."""
    planted.setattr(risk.links, "LIFE_S", 10**9)


def any_form_will_do(planted: pytest.MonkeyPatch) -> None:
    """The form's token is not looked at."""
    planted.setattr(web.approvals, "is_form_token", lambda *_: True)


PLANTED: tuple[tuple[Plant, Check], ...] = (
    (get_acts, checks.looking_changes_nothing),
    (the_link_is_not_spent, checks.a_link_acts_once),
    (the_body_is_not_compared, checks.what_has_changed_is_not_approved),
    (age_is_ignored, checks.after_ten_minutes_it_is_over),
    (any_form_will_do, checks.a_form_of_somebody_else_does_nothing),
)


@pytest.mark.parametrize(("plant", "check"), PLANTED, ids=lambda one: one.__name__)
async def test_a_planted_bug_is_caught(
    plant: Plant, check: Check, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch)
    with pytest.raises(AssertionError):
        await check(tmp_path)
